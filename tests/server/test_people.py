"""Sending people away: their desks leave within seconds, and do not come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.helpers.program import Programs
from tests.helpers.until import until

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.domain.team import Role
from agentdesk.server import people
from agentdesk.server.admin import add_user
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in

WORD = "correct horse"


@pytest.mark.parametrize("verb", [("user", "deactivate"), ("session", "end")])
async def test_a_connected_desk_is_sent_away(
    programs: Programs, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str]
) -> None:
    monkeypatch.setenv("AGENTDESK_HOME", str(tmp_path / "home"))
    db = Database(migrated_url)
    await add_user(db, "bo@desk.test", "Bo", Role.AGENT, WORD)
    await add_user(db, "cy@desk.test", "Cy", Role.AGENT, WORD)
    arguments = ("--database", migrated_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    address = await programs.start("server", *arguments).ready()
    desks = []
    for name in ("bo", "cy"):
        token = await sign_in(address, f"{name}@desk.test", WORD)
        desks.append(LocalDesk(tmp_path / name, address, token))
        await desks[-1].start()
    bo, cy = desks
    try:
        await until(lambda: all(one.status.link is Link.SYNCED for one in desks))
        admin = ("admin", "--database", migrated_url)
        listed = await asyncio.to_thread(programs.run, *admin, "session", "list")
        assert [line.split("\t")[0] for line in listed.splitlines()] == ["bo@desk.test", "cy@desk.test"]
        said = await asyncio.to_thread(programs.run, *admin, *verb, "bo@desk.test")
        assert "1 sign-in has ended." in said
        await until(lambda: bo.status.link is Link.SIGN_IN, timeout=30)
        await until(lambda: cy.status.link is Link.SYNCED)
        if verb[0] == "user":
            with pytest.raises(AgentDeskError):
                await sign_in(address, "bo@desk.test", WORD)
            await asyncio.to_thread(programs.run, *admin, "user", "activate", "bo@desk.test")
        assert await sign_in(address, "bo@desk.test", WORD)
    finally:
        for one in desks:
            await one.close()
        await db.close()


async def test_the_last_administrator_stays(migrated_url: str) -> None:
    db = Database(migrated_url)
    await add_user(db, "ana@desk.test", "Ana", Role.ADMIN, WORD)
    with pytest.raises(Invalid):
        await people.set_active(db, "ana@desk.test", False)
    await add_user(db, "bea@desk.test", "Bea", Role.ADMIN, WORD)
    assert await people.set_active(db, "ana@desk.test", False) == 0
    with pytest.raises(Invalid):
        await people.set_active(db, "bea@desk.test", False)
    with pytest.raises(Invalid):
        await people.end_sign_ins(db, "nobody@desk.test")
    await db.close()
