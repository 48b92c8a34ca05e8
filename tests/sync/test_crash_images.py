"""A desk killed at any of its writes goes on from what lies on the disk: nothing lost, doubled or left over.

A kill ends the program between two instructions, and the system keeps what was written until then. So the
desk's files (databases and WAL; the shared memory is made anew) are copied before each write that finds them
changed, and a desk is started from each copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agentdesk.store.tables import message
from agentdesk.sync import exchange, fill
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.failing_disk import FailingDisk, FailingOutbox
from tests.sync.test_nth_write import Case
from tests.sync.world import SimDesk, World

Count = Callable[[str, object], None]

pytestmark = [
    pytest.mark.faults,
    pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True),
]


class CrashImages:
    """Copies of the files of ``desk`` in folders below ``folder``."""

    def __init__(self, desk: SimDesk, folder: Path) -> None:
        self._desk = desk
        self._folder = folder
        self._last: object = None
        self.folders: list[Path] = []
        _SeenDisk(desk, self.take)
        _SeenOutbox(desk, self.take)

    def take(self) -> None:
        """Copy the files, where they are others than at the last copy."""
        files = [path for path in sorted(self._desk.folder.glob("*.sqlite*")) if path.suffix[-4:] != "-shm"]
        now = [(path, hash(path.read_bytes())) for path in files]
        if now == self._last:
            return
        self._last = now
        image = self._folder / str(len(self.folders))
        image.mkdir(parents=True)
        for path in files:
            shutil.copy(path, image)
        self.folders.append(image)


class _SeenDisk(FailingDisk):
    def __init__(self, desk: SimDesk, seen: Callable[[], None]) -> None:
        self._seen = seen
        super().__init__(desk)

    def count(self, *_: Any) -> None:
        self._seen()


class _SeenOutbox(FailingOutbox):
    def __init__(self, desk: SimDesk, seen: Callable[[], None]) -> None:
        self._seen = seen
        super().__init__(desk)

    def count(self, *_: Any) -> None:
        self._seen()


@pytest.mark.parametrize("what", ["first fill", "fill", "own echo", "revoke", "grant"])
async def test_a_desk_killed_at_any_write_goes_on(
    world: World,
    new_desk: NewDesk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Count,
    what: str,
) -> None:
    for module, name in ((fill, "_FIRST_PAGE"), (fill, "_PAGE"), (exchange, "_GATHERED_ROWS")):
        monkeypatch.setattr(module, name, 1)
    desk = await new_desk("ada")
    case = Case(world, desk)
    await case.begin()
    await world.mail("one more")
    if what != "first fill":
        await _in_step(desk)
        await desk.disconnect()
        await _happens(case, what)
    images = CrashImages(desk, tmp_path / "images")
    await _in_step(desk)
    images.take()
    await desk.disconnect()
    for folder in images.folders:
        await _goes_on(world, SimDesk(world, folder, "ada"), what)
    assert len(images.folders) >= 2  # before and after: a revoked inbox is one transaction
    record_property("counted", f"{what}: {len(images.folders)} kills")


async def _happens(case: Case, what: str) -> None:
    if what == "fill":
        await case.fill(0)
    elif what == "own echo":
        await case.batch(0)
    else:
        await case.scope(1)
    if what == "grant":
        await _in_step(case.desk)
        await case.desk.disconnect()
        await case.scope(2)


async def _in_step(desk: SimDesk) -> None:
    await desk.connect()
    await until(lambda: desk.synced.is_set() and desk.workbench.unsent() == 0)


async def _goes_on(world: World, desk: SimDesk, what: str) -> None:
    await desk.open()
    try:
        assert what != "own echo" or await _shown(desk, "note 0") == 1  # at once, and once
        await _in_step(desk)
        assert await differences(world, desk) == []
        assert what != "own echo" or await _shown(desk, "note 0") == 1
    finally:
        await desk.close()


async def _shown(desk: SimDesk, text: str) -> int:
    async with desk.replica.read() as conn:
        return list(await conn.scalars(select(message.c.text))).count(text)
