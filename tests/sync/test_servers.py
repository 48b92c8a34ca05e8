"""A desk that goes to another server of its team."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentdesk.server.roster import Roster
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.servers import Route, ServersFile
from tests.helpers.until import until
from tests.sync.world import Site, World

A, B, C = "https://a.example", "https://b.example", "https://c.example"


@pytest.fixture
async def sites(world: World) -> AsyncIterator[list[Site]]:
    """Two servers on one database, each of which names both."""
    await world.add_user("ada")
    made = [Site(world), Site(world)]
    for site in made:
        await site.start()
    for site in made:
        site.servers.set(site.url for site in made)
    yield made
    for site in made:
        await site.stop()


def ways(route: Route, turns: int) -> list[str]:
    """Where a desk comes to that finds nobody."""
    found = []
    for _ in range(turns):
        again = route.turn()
        found.append(f"{route.now}".rstrip("/") + (" again" if again else ""))
    return found


def test_a_desk_tries_all_addresses_before_it_waits() -> None:
    route = Route(A)
    route.learn([A, B])
    assert route.has_others
    assert ways(route, 4) == [B, f"{A} again", B, f"{A} again"]
    route.turn()
    route.arrived()
    assert ways(route, 2) == [A, f"{B} again"]


def test_the_desks_of_a_server_that_ended_scatter() -> None:
    firsts = set()
    for _ in range(60):
        route = Route(A)
        route.learn([A, B, C])
        firsts.add(ways(route, 1)[0])
    assert firsts == {B, C}


def test_a_desk_whose_server_is_not_named_any_more_finds_back() -> None:
    route = Route(A)
    route.learn([A, B, C])
    route.turn()
    route.arrived()
    route.learn([A])
    assert ways(route, 1) == [A]


@pytest.mark.parametrize("named", ["http://b.example", "ftp://b.example", "nonsense", ""])
def test_a_session_never_goes_to_an_address_that_is_less_safe(named: str) -> None:
    route = Route(A)
    route.learn([named])
    assert not route.has_others


def test_kept_addresses_belong_to_the_server_that_told_them(tmp_path: Path) -> None:
    file = ServersFile(tmp_path, A)
    assert file.read() == ()
    file.write((A, B))
    assert file.read() == (A, B)
    assert ServersFile(tmp_path, C).read() == ()
    (tmp_path / "servers").write_bytes(b"\xff")
    assert file.read() == ()
    (tmp_path / "servers").unlink()
    (tmp_path / "servers").mkdir()
    file.write((A, B))
    assert file.read() == ()


async def test_servers_know_of_each_other_until_one_goes(migrated_url: str) -> None:
    db = Database(migrated_url)
    rosters = [Roster(db, url, f"holder:{url}", look_seconds=0.02) for url in (A, B)]
    unnamed = Roster(db, "", "holder:c", look_seconds=0.02)
    running = [_running(roster) for roster in (*rosters, unnamed)]
    await until(lambda: all(one.addresses.now == (A, B) for one in (*rosters, unnamed)))
    running[0].cancel()
    await until(lambda: unnamed.addresses.now == (B,))
    for task in running:
        task.cancel()
    await until(lambda: all(task.done() for task in running))
    await db.close()


def _running(roster: Roster) -> asyncio.Future[None]:
    return asyncio.ensure_future(roster.run())


async def test_a_desk_goes_to_another_server_when_its_own_closes(
    sites: list[Site], world: World, tmp_path: Path
) -> None:
    desk = LocalDesk(tmp_path / "desk", sites[0].url, "ada")
    await desk.start()
    await until(lambda: desk.status.link is Link.SYNCED and sites[0].endpoint.connected)
    await sites[0].stop()
    await until(lambda: sites[1].endpoint.connected == 1 and desk.status.link is Link.SYNCED)
    await sites[0].start()
    await sites[1].stop()
    await until(lambda: sites[0].endpoint.connected == 1 and desk.status.link is Link.SYNCED)
    await desk.close()


async def test_a_desk_that_starts_finds_the_servers_it_was_told_of(
    sites: list[Site], world: World, tmp_path: Path
) -> None:
    before = LocalDesk(tmp_path / "desk", sites[0].url, "ada")
    await before.start()
    kept = ServersFile(tmp_path / "desk", sites[0].url)
    await until(lambda: before.status.link is Link.SYNCED and kept.read())
    await before.close()
    await sites[0].stop()
    after = LocalDesk(tmp_path / "desk", sites[0].url, "ada")
    await after.start()
    await until(lambda: after.status.link is Link.SYNCED and sites[1].endpoint.connected == 1)
    await after.close()
