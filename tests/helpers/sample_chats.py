"""Live chats among the sample's conversations: three people sit before the shop's pages."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from agentdesk.domain.party import Party
from agentdesk.domain.visits import Trail, went_to, written
from agentdesk.sync.presence import Other
from tests.helpers.fake_desk import FakeDesk

__all__ = ["CHATS", "be_on_page", "make_chat", "sample_chats"]

CHATS = (4417, 4390, 5102)
"""Numbers of the conversations that are chats: one waits 45 seconds, one 100, one since four minutes."""
_WAITS = (45, 100, 250)


def make_chat(desk: FakeDesk, number: int, **values: object) -> UUID:
    """Make a conversation a chat that waits for an answer since now; returns its id."""
    here = desk.find(number)
    row = desk.world.conversations[here]
    wanted = {"channel": "chat", "status": "open", "waiting_since": desk.world.now, **values}
    desk.world.conversations[here] = msgspec.structs.replace(row, **wanted)
    visitor = Party("chat", f"visitor-{number}", row.contact_name)
    for message in list(desk.world.messages.values()):
        if message.conversation_id == here and message.kind == "message":
            theirs = message.direction == "in"
            desk.world.messages[message.id] = msgspec.structs.replace(
                message,
                sender=visitor if theirs else message.sender,
                reply_to=(),
                to=() if theirs else (visitor,),
                cc=(),
            )
    return here


def be_on_page(desk: FakeDesk, number: int, *pages: tuple[str, str], **values: str) -> None:
    """Let the visitor have opened pages (address and title), a minute between them, the last one now."""
    contact = desk.world.contacts[desk.world.conversations[desk.find(number)].contact_id]
    trail = Trail(**values)
    trail = went_to(trail, "https://larkfield.example/", "Larkfield Home", "", desk.world.now - timedelta(3))
    for place, (url, title) in enumerate(pages):
        at = desk.world.now - timedelta(minutes=len(pages) - 1 - place)
        trail = went_to(trail, url, title, "https://search.example/?q=walnut+desk", at)
    first, *others = contact.identities
    known = msgspec.structs.replace(first, kind="chat", value=f"visitor-{number}", visit=written(trail))
    row = msgspec.structs.replace(contact, identities=(known, *others))
    desk.world.contacts[contact.id] = row
    desk.emit(contact_identity={known.id})


def sample_chats(desk: FakeDesk) -> list[UUID]:
    """Make :data:`CHATS` mine; the second visitor types, the third has left. Returns the ids."""
    assert desk.me is not None
    made = []
    for number, seconds in zip(CHATS, _WAITS, strict=True):
        since = desk.world.now - timedelta(seconds=seconds)
        me = {"assignee_id": desk.me.id, "assignee_name": desk.me.name}
        made.append(make_chat(desk, number, waiting_since=since, **me))
    contacts = [desk.world.conversations[one].contact_id for one in made]
    desk.colleagues(made[0], Other(contacts[0]))
    desk.colleagues(made[1], Other(contacts[1], "reply"))
    return made
