"""The window at work: views, keys, going on after resolving, undo, following changes, sizes, languages."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton, QWidget
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.base.text import msg
from agentdesk.commands.values import Assign, SetStatus
from agentdesk.desktop.locale import apply_locale, tr
from agentdesk.desktop.models.rail import Entry
from agentdesk.desktop.theme import theme
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Link

ANA, TOM, NOAH = 4417, 4390, 5102


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _number(panes: Workspace, desk: FakeDesk) -> int:
    current = panes.queue.current()
    return desk.world.conversations[current].number if current else 0


def _numbers(panes: Workspace, desk: FakeDesk) -> list[int]:
    return [desk.world.conversations[one].number for one in panes.queue.model.ids]


def _toast(panes: Workspace) -> str:
    return panes.queue.toasts.current_text()


# --- views ---


@pytest.mark.parametrize(
    ("keys", "kind"),
    [("GQ", "mine"), ("GU", "unassigned"), ("GS", "snoozed"), ("GD", "drafts"), ("GA", "all")],
)
async def test_two_letters_lead_to_a_view(desk: FakeDesk, tmp_path: Path, keys: str, kind: str) -> None:
    async with main_window(desk, tmp_path, kind="resolved") as panes:
        for letter in keys:
            press(panes, Qt.Key(ord(letter)))
        await settled()
        assert panes.queue.view.kind == kind
        assert panes.rail.current_view().kind == kind


async def test_a_click_in_the_rail_shows_its_list(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        place = panes.rail.model.position_of(View(kind="unassigned"))
        rows = panes.rail.focusProxy()
        spot = rows.visualRect(panes.rail.model.index(place)).center()
        QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        await list_loaded(panes, desk)
        assert panes.queue.view.kind == "unassigned"
        assert panes.window().windowTitle() == "Unassigned – AgentDesk"
        assert len(panes.queue.model.ids) == (await desk.counts()).unassigned


async def test_the_order_of_a_view_is_remembered(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        menu = panes.queue.head.sort_button.menu()
        menu.actions()[1].trigger()
        await list_loaded(panes, desk)
        assert panes.queue.view.order == "newest"
        panes.show_kind("mine")
        await list_loaded(panes, desk)
        assert panes.queue.view.order == "due"
        panes.show_kind("all")
        await list_loaded(panes, desk)
        assert panes.queue.view.order == "newest"


# --- keys ---


async def test_letters_walk_and_act(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        press(panes, Qt.Key.Key_J)
        await opened(panes, order[0], desk)
        press(panes, Qt.Key.Key_J)
        await opened(panes, order[1], desk)
        press(panes, Qt.Key.Key_K)
        await opened(panes, order[0], desk)
        press(panes, Qt.Key.Key_Return)
        await settled()
        assert panes.conversation.isAncestorOf(panes.window().focusWidget())
        press(panes, Qt.Key.Key_Escape)
        assert panes.window().focusWidget() is panes.queue.table
        press(panes, Qt.Key.Key_R)
        await settled()
        assert panes.window().focusWidget() is panes.conversation.composer.box.reply_text
        press(panes, Qt.Key.Key_Escape)
        press(panes, Qt.Key.Key_N)
        await settled()
        assert panes.window().focusWidget() is panes.conversation.composer.box.note_text


async def test_letters_in_a_text_are_letters(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        panes.open_conversation(desk.find(order[0]))
        await opened(panes, order[0], desk)
        press(panes, Qt.Key.Key_R)
        await settled()
        QTest.keyClicks(panes.window().focusWidget(), "bijket.r?nae")
        await settled()
        assert panes.conversation.composer.box.reply_text.toPlainText() == "bijket.r?nae"
        assert _number(panes, desk) == order[0]
        assert not panes.rail.is_folded()
        assert panes.panel.isVisible()
        assert not any(isinstance(one, SetStatus | Assign) for one in desk.commands)
        press(panes, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(panes.window().focusWidget(), "jetk")
        await settled()
        assert panes.rail.search.text() == "jetk"
        assert not any(isinstance(one, SetStatus | Assign) for one in desk.commands)


async def test_panes_are_walked_by_f6_and_remember_their_focus(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        press(panes, Qt.Key.Key_J)
        await opened(panes, order[0], desk)
        press(panes, Qt.Key.Key_R)
        await settled()
        writing = panes.window().focusWidget()
        walked = []
        for _ in range(5):
            press(panes, Qt.Key.Key_F6)
            focus = panes.window().focusWidget()
            walked.append(next(one for one in _panes(panes) if one.isAncestorOf(focus)))
        assert walked == [panes.panel, panes.status_bar, panes.rail, panes.queue, panes.conversation]
        assert panes.window().focusWidget() is writing
        press(panes, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
        assert panes.window().focusWidget() is panes.queue.table


def _panes(panes: Workspace) -> list[QWidget]:
    return [panes.rail, panes.queue, panes.conversation, panes.panel, panes.status_bar]


async def test_b_and_i_fold_the_sides(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        press(panes, Qt.Key.Key_B)
        assert panes.rail.is_folded()
        press(panes, Qt.Key.Key_B)
        assert not panes.rail.is_folded()
        press(panes, Qt.Key.Key_I)
        assert not panes.panel.isVisible()
        press(panes, Qt.Key.Key_I)
        assert panes.panel.isVisible()


async def test_the_question_mark_shows_all_keys(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        press(panes, Qt.Key.Key_Question)
        await settled()
        sheet = QApplication.activeModalWidget()
        assert sheet is not None
        texts = [label.text() for label in sheet.findChildren(QLabel)]
        assert "Resolve" in texts
        assert "E" in texts
        press(sheet, Qt.Key.Key_Escape)
        await until(lambda: QApplication.activeModalWidget() is None)


# --- going on, and undo ---


async def test_resolving_goes_on_and_undo_brings_it_back(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        panes.open_conversation(desk.find(order[1]))
        await opened(panes, order[1], desk)
        press(panes, Qt.Key.Key_E)
        await opened(panes, order[2], desk)
        await until(lambda: _numbers(panes, desk) == [one for one in order if one != order[1]])
        assert _toast(panes).startswith("Resolved ")
        assert desk.world.conversations[desk.find(order[1])].status == "resolved"
        press(panes, Qt.Key.Key_Z)
        await until(lambda: _numbers(panes, desk) == order)
        assert desk.world.conversations[desk.find(order[1])].status == "open"


async def test_after_the_last_one_nothing_is_open(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        for number in order:
            panes.open_conversation(desk.find(number))
            await opened(panes, number, desk)
            assert panes.actions_.trigger("conversation.resolve")
            await until(lambda one=number: one not in _numbers(panes, desk))
            await settled()
        assert panes.conversation.conversation_id is None
        assert not panes.actions_.trigger("conversation.resolve")


async def test_each_change_can_be_undone_one_after_the_other(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        panes.open_conversation(desk.find(order[0]))
        await opened(panes, order[0], desk)
        before = desk.world.conversations[desk.find(order[0])]
        deeds = panes.conversation.deeds
        deeds.menus.tagged.emit(("Refund", "Late"))
        await until(lambda: desk.world.conversations[before.id].tags == ("Refund", "Late"))
        deeds.menus.prioritised.emit("low")
        await until(lambda: desk.world.conversations[before.id].priority == "low")
        await settled()
        press(panes, Qt.Key.Key_Z)
        await until(lambda: desk.world.conversations[before.id].priority == before.priority)
        assert desk.world.conversations[before.id].tags == ("Refund", "Late")
        await settled()
        press(panes, Qt.Key.Key_Z)
        await until(lambda: desk.world.conversations[before.id].tags == before.tags)


async def test_t_takes_the_one_that_is_due_first(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="unassigned") as panes:
        first = _numbers(panes, desk)[0]
        press(panes, Qt.Key.Key_T)
        await opened(panes, first, desk)
        assert panes.queue.view.kind == "mine"
        taken = desk.world.conversations[desk.find(first)]
        assert taken.assignee_id == desk.me.id
        await settled()
        press(panes, Qt.Key.Key_Z)
        await until(lambda: desk.world.conversations[taken.id].assignee_id is None)


async def test_a_conversation_that_others_resolve_stays_on_screen(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        order = _numbers(panes, desk)
        panes.open_conversation(desk.find(order[0]))
        await opened(panes, order[0], desk)
        await desk.do(SetStatus(conversation_id=desk.find(order[0]), status="resolved"))
        await until(lambda: order[0] not in _numbers(panes, desk))
        await settled(20)
        assert panes.conversation.conversation_id == desk.find(order[0])
        press(panes, Qt.Key.Key_J)
        await opened(panes, order[1], desk)


# --- following ---


async def test_search_finds_and_leads_back(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        press(panes, Qt.Key.Key_Slash)
        QTest.keyClicks(panes.window().focusWidget(), "walnut")
        await until(lambda: _numbers(panes, desk) == [ANA])
        press(panes, Qt.Key.Key_Escape)
        await settled()
        assert panes.queue.view.kind == "mine"


async def test_counts_and_trouble_follow(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        entry = _entry(panes, "mine")
        await desk.do(SetStatus(conversation_id=desk.find(ANA), status="resolved"))
        await until(lambda: _entry(panes, "mine").count == entry.count - 1)
        account = next(iter(desk.world.accounts.values()))
        problem = {"text": "The server did not accept this password."}
        desk.world.accounts[account.id] = msgspec.structs.replace(
            account, state="auth_failed", problem=problem
        )
        desk.emit(account_state={account.id})
        await until(lambda: any(one.trouble for one in panes.rail.model.entries))
        words = f"{account.name}: The server did not accept this password."
        assert words in _texts(panes.status_bar)


def _entry(panes: Workspace, kind: str) -> Entry:
    return next(one for one in panes.rail.model.entries if one.view and one.view.kind == kind)


async def test_a_first_fill_tells_how_far_it_is(tmp_path: Path) -> None:
    desk = FakeDesk.empty()
    desk.set_status(link=Link.FILLING, synced_at=None, done=120, total=900)
    async with main_window(desk, tmp_path) as panes:
        assert "120 of 900 are here." in _texts(panes.queue)
        desk.set_status(link=Link.SYNCED, synced_at=NOW)
        await settled()
        assert "All answered" in _texts(panes.queue)


# --- sizes ---


async def test_narrow_windows_take_turns(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(720, 480)) as panes:
        assert panes.queue.isVisible()
        assert not panes.conversation.isVisible()
        first = _numbers(panes, desk)[0]
        press(panes, Qt.Key.Key_J)
        await opened(panes, first, desk)
        assert not panes.queue.isVisible()
        assert panes.conversation.isVisible()
        press(panes, Qt.Key.Key_I)
        assert panes.panel.isVisible()
        press(panes, Qt.Key.Key_Escape)
        await until(lambda: not panes.panel.isVisible())
        press(panes, Qt.Key.Key_Escape)
        assert panes.queue.isVisible()
        assert panes.window().focusWidget() is panes.queue.table
        panes.window().resize(1440, 900)
        await settled()
        assert panes.queue.isVisible()
        assert panes.conversation.isVisible()
        assert panes.panel.isVisible()


async def test_the_panel_is_a_drawer_where_it_is_narrow(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1100, 700)) as panes:
        assert not panes.panel.isVisible()
        width = panes.conversation.width()
        press(panes, Qt.Key.Key_I)
        assert panes.panel.isVisible()
        assert panes.conversation.width() == width
        await until(
            lambda: panes.panel.mapTo(panes, panes.panel.rect().bottomRight()).x() == panes.width() - 1
        )


# --- languages and themes ---


async def test_no_word_of_the_last_language_stays(qapp: QApplication, desk: FakeDesk, tmp_path: Path) -> None:
    desk.set_status(synced_at=NOW)  # long ago: the time does not tick
    try:
        async with main_window(desk, tmp_path) as panes:
            panes.open_conversation(desk.find(TOM))
            await opened(panes, TOM, desk)
            for code in ("ar", "de"):
                apply_locale(qapp, code)
                await settled(20)
                async with main_window(desk, tmp_path / code) as fresh:
                    fresh.open_conversation(desk.find(TOM))
                    await opened(fresh, TOM, desk)
                    await settled(20)
                    running, new = set(_texts(panes)), set(_texts(fresh))
                    assert running - new <= {tr(msg("Saved"))}, "only the older window has saved a draft"
                    assert new <= running
                assert panes.window().layoutDirection() == qapp.layoutDirection()
    finally:
        apply_locale(qapp, "en")


async def test_the_theme_is_switched_in_the_running_window(
    qapp: QApplication, desk: FakeDesk, tmp_path: Path
) -> None:
    theme().apply(qapp, "light")
    async with main_window(desk, tmp_path) as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        light = panes.grab().toImage()
        theme().apply(qapp, "dark")
        await settled(20)
        dark = panes.grab().toImage()
        theme().apply(qapp, "light")
        for x, y in ((4, 400), (230, 40), (800, 400), (1300, 700), (400, 890)):
            assert light.pixelColor(x, y).lightnessF() > 0.85, (x, y)
            assert dark.pixelColor(x, y).lightnessF() < 0.25, (x, y)


def _texts(root: QWidget) -> list[str]:
    kinds = (QLabel, QToolButton, QPushButton)
    shown = (one for one in root.findChildren(QWidget) if isinstance(one, kinds) and one.isVisibleTo(root))
    return sorted(text for one in shown if (text := one.text()))
