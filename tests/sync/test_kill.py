"""A desk that is killed at any instant, or whose disk fails at any write, loses nothing it promised."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import message
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from tests.helpers.desk_keys import keys
from tests.helpers.faults import FULL
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.failing_disk import FailingDisk
from tests.sync.world import Site, World

KILLS = 100 if FULL else 8
ROOT = Path(__file__).parents[2]


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_a_killed_desk_keeps_what_it_promised(migrated_sqlite_url: str, tmp_path: Path) -> None:
    rng = random.Random(4)
    world = await World.start(migrated_sqlite_url)
    site = Site(world)
    await site.start()
    await world.add_user("ada")
    conversation_id = await world.mail()
    folder = tmp_path / "desk"
    notes: list[str] = []
    draft = ""
    for _ in range(KILLS):
        lines = await _work_and_die(folder, site.url, conversation_id, rng.random() * 0.6)
        notes += [line.split(" ", 2)[2] for line in lines if line.startswith("note ")]
        drafts = [line for line in lines if line.startswith("draft ")]
        draft = drafts[-1] if drafts else draft
    assert notes  # it did work in between

    desk = LocalDesk(folder, site.url, "ada", keys=keys())
    await desk.start()
    await until(lambda: desk.status.link is Link.SYNCED and desk.status.waiting == 0, 60)
    kept = await desk.draft(conversation_id, "reply")
    async with world.db.read() as conn:
        arrived = Counter(await conn.scalars(select(message.c.text).where(message.c.kind == "note")))
    assert max(arrived.values()) == 1
    assert set(notes) <= set(arrived)
    assert kept is not None
    assert kept.text >= draft  # the ids in the texts grow with time
    await desk.close()
    await site.stop()
    await world.close()


async def _work_and_die(folder: Path, url: str, conversation_id: UUID, after: float) -> list[str]:
    """Run the victim, kill it some time after it is ready; returns what it had promised."""
    arguments = ["-m", "tests.sync.victim", str(folder), url, "ada", str(conversation_id)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"ready"
    await asyncio.sleep(after)
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    return rest.decode().rpartition("\n")[0].splitlines()  # a half-written line promises nothing


async def test_a_command_is_kept_or_refused_but_never_half(world: World, new_desk: NewDesk) -> None:
    """``do`` under a failing disk: either it raises and nothing is kept, or the command will arrive."""
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await new_desk("ada")
    await desk.connect()
    await until(desk.synced.is_set)
    await desk.disconnect()
    disk = FailingDisk(desk)
    promised: set[str] = set()
    for number in range(1, 50):
        note = AddNote(message_id=new_id(), conversation_id=conversation_id, text=f"note {number}")
        disk.arm(number)
        try:
            await desk.workbench.do(note, None)
            promised.add(note.text)
        except DatabaseError:
            pass
        disk.disarm()
        if not disk.failed:
            break
    await desk.reopen()
    await desk.connect()
    await until(lambda: desk.synced.is_set() and desk.workbench.unsent() == 0)
    async with world.db.read() as conn:
        arrived = set(await conn.scalars(select(message.c.text).where(message.c.kind == "note")))
    assert arrived == promised
