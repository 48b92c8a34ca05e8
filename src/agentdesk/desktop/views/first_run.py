"""What a newcomer sees: three ways to start, signing in to a team, connecting an e-mail account."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.form import Form
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import Button, LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.schema import Schema

__all__ = ["ConnectPage", "SignInPage", "WelcomePage"]

_CARDS: tuple[tuple[str, str, Msg, Msg, tuple[Msg, ...], Msg], ...] = (
    (
        "sandbox",
        "flask-conical",
        msg("Look around first"),
        msg("Practise in a made-up shop. Customers are simulated and answer you back."),
        (msg("Nothing leaves this computer"), msg("Remove it whenever you like")),
        msg("Try the sandbox"),
    ),
    (
        "connect",
        "mail",
        msg("Connect my email"),
        msg("Use AgentDesk on your own, with an address you already have."),
        (msg("Works in about two minutes"), msg("Your data stays in one local file")),
        msg("Connect email"),
    ),
    (
        "join",
        "users",
        msg("Join my team"),
        msg("Your team already has a server. Sign in with what your supervisor gave you."),
        (msg("Shared queue and customers"), msg("Works offline and catches up")),
        msg("Join a team"),
    ),
)


class _Page(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))


class WelcomePage(_Page):
    """``chosen(str)`` tells ``sandbox``, ``connect`` or ``join``; keys 1, 2 and 3 choose as well."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._buttons: list[Button] = []
        cards = QHBoxLayout()
        cards.setSpacing(16)
        cards.addStretch(1)
        for number, card in enumerate(_CARDS):
            cards.addWidget(self._card(card, primary=number == 0))
        cards.addStretch(1)
        title = Label(msg("Welcome to AgentDesk"), "display")
        words = Label(
            msg("Every customer conversation in one calm place. How would you like to start?"),
            "title",
            "text.secondary",
            weight=400,
            wrap=True,
        )
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for label in (title, words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addSpacing(12)
        column.addLayout(cards)
        column.addStretch(3)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = event.text()
        if number in ("1", "2", "3"):
            self.chosen.emit(_CARDS[int(number) - 1][0])
            return
        super().keyPressEvent(event)

    def _card(self, card: tuple[str, str, Msg, Msg, tuple[Msg, ...], Msg], *, primary: bool) -> QWidget:
        key, icon_name, title, words, points, button_text = card
        box = Surface("bg.canvas", "line.subtle", "bubble", self)
        box.setFixedWidth(288)
        column = QVBoxLayout(box)
        column.setContentsMargins(24, 24, 24, 20)
        column.setSpacing(8)
        picture = QLabel(box)
        picture.setPixmap(pixmap(icon_name, 28, "accent.text", self.devicePixelRatioF()))
        column.addWidget(picture)
        column.addWidget(Label(title, "title"))
        column.addWidget(Label(words, "body", "text.secondary", wrap=True))
        for point in points:
            row = QHBoxLayout()
            tick = QLabel(box)
            tick.setPixmap(pixmap("check", 14, "ok.mark", self.devicePixelRatioF()))
            row.addWidget(tick)
            row.addWidget(Label(point, "small", "text.secondary", wrap=True), 1)
            column.addLayout(row)
        column.addStretch(1)
        button = Button(button_text, "primary" if primary else "", parent=box)
        button.setObjectName(key)
        button.clicked.connect(self._on_clicked)
        button.setMinimumWidth(240)
        column.addWidget(button)
        self._buttons.append(button)
        return box

    def _on_clicked(self) -> None:
        self.chosen.emit(self.sender().objectName())


class SignInPage(_Page):
    """``submitted(server, email, password)``; ``back`` leads to the three ways."""

    submitted = Signal(str, str, str)
    back = Signal()

    def __init__(self, server: str = "", email: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._server = self._line(msg("Server address"), server or "https://")
        self._email = self._line(msg("E-mail"), email)
        self._password = self._line(msg("Password"), "")
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._strip = Strip("bad", self)
        self._strip.hide()
        self._button = Button(msg("Sign in"), "primary")
        self._button.clicked.connect(self._submit)
        back = LinkButton(msg("Back"), self)
        back.clicked.connect(self.back)
        box = QWidget(self)
        box.setFixedWidth(380)
        column = QVBoxLayout(box)
        column.setSpacing(8)
        column.addWidget(Label(msg("Sign in to your team"), "heading"))
        column.addWidget(self._strip)
        for line in (self._server, self._email, self._password):
            column.addWidget(Label(line.accessibleName(), "small", "text.secondary", weight=500))
            column.addWidget(line)
            line.returnPressed.connect(self._submit)
        row = QHBoxLayout()
        row.addWidget(back)
        row.addStretch(1)
        row.addWidget(self._button)
        column.addSpacing(8)
        column.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(box, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(2)

    def show_problem(self, title: Msg, text: Msg | None, field: str | None = None) -> None:
        """Say why it did not work; what was typed stays, and the caret goes to ``field`` (``server``,
        ``email`` or ``password``) where one is to blame."""
        self._strip.show_message("bad", title, text)
        self.set_busy(False)
        lines = {"server": self._server, "email": self._email, "password": self._password}
        lines.get(field or "password", self._password).setFocus(Qt.FocusReason.OtherFocusReason)

    def set_busy(self, busy: bool) -> None:
        """Show that it is being tried."""
        self._button.setEnabled(not busy)
        self._button.set_text(msg("Signing in") if busy else msg("Sign in"))

    def _line(self, name: Msg, value: str) -> QLineEdit:
        line = QLineEdit(value, self)
        line.setAccessibleName(tr(name))
        return line

    def _submit(self) -> None:
        self._strip.hide()
        self.set_busy(True)
        self.submitted.emit(self._server.text().strip(), self._email.text().strip(), self._password.text())


class ConnectPage(_Page):
    """A channel's settings on one side, the test on the other. ``submitted`` asks for test and saving."""

    submitted = Signal()
    back = Signal()

    def __init__(self, title: Msg, schema: Schema, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = Form(schema, self)
        self.form.submitted.connect(self.submitted)
        self._button = Button(msg("Test and connect"), "primary")
        self._button.clicked.connect(self.submitted)
        back = LinkButton(msg("Back"), self)
        back.clicked.connect(self.back)
        left = QWidget(self)
        left.setMaximumWidth(452)
        column = QVBoxLayout(left)
        column.setContentsMargins(32, 32, 16, 32)
        column.addWidget(Label(title, "heading"))
        column.addWidget(self.form)
        row = QHBoxLayout()
        row.addWidget(back)
        row.addStretch(1)
        row.addWidget(self._button)
        column.addLayout(row)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(left)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(10)
        right = QVBoxLayout()
        right.setContentsMargins(24, 36, 32, 32)
        right.addWidget(Label(msg("Test"), "title"))
        self._hint = Label(
            msg("Nothing is sent to a customer. The account is saved when the test has passed."),
            "body",
            "text.secondary",
            wrap=True,
        )
        right.addWidget(self._hint)
        right.addLayout(self._steps)
        right.addStretch(1)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area, 1)
        outer.addLayout(right, 1)

    def set_busy(self, busy: bool) -> None:
        """Show that the test runs."""
        self._button.setEnabled(not busy)

    def clear_steps(self) -> None:
        """Take the results of the last test away."""
        while self._steps.count():
            item = self._steps.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.deleteLater()

    def add_step(self, step: CheckStep) -> None:
        """Show the result of one step."""
        strip = Strip("ok" if step.ok else "bad", self)
        strip.show_message("ok" if step.ok else "bad", step.title, step.remedy or step.found)
        if step.remedy is not None:
            strip.show_message("bad", step.found, step.remedy)
        self._steps.addWidget(strip)

    def show_problem(self, field: str | None, title: Msg, text: Msg | None) -> None:
        """Say what is wrong, under its field where it has one."""
        if not self.form.show_error(field, title):
            strip = Strip("bad", self)
            strip.show_message("bad", title, text)
            self._steps.addWidget(strip)
        self.set_busy(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
