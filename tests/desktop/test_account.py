"""My own account at the window: two-step sign-in on and off, and what is said before signing out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import segno
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget
from tests.helpers.fake_account import CODES, URI, FakeAccount
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import shown
from tests.helpers.windows import main_window

from agentdesk.app.account import confirm_sign_out
from agentdesk.commands.values import SetPriority
from agentdesk.desktop.dialogs.qr import qr_picture
from agentdesk.desktop.dialogs.second_factor import SecondFactorDialog
from agentdesk.desktop.settings import SettingsFile


@asynccontextmanager
async def dialog_on(account: FakeAccount) -> AsyncIterator[SecondFactorDialog]:
    async with shown(QWidget(), 900, 800) as window:
        dialog = SecondFactorDialog(account, window)
        dialog.open()
        yield dialog


def _texts(root: QWidget) -> str:
    return "\n".join(one.text() for one in root.findChildren(QLabel) if one.isVisibleTo(root))


def _press(root: QWidget, text: str) -> None:
    next(one for one in root.findChildren(QPushButton) if one.text() == text and one.isVisible()).click()


async def test_it_is_turned_on_with_a_code_and_shows_the_recovery_codes_once() -> None:
    account = FakeAccount()
    async with dialog_on(account) as dialog:
        await until(lambda: "MFRG GZDF MZTW Q2LK" in _texts(dialog))
        assert any(not one.pixmap().isNull() for one in dialog.findChildren(QLabel))
        QTest.keyClicks(dialog.code, "000000")
        QTest.keyClick(dialog.code, Qt.Key.Key_Return)
        await until(lambda: "This code is not valid." in _texts(dialog))
        assert not account.on
        dialog.code.setText("123456")
        _press(dialog, "Turn on")
        await until(lambda: CODES[1] in _texts(dialog))
        assert account.on
        _press(dialog, "Copy")
        assert QGuiApplication.clipboard().text().split() == list(CODES)
        _press(dialog, "Done")
        assert dialog.result() == QDialog.DialogCode.Accepted


async def test_it_is_turned_off_with_a_code() -> None:
    account = FakeAccount(on=True)
    async with dialog_on(account) as dialog:
        await until(lambda: "2 recovery codes are left." in _texts(dialog))
        dialog.code.setText("123456")
        _press(dialog, "Turn off")
        await until(lambda: not account.on and not dialog.isVisible())


async def test_a_server_that_is_away_is_told() -> None:
    account = FakeAccount()
    account.away = True
    async with dialog_on(account) as dialog:
        await until(lambda: "The server cannot be reached." in _texts(dialog))


@pytest.mark.parametrize("dpr", [1.0, 2.0])
def test_each_module_of_the_picture_is_sharp_and_has_its_place(qapp: QApplication, dpr: float) -> None:
    image = qr_picture(URI, 220, dpr).toImage()
    expected = [[bool(dark) for dark in row] for row in segno.make(URI, micro=False).matrix_iter(border=4)]
    side, rest = divmod(image.width(), len(expected))
    assert rest == 0
    assert 110 * dpr < image.width() <= 220 * dpr
    dark = [
        [image.pixelColor(x * side, y * side).lightness() < 128 for x in range(len(expected))]
        for y in range(len(expected))
    ]
    assert dark == expected


async def test_what_is_not_sent_is_said_before_signing_out(tmp_path: Path) -> None:
    desk = FakeDesk.sample()
    async with main_window(desk, tmp_path) as panes:
        asking = asyncio.ensure_future(confirm_sign_out(panes, desk))
        await until(lambda: panes.window().findChildren(QDialog))
        assert "What you have written stays on this computer" in _texts(panes.window())
        _press(panes.window(), "Cancel")
        assert not await asking
        await desk.do(SetPriority(conversation_id=desk.find(4417), priority="high"), hold_seconds=60)
        asking = asyncio.ensure_future(confirm_sign_out(panes, desk))
        await until(lambda: "1 change has not reached the server." in _texts(panes.window()))
        _press(panes.window(), "Sign out")
        assert await asking


@pytest.mark.parametrize("mode", ["team", "alone"])
async def test_the_menu_offers_what_there_is(tmp_path: Path, mode: str) -> None:
    SettingsFile(tmp_path / "settings.json").change(mode=mode)
    async with main_window(FakeDesk.sample(), tmp_path) as panes:
        menu, wanted = panes.my_menu, list[str]()
        menu.sign_out_wanted.connect(lambda: wanted.append("sign out"))
        menu.account_wanted.connect(wanted.append)
        menu.menu.aboutToShow.emit()
        offered = {one.text(): one for one in menu.menu.actions() if one.isVisible()}
        texts = ("Your picture…", "Two-step sign-in…", "Sign out…")
        mine = [offered[text] for text in texts if text in offered]
        for action in mine:
            action.trigger()
        assert wanted == ["picture", *(["second_factor", "sign out"] if mode == "team" else [])]
