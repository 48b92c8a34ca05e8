"""The text being written: simple formatting, templates by a slash, files by paste and drop, no surprises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QInputMethodEvent,
    QKeyEvent,
    QPalette,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextListFormat,
)
from PySide6.QtWidgets import QApplication, QFrame, QSizePolicy, QTextEdit, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.composer_format import insert_html, link_format, list_of, to_html, to_plain
from agentdesk.desktop.views.messages.names import marked_places, name_look
from agentdesk.desktop.views.messages.pictures import as_png
from agentdesk.domain.richtext import reduced
from agentdesk.domain.templates import unresolved

__all__ = ["ComposerText"]

_FEWEST_LINES = 3
_MOST_LINES = 14


class ComposerText(QTextEdit):
    """An editor that grows with its text.

    ``send_wanted(resolve)`` comes on Ctrl+Enter (with Shift: and resolve), never while an input method
    composes; ``templates_wanted`` on a slash that begins a word, ``mentions_wanted`` on an @;
    ``files_dropped`` carries paths, and (name, type, bytes) of pasted pictures; ``left`` on Esc.
    """

    send_wanted = Signal(bool)
    templates_wanted = Signal()
    mentions_wanted = Signal()
    files_dropped = Signal(object)
    left = Signal()

    def __init__(self, *, rich: bool, placeholder: Msg, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rich, self._placeholder = rich, placeholder
        self.enter_sends = False
        self._composing = False
        self._fewest, self._most = _FEWEST_LINES, _MOST_LINES
        self.setProperty("kind", "plain")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(20)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self._marks = _Highlighter(self)
        self.document().contentsChanged.connect(self._on_contents)
        theme().changed.connect(self._dress)
        self._dress()

    # --- what is written ---

    def plain(self) -> str:
        """The text without formatting."""
        return to_plain(self.document()) if self._rich else self.toPlainText()

    def html(self) -> str:
        """The text with formatting; empty where it has none."""
        return to_html(self.document()) if self._rich else ""

    def mark_from(self, place: int | None) -> None:
        """Underline what stands behind ``place`` (in characters of the plain text) as too much; nothing where
        that is None."""
        marks = []
        if place is not None:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(self.document())
            units = len(self.plain()[:place].encode("utf-16-le")) // 2  # as Qt counts
            mark.cursor.setPosition(min(units, self.document().characterCount() - 1))
            mark.cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            mark.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            mark.format.setUnderlineColor(theme().color("bad.fill"))
            mark.format.setForeground(theme().color("bad.text"))
            marks.append(mark)
        self.setExtraSelections(marks)

    def is_blank(self) -> bool:
        """Whether nothing but white space is written."""
        return not self.toPlainText().strip()

    def set_content(self, text: str, html: str = "") -> None:
        """Replace everything; the caret stands at the end."""
        self.clear()
        self.setCurrentCharFormat(QTextCharFormat())
        if html and self._rich:
            insert_html(self.textCursor(), html)
        else:
            self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)

    def insert_text(self, text: str, instead_of: str = "/") -> None:
        """Put ``text`` in at the caret; the letter that asked for it is replaced."""
        cursor = self.textCursor()
        if not cursor.hasSelection() and self._before(cursor) == instead_of:
            cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text, QTextCharFormat())
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def set_names(self, names: Sequence[str]) -> None:
        """Mark these names while they are written behind an @."""
        if self._marks.names != tuple(names):
            self._marks.names = tuple(names)
            self.blockSignals(True)  # colours alone change: nothing was typed
            self._marks.rehighlight()
            self.blockSignals(False)

    def gap_names(self) -> list[str]:
        """The variables that still have no value, in their order."""
        return list(dict.fromkeys(gap.name for gap in unresolved(self.toPlainText())))

    def select_first_gap(self) -> None:
        """Mark the first variable without a value, to be written over."""
        gaps = unresolved(self.toPlainText())
        if gaps:
            cursor = self.textCursor()
            cursor.setPosition(gaps[0].start)
            cursor.setPosition(gaps[0].end, QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def set_placeholder(self, placeholder: Msg) -> None:
        """Say what to write here."""
        self._placeholder = placeholder
        self.setPlaceholderText(tr(placeholder))

    def is_composing(self) -> bool:
        """Whether an input method has letters that are not settled yet."""
        return self._composing

    def set_lines(self, fewest: int, most: int) -> None:
        """Be at least ``fewest`` lines high, and grow up to ``most`` before scrolling."""
        self._fewest, self._most = fewest, max(fewest, most)
        self.updateGeometry()

    # --- formatting ---

    def toggle(self, key: str) -> None:
        """Turn ``bold``, ``italic``, ``underline``, ``bullets`` or ``numbers`` on or off at the caret."""
        if key in ("bullets", "numbers"):
            self.toggle_list(numbered=key == "numbers")
        else:
            {"bold": self.toggle_bold, "italic": self.toggle_italic, "underline": self.toggle_underline}[
                key
            ]()

    def toggle_bold(self) -> None:
        """Make the selection, or what is typed next, bold or not."""
        look = QTextCharFormat()
        heavy = self.fontWeight() >= QFont.Weight.DemiBold.value
        look.setFontWeight(QFont.Weight.Normal if heavy else QFont.Weight.Bold)
        self._merge(look)

    def toggle_italic(self) -> None:
        """The same in italics."""
        look = QTextCharFormat()
        look.setFontItalic(not self.fontItalic())
        self._merge(look)

    def toggle_underline(self) -> None:
        """The same underlined."""
        look = QTextCharFormat()
        look.setFontUnderline(not self.fontUnderline())
        self._merge(look)

    def toggle_list(self, *, numbered: bool) -> None:
        """Make the lines of the selection a list, or lines again."""
        if not self._rich:
            return
        cursor = self.textCursor()
        style = QTextListFormat.Style.ListDecimal if numbered else QTextListFormat.Style.ListDisc
        current = list_of(cursor)
        if current is not None and current.format().style() == style:
            current.remove(cursor.block())
            plain = cursor.blockFormat()
            plain.setIndent(0)
            cursor.setBlockFormat(plain)
        else:
            cursor.createList(style)

    def insert_link(self, address: str) -> None:
        """Make the selection a link to ``address``; without one, write the address itself."""
        cursor = self.textCursor()
        words = cursor.selectedText() or address
        cursor.insertText(words, link_format(address))
        cursor.insertText(" ", QTextCharFormat())
        self.setTextCursor(cursor)

    # --- events ---

    def loadResource(self, kind: int, name: QUrl | str) -> QImage:
        """Never open anything: with another answer Qt opens files itself."""
        return QImage()

    def sizeHint(self) -> QSize:
        line = theme().line_height("reading")
        wanted = round(self.document().size().height())
        height = max(self._fewest * line, min(wanted, self._most * line))
        return QSize(200, height + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, theme().line_height("reading") + 2)

    def event(self, event: QEvent) -> bool:
        """Take Ctrl+Enter before any shortcut of the window does."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_send(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_send(event) or (self.enter_sends and _is_plain_enter(event)):
            if not self._composing:
                self.send_wanted.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        before = self._before(self.textCursor())
        starts_word = not self._composing and before in ("", " ", "\u00a0")
        super().keyPressEvent(event)
        if starts_word and event.text() == "/":
            self.templates_wanted.emit()
        elif starts_word and event.text() == "@":
            self.mentions_wanted.emit()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() or source.hasHtml() or source.hasImage() or source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Take files and pictures as attachments, formatted text with the little formatting that mail has."""
        files = [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]
        if files:
            self.files_dropped.emit(files)
        elif source.hasImage() and not source.hasText():
            picture = _pasted(source.imageData())
            if picture:
                self.files_dropped.emit([("picture.png", "image/png", picture)])
        elif source.hasHtml() and self._rich:
            html = reduced(source.html())
            insert_html(self.textCursor(), html) if html else self.insert_text(source.text())
        elif source.hasText():
            self.textCursor().insertText(source.text(), QTextCharFormat())

    def paste_plain(self) -> None:
        """Paste without any formatting."""
        self.textCursor().insertText(QApplication.clipboard().text(), QTextCharFormat())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setPlaceholderText(tr(self._placeholder))
        super().changeEvent(event)

    def _merge(self, look: QTextCharFormat) -> None:
        if self._rich:
            self.mergeCurrentCharFormat(look)

    def _before(self, cursor: QTextCursor) -> str:
        """The character before the caret; empty at the start of a line."""
        place = cursor.positionInBlock()
        return cursor.block().text()[place - 1] if place else ""

    def _on_contents(self) -> None:
        self.updateGeometry()

    def _dress(self) -> None:
        self.setFont(theme().font("reading"))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, theme().color("text.primary"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme().color("text.muted"))
        self.setPalette(palette)
        self.setPlaceholderText(tr(self._placeholder))
        self._marks.rehighlight()
        self.updateGeometry()


class _Highlighter(QSyntaxHighlighter):
    """Marks variables without a value in amber, and ``names`` behind an @ as in the transcript."""

    def __init__(self, text: QTextEdit) -> None:
        super().__init__(text.document())
        self.names: tuple[str, ...] = ()

    def highlightBlock(self, text: str) -> None:
        for gap in unresolved(text):
            look = QTextCharFormat()
            look.setBackground(QColor(theme().color("warn.tint")))
            look.setForeground(QColor(theme().color("warn.text")))
            self.setFormat(gap.start, gap.end - gap.start, look)
        for start, end in marked_places(text, self.names):
            self.setFormat(start, end - start, name_look())


def _is_plain_enter(event: QKeyEvent) -> bool:
    """Whether Enter was pressed alone; with Shift it is a new line."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not held


def _is_send(event: QKeyEvent) -> bool:
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return enter and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)


def _pasted(image: object) -> bytes:
    if not isinstance(image, QImage) or image.isNull():
        return b""
    return as_png(image)
