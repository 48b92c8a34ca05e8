"""The rows of who works here: how people stand, and what they are asked to take."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agentdesk.domain.availability import Availability, has_room, lasts, now_is
from agentdesk.queries.rows import Row, UserRow

__all__ = ["OfferRow", "OwnStatusRow", "PortraitRow", "TeammateRow"]


class TeammateRow(UserRow, frozen=True):
    """Somebody who works here and how they stand. ``count`` is how many open conversations they have as far
    as this database knows, ``load`` the same in the units that each channel counts, ``capacity`` how many of
    these they may have (None: any number)."""

    state: str = Availability.AVAILABLE
    back_at: datetime | None = None
    unreachable_since: datetime | None = None
    load: int = 0
    count: int = 0
    capacity: int | None = None
    languages: tuple[str, ...] | None = None
    status_id: UUID | None = None
    own_name: str = ""
    own_icon: str = ""

    def now_is(self, now: datetime) -> Availability:
        """How the person stands at ``now``."""
        return now_is(self.state, self.back_at, now)

    def own(self, now: datetime) -> str:
        """The name of the team's own status that the person has at ``now``; empty: none of these."""
        return self.own_name if lasts(self.back_at, now) else ""

    def is_full(self) -> bool:
        """Whether the person has as many as they may have."""
        return not has_room(self.load, self.capacity)

    def takes(self, now: datetime) -> bool:
        """Whether the person is there and has room for one more."""
        there = self.unreachable_since is None and self.now_is(now) is Availability.AVAILABLE
        return there and not self.is_full()


class OwnStatusRow(Row, frozen=True):
    """A status that the team has defined: it counts as ``kind``, and usually lasts ``minutes`` (None: until
    another one is chosen)."""

    id: UUID
    name: str
    kind: str
    icon: str
    minutes: int | None = None


class PortraitRow(Row, frozen=True):
    """What a person (``id``) looks like: a small JPEG, and its SHA-256."""

    id: UUID
    digest: str
    content: bytes


class OfferRow(Row, frozen=True):
    """A conversation that I am asked to take until ``expires_at``: it waits, and then somebody else is asked;
    or somebody (``from_name``) hands it to me, with a ``note``."""

    id: UUID
    conversation_id: UUID
    contact_name: str
    preview: str
    offered_at: datetime
    expires_at: datetime
    from_id: UUID | None = None
    from_name: str = ""
    note: str = ""
