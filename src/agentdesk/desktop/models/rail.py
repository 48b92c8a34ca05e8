"""The entries of the rail: personal views, then channels, with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.view_names import channel_name, title_of
from agentdesk.domain.channels import TROUBLED
from agentdesk.queries.rows import AccountRow, Counts, View

__all__ = ["ENTRY_ROLE", "Entry", "RailModel"]

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the rail; without ``view`` it is the heading of a section. ``unread`` makes it stronger."""

    title: Msg
    view: View | None = None
    icon: str = ""
    channel: str = ""
    count: int = 0
    unread: bool = False
    trouble: Msg | None = None


class RailModel(QAbstractListModel):
    """All entries, top to bottom."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts = Counts()
        self._drafts = 0
        self._accounts: Sequence[AccountRow] = ()
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

    def position_of(self, view: View) -> int | None:
        """Return the row of the entry that shows ``view``'s kind and channel."""
        for place, entry in enumerate(self._entries):
            if entry.view and (entry.view.kind, entry.view.channel) == (view.kind, view.channel):
                return place
        return None

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
        entries = [*self._personal(), *self._channels()]
        if len(entries) != len(self._entries):
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()
        elif entries != self._entries:
            self._entries = entries
            self.retranslate()

    def _personal(self) -> list[Entry]:
        counts = self._counts

        def entry(kind: str, icon: str, count: int, unread: bool = False, order: str = "newest") -> Entry:
            view = View(kind=kind, order=order)
            return Entry(title_of(view), view, icon, count=count, unread=unread)

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
        if not by_channel:
            return []
        entries = [Entry(msg("Channels"))]
        for channel in sorted(by_channel):
            view = View(kind="all", channel=channel, order="due")
            count = self._counts.channels.get(channel, 0)
            trouble = _trouble(by_channel[channel])
            entries.append(Entry(channel_name(channel), view, channel=channel, count=count, trouble=trouble))
        return entries


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
