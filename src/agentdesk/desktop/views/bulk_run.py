"""Does one thing to many conversations: a command each, told as one, undone as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import AnyCommand
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.undo import UndoStack, inverse
from agentdesk.desktop.views.composer_strips import reason_of
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["BulkRun", "Deed"]

_TOLD_FROM = 20
"""So many conversations take long enough for the bar to say how far it is."""


@dataclass(frozen=True)
class Deed:
    """``make`` gives the command for a row, None where nothing is to be changed in it; ``one`` and ``many``
    say what was done, by name and by number; ``leaves``: the rows go from the list by it."""

    make: Callable[[ConversationRow], AnyCommand | None]
    one: Callable[[str], Msg]
    many: Callable[[int], Msg]
    leaves: bool = False


class _Outcome:
    """What became of each conversation: what was done with its undoing, and why the others were not."""

    def __init__(self) -> None:
        self.done: list[tuple[ConversationRow, AnyCommand | None]] = []
        self.failed: dict[UUID, Msg | None] = {}


class BulkRun(QObject):
    """See the module. ``left(ids, order)``: these went from the list, whose order was ``order`` before;
    ``show_wanted(ids)``: these could not be changed and are to be looked at."""

    left = Signal(object, object)
    show_wanted = Signal(object)

    def __init__(self, desk: DeskPort, queue: QueuePane, done: UndoStack, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._queue, self._undo = desk, queue, done
        self._tasks = tasks_of(self, "bulk run")
        self._on_the_way: dict[UUID, UUID] = {}
        self._stopped = False
        queue.head.bar.stop_wanted.connect(self._stop)

    def start(self, ids: Sequence[UUID], deed: Deed) -> None:
        """Do ``deed`` to ``ids``; one deed at a time."""
        if ids and not self._tasks.running("run"):
            self._tasks.start(self._run(list(ids), deed), "run")

    def on_changes(self, changes: Changes) -> None:
        """Look what became of the commands when the outbox has changed."""
        told = not changes or "outbox" in changes
        if told and self._on_the_way and not self._tasks.running("run"):
            self._tasks.start(self._look_for_refused(), "refused")

    def _stop(self) -> None:
        self._stopped = True

    async def _run(self, ids: list[UUID], deed: Deed) -> None:
        self._stopped = False
        order = list(self._queue.model.ids)
        rows = [row for one in ids if (row := await self._desk.conversation(one)) is not None]
        if deed.leaves:
            self._queue.let_go()
        outcome = _Outcome()
        try:
            await self._do_all(rows, deed, outcome)
        finally:
            if is_alive(self):
                self._queue.head.bar.end_progress()
        if not is_alive(self):
            return
        if deed.leaves:
            self._queue.selection.remove(ids)
            self.left.emit([row.id for row, _back in outcome.done], order)
        backwards = [(row, back) for row, back in outcome.done if back is not None]
        if backwards:
            self._undo.push(partial(self._take_back, backwards))
        self._tell(deed, outcome)
        await self._look_for_refused()

    async def _do_all(self, rows: list[ConversationRow], deed: Deed, outcome: _Outcome) -> None:
        for place, row in enumerate(rows):
            if self._stopped or not is_alive(self):
                return
            if len(rows) >= _TOLD_FROM:
                self._queue.head.bar.set_progress(place, len(rows))
            command = deed.make(row)
            if command is None:
                continue
            try:
                self._on_the_way[await self._desk.do(command)] = row.id
            except AgentDeskError as error:
                outcome.failed[row.id] = error.message
            else:
                after = await self._desk.conversation(row.id)
                outcome.done.append((row, inverse(command, row, after) if after is not None else None))

    def _tell(self, deed: Deed, outcome: _Outcome) -> None:
        done, failed = outcome.done, outcome.failed
        if not failed:
            if done:
                said = deed.one(done[0][0].contact_name) if len(done) == 1 else deed.many(len(done))
                self._queue.say(said, msg("Undo"), self._on_undo)
            return
        words = _failed_words(list(failed.values()))
        if done:
            words = msg("{done} {failed}", done=deed.many(len(done)), failed=words)
        self._queue.say(words, msg("Show it"), partial(self.show_wanted.emit, list(failed)), failed=True)

    def _on_undo(self) -> None:
        last = self._undo.pop()
        if last is not None:
            self._tasks.start(last(), "undo")

    async def _take_back(self, backwards: list[tuple[ConversationRow, AnyCommand]]) -> None:
        """Restore all that was changed; what cannot be restored any more is told."""
        failed: dict[UUID, Msg | None] = {}
        for row, back in backwards:
            try:
                self._on_the_way[await self._desk.do(back)] = row.id
            except AgentDeskError as error:
                failed[row.id] = error.message
        if failed and is_alive(self):
            words = _failed_words(list(failed.values()))
            self._queue.say(words, msg("Show it"), partial(self.show_wanted.emit, list(failed)), failed=True)

    async def _look_for_refused(self) -> None:
        waiting = {entry.id: entry for entry in await self._desk.waiting()}
        if not is_alive(self):
            return
        refused = {
            self._on_the_way[one]: reason_of(entry.answer)
            for one, entry in waiting.items()
            if entry.state == "refused" and one in self._on_the_way
        }
        self._on_the_way = {
            one: row
            for one, row in self._on_the_way.items()
            if one in waiting and waiting[one].state != "refused"
        }
        if refused:
            words = _failed_words(list(refused.values()))
            self._queue.say(words, msg("Show it"), partial(self.show_wanted.emit, list(refused)), failed=True)


def _failed_words(reasons: list[Msg | None]) -> Msg:
    """How many could not be changed, and why where it is the same for all."""
    words = plural("{count} could not be changed.", "{count} could not be changed.", len(reasons))
    known = {str(reason): reason for reason in reasons if reason is not None}
    if len(known) != 1 or None in reasons:
        return words
    return msg("{failed} {reason}", failed=words, reason=next(iter(known.values())))
