"""Signing in to a team: server, address, password, and what a company with its own certificates needs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.page import Page
from agentdesk.desktop.widgets.button import Button, LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.sync.trust import is_exposed

__all__ = ["SignInPage"]

_WIDTH = 380


class SignInPage(Page):
    """``submitted(server, email, password, authority, code)``; ``back`` leads to the three ways;
    ``file_wanted`` asks for a file with the company's certificate, to be given by :meth:`set_authority`."""

    submitted = Signal(str, str, str, str, str)
    back = Signal()
    file_wanted = Signal()

    def __init__(
        self, server: str = "", email: str = "", authority: str = "", *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._server = QLineEdit(server or "https://", self)
        self._email = QLineEdit(email, self)
        self._password = QLineEdit(self)
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._code = QLineEdit(self)
        self._authority = QLineEdit(authority, self)
        self._strip = Strip("bad", self)
        self._strip.hide()
        self._exposed = Strip("warn", self)
        self._exposed.show_message(
            "warn",
            msg("This address is not encrypted."),
            msg(
                "Anybody on the way can read your password and what customers write. Ask your administrator "
                "for an address that begins with https://"
            ),
        )
        self._button = Button(msg("Sign in"), "primary")
        self._button.clicked.connect(self._submit)
        self._more_button = LinkButton(msg("More settings"), self)
        self._more_button.clicked.connect(self._show_more)
        self._lay_out()
        self._more.setVisible(bool(authority))
        self._more_button.setVisible(not authority)
        for line in (self._server, self._email):
            line.textChanged.connect(self._hide_code)
        self._hide_code()
        self._server.textChanged.connect(self._on_server)
        self._on_server(self._server.text())

    def show_problem(self, title: Msg, text: Msg | None, field: str | None = None) -> None:
        """Say why it did not work; what was typed stays, and the caret goes to ``field`` (``server``,
        ``email``, ``password`` or ``authority``) where one is to blame."""
        self._strip.show_message("bad", title, text)
        self.set_busy(False)
        lines = {"server": self._server, "email": self._email, "authority": self._authority}
        line = lines.get(field or "", self._password)
        if line is self._authority:
            self._show_more()
        line.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_code(self, title: Msg, text: Msg | None) -> None:
        """Ask for the code of the second factor; ``title`` says why, and that another one is needed."""
        self._strip.show_message("bad" if self._code.text() else "info", title, text)
        self.set_busy(False)
        self._code_box.show()
        self._code.clear()
        self._code.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_notice(self, title: Msg, text: Msg) -> None:
        """Say something above the lines."""
        self._strip.show_message("warn", title, text)

    def set_busy(self, busy: bool) -> None:
        """Show that it is being tried."""
        self._button.setEnabled(not busy)
        self._button.set_text(msg("Signing in") if busy else msg("Sign in"))

    def set_authority(self, path: str) -> None:
        """Take the file with the company's certificate."""
        self._authority.setText(path)

    def _lay_out(self) -> None:
        back = LinkButton(msg("Back"), self)
        back.clicked.connect(self.back)
        box = QWidget(self)
        box.setFixedWidth(_WIDTH)
        column = QVBoxLayout(box)
        column.setSpacing(8)
        column.addWidget(Label(msg("Sign in to your team"), "heading"))
        column.addWidget(self._strip)
        self._add_line(column, self._server, msg("Server address"))
        column.addWidget(self._exposed)
        self._add_line(column, self._email, msg("E-mail"))
        self._add_line(column, self._password, msg("Password"))
        self._code_box = QWidget(self)
        around_code = QVBoxLayout(self._code_box)
        around_code.setContentsMargins(0, 0, 0, 0)
        self._add_line(around_code, self._code, msg("Code from the app, or a recovery code"))
        column.addWidget(self._code_box)
        column.addWidget(self._more_button, 0, Qt.AlignmentFlag.AlignLeading)
        column.addWidget(self._make_more())
        row = QHBoxLayout()
        row.addWidget(back)
        row.addStretch(1)
        row.addWidget(self._button)
        column.addSpacing(8)
        column.addLayout(row)
        across = QHBoxLayout()  # an alignment would reckon the height of wrapped lines by the window's width
        across.addStretch(1)
        across.addWidget(box)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(across)
        outer.addStretch(2)

    def _make_more(self) -> QWidget:
        self._more = QWidget(self)
        column = QVBoxLayout(self._more)
        column.setContentsMargins(0, 0, 0, 0)
        self._add_line(column, self._authority, msg("Certificate of your company"))
        choose = LinkButton(msg("Choose a file"), self._more)
        choose.clicked.connect(self.file_wanted)
        hint = msg("Only where your company signs its certificates itself. Your administrator has the file.")
        column.addWidget(choose, 0, Qt.AlignmentFlag.AlignLeading)
        column.addWidget(Label(hint, "small", "text.muted", wrap=True))
        return self._more

    def _add_line(self, column: QVBoxLayout, line: QLineEdit, name: Msg) -> None:
        title = Label(name, "small", "text.secondary", weight=500)
        title.setBuddy(line)
        line.setAccessibleName(tr(name))
        line.returnPressed.connect(self._submit)
        column.addWidget(title)
        column.addWidget(line)

    def _on_server(self, server: str) -> None:
        self._exposed.setVisible(is_exposed(server.strip()))

    def _hide_code(self) -> None:
        """Another account may need none."""
        self._code.clear()
        self._code_box.hide()

    def _show_more(self) -> None:
        self._more.show()
        self._more_button.hide()

    def _submit(self) -> None:
        self._strip.hide()
        self.set_busy(True)
        lines = (self._server, self._email, self._authority)
        server, email, authority = (line.text().strip() for line in lines)
        self.submitted.emit(server, email, self._password.text(), authority, self._code.text().strip())
