"""Which conversations of a list are selected, to do something with all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from PySide6.QtCore import QObject, Signal

__all__ = ["QueueSelection", "follower"]


class QueueSelection(QObject):
    """The selected ids among those of ``ids()``, which are the list in its order. It is apart from the
    current row: selecting opens nothing, so it marks nothing as read."""

    changed = Signal()

    def __init__(self, ids: Callable[[], Sequence[UUID]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._list = ids
        self._chosen: set[UUID] = set()
        self._anchor: UUID | None = None
        self._end: UUID | None = None
        self._before_range: frozenset[UUID] = frozenset()

    def __len__(self) -> int:
        return len(self._chosen)

    def __contains__(self, conversation_id: object) -> bool:
        return conversation_id in self._chosen

    def ids(self) -> list[UUID]:
        """Return the selected ids in the order of the list."""
        return [one for one in self._list() if one in self._chosen]

    def is_everything(self) -> bool:
        """Say whether the whole list is selected."""
        return bool(self._chosen) and len(self._chosen) == len(self._list())

    def end(self) -> UUID | None:
        """Return where the last range ended, for the list to keep it in sight."""
        return self._end

    def toggle(self, conversation_id: UUID) -> None:
        """Select a conversation, or take it out; ranges begin at it from now on."""
        self._chosen ^= {conversation_id}
        self._begin_at(conversation_id)
        self.changed.emit()

    def extend_to(self, conversation_id: UUID, start: UUID | None = None) -> None:
        """Select all from the beginning of the range (``start`` where none was begun) to ``conversation_id``.

        What a longer range had covered before is let go; what was selected before the range stays.
        """
        ids = self._list()
        if self._anchor not in ids:
            self._begin_at(start if start in ids else conversation_id)
        one, other = sorted((ids.index(self._anchor), ids.index(conversation_id)))
        self._end = conversation_id
        self._chosen = set(self._before_range).union(ids[one : other + 1])
        self.changed.emit()

    def extend_by(self, step: int, start: UUID | None) -> None:
        """Move the end of the range by ``step`` rows; without a range it begins at ``start``."""
        ids = self._list()
        end = self._end if self._end in ids else start
        if end in ids:
            place = min(max(ids.index(end) + step, 0), len(ids) - 1)
            self.extend_to(ids[place], end)

    def select(self, ids: Collection[UUID]) -> None:
        """Select exactly ``ids``, those of them that are in the list."""
        self._chosen = set(self._list()).intersection(ids)
        self._anchor = self._end = None
        self.changed.emit()

    def select_all(self) -> None:
        """Select the whole list."""
        self.select(self._list())

    def clear(self) -> None:
        """Select nothing."""
        if self._chosen or self._anchor is not None:
            self.select(())

    def remove(self, ids: Collection[UUID]) -> None:
        """Take ``ids`` out."""
        kept = self._chosen.difference(ids)
        if len(kept) != len(self._chosen):
            self.select(kept)

    def keep_listed(self) -> None:
        """Let go of what the list no longer has: nobody changes what is out of sight."""
        kept = self._chosen.intersection(self._list()) if self._chosen else self._chosen
        if len(kept) != len(self._chosen):
            self._chosen = kept
            self.changed.emit()

    def _begin_at(self, conversation_id: UUID | None) -> None:
        self._anchor = self._end = conversation_id
        self._before_range = frozenset(self._chosen)


def follower(conversation_id: UUID, leaving: Collection[UUID], order: Sequence[UUID]) -> UUID | None:
    """Return which of ``order`` comes after ``conversation_id`` when all of ``leaving`` have left: the next
    that stays, else the nearest before it."""
    if conversation_id not in order:
        return None
    place, gone = order.index(conversation_id), set(leaving)
    around = (*order[place + 1 :], *reversed(order[:place]))
    return next((one for one in around if one not in gone), None)
