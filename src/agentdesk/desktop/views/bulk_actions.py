"""What is done to several conversations at once, by button, key or menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from agentdesk.base import clock
from agentdesk.base.text import msg, plural
from agentdesk.commands.values import Assign, MarkRead, SetPriority, SetStatus, SetTags
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.bulk_run import BulkRun, Deed
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.desktop.views.conversation_menus import ConversationMenus
from agentdesk.desktop.views.messages.words import when_text
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["BulkActions"]


class BulkActions(QObject):
    """Works on what is selected in ``queue``, or on one row by its quick buttons.

    ``left(ids, order)``: these went from the list, whose order was ``order`` before; ``show_wanted(ids)``:
    these could not be changed and are to be looked at. ``deeds`` work on the open conversation.
    """

    left = Signal(object, object)
    show_wanted = Signal(object)

    def __init__(self, desk: DeskPort, queue: QueuePane, deeds: ConversationActions) -> None:
        super().__init__(queue)
        self._desk, self._queue, self._deeds = desk, queue, deeds
        self._tasks = tasks_of(self, "bulk actions")
        self._ids: Sequence[UUID] = ()
        self._common_tags: frozenset[str] = frozenset()
        self._run = BulkRun(desk, queue, deeds.done, self)
        self._run.left.connect(self.left)
        self._run.show_wanted.connect(self.show_wanted)
        self.menus = ConversationMenus(queue, clock.now)
        self.menus.assigned.connect(self._on_assigned)
        self.menus.snoozed.connect(self._on_snoozed)
        self.menus.tagged.connect(self._on_tagged)
        self.menus.prioritised.connect(self._on_prioritised)
        deeds.merging.merged.connect(self._on_merged)
        queue.table.drag.allow(self._may_merge)
        queue.table.drag.dropped.connect(self._on_dropped)
        queue.head.bar.wanted.connect(self._on_wanted)
        queue.quick_wanted.connect(self._on_quick)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the window's actions do while conversations are selected."""
        return {
            "assign.choose": self.choose_assignee,
            "assign.me": self.assign_me,
            "conversation.resolve": self.resolve,
            "conversation.reopen": self.reopen,
            "conversation.wake": self.reopen,
            "conversation.snooze": self.choose_snooze,
            "conversation.tags": self.choose_tags,
            "conversation.priority": self.choose_priority,
            "conversation.unread": self.toggle_unread,
            "conversation.merge": self.merge,
        }

    def on_changes(self, changes: Changes) -> None:
        """Hear what the server did not take."""
        self._run.on_changes(changes)

    # --- what can be done with what is selected ---

    def resolve(self) -> None:
        """Resolve them."""
        self._run.start(self._selected(), _RESOLVE)

    def reopen(self) -> None:
        """Open them again, or wake them."""
        self._run.start(self._selected(), _REOPEN)

    def mark_unread(self) -> None:
        """Make them look unopened."""
        self._run.start(self._selected(), _UNREAD)

    def mark_read(self) -> None:
        """Make them look opened."""
        self._run.start(self._selected(), _READ)

    def toggle_unread(self) -> None:
        """Mark all unread; where all are already, mark them read."""
        rows = [self._queue.model.row(one) for one in self._selected()]
        all_unread = all(row is not None and row.unread for row in rows)
        self._run.start(self._selected(), _READ if all_unread else _UNREAD)

    def assign_me(self) -> None:
        """Take them."""
        self._ids = self._selected()
        if self._desk.me is not None:
            self._on_assigned(self._desk.me.id)

    def choose_assignee(self) -> None:
        """Ask who gets them."""
        self._ids = self._selected()
        self._tasks.start(self._choose_assignee(), "assignee")

    def choose_snooze(self) -> None:
        """Ask until when they sleep."""
        self._ids = self._selected()
        self.menus.choose_snooze(self._queue.head.bar.anchor("snooze"))

    def choose_tags(self) -> None:
        """Offer the tags that all have, to take them away, and adding one to all."""
        self._ids = self._selected()
        rows = [self._queue.model.row(one) for one in self._ids]
        tags = [frozenset(row.tags) if row is not None else frozenset() for row in rows]
        self._common_tags = frozenset.intersection(*tags) if tags else frozenset()
        self.menus.choose_tags(self._queue.head.bar.anchor("tags"), sorted(self._common_tags))

    def choose_priority(self) -> None:
        """Ask how urgent they are."""
        self._ids = self._selected()
        self.menus.choose_priority(self._queue.head.bar.anchor("priority"), "")

    def merge(self) -> None:
        """Let them become one conversation."""
        if len(self._selected()) > 1:
            row = self._deeds.row
            self._deeds.merging.merge(self._selected(), row.id if row is not None else None)

    # --- what was chosen ---

    def _on_assigned(self, user_id: UUID | None) -> None:
        me = self._desk.me

        def make(row: ConversationRow) -> Assign | None:
            if row.assignee_id == user_id:
                return None
            return Assign(conversation_id=row.id, assignee_id=user_id, seen_assignee_id=row.assignee_id)

        leaves = self._queue.view.kind == "unassigned" or (
            self._queue.view.kind == "mine" and (me is None or user_id != me.id)
        )
        self._run.start(
            self._ids,
            Deed(
                make,
                lambda name: msg("Assigned: {name}.", name=name),
                lambda count: plural("Assigned {count}.", "Assigned {count}.", count),
                leaves=leaves,
            ),
        )

    def _on_snoozed(self, until: datetime) -> None:
        when = when_text(until.astimezone(), clock.now())
        status = Status.SNOOZED.value
        deed = Deed(
            lambda row: SetStatus(conversation_id=row.id, status=status, snoozed_until=until),
            lambda name: msg("Snoozed {name} until {when}.", name=name, when=when),
            lambda count: plural(
                "Snoozed {count} until {when}.", "Snoozed {count} until {when}.", count, when=when
            ),
            leaves=self._queue.view.kind != "snoozed",
        )
        self._run.start(self._ids, deed)

    def _on_tagged(self, tags: tuple[str, ...]) -> None:
        added = [tag for tag in tags if tag not in self._common_tags]
        removed = self._common_tags.difference(tags)

        def make(row: ConversationRow) -> SetTags | None:
            kept = [tag for tag in row.tags if tag not in removed]
            wanted = (*kept, *(tag for tag in added if tag not in kept))
            return SetTags(conversation_id=row.id, tags=wanted) if wanted != row.tags else None

        self._run.start(
            self._ids,
            Deed(
                make,
                lambda name: msg("Tags changed: {name}.", name=name),
                lambda count: plural("Changed the tags of {count}.", "Changed the tags of {count}.", count),
            ),
        )

    def _on_prioritised(self, priority: str) -> None:
        def make(row: ConversationRow) -> SetPriority | None:
            return (
                SetPriority(conversation_id=row.id, priority=priority) if row.priority != priority else None
            )

        self._run.start(
            self._ids,
            Deed(
                make,
                lambda name: msg("Priority changed: {name}.", name=name),
                lambda count: plural(
                    "Changed the priority of {count}.", "Changed the priority of {count}.", count
                ),
            ),
        )

    # --- inside ---

    def _on_merged(self, conversation_id: UUID, joined: tuple[UUID, ...]) -> None:
        self._queue.selection.remove((conversation_id, *joined))

    def _may_merge(self) -> bool:
        return self._deeds.merging.is_allowed

    def _on_dropped(self, dragged: UUID, onto: UUID) -> None:
        """Merge what was dragged, and all that is selected with it, with the one it was let go over."""
        together = self._selected() if dragged in self._queue.selection else [dragged]
        self._deeds.merging.merge([*together, onto], onto)

    def _selected(self) -> list[UUID]:
        return self._queue.selection.ids()

    async def _choose_assignee(self) -> None:
        users = await self._desk.teammates()
        if is_alive(self):
            anchor = self._queue.head.bar.anchor("assign")
            self.menus.choose_assignee(anchor, users, self._desk.me, None, can_clear=True)

    def _on_wanted(self, key: str) -> None:
        wanted = {
            "resolve": self.resolve,
            "assign": self.choose_assignee,
            "snooze": self.choose_snooze,
            "tags": self.choose_tags,
            "merge": self.merge,
            "priority": self.choose_priority,
            "unread": self.mark_unread,
            "read": self.mark_read,
        }
        wanted[key]()

    def _on_quick(self, key: str, conversation_id: UUID) -> None:
        if key == "resolve":
            self._run.start([conversation_id], _RESOLVE)
        else:
            self._ids = [conversation_id]
            self.menus.choose_snooze(self._queue.quick_spot)


def _resolved(row: ConversationRow) -> SetStatus | None:
    if row.status == Status.RESOLVED:
        return None
    status = Status.RESOLVED.value
    return SetStatus(conversation_id=row.id, status=status, seen_message_id=row.last_message_id)


def _reopened(row: ConversationRow) -> SetStatus | None:
    if row.status == Status.OPEN:
        return None
    return SetStatus(conversation_id=row.id, status=Status.OPEN.value)


_RESOLVE = Deed(
    _resolved,
    lambda name: msg("Resolved {name}.", name=name),
    lambda count: plural("Resolved {count}.", "Resolved {count}.", count),
    leaves=True,
)
_REOPEN = Deed(
    _reopened,
    lambda name: msg("Open again: {name}.", name=name),
    lambda count: plural("{count} is open again.", "{count} are open again.", count),
)
_UNREAD = Deed(
    lambda row: None if row.unread else MarkRead(conversation_id=row.id, unread=True),
    lambda name: msg("Marked unread: {name}.", name=name),
    lambda count: plural("Marked {count} unread.", "Marked {count} unread.", count),
)
_READ = Deed(
    lambda row: MarkRead(conversation_id=row.id) if row.unread else None,
    lambda name: msg("Marked read: {name}.", name=name),
    lambda count: plural("Marked {count} read.", "Marked {count} read.", count),
)
