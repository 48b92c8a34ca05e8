"""What people ask of the accounts of channels."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from agentdesk.base.errors import NotFound
from agentdesk.commands.context import Context
from agentdesk.commands.values import RetryAccount
from agentdesk.domain.channels import TROUBLED
from agentdesk.store.tables import account, account_state

_NOT_SOONER = timedelta(seconds=15)
"""Whose sign-in is refused again and again is locked out by many providers: several people who ask at about
the same time get one try."""


async def retry_account(context: Context, command: RetryAccount) -> None:
    """Note that an account is to be tried again now; every server looks for that (server/accounts.py).

    Nothing where it works, or is paused, or was asked for a moment ago.
    """
    found = await context.conn.execute(
        select(account.c.inbox_id, account.c.paused).where(account.c.id == command.account_id)
    )
    row = found.first()
    if row is None or not context.actor.sees(row.inbox_id):
        raise NotFound
    if context.unit.optimistic:
        return
    standing = await context.conn.execute(
        select(account_state.c.state, account_state.c.retry_at)
        .where(account_state.c.id == command.account_id)
        .with_for_update()
    )
    state = standing.first()
    if state is None or state.state not in TROUBLED or row.paused:
        return
    if state.retry_at is None or context.now - state.retry_at >= _NOT_SOONER:
        await context.unit.update(account_state, command.account_id, {"retry_at": context.now})
