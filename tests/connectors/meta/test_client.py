"""Calls to the Graph: who we are, what is allowed, pages of lists, and what goes wrong."""

from __future__ import annotations

import json

import pytest
from tests.connectors.meta.support import PAGE, connected

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.limiter import Limiter
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.http import Gone, Interrupted
from agentdesk_connectors.meta import errors
from agentdesk_connectors.meta.client import CALLS, SERVER, Graph
from agentdesk_connectors.meta.token import read_token
from agentdesk_connectors.meta.usage import usage_in

COMMENTS = f"/{PAGE}/comments"


async def test_a_list_is_read_page_by_page_each_element_as_it_came() -> None:
    async with connected() as (sim, graph):
        sim.comments = [{"id": f"1_{n}", "message": f"No {n}"} for n in range(5)]
        asked = [("fields", "message"), ("limit", "2")]
        found, after = [], ""
        while True:
            several = await graph.several(COMMENTS, [*asked, *([("after", after)] if after else [])])
            found += [json.loads(one)["message"] for one in several.items]
            after = several.after
            if not after:
                break
        assert found == [f"No {n}" for n in range(5)]


async def test_a_field_that_nobody_knows_is_refused() -> None:
    async with connected() as (sim, graph):
        sim.comments = [{"id": "1_1", "message": "Hello"}]
        with pytest.raises(Rejected, match="nonexisting field"):
            await graph.several(COMMENTS, [("fields", "mesage")])


@pytest.mark.parametrize(
    ("token", "secret", "error"),
    [
        ("", None, AuthFailed),
        ("stolen", None, AuthFailed),
        (None, "wrong", AuthFailed),
        (None, "", AuthFailed),
    ],
)
async def test_who_cannot_prove_who_they_are_is_told_so(
    token: str | None, secret: str | None, error: type[ConnectorError]
) -> None:
    async with connected(token, secret) as (_, graph):
        with pytest.raises(error) as failed:
            await graph.several(COMMENTS)
        assert failed.value.hint is not None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("190/458", AuthFailed),
        ("190/460", AuthFailed),
        ("190/463", AuthFailed),
        ("190/467", AuthFailed),
        ("190", AuthFailed),
        ("102", AuthFailed),
        ("10", errors.PermissionMissing),
        ("200", errors.PermissionMissing),
        ("10/2018278", errors.WindowClosed),
        ("10/2534022", errors.WindowClosed),
        ("10903", errors.WindowClosed),
        ("10900", errors.AlreadyAnswered),
        ("551", errors.NotAvailable),
        ("200/1545041", errors.NotAvailable),
        ("100/33", Gone),
        ("100", Rejected),
        ("368", Rejected),
        ("506", Rejected),
        ("4", RateLimited),
        ("17", RateLimited),
        ("32", RateLimited),
        ("613", RateLimited),
        ("80006", RateLimited),
        ("1", Interrupted),
        ("2", Interrupted),
    ],
)
async def test_each_refusal_is_one_of_the_contracts_errors(code: str, error: type[ConnectorError]) -> None:
    async with connected() as (sim, graph):
        sim.refusal = (code, "Some words")
        with pytest.raises(ConnectorError) as failed:
            await graph.post(COMMENTS, {})
        assert type(failed.value) is error
        if isinstance(failed.value, AuthFailed):
            assert failed.value.hint is not None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOO_MANY, RateLimited),
        (Fault.BROKEN, Interrupted),
        (Fault.TRUNCATED, Unreachable),
        (Fault.LOST_ANSWER, Interrupted),
        (Fault.DEAD_TOKEN, AuthFailed),
        (Fault.NO_SCOPE, AuthFailed),
    ],
)
async def test_what_goes_wrong_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, graph):
        sim.fail(fault)
        with pytest.raises(error):
            await graph.several(COMMENTS)


async def test_nobody_who_does_not_listen_is_asked_in_vain() -> None:
    graph = Graph("http://127.0.0.1:9", lambda: "t", lambda: "s", Limiter())
    with pytest.raises(Unreachable):
        await graph.get("/me")
    await graph.close()


async def test_a_pause_is_as_long_as_the_network_says_and_kept() -> None:
    async with connected() as (sim, graph):
        sim.fail(Fault.TOO_MANY, times=1)
        with pytest.raises(RateLimited) as limited:
            await graph.several(COMMENTS)
        assert limited.value.retry_after == 60.0
        with pytest.raises(RateLimited):
            await graph.several(COMMENTS)
        assert len(sim.seen) == 1, "the second one was not even made"


async def test_what_is_used_up_is_taken_from_the_headers() -> None:
    async with connected() as (sim, graph):
        sim.calls_allowed = 4
        await graph.several(COMMENTS)
        (quota,) = graph.limiter.quotas()
        assert (quota.name, quota.limit, quota.remaining) == (CALLS.name, 4_800, 3_600)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no json",
        "[]",
        "1",
        '{"1": 2}',
        '{"1": [{"call_count": "x"}]}',
        '{"1": [{"call_count": -5}]}',
        "[" * 9_000,
    ],
)
def test_headers_that_make_no_sense_say_nothing(header: str) -> None:
    found = usage_in({"X-App-Usage": header, "X-Business-Use-Case-Usage": header})
    assert (found.percent, found.pause) == (None, None)


def test_the_scarcest_allowance_counts() -> None:
    by_business = {"1": [{"call_count": 12}, {"total_time": 95, "estimated_time_to_regain_access": 3}]}
    found = usage_in(
        {"x-app-usage": '{"call_count": 40}', "x-business-use-case-usage": json.dumps(by_business)}
    )
    assert (found.percent, found.pause) == (95, 180.0)


async def test_the_network_says_what_a_token_is() -> None:
    async with connected() as (sim, graph):
        sim.expires_at = clock.seconds_from_now(86_400)
        state = await read_token(graph, sim.token, sim.app_id, sim.app_secret)
        assert (state.profile, state.kind) == (PAGE, "PAGE")
        assert state.scopes == {"pages_read_engagement", "pages_manage_metadata"}
        assert state.holds_until is not None
        for token, app in (("other", sim.app_id), (sim.token, "7002")):
            with pytest.raises(AuthFailed):
                await read_token(graph, token, app, sim.app_secret)


def test_the_network_itself_is_asked_with_encryption() -> None:
    assert SERVER.startswith("https://")
