"""What visitors see of the people of the team: their pictures, at addresses that nobody can guess."""

from __future__ import annotations

import re

import pytest
from tests.helpers.chat_page import ChatSite
from tests.helpers.pictures import photo
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AnyCommand, Assign, Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.queries.team_rows import PortraitRow
from agentdesk.server import people
from agentdesk.server.chat import faces
from agentdesk.store import blobs
from agentdesk.store.tables import message, portrait
from agentdesk.sync.local import LocalDesk

MARIA = "maria@desk.example"


async def _do(site: ChatSite, command: AnyCommand) -> None:
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"


async def _answered(site: ChatSite, text: str) -> None:
    (there,) = await site.conversations()
    (asked,) = await site.rows(message, message.c.direction == "in")
    to = (Party(asked.sender["kind"], asked.sender["value"]),)
    await _do(site, SendReply(message_id=new_id(), conversation_id=there.id, to=to, text=text))


async def test_whoever_has_the_chat_writes_and_types_has_a_face(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    await people.set_picture(site.db, MARIA, photo())
    (row,) = await site.rows(portrait)
    maria = {"name": "Maria Sol", "picture": f"/chat/v1/pictures/{row.digest}"}
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    await _answered(site, "Good morning")
    await page.shows("Hello", "Good morning")
    assert [line["agent"] for line in page.lines] == [None, maria]
    (there,) = await site.conversations()
    await _do(site, Assign(conversation_id=there.id, assignee_id=site.maria))
    twin = new_page()
    twin.token = page.token
    await twin.connect()
    await twin.came("status", agent=maria)
    desk.be_at(there.id, "reply")
    await twin.came("typing", on=True, agent=maria)


async def test_a_picture_comes_as_one_and_nothing_else(site: ChatSite, new_page: NewPage) -> None:
    await people.set_picture(site.db, MARIA, photo())
    (row,) = await site.rows(portrait)
    address = f"{site.address}/chat/v1/pictures/{row.digest}"
    page = new_page()
    async with page.http.get(address, headers={"Origin": "https://any.example"}) as answer:
        assert await answer.read() == row.content
        given = dict(answer.headers)
    assert given["Content-Type"] == "image/jpeg"
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in given
    assert re.search("private.*immutable", given["Cache-Control"])
    assert "sandbox" in given["Content-Security-Policy"]

    async def status(path: str) -> int:
        async with page.http.get(f"{site.address}/chat/v1/pictures/{path}") as answer:
            return answer.status

    assert await status(blobs.hash_of(b"another")) == 404
    assert await status(row.digest[:-1]) == 404
    assert await status(row.digest.upper()) == 404
    await people.set_picture(site.db, MARIA, None)
    assert await status(row.digest) == 404


async def test_desks_are_told(site: ChatSite, desk: LocalDesk) -> None:
    for content in (photo(), photo("PNG", (30, 30)), None):
        await people.set_picture(site.db, MARIA, content)
        (row,) = await site.rows(portrait)
        expected = [] if content is None else [PortraitRow(site.maria, row.digest, row.content)]

        async def there(wanted: list[PortraitRow] = expected) -> bool:
            return await desk.portraits() == wanted

        await until(there, what="the picture")


async def test_who_has_left_has_none_any_more(site: ChatSite, new_page: NewPage) -> None:
    await site.hire("Bo Adler", Role.ADMIN)
    await people.set_picture(site.db, MARIA, photo())
    (row,) = await site.rows(portrait)
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    await _answered(site, "Good morning")
    await page.shows("Hello", "Good morning")
    await people.set_active(site.db, MARIA, False)
    twin = new_page()
    twin.token = page.token
    await twin.connect()
    await twin.shows("Hello", "Good morning")
    assert twin.lines[1]["agent"] == {"name": "Maria Sol", "picture": None}
    async with page.http.get(f"{site.address}/chat/v1/pictures/{row.digest}") as answer:
        assert answer.status == 404
    await people.set_active(site.db, MARIA, True)
    async with page.http.get(f"{site.address}/chat/v1/pictures/{row.digest}") as answer:
        assert answer.status == 200


async def test_whoever_asks_too_often_waits(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, answers = new_page(), []
    for _ in range(faces._AT_ONCE + 30):
        async with page.http.get(f"{site.address}/chat/v1/pictures/{'0' * 64}") as answer:
            answers.append(answer.status)
    assert answers[0] == 404
    assert 429 in answers
