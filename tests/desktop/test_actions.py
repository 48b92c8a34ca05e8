"""Action records, and what a window makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from agentdesk.base.paths import resource
from agentdesk.base.text import msg
from agentdesk.desktop.actions import specs
from agentdesk.desktop.actions.registry import Actions, ActionSpec, conflicts
from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.shortcuts import LatinFallback, latin_letter

RESOLVE = ActionSpec(
    id="resolve", title=msg("Resolve"), group="g", keys=("E",), when="conversation", icon="check"
)
GO = ActionSpec(id="go", title=msg("My queue"), group="g", keys=("G, Q",))
BOLD = ActionSpec(id="bold", title=msg("Bold"), group="g", keys=("Ctrl+B",), scope="composer")


def test_no_key_means_two_things() -> None:
    assert conflicts(specs.ALL) == []


def test_records_are_well_formed() -> None:
    ids = Counter(spec.id for spec in specs.ALL)
    assert [name for name, count in ids.items() if count > 1] == []
    for spec in specs.ALL:
        assert not spec.icon or resource(f"icons/{spec.icon}.svg").is_file(), spec.id


def test_no_key_uses_alt_which_types_letters_on_many_keyboards() -> None:
    for spec in specs.ALL:
        assert not any("Alt" in key or "Meta" in key for key in spec.keys), spec.id


@pytest.mark.parametrize(
    ("one", "other", "scopes", "expected"),
    [
        ("E", "E", ("window", "window"), 1),
        ("G", "G, Q", ("window", "window"), 1),
        ("G, Q", "G, U", ("window", "window"), 0),
        ("Ctrl+B", "Ctrl+B", ("composer", "window"), 1),
        ("Ctrl+A", "Ctrl+A", ("composer", "list"), 0),
        ("Shift+E", "E", ("window", "window"), 0),
    ],
)
def test_conflicts_are_found(one: str, other: str, scopes: tuple[str, str], expected: int) -> None:
    pair = [
        ActionSpec(id=name, title=msg("Resolve"), group="g", keys=(key,), scope=scope)  # type: ignore[arg-type]
        for name, key, scope in zip("ab", (one, other), scopes, strict=True)
    ]
    assert len(conflicts(pair)) == expected


class Window(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.field = QLineEdit()
        self.pane = QWidget()
        self.pane.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.addWidget(self.field)
        column.addWidget(self.pane)
        self.actions_of_window = Actions(self, [RESOLVE, GO, BOLD])
        self.actions_of_window.bind("resolve", self.on_resolve)
        self.actions_of_window.bind("go", self.on_go)
        self.fallback = LatinFallback(self, self.actions_of_window)

    def on_resolve(self) -> None:
        self.done.append("resolve")

    def on_go(self) -> None:
        self.done.append("go")


@pytest.fixture
def window(qapp: QApplication) -> Iterator[Window]:
    apply_locale(qapp, "en")
    made = Window()
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    made.pane.setFocus()
    yield made
    made.close()
    made.deleteLater()
    apply_locale(qapp, "en")


def test_an_action_is_possible_only_in_its_state(window: Window) -> None:
    actions = window.actions_of_window
    assert not actions.trigger("resolve")
    actions.set_state(conversation=True)
    assert actions.trigger("resolve")
    assert window.done == ["resolve"]


def test_keys_do_what_they_name(window: Window) -> None:
    window.actions_of_window.set_state(conversation=True)
    QTest.keyClick(window.pane, Qt.Key.Key_E)
    QTest.keyClick(window.pane, Qt.Key.Key_G)
    QTest.keyClick(window.pane, Qt.Key.Key_Q)
    assert window.done == ["resolve", "go"]


def test_letters_are_text_while_typing(window: Window) -> None:
    window.actions_of_window.set_state(conversation=True)
    window.field.setFocus()
    QTest.keyClick(window.field, Qt.Key.Key_E)
    assert window.done == []
    assert window.field.text() == "e"


def test_use_is_told_and_only_bound_actions_are_listed(window: Window) -> None:
    used: list[str] = []
    actions = window.actions_of_window
    actions.triggered.connect(used.append)
    actions.trigger("go")
    assert used == ["go"]
    assert [spec.id for spec in actions] == ["resolve", "go"]
    assert not actions.is_bound("bold")


def test_titles_follow_the_language(window: Window, qapp: QApplication) -> None:
    action = window.actions_of_window.action("go")
    assert action.text() == "My queue"
    apply_locale(qapp, "en-XA")
    assert action.text().startswith("[")


def test_a_person_can_change_keys(window: Window) -> None:
    actions = window.actions_of_window
    actions.set_keys("go", ["Ctrl+G"])
    assert actions.key_text("go") == "Ctrl+G"
    assert "Ctrl+G" in actions.action("go").toolTip()


def test_a_menu_holds_the_same_actions_and_leaves_out_what_is_not_bound(window: Window) -> None:
    menu = window.actions_of_window.menu(window, ["resolve", None, "bold", "go"])
    shown = [action for action in menu.actions() if not action.isSeparator()]
    assert shown == [window.actions_of_window.action("resolve"), window.actions_of_window.action("go")]


def key_press(
    text: str, scan_code: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> QKeyEvent:
    key = ord(text.upper()) if text else 0
    return QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers, scan_code, 0, 0, text)


@pytest.mark.parametrize(
    ("event", "letter"),
    [
        (key_press("у", 26), "E"),  # Cyrillic, the key where E is printed on QWERTY
        (key_press("ث", 26), "E"),  # Arabic, the same key
        (key_press("é", 26), "E"),  # Latin with an accent: nothing of ours has that letter
        (key_press("e", 26), None),
        (key_press("у", 26, Qt.KeyboardModifier.ControlModifier), None),
        (key_press("5", 14), None),
        (key_press("", 26), None),
    ],
)
def test_the_latin_letter_of_a_key(
    monkeypatch: pytest.MonkeyPatch, event: QKeyEvent, letter: str | None
) -> None:
    monkeypatch.setattr("agentdesk.desktop.shortcuts.sys.platform", "linux")
    assert latin_letter(event) == letter


def test_a_cyrillic_keyboard_reaches_single_letter_actions(
    window: Window, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentdesk.desktop.shortcuts.sys.platform", "linux")
    window.actions_of_window.set_state(conversation=True)
    qapp.sendEvent(window.pane, key_press("у", 26))
    assert window.done == ["resolve"]
    window.field.setFocus()
    qapp.sendEvent(window.field, key_press("у", 26))
    assert window.done == ["resolve"]
