"""Details that are edited where they stand: click, type, Enter; Esc restores; a short tick when saved."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import later
from agentdesk.desktop.locale import native_name, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label

__all__ = ["DetailField", "NotesField"]

_TICK_MS = 1_500
_NAME_WIDTH = 86
_SHOWN_HEIGHT = 24


class DetailField(QWidget):
    """A name and a value; ``edited(key, value)`` tells what was typed and confirmed."""

    edited = Signal(str, str)

    def __init__(self, key: str, name: Msg, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key, self._label_words, self._value = key, name, ""
        self._saving = False
        self._editable = True
        label = Label(name, "body", "text.muted", parent=self)
        label.setMinimumWidth(_NAME_WIDTH)
        self.shown = _Shown(self)
        self.shown.pressed.connect(self.begin)
        self.editor = _Editor(self)
        self.editor.done.connect(self.finish)
        self.editor.given_up.connect(self.restore)
        self._pair = QStackedWidget(self)
        self._pair.addWidget(self.shown)
        self._pair.addWidget(self.editor)
        self._pair.setFixedHeight(_SHOWN_HEIGHT)
        self._tick = _Tick(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme().space(2))
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self._pair, 0, 1)
        grid.addWidget(self._tick, 0, 2)
        self._problem = Label("", "caption", "bad.text", wrap=True, parent=self)
        self._problem.hide()
        grid.addWidget(self._problem, 1, 1, 1, 2)
        self._name_all()

    @property
    def is_editing(self) -> bool:
        """Whether the person is typing here."""
        return self._pair.currentWidget() is self.editor

    def set_editable(self, editable: bool) -> None:
        """Let the person edit it, or only read it."""
        if editable != self._editable:
            self._editable = editable
            self.shown.set_pressable(editable)
            self._name_all()
            self._show()

    def show_value(self, value: str, *, saved: bool = False) -> None:
        """Show ``value``; never over what is being typed. ``saved``: it may be the answer to an edit."""
        if saved and self._saving and value != "":
            self._tick.flash()
        self._saving = False
        self._value = value
        if not self.is_editing:
            self._problem.hide()
            self._show()

    def show_problem(self, problem: Msg) -> None:
        """Say why the edit was not taken."""
        self._saving = False
        self._problem.set_content(problem)
        self._problem.show()
        self._show()

    def begin(self) -> None:
        """Let the person type, who may."""
        if not self._editable:
            return
        self.editor.setText(self._value)
        self._pair.setFixedHeight(self.editor.sizeHint().height())
        self._pair.setCurrentWidget(self.editor)
        self.editor.setFocus()
        self.editor.selectAll()

    def finish(self) -> None:
        """Take what was typed."""
        if not self.is_editing:
            return
        value = " ".join(self.editor.text().split())
        self._close_editor()
        if value != self._value:
            self._saving = True
            before, self._value = self._value, value
            self._show()
            self._value = before
            self.edited.emit(self._key, value)
        else:
            self._show()

    def restore(self) -> None:
        """Forget what was typed; closing takes the focus away, which would confirm it."""
        self.editor.setText(self._value)
        self._close_editor()
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name_all()
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        value = self._value
        if self._key == "language" and value:
            value = native_name(value)
        self.shown.set_content(value or (msg("Add") if self._editable else "–"))
        self.shown.set_color("text.primary" if value else "text.disabled")

    def _close_editor(self) -> None:
        self._pair.setCurrentWidget(self.shown)
        self._pair.setFixedHeight(max(_SHOWN_HEIGHT, theme().line_height("body")))

    def _name_all(self) -> None:
        name = tr(self._label_words)
        self.editor.setAccessibleName(name)
        self.shown.setToolTip(tr(msg("Click to edit")) if self._editable else "")


class NotesField(QWidget):
    """Notes on the customer; ``edited("notes", text)`` when the person has finished."""

    edited = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = ""
        self._saving = False
        self._editable = True
        self.shown = Label("", "small", "text.secondary", wrap=True, parent=self)
        self.shown.setCursor(Qt.CursorShape.PointingHandCursor)
        self.shown.installEventFilter(self)
        self.editor = QPlainTextEdit(self)
        self.editor.setProperty("kind", "field")
        self.editor.setFixedHeight(92)
        self.editor.setTabChangesFocus(True)
        self.editor.installEventFilter(self)
        self.editor.hide()
        self._tick = _Tick(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.shown)
        column.addWidget(self.editor)
        column.addWidget(self._tick)

    @property
    def is_editing(self) -> bool:
        """Whether the person is typing here."""
        return not self.editor.isHidden()

    def set_editable(self, editable: bool) -> None:
        """Let the person edit them, or only read them."""
        if editable != self._editable:
            self._editable = editable
            shape = Qt.CursorShape.PointingHandCursor if editable else Qt.CursorShape.ArrowCursor
            self.shown.setCursor(shape)
            self._show()

    def show_value(self, value: str, *, saved: bool = False) -> None:
        """Show ``value``; never over what is being typed."""
        if saved and self._saving:
            self._tick.flash()
        self._saving = False
        self._value = value
        if not self.is_editing:
            self._show()

    def show_problem(self, problem: Msg) -> None:
        """Say why the edit was not taken."""
        self._saving = False
        self.shown.set_content(problem)
        self.shown.set_color("bad.text")

    def begin(self) -> None:
        """Let the person type, who may."""
        if not self._editable:
            return
        self.editor.setPlainText(self._value)
        self.shown.hide()
        self.editor.show()
        self.editor.setFocus()

    def finish(self) -> None:
        """Take what was typed."""
        if not self.is_editing:
            return
        value = self.editor.toPlainText().strip()
        self.editor.hide()
        self.shown.show()
        if value != self._value:
            self._saving = True
            self.edited.emit("notes", value)
            self._value = value
        self._show()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """A click begins; leaving the field or Ctrl+Enter takes it; Esc restores."""
        if watched is self.shown and isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonRelease:
                self.begin()
        elif watched is self.editor and event.type() == QEvent.Type.FocusOut:
            self.finish()
        elif watched is self.editor and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._on_key(event)
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            self.editor.setPlainText(self._value)
            self.finish()
            return True
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
            return True
        return False

    def _show(self) -> None:
        nothing = msg("Add a note about this customer") if self._editable else msg("None yet")
        self.shown.set_content(self._value or nothing)
        self.shown.set_color("text.secondary" if self._value else "text.disabled")


class _Shown(ElidedLabel):
    """The value as text; a click or Enter begins to edit."""

    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", "body", parent=parent)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_pressable(self, pressable: bool) -> None:
        """Invite to press it, or not."""
        self.setCursor(Qt.CursorShape.IBeamCursor if pressable else Qt.CursorShape.ArrowCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if pressable else Qt.FocusPolicy.NoFocus)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)


class _Editor(QLineEdit):
    """Enter or leaving takes the text, Esc gives it up."""

    done = Signal()
    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.done.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.done.emit()


class _Tick(QLabel):
    """Shows for a moment that something was saved."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        keep = self.sizePolicy()
        keep.setRetainSizeWhenHidden(False)
        self.setSizePolicy(keep)
        self.setAccessibleName(tr(msg("Saved")))
        self.hide()

    def flash(self) -> None:
        """Show it, and take it away after a moment."""
        self.setPixmap(icon("check", "ok.text").pixmap(QSize(14, 14), self.devicePixelRatioF()))
        self.show()
        later(self, _TICK_MS, self.hide)
