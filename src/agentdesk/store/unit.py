"""One unit of work: all synced rows are written here and nowhere else.

On the server each write raises ``ver`` by one and appends to the change log in the same transaction; a row
that leaves a scope (moved to another inbox or contact, or removed) leaves a departure there. On a
desk (:mod:`agentdesk.sync.overlay`) the same commands run on another kind of unit, which sets the server's
row aside first.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ClauseElement, Column, Table, Update, bindparam, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from agentdesk.base import clock
from agentdesk.base.errors import NotFound
from agentdesk.store.base import EVERYONE, PRIVATE, SHAREABLE
from agentdesk.store.bulk import insert_many
from agentdesk.store.fixed import Fixed
from agentdesk.store.herald import note_written
from agentdesk.store.tables import change_log, contact, contact_identity, contact_inbox

Values = Mapping[str, Any]
Changes = dict[str, set[UUID]]
"""Table name to the ids of the rows that changed."""

_BY_CONTACT = {"contact": "id", "contact_identity": "contact_id"}
FOR_EVERYONE = frozenset(
    {
        "user",
        "portrait",
        "availability",
        "own_status",
        "channel_weight",
        "inbox",
        "inbox_member",
        "template",
        "account",
    }
)
"""Tables whose rows every desk receives, also those that name an inbox."""


class Unit(Protocol):
    """What a command may do to the rows, within one transaction."""

    conn: AsyncConnection
    changes: Changes
    optimistic: bool
    """True on a desk: the server will do the same, and its word is final."""

    async def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Add ``rows``; each must name its ``id``."""
        ...

    async def update(self, table: Table, row_id: UUID, values: Values) -> None:
        """Change one row. Raises NotFound where there is none."""
        ...

    async def update_many(self, table: Table, rows: Mapping[UUID, Values]) -> None:
        """Change several rows in the same columns; those that are not there are left out."""
        ...

    async def delete(self, table: Table, row_ids: Collection[UUID]) -> None:
        """Remove rows; those that are not there do not matter."""
        ...


def touched(table: Table) -> dict[str, Any]:
    """Return what each write sets by itself."""
    return {"updated_at": clock.now()} if "updated_at" in table.c else {}


def scope_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that say which desks receive a row."""
    names = ("user_id",) if table.name in PRIVATE else ("inbox_id", "contact_id")
    if table.name in SHAREABLE:
        names = ("user_id", "inbox_id")
    return [table.c[name] for name in names if name in table.c]


def _changing(table: Table, values: Values) -> Update:
    where = table.c.id == bindparam("row_id", type_=table.c.id.type)
    return update(table).where(where).values(**values, ver=table.c.ver + 1)


def _telling(table: Table, values: Values) -> ReturningUpdate[Any]:
    return _changing(table, values).returning(table.c.ver, *scope_columns(table))


def _given(table: Table, names: tuple[str, ...]) -> Values:
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


@cache
def change_of(table: Table, names: tuple[str, ...]) -> Fixed:
    """Return the update of these columns (``new_…``) of one row (``row_id``), which raises its ``ver``."""
    return Fixed(_changing(table, _given(table, names)))


@cache
def _update_of(table: Table, names: tuple[str, ...]) -> Fixed:
    """The same, which returns what the row is then."""
    return Fixed(_telling(table, _given(table, names)))


class ServerUnit:
    """The authority's unit: raises ``ver`` and writes the change log."""

    optimistic = False

    def __init__(self, conn: AsyncConnection, command_id: UUID | None = None) -> None:
        self.conn = conn
        self.changes: Changes = {}
        self._command_id = command_id
        self._log: list[dict[str, Any]] = []
        self._nonce = secrets.randbits(62) or 1
        self._contact_scopes: dict[UUID, set[str]] = {}

    async def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Add ``rows`` with ``ver`` 1."""
        if not rows:
            return
        stamps = touched(table)
        await insert_many(self.conn, table, [{**row, **stamps, "ver": 1} for row in rows])
        if table is contact:  # just made: it is in no inbox yet
            self._contact_scopes.update((row["id"], set()) for row in rows)
        if table is contact_inbox:
            await self._contact_enters(rows)
        for row in rows:
            await self._note(table, row["id"], 1, row)

    async def update(self, table: Table, row_id: UUID, values: Values) -> None:
        """Change one row and raise its ``ver``."""
        before = await self._scopes_before(table, [row_id], values)
        written = {**values, **touched(table)}
        if any(isinstance(value, ClauseElement) for value in written.values()):
            statement = _telling(table, written)
            rows: Sequence[Values] = (await self.conn.execute(statement, {"row_id": row_id})).mappings().all()
        else:
            given = {f"new_{name}": value for name, value in written.items()}
            rows = await _update_of(table, tuple(written)).rows(self.conn, {**given, "row_id": row_id})
        if not rows:
            raise NotFound
        await self._note(table, row_id, rows[0]["ver"], rows[0], before.get(row_id, frozenset()))

    async def update_many(self, table: Table, rows: Mapping[UUID, Values]) -> None:
        """Change several rows in the same columns; those that are not there are left out."""
        if not rows:
            return
        if len(rows) == 1:
            for row_id, values in rows.items():
                with suppress(NotFound):
                    await self.update(table, row_id, values)
            return
        before = await self._scopes_before(table, list(rows), next(iter(rows.values())))
        stamps = touched(table)
        names = [*next(iter(rows.values())), *stamps]
        statement = (
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values(**{name: bindparam(f"new_{name}") for name in names}, ver=table.c.ver + 1)
        )
        await self.conn.execute(
            statement,
            [
                {"row_id": row_id, **{f"new_{name}": value for name, value in {**values, **stamps}.items()}}
                for row_id, values in rows.items()
            ],
        )
        written = select(table.c.id, table.c.ver, *scope_columns(table)).where(table.c.id.in_(list(rows)))
        for row in (await self.conn.execute(written)).mappings().all():
            await self._note(table, row["id"], row["ver"], row, before.get(row["id"], frozenset()))

    async def delete(self, table: Table, row_ids: Collection[UUID]) -> None:
        """Remove rows and let every desk that had them know."""
        columns = (table.c.id, table.c.ver, *scope_columns(table))
        rows = (await self.conn.execute(select(*columns).where(table.c.id.in_(row_ids)))).mappings().all()
        scopes = {row["id"]: frozenset(await self._scopes(table, row["id"], row)) for row in rows}
        await self.conn.execute(sql_delete(table).where(table.c.id.in_(row_ids)))
        for row in rows:
            self.changes.setdefault(table.name, set()).add(row["id"])
            for scope in scopes[row["id"]]:
                self._append(table.name, row["id"], row["ver"] + 1, scope, "d")
            if table is contact_inbox:
                await self._contact_leaves(row["contact_id"], row["inbox_id"].hex)

    async def flush(self) -> None:
        """Write the change log. Called once, right before the commit."""
        if self._log:
            await insert_many(self.conn, change_log, self._log)
            self._log = []
            note_written(self.conn)

    async def _note(
        self,
        table: Table,
        row_id: UUID,
        ver: int,
        row: Mapping[Any, Any],
        before: frozenset[str] = frozenset(),
    ) -> None:
        self.changes.setdefault(table.name, set()).add(row_id)
        scopes = frozenset(await self._scopes(table, row_id, row))
        for scope in scopes:
            self._append(table.name, row_id, ver, scope)
        for scope in before - scopes:
            self._append(table.name, row_id, ver, scope, "d")

    def _append(self, table_name: str, row_id: UUID, ver: int, scope: str, op: str = "u") -> None:
        self._log.append(
            {
                "scope": scope,
                "table_name": table_name,
                "row_id": row_id,
                "ver": ver,
                "op": op,
                "command_id": self._command_id,
                "nonce": self._nonce,
            }
        )

    async def _scopes_before(
        self, table: Table, row_ids: Sequence[UUID], values: Values
    ) -> dict[UUID, frozenset[str]]:
        """The scopes in which rows live that are about to be written, where ``values`` may move them."""
        columns = scope_columns(table)
        if not any(column.name in values for column in columns):
            return {}
        statement = select(table.c.id, *columns).where(table.c.id.in_(row_ids)).order_by(table.c.id)
        found = await self.conn.execute(statement.with_for_update())
        rows = found.mappings().all()
        return {row["id"]: frozenset(await self._scopes(table, row["id"], row)) for row in rows}

    async def _scopes(self, table: Table, row_id: UUID, row: Mapping[Any, Any]) -> Iterable[str]:
        if table.name in FOR_EVERYONE:
            return (EVERYONE,)
        if table.name in _BY_CONTACT:
            key = _BY_CONTACT[table.name]
            return await self._scopes_of_contact(row_id if key == "id" else row[key])
        if table.name in SHAREABLE:
            place = row["user_id"] or row.get("inbox_id")
            return (place.hex if place is not None else EVERYONE,)
        return (row["user_id" if table.name in PRIVATE else "inbox_id"].hex,)

    async def _scopes_of_contact(self, contact_id: UUID) -> set[str]:
        known = self._contact_scopes.get(contact_id)
        if known is None:
            found = await self.conn.scalars(
                select(contact_inbox.c.inbox_id).where(contact_inbox.c.contact_id == contact_id)
            )
            known = self._contact_scopes[contact_id] = {inbox_id.hex for inbox_id in found}
        return known

    async def _contact_enters(self, rows: Sequence[Values]) -> None:
        """A contact that appears in an inbox must reach its desks even if it was written before."""
        for row in rows:
            scope = row["inbox_id"].hex
            known = self._contact_scopes.get(row["contact_id"])
            if known is not None:  # else it is read when asked for, this row among the others
                known.add(scope)
            self._append("contact", row["contact_id"], 1, scope)

    async def _contact_leaves(self, contact_id: UUID, scope: str) -> None:
        """A contact that is in an inbox no more leaves its desks, with the addresses it is known by."""
        if contact_id in self._contact_scopes:
            self._contact_scopes[contact_id].discard(scope)
        ver = await self.conn.scalar(select(contact.c.ver).where(contact.c.id == contact_id))
        self._append("contact", contact_id, ver or 1, scope, "d")
        identities = select(contact_identity.c.id, contact_identity.c.ver).where(
            contact_identity.c.contact_id == contact_id
        )
        for row in await self.conn.execute(identities):
            self._append("contact_identity", row.id, row.ver, scope, "d")
