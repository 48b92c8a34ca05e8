"""One Bluesky account: its mentions and private messages are read, and answers are posted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.inbound import Cursor, Portion
from agentdesk.sdk.outbound import Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import Abilities, Act, Answering, Signs, Visibility
from agentdesk_connectors.bluesky import composing
from agentdesk_connectors.bluesky.acting import Actor
from agentdesk_connectors.bluesky.check import check
from agentdesk_connectors.bluesky.client import Client, Transport
from agentdesk_connectors.bluesky.errors import Forbidden
from agentdesk_connectors.bluesky.naming import tid_for
from agentdesk_connectors.bluesky.reading import Reader
from agentdesk_connectors.bluesky.sending import Sender
from agentdesk_connectors.bluesky.session import Session
from agentdesk_connectors.bluesky.settings import MOST_TERMS, read_settings

__all__ = ["BlueskyAccount"]

SETTLE_SECONDS = 45.0
POLL_SECONDS = 30.0
_DIRECT = "direct messages"
_ACTS = (Act.DELETE, Act.LIKE, Act.REPORT)
_NOT_WANTED = msg("Private messages are switched off in the account's settings.")
_NOT_ALLOWED = msg("The app password does not allow access to direct messages.")


class BlueskyAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = SETTLE_SECONDS
    poll_seconds = POLL_SECONDS

    def __init__(self, context: AccountContext) -> None:
        self._settings = read_settings(context.settings)
        self._transport = Transport(context.limiters.of(f"bluesky:{self._settings.handle}"))
        self._session = Session(self._settings, context.secrets, self._transport)
        self._client = Client(self._transport, self._session.enter)
        self._reader = Reader(self._settings, self._client)
        self._sender = Sender(self._client, context.must_be_ours, self._did)
        self._actor = Actor(self._client, self._did)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _did(self) -> str:
        return self._session.did

    async def _signed_in(self) -> str:
        """Make sure that there is a session; returns the account's handle."""
        await self._session.enter()
        self._reader.me = self._session.did
        return self._session.handle

    # --- what the account can do ---

    async def abilities(self) -> Abilities:
        """Return what the account can do: private messages only where its password allows them."""
        await self._signed_in()
        refused = None
        if not self._settings.messages:
            refused = _NOT_WANTED
        elif not await self._reads_messages():
            refused = _NOT_ALLOWED
        return Abilities(
            answers=(
                Answering(Visibility.PUBLIC, None, composing.POST, composing.FILES),
                Answering(Visibility.PRIVATE, refused, composing.MESSAGE),
            ),
            acts=_ACTS,
            terms=MOST_TERMS,
        )

    async def _reads_messages(self) -> bool:
        try:
            await self._reader.talks.newest()
        except (Forbidden, Rejected):
            self._reader.talks.denied = True
        else:
            self._reader.talks.denied = False
        return not self._reader.talks.denied

    def signs(self) -> Signs:
        """Return until when the sign-in holds, what it lacks, and what is left of the allowances."""
        wanted = (_DIRECT,) if self._settings.messages else ()
        denied = self._reader.talks.denied
        return Signs(
            token_expires_at=self._session.expires_at(),
            scopes=() if denied else wanted,
            missing=wanted if denied else (),
            quotas=self._transport.limiter.quotas(),
            watching=self._settings.watch,
        )

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return the next mentions and messages, and what became of the newest posts."""
        await self._signed_in()
        try:
            return await self._reader.poll(cursor)
        except Rejected as error:
            raise Unreachable(error.message, error.hint) from error

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the record key under which the message will stand."""
        return tid_for(message_id)

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what the network would refuse."""
        composing.check(message)

    async def send(self, message: Outbound) -> Receipt:
        """Post or write a message once."""
        composing.check(message)
        await self._signed_in()
        return await self._sender.send(message)

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a picture."""
        return await self._sender.upload(file)

    async def reconcile(self, key: str, _since: datetime) -> Reconciliation:
        """Look for a post by its key."""
        await self._signed_in()
        return await self._sender.reconcile(key)

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a post by its key, for a private message by what it says."""
        await self._signed_in()
        return await self._sender.recognise(message, since)

    async def delete(self, external_id: str) -> None:
        """Take an own post away."""
        await self._signed_in()
        await self._actor.delete(external_id)

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a post, or take that back."""
        await self._signed_in()
        await self._actor.like(external_id, liked)

    async def report(self, external_id: str, reason: str) -> None:
        """Report a post to Bluesky's moderation."""
        await self._signed_in()
        await self._actor.report(external_id, reason)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step of reaching the server, signing in with the password, reading and posting."""
        messages = self._reader.talks.newest if self._settings.messages else None
        steps = check(self._client, self._reached, self._signed_in_again, messages)
        async with aclosing(steps) as each:
            async for step in each:
                yield step

    async def _reached(self) -> str:
        await self._transport.call(self._settings.server, "com.atproto.server.describeServer")
        return urlsplit(self._settings.server).netloc

    async def _signed_in_again(self) -> str:
        await self._session.sign_in_again()
        return await self._signed_in()
