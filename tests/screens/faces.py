"""Pictures of people, in the window and where they give themselves one."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.dialogs.my_picture import MyPictureDialog
from agentdesk.desktop.faces import show_faces
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.queries.rows import View
from tests.helpers.fake_account import FakeAccount
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.screens.conversation import frozen
from tests.screens.runner import screen, settle

DIALOG = ((420, 380),)
_SKINS = ("#c68863", "#f1c27d", "#8d5524", "#e0ac69")
_SHIRTS = ("#2f6f73", "#7a3e5d", "#365b9e", "#5b6b2f")


def figure(number: int) -> bytes:
    """Somebody who does not exist."""
    drawn = Image.new("RGB", (512, 512), "#d9e2ec")
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((64, 330, 448, 720), fill=_SHIRTS[number % 4])
    pen.ellipse((156, 90, 356, 350), fill=_SKINS[number % 4])
    pen.pieslice((140, 70, 372, 330), 180, 360, fill="#3b2a20")
    written = io.BytesIO()
    drawn.resize((128, 128)).save(written, "JPEG", quality=90)
    return written.getvalue()


def _with_faces() -> FakeDesk:
    desk = FakeDesk.sample(NOW)
    desk.faces = {one: figure(number) for number, one in enumerate(desk.world.users) if number != 2}
    return desk


async def _dialog(desk: FakeDesk) -> MyPictureDialog:
    assert desk.me is not None
    show_faces(await desk.portraits())
    return MyPictureDialog(FakeAccount(), desk.me)


@screen("main-faces", sizes=[(1440, 900)])
@frozen
async def main_faces() -> QWidget:
    desk = _with_faces()
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="all"))
    window.show()
    await settle()
    workspace.open_conversation(desk.find(4417))
    await settle()
    return window


@screen("my-picture", sizes=DIALOG)
async def my_picture() -> QWidget:
    dialog = await _dialog(_with_faces())
    await settle()
    return dialog


@screen("my-picture-none", sizes=DIALOG)
async def my_picture_none() -> QWidget:
    dialog = await _dialog(FakeDesk.sample(NOW))
    await settle()
    return dialog


@screen("my-picture-refused", sizes=DIALOG)
async def my_picture_refused() -> QWidget:
    dialog = await _dialog(FakeDesk.sample(NOW))
    file = Path(tempfile.mkdtemp()) / "ana.gif"
    file.write_bytes(b"GIF89a")
    dialog.take(file)
    await settle()
    return dialog
