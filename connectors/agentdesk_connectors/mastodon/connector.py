"""One Mastodon account: its mentions and private messages are read, and answers are posted."""

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
from agentdesk.sdk.posts import Abilities, Act, Answering, Signs, Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.http import Gone
from agentdesk_connectors.mastodon import oauth
from agentdesk_connectors.mastodon.check import check
from agentdesk_connectors.mastodon.client import Client
from agentdesk_connectors.mastodon.composing import check as check_message
from agentdesk_connectors.mastodon.instance import Instance, read_instance
from agentdesk_connectors.mastodon.naming import full_address
from agentdesk_connectors.mastodon.reading import Reader
from agentdesk_connectors.mastodon.sending import Sender
from agentdesk_connectors.mastodon.settings import ACCESS_TOKEN, read_settings
from agentdesk_connectors.mastodon.streaming import Stream
from agentdesk_connectors.mastodon.watching import MOST_TERMS

__all__ = ["MastodonAccount"]

SETTLE_SECONDS = 60.0
RECONNECT = Backoff(first=1.0, longest=300.0)
_MANY = 20
_LASTS = 60.0
"""Seconds after which a stream counts as having worked."""
_log = get_logger(__name__)
_NOT_ALLOWED = msg("Nobody has allowed this when signing in. Sign in to the account again.")
_ACTS = {
    Act.EDIT: "write:statuses",
    Act.DELETE: "write:statuses",
    Act.LIKE: "write:favourites",
    Act.REPORT: "write:reports",
}


class MastodonAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = SETTLE_SECONDS
    poll_seconds = 120.0

    def __init__(self, context: AccountContext) -> None:
        self._settings = read_settings(context.settings)
        self._secrets = context.secrets
        limiter = context.limiters.of(f"mastodon:{self._settings.address}")
        self._client = Client(self._settings.base_url, self._token, limiter)
        self._reader = Reader(self._settings, self._client)
        self._sender = Sender(self._settings, self._client, context.must_be_ours)
        self._rules: Instance | None = None
        self._scopes: frozenset[str] | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _token(self) -> str:
        return self._secrets.get(ACCESS_TOKEN) or ""

    # --- who we are, and what the server allows ---

    async def _signed_in(self) -> str:
        """Make sure that the token is for this account; returns its address."""
        if self._reader.me:
            return self._settings.address
        found = fields.inner(await self._client.get("/api/v1/accounts/verify_credentials"))
        address = full_address(self._settings.domain, fields.text(found, "acct", 500))
        number = fields.token(found, "id")
        if address != self._settings.address or not number:
            raise AuthFailed(
                msg("The sign-in is for {other}.", other=address or "?"),
                msg("Sign in to the account again, as {address}.", address=self._settings.address),
            )
        await self._ask_for_scopes()
        self._reader.me = number
        return address

    async def _ask_for_scopes(self) -> None:
        """Learn what we may do; servers older than 4.3 do not say."""
        try:
            found = fields.inner(await self._client.get("/api/v1/apps/verify_credentials"))
        except Gone:
            return
        scopes = found.get("scopes")
        if isinstance(scopes, list):
            self._scopes = frozenset(one for one in scopes if isinstance(one, str))

    def _lacking(self) -> tuple[str, ...]:
        if self._scopes is None:
            return ()
        needed = (one for one in oauth.SCOPES if one != oauth.SEARCH or self._settings.watch)
        return tuple(one for one in needed if not {one, one.partition(":")[0]} & self._scopes)

    async def _known_rules(self) -> Instance:
        if self._rules is None:
            self._rules = await read_instance(self._client)
        return self._rules

    async def abilities(self) -> Abilities:
        """Return what the account can do: its server's limits, and what its token allows."""
        await self._signed_in()
        rules = self._rules = await read_instance(self._client)
        lacking = self._lacking()
        refused = _NOT_ALLOWED if "write:statuses" in lacking else None
        answers = tuple(
            Answering(one, refused, rules.room, rules.file_limit if "write:media" not in lacking else None)
            for one in (Visibility.PUBLIC, Visibility.LIMITED, Visibility.PRIVATE)
        )
        return Abilities(
            answers=answers,
            terms=MOST_TERMS,
            acts=tuple(act for act, scope in _ACTS.items() if scope not in lacking),
            denied={act: _NOT_ALLOWED for act, scope in _ACTS.items() if scope in lacking},
        )

    def signs(self) -> Signs:
        """Return the token's permissions, and what is left of the server's allowances."""
        scopes = tuple(sorted(self._scopes or ()))
        return Signs(scopes=scopes, missing=self._lacking(), quotas=self._client.limiter.quotas())

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return the next mentions, and what became of the newest posts."""
        await self._signed_in()
        return await self._reader.poll(cursor)

    async def stream(
        self, hand: Callable[[Sequence[RawItem]], Awaitable[None]], begun: Callable[[], None]
    ) -> None:
        """Hear what happens at once; a stream that breaks is opened again, and a poll fills the gap.

        Raises AuthFailed, and Unreachable where the server itself cannot be asked at the start.
        """
        await self._signed_in()
        stream = Stream(self._client, self._reader, (await self._known_rules()).streaming)
        failures = 0
        while True:
            opened_at = clock.now()
            try:
                await stream.run(hand, begun)
            except Rejected:  # it has no streams: polls must do
                failures = _MANY
            except (Unreachable, RateLimited) as error:
                lasted = (clock.now() - opened_at).total_seconds()
                failures = 1 if lasted > _LASTS else failures + 1
                _log.info("the stream has ended", account=self._settings.address, reason=str(error))
            await asyncio.sleep(RECONNECT.delay(failures))

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the message's ``Idempotency-Key``."""
        return f"agentdesk-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what the server would refuse, as far as its rules are known."""
        check_message(message, self._settings.domain, self._settings.address, self._rules or Instance())

    async def send(self, message: Outbound) -> Receipt:
        """Post a message once."""
        await self._signed_in()
        check_message(message, self._settings.domain, self._settings.address, await self._known_rules())
        return await self._sender.send(message)

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a file with its description."""
        await self._signed_in()
        return await self._sender.upload(file)

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for a message by its key, or among the account's own posts."""
        await self._signed_in()
        return await self._sender.reconcile(key, since, self._reader.me, await self._known_rules())

    async def edit(self, external_id: str, text: str) -> None:
        """Let an own post say something else."""
        await self._sender.edit(external_id, text)

    async def delete(self, external_id: str) -> None:
        """Take an own post away."""
        await self._sender.delete(external_id)

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a post, or take that back."""
        await self._sender.like(external_id, liked)

    async def report(self, external_id: str, reason: str) -> None:
        """Report a post to those who run its server."""
        await self._sender.report(external_id, reason)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step of reaching the server, signing in, reading and posting."""
        self._reader.me = ""
        steps = check(self._client, self._known_rules, self._signed_in, self._lacking)
        async with aclosing(steps) as each:
            async for step in each:
                yield step

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Let a person sign in on the server's own page."""
        await self._secrets.set(ACCESS_TOKEN, await oauth.sign_in(self._client, show))
        self._reader.me = ""
        await self._signed_in()
