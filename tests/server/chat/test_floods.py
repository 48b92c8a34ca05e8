"""Visitors who are gone and did not say so, who never read, or who come in crowds: nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter
from collections.abc import Sized

import pytest
from tests.helpers.chat_page import ChatSite
from tests.helpers.pictures import PNG
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage
from tests.server.chat.test_rfc_6455 import _HELLO, _TEXT, _frame, _peer

from agentdesk.server.chat import talking
from agentdesk.server.chat.limits import Buckets, Places
from agentdesk.server.stalled import Stalled
from agentdesk.store.tables import chat_session

_MANY, _MORE = 60, 240


async def _all_left(site: ChatSite) -> None:
    await until(lambda: not site.chat._talks and not site.chat._connections._held, what="all have left")
    await until(lambda: not site.chat._watching._at and not site.chat._doors._pages, what="nobody is there")


async def test_a_peer_that_is_gone_without_a_word_is_noticed(
    site: ChatSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "PING_SECONDS", 0.2)
    async with _peer(site) as peer:
        peer.send(_frame(_TEXT, _HELLO))
        await _all_left(site)  # its end is open still, and answers no ping


async def test_a_peer_that_sends_and_never_reads_is_cut(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    for number in range(9):
        await page.write(f"{number}" + "€" * 4_900)
    await page.leave()
    hello = json.dumps({"t": "hello", "v": 1, "token": page.token}).encode()
    older = _frame(_TEXT, json.dumps({"t": "older", "before": 100, "most": 100}).encode())
    runner = site._server.runner
    assert runner is not None
    assert runner.server is not None
    stalled, server = Stalled(), runner.server
    async with _peer(site) as peer:
        peer.send(_frame(_TEXT, hello))
        peer._reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(55):
            peer.send(older)

        def cut() -> int:
            return stalled.look(server.connections)

        await until(cut, what="the connection is cut")
        await _all_left(site)


async def test_who_sent_no_hello_leaves_nothing(site: ChatSite, new_page: NewPage) -> None:
    for sent in (b"", _frame(_TEXT, b"{"), _frame(_TEXT, _HELLO)[:4]):
        async with _peer(site) as peer:
            peer.send(sent)
    await _all_left(site)
    assert await site.rows(chat_session) == []


def _ours() -> Counter[str]:
    """Objects of this program by their kind."""
    gc.collect()
    kinds = (type(one) for one in gc.get_objects())
    names = (f"{kind.__module__}.{kind.__name__}" for kind in kinds)
    return Counter(name for name in names if name.startswith("agentdesk."))


async def _come_and_go(site: ChatSite, count: int) -> None:
    hostile = [
        _frame(_TEXT, b"{" * 60_000),
        _frame(_TEXT, b"\xff"),
        _frame(_TEXT, _HELLO) + _frame(_TEXT, b"[") * 12,
    ]

    async def one(number: int) -> None:
        async with _peer(site) as peer:
            peer.send(hostile[number % len(hostile)])
            await peer.closed()

    for begin in range(0, count, 20):
        site.chat._new._left.clear()  # as if each came from elsewhere
        await asyncio.gather(*(one(number) for number in range(begin, begin + 20)))
    await _all_left(site)


async def test_memory_stays_flat(site: ChatSite) -> None:
    """Four times as many who come, misbehave and are closed leave no more than the first did."""
    await _come_and_go(site, _MANY)
    before = _ours()
    await _come_and_go(site, _MORE)
    after = _ours()
    grown = {kind: count - before[kind] for kind, count in after.items() if count - before[kind] > _MORE / 10}
    assert not grown


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    buckets, places = Buckets(10, 1.0, most=100), Places(2)
    for number in range(10_000):
        buckets.take(number)
        places.take(number)
        places.give_back(number)
    tables: list[Sized] = [buckets._left, places._held]
    assert [len(one) for one in tables] == [100, 0]


async def test_files_that_go_out_are_counted(site: ChatSite, new_page: NewPage) -> None:
    page, uploads = new_page(), site.chat._uploads
    await page.connect()
    _status, sent = await page.upload(PNG, "chair.png", media_type="image/png", key="picture-01")
    await page.send({"t": "message", "id": "with-file", "text": "", "files": [sent["file"]]})
    await until(lambda: page.lines)
    url = page.lines[0]["files"][0]["url"]
    for places in (uploads._given_each, uploads._given):
        most, places._most = places._most, 0
        assert (await page.download(url))[0] == 503
        places._most = most
    for _ in range(2):
        assert await page.download(url) == (200, PNG)
    await until(lambda: not uploads._given_each._held and not uploads._given._held)
