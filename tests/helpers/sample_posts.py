"""Posts of a network among the sample's conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from agentdesk.domain.abilities import Abilities, Answering
from agentdesk.domain.party import Party
from agentdesk.domain.posts import (
    Counters,
    Media,
    Poll,
    PollOption,
    Post,
    PostKind,
    Visibility,
    Work,
    as_row,
    post_of,
)
from agentdesk.queries.rows import AccountRow, MessageRow
from tests.helpers.fake_desk import FakeDesk

__all__ = ["PICTURES", "able", "change_post", "customer_posts", "follow", "full_post", "make_post"]

PICTURES = "https://files.social.example"
"""Where the pictures of posts lie."""


def make_post(desk: FakeDesk, number: int, visibility: Visibility, channel: str = "mastodon") -> UUID:
    """Let a conversation be one on a network that is read by ``visibility``; returns its id."""
    here = desk.find(number)
    row = desk.world.conversations[here]
    changed = {"channel": channel, "visibility": visibility.value, "subject": ""}
    desk.world.conversations[here] = msgspec.structs.replace(row, **changed)
    customer = Party(channel, f"customer{number}@social.example", row.contact_name)
    for message in list(desk.world.messages.values()):
        if message.conversation_id == here and message.kind == "message":
            theirs = message.direction == "in"
            kind = PostKind.MENTION if theirs else PostKind.REPLY
            desk.world.messages[message.id] = msgspec.structs.replace(
                message,
                sender=customer if theirs else Party(channel, "larkfield@social.example", "Larkfield"),
                reply_to=(),
                to=() if theirs else (customer,),
                cc=(),
                subject="",
                html="",
                quoted_html="",
                external_id=f"post-{message.id}",
                delivery="" if theirs else "sent",
                delivery_detail=None,
                post=as_row(Post(kind=kind, visibility=visibility)),
            )
    return here


def customer_posts(desk: FakeDesk, conversation_id: UUID) -> list[MessageRow]:
    """The customer's posts in a conversation, oldest first."""
    rows = (row for row in desk.world.messages.values() if row.conversation_id == conversation_id)
    theirs = (row for row in rows if row.kind == "message" and row.direction == "in")
    return sorted(theirs, key=lambda row: (row.created_at, row.id))


def change_post(desk: FakeDesk, message_id: UUID, **values: Any) -> None:
    """Let a post have these fields, and tell views."""
    post = post_of(desk.world.messages[message_id].post)
    assert post is not None
    desk.change_message(message_id, post=as_row(msgspec.structs.replace(post, **values)))


def full_post(desk: FakeDesk, message_id: UUID) -> None:
    """Let a post have everything that posts can have."""
    now = desk.world.now
    media = (
        Media("image", f"{PICTURES}/desk.png", alt="A walnut desk with a scratch along its front edge"),
        Media("image", f"{PICTURES}/box.png"),
        Media(
            "link", "https://larkfield.example/desks", title="Walnut desks", preview=f"{PICTURES}/card.png"
        ),
        Media("video", "https://films.example/42", alt="The drawer does not close"),
    )
    options = (PollOption("Send it back", 1_204), PollOption("Keep it and sand it down", 312))
    change_post(
        desk,
        message_id,
        kind=PostKind.COMMENT,
        url="https://social.example/@customer/1",
        counters=Counters(likes=1_204, replies=3, shares=1, views=48_210),
        media=media,
        poll=Poll(options, now + timedelta(hours=5)),
        below=Work(
            "work-1",
            text="Our walnut desks are back in stock. Built in Valencia, delivered in two weeks.",
            author="Larkfield Home",
            url="https://social.example/@larkfield/7",
            at=now - timedelta(days=1),
            ours=True,
        ),
    )


def able(desk: FakeDesk, conversation_id: UUID, *answers: Answering, **values: Any) -> AccountRow:
    """Let a conversation's account be able to answer in these ways; returns the account."""
    row = desk.world.conversations[conversation_id]
    known = desk.world.accounts.get(row.account_id) if row.account_id is not None else None
    again = known is not None and known.channel == row.channel
    inbox = next(one for one in desk.world.accounts.values() if one.inbox_id == row.inbox_id)
    abilities = msgspec.json.decode(msgspec.json.encode(Abilities(answers=answers, **values)))
    account = msgspec.structs.replace(
        inbox,
        id=known.id if again and known is not None else desk.world.new_id(),
        channel=row.channel,
        name="Larkfield",
        address="larkfield@social.example",
        abilities=abilities,
    )
    desk.world.accounts[account.id] = account
    desk.world.conversations[conversation_id] = msgspec.structs.replace(row, account_id=account.id)
    return account


def follow(desk: FakeDesk, row: MessageRow, followers: int) -> None:
    """Let so many people follow the author of a post."""
    assert row.sender is not None
    contact_id = desk.world.conversations[row.conversation_id].contact_id
    contact = desk.world.contacts[contact_id]
    handle = msgspec.structs.replace(
        contact.identities[0],
        id=desk.world.new_id(),
        kind=row.sender.kind,
        value=row.sender.value,
        display=row.sender.value,
        profile={"followers": followers, "url": "https://social.example/@customer"},
    )
    identities = (*contact.identities, handle)
    desk.world.contacts[contact_id] = msgspec.structs.replace(contact, identities=identities)
