"""The two halves of a desk's key, and the lease of one: how long it opens anything, and what ends it."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.sync import key_lease
from agentdesk.sync.desk_key import DeskKeys, DeviceKey, Lease, LeaseFile
from agentdesk.sync.key_lease import Granted, KeyKeeper, LeaseOver, SignedOut, lease_from
from tests.helpers.desk_keys import DEVICE, SERVER_HALF, files_with
from tests.helpers.until import until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = 7 * 86_400
LEASE = Lease(SERVER_HALF, NOW + timedelta(days=7), NOW)


def test_each_half_and_each_purpose_makes_another_key() -> None:
    def all_of(keys: DeskKeys) -> set[bytes]:
        return {keys.replica, keys.outbox, keys.files, keys.screen}

    one = all_of(DeskKeys(DEVICE, SERVER_HALF))
    others = all_of(DeskKeys(DEVICE, bytes(32))) | all_of(DeskKeys(DeviceKey.make(DEVICE.id), SERVER_HALF))
    assert len(one) == 4
    assert all(len(key) == 32 for key in one)
    assert not one & others
    assert all_of(DeskKeys(DEVICE, SERVER_HALF)) == one


def test_a_device_key_is_kept_as_text() -> None:
    key = DeviceKey.make(new_id())
    assert DeviceKey.parse(key.text) == key
    assert key.half.hex() not in repr(key)
    for damaged in ("", key.text[:-2], "x" * 96):
        with pytest.raises(ValueError, match=r".*"):
            DeviceKey.parse(damaged)


def test_a_lease_is_sealed_with_the_other_half(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    LeaseFile(path, DEVICE).write(LEASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SERVER_HALF not in path.read_bytes()
    assert files_with(tmp_path, SERVER_HALF.hex()) == {}
    assert LeaseFile(path, DEVICE).read(NOW) == LEASE
    assert LeaseFile(path, DeviceKey.make(DEVICE.id)).read(NOW) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert LeaseFile(path, DEVICE).read(NOW) is None


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (NOW, True),
        (NOW + timedelta(days=7, seconds=-1), True),
        (NOW + timedelta(days=7), False),
        (NOW - timedelta(minutes=5), True),  # a clock that was put right
        (NOW - timedelta(hours=1), False),  # one that was set back
        (datetime(1970, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_lease_that_does_not_hold_is_forgotten(tmp_path: Path, at: datetime, holds: bool) -> None:
    file = LeaseFile(tmp_path / "lease", DEVICE)
    file.write(LEASE)
    assert (file.read(at) is not None) is holds
    assert (tmp_path / "lease").exists() is holds
    assert (file.read(NOW) is not None) is holds


class Desk:
    """A keeper at work, with a clock and a server that the test turns."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        self.passed = 0.0
        self.answer: Callable[[], Granted] = self.unreachable
        self.asked: list[bytes] = []
        self.over: list[AgentDeskError] = []
        self.file = LeaseFile(folder / "lease", DEVICE)
        self.file.write(LEASE)
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(key_lease, "_LOOK_SECONDS", 0.001)
        monkeypatch.setattr(KeyKeeper, "_loop_time", staticmethod(lambda: self.passed))

    async def ask(self, half: bytes) -> Granted:
        self.asked.append(half)
        return self.answer()

    def granted(self) -> Granted:
        return Granted(SERVER_HALF, WEEK)

    def unreachable(self) -> Granted:
        raise LeaseOver

    def signed_out(self) -> Granted:
        raise SignedOut

    def begin(self) -> asyncio.Task[None]:
        keeper = KeyKeeper(self.file, LEASE, self.ask, self.over.append)
        return asyncio.create_task(keeper.keep())

    async def looks(self, times: int = 3) -> None:
        """Wait until it has asked some times more."""
        wanted = len(self.asked) + times
        await until(lambda: len(self.asked) >= wanted)

    def lease(self) -> Lease | None:
        return self.file.read(self.now)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_is_renewed_while_the_server_answers(desk: Desk) -> None:
    desk.answer = desk.granted
    task = desk.begin()
    for day in range(1, 30):
        desk.now, desk.passed = NOW + timedelta(days=day), day * 86_400.0
        await until(lambda: (lease := desk.lease()) is not None and lease.seen_at == desk.now)
        assert desk.lease() == lease_from(desk.granted(), desk.now)
    assert set(desk.asked) == {SERVER_HALF}
    assert desk.over == []
    await _ended(task)


async def test_it_is_over_when_the_server_was_not_reached_in_time(desk: Desk) -> None:
    task = desk.begin()
    desk.now, desk.passed = NOW + timedelta(days=6), 6 * 86_400.0
    await desk.looks()
    await until(lambda: (lease := desk.lease()) is not None and lease.seen_at == desk.now)
    assert desk.over == []
    desk.now, desk.passed = NOW + timedelta(days=7), 7 * 86_400.0
    await task
    assert [type(one) for one in desk.over] == [LeaseOver]
    assert not desk.file._path.exists()


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=365)])
async def test_setting_the_clock_back_ends_it(desk: Desk, back: timedelta) -> None:
    task = desk.begin()
    await desk.looks()
    desk.now = NOW - back
    await task
    assert [type(one) for one in desk.over] == [LeaseOver]
    assert desk.lease() is None


async def test_a_clock_that_stands_still_does_not_prolong_it(desk: Desk) -> None:
    task = desk.begin()
    desk.passed = 6.9 * 86_400
    await desk.looks()
    assert desk.over == []
    desk.passed = 7 * 86_400.0
    await task
    assert [type(one) for one in desk.over] == [LeaseOver]


async def test_who_is_signed_out_loses_it_at_once(desk: Desk) -> None:
    desk.answer = desk.signed_out
    await desk.begin()
    assert [type(one) for one in desk.over] == [SignedOut]
    assert not desk.file._path.exists()


async def test_a_server_with_another_half_does_not_take_ours_away(desk: Desk) -> None:
    desk.answer = lambda: Granted(bytes(32), WEEK)
    task = desk.begin()
    desk.now = NOW + timedelta(days=1)
    await until(lambda: (lease := desk.lease()) is not None and lease.seen_at == desk.now)
    lease = desk.lease()
    assert lease is not None
    assert lease.half == SERVER_HALF
    await _ended(task)
