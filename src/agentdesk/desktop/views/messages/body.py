"""The text of one message: mail of strangers, shown without ever opening a file or a connection by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QMimeData, QPoint, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDesktopServices,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrame,
    QTextOption,
    QTextTable,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QTextEdit, QToolTip, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.guard import Guarded, guarded, text_as_html
from agentdesk.desktop.views.messages.links import LinkTarget, Verdict, examine
from agentdesk.desktop.views.messages.names import mark_names
from agentdesk.desktop.views.messages.outside import Opener, follow

__all__ = ["MessageBody", "Opener"]

FOLD_LINES = 40
"""A message with more lines than this is folded …"""
SHOWN_LINES = 24
"""… to so many."""
_CHARS_PER_LINE = 80
_MOST_MARKS = 500

_SHEET = """
p, ul, ol, table, pre, dl {{ margin-top: 0; margin-bottom: {gap}px; }}
h1, h2, h3, h4, h5, h6 {{ font-size: {size}px; font-weight: 600; margin-top: 4px; margin-bottom: {gap}px; }}
blockquote {{ margin-left: 12px; margin-right: 0; margin-top: 0; margin-bottom: {gap}px; color: {quiet}; }}
a {{ color: {link}; text-decoration: none; }}
th {{ font-weight: 600; text-align: left; }}
pre, code, tt, kbd {{ font-family: monospace; font-size: {small}px; }}
"""


class MessageBody(QTextBrowser):
    """Shows text or guarded HTML as high as it is.

    ``menu_requested(point, address)`` asks for the context menu at a global point; ``link_hovered(text)``
    names where a link leads, empty when the pointer has left it.
    """

    menu_requested = Signal(QPoint, str)
    link_hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, opener: Opener = QDesktopServices.openUrl) -> None:
        super().__init__(parent)
        self._opener = opener
        self._shown = Guarded()
        self._pictures: Mapping[str, QImage] = {}
        self._source: Callable[[], Guarded] = Guarded
        self._ink = "text.primary"
        self._names: tuple[str, ...] = ()
        self._folded = False
        self._marked = ""
        self._heights: dict[int, int] = {}
        self._tasks = tasks_of(self, "message body")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.viewport().setAutoFillBackground(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(20)
        self.anchorClicked.connect(self._on_anchor)
        self.highlighted.connect(self._on_highlighted)
        self.verticalScrollBar().valueChanged.connect(self._stay_at_top)
        theme().changed.connect(self._render)

    @property
    def remote(self) -> list[str]:
        """The addresses of pictures that lie elsewhere and are not loaded by themselves."""
        return self._shown.remote

    @property
    def is_cut(self) -> bool:
        """Whether the end is missing because the message is too long to be shown."""
        return self._shown.cut

    def set_ink(self, role: str) -> None:
        """Write in the colour of ``role``."""
        self._ink = role
        self._render()

    def set_names(self, names: Sequence[str]) -> None:
        """Mark these names where they stand behind an @."""
        self._names = tuple(names)

    def show_text(self, text: str) -> None:
        """Show plain text; addresses in it become links."""

        def source() -> Guarded:
            return text_as_html(text)

        self._show(source, {})

    def show_html(self, html: str, pictures: Mapping[str, QImage]) -> None:
        """Show a message's HTML. ``pictures`` are by ``cid:`` and content id, or ``remote:`` and number."""
        ids = {name[4:] for name in pictures if name.startswith("cid:")}
        loaded = {int(name[7:]) for name in pictures if name.startswith("remote:")}

        def source() -> Guarded:
            return guarded(html, ids, loaded)

        self._show(source, pictures)

    def is_long(self) -> bool:
        """Whether the message has more lines than are shown at once."""
        lines = 0
        block = self.document().firstBlock()
        while block.isValid() and lines <= FOLD_LINES:
            for line in block.text().split("\u2028"):
                lines += max(1, math.ceil(len(line) / _CHARS_PER_LINE))
            block = block.next()
        return lines > FOLD_LINES

    def set_marked(self, words: str) -> None:
        """Mark every place where ``words`` stand; nothing takes the marks away."""
        if words != self._marked:
            self._marked = words
            self._mark()

    def _mark(self) -> None:
        found: list[QTextEdit.ExtraSelection] = []
        look = QTextCharFormat()
        look.setBackground(theme().color("accent.fill"))
        look.setForeground(theme().color("text.onFill"))
        cursor = self.document().find(self._marked) if self._marked else QTextCursor()
        while not cursor.isNull() and len(found) < _MOST_MARKS:
            mark = QTextEdit.ExtraSelection()
            mark.cursor, mark.format = cursor, look
            found.append(mark)
            cursor = self.document().find(self._marked, cursor)
        self.setExtraSelections(found)

    def set_folded(self, folded: bool) -> None:
        """Show only the first lines, or everything."""
        self._folded = folded
        self.updateGeometry()

    def loadResource(self, kind: int, name: QUrl | str) -> QImage:
        """Answer every request with a picture of ours, at worst an empty one.

        With anything else Qt goes on and opens local files and network shares itself.
        """
        address = name.toString() if isinstance(name, QUrl) else name
        return self._pictures.get(address, QImage())

    def heightForWidth(self, width: int) -> int:
        height = self._height(width)
        return min(height, SHOWN_LINES * theme().line_height("reading")) if self._folded else height

    def sizeHint(self) -> QSize:
        """Any width will do; only the height for the one that it is given counts."""
        known = next(reversed(self._heights.values()), theme().line_height("reading"))
        return QSize(400, known)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, theme().line_height("reading"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The transcript scrolls, not the message."""
        event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos(), self.anchorAt(event.pos()))
        event.accept()

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied or dragged out is text without any markup."""
        data = QMimeData()
        data.setText(self.textCursor().selectedText().replace("\u2029", "\n").replace("\u2028", "\n"))
        return data

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            address = self.anchorAt(event.pos())
            if address:
                QToolTip.showText(event.globalPos(), _tooltip(self.target(address)), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._render()
        super().changeEvent(event)

    def target(self, address: str) -> LinkTarget:
        """Where the link ``address`` of this message really leads."""
        return examine(address, self._shown.links.get(address, ""))

    async def follow(self, address: str) -> None:
        """Open a link outside, after asking where it pretends to lead elsewhere; never anything but the web,
        mail and telephone."""
        await follow(self, self._opener, self.target(address))

    def _show(self, source: Callable[[], Guarded], pictures: Mapping[str, QImage]) -> None:
        self._source, self._pictures = source, pictures
        self._render()

    def _render(self) -> None:
        self._shown = self._source()
        document = self.document()
        document.setDefaultFont(theme().font("reading"))
        document.setDefaultStyleSheet(
            _SHEET.format(
                gap=round(theme().line_height("reading") * 0.5),
                size=theme().font("title").pixelSize(),
                small=theme().font("body").pixelSize(),
                link=theme().color("accent.text").name(),
                quiet=theme().color("text.secondary").name(),
            )
        )
        ink = theme().color(self._ink).name()
        document.setHtml(f'<div style="color: {ink}">{self._shown.html}</div>')
        self._finish_layout(document)
        if self._marked:
            self._mark()
        self._heights.clear()
        self.updateGeometry()

    def _finish_layout(self, document: QTextDocument) -> None:
        """Give lines their height, and take the empty space after the last paragraph away."""
        cursor = QTextCursor(document)
        cursor.select(QTextCursor.SelectionType.Document)
        lines = QTextBlockFormat()
        height = theme().line_height("reading")
        lines.setLineHeight(height, QTextBlockFormat.LineHeightTypes.MinimumHeight.value)
        cursor.mergeBlockFormat(lines)
        _dress_tables(document.rootFrame())
        mark_names(document, self._names)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        end = QTextBlockFormat()
        end.setBottomMargin(0)
        cursor.mergeBlockFormat(end)

    def _stay_at_top(self, value: int) -> None:
        """A folded message shows its beginning; Qt would scroll to its cursor."""
        if value:
            self.verticalScrollBar().setValue(0)

    def _height(self, width: int) -> int:
        """The height of everything at ``width``; layouts ask several times, laying out is what costs."""
        known = self._heights.get(width)
        if known is None:
            self.document().setTextWidth(width)
            if self._pictures:
                self._fit_pictures(width)
            known = self._heights[width] = math.ceil(self.document().size().height())
        return known

    def _fit_pictures(self, width: int) -> None:
        """Make pictures no wider than the message."""
        block = self.document().firstBlock()
        while block.isValid():
            fragments = block.begin()
            while not fragments.atEnd():
                fragment = fragments.fragment()
                picture = fragment.charFormat().toImageFormat()
                if picture.isValid():
                    self._fit(fragment.position(), picture.name(), width)
                fragments += 1
            block = block.next()

    def _fit(self, position: int, name: str, width: int) -> None:
        image = self._pictures.get(name)
        if image is None or image.isNull():
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        cursor.setPosition(position + 1, QTextCursor.MoveMode.KeepAnchor)
        form = cursor.charFormat().toImageFormat()
        shown = min(form.width() or image.width(), width)
        form.setWidth(shown)
        form.setHeight(shown * image.height() / image.width())
        cursor.setCharFormat(form)

    def _on_anchor(self, url: QUrl) -> None:
        self._tasks.start(self.follow(url.toString()), "follow link")

    def _on_highlighted(self, url: QUrl) -> None:
        address = url.toString()
        self.link_hovered.emit(self.target(address).shown if address else "")


def _dress_tables(frame: QTextFrame) -> None:
    """Give tables that have lines thin ones in the colour of the theme, and room around all of them."""
    for child in frame.childFrames():
        if isinstance(child, QTextTable):
            look = child.format()
            look.setTopMargin(2)
            look.setBottomMargin(8)
            if look.border() > 0:
                look.setBorderCollapse(True)
                look.setBorderBrush(theme().color("text.disabled"))
            child.setFormat(look)
        _dress_tables(child)


def _tooltip(target: LinkTarget) -> str:
    """The address as it really is."""
    return tip(
        target.shown if target.verdict is not Verdict.NEVER else tr(msg("This link cannot be opened."))
    )
