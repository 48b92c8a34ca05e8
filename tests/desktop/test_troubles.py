"""What the status bar tells of troubles, what opens from it, and what can be done there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled
from tests.helpers.windows import main_window, press

from agentdesk.base import clock
from agentdesk.commands.values import RetryAccount, SetPriority, SetStatus
from agentdesk.desktop.views.rail_list import RailList
from agentdesk.desktop.views.trouble_panel import TroublePanel
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import AccountRow
from agentdesk.sync.desk import Link

ANA, TOM = 4417, 4390


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _panel(panes: Workspace) -> TroublePanel:
    return panes.findChild(TroublePanel)


def _words(panel: TroublePanel, key: str) -> list[str]:
    return [label.text() for label in panel.strip(key).findChildren(QLabel) if label.text()]


async def test_a_channel_in_trouble_says_since_when_and_what_helps(desk: FakeDesk, tmp_path: Path) -> None:
    account = next(iter(desk.world.accounts.values()))
    since = clock.now() - timedelta(hours=30)
    desk.world.accounts[account.id] = msgspec.structs.replace(
        account,
        state="unreachable",
        problem={"text": "The server does not answer."},
        remedy={"text": "Check the network."},
        since=since,
    )
    async with main_window(desk, tmp_path) as panes:
        button = panes.status_bar.trouble_button
        await until(button.isVisible)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        panel = _panel(panes)
        assert panel.isVisible()
        title, text = _words(panel, str(account.id))
        assert title == f"{account.name}: The server does not answer."
        assert text.startswith("Since ")
        assert "Check the network. It is tried again by itself." in text
        assert panes.rect().contains(panel.geometry().adjusted(14, 14, -14, -14))
        press(panes, Qt.Key.Key_Escape)
        assert not panel.isVisible()
        button.click()
        QTest.mousePress(panes.queue.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 20))
        assert not panel.isVisible()
        button.click()
        desk.world.accounts[account.id] = account
        desk.emit(account_state={account.id})
        await until(lambda: not panel.isVisible(), what="a trouble that is over is not told of")
        assert not button.isVisible()


async def _troubled(desk: FakeDesk, **values: Any) -> AccountRow:
    account = next(iter(desk.world.accounts.values()))
    row = msgspec.structs.replace(account, state="auth_failed", problem={"text": "Wrong password."}, **values)
    desk.world.accounts[account.id] = row
    desk.emit(account_state={account.id})
    return row


async def test_who_may_can_have_a_channel_tried_again(desk: FakeDesk, tmp_path: Path) -> None:
    account = await _troubled(desk)
    key = str(account.id)
    async with main_window(desk, tmp_path) as panes:
        await until(panes.status_bar.trouble_button.isVisible)
        panel = _panel(panes)
        assert panel.troubles[0].buttons == ()  # an agent may not
        desk.permit(retry_channels=True)
        await until(lambda: panel.troubles[0].buttons != ())
        panes.status_bar.trouble_button.click()
        panel.strip(key).button("retry").click()
        await until(lambda: desk.commands == [RetryAccount(account_id=account.id)])
        await until(lambda: panes.queue.toasts.current_text() == f"{account.name} is being tried again.")
        asked = clock.now()
        await _troubled(desk, retry_at=asked)
        await until(lambda: panel.troubles[0].buttons == ())
        assert "It is being tried again." in _words(panel, key)[1]
        await _troubled(desk, retry_at=asked, retried_at=asked)
        await until(lambda: panel.troubles[0].buttons != ())
        old = asked - timedelta(minutes=2)
        await _troubled(desk, retry_at=old)  # a server of the version before does not answer
        await settled()
        assert panel.troubles[0].buttons != ()


def _offered(panes: Workspace, row: int) -> dict[str, QAction]:
    """What the menu of an entry of the rail offers, by its words."""
    channels = panes.rail.findChild(RailList)
    channels.setCurrentIndex(panes.rail.model.index(row))
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
    QApplication.sendEvent(channels.viewport(), asked)
    menu = QApplication.activePopupWidget()
    if menu is None:  # there is nothing to do
        return {}
    assert isinstance(menu, QMenu)
    menu.close()
    return {action.text(): action for action in menu.actions()}


@pytest.mark.qt_log_ignore("This plugin does not support")
async def test_a_channel_is_tried_again_from_the_rail_too(desk: FakeDesk, tmp_path: Path) -> None:
    account = await _troubled(desk)
    desk.permit(retry_channels=True)
    desk.set_link(Link.OFFLINE)
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: any(entry.trouble for entry in panes.rail.model.entries))
        entries = panes.rail.model.entries
        place = next(row for row, entry in enumerate(entries) if entry.trouble)
        wanted = f"Try {account.name} again"
        await until(lambda: wanted in _offered(panes, place))
        assert wanted not in _offered(panes, 0)
        _offered(panes, place)[wanted].trigger()
        await until(lambda: RetryAccount(account_id=account.id) in desk.commands)
        later = f"{account.name} is tried again as soon as the server can be reached."
        await until(lambda: panes.queue.toasts.current_text() == later)


async def _refused(desk: FakeDesk) -> None:
    """The server refuses two changes that were made offline."""
    desk.set_link(Link.OFFLINE)
    await desk.do(SetPriority(conversation_id=desk.find(ANA), priority="low"))
    await desk.do(SetStatus(conversation_id=desk.find(TOM), status="resolved"))
    desk.set_link(Link.SYNCED)
    for entry in await desk.waiting():
        desk.refuse(entry.id, "not_allowed", "You may not change this.")


async def test_changes_that_were_refused_are_listed_with_repairs(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _refused(desk)
        await until(lambda: panes.status_bar.trouble_words() == "2 changes were not accepted")
        panes.status_bar.trouble_button.click()
        panel = _panel(panes)
        first, second = (trouble.key for trouble in panel.troubles)
        assert _words(panel, first) == [
            "Ana Ruiz: Your change was not saved.",
            "You may not change this.",
        ]
        panel.strip(first).button("show").click()
        await until(lambda: panes.conversation.conversation_id == desk.find(ANA))
        assert not panel.isVisible()
        panes.status_bar.trouble_button.click()
        panel.strip(first).button("discard").click()
        await until(lambda: panes.status_bar.trouble_words() == "1 change was not accepted")
        before = len(desk.commands)
        panes.status_bar.trouble_button.click()
        panel.strip(second).button("retry").click()
        await until(lambda: len(desk.commands) == before + 1)
        assert isinstance(desk.commands[-1], SetStatus)
        await until(lambda: not panes.status_bar.trouble_button.isVisible())


async def test_refusals_of_an_earlier_run_are_told(desk: FakeDesk, tmp_path: Path) -> None:
    await _refused(desk)
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: panes.status_bar.trouble_words() == "2 changes were not accepted")


@pytest.mark.parametrize(
    ("link", "writing"),
    [
        (Link.OFFLINE, "Offline, will be sent when you are back"),
        (Link.SIGN_IN, "Sign in again to send"),
        (Link.TOO_OLD, "Update AgentDesk to send"),
    ],
)
async def test_the_composer_says_why_nothing_goes_out(desk: FakeDesk, link: Link, writing: str) -> None:
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        desk.set_link(link)
        await settled()
        assert writing in [one.accessibleName() for one in box.findChildren(ElidedLabel) if one.isVisible()]
        assert box.send.text() == "Send later"
        desk.set_link(Link.SYNCED)
        await settled()
        assert box.send.text() == "Send"
