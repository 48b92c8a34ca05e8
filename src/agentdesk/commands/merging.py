"""Conversations that become one, and that stand for themselves again.

What is in the joined conversation moves, and each message and event keeps where it belongs (``origin_id``),
as does what comes for it later. So the way back is exact. The joined conversation stays as an empty row with
its number that leads to the other one; ``merge`` keeps what the other one was like before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, select

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import add_event, preview_of
from agentdesk.commands.values import MergeConversations, UnmergeConversations
from agentdesk.domain import merging
from agentdesk.domain.conversation import EventKind, Status
from agentdesk.domain.message import Kind
from agentdesk.store import search
from agentdesk.store.merged import conversation_root, conversation_tree
from agentdesk.store.tables import attachment, conversation, event, mention, message

_MOST_AT_ONCE = 50
_ROWS_AT_ONCE = 500
_MOMENTS = frozenset({"snoozed_until", "resolved_at", "last_message_at", "waiting_since", "last_customer_at"})
_IDS = frozenset({"assignee_id", "last_message_id"})


async def merge_conversations(context: Context, command: MergeConversations) -> None:
    """Let conversations go on in another one; those that do already are left as they are."""
    if len(command.joined_ids) > _MOST_AT_ONCE:
        raise Refusal("invalid", msg("These are too many at once."))
    if command.conversation_id in command.joined_ids or not command.joined_ids:
        raise Refusal("invalid", msg("A conversation cannot be merged with itself."))
    rows = await _locked(context, {command.conversation_id, *command.joined_ids})
    stays = rows[command.conversation_id]
    if stays["merged_into_id"] is not None:
        raise await _merged_meanwhile(context, stays)
    for joined_id in dict.fromkeys(command.joined_ids):
        joins = rows[joined_id]
        if joins["merged_into_id"] is None:
            stays = await _join(context, stays, joins)
        elif joins["merged_into_id"] != stays["id"]:
            raise await _merged_meanwhile(context, joins)


async def _locked(context: Context, ids: Collection[UUID]) -> dict[UUID, RowMapping]:
    """Return the conversations, locked in the order of their ids, as all that lock several do."""
    statement = select(conversation).where(conversation.c.id.in_(ids)).order_by(conversation.c.id)
    rows = (await context.conn.execute(statement.with_for_update())).mappings().all()
    if len(rows) != len(ids) or not all(context.actor.sees(row["inbox_id"]) for row in rows):
        raise NotFound
    return {row["id"]: row for row in rows}


async def _merged_meanwhile(context: Context, row: RowMapping) -> Refusal:
    root = await conversation_root(context.conn, row["id"])
    number = await context.conn.scalar(select(conversation.c.number).where(conversation.c.id == root))
    return Refusal(
        "merged",
        msg(
            "Conversation #{number} was merged with #{other} meanwhile.",
            number=row["number"],
            other=number or 0,
        ),
    )


async def _join(context: Context, stays: RowMapping, joins: RowMapping) -> Any:
    """Move all that is in ``joins`` to ``stays`` and return that row as it is then."""
    await _move(context, stays, await _all_in(context, message, joins["id"]))
    await _move_events(context, stays, await _all_in(context, event, joins["id"]))
    values = merging.joined(stays, joins)
    before = {name: stays[name] for name in values}
    others = await _still_in(context, stays["id"])
    kept = {
        "status": joins["status"],
        "place": 1 + max((other["merge"]["place"] for other in others), default=0),
        "before": _as_json(before),
        "after": _as_json(values),
    }
    await context.unit.update(
        conversation,
        joins["id"],
        {"status": Status.MERGED.value, "merged_into_id": stays["id"], "merge": kept},
    )
    await context.unit.update(conversation, stays["id"], {**values, **_held_by(joins)})
    data = {"conversation_id": str(joins["id"]), "number": joins["number"], "subject": joins["subject"]}
    await add_event(context, stays, EventKind.MERGED, data)
    return {**stays, **values}


async def _all_in(context: Context, table: Table, conversation_id: UUID) -> list[tuple[UUID, UUID | None]]:
    """Return the messages or events of a conversation, each with where it belongs."""
    statement = select(table.c.id, table.c.origin_id).where(table.c.conversation_id == conversation_id)
    return [(row.id, row.origin_id or conversation_id) for row in await context.conn.execute(statement)]


async def unmerge_conversations(context: Context, command: UnmergeConversations) -> None:
    """Let conversations stand for themselves again; those that do already are left as they are."""
    for joined_id in reversed(command.joined_ids):  # the last one that joined goes first
        root = await conversation_root(context.conn, joined_id)
        rows = await _locked(context, {joined_id, root})
        if rows[joined_id]["merged_into_id"] is None:
            continue
        if await conversation_root(context.conn, joined_id) != root:  # merged on at this very moment
            raise await _merged_meanwhile(context, rows[joined_id])
        await _part(context, rows[root], rows[joined_id])


async def _part(context: Context, root: RowMapping, parts: RowMapping) -> None:
    """Move what belongs to ``parts`` out of ``root``, and bring both back to what they were."""
    tree = await conversation_tree(context.conn, parts["id"])
    ours = select(message.c.id, message.c.origin_id, message.c.created_at).where(
        message.c.conversation_id == root["id"], message.c.origin_id.in_(tree)
    )
    messages = (await context.conn.execute(ours)).all()
    await _move(context, parts, [(m.id, _origin(m.origin_id, parts)) for m in messages])
    await _part_events(context, root, parts, tree, {str(m.id) for m in messages})
    kept = parts["merge"]
    if parts["merged_into_id"] == root["id"]:
        await context.unit.update(conversation, root["id"], await _without(context, root, kept))
    else:  # it had joined one that was merged on since: only the messages tell what is left
        await context.unit.update(conversation, root["id"], await _from_messages(context, root))
    values = {"status": kept["status"], "merged_into_id": None, "merge": None}
    values |= await _came_since(context, parts) | _held_by(root)
    await context.unit.update(conversation, parts["id"], values)
    for here, there in ((root, parts), (parts, root)):
        data = {"conversation_id": str(there["id"]), "number": there["number"], "subject": there["subject"]}
        await add_event(context, here, EventKind.UNMERGED, data)


def _held_by(other: Mapping[Any, Any]) -> dict[str, bool]:
    """A legal hold goes with the messages, wherever they go; only a person lifts it."""
    return {"legal_hold": True} if other["legal_hold"] else {}


def _origin(origin_id: UUID, place: Mapping[Any, Any]) -> UUID | None:
    return None if origin_id == place["id"] else origin_id


async def _without(context: Context, root: RowMapping, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the one that stayed is like again: as it was, but for what has happened in it since, and with
    those that joined after the one that parts."""
    before, after = _from_json(kept["before"]), _from_json(kept["after"])
    values = merging.parted(root, before, after)
    for other in await _still_in(context, root["id"]):
        if other["merge"]["place"] > kept["place"]:
            values = await _joined_again(context, root, values, other)
    if all(name in after and root[name] == after[name] for name in merging.FROM_MESSAGES):
        return values | {name: before[name] for name in merging.FROM_MESSAGES}
    return values | await _from_messages(context, root)


async def _joined_again(
    context: Context, root: RowMapping, values: Mapping[str, Any], other: RowMapping
) -> dict[str, Any]:
    """What ``values`` of ``root`` are with ``other``, which notes what they are without it."""
    kept = other["merge"]
    people = {name: values.get(name, root[name]) for name in merging.FROM_PEOPLE}
    again = merging.joined({**root, **people}, {**other, "status": kept["status"]})
    after = {name: again[name] if name in values else root[name] for name in merging.FROM_PEOPLE}
    noted = {**kept, "before": _as_json(people), "after": _as_json(after)}
    await context.unit.update(conversation, other["id"], {"merge": noted})
    return {name: again[name] for name in values}


async def _still_in(context: Context, root_id: UUID) -> Sequence[RowMapping]:
    """Return what was merged into a conversation, in the order in which it joined."""
    found = await context.conn.execute(select(conversation).where(conversation.c.merged_into_id == root_id))
    return sorted(found.mappings(), key=lambda row: row["merge"]["place"])


async def _came_since(context: Context, parts: RowMapping) -> dict[str, Any]:
    """What follows for the one that joined from messages that came for it since; it was not touched else."""
    values = await _from_messages(context, parts)
    if not values or values["last_message_id"] == parts["last_message_id"]:
        return {}
    newest, last = values["last_customer_at"], parts["last_customer_at"]
    wrote = newest is not None and (last is None or newest > last)
    if wrote:
        values |= {"status": Status.OPEN.value, "snoozed_until": None, "resolved_at": None}
    values["unread"] = values["waiting_since"] is not None and (wrote or parts["unread"])
    return values


async def _from_messages(context: Context, row: Mapping[Any, Any]) -> dict[str, Any]:
    columns = message.c
    statement = (
        select(columns.id, columns.created_at, columns.direction, columns.automatic)
        .where(columns.conversation_id == row["id"], columns.kind == Kind.MESSAGE)
        .order_by(columns.created_at, columns.id)
    )
    messages = (await context.conn.execute(statement)).all()
    values = merging.follows(messages)
    speaking = merging.speaking(messages)
    if speaking is not None:
        words = await context.conn.scalar(select(columns.text).where(columns.id == speaking))
        values["preview"] = preview_of(words or "")
    return values


# --- rows that move ---


async def _move(
    context: Context, place: Mapping[Any, Any], messages: Sequence[tuple[UUID, UUID | None]]
) -> None:
    """Put messages (each with where it belongs) and their files into the conversation ``place``."""
    here = {"conversation_id": place["id"], "inbox_id": place["inbox_id"]}
    for some in _portions(messages):
        ids = [message_id for message_id, _origin_id in some]
        await context.unit.update_many(
            message, {message_id: {**here, "origin_id": origin_id} for message_id, origin_id in some}
        )
        files = await context.conn.scalars(select(attachment.c.id).where(attachment.c.message_id.in_(ids)))
        await context.unit.update_many(attachment, dict.fromkeys(files, here))
        told = await context.conn.scalars(select(mention.c.id).where(mention.c.message_id.in_(ids)))
        await context.unit.update_many(mention, dict.fromkeys(told, here))
        if not context.unit.optimistic:
            await search.move(context.conn, ids, place["id"], place["inbox_id"])


async def _move_events(
    context: Context, place: Mapping[Any, Any], events: Sequence[tuple[UUID, UUID | None]]
) -> None:
    here = {"conversation_id": place["id"], "inbox_id": place["inbox_id"]}
    for some in _portions(events):
        await context.unit.update_many(
            event, {event_id: {**here, "origin_id": origin_id} for event_id, origin_id in some}
        )


async def _part_events(
    context: Context,
    root: RowMapping,
    parts: RowMapping,
    tree: Collection[UUID],
    message_ids: Collection[str],
) -> None:
    """Move the events that belong to ``parts``, and those that tell of its messages; the line that told of
    the merge says that it was taken back."""
    statement = select(event.c.id, event.c.origin_id, event.c.kind, event.c.data).where(
        event.c.conversation_id == root["id"]
    )
    moving: list[tuple[UUID, UUID | None]] = []
    for row in (await context.conn.execute(statement)).all():
        if row.origin_id in tree:
            moving.append((row.id, _origin(row.origin_id, parts)))
        elif row.kind in (EventKind.DELIVERY, EventKind.ACT) and row.data.get("message_id") in message_ids:
            moving.append((row.id, None))
        elif row.kind == EventKind.MERGED and row.data.get("conversation_id") == str(parts["id"]):
            await context.unit.update(event, row.id, {"data": {**row.data, "undone": True}})
    await _move_events(context, parts, moving)


def _portions(pairs: Sequence[tuple[UUID, UUID | None]]) -> Iterator[Sequence[tuple[UUID, UUID | None]]]:
    for start in range(0, len(pairs), _ROWS_AT_ONCE):
        yield pairs[start : start + _ROWS_AT_ONCE]


# --- values that are kept ---


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    for name, value in values.items():
        if value is not None and name in _MOMENTS:
            found[name] = datetime.fromisoformat(value)
        elif value is not None and name in _IDS:
            found[name] = UUID(value)
    return found
