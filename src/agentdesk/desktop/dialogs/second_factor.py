"""Turning two-step sign-in on and off: a picture for the phone, a code, and the codes for a lost phone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.dialogs.qr import qr_picture
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import Button
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.sync.account import AccountPort, Enrolment, SecondFactor

__all__ = ["SecondFactorDialog"]

_WIDTH = 372
_PICTURE = 220
_GROUP = 4


class SecondFactorDialog(QDialog):
    """Asks the server how things stand, and shows what can be done."""

    def __init__(self, account: AccountPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._account = account
        self._tasks = tasks_of(self, "second factor")
        self._codes: tuple[str, ...] = ()
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(tr(msg("Two-step sign-in")))
        self.setBackgroundRole(QPalette.ColorRole.Light)
        self.setAutoFillBackground(True)
        self._column = QVBoxLayout(self)
        self._column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)  # as high as what is shown
        margin = theme().space(6)
        self._column.setContentsMargins(margin, margin - 4, margin, margin - 4)
        self._column.setSpacing(theme().space(3))
        self._column.addWidget(Label(msg("Two-step sign-in"), "title"))
        self._strip = Strip("bad", self)
        self._strip.setFixedWidth(_WIDTH)
        self._strip.hide()
        self._column.addWidget(self._strip)
        self._body = QWidget(self)
        self._column.addWidget(self._body)
        self.code = QLineEdit(self)
        self.code.hide()
        self._body.setFixedWidth(_WIDTH)
        self._begin(self._look(), "look")

    # --- what is shown ---

    def _show_off(self, enrolment: Enrolment) -> None:
        column = self._fresh_body()
        self._say(column, msg("Besides your password, the server will ask for a code from your phone."))
        self._say(column, msg("Scan this picture with an authenticator app, or type the key into it."))
        picture = QLabel(self._body)
        pixels = qr_picture(enrolment.uri, _PICTURE, self.devicePixelRatioF())
        picture.setPixmap(pixels)
        picture.setFixedSize(pixels.deviceIndependentSize().toSize())
        picture.setAccessibleName(tr(msg("Picture for the authenticator app")))
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(_selectable(isolate_ltr(_grouped(enrolment.secret)), self._body))
        self._ask_code(column, msg("Code from the app"), msg("Turn on"), "primary", self._on_confirm)

    def _show_on(self, standing: SecondFactor) -> None:
        column = self._fresh_body()
        self._say(column, msg("It is on: the server asks for a code from your phone besides your password."))
        left = standing.recovery_codes
        self._say(column, plural("{count} recovery code is left.", "{count} recovery codes are left.", left))
        self._say(column, msg("For other codes, or another phone, turn it off and on again."))
        name = msg("Code from the app, or a recovery code")
        self._ask_code(column, name, msg("Turn off"), "danger", self._on_turn_off)

    def _show_codes(self, codes: Sequence[str]) -> None:
        column = self._fresh_body()
        self._codes = tuple(codes)
        self._say(column, msg("It is on. Keep these recovery codes in a safe place."))
        self._say(column, msg("Each lets you in once without your phone. They are shown only now."))
        column.addWidget(_selectable("\n".join(isolate_ltr(code) for code in codes), self._body))
        copy = Button(msg("Copy"), icon_name="copy")
        copy.clicked.connect(self._copy_codes)
        done = Button(msg("Done"), "primary")
        done.clicked.connect(self.accept)
        self._add_buttons(column, copy, done)

    # --- what is done ---

    async def _look(self) -> None:
        standing = await self._account.second_factor()
        enrolment = None if standing.on else await self._account.begin_second_factor()
        if not is_alive(self):
            return
        if enrolment is None:
            self._show_on(standing)
        else:
            self._show_off(enrolment)

    async def _confirm(self, code: str) -> None:
        codes = await self._account.confirm_second_factor(code)
        if is_alive(self):
            self._show_codes(codes)

    async def _turn_off(self, code: str) -> None:
        await self._account.turn_second_factor_off(code)
        if is_alive(self):
            self.accept()

    def _on_confirm(self) -> None:
        self._begin(self._confirm(self.code.text().strip()), "confirm")

    def _on_turn_off(self) -> None:
        self._begin(self._turn_off(self.code.text().strip()), "turn off")

    def _copy_codes(self) -> None:
        QApplication.clipboard().setText("\n".join(self._codes))

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._strip.hide()
        self._body.setEnabled(False)
        self._tasks.start(self._try(work), name)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it; what goes wrong is said above what is shown, and can be tried again."""
        problem: AgentDeskError | None = None
        try:
            await work
        except AgentDeskError as error:
            problem = error
        if not is_alive(self):
            return
        self._body.setEnabled(True)
        if problem is not None:
            self._strip.show_message("bad", problem.message, problem.hint)
            self.code.selectAll()
        self.code.setFocus()

    # --- building ---

    def _fresh_body(self) -> QVBoxLayout:
        before, self._body = self._body, QWidget(self)
        self._body.setFixedWidth(_WIDTH)
        self._column.replaceWidget(before, self._body)
        before.hide()
        before.deleteLater()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(3))
        return column

    def _say(self, column: QVBoxLayout, words: Msg) -> None:
        label = Label(words, "body", "text.secondary", parent=self._body)
        label.set_column(_WIDTH)
        column.addWidget(label)

    def _ask_code(
        self, column: QVBoxLayout, name: Msg, yes: Msg, kind: str, slot: Callable[[], None]
    ) -> None:
        title = Label(name, "small", "text.secondary", weight=500, parent=self._body)
        self.code = QLineEdit(self._body)
        self.code.setAccessibleName(tr(name))
        self.code.setInputMethodHints(Qt.InputMethodHint.ImhNoPredictiveText)
        title.setBuddy(self.code)
        column.addWidget(title)
        column.addWidget(self.code)
        cancel = Button(msg("Cancel"))
        cancel.clicked.connect(self.reject)
        act = Button(yes, "danger" if kind == "danger" else "primary")
        act.clicked.connect(slot)
        self._add_buttons(column, cancel, act)

    def _add_buttons(self, column: QVBoxLayout, *buttons: Button) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme().space(2))
        row.addStretch()
        for button in buttons:
            button.setAutoDefault(button is buttons[-1])
            button.setDefault(button is buttons[-1])
            row.addWidget(button)
        column.addLayout(row)


def _selectable(text: str, parent: QWidget) -> Label:
    label = Label(text, "body", parent=parent)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _grouped(secret: str) -> str:
    return " ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP))
