"""Merging conversations from the window: choosing with which, asking once more, and parting them again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import AnyCommand, MergeConversations, UnmergeConversations
from agentdesk.desktop.ask import answered
from agentdesk.desktop.dialogs.merge_conversations import LAST_SHOWN, MergeQuestion
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.domain.authority import Permission
from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import ConversationRow, MergedRow, MessageRow, View
from agentdesk.sync.desk import DeskPort

__all__ = ["Merging"]

_OFFERED = 200
_FOUND = 20
_YES = 2
"""The answer of the question by which it is done."""

Do = Callable[[ConversationRow, AnyCommand, Msg], Awaitable[bool]]
"""Does a command to a conversation, says so, and offers to undo it; returns whether it was done."""


class Merging(QObject):
    """``merged(id, ids)``: the conversations ``ids`` go on in ``id``, which is to be shown; ``refused(why)``:
    this person may not."""

    merged = Signal(object, object)
    refused = Signal(object)

    def __init__(self, desk: DeskPort, do: Do, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk, self._do, self._owner = desk, do, owner
        self._tasks = tasks_of(self, "merging")
        self._row: ConversationRow | None = None
        self._offered: dict[str, PopupItem] = {}
        self._searched, self._found = "", dict[str, PopupItem]()
        self.popup: Popup | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether this person may merge and part."""
        me = self._desk.me
        return me is None or me.may(Permission.MERGE)

    def choose(self, row: ConversationRow, anchor: QWidget) -> None:
        """Ask with which conversation ``row`` is merged: the customer's other ones come first."""
        if self._check():
            self._tasks.start(self._choose(row, anchor), "choose")

    def merge(self, ids: Sequence[UUID], shown: UUID | None) -> None:
        """Merge ``ids``, after asking which one stays: at first the one ``shown``, or else the oldest."""
        if self._check():
            self._tasks.start(self._merge(list(ids), shown), "merge")

    def _check(self) -> bool:
        if not self.is_allowed:
            self.refused.emit(msg("Merging is left to some of your colleagues."))
        return self.is_allowed

    def part(self, row: ConversationRow, joined: MergedRow) -> None:
        """Let a conversation that was merged into ``row`` stand for itself again."""
        command = UnmergeConversations(conversation_id=row.id, joined_ids=(joined.id,))
        said = msg("Split off conversation #{number}.", number=joined.number)
        self._tasks.start(self._part(row, command, said), "part")

    async def _part(self, row: ConversationRow, command: AnyCommand, said: Msg) -> None:
        await self._do(row, command, said)

    async def _merge(self, ids: list[UUID], shown: UUID | None) -> None:
        rows = [row for one in ids if (row := await self._desk.conversation(one)) is not None]
        rows = list({row.id: row for row in rows}.values())
        if len(rows) < 2 or not is_alive(self):
            return
        stays = min(rows, key=lambda row: (row.id != shown, row.number))
        rows.sort(key=lambda row: row.id != stays.id)
        question = MergeQuestion(self._owner, rows, stays.id, await self._last(rows))
        if await answered(question) != _YES or not is_alive(self):
            return
        stays, joined = question.chosen, tuple(row.id for row in question.others)
        said = plural(
            "Merged {count} conversation into #{number}.",
            "Merged {count} conversations into #{number}.",
            len(joined),
            number=stays.number,
        )
        if await self._do(stays, MergeConversations(conversation_id=stays.id, joined_ids=joined), said):
            self.merged.emit(stays.id, joined)

    async def _last(self, rows: Sequence[ConversationRow]) -> list[MessageRow]:
        """The newest messages of those that were written in last, oldest first."""
        newest = sorted(rows, key=lambda row: row.last_message_at)[-LAST_SHOWN:]
        found = [await self._desk.timeline(row.id, limit=LAST_SHOWN) for row in newest]
        return sorted(chain(*(one.messages for one in found)), key=lambda row: (row.created_at, row.id))

    # --- with which ---

    async def _choose(self, row: ConversationRow, anchor: QWidget) -> None:
        contact = await self._desk.contact(row.contact_id)
        theirs = contact.conversations if contact is not None else ()
        lately = await self._desk.queue_ids(View(kind="all", order="newest"))
        wanted = [one.id for one in theirs if one.status != Status.MERGED] + lately
        items = await self._items(wanted[:_OFFERED])
        if not is_alive(self):
            return
        self._row, self._offered, self._searched = row, items, ""
        popup = self._popup()
        popup.set_finder(self._find)
        popup.open_at(anchor)

    def _popup(self) -> Popup:
        if self.popup is None:
            self.popup = Popup(
                self._owner.window(), msg("Customer, subject or words of a message"), width=360
            )
            self.popup.chosen.connect(self._on_chosen)
            self.popup.typed.connect(self._on_typed)
        return self.popup

    async def _items(self, ids: Sequence[UUID]) -> dict[str, PopupItem]:
        rows = await self._desk.queue_rows(list(dict.fromkeys(ids)))
        return {
            str(row.id): PopupItem(
                str(row.id),
                msg("#{number} {subject}", number=row.number, subject=row.subject),
                row.contact_name,
                "mail",
                words=f"#{row.number} {row.contact_name} {row.subject}",
            )
            for row in rows
            if row.status != Status.MERGED
        }

    def _find(self, query: str) -> list[PopupItem]:
        known = {key: item for key, item in self._offered.items() if item.matches(query)}
        if query == self._searched:
            known = {**known, **self._found}
        here = str(self._row.id) if self._row is not None else ""
        return [item for key, item in known.items() if key != here]

    def _on_typed(self, query: str) -> None:
        if query.strip():
            self._tasks.start(self._search(query), "search")

    async def _search(self, query: str) -> None:
        """Offer also what the words are found in."""
        found = await self._items(await self._desk.search(query, _FOUND))
        if is_alive(self) and self.popup is not None and self.popup.field.text() == query:
            self._searched, self._found = query, found
            self.popup.set_finder(self._find)

    def _on_chosen(self, key: str) -> None:
        if self._row is not None:
            self.merge([self._row.id, UUID(key)], self._row.id)
