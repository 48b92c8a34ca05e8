"""Sending people away, and what they may do: their desks know within seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.program import Programs
from tests.helpers.until import until

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import Assign, SaveTemplate, SetStatus
from agentdesk.domain.authority import Permission
from agentdesk.domain.team import Role
from agentdesk.server import members, people
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


async def test_one_sign_in_ends_and_the_others_go_on(
    programs: Programs, migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDESK_HOME", str(tmp_path / "home"))
    db = Database(migrated_sqlite_url)
    await add_user(db, "bo@desk.test", "Bo", Role.AGENT, WORD)
    arguments = (
        "--database",
        migrated_sqlite_url,
        "--data",
        str(tmp_path / "data"),
        "--listen",
        "127.0.0.1:0",
    )
    address = await programs.start("server", *arguments).ready()
    desks: list[LocalDesk] = []
    try:
        for name in ("lost", "kept"):
            desks.append(LocalDesk(tmp_path / name, address, await sign_in(address, "bo@desk.test", WORD)))
            await desks[-1].start()
        lost, kept = desks
        await until(lambda: all(one.status.link is Link.SYNCED for one in desks))
        first = min(await people.list_sign_ins(db), key=lambda one: one.since)
        end = ("admin", "--database", migrated_sqlite_url, "session", "end", str(first.id))
        assert "1 sign-in has ended." in await asyncio.to_thread(programs.run, *end)
        await until(lambda: lost.status.link is Link.SIGN_IN, timeout=30)
        assert len(await people.list_sign_ins(db)) == 1
        with pytest.raises(Invalid):
            await people.end_sign_in(db, first.id)
        kept.retry_now()
        await until(lambda: kept.status.link is Link.SYNCED)
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


async def test_what_a_person_may_reaches_the_desk(
    programs: Programs, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDESK_HOME", str(tmp_path / "home"))
    db = Database(migrated_url)
    await add_user(db, "bo@desk.test", "Bo", Role.AGENT, WORD)
    await db.close()
    arguments = ("--database", migrated_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    address = await programs.start("server", *arguments).ready()
    desk = LocalDesk(tmp_path / "bo", address, await sign_in(address, "bo@desk.test", WORD))
    await desk.start()
    saving = SaveTemplate(template_id=new_id(), name="Hi", shortcut="hi", language="en", body="Hello!")
    admin = ("admin", "--database", migrated_url, "user")
    try:
        await until(lambda: desk.me is not None)
        with pytest.raises(Refusal) as refused:
            await desk.do(saving)
        assert refused.value.code == "not_allowed"
        said = await asyncio.to_thread(programs.run, *admin, "permit", "bo@desk.test", "edit_templates")
        assert "edit_templates" in said
        await until(lambda: desk.me is not None and desk.me.may(Permission.EDIT_TEMPLATES))
        await desk.do(saving)
        await until(lambda: desk.status.waiting == 0)
        assert [row.name for row in await desk.templates()] == ["Hi"]
        await asyncio.to_thread(programs.run, *admin, "deny", "bo@desk.test", "edit_contacts")
        await until(lambda: desk.me is not None and not desk.me.may(Permission.EDIT_CONTACTS))
        listed = await asyncio.to_thread(programs.run, *admin, "list")
        assert listed.split()[:5] == ["bo@desk.test", "Bo", "agent", "active", "-"]
        assert listed.split()[5] == "assign_others,block,edit_templates,history,merge"
    finally:
        await desk.close()


async def test_what_is_left_with_somebody_who_does_not_see_it_is_counted(world: FakeWorld) -> None:
    core, who = await world.started(), "maria@desk.example"
    for text in ("one", "two"):
        world.service.put(raw_mail("zoe@customer.example", text=text, subject=text))
    await world.settled(2)
    for row in await world.conversations():
        given = Assign(conversation_id=row.id, assignee_id=world.user_id)
        assert (await world.do(core, given)).outcome == "done"
    done = SetStatus(conversation_id=row.id, status="resolved")
    assert (await world.do(core, done)).outcome == "done"
    assert await people.count_assigned(world.db, who) == 1
    assert await members.open_to_everyone(world.db, "Support", False) == 1
    await members.join(world.db, "Support", who)
    assert await members.open_to_everyone(world.db, "Support", False) == 0
    assert await members.leave(world.db, "Support", who) == 1
    assert await members.open_to_everyone(world.db, "Support", True) == 0
    await people.set_active(world.db, who, False)
    assert await members.open_to_everyone(world.db, "Support", True) == 1
