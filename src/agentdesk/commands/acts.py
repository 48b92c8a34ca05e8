"""What is done with posts besides answering them: a wish here, which the server carries out at the network.

Of one kind, the newest wish for a post counts (``post_act``). Likes and hiding are shown at once; a text or a
deletion when the network has said yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from agentdesk.base.errors import NotFound
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.delivery import look_up_again
from agentdesk.commands.rows import conversation_of, message_of, need_customer
from agentdesk.commands.values import HidePost, LikePost, ReportPost
from agentdesk.domain.abilities import Abilities, abilities_of, act_refused, edit_refused
from agentdesk.domain.acts import WAITING, Act, ActState
from agentdesk.domain.cleaning import storable
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction
from agentdesk.domain.posts import Post, as_row, post_of
from agentdesk.domain.revising import is_deleted
from agentdesk.store.tables import account_state, message, post_act

__all__ = ["LONGEST_REASON", "change_post", "delete_post", "hide_post", "like_post", "report_post"]

LONGEST_REASON = 1_000
_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_IN_DOUBT = (DeliveryState.VERIFY, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class _Wish:
    """``before`` is how it was at the network: nothing is left to do where that is wished again in time."""

    act: Act
    on: bool = True
    text: str = ""
    before: bool = False


async def like_post(context: Context, command: LikePost) -> None:
    """Like a customer's post, or take that back."""
    row, post = await _theirs(context, command.message_id, Act.LIKE)
    if command.liked == post.liked and not post.failed_at(Act.LIKE):
        await _hurry(context, row, post, Act.LIKE)
        return
    wish = _Wish(Act.LIKE, command.liked, before=post.liked)
    await _wish(context, row, msgspec.structs.replace(post, liked=command.liked), wish)


async def hide_post(context: Context, command: HidePost) -> None:
    """Hide a customer's post from others, or show it again."""
    row, post = await _theirs(context, command.message_id, Act.HIDE)
    if command.hidden == post.hidden and not post.failed_at(Act.HIDE):
        await _hurry(context, row, post, Act.HIDE)
        return
    wish = _Wish(Act.HIDE, command.hidden, before=post.hidden)
    await _wish(context, row, msgspec.structs.replace(post, hidden=command.hidden), wish)


async def report_post(context: Context, command: ReportPost) -> None:
    """Report a customer's post to its network."""
    reason = storable(command.reason).strip()
    if not reason:
        raise Refusal("invalid", msg("Say why you report it."))
    if len(reason) > LONGEST_REASON:
        raise Refusal("invalid", msg("The text is too long."))
    row, post = await _theirs(context, command.message_id, Act.REPORT)
    await _wish(context, row, post, _Wish(Act.REPORT, text=reason))


async def change_post(context: Context, row: Mapping[str, Any], post: Post, text: str) -> None:
    """Let a sent post of ours (its message's ``row``) say ``text``."""
    if row["delivery"] not in _OUT:
        raise Refusal("invalid", msg("This message has not been sent yet."))
    sent_at = row["sent_at"] or row["created_at"]
    abilities = await _abilities(context, row)
    await _check(context, row, post, edit_refused(abilities, sent_at, post.visibility, text, context.now))
    await _wish(context, row, post, _Wish(Act.EDIT, text=text))


async def delete_post(context: Context, row: Mapping[str, Any], post: Post) -> None:
    """Take a post of ours back; one of which nobody knows whether it was sent is looked up first."""
    if row["delivery"] not in (*_OUT, *_IN_DOUBT):
        raise Refusal("invalid", msg("This message has not been sent yet."))
    if post.waits_for(Act.DELETE):
        await _hurry(context, row, post, Act.DELETE)
        return
    await _check(context, row, post, act_refused(await _abilities(context, row), Act.DELETE))
    if not context.unit.optimistic:  # whatever else was wished of it is settled with that
        await context.conn.execute(delete(post_act).where(post_act.c.message_id == row["id"]))
    await _wish(context, row, msgspec.structs.replace(post, acts={}), _Wish(Act.DELETE))
    if row["delivery"] == DeliveryState.UNCERTAIN:
        await look_up_again(context, row["id"])


async def _theirs(context: Context, message_id: UUID, act: Act) -> tuple[Mapping[str, Any], Post]:
    """A post of a customer's with which ``act`` can be done."""
    place = await context.conn.scalar(select(message.c.conversation_id).where(message.c.id == message_id))
    if place is None:
        raise NotFound
    conversation_row = await conversation_of(context, place)
    await need_customer(context, conversation_row)
    row = dict(await message_of(context, message_id))
    if is_deleted(row["revision"]):
        raise Refusal("gone", msg("This message was deleted."))
    post = post_of(row["post"])
    if post is None or not post.can_be(act, ours=row["direction"] == Direction.OUT):
        raise Refusal("invalid", msg("That cannot be done with this message."))
    await _check(context, row, post, act_refused(await _abilities(context, row), act))
    return row, post


async def _abilities(context: Context, row: Mapping[str, Any]) -> Abilities | None:
    state = select(account_state.c.abilities).where(account_state.c.id == row["account_id"])
    return abilities_of(await context.conn.scalar(state))


async def _check(context: Context, row: Mapping[str, Any], post: Post, why: Msg | None) -> None:
    if why is not None:
        raise Refusal("network", why)
    if post.waits_for(Act.DELETE):
        raise Refusal("gone", msg("This message is being deleted."))


async def _wish(context: Context, row: Mapping[str, Any], post: Post, wish: _Wish) -> None:
    """Show what is wished, and on the server let it be done."""
    acts = {act: state for act, state in post.acts.items() if act is not wish.act}
    if context.unit.optimistic or await _enter(context, row, wish):
        acts[wish.act] = ActState(WAITING, context.now, wish.on, wish.text)
    await context.unit.update(message, row["id"], {"post": as_row(msgspec.structs.replace(post, acts=acts))})


async def _enter(context: Context, row: Mapping[str, Any], wish: _Wish) -> bool:
    """Let it be done; False where nothing is left to do: nobody has begun with its opposite."""
    here = post_act.c.message_id == row["id"], post_act.c.act == wish.act.value
    found = (await context.conn.execute(select(post_act).where(*here).with_for_update())).first()
    if found is not None and found.attempts == 0 and _undoes(wish, found.before, row):
        await context.conn.execute(delete(post_act).where(*here))
        return False
    newest = {
        "wish_id": context.command_id,
        "on": wish.on,
        "text": wish.text,
        "author": context.actor.kind.value,
        "user_id": context.actor.user_id,
        "next_at": context.now,
        "wished_at": context.now,
    }
    if found is not None:
        await context.conn.execute(update(post_act).where(*here).values(newest))
        return True
    if wish.act is Act.EDIT and wish.text == row["text"]:
        return False
    about = {"message_id": row["id"], "act": wish.act.value, "account_id": row["account_id"]}
    sent = row["delivery"] not in _IN_DOUBT
    fresh = {"external_id": row["external_id"] if sent else "", "before": wish.before}
    books = {"attempts": 0, "lease_token": 0, "created_at": context.now}
    await context.conn.execute(insert(post_act).values(**about, **fresh, **books, **newest))
    return True


def _undoes(wish: _Wish, before: bool, row: Mapping[str, Any]) -> bool:
    if wish.act is Act.EDIT:
        return bool(wish.text == row["text"])
    return wish.act in (Act.LIKE, Act.HIDE) and wish.on == before


async def _hurry(context: Context, row: Mapping[str, Any], post: Post, act: Act) -> None:
    """It is wished already: let it be tried now."""
    if context.unit.optimistic or not post.waits_for(act):
        return
    here = post_act.c.message_id == row["id"], post_act.c.act == act.value
    await context.conn.execute(update(post_act).where(*here).values(next_at=context.now))
