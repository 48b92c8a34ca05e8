"""One page on Facebook: what people write there is heard and asked for, and answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from uuid import UUID

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import Cursor, Portion
from agentdesk.sdk.outbound import Outbound, Receipt, Reconciliation
from agentdesk.sdk.posts import Abilities, Signs
from agentdesk_connectors.facebook import limits
from agentdesk_connectors.facebook.check import check
from agentdesk_connectors.facebook.completing import Completer
from agentdesk_connectors.facebook.finding import Finder
from agentdesk_connectors.facebook.hearing import Names, items_of
from agentdesk_connectors.facebook.reading import Reader
from agentdesk_connectors.facebook.sending import Sender
from agentdesk_connectors.facebook.settings import APP_SECRET, PAGE_TOKEN, VERIFY_TOKEN, read_settings
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.errors import PermissionMissing
from agentdesk_connectors.meta.hooks import challenge, signed
from agentdesk_connectors.meta.oauth import sign_in
from agentdesk_connectors.meta.token import TokenState, read_token

__all__ = ["FacebookAccount"]

_CALLED_POLL, _UNCALLED_POLL = 300.0, 60.0
"""Seconds between polls: they fill gaps only where Facebook calls us."""


class FacebookAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = 60.0

    def __init__(self, context: AccountContext) -> None:
        self._settings = read_settings(context.settings)
        self._account_id = context.account_id
        self._secrets = context.secrets
        self.poll_seconds = _CALLED_POLL if self._settings.public_address else _UNCALLED_POLL
        limiter = context.limiters.of(f"facebook:{self._settings.page}")
        self._graph = Graph(
            self._settings.base_url,
            lambda: self._secret(PAGE_TOKEN),
            lambda: self._secret(APP_SECRET),
            limiter,
        )
        self._names = Names(self._settings)
        self._reader = Reader(self._settings, self._graph, self._names)
        self._finder = Finder(self._settings, self._graph)
        self._sender = Sender(self._settings, self._graph, self._finder, context.must_be_ours)
        self._completer = Completer(self._graph, self._finder)
        self._token: TokenState | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._graph.close()

    def _secret(self, name: str) -> str:
        return self._secrets.get(name) or ""

    # --- who we are, and what we may do ---

    async def _signed_in(self) -> TokenState:
        """Make sure that the token is this page's; what it may do is asked for anew."""
        token = self._secret(PAGE_TOKEN)
        if not token:
            raise AuthFailed(msg("Nobody has signed in to this account yet."), msg("Sign in to the account."))
        state = await read_token(self._graph, token, self._settings.app, self._secret(APP_SECRET))
        if state.profile != self._settings.page:
            raise AuthFailed(
                msg("The access token is not that of the page {number}.", number=self._settings.page),
                msg("Give the access token of the page itself, not that of a person or of another page."),
            )
        self._token = state
        return state

    @asynccontextmanager
    async def _about_one_thing(self) -> AsyncIterator[None]:
        """Tell a permission that the page lacks from one thing that is not allowed to anybody."""
        try:
            yield
        except PermissionMissing as error:
            if set(limits.PERMISSIONS) <= (await self._signed_in()).scopes:
                raise Rejected(error.message) from error
            raise

    async def abilities(self) -> Abilities:
        """Return what the page can do: what its token allows."""
        return limits.abilities_with((await self._signed_in()).scopes)

    def signs(self) -> Signs:
        """Return until when the token holds, its permissions, and what is left of the allowances."""
        state = self._token or TokenState(scopes=frozenset(limits.PERMISSIONS))
        return Signs(
            token_expires_at=state.holds_until,
            scopes=tuple(sorted(state.scopes)) if self._token else (),
            missing=tuple(one for one in limits.PERMISSIONS if one not in state.scopes),
            quotas=self._graph.limiter.quotas(),
        )

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what happened since then, whoever has told of it."""
        if self._token is None:
            await self._signed_in()
        return await self._reader.poll(cursor)

    def hear(self, call: HookCall) -> HookAnswer:
        """Take a call by Facebook, whose signature covers the body as it came."""
        if call.method == "GET":
            return challenge(call, self._secret(VERIFY_TOKEN))
        signed(call, self._secret(APP_SECRET))
        return HookAnswer(tuple(items_of(self._names, call.body)))

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> Mapping[str, object]:
        """Look up the sender's name, what a comment stands below, and which messages were read."""
        return await self._completer.complete(raw, facts)

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the note that goes with a private message; comments have none."""
        return f"agentdesk-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what Facebook would refuse."""
        limits.check(message)

    async def send(self, message: Outbound) -> Receipt:
        """Send a message once."""
        limits.check(message)
        async with self._about_one_thing():
            return await self._sender.send(message)

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for a message by what it said, as far as that is remembered."""
        tried = self._sender.tried.get(key)
        known = self._known_but(key)
        if tried is None:
            return await self._finder.anything_since(since, known)
        return await self._finder.recognise(tried, since, known)

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a message by what it says, where it would stand."""
        return await self._finder.recognise(message, since, self._known_but(message.key))

    def _known_but(self, key: str) -> set[str]:
        return {external_id for one, external_id in self._sender.sent.items() if one != key}

    async def edit(self, external_id: str, text: str) -> None:
        """Let an own comment say something else."""
        async with self._about_one_thing():
            await self._sender.edit(external_id, text)

    async def delete(self, external_id: str) -> None:
        """Take an own comment away."""
        async with self._about_one_thing():
            await self._sender.delete(external_id)

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide a comment, or show it again."""
        async with self._about_one_thing():
            await self._sender.hide(external_id, hidden)

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a comment as the page, or take that back."""
        async with self._about_one_thing():
            await self._sender.like(external_id, liked)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step: the token, its permissions, being told, and our address."""
        secrets = {name: self._secret(name) for name in (APP_SECRET, VERIFY_TOKEN)}
        steps = check(self._graph, self._settings, self._account_id, secrets, self._signed_in)
        async with aclosing(steps) as each:
            async for step in each:
                yield step

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Let somebody who manages the page sign in with Facebook's dialog."""
        if not self._secret(APP_SECRET):
            raise Invalid(msg("Give the app secret first."), field=APP_SECRET)
        app = (self._settings.app, self._secret(APP_SECRET))
        pages = await sign_in(self._graph, app, limits.PERMISSIONS, show)
        own = next((one for one in pages if one.id == self._settings.page), None)
        if own is None:
            names = ", ".join(one.name for one in pages[:10])
            raise AuthFailed(
                msg("Whoever signed in does not manage this page. They manage: {names}", names=names or "-"),
                msg("Let somebody sign in who manages the page, and allow it for this page."),
            )
        await self._secrets.set(PAGE_TOKEN, own.token)
        self._token = None
