"""Accounts of the sample that can do something with posts, and what a desk shows of what is wished."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.commands.values import DeleteReply, EditReply, HidePost, LikePost, ReportPost
from agentdesk.domain.abilities import Abilities
from agentdesk.domain.abilities import Act as Kind
from agentdesk.domain.acts import WAITING, ActState
from agentdesk.domain.posts import as_row, post_of
from agentdesk.sync.desk import Changes
from tests.helpers.sample_world import World

if TYPE_CHECKING:
    from tests.helpers.fake_desk import FakeDesk

__all__ = ["Act", "act_on_post", "let_account"]

Act = LikePost | HidePost | ReportPost | EditReply | DeleteReply


def let_account(desk: FakeDesk, here: UUID, abilities: Abilities) -> None:
    """Let the account of a conversation be able to do that, with all its messages."""
    account_id = desk.world.conversations[here].account_id
    assert account_id is not None
    plain = msgspec.json.decode(msgspec.json.encode(abilities))
    account = desk.world.accounts[account_id]
    desk.world.accounts[account_id] = msgspec.structs.replace(account, abilities=plain)
    for message in list(desk.world.messages.values()):
        if message.conversation_id == here:
            mine = msgspec.structs.replace(message, account_id=account_id)
            desk.world.messages[message.id] = mine


def act_on_post(world: World, command: Act) -> Changes:
    """Show what a command wishes, as a desk does before its server has answered."""
    row = world.messages[command.message_id]
    post = post_of(row.post)
    assert post is not None
    now = clock.now()
    match command:
        case LikePost(liked=liked):
            post = msgspec.structs.replace(post, liked=liked)
            act, state = Kind.LIKE, ActState(WAITING, now, liked)
        case HidePost(hidden=hidden):
            post = msgspec.structs.replace(post, hidden=hidden)
            act, state = Kind.HIDE, ActState(WAITING, now, hidden)
        case ReportPost(reason=reason):
            act, state = Kind.REPORT, ActState(WAITING, now, text=reason)
        case EditReply(text=text):
            act, state = Kind.EDIT, ActState(WAITING, now, text=text)
        case DeleteReply():
            act, state = Kind.DELETE, ActState(WAITING, now)
    changed = as_row(msgspec.structs.replace(post, acts={**post.acts, act: state}))
    world.messages[row.id] = msgspec.structs.replace(row, post=changed)
    return {"message": {row.id}}
