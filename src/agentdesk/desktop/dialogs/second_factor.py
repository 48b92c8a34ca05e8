"""Turning two-step sign-in on and off: a picture for the phone, a code, and the codes for a lost phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.dialogs.own_account import OwnAccountDialog
from agentdesk.desktop.dialogs.qr import qr_picture
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import Button
from agentdesk.desktop.widgets.label import Label
from agentdesk.sync.account import AccountPort, Enrolment, SecondFactor

__all__ = ["SecondFactorDialog"]

_PICTURE = 220
_GROUP = 4


class SecondFactorDialog(OwnAccountDialog):
    """Asks the server how things stand, and shows what can be done."""

    def __init__(self, account: AccountPort, parent: QWidget | None = None) -> None:
        super().__init__(msg("Two-step sign-in"), parent)
        self._account = account
        self._codes: tuple[str, ...] = ()
        self.code = QLineEdit(self)
        self.code.hide()
        self.begin(self._look(), "look")

    # --- what is shown ---

    def _show_off(self, enrolment: Enrolment) -> None:
        column = self.fresh_body()
        self.say(column, msg("Besides your password, the server will ask for a code from your phone."))
        self.say(column, msg("Scan this picture with an authenticator app, or type the key into it."))
        picture = QLabel(self.body)
        pixels = qr_picture(enrolment.uri, _PICTURE, self.devicePixelRatioF())
        picture.setPixmap(pixels)
        picture.setFixedSize(pixels.deviceIndependentSize().toSize())
        picture.setAccessibleName(tr(msg("Picture for the authenticator app")))
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(_selectable(isolate_ltr(_grouped(enrolment.secret)), self.body))
        self._ask_code(column, msg("Code from the app"), msg("Turn on"), "primary", self._on_confirm)

    def _show_on(self, standing: SecondFactor) -> None:
        column = self.fresh_body()
        self.say(column, msg("It is on: the server asks for a code from your phone besides your password."))
        left = standing.recovery_codes
        self.say(column, plural("{count} recovery code is left.", "{count} recovery codes are left.", left))
        self.say(column, msg("For other codes, or another phone, turn it off and on again."))
        name = msg("Code from the app, or a recovery code")
        self._ask_code(column, name, msg("Turn off"), "danger", self._on_turn_off)

    def _show_codes(self, codes: Sequence[str]) -> None:
        column = self.fresh_body()
        self._codes = tuple(codes)
        self.say(column, msg("It is on. Keep these recovery codes in a safe place."))
        self.say(column, msg("Each lets you in once without your phone. They are shown only now."))
        column.addWidget(_selectable("\n".join(isolate_ltr(code) for code in codes), self.body))
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
        self.begin(self._confirm(self.code.text().strip()), "confirm")

    def _on_turn_off(self) -> None:
        self.begin(self._turn_off(self.code.text().strip()), "turn off")

    def _copy_codes(self) -> None:
        QApplication.clipboard().setText("\n".join(self._codes))

    def on_done(self, problem: AgentDeskError | None) -> None:
        """The next code is typed, in place of a wrong one."""
        if problem is not None:
            self.code.selectAll()
        self.code.setFocus()

    # --- building ---

    def _ask_code(
        self, column: QVBoxLayout, name: Msg, yes: Msg, kind: str, slot: Callable[[], None]
    ) -> None:
        title = Label(name, "small", "text.secondary", weight=500, parent=self.body)
        self.code = QLineEdit(self.body)
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
