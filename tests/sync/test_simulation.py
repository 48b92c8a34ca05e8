"""Random histories on both sides over a network that delays, doubles and cuts.

At the end every desk shows what the server shows; after every step what its agent did is there once, and
nothing lacks what it belongs to. The seed of a failing history is in the message of the failure;
``AGENTDESK_SEED`` says from which seed on to play.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy import text

from agentdesk.base import clock
from agentdesk.domain.team import Role
from agentdesk.store.tables import inbox_member
from agentdesk.sync import endpoint
from tests.helpers.faults import FULL
from tests.sync.history import History, RolledBack
from tests.sync.world import World

HISTORIES = 200 if FULL else 3
FIRST = int(os.environ.get("AGENTDESK_SEED", "0"))

Count = Callable[[str, object], None]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


async def _prepare(world: World) -> None:
    """Three inboxes, two supervisors and an agent."""
    await world.add_user("ada")
    await world.add_user("bob")
    cat = await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    world.places = [(world.inbox_id, world.account_id)]
    world.places += [await world.add_inbox(name) for name in ("Sales", "Returns")]
    member = {"id": world.membership, "inbox_id": world.places[1][0], "user_id": cat}
    await world.write(lambda unit: unit.insert(inbox_member, [member]))


def _only_poison(error: BaseException, _where: str) -> None:
    assert str(error) == "poisoned", error


async def _play(
    servers: list[World],
    folder: Path,
    seeds: range,
    monkeypatch: pytest.MonkeyPatch,
    count: Count,
    kind: type[History] = History,
    beside: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
) -> None:
    await _prepare(servers[0])
    for server in servers:
        server.plain, server.actors = server.executor, servers[0].actors
    injected: Counter[str] = Counter()
    slowest = 0.0
    monkeypatch.setattr(endpoint, "report_error", _only_poison)
    for seed in seeds:
        history = kind(servers, folder, seed)
        try:
            with monkeypatch.context() as patched:  # which lets the history go at its end
                patched.setattr(clock, "now", history.now)
                async with beside():
                    await history.run()
        except AssertionError as error:
            raise AssertionError(f"history {seed}: {error}") from error
        finally:
            injected += history.injected
            slowest = max(slowest, history.rested)
            told = f"histories {seeds.start} to {seed}: {dict(injected)}; longest way to rest {slowest:.1f} s"
            count("counted", told)


async def test_desks_and_server_agree_after_random_histories(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Count
) -> None:
    await _play([world], tmp_path, range(FIRST, FIRST + HISTORIES), monkeypatch, record_property)


async def test_a_database_that_is_rolled_back_loses_nothing_of_the_desks(
    migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Count
) -> None:
    """With and without the step that adopts the older copy."""
    world = await World.start(migrated_sqlite_url)
    seeds = range(FIRST + 2000, FIRST + 2000 + HISTORIES)
    try:
        await _play([world], tmp_path, seeds, monkeypatch, record_property, RolledBack)
    finally:
        await world.close()


@pytest.mark.postgres
async def test_several_servers_beside_an_open_transaction(
    migrated_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Count
) -> None:
    """Nobody's open transaction delays or doubles anything, whichever server a desk talks to."""
    servers = [await World.start(migrated_postgres_url)]
    servers += [await World.start(migrated_postgres_url, begin=False) for _ in range(2)]
    seeds = range(FIRST + 1000, FIRST + 1000 + HISTORIES)

    @asynccontextmanager
    async def open_transaction() -> AsyncIterator[None]:
        async with servers[0].db.write() as conn:
            await conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            assert await conn.scalar(text("SELECT pg_current_xact_id()::text::bigint")) > 0
            yield

    try:
        await _play(servers, tmp_path, seeds, monkeypatch, record_property, beside=open_transaction)
    finally:
        for server in servers:
            await server.close()
