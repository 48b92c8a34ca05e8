"""The queue as a Qt model: ids in order, rows fetched in pages when they are painted."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any
from uuid import UUID

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.locale import age_text, date_text, time_text, tr, wait_text
from agentdesk.desktop.models.colleagues import Colleague, Colleagues, is_writing, visitor_at, words_for_all
from agentdesk.desktop.models.queue_sections import Sections
from agentdesk.desktop.models.queue_steps import SINGLE_STEPS, Step, count_steps
from agentdesk.desktop.plain import tip
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import QueueRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = [
    "HAS_DRAFT_ROLE",
    "HEADING_ROLE",
    "ID_ROLE",
    "MENTIONED_ROLE",
    "NO_SUBJECT",
    "ROW_ROLE",
    "SELECTED_ROLE",
    "UNKNOWN_SENDER",
    "VISITOR_ROLE",
    "WRITERS_ROLE",
    "QueueModel",
    "headline",
]

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole
ID_ROLE = Qt.ItemDataRole.UserRole + 1
HAS_DRAFT_ROLE = Qt.ItemDataRole.UserRole + 2
SELECTED_ROLE = Qt.ItemDataRole.UserRole + 3
HEADING_ROLE = Qt.ItemDataRole.UserRole + 4
WRITERS_ROLE = Qt.ItemDataRole.UserRole + 5
MENTIONED_ROLE = Qt.ItemDataRole.UserRole + 6
VISITOR_ROLE = Qt.ItemDataRole.UserRole + 7

NO_SUBJECT = msg("No subject")
UNKNOWN_SENDER = msg("Unknown sender")

_PAGE = 64
_TIP_LENGTH = 300
_CACHED = 4_000


class QueueModel(QAbstractTableModel):
    """One column of conversations. ``rows_arrived`` tells that placeholders became rows."""

    rows_arrived = Signal()
    sections_changed = Signal()

    def __init__(self, desk: DeskPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._ids: list[UUID] = []
        self._known: set[UUID] = set()
        self._sections = Sections()
        self._rows: dict[UUID, QueueRow] = {}
        self._drafts: frozenset[UUID] = frozenset()
        self._mentions: frozenset[UUID] = frozenset()
        self._mentions_stale = False
        self.selected: Container[UUID] = frozenset()
        """Which conversations are selected; whoever changes it repaints."""
        self._wanted: dict[UUID, None] = {}
        self._stale: set[UUID] = set()
        self._fetching: set[UUID] = set()
        self._tasks = tasks_of(self, "queue rows")
        self._colleagues = Colleagues(desk, self._tasks, self.tick)
        self._fetch_timer = QTimer(self)
        self._fetch_timer.setSingleShot(True)
        self._fetch_timer.setInterval(0)
        self._fetch_timer.timeout.connect(self._start_fetch)

    @property
    def ids(self) -> Sequence[UUID]:
        """All conversation ids, in order."""
        return self._ids

    def position(self, conversation_id: UUID) -> int | None:
        """Return where a conversation stands, or None."""
        if conversation_id not in self._known:
            return None
        return self._ids.index(conversation_id)

    def row(self, conversation_id: UUID) -> QueueRow | None:
        """Return a row if it has been fetched."""
        return self._rows.get(conversation_id)

    @property
    def sections(self) -> Sections:
        """The sections of the list; nothing where it has none."""
        return self._sections

    def set_sections(self, sections: Sections) -> None:
        """Take the sections that fit the ids; the view gives their first rows the room for a header."""
        if sections != self._sections:
            self._sections = sections
            self.sections_changed.emit()

    def set_ids(self, ids: Sequence[UUID]) -> None:
        """Show ``ids``: told as removes, moves and inserts, so that selection and scrolling stay."""
        new = list(ids)
        if new == self._ids:
            return
        if not self._ids or count_steps(self._ids, new) > SINGLE_STEPS:
            self._replace(new)
        else:
            self._remove_missing(set(new))
            self._move_and_insert(new)

    def take(self, steps: Iterable[Step]) -> None:
        """Let single rows come, go and move, one after the other."""
        for step in steps:
            if step.old is None and step.new is not None:
                self._insert(step.new, step.id)
            elif step.old is not None and step.new is not None:
                self._move(step.old, step.new)
            elif step.old is not None:
                self._remove(step.old, step.old)

    def clear(self) -> None:
        """Show nothing (another view is coming); told as a reset since nothing of it stays."""
        self.beginResetModel()
        self._ids, self._known = [], set()
        self.endResetModel()
        self.set_sections(Sections())

    def invalidate(self, ids: Iterable[UUID] | None = None) -> None:
        """Fetch rows anew (None: all) when they are next painted; the old ones show meanwhile."""
        changed = self._known if ids is None else self._known.intersection(ids)
        self._stale |= changed & self._rows.keys()
        if changed:
            self._tell_visible_changed(changed)

    def show_rows(self, ids: Iterable[UUID], rows: Iterable[QueueRow]) -> None:
        """These are the rows of ``ids`` now: what differs is painted anew."""
        now = {row.id: row for row in rows}
        self._fetching.difference_update(now)
        changed = [one for one in ids if now.get(one) != self._rows.get(one)]
        self._stale.difference_update(now)
        for one in changed:
            self._rows.pop(one, None)
        self._rows.update((one, now[one]) for one in changed if one in now)
        self._tell_visible_changed(self._known.intersection(changed))
        self.rows_arrived.emit()

    def follow(self, changes: Changes) -> None:
        """Fetch the rows anew that show something of what changed. Of messages a row shows whether one was
        not sent: where that comes to be, the conversation changes too."""
        ids = set(changes.get("conversation", ()))
        contacts, messages = changes.get("contact", ()), bool(changes.get("message"))
        if contacts or messages:
            rows = self._rows.values()
            ids.update(row.id for row in rows if row.contact_id in contacts or (messages and row.failed))
        self.invalidate(ids)

    def load_mentions(self) -> None:
        """Mark, as soon as it is known, where this person is mentioned in a note that they have not seen."""
        self._mentions_stale = True
        if not self._tasks.running("mentions"):
            self._tasks.start(self._load_mentions(), "mentions")

    async def _load_mentions(self) -> None:
        while self._mentions_stale:
            self._mentions_stale = False
            mentions = frozenset(row.conversation_id for row in await self._desk.unseen_mentions())
            changed, self._mentions = self._mentions ^ mentions, mentions
            self._tell_visible_changed(changed & self._known)

    def set_drafts(self, drafts: frozenset[UUID]) -> None:
        """Mark the conversations that have an unsent text."""
        changed = self._drafts ^ drafts
        self._drafts = drafts
        self._tell_visible_changed(changed & self._known)

    def show_writers(self, ids: Iterable[UUID]) -> None:
        """Somebody began or ceased to write in these conversations."""
        self._tell_visible_changed(self._known.intersection(ids))

    def tick(self) -> None:
        """Repaint times: the views ask only for what is visible."""
        if self._ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, 0))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        conversation_id = self._ids[index.row()]
        if role == ID_ROLE:
            return conversation_id
        if role == HEADING_ROLE:
            return self._sections.starting_at(index.row()) if self._sections else None
        if role == SELECTED_ROLE:
            return conversation_id in self.selected
        row = self._get(conversation_id)
        if role == ROW_ROLE:
            return row
        if role == HAS_DRAFT_ROLE:
            return conversation_id in self._drafts
        if role == MENTIONED_ROLE:
            return conversation_id in self._mentions
        if role == WRITERS_ROLE:
            return self._writers(conversation_id)
        if row is None:
            return None
        if role == VISITOR_ROLE:
            return visitor_at(self._desk, row)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            mentioned = conversation_id in self._mentions
            visitor = visitor_at(self._desk, row)
            chosen = conversation_id in self.selected
            return spoken(row, selected=chosen, mentioned=mentioned, visitor=visitor)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            writing = words_for_all(self._writers(conversation_id))
            parts = (tr(writing) if writing else "", row.preview, *row.tags, row.assignee_name)
            return ", ".join(part for part in parts if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(_details(row))
        return None

    def _writers(self, conversation_id: UUID) -> tuple[Colleague, ...]:
        row = self._rows.get(conversation_id)
        customer = (row.contact_id, row.contact_name) if row is not None else None
        people = self._colleagues.at(conversation_id, customer)
        return tuple(person for person in people if is_writing(person))

    def _get(self, conversation_id: UUID) -> QueueRow | None:
        row = self._rows.get(conversation_id)
        if row is None or conversation_id in self._stale:
            self._wanted[conversation_id] = None
            if not self._fetch_timer.isActive():
                self._fetch_timer.start()
        return row

    def _start_fetch(self) -> None:
        if not self._tasks.running("fetch"):
            self._tasks.start(self._fetch(), "fetch")

    async def _fetch(self) -> None:
        while self._wanted:
            wanted = list(self._wanted)[-_PAGE:]  # what was asked for last is what is on screen now
            for conversation_id in wanted:
                del self._wanted[conversation_id]
            self._stale.difference_update(wanted)
            self._fetching = set(wanted)
            rows = await self._desk.queue_rows(wanted)
            self._rows.update((row.id, row) for row in rows if row.id in self._fetching)
            self._forget_some()
            self._tell_visible_changed(wanted)
        self.rows_arrived.emit()

    def _forget_some(self) -> None:
        while len(self._rows) > _CACHED:
            self._rows.pop(next(iter(self._rows)))

    def _tell_visible_changed(self, ids: Iterable[UUID]) -> None:
        """Tell of single rows where they are few; a long span costs the view nothing but a repaint."""
        few = list(ids)
        if len(few) > _PAGE or not few:
            if few:
                self.tick()
            return
        if len(self._ids) > 5_000:
            self.tick()
            return
        for conversation_id in few:
            position = self.position(conversation_id)
            if position is not None:
                at = self.index(position, 0)
                self.dataChanged.emit(at, at)

    def _replace(self, new: list[UUID]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        kept = {index.row(): self._ids[index.row()] for index in before}
        self._ids, self._known = new, set(new)
        places = {conversation_id: place for place, conversation_id in enumerate(new)} if kept else {}
        after = [
            self.index(places[kept[index.row()]], 0) if kept[index.row()] in places else QModelIndex()
            for index in before
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _remove_missing(self, new: set[UUID]) -> None:
        last = len(self._ids) - 1
        while last >= 0:
            if self._ids[last] in new:
                last -= 1
                continue
            first = last
            while first > 0 and self._ids[first - 1] not in new:
                first -= 1
            self._remove(first, last)
            last = first - 1

    def _move_and_insert(self, new: list[UUID]) -> None:
        for place, conversation_id in enumerate(new):
            if place < len(self._ids) and self._ids[place] == conversation_id:
                continue
            if conversation_id in self._known:
                self._move(self._ids.index(conversation_id, place), place)
            else:
                self._insert(place, conversation_id)

    def _remove(self, first: int, last: int) -> None:
        self.beginRemoveRows(QModelIndex(), first, last)
        self._known.difference_update(self._ids[first : last + 1])
        del self._ids[first : last + 1]
        self.endRemoveRows()

    def _move(self, old: int, new: int) -> None:
        self.beginMoveRows(QModelIndex(), old, old, QModelIndex(), new if new < old else new + 1)
        self._ids.insert(new, self._ids.pop(old))
        self.endMoveRows()

    def _insert(self, place: int, conversation_id: UUID) -> None:
        self.beginInsertRows(QModelIndex(), place, place)
        self._ids.insert(place, conversation_id)
        self._known.add(conversation_id)
        self.endInsertRows()


def spoken(
    row: QueueRow, *, selected: bool = False, mentioned: bool = False, visitor: bool | None = None
) -> str:
    """Return what a screen reader says of a row: name, state, subject."""
    states: list[Msg] = [msg("selected")] if selected else []
    if row.unread:
        states.append(msg("unread"))
    if mentioned:
        states.append(msg("you are mentioned"))
    if row.priority == "urgent":
        states.append(msg("urgent"))
    if row.failed:
        states.append(msg("a message was not sent"))
    if visitor is not None:
        states.append(msg("on the page") if visitor else msg("left the page"))
    waiting = []
    if row.waiting_since is not None:
        told = wait_text if row.channel == CHANNEL else age_text
        waiting.append(tr(msg("waiting for {time}", time=told(row.waiting_since, clock.now()))))
    name = row.contact_name or tr(UNKNOWN_SENDER)
    return ", ".join([name, *(tr(state) for state in states), *waiting, headline(row)[0]])


def headline(row: QueueRow) -> tuple[str, str]:
    """Return what stands first in the line of a row, and the rest. Chats have no subject: what was said last
    stands for it."""
    if row.subject or row.channel != CHANNEL or not row.preview:
        return row.subject or tr(NO_SUBJECT), row.preview
    return row.preview, ""


def _details(row: QueueRow) -> str:
    """All of what the row has no room for: subject, beginning of the text, tags, how long it waits."""
    waiting = ""
    if row.waiting_since is not None:
        moment = row.waiting_since.astimezone()
        waiting = tr(
            msg("Waiting since {time}", time=f"{date_text(moment, clock.now())} {time_text(moment)}")
        )
    parts = (row.subject, row.preview[:_TIP_LENGTH], ", ".join(row.tags), waiting)
    return "\n".join(part for part in parts if part)
