"""One account on X: its mentions and direct messages are read, and answers are posted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Unreachable
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk.sdk.outbound import Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import Abilities, Signs
from agentdesk_connectors import fields
from agentdesk_connectors.x.check import check
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.composing import check as check_message
from agentdesk_connectors.x.errors import nonsense
from agentdesk_connectors.x.naming import is_id
from agentdesk_connectors.x.oauth import scopes_for, sign_in
from agentdesk_connectors.x.reading import Reader
from agentdesk_connectors.x.rules import abilities_for
from agentdesk_connectors.x.sending import Sender
from agentdesk_connectors.x.settings import read_settings
from agentdesk_connectors.x.streaming import Stream
from agentdesk_connectors.x.usage import Usage

__all__ = ["XAccount"]

SETTLE_SECONDS = 60.0
RECONNECT = Backoff(first=1.0, longest=300.0)
_MANY = 20
_LASTS = 60.0
"""Seconds after which a stream counts as having worked."""
_log = get_logger(__name__)


class XAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = SETTLE_SECONDS
    poll_seconds = 120.0

    def __init__(self, context: AccountContext) -> None:
        self._settings = read_settings(context.settings)
        limiter = context.limiters.of(f"x:{self._settings.handle}")
        self._client = Client(self._settings, context.secrets, limiter)
        self._reader = Reader(self._settings, self._client)
        self._sender = Sender(self._client, context.must_be_ours)
        self._stream = Stream(self._client, self._reader)
        self._usage = Usage(self._client)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    # --- who we are, and what X allows ---

    async def _signed_in(self) -> str:
        """Make sure that the sign-in is for this account; returns its name."""
        if self._reader.me:
            return f"@{self._settings.handle}"
        call = self._client.api.get_me(user_fields=["name", "username", "verified"], user_auth=False)
        found = fields.inner(await self._client.asked(call), "data")
        handle, number = fields.text(found, "username", 50), fields.token(found, "id")
        if not is_id(number):
            raise nonsense()
        if handle.lower() != self._settings.handle:
            raise AuthFailed(
                msg("The sign-in is for {other}.", other=f"@{handle}"),
                msg("Sign in to the account again, as {address}.", address=f"@{self._settings.handle}"),
            )
        self._reader.me = self._sender.me = number
        self._reader.verified = fields.flag(found, "verified")
        self._reader.lacking = self._lacking()
        return f"@{handle}"

    def _lacking(self) -> tuple[str, ...]:
        given = self._client.tokens.scopes
        if given is None:
            return ()
        return tuple(one for one in scopes_for(self._settings.tier) if one not in given)

    async def abilities(self) -> Abilities:
        """Return what the account can do: by its plan at X, and what its sign-in allows."""
        await self._signed_in()
        return abilities_for(self._settings.tier, self._lacking())

    def signs(self) -> Signs:
        """Return the sign-in's permissions, and what is left of X's allowances."""
        month = (self._usage.quota,) if self._usage.quota is not None else ()
        return Signs(
            scopes=self._client.tokens.scopes or (),
            missing=(*self._lacking(), *sorted(self._reader.denied)),
            quotas=(*self._client.limiter.quotas(), *month),
            watching=self._settings.watch,
        )

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what has come, and what became of the newest posts."""
        await self._signed_in()
        await self._usage.look()
        return await self._reader.poll(cursor)

    async def stream(
        self, hand: Callable[[Sequence[RawItem]], Awaitable[None]], begun: Callable[[], None]
    ) -> None:
        """Hear what happens at once; a stream that breaks is opened again, and a poll fills the gap. Without
        the app's own token there is none, and polls must do.

        Raises AuthFailed where the sign-in is over, and Unreachable where X cannot be asked at the start.
        """
        await self._signed_in()
        failures = 0
        while self._client.has_bearer:
            opened_at = clock.now()
            pause = 0.0
            try:
                await self._stream.run(hand, begun)
            except Rejected as error:  # this app may not hear: polls must do
                failures = _MANY
                _log.warning("there is no stream", account=self._settings.handle, reason=str(error))
            except RateLimited as error:
                pause = error.retry_after
            except Unreachable as error:
                lasted = (clock.now() - opened_at).total_seconds()
                failures = 1 if lasted > _LASTS else failures + 1
                _log.info("the stream has ended", account=self._settings.handle, reason=str(error))
            await asyncio.sleep(max(pause, RECONNECT.delay(failures)))
        await asyncio.Event().wait()

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the message's key. X does not know it: what was sent is known again by what it says."""
        return f"agentdesk-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what X would refuse."""
        check_message(message)

    async def send(self, message: Outbound) -> Receipt:
        """Post a message once."""
        check_message(message)
        await self._signed_in()
        return await self._sender.send(message)

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a file with its description."""
        await self._signed_in()
        return await self._sender.upload(file)

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for a message by its key, as far as this process knows what it said."""
        await self._signed_in()
        return await self._sender.reconcile(key, since)

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a message by what it says."""
        await self._signed_in()
        return await self._sender.recognise(message, since)

    async def delete(self, external_id: str) -> None:
        """Take an own post or message away."""
        await self._signed_in()
        await self._sender.delete(external_id)

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide an answer in a thread of ours, or show it again."""
        await self._signed_in()
        await self._sender.hide(external_id, hidden)

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a post, or take that back."""
        await self._signed_in()
        await self._sender.like(external_id, liked)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step of signing in, reading, hearing and posting."""
        self._reader.me = ""
        steps = check(
            self._client, self._settings.tier, self._signed_in, lambda: self._reader.me, self._lacking
        )
        async with aclosing(steps) as each:
            async for step in each:
                yield step

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Let a person sign in on X's own page."""
        await sign_in(self._settings, self._client.tokens, show)
        self._reader.me = ""
        await self._signed_in()
