"""Templates in the composer: a popover with search and preview, filled in for this customer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.domain.templates import Values, render
from agentdesk.queries.rows import TemplateRow

__all__ = ["TemplatePicker", "ranked"]

_PREVIEW = 360


def ranked(rows: Sequence[TemplateRow], query: str, language: str) -> list[TemplateRow]:
    """Return the templates that fit ``query`` (name, shortcut or words inside), the best first.

    That is by shortcut, then by the beginning of a word of the name; the customer's language before others.
    """
    wanted = query.strip().lstrip("/").casefold()
    found = [row for row in rows if wanted in f"{row.shortcut} {row.name} {row.body}".casefold()]

    def order(row: TemplateRow) -> tuple[bool, bool, bool, str]:
        shortcut = row.shortcut.casefold().startswith(wanted)
        name = any(word.startswith(wanted) for word in row.name.casefold().split())
        other = bool(language) and row.language.split("-")[0] != language.split("-")[0]
        return (not shortcut, not name, other, row.name.casefold())

    return sorted(found, key=order)


class TemplatePicker(QObject):
    """``picked(text)`` brings the chosen template, filled in; ``failed(Invalid)`` that it has a mistake."""

    picked = Signal(str)
    failed = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._rows: dict[str, TemplateRow] = {}
        self._values: Values = {}
        self._language = ""
        self.popup = Popup(window, msg("Template"), width=330)
        self.popup.set_hint(msg("Enter inserts, Esc closes"))
        self.popup.chosen.connect(self._on_chosen)
        self.popup.current_changed.connect(self._on_current)

    def open_at(self, anchor: QWidget, rows: Sequence[TemplateRow], values: Values, language: str) -> None:
        """Offer ``rows``, filled with ``values``, for a customer who writes ``language``."""
        self._rows = {str(row.id): row for row in rows}
        self._values, self._language = values, language
        self.popup.set_finder(self._find)
        self.popup.open_at(anchor)

    def _find(self, query: str) -> list[PopupItem]:
        rows = ranked(list(self._rows.values()), query, self._language)
        if not rows:
            return [PopupItem("", msg("No template fits"), enabled=False)]
        return [PopupItem(str(row.id), row.name, f"/{row.shortcut}", "text-quote") for row in rows]

    def _on_current(self, key: str) -> None:
        row = self._rows.get(key)
        self.popup.set_preview(self._preview(row) if row is not None else "")

    def _preview(self, row: TemplateRow) -> str:
        try:
            return render(row.body, self._values)[:_PREVIEW]
        except Invalid as error:
            return tr(error.message)

    def _on_chosen(self, key: str) -> None:
        row = self._rows.get(key)
        if row is None:
            return
        try:
            text = render(row.body, self._values)
        except Invalid as error:
            self.failed.emit(error)
        else:
            self.picked.emit(text)
