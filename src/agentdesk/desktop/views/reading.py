"""Where the person was in each conversation that they have left, and what they had seen of it."""

from __future__ import annotations

from uuid import UUID

from agentdesk.desktop.views.transcript import Place
from agentdesk.queries.rows import ConversationRow

__all__ = ["Reading"]


class Reading:
    """Kept for as long as the window lives."""

    def __init__(self) -> None:
        self._places: dict[UUID, Place | None] = {}
        self._last_seen: dict[UUID, UUID] = {}

    def remember(self, row: ConversationRow, place: Place | None) -> None:
        """Keep where the person was in ``row``, and that they have seen all that it held."""
        self._places[row.id] = place
        if row.last_message_id is not None:
            self._last_seen[row.id] = row.last_message_id

    def last_seen(self, row: ConversationRow) -> UUID | None:
        """Return the last message that the person has seen; None where they have not been there."""
        return self._last_seen.get(row.id)

    def place(self, row: ConversationRow) -> Place | None:
        """Return where to go on reading; None where there is something new, which comes first."""
        return self._places.get(row.id) if self.last_seen(row) == row.last_message_id else None
