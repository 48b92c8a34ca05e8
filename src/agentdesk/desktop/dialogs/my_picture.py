"""My own picture: chosen, dropped or pasted, looked at, and given to the server, or taken away."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop import ask
from agentdesk.desktop.dialogs.own_account import OwnAccountDialog
from agentdesk.desktop.faces import face_of
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.locale import tr
from agentdesk.desktop.portrait import offered_picture, prepared_of
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.avatar import paint_avatar, paint_round
from agentdesk.desktop.widgets.button import Button
from agentdesk.domain.portraits import SIDE
from agentdesk.queries.rows import UserRow
from agentdesk.sync.account import PicturePort

__all__ = ["MyPictureDialog"]

_PATTERN = "*.png *.jpg *.jpeg *.webp"


class MyPictureDialog(OwnAccountDialog):
    """Shows the picture of ``me`` and what it would be; nothing changes before it is saved."""

    def __init__(self, account: PicturePort, me: UserRow, parent: QWidget | None = None) -> None:
        super().__init__(msg("Your picture"), parent)
        self._account = account
        self._me = me
        self._chosen: bytes | None = None
        self.setAcceptDrops(True)
        self.preview = _Preview(me, self)
        self.choose = Button(msg("Choose a file…"), icon_name="image")
        self.remove = Button(msg("Remove picture"), icon_name="trash-2")
        self.save = Button(msg("Save"), "primary")
        self._build()
        self.choose.clicked.connect(self._on_choose)
        self.remove.clicked.connect(self._on_remove)
        self.save.clicked.connect(self._on_save)
        self.save.setEnabled(False)
        self.remove.setVisible(face_of(me.id) is not None)

    def take(self, source: Path | QImage) -> None:
        """Look at a file, or a picture of the clipboard, and show what becomes of it."""
        self.begin(self._take(source), "take")

    # --- what comes in ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if offered_picture(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._take_offered(event.mimeData())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self._take_offered(QGuiApplication.clipboard().mimeData())
        else:
            super().keyPressEvent(event)

    def _take_offered(self, offered: QMimeData) -> None:
        source = offered_picture(offered)
        if source is not None:
            self.take(source)
        else:
            self.strip.show_message("bad", msg("There is no picture to paste."))

    def _on_choose(self) -> None:
        self.tasks.start(self._choose(), "choose")

    async def _choose(self) -> None:
        pattern = f"{tr(msg('Pictures'))} ({_PATTERN})"
        files = await ask.open_files(self, msg("Choose your picture"), pattern=pattern)
        if files and is_alive(self):
            self.take(files[0])

    async def _take(self, source: Path | QImage) -> None:
        chosen, picture = await asyncio.to_thread(prepared_of, source)
        if is_alive(self):
            self._chosen = chosen
            self._show(picture)
            announce(self, tr(msg("This is how it will look.")))

    def _on_remove(self) -> None:
        self._chosen = None
        self._show(None)

    def _show(self, picture: QImage | None) -> None:
        """Show what would be saved; None: no picture."""
        self.strip.hide()
        self.preview.show_picture(picture)
        self.remove.setVisible(picture is not None or face_of(self._me.id) is not None)
        self.remove.setEnabled(picture is not None)
        self.save.setEnabled(picture is not None or face_of(self._me.id) is not None)
        (self.save if self.save.isEnabled() else self.choose).setFocus()

    # --- what goes out ---

    def _on_save(self) -> None:
        self.begin(self._save(), "save")

    async def _save(self) -> None:
        if self._chosen is None:
            await self._account.take_picture_away()
        else:
            await self._account.set_picture(self._chosen)
        if is_alive(self):
            self.accept()

    # --- building ---

    def _build(self) -> None:
        column = self.fresh_body()
        self.say(column, msg("Colleagues see it, and customers who chat with you."))
        column.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.setSpacing(theme().space(2))
        row.addStretch()
        row.addWidget(self.choose)
        row.addWidget(self.remove)
        row.addStretch()
        column.addLayout(row)
        self.say(column, msg("Or drop a picture here, or paste one. Its middle is shown."), "text.muted")
        self._add_answers(column)

    def _add_answers(self, column: QVBoxLayout) -> None:
        cancel = Button(msg("Cancel"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme().space(2))
        row.addStretch()
        row.addWidget(cancel)
        row.addWidget(self.save)
        column.addLayout(row)
        for button in (self.choose, self.remove, cancel):
            button.setAutoDefault(False)
        self.save.setDefault(True)


class _Preview(QWidget):
    """The picture of ``me`` as it is, or as it would be."""

    def __init__(self, me: UserRow, parent: QWidget) -> None:
        super().__init__(parent)
        self._me = me
        self._picture: QImage | None = None
        self._letters = False
        self.setFixedSize(SIDE, SIDE)
        self._name_it(face_of(me.id) is not None)
        theme().changed.connect(self.update)

    def show_picture(self, picture: QImage | None) -> None:
        """Show another one; None: the letters that stand where there is none."""
        self._picture, self._letters = picture, picture is None
        self._name_it(picture is not None)
        self.update()

    def _name_it(self, is_picture: bool) -> None:
        words = msg("Picture of {name}", name=self._me.name)
        self.setAccessibleName(tr(words if is_picture else msg("No picture")))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is None:
            paint_avatar(painter, self.rect(), self._me.name, self._me.id, letters=self._letters)
            return
        ratio = self.devicePixelRatioF()
        canvas = QPixmap(self.size() * ratio)
        canvas.setDevicePixelRatio(ratio)
        canvas.fill(Qt.GlobalColor.transparent)
        inner = QPainter(canvas)
        paint_round(inner, QRectF(self.rect()), self._picture)
        inner.end()
        painter.drawPixmap(0, 0, canvas)
