"""Two visitors of one widget: nothing that one of them sends reaches what is the other's, whichever verb."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.dovecot import Mailbox
from tests.helpers.mailed_site import leave, name_mail
from tests.helpers.pictures import PNG
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage

from agentdesk.server.chat.protocol import FromPage
from agentdesk.store.tables import (
    chat_file,
    chat_line,
    chat_post,
    chat_session,
    chat_token,
    contact,
    contact_identity,
    conversation,
    message,
)

HERS = "message-0-1"
_SECRET = "1 High Street"
_TABLES = (
    *(chat_session, chat_line, chat_file, chat_token, chat_post),
    *(conversation, message, contact, contact_identity),
)
_PAGE = {"url": "https://shop.example/other", "title": "Other", "referrer": ""}
VERBS: Mapping[str, Mapping[str, Any]] = {
    "hello": {"v": 1, "token": None, "cursor": 0},
    "page": {"page": _PAGE},
    "profile": {"id": HERS, "name": "Mallory", "email": "m@else.example", "topic": "Mine", "consent": True},
    "message": {"id": HERS, "text": "Mine"},
    "edit": {"id": "change-01", "of": HERS, "text": "Mine"},
    "delete": {"id": "change-02", "of": HERS},
    "typing": {"on": True, "text": "Mine"},
    "seen": {"upto": 100, "state": "read"},
    "older": {"before": 1_000, "most": 100},
    "end": {"id": HERS},
    "survey": {"id": HERS, "score": 1, "text": "Mine"},
    "transcript": {"id": HERS, "email": "m@else.example"},
    "ping": {},
}
"""Each verb, as somebody would send it who wants what is another's. A verb without a place here fails."""


def _known() -> set[str]:
    return {str(frame.__struct_config__.tag) for frame in get_args(FromPage)}


@pytest.fixture
async def site(
    migrated_sqlite_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    smtp_server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ChatSite]:
    """A widget that does all that there is, and somebody who is there."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path, preview="true")
    await name_mail(made, mailbox, smtp_server, server="https://desk.example")
    monkeypatch.setattr(made.desks.board, "serves", lambda _inbox: True)
    yield made
    await made.stop()


async def _ana(site: ChatSite, page: Page) -> str:
    """Ana's chat, with everything that one can have; returns the reference of a file that is not sent yet."""
    await page.connect()
    await leave(page, f"I live at {_SECRET}", "ana@else.example", topic="Moving")
    assert [line["id"] for line in page.lines] in ([], [HERS])
    _status, sent = await page.upload(PNG, "key.png", media_type="image/png", key="picture-01")
    await site.texts(1)
    await page.leave()
    await until(lambda: not site.chat._watching._at, what="she has left")
    return str(sent["file"])


async def _state(site: ChatSite) -> dict[str, list[str]]:
    return {table.name: sorted(repr(row) for row in await site.rows(table)) for table in _TABLES}


async def _untouched(site: ChatSite, before: Mapping[str, list[str]], verb: str) -> None:
    """All rows that were there are there still, as they were."""
    now = await _state(site)
    for name, rows in before.items():
        assert set(rows) <= set(now[name]), (verb, name)


def _frame(verb: str, stolen: str) -> dict[str, Any]:
    files = {"files": [stolen]} if verb == "message" else {}
    return {"t": verb, **VERBS[verb], **files}


def test_each_verb_is_tried() -> None:
    assert set(VERBS) == _known()


async def test_no_verb_reaches_another_visitors_chat(site: ChatSite, new_page: NewPage) -> None:
    stolen = await _ana(site, ana := new_page())
    before = await _state(site)
    for verb in VERBS:
        mallory = new_page()
        site.chat._new._left.clear()  # what is counted is tested elsewhere
        await mallory.connect()
        assert mallory._socket is not None
        await mallory.send(_frame(verb, stolen))
        await mallory.send({"t": "ping"})
        await mallory.came("pong")
        told = json.dumps([mallory.welcome, mallory.lines, mallory.others])
        assert _SECRET not in told, verb
        assert "ana@else" not in told, verb
        await _untouched(site, before, verb)
        await mallory.leave()
    await ana.connect()
    await ana.shows(f"I live at {_SECRET}")


async def test_what_is_somebody_elses_is_answered_as_if_there_were_none(
    site: ChatSite, new_page: NewPage
) -> None:
    stolen = await _ana(site, new_page())
    mallory = new_page()
    await mallory.connect()
    codes = {"edit": "gone", "delete": "gone", "message": "file", "survey": "invalid", "transcript": "busy"}
    for verb, code in codes.items():
        mallory.others.clear()
        await mallory.send(_frame(verb, stolen))
        assert (await mallory.came("error"))["code"] == code, verb
    await mallory.send(_frame("older", stolen))
    await mallory.send(_frame("end", stolen))
    assert (await mallory.came("ack", id=HERS))["n"] == 0
    assert mallory.lines == []
    await mallory.write("Mine", HERS)  # the same id is another message in another chat
    await mallory.shows("Mine")


async def test_no_verb_is_carried_out_for_a_token_that_is_none(site: ChatSite, new_page: NewPage) -> None:
    stolen = await _ana(site, new_page())
    (session,) = await site.rows(chat_session)
    before = await _state(site)
    mallory = new_page()
    for token in ("x" * 43, str(session.id), session.identity):
        mallory.token = token
        for verb in VERBS:
            site.chat._polls._left.clear()
            status, (told,) = await mallory.poll(_frame(verb, stolen))
            assert (status, told["code"]) == (401, "unauthorized"), verb
        assert (await mallory.upload(PNG, "chair.png", key="picture-02"))[0] == 401
    assert await _state(site) == before


async def test_no_verb_but_hello_is_the_first(site: ChatSite, new_page: NewPage) -> None:
    stolen = await _ana(site, new_page())
    before = await _state(site)
    for verb in set(VERBS) - {"hello"}:
        socket = await new_page().open()
        await socket.send_str(json.dumps(_frame(verb, stolen)))
        assert json.loads((await socket.receive()).data)["code"] == "bad_frame", verb
        await socket.receive()
        assert socket.close_code == 1008, verb
    assert await _state(site) == before


def test_no_verb_names_whose_chat_it_is_about() -> None:
    """That is said by the token of the hello alone."""
    fields = {one.name for frame in get_args(FromPage) for one in msgspec.structs.fields(frame)}
    assert not {name for name in fields if name.endswith(("session", "conversation", "visitor", "contact"))}
    assert not {name for name in fields if name.endswith("_id")}
