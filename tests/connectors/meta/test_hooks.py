"""Calls by the network: whose they are, how they are split, and that nothing in them holds the rest up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connectors.meta.support import SmallSimulator, connected

from agentdesk.base.ids import new_id
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.hooks import HookCall, hook_path
from agentdesk_connectors.meta.hooks import challenge, moment_of, pieces, signed, unreadable
from agentdesk_connectors.meta.setting_up import address_answers, announce, subscribe, subscribed_to

SECRET, VERIFY = "the app's secret", "a verify token"


def _question(**changes: str) -> HookCall:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    return HookCall("GET", {**asked, **{f"hub.{name}": value for name, value in changes.items()}})


def _call(**entry: object) -> HookCall:
    sim = SmallSimulator()
    sim.hooks.app_secret = SECRET
    sim.hooks.tell({"id": "1", "time": 1_790_000_000, **entry})
    return sim.hooks.calls[0]


def test_who_knows_the_verify_token_gets_the_challenge_back_as_plain_text() -> None:
    answer = challenge(_question(), VERIFY)
    assert (answer.status, answer.body, answer.media_type) == (200, "1158201444", "text/plain")


@pytest.mark.parametrize(
    "changes",
    [
        {"verify_token": "a guess"},
        {"verify_token": "é"},
        {"mode": "unsubscribe"},
        {"challenge": ""},
        {"challenge": "<script>alert(1)</script>"},
        {"challenge": "1" * 10_000},
    ],
)
def test_nobody_else_gets_an_answer(changes: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        challenge(_question(**changes), VERIFY)


def test_without_a_verify_token_nobody_gets_an_answer() -> None:
    with pytest.raises(Rejected):
        challenge(_question(verify_token=""), "")


def test_a_call_that_the_app_signed_is_taken() -> None:
    signed(_call(), SECRET)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b'{"object": "page", "entry": []}'},
        {"headers": {}},
        {"headers": {"x-hub-signature-256": ""}},
        {"headers": {"x-hub-signature-256": "sha256="}},
        {"headers": {"x-hub-signature-256": "sha256=é"}},
        {"headers": {"x-hub-signature": "sha1=0000"}},
    ],
)
def test_what_is_signed_by_nobody_is_refused(changes: dict[str, Any]) -> None:
    call = _call()
    forged = replace(call, **changes)
    with pytest.raises(Rejected):
        signed(forged, SECRET)


def test_the_signature_is_that_of_the_body_as_it_came() -> None:
    call = _call(changes=[{"field": "feed", "value": {"message": "a/b"}}])
    written_anew = json.dumps(json.loads(call.body)).encode()
    with pytest.raises(Rejected):
        signed(replace(call, body=written_anew), SECRET)


@pytest.mark.parametrize("secret", ["", "another app's secret"])
def test_without_the_secret_nothing_is_taken(secret: str) -> None:
    with pytest.raises(Rejected):
        signed(_call(), secret)


def test_each_thing_that_a_call_tells_is_one_piece() -> None:
    message, comment = {"message": {"mid": "m_1"}}, {"field": "feed", "value": {}}
    found = list(pieces(_call(messaging=[message, message], changes=[comment]).body, "page"))
    assert [one.part for one in found] == ["messaging", "messaging", "changes"]
    assert [json.loads(one.raw) for one in found] == [message, message, comment]
    assert {(one.of, one.at) for one in found} == {("1", datetime.fromtimestamp(1_790_000_000, UTC))}


def test_a_damaged_entry_holds_nothing_up() -> None:
    good = {"id": "1", "time": 1, "messaging": [{"message": {"mid": "m_1"}}]}
    body = json.dumps({"object": "page", "entry": [{"id": [], "time": {}}, 7, good]}).encode()
    found = list(pieces(body, "page"))
    assert [one.part for one in found] == ["", "", "messaging"]
    assert found[0].raw == b'{"id": [], "time": {}}'


def test_what_is_about_something_else_is_passed_over() -> None:
    assert list(pieces(_call(messaging=[{}]).body, "instagram")) == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"object": "page"}', b'{"object":1,"entry":[]}', b"[" * 100_000]
)
def test_what_cannot_be_split_is_kept_whole(body: bytes) -> None:
    (piece,) = pieces(body, "page")
    assert (piece.part, piece.raw) == ("", body)
    item = unreadable(piece.raw, {"page": "1"})
    assert item.source_id == unreadable(body, {}).source_id
    assert item.raw == body


@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_split_or_kept(body: bytes) -> None:
    assert all(isinstance(one.raw, bytes) for one in pieces(body, "page"))


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)))
def test_whatever_time_is_told_is_a_moment_or_none(value: object) -> None:
    found = moment_of(value)
    assert found is None or found.tzinfo is UTC


def test_times_come_in_seconds_and_in_milliseconds() -> None:
    assert moment_of(1_790_000_000) == moment_of(1_790_000_000_000)


async def test_the_app_is_told_of_what_it_subscribed_to() -> None:
    async with connected() as (sim, graph):
        assert await subscribed_to(graph, sim.profile, sim.app_id) == frozenset()
        await subscribe(graph, sim.profile, ("messages", "feed"))
        assert await subscribed_to(graph, sim.profile, sim.app_id) == {"messages", "feed"}


async def test_an_address_at_which_nobody_knows_us_is_told_so() -> None:
    async with connected() as (sim, graph):
        with pytest.raises(Unreachable) as failed:
            await address_answers(graph, sim.url, new_id(), VERIFY)
        assert failed.value.hint is not None
        with pytest.raises(Unreachable):
            await address_answers(graph, "http://127.0.0.1:9", new_id(), VERIFY)
        app = (sim.app_id, sim.app_secret)
        with pytest.raises(Rejected):
            await announce(graph, app, "page", f"{sim.url}{hook_path(new_id())}", VERIFY, ("feed",))
