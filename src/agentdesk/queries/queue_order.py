"""In which order lists of conversations stand: as SQL, and as keys that a desk sorts by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func

from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import PlaceKey, View
from agentdesk.store.tables import contact, conversation, user

__all__ = ["WAITS", "Term", "key_of", "order_of", "sections_of"]

_c = conversation.c


class Term(NamedTuple):
    """One column of an order; ``falling``: the greatest value comes first. Where there may be no value, and
    it rises, ``empty_last`` says where those rows stand; where it falls they stand last."""

    column: ColumnElement[Any]
    falling: bool = False
    empty_last: bool | None = None

    def order(self) -> ColumnElement[Any]:
        """The term as SQL."""
        ordered = self.column.desc() if self.falling else self.column.asc()
        if self.empty_last is None:
            return ordered
        return ordered.nulls_last() if self.empty_last else ordered.nulls_first()

    def key(self, value: Any) -> tuple[bool, Any]:
        """A value as SQLite gives it, so that it sorts in this order. Texts can only rise."""
        last = self.falling or bool(self.empty_last)
        if value is None:
            return (last, 0)
        return (not last, -value if self.falling else value)


_NEWEST = (Term(_c.last_message_at, falling=True), Term(_c.id))
_LONGEST_WAITING = (
    Term(_c.waiting_since, empty_last=True),
    Term(case((_c.waiting_since.is_(None), _c.last_message_at)), falling=True),
    Term(_c.id),
)
WAITS = _c.waiting_since.is_not(None) & (_c.status != Status.RESOLVED)
_URGENCY = Term(case({"urgent": 0, "high": 1, "normal": 2, "low": 3}, value=_c.priority, else_=2))


def order_of(view: View) -> tuple[Term, ...]:
    """The order of a view, within its sections."""
    if view.order == "newest":
        return _NEWEST
    if view.order == "priority":
        return (_URGENCY, *_LONGEST_WAITING)
    if view.order == "customer":
        return (Term(func.lower(func.coalesce(contact.c.name, ""))), *_NEWEST)
    if view.order == "due" and view.kind == "snoozed":
        return (Term(_c.snoozed_until, empty_last=True), Term(_c.id))
    return _LONGEST_WAITING


def sections_of(view: View, today_ends: datetime) -> tuple[ColumnElement[Any], tuple[Term, ...]]:
    """The column that names the section of a row, and the order of the sections."""
    match view.group:
        case "channel":
            return _c.channel, (Term(_c.channel),)
        case "priority":
            return _c.priority, (_URGENCY, Term(_c.priority))
        case "assignee":
            name = func.coalesce(user.c.name, "")
            return name, (Term(func.lower(name)), Term(_c.assignee_id, empty_last=False))
        case "due":
            today = _c.snoozed_until < today_ends
            return case((today, "today"), else_="later"), (Term(case((today, 0), else_=1)),)
    raise ValueError(f"no such sections: {view.group}")


def key_of(values: Sequence[Any], terms: Sequence[Term]) -> PlaceKey:
    """The values of a row's terms, as SQLite gives them, as a key."""
    return tuple(part for value, term in zip(values, terms, strict=True) for part in term.key(value))
