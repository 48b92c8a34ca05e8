"""The live-chat connector by itself: what posts mean, which settings can be used, which answers cannot go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.inbound import Party, Report
from agentdesk.sdk.outbound import Found, Outbound, OutboundAttachment
from agentdesk.sdk.pages import Hosted, PageLine, PageSettings
from agentdesk_connectors.livechat import create, interpret, manifest
from agentdesk_connectors.livechat.connector import HEAVIEST_FILE, LONGEST_TEXT

VISITOR = {"identity": "visitor-1", "name": "Ana", "url": "https://shop.example/", "language": "es"}


class _Secrets:
    def __init__(self, **values: str) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    async def set(self, name: str, value: str) -> None:
        self._values[name] = value


class _Pages:
    """A book of lines, without a server."""

    def __init__(self, *visitors: str) -> None:
        self._visitors = visitors
        self.lines: dict[str, PageLine] = {}

    async def show(self, visitor: str, line: PageLine) -> bool:
        if visitor in self._visitors:
            self.lines.setdefault(line.key, line)
        return visitor in self._visitors

    async def shown(self, key: str) -> bool:
        return key in self.lines


def _account(given: Mapping[str, str] = {}, pages: Any = None, **secrets: str) -> Any:
    settings = manifest.settings.clean({"site": "shop.example", **given})
    return create(AccountContext(new_id(), "Shop", settings, _Secrets(**secrets), pages=pages))


def _page(**given: str) -> PageSettings:
    found: PageSettings = _account({name.replace("__", "."): value for name, value in given.items()}).page()
    return found


def _outbound(**changes: Any) -> Outbound:
    to = (Party("chat", "visitor-1", "Ana"),)
    values = {"message_id": new_id(), "key": "chat-1", "to": to, "text": "Good day"}
    return Outbound(**{**values, "created_at": clock.now(), "sender_name": "Maria", **changes})


def test_a_message_means_what_the_visitor_wrote() -> None:
    at = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    post = {"kind": "message", "id": "visitor-1/b", "after": "visitor-1/a", "visitor": VISITOR}
    inbound = interpret(json.dumps({**post, "text": "<b>x</b>", "at": at.isoformat()}).encode(), {})
    assert (inbound.text, inbound.html) == ("<b>x</b>", "")
    assert inbound.sender == Party("chat", "visitor-1", "Ana")
    assert (inbound.external_id, inbound.references) == ("visitor-1/b", ("visitor-1/a",))
    assert (inbound.profile.language, dict(inbound.profile.visit)) == (
        "es",
        {"page": "https://shop.example/"},
    )
    assert inbound.sent_at == at


def test_marks_are_reports_about_our_messages() -> None:
    post = {"kind": "seen", "visitor": VISITOR, "state": "read", "keys": ["chat-1", "chat-2"]}
    inbound = interpret(json.dumps(post).encode(), {})
    assert [(one.report, one.external_ids) for one in inbound.reports] == [
        (Report.READ, ("chat-1",)),
        (Report.READ, ("chat-2",)),
    ]


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"kind": "message"}', b'{"kind": "other"}'])
def test_what_no_server_of_ours_wrote_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Invalid):
        interpret(raw, {})


def test_settings_become_what_pages_need() -> None:
    assert isinstance(_account(), Hosted)
    page = _page(origins="HTTPS://Shop.Example:443/ http://localhost:8000", ask__email="required")
    assert page.origins == ("https://shop.example", "http://localhost:8000")
    assert [(one.key, one.required) for one in page.pre_chat] == [("email", True)]
    assert (page.name, page.colour) == ("shop.example", "#1F6FEB")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("colour", "#12345;}"),
        ("languages", "en <b>"),
        ("origins", "shop.example"),
        ("origins", "https://shop.example/path"),
        ("origins", "https://a@shop.example"),
        ("origins", "https://*"),
        ("origins", "javascript://shop.example"),
        ("origins", "https://shop.example:99999"),
    ],
)
def test_settings_that_cannot_be_used_are_named(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        _page(**{name: value})
    assert refused.value.field == name


def test_a_short_key_is_refused() -> None:
    with pytest.raises(Invalid):
        _account(identity_secret="short")


@pytest.mark.parametrize(
    "changes",
    [
        {"to": (Party("email", "ana@else.example"),)},
        {"to": (Party("chat", "visitor-1"), Party("chat", "visitor-2"))},
        {"cc": (Party("email", "ana@else.example"),)},
        {"attachments": (OutboundAttachment("a", "text/plain", b"x" * (HEAVIEST_FILE + 1)),)},
        {"text": " \n"},
        {"text": "x" * (LONGEST_TEXT + 1)},
    ],
)
def test_what_a_page_cannot_show_is_refused_before_it_is_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        _account().check_outbound(_outbound(**changes))


async def test_an_answer_is_shown_once_and_found_again() -> None:
    pages = _Pages("visitor-1")
    account = _account(pages=pages)
    assert (await account.reconcile("chat-1", clock.now())).found is Found.ABSENT
    for _ in range(2):
        assert (await account.send(_outbound())).external_id == "chat-1"
    assert [(line.text, line.name) for line in pages.lines.values()] == [("Good day", "Maria")]
    assert (await account.reconcile("chat-1", clock.now())).found is Found.SENT


async def test_an_answer_to_nobody_fails_and_says_why() -> None:
    with pytest.raises(Rejected):
        await _account(pages=_Pages()).send(_outbound())
    with pytest.raises(Unreachable):
        await _account().send(_outbound())


async def test_the_check_shows_what_belongs_on_the_pages() -> None:
    steps = [step async for step in _account().check()]
    assert all(step.ok for step in steps)
    assert "/widget.js" in render(steps[-1].found)
