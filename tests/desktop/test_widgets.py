"""The app-blind widgets: what they show, tell and take from the keyboard, in every language."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QImage, QKeySequence, QPainter, QTextLayout
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget
from tests.helpers.until import until

from agentdesk.base.text import msg, plural
from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import initials
from agentdesk.desktop.widgets.button import Button, IconButton, PrimaryButton
from agentdesk.desktop.widgets.chip import Chip, ChipLabel, chip_width, paint_chips
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.floating import FloatingCard
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.pill import Pill, PillRow
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.desktop.widgets.ring import CountdownRing
from agentdesk.desktop.widgets.rowtext import one_line, text_format
from agentdesk.desktop.widgets.section import Section
from agentdesk.desktop.widgets.segmented import Segment, Segmented
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.desktop.widgets.toast import ToastHost


@pytest.fixture(autouse=True)
def app(qapp: QApplication) -> Iterator[QApplication]:
    theme().apply(qapp, "light")
    apply_locale(qapp, "en")
    yield qapp
    apply_locale(qapp, "en")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ana Ruiz", "AR"),
        ("Ana María de la Cruz Ruiz", "AR"),
        ("ana", "A"),
        ("deskfan_88", "D"),
        ("ana.ruiz@example.com", "A"),
        ("“Ana” (Madrid)", "AM"),
        ("Élodie Müller", "ÉM"),
        ("Иван Петров", "ИП"),
        ("سارة خليل", "س"),
        ("דנה כהן", "ד"),
        ("田中 由紀", "田"),
        ("श्रेया घोष", "श्"),
        ("+34 600 000 000", ""),
        ("", ""),
        ("🙂 Ana", "A"),
    ],
)
def test_initials_follow_the_script(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_a_label_never_interprets_what_it_shows() -> None:
    label = Label("<b>not bold</b> <img src='file:///etc/passwd'>")
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text().startswith("<b>")


def test_labels_follow_language_and_theme(app: QApplication) -> None:
    label = Label(msg("My queue"), color="text.muted")
    apply_locale(app, "en-XA")
    assert label.text().startswith("[")
    theme().apply(app, "dark")
    assert label.palette().color(label.foregroundRole()) == theme().color("text.muted")


def test_an_elided_label_cuts_only_what_does_not_fit() -> None:
    label = ElidedLabel("ana.ruiz@example.com\nsecond line")
    label.resize(1000, 20)
    assert not label.is_cut()
    label.resize(40, 20)
    label.set_content("ana.ruiz@example.com")
    assert label.is_cut()
    assert label.toolTip() == label.text() == label.accessibleName() == "ana.ruiz@example.com"
    assert label.minimumSizeHint().width() < label.sizeHint().width()


def test_an_icon_button_says_what_it_is(app: QApplication) -> None:
    button = IconButton("paperclip", msg("Attach a file"))
    assert button.accessibleName() == button.toolTip() == "Attach a file"
    button.set_name(msg("Attach a file"), "Ctrl+Shift+A")
    assert button.toolTip() == "Attach a file (Ctrl+Shift+A)"
    apply_locale(app, "en-XA")
    assert button.accessibleName().startswith("[")


def test_buttons_are_large_enough_to_hit() -> None:
    button = IconButton("paperclip", msg("Attach a file"))
    button.show()
    assert button.sizeHint().width() >= 24
    assert button.sizeHint().height() >= 24
    button.close()


def test_a_main_button_presses_and_offers_its_menu() -> None:
    pressed: list[bool] = []
    button = PrimaryButton(msg("Send"))
    button.clicked.connect(lambda: pressed.append(True))
    button.click()
    button.set_possible(False, msg("Loading"))
    button.click()
    assert pressed == [True]
    assert not button.is_possible()
    alone = button.sizeHint().width()
    button.set_menu(QMenu(button))
    assert button.sizeHint().width() > alone


def test_ampersands_are_letters() -> None:
    assert Button(msg("{name}", name="Lark & Field")).text() == "Lark && Field"


def test_chips_that_do_not_fit_are_left_out_from_the_end(app: QApplication) -> None:
    chips = [Chip("8m", "warn", "alarm-clock"), Chip(msg("Draft"), "accent"), Chip("A very long tag indeed")]
    canvas = QImage(400, 20, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(canvas)
    room = chip_width(chips[0]) + chip_width(chips[1]) + 8
    assert paint_chips(painter, QRect(0, 0, 400, 20), chips, Qt.LayoutDirection.LeftToRight) == 3
    assert paint_chips(painter, QRect(0, 0, room, 20), chips, Qt.LayoutDirection.RightToLeft) == 2
    assert paint_chips(painter, QRect(0, 0, 10, 20), chips, Qt.LayoutDirection.LeftToRight) == 0
    painter.end()


def test_a_chip_of_an_icon_alone_has_a_spoken_name() -> None:
    assert ChipLabel(Chip("", "plain", "frown", tip=msg("Upset"))).accessibleName() == "Upset"


def test_one_pill_is_chosen_and_counts_change_in_place() -> None:
    row = PillRow(msg("Filter"))
    told: list[str] = []
    row.chosen.connect(told.append)
    row.set_pills([Pill("all", msg("All"), 9), Pill("unread", msg("Unread"), 3)])
    assert row.current() == "all"
    row.findChildren(QToolButton)[1].click()
    row.set_pills([Pill("all", msg("All"), 8), Pill("unread", msg("Unread"), 0)])
    assert (row.current(), told) == ("unread", ["unread"])
    assert [button.text() for button in row.findChildren(QToolButton)] == ["All 8", "Unread"]
    row.set_pills([Pill("all", msg("All"))])
    assert row.current() == "all"


@pytest.mark.parametrize(("locale", "key"), [("en", Qt.Key.Key_Right), ("ar", Qt.Key.Key_Left)])
def test_arrows_move_the_switch_in_the_direction_they_point(
    app: QApplication, locale: str, key: Qt.Key
) -> None:
    apply_locale(app, locale)
    switch = Segmented(
        msg("Mode"), [Segment("reply", msg("Reply")), Segment("note", msg("Note"), "lock", note=True)]
    )
    told: list[str] = []
    switch.chosen.connect(told.append)
    QTest.keyClick(switch.findChildren(QToolButton)[0], key)
    assert (switch.current(), told) == ("note", ["note"])
    QTest.keyClick(switch.findChildren(QToolButton)[1], key)
    assert told == ["note"]
    switch.set_current("reply")
    assert told == ["note"]


def test_a_flow_breaks_lines_and_starts_at_the_start_edge(app: QApplication) -> None:
    holder = QWidget()
    flow = FlowLayout(holder, spacing=4)
    for _ in range(3):
        block = QLabel()
        block.setFixedSize(40, 10)
        flow.addWidget(block)
    assert flow.heightForWidth(200) == 10
    assert flow.heightForWidth(90) == 24
    holder.resize(200, 20)
    holder.show()
    first = flow.itemAt(0)
    assert first is not None
    assert first.geometry().x() == 0
    apply_locale(app, "ar")
    flow.activate()
    flow.setGeometry(holder.rect())
    assert first.geometry().right() == 199
    flow.clear()
    assert flow.count() == 0
    holder.close()


def test_a_strip_shows_words_and_what_can_be_done() -> None:
    strip = Strip()
    told: list[str] = []
    strip.pressed.connect(told.append)
    strip.show_message("bad", msg("Not sent"), msg("Nothing was sent. Read the reply, then choose."))
    strip.add_button("retry", msg("Search")).click()
    assert told == ["retry"]
    strip.show_message("warn", msg("Offline"))
    with pytest.raises(KeyError):
        strip.button("retry")


@pytest.mark.parametrize(("width", "beside"), [(900, True), (320, False)])
def test_buttons_of_a_strip_leave_room_for_the_words(width: int, beside: bool) -> None:
    pane = QWidget()
    column = QVBoxLayout(pane)
    column.setContentsMargins(0, 0, 0, 0)
    strip = Strip(parent=pane)
    column.addWidget(strip)
    column.addStretch()
    strip.show_message("info", msg("Somebody wrote while you were writing."), msg("Your text is kept."))
    for key in ("show", "send", "discard"):
        button = strip.add_button(key, msg("Send anyway"))
    pane.resize(width, 300)
    pane.show()
    QApplication.processEvents()
    title = strip.findChildren(Label)[0]
    top = button.mapTo(strip, QPoint(0, 0)).y()
    assert (top < title.geometry().bottom()) is beside
    assert title.width() > width * 0.4
    pane.close()


def test_an_empty_state_has_at_most_one_button() -> None:
    state = EmptyState()
    told: list[bool] = []
    state.pressed.connect(lambda: told.append(True))
    state.show_message("inbox", msg("All answered"))
    assert state.findChildren(Button) == []
    state.show_message(
        "inbox", msg("Your queue is empty"), plural("{count} a", "{count} b", 2), msg("Take the next one")
    )
    state.show_message("inbox", msg("Your queue is empty"), None, msg("Take the next one"))
    state.findChildren(Button)[0].click()
    assert told == [True]
    assert len(state.findChildren(Button)) == 1


def test_an_empty_state_fits_a_narrow_pane() -> None:
    state = EmptyState()
    state.show_message("inbox", msg("Your queue is empty"), msg("Open a conversation to see its customer."))
    state.resize(200, 400)
    state.show()
    labels = state.findChildren(Label)
    assert labels
    assert all(state.rect().contains(label.geometry()) for label in labels)
    assert labels[-1].height() > theme().line_height("body")
    state.close()


def test_a_section_folds_and_says_so() -> None:
    section = Section(msg("Identities"))
    told: list[bool] = []
    section.folded.connect(told.append)
    section.body.addWidget(QLabel("inside"))
    section.toggle()
    assert (section.is_open(), told) == (False, [True])
    section.set_open(True)
    assert told == [True]


def test_a_toast_offers_undo_and_gives_way_to_the_next() -> None:
    pane = QWidget()
    pane.resize(400, 300)
    pane.show()
    host, undone = ToastHost(pane), []
    host.show_toast(msg("Resolved {name}.", name="Tom"), msg("Undo"), lambda: undone.append(True))
    assert host.current_text() == "Resolved Tom."
    pane.findChildren(Button)[0].click()
    assert undone == [True]
    assert host.current_text() == ""
    host.show_toast(msg("Offline"))
    host.show_toast(msg("Loading"))
    assert host.current_text() == "Loading"
    host.clear()
    assert host.current_text() == ""
    pane.close()


def test_a_toast_whose_time_is_over_gives_way_too() -> None:
    pane = QWidget()
    host = ToastHost(pane)
    host.show_toast(msg("Offline"))
    (toast,) = pane.findChildren(FloatingCard)
    toast.findChildren(QTimer)[0].timeout.emit()
    QApplication.sendPostedEvents(toast, QEvent.Type.DeferredDelete)
    host.show_toast(msg("Loading"))
    assert host.current_text() == "Loading"


def test_a_ring_shows_a_share_or_counts() -> None:
    ring = CountdownRing()
    ring.set_share(2.0, "warn.mark")
    ticks: list[int] = []
    ring.ticked.connect(ticks.append)
    ring.start(10)
    assert ticks == [10]
    assert ring.remaining() in (9, 10)
    ring.stop()


def a_pill_row() -> PillRow:
    row = PillRow(msg("Filter"))
    row.set_pills([Pill("all", msg("All"))])
    return row


def a_strip() -> Strip:
    strip = Strip()
    strip.show_message("bad", msg("Not sent"))
    strip.add_button("retry", msg("Search"))
    return strip


@pytest.mark.parametrize(
    "make",
    [
        lambda: Label(msg("All")),
        lambda: ElidedLabel("All"),
        lambda: Button(msg("All")),
        lambda: IconButton("x", msg("All")),
        lambda: PrimaryButton(msg("All")),
        lambda: ChipLabel(Chip("All")),
        lambda: Segmented(msg("Mode"), [Segment("reply", msg("Reply"))]),
        lambda: Section(msg("All")),
        EmptyState,
        CountdownRing,
        a_pill_row,
        a_strip,
    ],
)
def test_nothing_keeps_a_widget_that_nobody_holds(make: Callable[[], QWidget]) -> None:
    made = [make() for _ in range(5)]
    alive = [weakref.ref(widget) for widget in made]
    made.clear()
    gc.collect()
    assert [ref() for ref in alive if ref() is not None] == []


ITEMS = [
    PopupItem("me", msg("Me"), "Shift+A"),
    PopupItem("maria", "Maria Costa", "ES", words="delivery"),
    PopupItem("aiko", "Aiko Mori", enabled=False),
    PopupItem("nobody", msg("Nobody")),
]


@pytest.fixture
def popup() -> Iterator[Popup]:
    window = QWidget()
    window.resize(500, 400)
    column = QVBoxLayout(window)
    column.addWidget(Button(msg("Assign to…")))
    column.addStretch()
    window.show()
    made = Popup(window, msg("Person or team"))
    made.set_items(ITEMS)
    made.open_at(window.findChildren(Button)[0])
    yield made
    made.dismiss()
    window.close()
    window.deleteLater()


def test_a_popup_is_found_in_by_typing_and_chosen_from_by_enter(popup: Popup) -> None:
    chosen: list[str] = []
    popup.chosen.connect(chosen.append)
    QTest.keyClicks(popup.field, "cos")
    assert popup.shown_keys() == ["maria"]
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert chosen == ["maria"]
    assert not popup.isVisible()


def test_a_popup_steps_over_what_cannot_be_chosen(popup: Popup) -> None:
    assert popup.current() == "me"
    for expected in ("maria", "nobody", "nobody"):
        QTest.keyClick(popup.field, Qt.Key.Key_Down)
        assert popup.current() == expected
    QTest.keyClick(popup.field, Qt.Key.Key_Up)
    assert popup.current() == "maria"


def test_a_popup_finds_by_further_words_and_can_find_nothing(popup: Popup) -> None:
    chosen: list[str] = []
    popup.chosen.connect(chosen.append)
    QTest.keyClicks(popup.field, "deliv")
    assert popup.shown_keys() == ["maria"]
    QTest.keyClicks(popup.field, "zzz")
    assert popup.shown_keys() == []
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert chosen == []
    assert popup.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Backspace])
def test_a_popup_closes_without_a_choice(popup: Popup, key: Qt.Key) -> None:
    told: list[bool] = []
    popup.dismissed.connect(lambda: told.append(True))
    QTest.keyClick(popup.field, key)
    assert told == [True]
    assert not popup.isVisible()


def test_the_tab_key_leaves_and_closes_a_popup(popup: Popup) -> None:
    told: list[bool] = []
    popup.dismissed.connect(lambda: told.append(True))
    QTest.keyClick(popup.field, Qt.Key.Key_Tab)
    assert told == [True]


def test_esc_in_a_popup_is_no_shortcut_of_the_window(popup: Popup) -> None:
    used: list[bool] = []
    window = popup.window()
    action = QAction(window)
    action.setShortcut(QKeySequence(Qt.Key.Key_Escape))
    action.triggered.connect(lambda: used.append(True))
    window.addAction(action)
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert used == []
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert used == [True]


def test_a_press_outside_closes_a_popup(popup: Popup) -> None:
    window = popup.window()
    QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(490, 390))
    assert not popup.isVisible()


def test_a_popup_asks_for_rows_and_previews(popup: Popup) -> None:
    marked: list[str] = []
    popup.current_changed.connect(marked.append)
    popup.set_finder(lambda query: [PopupItem(query or "all", query or "all")])
    QTest.keyClicks(popup.field, "ab")
    assert popup.shown_keys() == ["ab"]
    assert marked[-1] == "ab"
    before = popup.height()
    popup.set_preview("Hola Ana: siento que tu escritorio llegue tarde.")
    assert popup.height() > before


def test_a_popup_stays_inside_its_window(popup: Popup) -> None:
    window = popup.window()
    shown = popup.geometry().adjusted(14, 14, -14, -14)
    assert window.rect().contains(shown)


async def test_a_popup_stays_at_its_place_when_the_window_grows(popup: Popup) -> None:
    window = popup.window()
    column = window.layout()
    assert isinstance(column, QVBoxLayout)
    column.insertStretch(0)
    before = popup.y()
    window.resize(500, 900)  # the button is in the middle now
    await until(lambda: popup.y() > before + 300)


def line_text(layout: QTextLayout) -> str:
    return layout.text()


@pytest.mark.parametrize("subject", ["Walnut desk", "استرداد الطلب 4390", ""])
def test_one_line_is_never_wider_than_its_room(subject: str) -> None:
    formats = (text_format(QColor("black"), 500), text_format(QColor("gray")))
    layout = one_line(
        subject, "a preview " * 20, theme().font("body"), 200, formats, Qt.AlignmentFlag.AlignLeft
    )
    assert layout.lineCount() == 1
    assert layout.lineAt(0).naturalTextWidth() <= 200
    assert line_text(layout).endswith("…")


def test_one_line_takes_its_direction_from_its_own_text() -> None:
    formats = (text_format(QColor("black")), text_format(QColor("gray")))
    arabic = one_line("سارة", "Refund", theme().font("body"), 300, formats, Qt.AlignmentFlag.AlignRight)
    english = one_line("Refund", "سارة", theme().font("body"), 300, formats, Qt.AlignmentFlag.AlignRight)
    assert arabic.textOption().textDirection() == Qt.LayoutDirection.RightToLeft
    assert english.textOption().textDirection() == Qt.LayoutDirection.LeftToRight
    assert [part.length for part in english.formats()] == [6, 7]
