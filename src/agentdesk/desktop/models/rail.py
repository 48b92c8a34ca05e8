"""The entries of the rail: personal views, those of the team, then channels, with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.view_names import channel_name, title_of
from agentdesk.domain.channels import TROUBLED
from agentdesk.domain.saved_views import arranged
from agentdesk.queries.rows import AccountRow, Counts, SavedViewRow, View

__all__ = ["ENTRY_ROLE", "Entry", "RailModel"]

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the rail; without ``view`` it is the heading of a section. ``unread`` makes it stronger.

    ``key`` is what it is called in the order that a person gives the rail; ``saved`` is the view that it
    shows where somebody saved that.
    """

    title: Msg
    view: View | None = None
    icon: str = ""
    channel: str = ""
    count: int = 0
    unread: bool = False
    trouble: Msg | None = None
    key: str = ""
    saved: SavedViewRow | None = None


class RailModel(QAbstractListModel):
    """All entries, top to bottom."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts = Counts()
        self._drafts = 0
        self._accounts: Sequence[AccountRow] = ()
        self._saved: Sequence[tuple[SavedViewRow, View, int]] = ()
        self._keys: Sequence[str] = ()
        self._sections: list[list[Entry]] = []
        self._entries: list[Entry] = []
        self._rebuild()

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, headings included."""
        return self._entries

    def views(self) -> list[View]:
        """The views in their order, without headings."""
        return [entry.view for entry in self._entries if entry.view is not None]

    def set_counts(self, counts: Counts, drafts: int) -> None:
        """Take new numbers."""
        self._counts, self._drafts = counts, drafts
        self._rebuild()

    def set_accounts(self, accounts: Sequence[AccountRow]) -> None:
        """Take the accounts of channels and how they are doing."""
        self._accounts = accounts
        self._rebuild()

    def set_saved(self, rows: Sequence[tuple[SavedViewRow, View, int]], keys: Sequence[str]) -> None:
        """Take the saved views with their lists and how long these are, and the order of all entries."""
        self._saved, self._keys = rows, keys
        self._rebuild()

    def position_of(self, view: View) -> int | None:
        """Return the row of the entry that shows ``view``, however that is sorted and filtered."""
        for place, entry in enumerate(self._entries):
            if entry.view and _list_of(entry.view) == _list_of(view):
                return place
        return None

    def row_of(self, key: str) -> int:
        """Return the row of an entry. Raises ValueError where there is none."""
        return [entry.key for entry in self._entries].index(key)

    def section_rows(self, key: str) -> range:
        """Return the rows of the section in which an entry stands, without its heading."""
        section = self._section(key)
        first = self.row_of(section[0].key)
        return range(first, first + len(section))

    def order_with(self, key: str, place: int) -> tuple[str, ...]:
        """Return the keys of all entries, with one of them at another place of its section (0: the first)."""
        order: list[str] = []
        for section in self._sections:
            keys = [entry.key for entry in section]
            if key in keys:
                keys.remove(key)
                keys.insert(max(0, place), key)
            order += keys
        return tuple(order)

    def _section(self, key: str) -> list[Entry]:
        return next(section for section in self._sections if any(entry.key == key for entry in section))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._entries)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self._entries[index.row()].view is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(entry.title)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _spoken(entry)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr(entry.trouble) if entry.trouble else tr(entry.title)
        return None

    def retranslate(self) -> None:
        """Tell that all words are different now."""
        if self._entries:
            self.dataChanged.emit(self.index(0), self.index(len(self._entries) - 1))

    def _rebuild(self) -> None:
        own = [entry for entry in self._saved_entries() if entry.saved and not entry.saved.is_shared]
        team = [entry for entry in self._saved_entries() if entry.saved and entry.saved.is_shared]
        sections = {
            None: self._arranged([*self._personal(), *own]),
            msg("Team views"): self._arranged(team),
            msg("Channels"): self._arranged(self._channels()),
        }
        self._sections = [section for section in sections.values() if section]
        entries: list[Entry] = []
        for heading, section in sections.items():
            if heading is not None and section:
                entries.append(Entry(heading))
            entries += section
        if len(entries) != len(self._entries):
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()
            return
        before, self._entries = self._entries, entries
        for place, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(place), self.index(place))

    def _personal(self) -> list[Entry]:
        counts = self._counts

        def entry(kind: str, icon: str, count: int, unread: bool = False, order: str = "newest") -> Entry:
            view = View(kind=kind, order=order)
            return Entry(title_of(view), view, icon, count=count, unread=unread, key=kind)

        return [
            entry("mine", "inbox", counts.mine, counts.mine_unread > 0, "due"),
            entry("unassigned", "user-round-x", counts.unassigned, order="due"),
            entry("mentions", "at-sign", counts.mentions, counts.mentions_unseen > 0),
            entry("snoozed", "alarm-clock", counts.snoozed),
            entry("drafts", "pencil-line", self._drafts),
            entry("all", "layers", counts.all, order="due"),
            entry("resolved", "check", 0),
        ]

    def _channels(self) -> list[Entry]:
        by_channel: dict[str, list[AccountRow]] = {}
        for account in self._accounts:
            by_channel.setdefault(account.channel, []).append(account)
        entries = []
        for channel in sorted(by_channel):
            view = View(kind="all", channel=channel, order="due")
            count = self._counts.channels.get(channel, 0)
            trouble = _trouble(by_channel[channel])
            entry = Entry(channel_name(channel), view, channel=channel, count=count, trouble=trouble)
            entries.append(replace(entry, key=f"channel:{channel}"))
        return entries

    def _saved_entries(self) -> list[Entry]:
        return [
            Entry(title_of(view), view, row.icon, count=count, key=f"view:{row.id.hex}", saved=row)
            for row, view, count in self._saved
        ]

    def _arranged(self, entries: list[Entry]) -> list[Entry]:
        known = {entry.key: entry for entry in entries}
        return [known[key] for key in arranged(list(known), self._keys)]


def _list_of(view: View) -> tuple[str, str | None, UUID | None]:
    return view.kind, view.channel, view.saved_id


def _trouble(accounts: Sequence[AccountRow]) -> Msg | None:
    """The first account's trouble, in words."""
    for account in accounts:
        if account.state in TROUBLED and not account.paused:
            problem = account.problem or {"text": "It cannot be reached."}
            said = Msg(problem["text"], problem.get("args", {}))
            return msg("{name}: {problem}", name=account.name, problem=tr(said))
    return None


def _spoken(entry: Entry) -> str:
    words = [tr(entry.title)]
    if entry.count:
        words.append(tr(plural("{count} open", "{count} open", entry.count)))
    if entry.trouble:
        words.append(tr(entry.trouble))
    return ", ".join(words)
