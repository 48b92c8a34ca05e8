"""Pictures of people at the desk: painted wherever somebody is, and how people give themselves one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from tests.helpers.fake_account import FakeAccount
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.pictures import PNG, photo, png_head
from tests.helpers.until import until
from tests.helpers.views import shown
from tests.helpers.windows import main_window

from agentdesk.base.ids import new_id
from agentdesk.desktop.dialogs.my_picture import MyPictureDialog
from agentdesk.desktop.faces import face_of, show_faces
from agentdesk.desktop.portrait import prepared
from agentdesk.desktop.widgets.avatar import Avatar
from agentdesk.domain.portraits import MOST_BYTES, check_portrait
from agentdesk.queries.rows import UserRow
from agentdesk.queries.team_rows import PortraitRow

ANA = UserRow(new_id(), "ana@desk.test", "Ana Lima", "agent", True)
FACE = photo(size=(128, 128))


@pytest.fixture(autouse=True)
def _nobody_has_one() -> Iterator[None]:
    show_faces([])
    yield
    show_faces([])


def _colour(widget: QWidget, x: float = 0.5, y: float = 0.25) -> tuple[int, int, int]:
    image = widget.grab().toImage()
    colour = image.pixelColor(int(image.width() * x), int(image.height() * y))
    return colour.red(), colour.green(), colour.blue()


def _is_red(widget: QWidget) -> bool:
    red, green, blue = _colour(widget)
    return red > 240 and max(green, blue) < 15


def test_a_picture_stands_in_place_of_letters_and_is_round(qapp: QApplication) -> None:
    avatar = Avatar(48)
    avatar.set_person(ANA.name, ANA.id)
    assert not _is_red(avatar)
    corner = _colour(avatar, 0.02, 0.02)
    show_faces([PortraitRow(ANA.id, "1", FACE)])
    assert _is_red(avatar)
    assert _colour(avatar, 0.5, 0.8) == (0, 0, 254)
    assert _colour(avatar, 0.02, 0.02) == corner
    show_faces([PortraitRow(ANA.id, "2", b"damaged")])
    assert not _is_red(avatar)
    other = Avatar(48)
    other.set_person("Bo", new_id())
    show_faces([PortraitRow(ANA.id, "1", FACE)])
    assert not _is_red(other)


class _Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


async def test_the_window_is_painted_anew_when_somebody_has_another(tmp_path: Path) -> None:
    desk = FakeDesk.sample()
    assert desk.me is not None
    async with main_window(desk, tmp_path) as panes:
        avatars = panes.rail.findChildren(Avatar)
        (mine,) = (one for one in avatars if one.accessibleName() == desk.me.name)
        assert not _is_red(mine)
        paints = [_Paints(one) for one in (mine, panes.queue.table.viewport())]
        desk.faces[desk.me.id] = FACE
        desk.emit(portrait={desk.me.id})
        await until(lambda: all(one.count for one in paints), what="a new look")
        assert _is_red(mine)
        del desk.faces[desk.me.id]
        desk.emit(portrait={desk.me.id})
        await until(lambda: face_of(desk.me.id if desk.me else "") is None)
        assert not _is_red(mine)


# --- one's own ---


@asynccontextmanager
async def _dialog(account: FakeAccount) -> AsyncIterator[MyPictureDialog]:
    async with shown(QWidget(), 900, 800) as window:
        dialog = MyPictureDialog(account, ANA, window)
        dialog.open()
        yield dialog


def _says(dialog: MyPictureDialog, text: str) -> bool:
    return any(text in one.text() for one in dialog.findChildren(QLabel) if one.isVisibleTo(dialog))


def _dropped(path: Path) -> QMimeData:
    offered = QMimeData()
    offered.setUrls([QUrl.fromLocalFile(str(path))])
    return offered


def _drop(dialog: MyPictureDialog, offered: QMimeData) -> None:
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, offered, buttons, keys)
    dialog.dropEvent(event)


async def test_a_file_is_dropped_looked_at_and_saved(tmp_path: Path) -> None:
    account, file = FakeAccount(), tmp_path / "ana.jpg"
    file.write_bytes(photo())
    async with _dialog(account) as dialog:
        assert (dialog.save.isEnabled(), dialog.remove.isVisible()) == (False, False)
        _drop(dialog, _dropped(file))
        await until(dialog.save.isEnabled)
        assert _is_red(dialog.preview)
        assert dialog.preview.accessibleName() == "Picture of Ana Lima"
        assert account.picture is None
        account.away = True
        dialog.save.click()
        await until(lambda: _says(dialog, "The server cannot be reached."))
        account.away = False
        assert dialog.save.isEnabled()
        dialog.save.click()
        await until(lambda: not dialog.isVisible())
    assert account.picture == photo()


async def test_a_picture_is_pasted(tmp_path: Path) -> None:
    account = FakeAccount()
    image = QImage(1600, 1200, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    async with _dialog(account) as dialog:
        QGuiApplication.clipboard().setText("no picture")
        QTest.keyClick(dialog, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert _says(dialog, "There is no picture")
        QGuiApplication.clipboard().setImage(image)
        QTest.keyClick(dialog, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(dialog.save.isEnabled)
        assert not _says(dialog, "There is no picture")
        assert _is_red(dialog.preview)
        dialog.save.click()
        await until(lambda: account.picture is not None)
    assert account.picture is not None
    assert check_portrait(account.picture) == "image/png"


async def test_it_is_taken_away(tmp_path: Path) -> None:
    account = FakeAccount()
    account.picture = FACE
    show_faces([PortraitRow(ANA.id, "1", FACE)])
    async with _dialog(account) as dialog:
        assert _is_red(dialog.preview)
        assert not dialog.save.isEnabled()
        dialog.remove.click()
        assert not _is_red(dialog.preview)
        assert dialog.preview.accessibleName() == "No picture"
        dialog.save.click()
        await until(lambda: account.picture is None)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("ana.png", b"MZ" + bytes(100), "This file is no picture."),
        ("ana.svg", b"<svg/>", "A drawing (SVG) cannot be used."),
        ("ana.png", png_head(30_000, 30_000), "The picture has too many pixels."),
        ("ana.png", photo("PNG")[:300], "The picture is damaged or cut off."),
        ("missing.png", None, "The file missing.png cannot be read."),
    ],
)
async def test_what_cannot_be_used_is_told(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    async with _dialog(FakeAccount()) as dialog:
        _drop(dialog, _dropped(tmp_path / name))
        await until(lambda: _says(dialog, sentence))
        assert not dialog.save.isEnabled()
        assert dialog.choose.isEnabled()


def test_a_file_that_is_too_large_for_the_server_is_made_smaller(qapp: QApplication) -> None:
    large = photo("JPEG", (3000, 2000)) + bytes(MOST_BYTES)
    sent, picture = prepared(large)
    assert (picture.width(), picture.height()) == (512, 512)
    assert len(sent) < MOST_BYTES
    assert check_portrait(sent) == "image/png"
    assert prepared(PNG)[0] == PNG
