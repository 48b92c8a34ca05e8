"""Finding in the open conversation: twice Ctrl+F, what is counted, shown and marked, and leaving again."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened, press

from agentdesk.desktop.views.find_bar import FindBar
from agentdesk.desktop.views.messages.body import MessageBody
from agentdesk.desktop.widgets.pill import PillButton
from agentdesk.desktop.workspace import Workspace

ANA = 4417
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _bar(panes: Workspace) -> FindBar:
    return panes.late.finder.bar


def _marked(panes: Workspace, message_id: UUID) -> list[str]:
    card = panes.conversation.transcript.card(message_id)
    bodies = card.findChildren(MessageBody) if card is not None else []
    return [mark.cursor.selectedText() for body in bodies for mark in body.extraSelections()]


async def _open(panes: Workspace, desk: FakeDesk) -> FindBar:
    panes.open_conversation(desk.find(ANA))
    await opened(panes, ANA, desk)
    press(panes, Qt.Key.Key_F, CTRL)
    assert not _bar(panes).isVisible(), "the first time everything is searched"
    press(panes, Qt.Key.Key_F, CTRL)
    bar = _bar(panes)
    assert bar.isVisible()
    assert bar.field.hasFocus()
    return bar


async def test_words_are_found_counted_and_marked(desk: FakeDesk, tmp_path: Path) -> None:
    one = desk.find(ANA)
    many = [desk.receive(one, f"Message {number}: where is the desk? The DESK!") for number in range(120)]
    async with main_window(desk, tmp_path) as panes:
        bar = await _open(panes, desk)
        QTest.keyClicks(bar.field, "the desk")
        await until(lambda: bar.count_words().startswith("120 of 12"))
        transcript = panes.conversation.transcript
        await until(lambda: len(_marked(panes, many[-1].id)) == 2)
        assert _marked(panes, many[-1].id) == ["the desk", "The DESK"]
        press(panes, Qt.Key.Key_Return)
        total = int(bar.count_words().split()[-1])
        await until(lambda: bar.count_words() == f"1 of {total}")
        first = next(row for row in transcript.rows() if "the desk" in row.text.casefold())
        await until(lambda: bool(_marked(panes, first.id)), what="the oldest one is shown and marked")
        press(panes, Qt.Key.Key_Return, SHIFT)
        assert bar.count_words() == f"{total} of {total}"
        press(panes, Qt.Key.Key_Escape)
        assert not bar.isVisible()
        assert not any(body.extraSelections() for body in transcript.findChildren(MessageBody))
        assert panes.conversation.conversation_id == one, "Esc left the bar and nothing more"


async def test_notes_and_files_alone(desk: FakeDesk, tmp_path: Path) -> None:
    one = desk.find(ANA)
    rows = [row for row in desk.world.messages.values() if row.conversation_id == one]
    notes = [row for row in rows if row.kind == "note"]
    files = [row for row in rows if row.attachments]
    assert notes
    assert files
    async with main_window(desk, tmp_path) as panes:
        bar = await _open(panes, desk)
        assert bar.count_words() == ""
        _pill(bar, "Only notes").click()
        assert bar.count_words() == f"{len(notes)} of {len(notes)}"
        _pill(bar, "Only files").click()
        assert bar.count_words() == f"{len(files)} of {len(files)}"
        QTest.keyClicks(bar.field, files[0].attachments[0].name.upper())
        assert bar.count_words() == "1 of 1"
        QTest.keyClicks(bar.field, "???")
        assert bar.count_words() == "Nothing found"


def _pill(bar: FindBar, words: str) -> PillButton:
    return next(one for one in bar.pills.findChildren(PillButton) if one.text() == words)


async def test_another_conversation_closes_the_bar(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        bar = await _open(panes, desk)
        QTest.keyClicks(bar.field, "desk")
        panes.open_conversation(desk.find(4390))
        await opened(panes, 4390, desk)
        assert not bar.isVisible()
        press(panes, Qt.Key.Key_F, CTRL)
        press(panes, Qt.Key.Key_F, CTRL)
        await settled()
        assert bar.isVisible()
        bar.close_button.click()
        assert not bar.isVisible()


async def test_without_a_conversation_everything_is_searched(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        press(panes, Qt.Key.Key_F, CTRL)
        press(panes, Qt.Key.Key_F, CTRL)
        assert not _bar(panes).isVisible()
        assert panes.rail.search.hasFocus()
