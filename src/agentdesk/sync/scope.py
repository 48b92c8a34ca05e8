"""Which rows a desk may see: those of its agent's inboxes, those of everybody, and its person's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, true

from agentdesk.store.base import EVERYONE

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """``inboxes`` None means all of them, also those that are still to be made. ``person`` is whose private
    rows belong to it (None: nobody's); a desk is one person's for ever, so cursors do not name it."""

    inboxes: frozenset[UUID] | None
    person: UUID | None = field(default=None, compare=False)

    def covers(self, scopes: Collection[str]) -> bool:
        """Say whether a row that lives in any of ``scopes`` (as the change log names them) is visible."""
        if self.inboxes is None:
            return True
        return EVERYONE in scopes or any(inbox.hex in scopes for inbox in self.inboxes)

    def is_of(self, person: str) -> bool:
        """Say whether a private row of ``person`` (as the change log names them) may be visible."""
        return self.person is not None and self.person.hex == person

    def of(self, inbox_column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition that keeps a query inside this scope."""
        return true() if self.inboxes is None else inbox_column.in_(self.inboxes)

    def includes(self, other: Scope) -> bool:
        """Say whether everything that ``other`` sees is visible here too."""
        if self.inboxes is None:
            return True
        return other.inboxes is not None and other.inboxes <= self.inboxes

    def beyond(self, other: Scope) -> Scope:
        """Return what this scope has and ``other`` has not; all of it where that cannot be told."""
        if self.inboxes is None or other.inboxes is None:
            return self
        return replace(self, inboxes=self.inboxes - other.inboxes)

    def common(self, other: Scope) -> Scope:
        """Return what both see."""
        if self.inboxes is None or other.inboxes is None:
            return replace(self, inboxes=other.inboxes) if self.inboxes is None else self
        return replace(self, inboxes=self.inboxes & other.inboxes)

    def text(self) -> str:
        """Return the scope as it stands in a cursor."""
        return _ALL if self.inboxes is None else ",".join(sorted(inbox.hex for inbox in self.inboxes))

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Return the scope that :meth:`text` gave. Raises ValueError."""
        if text == _ALL:
            return cls(None)
        return cls(frozenset(UUID(part) for part in text.split(",") if part))
