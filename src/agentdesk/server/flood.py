"""The last net against mail loops: a sender that writes faster than anybody reads."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from agentdesk.domain.threading import Address

WINDOW = timedelta(minutes=10)
MOST_AUTOMATIC = 20
MOST_MESSAGES = 60
_MOST_SENDERS = 10_000


class FloodGate:
    """Counts the recent messages of each sender of one account. What floods is kept, but in one place.

    Kept in memory: an account is read by one server, and after a restart counting begins anew.
    """

    def __init__(self) -> None:
        self._recent: OrderedDict[Address, dict[UUID, tuple[datetime, bool]]] = OrderedDict()
        self._conversations: OrderedDict[Address, UUID] = OrderedDict()

    def floods(self, sender: Address, raw_id: UUID, moment: datetime, automatic: bool) -> bool:
        """Count a message (again: no harm) and say whether its sender has written too much around then."""
        recent = self._recent.setdefault(sender, {})
        self._recent.move_to_end(sender)
        recent[raw_id] = (moment, automatic)
        if len(recent) > 2 * MOST_MESSAGES:
            del recent[next(iter(recent))]
        if len(self._recent) > _MOST_SENDERS:
            self._recent.popitem(last=False)
        near = [auto for at, auto in recent.values() if abs(moment - at) <= WINDOW]
        return len(near) > MOST_MESSAGES or sum(near) > MOST_AUTOMATIC

    def conversation(self, sender: Address) -> UUID | None:
        """Where a flooding sender's messages go."""
        return self._conversations.get(sender)

    def remember(self, sender: Address, conversation_id: UUID) -> None:
        """Note the latest conversation that a sender began."""
        self._conversations[sender] = conversation_id
        self._conversations.move_to_end(sender)
        if len(self._conversations) > _MOST_SENDERS:
            self._conversations.popitem(last=False)
