"""Posts of a network among the sample's conversations."""

from __future__ import annotations

from uuid import UUID

import msgspec

from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post, PostKind, Visibility, as_row
from tests.helpers.fake_desk import FakeDesk

__all__ = ["make_post"]


def make_post(desk: FakeDesk, number: int, visibility: Visibility) -> UUID:
    """Let a conversation be one on Mastodon that is read by ``visibility``; returns its id."""
    here = desk.find(number)
    row = desk.world.conversations[here]
    changed = {"channel": "mastodon", "visibility": visibility.value, "subject": ""}
    desk.world.conversations[here] = msgspec.structs.replace(row, **changed)
    customer = Party("mastodon", f"customer{number}@social.example", row.contact_name)
    for message in list(desk.world.messages.values()):
        if message.conversation_id == here and message.kind == "message":
            theirs = message.direction == "in"
            kind = PostKind.MENTION if theirs else PostKind.REPLY
            desk.world.messages[message.id] = msgspec.structs.replace(
                message,
                sender=customer if theirs else Party("mastodon", "larkfield@social.example", "Larkfield"),
                reply_to=(),
                to=() if theirs else (customer,),
                cc=(),
                subject="",
                html="",
                quoted_html="",
                post=as_row(Post(kind=kind, visibility=visibility)),
            )
    return here
