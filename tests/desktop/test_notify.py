"""Banners: one for several, none for what is before the eyes or old, and the number on the icon."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QIcon
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened

from agentdesk.base import clock
from agentdesk.desktop import notify
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.desk import Link

ANA, TOM = 4417, 4390
QUIET_ROUNDS = 40


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "_JOIN_MS", 50)


class _Banners:
    """The banners of the system, with what was shown in them: title and text."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.last: _Tray

    def __call__(self, _picture: QIcon, parent: QObject) -> _Tray:
        self.last = _Tray(parent)
        self.last.shown = self.shown
        return self.last

    @staticmethod
    def isSystemTrayAvailable() -> bool:
        return True


class _Tray(QObject):
    """Stands in for the icon in the system's tray, which there is none of without a screen."""

    messageClicked = Signal()
    activated = Signal(object)
    shown: list[tuple[str, str]]

    def showMessage(self, title: str, text: str) -> None:
        self.shown.append((title, text))

    def setToolTip(self, text: str) -> None:
        self.tip = text

    def show(self) -> None:
        pass


@pytest.fixture(autouse=True)
def banners(monkeypatch: pytest.MonkeyPatch) -> _Banners:
    made = _Banners()
    monkeypatch.setattr(notify, "QSystemTrayIcon", made)
    return made


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk.sample()
    for one, row in made.world.conversations.items():
        made.world.conversations[one] = msgspec.structs.replace(row, unread=False)
    return made


def _write(desk: FakeDesk, number: int, text: str) -> None:
    """The customer of a conversation writes, and it becomes unread."""
    one = desk.find(number)
    desk.world.now += timedelta(seconds=1)
    desk.receive(one, text)
    row = desk.world.conversations[one]
    desk.world.conversations[one] = msgspec.structs.replace(row, unread=True, preview=text)


def _titles(banners: _Banners) -> list[str]:
    return [title for title, _text in banners.shown]


async def test_one_message_is_told_with_its_words(desk: FakeDesk, tmp_path: Path, banners: _Banners) -> None:
    async with main_window(desk, tmp_path):
        _write(desk, ANA, "Can you tell me honestly? " * 20)
        await until(lambda: banners.shown)
        ((title, text),) = banners.shown
        assert title == "Ana Ruiz"
        assert text.startswith("Can you tell me honestly?")
        assert len(text) == 120


async def test_several_become_one_banner(desk: FakeDesk, tmp_path: Path, banners: _Banners) -> None:
    async with main_window(desk, tmp_path):
        _write(desk, ANA, "One")
        _write(desk, TOM, "Two")
        await until(lambda: banners.shown)
        ((title, text),) = banners.shown
        assert title == "2 new messages"
        assert text in ("From Ana Ruiz, Tom Baker", "From Tom Baker, Ana Ruiz")


async def test_a_second_message_is_told_too_but_none_twice(
    desk: FakeDesk, tmp_path: Path, banners: _Banners
) -> None:
    async with main_window(desk, tmp_path):
        _write(desk, ANA, "One")
        await until(lambda: len(banners.shown) == 1)
        message = next(iter(desk.world.messages.values()))
        desk.emit(message={message.id}, conversation={desk.find(ANA)})
        _write(desk, ANA, "Two")
        await until(lambda: len(banners.shown) == 2)
        await settled(QUIET_ROUNDS)
        assert [text for _title, text in banners.shown] == ["One", "Two"]


async def test_what_is_before_the_eyes_is_not_told(desk: FakeDesk, tmp_path: Path, banners: _Banners) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        _write(desk, ANA, "I am here")
        _write(desk, TOM, "And I am not")
        await until(lambda: banners.shown)
        assert _titles(banners) == ["Tom Baker"]


async def test_a_first_fill_is_no_news(desk: FakeDesk, tmp_path: Path, banners: _Banners) -> None:
    desk.set_status(link=Link.FILLING, synced_at=None)
    async with main_window(desk, tmp_path) as panes:
        _write(desk, ANA, "Old mail")
        await until(lambda: _row_says(panes, desk.find(ANA), "Old mail"))
        await settled(QUIET_ROUNDS)
        desk.set_status(link=Link.SYNCED, synced_at=clock.now())
        _write(desk, TOM, "New mail")
        await until(lambda: banners.shown)
        assert _titles(banners) == ["Tom Baker"]


def _row_says(panes: Workspace, one: UUID, preview: str) -> bool:
    row = panes.queue.model.row(one)
    panes.queue.table.viewport().repaint()
    return row is not None and row.preview == preview


@pytest.mark.qt_log_ignore("This plugin does not support raise")
async def test_a_banner_leads_to_its_conversation(desk: FakeDesk, tmp_path: Path, banners: _Banners) -> None:
    async with main_window(desk, tmp_path) as panes:
        _write(desk, ANA, "Look here")
        await until(lambda: banners.shown)
        banners.last.messageClicked.emit()
        await until(lambda: panes.conversation.conversation_id == desk.find(ANA))


async def test_the_icon_carries_the_number_of_my_unread(
    desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: list[int] = []
    monkeypatch.setattr(QGuiApplication, "setBadgeNumber", lambda _app, number: numbers.append(number))
    async with main_window(desk, tmp_path):
        await until(lambda: numbers)
        assert numbers[-1] == 0
        _write(desk, ANA, "One")
        await until(lambda: numbers[-1] == 1)
