"""The server's side of conversations that desks do not keep: found and given whole, a page at a time."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.commands.authority import refusal
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import as_text
from agentdesk.domain.authority import Permission
from agentdesk.domain.conversation import RETAINED
from agentdesk.queries.queue import retired_page
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.merged import contact_root
from agentdesk.store.tables import contact, conversation, message
from agentdesk.sync.feed import Beside
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.protocol import AskOlder, Older
from agentdesk.sync.scope import Scope
from agentdesk.sync.share import Share
from agentdesk.sync.snapshot import load_contacts, load_conversations, parents_first

__all__ = ["PAGE", "Archive"]

PAGE = 25
"""Conversations in one answer."""
_MOST_MESSAGES = 500
"""In one answer, unless a single conversation has more."""
_LONGEST_TEXT = 500
_VIEWS = frozenset({"resolved", "search"})


class _Marked(NamedTuple):
    conversation_id: UUID
    contact_id: UUID


class Archive:
    """Answers what one desk asks. ``actor`` says who is at it now."""

    def __init__(self, db: Database, share: Share, desk_id: UUID, actor: Callable[[], Actor]) -> None:
        self._db = db
        self._share = share
        self._desk_id = desk_id
        self._actor = actor

    async def answer(self, ask: AskOlder) -> None:
        """Find what is wanted, write down which customers' readings are, and give it out. Raises
        DatabaseError."""
        if ask.wish == OlderWish(anew=True):
            await self._share.tell_anew(Older(number=ask.number))
            return
        if not self._actor().may(Permission.HISTORY):
            refused = refusal(Permission.HISTORY)
            await self._share.tell(_refused(ask, refused.message))
            return
        try:
            wish = _checked(ask.wish)
            await self._share.give(lambda conn, scope: self._found(conn, scope, ask.number, wish), self._note)
        except Invalid as error:
            await self._share.tell(_refused(ask, error.message))

    async def _found(self, conn: AsyncConnection, scope: Scope, number: int, wish: OlderWish) -> Beside:
        page = await _page(conn, scope, wish)
        loaded = await load_conversations(conn, page.ids)
        contacts = {UUID(bytes=row["contact_id"]) for row in loaded[str(conversation.name)].values()}
        loaded |= await load_contacts(conn, contacts)
        return Beside(parents_first(loaded, scope), Older(number=number, page=page))

    async def _note(self, found: Beside) -> None:
        """Write down that conversations of marked customers are given out, before they are."""
        heads = [row for name, row in found.rows if name == conversation.name]
        people = {
            UUID(bytes=row["id"]) for name, row in found.rows if name == contact.name and row["sensitive"]
        }
        marked = [_Marked(UUID(bytes=row["id"]), UUID(bytes=row["contact_id"])) for row in heads]
        await self._record([one for one in marked if one.contact_id in people])

    async def _record(self, marked: Sequence[_Marked]) -> None:
        if not marked:
            return
        actor = self._actor()
        entries = [
            Entry(
                kind="read",
                what="older",
                outcome="done",
                actor=actor.kind.value,
                user_id=actor.user_id,
                desk_id=self._desk_id,
                contact_id=one.contact_id,
                conversation_id=one.conversation_id,
            )
            for one in marked
        ]
        async with self._db.write() as conn:
            await record(conn, entries)


def _checked(wish: OlderWish) -> OlderWish:
    """A wish that can be fulfilled. Raises Invalid."""
    view = wish.view
    named = [view is not None, wish.contact_id is not None, bool(wish.ids)]
    known = view is None or (view.kind in _VIEWS and len(view.text) <= _LONGEST_TEXT)
    if named.count(True) != 1 or not known or len(wish.ids) > PAGE:
        raise Invalid(msg("The server cannot make sense of what was asked."), field="wish")
    return wish


async def _page(conn: AsyncConnection, scope: Scope, wish: OlderWish) -> OlderPage:
    if wish.ids:
        visible = select(conversation.c.id).where(
            conversation.c.id.in_(wish.ids), scope.of(conversation.c.inbox_id)
        )
        return OlderPage(ids=tuple(await conn.scalars(visible)))
    contact_id = wish.contact_id
    if contact_id is not None:
        contact_id = await contact_root(conn, contact_id)
    read = functools.partial(
        retired_page,
        conn,
        clock.now() - RETAINED,
        view=wish.view,
        contact_id=contact_id,
        inboxes=scope.inboxes,
        cursor=wish.after,
    )
    page = await read(limit=PAGE)
    fitting = await _fitting(conn, page.ids)
    if fitting < len(page.ids):
        page = await read(limit=fitting)
    return OlderPage(ids=tuple(page.ids), following=page.following, back_to=page.back_to)


async def _fitting(conn: AsyncConnection, ids: Sequence[UUID]) -> int:
    """How many of the first conversations have no more messages together than one answer may have; at least
    one."""
    column = message.c.conversation_id
    counted = await conn.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    lengths = {row[0]: int(row[1]) for row in counted}
    sums = list(itertools.accumulate(lengths.get(one, 0) for one in ids))
    return max(1, sum(total <= _MOST_MESSAGES for total in sums))


def _refused(ask: AskOlder, reason: Msg) -> Older:
    return Older(number=ask.number, refused=as_text(reason))
