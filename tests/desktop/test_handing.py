"""A conversation is handed over by a key: to somebody who is asked, with a note, to an inbox, or back."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.windows import main_window, opened, press

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import Assign, CancelTransfer, Transfer
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.handing_panel import HandingPanel
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import EventRow, UserRow

ANA, TOM = 4417, 4390
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    """Ana's conversation is a chat of mine."""
    made = FakeDesk.sample()
    assert made.me is not None
    make_chat(made, ANA, assignee_id=made.me.id)
    return made


def _colleague(desk: FakeDesk) -> UserRow:
    me = desk.me
    return next(row for row in desk.world.users.values() if me is not None and row.id != me.id)


async def _panel(panes: Workspace, desk: FakeDesk) -> HandingPanel:
    """Open Ana's chat, and the popover by its key."""
    panes.open_conversation(desk.find(ANA))
    await opened(panes, ANA, desk)
    press(panes.queue.table, Qt.Key.Key_T, _SHIFT)
    handing = panes.conversation.deeds.handing
    await until(lambda: handing.panel is not None and handing.panel.isVisible(), what="the popover")
    assert handing.panel is not None
    return handing.panel


def _words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))


async def test_a_colleague_is_asked_by_keys_alone_and_no_more_when_it_is_undone(
    desk: FakeDesk, tmp_path: Path
) -> None:
    colleague = _colleague(desk)
    desk.world.standings[colleague.id] = {"languages": ("de", "en")}
    async with main_window(desk, tmp_path) as panes:
        panel = await _panel(panes, desk)
        assert panel.field.hasFocus()
        QTest.keyClicks(panel.field, colleague.name.split()[0])
        assert panel.shown_keys() == [f"person:{colleague.id}"]
        current = panel.current()
        assert current is not None
        assert str(current.item.detail).endswith("German, English")
        assert colleague.name in panel.field.accessibleDescription()
        assert panel.send.text() == f"Ask {colleague.name}"
        QTest.keyClick(panel.field, Qt.Key.Key_Return)
        assert panel.note.hasFocus()
        QTest.keyClicks(panel.note, "She wants her money back.")
        QTest.keyClick(panel.note, Qt.Key.Key_Return, _CTRL)
        await until(lambda: isinstance(desk.commands[-1], Transfer), what="asked")
        command = desk.commands[-1]
        assert isinstance(command, Transfer)
        assert (command.user_id, command.ask, command.note) == (
            colleague.id,
            True,
            "She wants her money back.",
        )
        strip = panes.conversation.deeds.handing.strip
        await until(strip.isVisible, what="whom it is being handed to")
        assert f"{colleague.name} is asked to take this over." in _words(strip)
        assert panes.conversation.conversation_id == desk.find(ANA)  # until it is taken
        strip.button("cancel").click()
        await until(lambda: desk.commands[-1] == CancelTransfer(conversation_id=desk.find(ANA)))
        await until(lambda: not strip.isVisible(), what="nobody is asked")


async def test_who_handed_it_over_is_told_what_became_of_it(desk: FakeDesk, tmp_path: Path) -> None:
    colleague, here = _colleague(desk), desk.find(ANA)
    async with main_window(desk, tmp_path) as panes:
        handing = panes.conversation.deeds.handing
        said: list[str] = []
        rung: list[object] = []
        handing.said.connect(lambda text, _undo, _do: said.append(tr(text)))
        handing.rung.connect(lambda id_, _title, _text: rung.append(id_))
        for step, words in (("declined", "declined"), ("missed", "did not answer in time")):
            panel = await _panel(panes, desk)
            QTest.keyClicks(panel.field, colleague.name)
            panel.send.click()
            await until(lambda: handing.strip.isVisible(), what="asked")
            _answer(desk, here, colleague, step)
            await until(lambda words=words: said and words in said[-1], what=words)
            assert not handing.strip.isVisible()
        assert rung == [here, here]


async def test_what_was_handed_over_beside_others_is_told_when_its_pane_is_closed(
    desk: FakeDesk, tmp_path: Path
) -> None:
    assert desk.me is not None
    colleague, here = _colleague(desk), desk.find(ANA)
    beside = make_chat(desk, TOM, assignee_id=desk.me.id)
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: set(panes.late.tabs.ids()) == {here, beside})
        panes.open_conversation(beside)
        await opened(panes, TOM, desk)
        assert panes.actions_.trigger("chat.beside")
        panel = await _panel(panes, desk)
        QTest.keyClicks(panel.field, colleague.name)
        panel.send.click()
        await until(panes.conversation.deeds.handing.strip.isVisible, what="asked")
        panes.late.side_by_side.close_current()
        said: list[str] = []
        panes.conversation.deeds.handing.said.connect(lambda text, _undo, _do: said.append(tr(text)))
        _answer(desk, here, colleague, "declined")
        await until(lambda: said and "declined" in said[-1])


def _answer(desk: FakeDesk, here: UUID, colleague: UserRow, step: str) -> None:
    """Let a colleague who was asked not take it."""
    row = EventRow(
        id=new_id(),
        conversation_id=here,
        kind="transfer",
        author="user",
        user_id=colleague.id,
        user_name=colleague.name,
        data={"step": step, "person": colleague.name},
        created_at=clock.now(),
    )
    desk.world.events[row.id] = row
    head = desk.world.conversations[here]
    desk.world.conversations[here] = msgspec.structs.replace(head, asked_id=None, asked_name="")
    desk.emit(conversation={here}, event={row.id})


async def test_somebody_who_is_away_gets_it_only_after_a_clear_word(desk: FakeDesk, tmp_path: Path) -> None:
    colleague = _colleague(desk)
    desk.world.standings[colleague.id] = {"state": "break"}
    async with main_window(desk, tmp_path) as panes:
        panel = await _panel(panes, desk)
        QTest.keyClicks(panel.field, colleague.name)
        assert "is not available (Break)" in _words(panel)
        assert panel.send.text() == f"Assign to {colleague.name} anyway"
        panel.send.click()
        await until(lambda: isinstance(desk.commands[-1], Transfer), what="assigned")
        assert desk.world.conversations[desk.find(ANA)].assignee_id == colleague.id
        await until(lambda: panes.conversation.conversation_id != desk.find(ANA), what="the next one")
        panes.late.deeds.undo_last()
        await until(lambda: isinstance(desk.commands[-1], Assign), what="undone")


async def test_it_goes_back_to_the_queue_and_to_another_inbox_and_undo_brings_it_back(
    desk: FakeDesk, tmp_path: Path
) -> None:
    sales = desk.world.inbox("Sales", "sales@larkfield.example")
    here, me = desk.find(ANA), desk.me
    assert me is not None
    home = desk.world.conversations[here].inbox_id
    async with main_window(desk, tmp_path, kind="all") as panes:
        panel = await _panel(panes, desk)
        QTest.keyClicks(panel.field, "queue")
        panel.send.click()
        back = Transfer(conversation_id=here, seen_assignee_id=me.id)
        await until(lambda: desk.commands[-1:] == [back], what="given back")
        panes.late.deeds.undo_last()
        await until(lambda: desk.world.conversations[here].assignee_id == me.id, what="mine again")
        panel = await _panel(panes, desk)
        QTest.keyClicks(panel.field, "Sales")
        panel.send.click()
        moved = Transfer(conversation_id=here, inbox_id=sales.id, seen_assignee_id=me.id)
        await until(lambda: desk.commands[-1:] == [moved], what="moved")
        panes.late.deeds.undo_last()
        await until(lambda: desk.world.conversations[here].inbox_id == home, what="moved back")
        assert desk.world.conversations[here].assignee_id == me.id


async def test_escape_and_a_person_who_may_not_hand_over(desk: FakeDesk, tmp_path: Path) -> None:
    assert desk.me is not None
    desk.permit(assign_others=False)
    async with main_window(desk, tmp_path) as panes:
        panel = await _panel(panes, desk)
        current = panel.current()
        assert current is not None
        assert current.item.key == "queue"  # all else is shown, but cannot be chosen
        assert len(panel.shown_keys()) > 1
        QTest.keyClick(panel.field, Qt.Key.Key_Escape)
        await until(lambda: not panel.isVisible(), what="closed")
        assert not [one for one in desk.commands if isinstance(one, Transfer)]
