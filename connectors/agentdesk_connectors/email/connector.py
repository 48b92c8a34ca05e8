"""One email account: its mailbox is read, and messages go out through its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep, Sink
from agentdesk.sdk.inbound import Cursor
from agentdesk.sdk.outbound import Outbound, Receipt, Reconciliation
from agentdesk_connectors.email.check import check_incoming, check_outgoing
from agentdesk_connectors.email.compose import Letter, compose
from agentdesk_connectors.email.credentials import Credentials
from agentdesk_connectors.email.errors import translated
from agentdesk_connectors.email.header_lines import address
from agentdesk_connectors.email.oauth import CLIENT_SECRET, TokenEndpoint, authorise, provider_of
from agentdesk_connectors.email.reading import Reader, Troubles
from agentdesk_connectors.email.sent import keep_copy, look_up, wants_copy
from agentdesk_connectors.email.session import goodbye, signed_in
from agentdesk_connectors.email.settings import read_settings
from agentdesk_connectors.email.smtp import submission, too_large

SETTLE_SECONDS = 60.0
_LARGE = 256 * 1024
"""Bytes of attachments from which a message is put together outside the event loop."""
_COPY_TRIES = 6
_COPY_BACKOFF = Backoff(first=2.0, longest=120.0)

_log = get_logger(__name__)


class EmailAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = SETTLE_SECONDS

    def __init__(self, context: AccountContext) -> None:
        self._settings = read_settings(context.settings)
        self._secrets = context.secrets
        self._account_id = context.account_id
        self._must_be_ours = context.must_be_ours
        self._credentials = Credentials(self._settings, context.secrets)
        self._troubles = Troubles()
        self._tasks = Tasks(f"email:{context.account_id}")
        self._size_limit = 0
        if not self._settings.verify:
            _log.warning("certificates are not checked", account=str(context.account_id))

    async def close(self) -> None:
        """Give up copies that could not be kept yet, and let go of everything."""
        await self._tasks.close()

    # --- receiving ---

    async def receive(self, cursor: Cursor | None, sink: Sink) -> None:
        """Read the folder until cancelled. One connection, one thread, both gone when this ends."""
        async with signed_in(self._settings, self._credentials, self._settings.address) as session:
            await Reader(self._settings, session, sink, self._troubles).run(cursor)

    # --- sending ---

    def key_for(self, message_id: UUID, thread_token: str) -> str:
        """Return the Message-ID without its brackets."""
        token = f".{thread_token}" if thread_token else ""
        domain = address(self._settings.address).rpartition("@")[2]
        return f"{message_id.hex}{token}@{domain}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for a message that cannot be sent: a bad address, none, or too many bytes."""
        compose(replace(message, attachments=()), self._settings, self._account_id.hex)
        too_large(sum(_encoded_size(len(a.content)) for a in message.attachments), self._size_limit)

    async def send(self, message: Outbound) -> Receipt:
        """Hand the message to the provider's server, once; a copy for the sent mail follows by itself."""
        letter = await self._compose(message)
        async with submission(self._settings, self._credentials) as server:
            self._size_limit = server.size_limit
            answer, refused = await server.send(letter, self._must_be_ours)
        if wants_copy(self._settings, frozenset()):
            self._tasks.start(self._keep_copy(message.key, letter.content), f"copy {message.key}")
        return Receipt(message.key, answer, refused)

    async def _compose(self, message: Outbound) -> Letter:
        work = partial(compose, message, self._settings, self._account_id.hex)
        if sum(len(attachment.content) for attachment in message.attachments) > _LARGE:
            return await asyncio.to_thread(work)
        return work()

    async def _keep_copy(self, key: str, content: bytes) -> None:
        """Append to the folder of sent mail; tried a few times, since a missing copy hurts nobody at once."""
        sent = clock.now()
        for attempt in range(1, _COPY_TRIES + 1):
            try:
                async with signed_in(self._settings, self._credentials, "sent") as session:
                    with translated(self._settings.imap):
                        work = partial(keep_copy, session.connection, self._settings, key, content, sent)
                        await session.run(work)
                    await goodbye(session)
                return
            except AgentDeskError as error:
                _log.warning("no copy of a sent message", key=key, attempt=attempt, reason=str(error))
            await asyncio.sleep(_COPY_BACKOFF.delay(attempt))

    # --- after an uncertain sending ---

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look the message up in the mailbox. Raises Unreachable, RateLimited and AuthFailed."""
        async with signed_in(self._settings, self._credentials, "look-up") as session:
            work = partial(
                look_up, session.connection, self._settings, key, since, clock.now(), self.settle_seconds
            )
            with translated(self._settings.imap):
                result = await session.run(work)
            await goodbye(session)
            return result

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step of reaching and signing in to both servers; the first failed one is the last."""
        for steps in (check_incoming, check_outgoing):
            async with aclosing(steps(self._settings, self._credentials)) as each:
                async for step in each:
                    yield step
                    if not step.ok:
                        return

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Let a person sign in at the provider's page; ``show`` opens its address in a browser here."""
        tokens = self._credentials.tokens
        if tokens is None:
            raise Invalid(msg("This account signs in with a password."), field="auth")
        oauth = self._settings.oauth
        provider = provider_of(oauth)
        endpoint = TokenEndpoint(provider, oauth.client_id, self._secrets.get(CLIENT_SECRET))
        await tokens.keep(await authorise(provider, oauth.client_id, endpoint, show))


def _encoded_size(size: int) -> int:
    """Bytes of a file as base64 with its line ends."""
    return -(-size // 57) * 78
