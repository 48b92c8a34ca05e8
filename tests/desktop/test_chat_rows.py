"""Live chats in the list: how long a visitor waits, whether they are still there, and the way to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation, settled
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.base import clock
from agentdesk.desktop.delegates.chat_chips import waiting_chip
from agentdesk.desktop.delegates.queue_rows import chips_of
from agentdesk.desktop.locale import wait_text
from agentdesk.desktop.models.queue import VISITOR_ROLE, spoken
from agentdesk.desktop.views import queue_clock
from agentdesk.desktop.workspace import Workspace
from agentdesk.domain.chat import Pace, pace
from agentdesk.queries.rows import QueueRow
from agentdesk.sync.desk import Link
from agentdesk.sync.presence import Other

ANA, TOM = 4417, 4390
NOW = datetime(2026, 11, 25, 10, 35, tzinfo=UTC)


@pytest.fixture
def desk() -> FakeDesk:
    """Ana's conversation is a chat, she has waited for an answer for half a minute."""
    made = FakeDesk.sample()
    make_chat(made, ANA, waiting_since=made.world.now - timedelta(seconds=30))
    return made


async def _row(desk: FakeDesk, number: int, **values: object) -> QueueRow:
    (row,) = await desk.queue_rows([desk.find(number)])
    return msgspec.structs.replace(row, **values)


@pytest.mark.parametrize(
    ("seconds", "words", "kind"),
    [
        (0, "0s", "outline"),
        (42, "42s", "outline"),
        (89, "1m 29s", "outline"),
        (90, "1m 30s", "warn"),
        (119, "1m 59s", "warn"),
        (120, "2m", "bad"),
        (7_300, "2h", "bad"),
        (-3, "0s", "outline"),
    ],
)
async def test_a_wait_counts_and_shows_how_it_stands(
    desk: FakeDesk, seconds: int, words: str, kind: str
) -> None:
    row = await _row(desk, ANA, waiting_since=NOW - timedelta(seconds=seconds))
    chip = waiting_chip(row, NOW)
    assert chip is not None
    assert (chip.words(), chip.kind) == (words, kind)
    mail = msgspec.structs.replace(row, channel="email")
    other = waiting_chip(mail, NOW)
    assert other is not None
    assert other.kind == "outline", "mail has all day"
    answered = msgspec.structs.replace(row, waiting_since=None)
    assert waiting_chip(answered, NOW) is None


def test_a_quarter_of_the_time_is_soon() -> None:
    assert [pace(timedelta(seconds=one)) for one in (0, 89.9, 90, 119.9, 120)] == [
        Pace.ON_TRACK,
        Pace.ON_TRACK,
        Pace.DUE_SOON,
        Pace.DUE_SOON,
        Pace.MISSED,
    ]
    assert wait_text(NOW - timedelta(seconds=61), NOW) == "1m 01s"


async def test_a_row_says_whether_the_visitor_is_there(desk: FakeDesk, tmp_path: Path) -> None:
    here = desk.find(ANA)
    contact_id = desk.world.conversations[here].contact_id
    async with main_window(desk, tmp_path, kind="all") as panes:
        model = panes.queue.model

        def told(number: int = ANA) -> object:
            position = model.position(desk.find(number))
            assert position is not None
            return model.data(model.index(position, 0), VISITOR_ROLE)

        assert told() is False
        assert told(TOM) is None, "no chat"
        desk.colleagues(here, Other(contact_id))
        assert told() is True
        row = await _row(desk, ANA)
        assert "on the page" in spoken(row, visitor=True)
        assert "left the page" in spoken(row, visitor=False)
        shown = [chip.words() for chip in chips_of(row, NOW, has_draft=False, visitor=True)]
        assert "On the page" in shown
        desk.set_link(Link.OFFLINE)
        assert told() is None, "nobody knows"
        desk.set_link(Link.SYNCED)
        for age, said in ((11, False), (0, None)):  # one who has just written is not called gone
            make_chat(desk, TOM, waiting_since=clock.now() - timedelta(seconds=age))
            desk.emit(conversation={desk.find(TOM)})
            await until(lambda said=said: told(TOM) is said)


async def test_the_head_says_whether_the_visitor_is_there(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    contact_id = desk.world.conversations[here].contact_id
    async with conversation(ANA, desk) as view:
        chip = view.head.visitor
        assert (chip.isVisible(), chip.accessibleName()) == (True, "Left the page")
        desk.colleagues(here, Other(contact_id))
        assert chip.accessibleName() == "On the page"
        assert view.presence.line.text() == "", "who only looks does not type"
        assert view.head.others.isHidden(), "and is no colleague"
        desk.set_link(Link.OFFLINE)
        await until(lambda: not chip.isVisible())
        desk.set_link(Link.SYNCED)
        await view.open(desk.find(TOM))
        await until(lambda: not chip.isVisible())


class _Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


async def test_only_rows_that_count_are_painted_again(
    desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = _Clock()
    monkeypatch.setattr(queue_clock, "clock", time)
    make_chat(desk, ANA, waiting_since=NOW)
    async with main_window(desk, tmp_path, kind="all") as panes:
        ticking = panes.queue.clock
        ticking._timer.blockSignals(True)  # this test says when
        ticking.follow()
        assert ticking.interval == 1_000
        painted = _painted(panes, monkeypatch)
        time.at += timedelta(seconds=30)
        ticking.tick()
        assert painted == ["all"], "twice a minute all of them"
        time.at += timedelta(seconds=1)
        ticking.tick()
        place = panes.queue.model.position(desk.find(ANA))
        assert place is not None
        assert painted == ["all", panes.queue.table.visualRect(panes.queue.model.index(place, 0))]
        time.at += timedelta(seconds=120)
        ticking.tick()
        assert ticking.interval == 30_000, "minutes need no seconds"


def _painted(panes: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is asked to be painted from now on."""
    found: list[object] = []
    view = panes.queue.table.viewport()
    monkeypatch.setattr(view, "update", lambda *rect: found.append(rect[0] if rect else "all"))
    return found


async def test_a_key_leads_to_the_chat_that_waits_longest(desk: FakeDesk, tmp_path: Path) -> None:
    me = desk.me
    assert me is not None
    make_chat(desk, ANA, assignee_id=me.id, waiting_since=desk.world.now - timedelta(minutes=1))
    make_chat(desk, TOM, assignee_id=None, waiting_since=desk.world.now - timedelta(minutes=9))
    async with main_window(desk, tmp_path) as panes:
        order: Sequence[int] = (ANA, TOM, ANA)
        for number in order:
            press(panes, Qt.Key.Key_W)
            await opened_anywhere(panes, number, desk)
        press(panes.conversation.composer.box.text, Qt.Key.Key_PageDown, _WRITING)
        await opened_anywhere(panes, TOM, desk)


async def opened_anywhere(panes: Workspace, number: int, desk: FakeDesk) -> None:
    """Wait for a conversation, whether or not it is in the list."""
    wanted = desk.find(number)
    await until(lambda: panes.conversation.composer.conversation_id == wanted, what=f"{number} is open")
    await settled()


_WRITING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def test_no_chat_waits(desk: FakeDesk, tmp_path: Path) -> None:
    me = desk.me
    assert me is not None
    make_chat(desk, ANA, assignee_id=me.id)
    async with main_window(desk, tmp_path) as panes:
        press(panes, Qt.Key.Key_W)
        await opened(panes, ANA, desk)
        said: list[str] = []
        panes.late.next_one.said.connect(lambda text: said.append(text.text))
        press(panes, Qt.Key.Key_W)
        await until(lambda: said == ["No other chat is waiting."])
        make_chat(desk, ANA, assignee_id=me.id, waiting_since=None)
        desk.emit(conversation={desk.find(ANA)})
        await list_loaded(panes, desk)
        press(panes, Qt.Key.Key_W)
        await until(lambda: said[-1] == "No chat is waiting.")
