"""Actions as records: what a person can do. Menus, palette, shortcuts and help are built from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["ActionSpec", "Actions", "Scope", "conflicts"]

Scope = Literal["window", "list", "transcript", "composer"]
"""Where the keys of an action count: in the whole window, or only while that part of it has the focus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One thing a person can do.

    ``keys`` are the default shortcuts in Qt's portable spelling (``Ctrl`` is Cmd on macOS; ``G, Q`` is two
    keys). ``when`` names the state of the window in which it is possible (``conversation``: one is open),
    empty for always. ``group`` is the menu and the heading of the help sheet. ``aliases`` are further words
    the palette finds it by.
    """

    id: str
    title: Msg
    group: str
    keys: tuple[str, ...] = ()
    when: str = ""
    icon: str = ""
    aliases: tuple[Msg, ...] = ()
    scope: Scope = "window"
    checkable: bool = False


def conflicts(specs: Iterable[ActionSpec]) -> list[tuple[str, str, str]]:
    """Pairs of actions that one key could mean: (key, id, other id).

    Two keys conflict where their scopes can hold at once and one equals the other or is the beginning of it.
    """
    taken: list[tuple[str, ActionSpec]] = [(_spelling(key), spec) for spec in specs for key in spec.keys]
    found: list[tuple[str, str, str]] = []
    for position, (key, spec) in enumerate(taken):
        for other_key, other in taken[position + 1 :]:
            if spec.id != other.id and _overlap(spec.scope, other.scope) and _same_start(key, other_key):
                found.append((key, spec.id, other.id))
    return found


def _spelling(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def _overlap(one: Scope, other: Scope) -> bool:
    return one == other or "window" in (one, other)


def _same_start(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ", ") or other.startswith(one + ", ")


class Actions(QObject):
    """The actions of one window: QActions made from records, enabled by what the window is showing.

    ``triggered(id)`` tells of each use, ``changed`` that titles or possibilities are different now.
    """

    triggered = Signal(str)
    changed = Signal()

    def __init__(self, window: QWidget, specs: Iterable[ActionSpec]) -> None:
        super().__init__(window)
        self._window = window
        self._known = {spec.id: spec for spec in specs}
        self._bound: dict[str, QAction] = {}
        self._handlers: dict[str, Callable[[], Any]] = {}
        self._states: dict[str, bool] = {}
        self._instead: Mapping[str, Callable[[], Any]] = {}
        window.installEventFilter(self)

    def __iter__(self) -> Iterator[ActionSpec]:
        """The records that somebody bound, in the order of the records."""
        return (spec for spec in self._known.values() if spec.id in self._bound)

    def bind(self, action_id: str, handler: Callable[[], Any], widget: QWidget | None = None) -> QAction:
        """Say what happens on the action ``action_id``; returns its QAction, the same for menu, button and
        key.

        ``widget`` is the part of the window that its keys need focus in, for a scope other than ``window``.
        """
        spec = self._known[action_id]
        action = QAction(self)
        action.setObjectName(action_id)
        action.setCheckable(spec.checkable)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        local = spec.scope != "window" and widget is not None
        context = (
            Qt.ShortcutContext.WidgetWithChildrenShortcut if local else Qt.ShortcutContext.WindowShortcut
        )
        action.setShortcutContext(context)
        action.triggered.connect(self._on_triggered)
        (widget if local and widget is not None else self._window).addAction(action)
        self._bound[action_id] = action
        self._handlers[action_id] = handler
        self._show_title(spec, action)
        action.setEnabled(self._is_possible(spec))
        return action

    def action(self, action_id: str) -> QAction:
        """The QAction of ``action_id``; ``KeyError`` when nobody bound it."""
        return self._bound[action_id]

    def spec(self, action_id: str) -> ActionSpec:
        """The record of ``action_id``."""
        return self._known[action_id]

    def is_bound(self, action_id: str) -> bool:
        """Whether anything happens on ``action_id`` in this window."""
        return action_id in self._bound

    def trigger(self, action_id: str) -> bool:
        """Do it, as if its key had been pressed; returns whether it was possible."""
        action = self._bound[action_id]
        if action.isEnabled():
            action.trigger()
            return True
        return False

    def set_state(self, **states: bool) -> None:
        """Tell what the window shows (``conversation=True``): actions that need it become possible."""
        self._states.update(states)
        for spec in self:
            self._bound[spec.id].setEnabled(self._is_possible(spec))
        self.changed.emit()

    def take_over(self, handlers: Mapping[str, Callable[[], Any]]) -> None:
        """Let ``handlers`` do their actions until further notice, possible at any time; an empty mapping
        gives them back to those who were bound."""
        if handlers.keys() != self._instead.keys():
            self._instead = dict(handlers)
            self.set_state()

    def set_keys(self, action_id: str, keys: Iterable[str]) -> None:
        """Give the action the person's own keys instead of the default ones."""
        action = self._bound[action_id]
        action.setShortcuts([QKeySequence(key) for key in keys])
        self._show_title(self._known[action_id], action)
        self.changed.emit()

    def key_text(self, action_id: str) -> str:
        """The first key of the action as this system writes it (``Ctrl+K``, ``⌘K``), or nothing."""
        shown = self._bound[action_id].shortcut() if action_id in self._bound else QKeySequence()
        return shown.toString(QKeySequence.SequenceFormat.NativeText)

    def menu(self, parent: QWidget, action_ids: Iterable[str | None]) -> QMenu:
        """A menu of the given actions; ``None`` is a dividing line, an action nobody bound is left out."""
        menu = new_menu(parent)
        for action_id in action_ids:
            if action_id is None:
                menu.addSeparator()
            elif action_id in self._bound:
                menu.addAction(self._bound[action_id])
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say everything anew when the language of the window changes."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        return False

    def explain(self, action_id: str, reason: Msg | None) -> None:
        """Say in the tool tip of an action that is not possible why; None: say what it does, as always."""
        action = self._bound[action_id]
        if reason is None or action.isEnabled():
            self._show_title(self._known[action_id], action)
        else:
            action.setToolTip(tr(reason))

    def retranslate(self) -> None:
        """Put the titles into the language of the window."""
        for spec in self:
            self._show_title(spec, self._bound[spec.id])
        self.changed.emit()

    def _show_title(self, spec: ActionSpec, action: QAction) -> None:
        title = tr(spec.title)
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setText(title)
        action.setToolTip(f"{title} ({key})" if key else title)

    def _is_possible(self, spec: ActionSpec) -> bool:
        return not spec.when or spec.id in self._instead or self._states.get(spec.when, False)

    def _on_triggered(self) -> None:
        action_id = self.sender().objectName()
        self.triggered.emit(action_id)
        self._instead.get(action_id, self._handlers[action_id])()
