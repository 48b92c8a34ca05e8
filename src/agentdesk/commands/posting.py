"""Answers to posts: who may read them, and whether their network takes them now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.values import SendReply
from agentdesk.domain.abilities import abilities_of, refused
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction
from agentdesk.domain.posts import Post, PostKind, Visibility, is_wider, post_of
from agentdesk.store.tables import account_state, message

__all__ = ["answer_to"]


async def answer_to(
    context: Context, command: SendReply, row: Mapping[Any, Any], account: Mapping[str, Any]
) -> Post | None:
    """Return what an answer is as a post; None in a conversation that has no posts.

    Refused where more people could read it than the post it answers, and where the network would not take
    it, as far as is known here: the desk says so at once, with the same words.
    """
    if row["visibility"] is None:
        return None
    answered = await _answered(context, command, row)
    if answered is None:
        return None
    external_id, post = answered
    visibility = _visibility(command, post)
    state = select(account_state.c.abilities).where(account_state.c.id == account["id"])
    abilities = abilities_of(await context.conn.scalar(state))
    why = refused(abilities, post, visibility, command.text, context.now)
    if why is None and post.way(visibility).once:
        why = await _answered_already(context, row, external_id, visibility)
    if why is not None and context.sent_since is None:
        raise Refusal("network", why)
    return Post(
        kind=PostKind.REPLY,
        visibility=visibility,
        root=post.root or external_id,
        parent=external_id,
        warning=post.warning,
        own=True,
    )


async def _answered_already(
    context: Context, row: Mapping[Any, Any], external_id: str, visibility: Visibility
) -> Msg | None:
    """Say that the one answer which a network takes in this way was given, where it was."""
    ours = select(message.c.post).where(
        message.c.conversation_id == row["id"],
        message.c.direction == Direction.OUT,
        message.c.post.is_not(None),
        message.c.delivery != DeliveryState.FAILED,
    )
    posts = map(post_of, await context.conn.scalars(ours))
    if any(one is not None and (one.parent, one.visibility) == (external_id, visibility) for one in posts):
        return msg("The network takes one answer of this kind, and there is one.")
    return None


def _visibility(command: SendReply, post: Post) -> Visibility:
    if not command.visibility:
        return post.visibility
    try:
        asked = Visibility(command.visibility)
    except ValueError:
        raise Refusal("invalid", msg("{value} is not known here.", value=command.visibility[:40])) from None
    if is_wider(asked, post.visibility):
        raise Refusal(
            "too_wide",
            msg("More people could read this answer than what it answers."),
            hint=msg("Answer as privately as the customer wrote."),
        )
    return asked


async def _answered(context: Context, command: SendReply, row: Mapping[Any, Any]) -> tuple[str, Post] | None:
    """The post that an answer is to: the one it names, else the customer's last."""
    posts = select(message.c.external_id, message.c.post).where(
        message.c.conversation_id == row["id"],
        message.c.direction == Direction.IN,
        message.c.post.is_not(None),
    )
    found = None
    if command.in_reply_to is not None:
        named = posts.where(message.c.id == command.in_reply_to)
        found = (await context.conn.execute(named)).first()
    if found is None:
        last = posts.order_by(message.c.created_at.desc(), message.c.id.desc()).limit(1)
        found = (await context.conn.execute(last)).first()
    post = post_of(found.post) if found is not None else None
    return (found.external_id, post) if found is not None and post is not None else None
