"""What a newcomer sees: three ways to start, and connecting an e-mail account."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.paths import resource
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.form import Form
from agentdesk.desktop.icons import icon, pixmap
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.page import Page
from agentdesk.desktop.widgets.button import Button, LinkButton
from agentdesk.desktop.widgets.empty import Badge
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.schema import Schema

__all__ = ["ConnectPage", "WelcomePage"]

_CARD_WIDTH = 292

_CARDS: tuple[tuple[str, str, str, Msg, Msg, tuple[Msg, ...], Msg], ...] = (
    (
        "sandbox",
        "flask-conical",
        "bot",
        msg("Look around first"),
        msg("Practise in a made-up shop. Customers are simulated and answer you back."),
        (msg("Nothing leaves this computer"), msg("Remove it whenever you like")),
        msg("Try the sandbox"),
    ),
    (
        "connect",
        "mail",
        "accent",
        msg("Connect my email"),
        msg("Use AgentDesk on your own, with an address you already have."),
        (msg("Works in about two minutes"), msg("Your data stays in one local file")),
        msg("Connect email"),
    ),
    (
        "join",
        "users",
        "ok",
        msg("Join my team"),
        msg("Your team already has a server. Sign in with what your supervisor gave you."),
        (msg("Shared queue and customers"), msg("Works offline and catches up")),
        msg("Join a team"),
    ),
)


class WelcomePage(Page):
    """``chosen(str)`` tells ``sandbox``, ``connect`` or ``join``; keys 1, 2 and 3 choose as well."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cards: list[_Card] = []
        self._menus: list[QToolButton] = []
        cards = QHBoxLayout()
        cards.setSpacing(16)
        cards.addStretch(1)
        for number, card in enumerate(_CARDS, start=1):
            self._cards.append(_Card(number, *card, parent=self))
            self._cards[-1].chosen.connect(self.chosen)
            cards.addWidget(self._cards[-1])
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
        self._picture = QLabel(self)
        self._picture.setPixmap(QIcon(str(resource("icons/agentdesk.svg"))).pixmap(QSize(48, 48)))
        column.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (title, words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addSpacing(12)
        column.addLayout(cards)
        column.addSpacing(12)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(16)
        column.addLayout(self._foot)
        column.addStretch(3)

    def set_menus(self, languages: QMenu, themes: QMenu) -> None:
        """Offer language and appearance below the cards."""
        self._foot.addStretch(1)
        for menu, icon_name in ((languages, "languages"), (themes, "sun")):
            button = QToolButton(self)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(22, 16))
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setMenu(menu)
            button.setIcon(icon(icon_name))
            self._foot.addWidget(button)
            self._menus.append(button)
        self._foot.addWidget(Label(msg("You can change everything later."), "small", "text.muted"))
        self._foot.addStretch(1)
        self._name_menus()

    def menu_buttons(self) -> list[QToolButton]:
        """The buttons for language and appearance."""
        return self._menus

    def _name_menus(self) -> None:
        for button in self._menus:
            button.setText(button.menu().title())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_menus"):
            QTimer.singleShot(0, self, self._name_menus)  # the menus take the new language first

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = event.text()
        if number in ("1", "2", "3"):
            self.chosen.emit(_CARDS[int(number) - 1][0])
            return
        super().keyPressEvent(event)


class _Card(Surface):
    """One way to start, with the number of its key. ``chosen`` carries the way's own key."""

    chosen = Signal(str)

    def __init__(
        self,
        number: int,
        key: str,
        icon_name: str,
        kind: str,
        title: Msg,
        words: Msg,
        points: tuple[Msg, ...],
        button: Msg,
        parent: QWidget,
    ) -> None:
        super().__init__("bg.canvas", "line.subtle", "bubble", parent)
        self._key = key
        self.setFixedWidth(_CARD_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 20)
        column.setSpacing(8)
        column.addWidget(Badge(icon_name, kind, self))
        column.addSpacing(8)
        column.addWidget(Label(title, "title"))
        column.addWidget(Label(words, "body", "text.secondary", wrap=True))
        column.addSpacing(6)
        self._ticks = [QLabel(self) for _ in points]
        for tick, point in zip(self._ticks, points, strict=True):
            row = QHBoxLayout()
            row.addWidget(tick, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(Label(point, "small", "text.secondary", wrap=True), 1)
            column.addLayout(row)
        column.addStretch(1)
        column.addSpacing(8)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        press = Button(button, "primary" if number == 1 else "", parent=self)
        press.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        press.clicked.connect(self._on_clicked)
        foot.addWidget(press, 1)
        foot.addWidget(Label(str(number), "small", "text.muted", weight=500))
        column.addLayout(foot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        for tick in self._ticks:
            tick.setPixmap(pixmap("check", 14, "ok.mark", self.devicePixelRatioF()))

    def _on_clicked(self) -> None:
        self.chosen.emit(self._key)


class ConnectPage(Page):
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
