"""The app-blind widgets: chips, tiles, buttons, strips and popovers, as in the mock-ups."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import Avatar, ChannelTile
from agentdesk.desktop.widgets.button import Button, IconButton, LinkButton, PrimaryButton
from agentdesk.desktop.widgets.chip import Chip, ChipLabel, paint_chips
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.pill import Pill, PillRow
from agentdesk.desktop.widgets.placeholder import PlaceholderRows
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.desktop.widgets.ring import CountdownRing
from agentdesk.desktop.widgets.section import Section
from agentdesk.desktop.widgets.segmented import Segment, Segmented
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.desktop.widgets.toast import ToastHost
from tests.screens.runner import screen

GOALS = [
    Chip("42m", "outline", "clock"),
    Chip("8m", "warn", "alarm-clock"),
    Chip("+12m", "bad", "triangle-alert"),
    Chip(msg("Waiting for {name}", name="Grace"), "plain", "pause"),
    Chip(msg("Met in {time}", time="4m"), "ok", "check"),
]
OTHERS = [
    Chip(msg("Urgent"), "bad_text", "chevrons-up"),
    Chip(msg("High"), "warn_text", "chevron-up"),
    Chip("Refund"),
    Chip(msg("Public"), "public", "globe"),
    Chip("ES", "code"),
    Chip(msg("Draft"), "accent", "pencil-line"),
    Chip("VIP", "bot", "star"),
]
CHANNELS = ("email", "chat", "x", "facebook", "instagram", "whatsapp", "telegram", "phone", "forum", "portal")
PEOPLE = (
    ("Ana Ruiz", "1", "email"),
    ("Tom Baker", "2", "whatsapp"),
    ("Yuki Tanaka", "3", "chat"),
    ("سارة خليل", "4", "email"),
    ("Léa Martin", "5", "instagram"),
    ("deskfan_88", "6", "forum"),
    ("田中 由紀", "7", "portal"),
    ("+34 600 000 000", "8", "phone"),
)


class PaintedChips(QWidget):
    """Chips painted as a row of the queue paints them."""

    def __init__(self, chips: list[Chip]) -> None:
        super().__init__()
        self._chips = chips
        self.setFixedHeight(20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_chips(painter, QRect(0, 0, self.width(), self.height()), self._chips, self.layoutDirection())


def heading(text: str) -> Label:
    return Label(text, "body", "text.secondary", weight=500)


def row(*widgets: QWidget) -> QHBoxLayout:
    made = QHBoxLayout()
    made.setSpacing(8)
    for widget in widgets:
        made.addWidget(widget)
    made.addStretch()
    return made


def tile_with_name(channel: str) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addLayout(row(ChannelTile(channel, channel, 24)))
    column.addWidget(Label(channel.capitalize(), "small", "text.muted"))
    return holder


def avatar(name: str, seed: str, channel: str) -> Avatar:
    made = Avatar(32)
    made.set_person(name, seed, channel=channel)
    return made


@screen("widgets-chips", sizes=[(640, 620)])
def chips() -> QWidget:
    page = Surface("bg.canvas", "", "card")
    column = QVBoxLayout(page)
    column.setSpacing(10)
    column.addWidget(heading("Response goal"))
    column.addLayout(row(*(ChipLabel(chip) for chip in GOALS)))
    column.addWidget(heading("Painted"))
    column.addWidget(PaintedChips(GOALS + OTHERS))
    column.addWidget(heading("Others"))
    column.addLayout(row(*(ChipLabel(chip) for chip in OTHERS)))
    column.addWidget(heading("Channels"))
    column.addLayout(row(*(tile_with_name(channel) for channel in CHANNELS)))
    column.addWidget(heading("People"))
    column.addLayout(row(*(avatar(*person) for person in PEOPLE)))
    column.addWidget(heading("Type"))
    for role in ("caption", "small", "body", "reading", "title", "heading", "display"):
        column.addWidget(Label(f"{role}: Walnut desk 4417 مكتب", role))
    column.addStretch()
    return page


@screen("widgets-controls", sizes=[(640, 900)])
def controls() -> QWidget:
    page = Surface("bg.canvas", "", "card")
    column = QVBoxLayout(page)
    column.setSpacing(12)
    pills = PillRow(msg("Filter"))
    pills.set_pills(
        [
            Pill("all", msg("All"), 9),
            Pill("unread", msg("Unread"), 3),
            Pill("waiting", msg("Waiting on us"), 7),
            Pill("vip", msg("VIP")),
        ]
    )
    column.addWidget(pills)
    for current in ("reply", "note"):
        switch = Segmented(
            msg("Mode"),
            [Segment("reply", msg("Reply")), Segment("note", msg("Note"), "lock", note=True)],
        )
        switch.set_current(current)
        column.addLayout(row(switch))
    send = PrimaryButton(msg("Send"))
    from PySide6.QtWidgets import QMenu

    menu = QMenu(send)
    menu.addAction("Send and resolve")
    send.set_menu(menu)
    note = PrimaryButton(msg("Add note"), "note", "lock")
    public = PrimaryButton(msg("Reply publicly"), "primary", "globe")
    column.addLayout(
        row(send, note, public, Button(msg("Resolve"), "", "check"), LinkButton(msg("Show original")))
    )
    ring = CountdownRing()
    ring.set_share(0.7)
    icons = (
        ("paperclip", msg("Attach a file")),
        ("smile-plus", msg("Emoji")),
        ("square-slash", msg("Templates")),
    )
    column.addLayout(
        row(
            *(IconButton(name, words) for name, words in icons),
            IconButton("panel-right", msg("Customer panel")),
            ring,
        )
    )
    field = QLineEdit()
    field.setPlaceholderText("Person or team")
    field.setProperty("kind", "search")
    wrong = QLineEdit("imap.example")
    wrong.setProperty("error", "true")
    wrong.setAccessibleName("Server")
    column.addWidget(field)
    column.addWidget(wrong)
    for kind, text in STRIPS:
        strip = Strip()
        strip.show_message(
            kind, text, msg("Nothing was sent. Read the reply, then choose.") if kind == "info" else None
        )
        strip.add_button("show", msg("Show reply"))
        column.addWidget(strip)
    section = Section(msg("Identities"))
    section.set_count(3)
    section.body.addWidget(
        ElidedLabel("ana.ruiz@example.com, a very long address that does not fit into this place at all, no")
    )
    column.addWidget(section)
    folded = Section(msg("Notes"))
    folded.set_open(False)
    column.addWidget(folded)
    holder = QWidget()
    flow = FlowLayout(holder)
    for number in range(12):
        flow.addWidget(ChipLabel(Chip(f"Tag {number}")))
    column.addWidget(holder)
    column.addStretch()
    return page


STRIPS: tuple[tuple[str, Msg], ...] = (
    ("info", msg("{name} answered while you were writing.", name="Maria")),
    ("warn", plural("{count} change is saved here.", "{count} changes are saved here.", 3)),
    ("bad", msg("Not sent: {reason}", reason="550 5.1.1 No such user")),
    ("note", msg("Internal note, only your team sees this")),
    ("public", msg("Everyone on {network} can read this.", network="X")),
    ("quiet", msg("Conversation is resolved.")),
)


@screen("widgets-empty", sizes=[(520, 520)])
def empty() -> QWidget:
    page = Surface("bg.list", "", "card")
    column = QVBoxLayout(page)
    state = EmptyState()
    state.show_message(
        "inbox",
        msg("Your queue is empty"),
        plural(
            "{count} conversation waits for anyone in the team. Take it.",
            "{count} conversations wait for anyone in the team. Take the one that is due first.",
            14,
        ),
        msg("Take the next one"),
    )
    column.addWidget(state)
    column.addWidget(PlaceholderRows(2))
    toast = ToastHost(page)
    page.resize(520, 520)
    toast.show_toast(msg("Resolved {name}.", name="Tom Baker"), msg("Undo"))
    return page


@screen("widgets-popup", sizes=[(420, 420)])
def popup() -> QWidget:
    page = Surface("bg.canvas", "", "card")
    column = QVBoxLayout(page)
    anchor = Button(msg("Assign to…"))
    column.addLayout(row(anchor))
    column.addStretch()
    page.resize(420, 420)
    page.show()
    box = Popup(page, msg("Person or team"))
    box.set_items(
        [
            PopupItem("me", msg("Me"), "Shift+A", person=("Jonas Weber", "9")),
            PopupItem("maria", "Maria Costa", "5/6 · ES", person=("Maria Costa", "10")),
            PopupItem("elif", "Elif Demir", "2/6 · TR, DE", person=("Elif Demir", "11")),
            PopupItem("aiko", "Aiko Mori", "6/6", person=("Aiko Mori", "12"), enabled=False),
            PopupItem("delivery", "Team Delivery", "12", icon="users"),
            PopupItem("nobody", msg("Nobody"), icon="user-round-x"),
        ]
    )
    box.set_hint(msg("Sorted by language, skill and free capacity"))
    box.open_at(anchor)
    assert theme().scheme
    return page
