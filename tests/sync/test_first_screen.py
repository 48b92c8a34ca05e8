"""The screen that a start shows at once: what is kept of it, for whom, and how the real desk takes over."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest

from agentdesk.queries.rows import View
from agentdesk.sync import first_screen
from agentdesk.sync.desk import Changes, Draft, Link
from agentdesk.sync.early_desk import EarlyDesk
from agentdesk.sync.first_screen import FIRST_VIEW, FirstScreen, FirstScreenFile, ScreenKeeper
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until

WHOSE = "team https://desk.example jonas@larkfield.example"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


@pytest.fixture
def file(tmp_path: Path) -> FirstScreenFile:
    return FirstScreenFile(tmp_path / "screen", WHOSE)


async def _kept(desk: FakeDesk, file: FirstScreenFile) -> FirstScreen:
    await ScreenKeeper(file, desk).close()
    screen = file.read()
    assert screen is not None
    return screen


# --- the file ---


async def test_what_was_shown_is_kept_for_the_next_start(desk: FakeDesk, file: FirstScreenFile) -> None:
    conversation_id = desk.find(4417)
    await desk.save_draft(Draft(conversation_id=conversation_id, mode="reply", text="Secret words"))
    screen = await _kept(desk, file)
    assert list(screen.ids) == await desk.queue_ids(FIRST_VIEW)
    assert list(screen.rows) == await desk.queue_rows(screen.ids)
    assert (screen.counts, list(screen.accounts)) == (await desk.counts(), await desk.accounts())
    assert (screen.me, screen.drafts) == (desk.me, (conversation_id,))


async def test_the_sections_of_the_list_are_kept(desk: FakeDesk, file: FirstScreenFile) -> None:
    view = msgspec.structs.replace(FIRST_VIEW, group="priority")
    await ScreenKeeper(file, desk, lambda: view).close()
    screen = file.read()
    assert screen is not None
    early = EarlyDesk(screen)
    ids, sections = await early.queue_sections(view)
    assert len(sections) > 1
    assert (ids, sections) == await desk.queue_sections(view)


async def test_a_long_list_is_kept_as_far_as_its_first_part_goes(
    desk: FakeDesk, file: FirstScreenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_screen, "_IDS", 3)
    monkeypatch.setattr(first_screen, "_ROWS", 2)
    view = msgspec.structs.replace(FIRST_VIEW, group="priority")
    await ScreenKeeper(file, desk, lambda: view).close()
    screen = file.read()
    assert screen is not None
    assert (len(screen.ids), len(screen.rows)) == (3, 2)
    assert sum(section.count for section in screen.sections) == 3


async def test_only_its_owner_can_read_it(desk: FakeDesk, file: FirstScreenFile, tmp_path: Path) -> None:
    await desk.save_draft(Draft(conversation_id=desk.find(4417), mode="reply", text="Secret words"))
    await _kept(desk, file)
    assert stat.S_IMODE((tmp_path / "screen").stat().st_mode) == 0o600
    assert b"Secret words" not in (tmp_path / "screen").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["screen"]


async def test_somebody_elses_is_not_shown(desk: FakeDesk, file: FirstScreenFile, tmp_path: Path) -> None:
    await _kept(desk, file)
    assert FirstScreenFile(tmp_path / "screen", "team https://desk.example noor@example").read() is None


@pytest.mark.parametrize("content", [b"", b"\xc1", b"{}", msgspec.msgpack.encode({"ids": ["no id"]})])
async def test_what_cannot_be_read_is_passed_over(
    file: FirstScreenFile, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "screen").write_bytes(content)
    assert file.read() is None


async def test_one_of_another_version_is_passed_over(
    desk: FakeDesk, file: FirstScreenFile, tmp_path: Path
) -> None:
    screen = await _kept(desk, file)
    newer = msgspec.structs.replace(screen, version=screen.version + 1)
    (tmp_path / "screen").write_bytes(msgspec.msgpack.encode(newer))
    assert file.read() is None


async def test_it_follows_what_changes(desk: FakeDesk, file: FirstScreenFile) -> None:
    keeper = ScreenKeeper(file, desk, pause_seconds=0.001)
    await until(lambda: file.read() is not None, what="it is kept before the end")
    desk.receive(desk.find(4417), "One more thing")
    await until(lambda: "One more thing" in str(file.read()), what="the new preview is kept")
    await keeper.close()


async def test_signing_out_forgets_it(desk: FakeDesk, file: FirstScreenFile, tmp_path: Path) -> None:
    await _kept(desk, file)
    keeper = ScreenKeeper(file, desk)
    await keeper.drop()
    assert list(tmp_path.iterdir()) == []


async def test_a_place_that_cannot_be_written_stops_nothing(desk: FakeDesk, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await ScreenKeeper(FirstScreenFile(tmp_path / "file" / "screen", WHOSE), desk).close()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- the desk before it is open ---


async def test_the_last_screen_is_there_at_once(desk: FakeDesk, file: FirstScreenFile) -> None:
    screen = await _kept(desk, file)
    early = EarlyDesk(screen)
    async with asyncio.timeout(5):
        ids = await early.queue_ids(FIRST_VIEW)
        assert ids == await desk.queue_ids(FIRST_VIEW)
        assert await early.queue_rows(ids[:3]) == await desk.queue_rows(ids[:3])
        assert await early.counts() == await desk.counts()
        assert await early.accounts() == await desk.accounts()
        assert await early.drafts() == []
    assert (early.me, early.status.link) == (desk.me, Link.CONNECTING)


async def test_what_it_does_not_know_waits_for_the_real_desk(desk: FakeDesk, file: FirstScreenFile) -> None:
    screen = await _kept(desk, file)
    early = EarlyDesk(screen)
    other, wanted = View(kind="unassigned", order="newest"), desk.find(4390)
    strange = (await desk.queue_ids(other))[:2]
    assert strange
    asked = [
        asyncio.ensure_future(early.queue_ids(other)),
        asyncio.ensure_future(early.conversation(wanted)),
        asyncio.ensure_future(early.queue_rows(strange)),
    ]
    await asyncio.sleep(0)
    assert not any(task.done() for task in asked)
    early.become(desk)
    assert await asked[0] == await desk.queue_ids(other)
    assert await asked[1] == await desk.conversation(wanted)
    assert await asked[2] == await desk.queue_rows(strange)


async def test_listeners_hear_that_everything_may_be_new_and_then_of_changes(desk: FakeDesk) -> None:
    early = EarlyDesk(None)
    heard: list[Changes] = []
    links: list[Link] = []
    unsubscribe = early.subscribe(heard.append)
    early.subscribe_status(lambda status: links.append(status.link))
    early.become(desk)
    await until(lambda: heard == [{}] and links == [Link.SYNCED], what="they hear of the real desk")
    desk.emit(user=set())
    await until(lambda: len(heard) == 2, what="they hear of a change")
    unsubscribe()
    desk.set_link(Link.OFFLINE)
    desk.emit(user=set())
    await until(lambda: links == [Link.SYNCED, Link.OFFLINE], what="they hear of the connection")
    assert len(heard) == 2


async def test_nobody_waits_for_a_desk_that_does_not_come(desk: FakeDesk) -> None:
    early = EarlyDesk(None)
    asked = asyncio.ensure_future(early.counts())
    await asyncio.sleep(0)
    early.give_up()
    with pytest.raises(asyncio.CancelledError):
        await asked
    early.become(desk)  # it was on its way when the window was closed
    assert early.status.link is Link.CONNECTING
