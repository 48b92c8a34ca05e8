"""What was sent is changed or taken back for five minutes, on the page, at the desk and in every copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, DeleteReply, EditReply, Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.queries.rows import MessageRow
from agentdesk.server.chat.dropping import drop_lines
from agentdesk.store import search
from agentdesk.store.tables import (
    attachment,
    blob,
    chat_file,
    chat_line,
    contact,
    conversation,
    message,
    raw_item,
)
from agentdesk.sync.local import LocalDesk

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


async def _revise(page: Page, kind: str, of: str, key: str, **more: str) -> dict[str, Any]:
    """Send a change and return its answer."""
    await page.send({"t": kind, "id": key, "of": of, **more})

    def answered() -> dict[str, Any] | None:
        return next((frame for frame in page.others if frame.get("id") == key), None)

    return await until(answered, what=f"an answer to {key}")


async def _revised(site: ChatSite, direction: str = "in") -> Any:
    """Wait until the only message of that direction was changed."""

    async def there() -> Any:
        rows = await site.rows(message, message.c.direction == direction, message.c.revision.is_not(None))
        return rows[0] if rows else None

    return await until(there, what="a changed message")


async def _found(site: ChatSite, words: str) -> int:
    async with site.db.read() as conn:
        return len(await search.find_conversations(conn, words, inboxes=None))


def _log(page: Page) -> list[tuple[str, str, str | None]]:
    return [(line["kind"], line["text"], line["of"]) for line in page.lines]


async def test_a_visitor_changes_a_message(site: ChatSite, desk: LocalDesk, new_page: NewPage) -> None:
    page, twin = new_page(), new_page()
    assert "edits" in (await page.connect())["can"]
    first = await page.write("Where is my ordr?")
    twin.token = page.token
    await twin.connect()
    for _ in range(2):
        answer = await _revise(page, "edit", first, "change-1", text="Where is my order?")
    assert (answer["t"], answer["n"]) == ("ack", 2)
    await _revise(page, "edit", first, "change-2", text="Where is my order 4417?")
    row = await _revised(site)
    row = await until(lambda: _says(site, "Where is my order 4417?"))
    earlier = [one["text"] for one in row.revision["earlier"]]
    assert (row.revision["state"], earlier) == ("edited", ["Where is my ordr?", "Where is my order?"])
    (there,) = await site.conversations()
    assert there.preview == "Where is my order 4417?"
    assert (await _found(site, "ordr"), await _found(site, "4417")) == (0, 1)
    shown = [
        ("message", "Where is my ordr?", None),
        ("edited", "Where is my order?", first),
        ("edited", "Where is my order 4417?", first),
    ]
    await until(lambda: _log(twin) == shown, what=lambda: str(_log(twin)))

    async def at_the_desk() -> MessageRow | None:
        rows = (await desk.timeline(there.id)).messages
        return rows[0] if rows and rows[0].text.endswith("4417?") else None

    assert (await until(at_the_desk)).revision == row.revision


async def _says(site: ChatSite, text: str) -> Any:
    rows = await site.rows(message, message.c.text == text)
    return rows[0] if rows else None


async def test_of_a_deleted_message_nothing_is_kept(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    _, file = await page.upload(PNG, "card.png", key="file-0001")
    await page.send({"t": "message", "id": "message-1", "text": "My card is 1234", "files": [file["file"]]})
    await page.came("ack", id="message-1")
    await site.texts(1)
    await _revise(page, "edit", "message-1", "change-1", text="My card is 5678")
    await until(lambda: _says(site, "My card is 5678"))
    assert (await _revise(page, "delete", "message-1", "change-2"))["t"] == "ack"

    async def gone() -> bool:
        (row,) = await site.rows(message)
        return bool(row.revision and row.revision["state"] == "deleted")

    await until(gone)
    (row,) = await site.rows(message)
    assert (row.text, row.html, row.raw_id, set(row.revision)) == ("", "", None, {"state", "at"})
    assert [await site.rows(table) for table in (attachment, chat_file, blob)] == [[], [], []]
    assert all(item.blob == "" for item in await site.rows(raw_item))
    assert [line.text for line in await site.rows(chat_line)] == ["", "", ""]
    assert await _found(site, "card") == 0
    (there,) = await site.conversations()
    assert there.preview == "This message was deleted."
    again = new_page()
    again.token = page.token
    await again.connect()
    await until(
        lambda: (
            _log(again) == [("message", "", None), ("edited", "", "message-1"), ("deleted", "", "message-1")]
        )
    )
    assert again.lines[0]["files"] == []
    assert (await _revise(page, "edit", "message-1", "change-3", text="Back"))["code"] == "gone"


async def test_in_one_go(site: ChatSite, new_page: NewPage) -> None:
    """What is deleted before the desk has seen it comes there as a deleted message, also in one batch."""
    page = new_page()
    await page.connect()
    frames = (
        {"t": "message", "id": "message-1", "text": "A secret"},
        {"t": "message", "id": "message-2", "text": "A typo"},
        {"t": "delete", "id": "change-1", "of": "message-1"},
        {"t": "edit", "id": "change-2", "of": "message-2", "text": "No typo"},
    )
    for frame in frames:
        await page.send(frame)
    await until(lambda: _says(site, "No typo"))
    rows = await site.rows(message, order=message.c.created_at)
    assert [(row.text, row.revision["state"]) for row in rows] == [("", "deleted"), ("No typo", "edited")]


@pytest.mark.parametrize("kind", ["edit", "delete"])
async def test_what_is_late_or_somebody_elses_stays(site: ChatSite, new_page: NewPage, kind: str) -> None:
    mine, other = new_page(), new_page()
    await mine.connect()
    await other.connect()
    first = await mine.write("Hello", "message-1")
    await site.texts(1)
    text = {"text": "Changed"} if kind == "edit" else {}
    assert (await _revise(other, kind, first, "change-1", **text))["code"] == "gone"
    async with site.db.write() as conn:
        await conn.execute(update(chat_line).values(created_at=clock.now() - timedelta(minutes=5, seconds=1)))
    assert (await _revise(mine, kind, first, "change-2", **text))["code"] == "late"
    async with site.db.write() as conn:
        await conn.execute(update(chat_line).values(created_at=clock.now(), origin="agent"))
    assert (await _revise(mine, kind, first, "change-3", **text))["code"] == "not_yours"
    assert (await _revise(mine, kind, "message-9", "change-4", **text))["code"] == "gone"
    (row,) = await site.rows(message)
    assert (row.text, row.revision) == ("Hello", None)
    assert len(await site.rows(chat_line)) == 1


async def test_an_empty_text_is_no_change(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    first = await page.write("Hello")
    assert (await _revise(page, "edit", first, "change-1", text="  "))["code"] == "invalid"


async def test_under_a_legal_hold_what_was_said_stays(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    first = await page.write("I said it")
    await site.texts(1)
    async with site.db.write() as conn:
        await conn.execute(update(contact).values(legal_hold=True))
    await _revise(page, "delete", first, "change-1")
    row = await _revised(site)
    assert (row.text, row.revision["state"]) == ("", "deleted")
    assert [one["text"] for one in row.revision["earlier"]] == ["I said it"]
    assert row.raw_id is not None


# --- by an agent ---


async def _answered(site: ChatSite, page: Page, text: str = "It left today") -> Any:
    """Maria answers; returns the message once it is on the page."""
    await page.write("Where is my order?")
    await site.texts(1)
    (there,) = await site.conversations()
    (asked,) = await site.rows(message)
    to = (Party(asked.sender["kind"], asked.sender["value"]),)
    await _do(site, SendReply(message_id=new_id(), conversation_id=there.id, to=to, text=text))
    await page.shows("Where is my order?", text)

    async def sent() -> Any:
        rows = await site.rows(message, message.c.direction == "out", message.c.delivery != "sending")
        return rows[0] if rows and rows[0].delivery != "queued" else None

    return await until(sent)


async def _do(site: ChatSite, command: Any, **actor: Any) -> Answer:
    who = Actor(**{"kind": Author.USER, "user_id": site.maria, "role": Role.AGENT, "inboxes": None, **actor})
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await site.core.executor.execute(envelope, who)


def _about(row: Any) -> Mapping[str, Any]:
    return {"conversation_id": row.conversation_id, "message_id": row.id}


async def test_an_agent_changes_an_answer_and_takes_it_back(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    row = await _answered(site, page)
    key = page.lines[1]["id"]
    edit = EditReply(**_about(row), text="It left yesterday")
    assert (await _do(site, edit)).outcome == "done"
    await until(lambda: len(page.lines) == 3)
    line = page.lines[2]
    assert (line["kind"], line["text"], line["of"], line["from"]) == (
        "edited",
        "It left yesterday",
        key,
        "agent",
    )
    assert line["agent"]["name"] == "Maria Sol"
    now = await _says(site, "It left yesterday")
    assert [one["text"] for one in now.revision["earlier"]] == ["It left today"]
    assert (await _found(site, "today"), await _found(site, "yesterday")) == (0, 1)
    assert (await _do(site, DeleteReply(**_about(row)))).outcome == "done"
    await until(lambda: len(page.lines) == 4)
    assert (page.lines[3]["kind"], page.lines[3]["of"]) == ("deleted", key)
    (there,) = await site.conversations()
    assert there.preview == "This message was deleted."
    refused = await _do(site, EditReply(**_about(row), text="Back"))
    assert (refused.outcome, refused.code) == ("refused", "gone")
    await page.send({"t": "seen", "upto": 4, "state": "read"})  # marks are about messages alone
    await page.send({"t": "ping"})
    await page.came("pong")


async def test_who_may_change_an_answer_and_when(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    row = await _answered(site, page)
    edit = EditReply(**_about(row), text="Changed")
    cases = {
        "not_allowed": {"user_id": new_id(), "role": Role.ADMIN},
        "gone": {"inboxes": frozenset()},
    }
    for code, actor in cases.items():
        assert (await _do(site, edit, **actor)).code == code
    assert (await _do(site, EditReply(**_about(row), text=" "))).code == "invalid"
    (asked,) = await site.rows(message, message.c.direction == "in")
    assert (await _do(site, DeleteReply(**_about(asked)))).code == "not_allowed"
    for values, code in (
        ({"delivery": "queued"}, "invalid"),
        ({"delivery": "sent", "created_at": row.created_at - timedelta(minutes=6)}, "late"),
        ({"external_id": "somewhere-else", "created_at": row.created_at}, "invalid"),
    ):
        async with site.db.write() as conn:
            await conn.execute(update(message).where(message.c.id == row.id).values(values))
        assert (await _do(site, edit)).code == code
    await page.shows("Where is my order?", "It left today")


async def test_changes_leave_with_their_message(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    row = await _answered(site, page)
    (asked,) = await site.rows(message, message.c.direction == "in")
    await _do(site, EditReply(**_about(row), text="Changed"))
    await _revise(page, "edit", page.lines[0]["id"], "change-1", text="Where is it?")
    async with site.db.write() as conn:
        await drop_lines(conn, [asked.external_id, row.external_id])
        assert await conn.scalar(select(chat_line.c.n)) is None
        assert await conn.scalar(select(conversation.c.id)) is not None
