"""One Instagram account: its comments, mentions and private messages are read, and answers are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from uuid import UUID

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import Cursor, Portion
from agentdesk.sdk.outbound import Outbound, Receipt, Reconciliation
from agentdesk.sdk.posts import Abilities, Act, Answering, Signs, Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.instagram.access import Access
from agentdesk_connectors.instagram.calling import item_of
from agentdesk_connectors.instagram.check import check
from agentdesk_connectors.instagram.finding import Finder
from agentdesk_connectors.instagram.ourselves import Ourselves
from agentdesk_connectors.instagram.permissions import BASIC, COMMENTS, MESSAGES, Permissions
from agentdesk_connectors.instagram.reading import Reader
from agentdesk_connectors.instagram.sending import COMMENT_LIMIT, MESSAGE_LIMIT, Sender
from agentdesk_connectors.instagram.settings import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, read_settings
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.errors import PermissionMissing
from agentdesk_connectors.meta.hooks import challenge, pieces, signed
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["InstagramAccount"]

_OBJECT = "instagram"
_NOT_ALLOWED = msg("The access token does not allow this. Make a new one, with all permissions.")


class InstagramAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    poll_seconds = 300.0
    """Calls bring most of it at once; what they leave out can wait a little."""
    settle_seconds = 60.0

    def __init__(self, context: AccountContext) -> None:
        self._settings = settings = read_settings(context.settings)
        self._secrets = context.secrets
        self._account_id = context.account_id
        limiter = context.limiters.of(f"instagram:{settings.account}")
        self._graph = Graph(settings.base_url, self._token, lambda: "", limiter)
        self._who = Ourselves(settings.account, settings.human_agent)
        self._access = Access(self._graph, context.secrets)
        self._permissions = Permissions(self._graph)
        self._finder = Finder(self._graph, settings.account)
        self._reader = Reader(settings, self._graph, self._who, self._finder)
        self._sender = Sender(settings, self._graph, self._who, context.must_be_ours)

    async def close(self) -> None:
        """Close the connections."""
        await self._graph.close()

    def _token(self) -> str:
        return self._secrets.get(ACCESS_TOKEN) or ""

    # --- who we are, and what we may do ---

    async def _signed_in(self) -> str:
        """Make sure that the token holds and is this account's; returns the account's name."""
        await self._access.refresh()
        if self._who.username:
            return self._who.username
        found = await self._graph.get("/me", (("fields", "id,user_id,username"),))
        username = fields.text(found, "username", 200)
        if self._settings.account not in (graph_id(found, "user_id"), graph_id(found, "id")):
            raise AuthFailed(
                msg("The sign-in is for {other}.", other=username or "?"),
                msg("Give the access token of the account whose number stands in the settings."),
            )
        self._permissions.saw(BASIC)
        self._who.username = username
        return username

    @asynccontextmanager
    async def _about_one_thing(self) -> AsyncIterator[None]:
        """Tell a permission that the token lacks from one thing that is not allowed to anybody."""
        try:
            yield
        except PermissionMissing as error:
            await self._permissions.try_all()
            if self._permissions.missing:
                raise
            raise Rejected(error.message) from error

    async def abilities(self) -> Abilities:
        """Return what the account can do: what its token allows."""
        await self._signed_in()
        await self._permissions.try_all()
        missing = self._permissions.missing
        no_comments = _NOT_ALLOWED if COMMENTS in missing else None
        no_messages = _NOT_ALLOWED if MESSAGES in missing else None
        acts = (Act.DELETE, Act.HIDE)
        return Abilities(
            answers=(
                Answering(Visibility.PUBLIC, no_comments, COMMENT_LIMIT),
                Answering(Visibility.PRIVATE, no_messages, MESSAGE_LIMIT),
            ),
            acts=() if no_comments else acts,
            denied=dict.fromkeys(acts, no_comments) if no_comments else {},
        )

    def signs(self) -> Signs:
        """Return until when the token holds, its permissions, and what is left of the allowances."""
        return Signs(
            token_expires_at=self._access.expires_at,
            scopes=self._permissions.given,
            missing=self._permissions.missing,
            quotas=self._graph.limiter.quotas(),
        )

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return the comments and messages that are new, and what was taken back."""
        await self._signed_in()
        return await self._reader.poll(cursor)

    def hear(self, call: HookCall) -> HookAnswer:
        """Take a call by Instagram, or its question whether this address is ours."""
        if call.method == "GET":
            return challenge(call, self._secrets.get(VERIFY_TOKEN) or "")
        signed(call, self._secrets.get(APP_SECRET) or "")
        facts = self._who.facts()
        found = (item_of(one, self._settings.account, facts) for one in pieces(call.body, _OBJECT))
        return HookAnswer(tuple(item for item in found if item is not None))

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> Mapping[str, object]:
        """Look up the work that a comment stands below, and who has written a message."""
        username = await self._signed_in()
        return {**await self._finder.complete(raw, facts), "username": username}

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return our own name of a message: Instagram keeps none."""
        return f"agentdesk-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what Instagram would refuse."""
        self._sender.check(message)

    async def send(self, message: Outbound) -> Receipt:
        """Send a message once."""
        self._sender.check(message)
        await self._signed_in()
        async with self._about_one_thing():
            return await self._sender.send(message)

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for what this object has tried to send."""
        await self._signed_in()
        return await self._sender.reconcile(key, since)

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a message by what it says."""
        await self._signed_in()
        return await self._sender.recognise(message, since)

    async def delete(self, external_id: str) -> None:
        """Take a comment of ours away."""
        async with self._about_one_thing():
            await self._sender.delete(external_id)

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide a comment below a work of ours, or show it again."""
        async with self._about_one_thing():
            await self._sender.hide(external_id, hidden)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step of signing in, reading, being told and being reached."""
        self._who.username = ""
        verify_token = self._secrets.get(VERIFY_TOKEN) or ""
        steps = check(
            self._graph, self._settings, self._account_id, verify_token, self._signed_in, self._permissions
        )
        async with aclosing(steps) as each:
            async for step in each:
                yield step
