"""Which rows a desk may see: those of its agent's inboxes, and those that everybody sees."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, true

from agentdesk.store.base import EVERYONE

RETAINED = timedelta(days=90)
"""How long closed conversations stay on a desk."""

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """``inboxes`` None means all of them, also those that are still to be made."""

    inboxes: frozenset[UUID] | None

    def covers(self, scopes: Collection[str]) -> bool:
        """Say whether a row that lives in any of ``scopes`` (as the change log names them) is visible."""
        if self.inboxes is None:
            return True
        return EVERYONE in scopes or any(inbox.hex in scopes for inbox in self.inboxes)

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
        return Scope(self.inboxes - other.inboxes)

    def common(self, other: Scope) -> Scope:
        """Return what both see."""
        if self.inboxes is None or other.inboxes is None:
            return other if self.inboxes is None else self
        return Scope(self.inboxes & other.inboxes)

    def text(self) -> str:
        """Return the scope as it stands in a cursor."""
        return _ALL if self.inboxes is None else ",".join(sorted(inbox.hex for inbox in self.inboxes))

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Return the scope that :meth:`text` gave. Raises ValueError."""
        if text == _ALL:
            return cls(None)
        return cls(frozenset(UUID(part) for part in text.split(",") if part))
