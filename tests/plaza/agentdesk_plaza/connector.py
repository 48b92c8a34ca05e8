"""One account on Plaza."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import AuthFailed, Rejected, Uncertain, Unreachable
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk.sdk.outbound import Found, Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import (
    Abilities,
    Act,
    Answering,
    FileLimit,
    Price,
    Signs,
    TextLimit,
    Visibility,
    length_of,
)
from agentdesk_plaza.client import Client, Events, Me, Sent
from agentdesk_plaza.wire import KIND, VISIBILITIES, item_of

NEEDED = ("read", "write")
_CIRCLES = {visibility: circle for circle, visibility in VISIBILITIES.items()}
_BEFORE_ANYTHING = Me("", "", "", NEEDED, longest=300, largest_picture=5_000_000)
_SIGN_IN_SECONDS = 300.0
_ASK_EVERY = 1.0


class _Granted(msgspec.Struct):
    token: str = ""
    page: str = ""
    code: str = ""


class PlazaAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    poll_seconds = 60.0
    settle_seconds = 0.0
    """Plaza shows a post at once to who wrote it."""

    def __init__(self, context: AccountContext) -> None:
        self._secrets = context.secrets
        self._must_be_ours = context.must_be_ours
        self._limiter = context.limiters.of(f"plaza:{context.account_id}")
        server = str(context.settings["server"]).rstrip("/")
        self._client = Client(server, context.secrets.get("token") or "", self._limiter)
        terms = context.settings.get("watch") or ()
        self._watch = tuple(str(term) for term in terms) if isinstance(terms, list | tuple) else ()
        self._me = _BEFORE_ANYTHING

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    # --- receiving ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Read what happened after the number that the cursor holds."""
        after = str(cursor["seq"]) if cursor else "0"
        found = await self._client.get("/api/events", Events, after=after, watch=",".join(self._watch))
        items = tuple(item_of(bytes(event)) for event in found.events)
        last = max([int(after), *(int(str(item.facts.get("seq", 0))) for item in items)])
        return Portion(items, {"seq": last}, found.more)

    async def stream(
        self, hand: Callable[[Sequence[RawItem]], Awaitable[None]], begun: Callable[[], None]
    ) -> None:
        """Hear what happens now."""
        async with aclosing(self._client.lines("/api/stream", {"watch": ",".join(self._watch)})) as lines:
            async for line in lines:
                if line is None:
                    begun()
                else:
                    await hand([item_of(line)])
        raise Unreachable(msg("Plaza has ended the stream."))

    def hear(self, call: HookCall) -> HookAnswer:
        """Take a call by Plaza, whose signature covers the body as it came."""
        if call.method == "GET":
            return HookAnswer(body=call.query.get("challenge", ""))
        secret = self._secrets.get("hook_secret") or ""
        expected = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(expected, call.headers.get("x-plaza-signature", "")):
            raise Rejected(msg("This call is not signed by Plaza."))
        return HookAnswer((item_of(call.body),))

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the note that Plaza keeps with a post."""
        return f"desk-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what Plaza would refuse."""
        if len([party for party in message.to if party.kind == KIND]) != 1:
            raise Rejected(msg("An answer on Plaza goes to one person."))
        length = length_of(message.text, self._limit())
        if length > self._me.longest:
            raise Rejected(
                msg("The text is too long: {length} of {most}.", length=length, most=self._me.longest)
            )
        for file in message.attachments:
            if len(file.content) > self._me.largest_picture or not file.media_type.startswith("image/"):
                raise Rejected(msg("Plaza does not take the file {name}.", name=file.name))

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand a picture over with its description."""
        headers = {"Content-Type": file.media_type}
        about = {"alt": file.alt}
        body = await self._client.write(
            "POST", "/api/pictures", data=file.content, headers=headers, params=about
        )
        return msgspec.json.decode(body, type=Sent).id

    async def send(self, message: Outbound) -> Receipt:
        """Post an answer."""
        post = {
            "key": message.key,
            "text": message.text,
            "circle": _CIRCLES[message.visibility],
            "answers": message.in_reply_to,
            "thread": message.root,
            "to": message.to[0].value,
            "warning": message.warning,
            "pictures": [file.uploaded for file in message.attachments],
        }
        self._must_be_ours()
        body = await self._client.write("POST", "/api/posts", doubt=True, json=post)
        try:
            return Receipt(msgspec.json.decode(body, type=Sent).id)
        except msgspec.DecodeError as error:  # cut off: it said yes, but not to what
            raise Uncertain(msg("Plaza did not say whether it took the post.")) from error

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look through the account's own posts."""
        mine = await self._client.get("/api/me/posts", list[Sent], since=since.astimezone(UTC).isoformat())
        found = next((one for one in mine if one.key == key), None)
        if found is None:
            return Reconciliation(Found.ABSENT, msg("It is not among the account's posts."))
        return Reconciliation(Found.SENT, msg("It is among the account's posts."), found.id)

    # --- other things to do with posts ---

    async def edit(self, external_id: str, text: str) -> None:
        """Change an own post."""
        await self._client.write("PATCH", f"/api/posts/{external_id}", json={"text": text})

    async def delete(self, external_id: str) -> None:
        """Take an own post away."""
        await self._client.write("DELETE", f"/api/posts/{external_id}")

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide a comment, or show it again."""
        await self._client.write("PUT" if hidden else "DELETE", f"/api/posts/{external_id}/hidden")

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a post, or take that back."""
        await self._client.write("PUT" if liked else "DELETE", f"/api/posts/{external_id}/like")

    async def report(self, external_id: str, reason: str) -> None:
        """Report a post to Plaza."""
        await self._client.write("POST", f"/api/posts/{external_id}/report", json={"reason": reason})

    # --- what it can do, and how it fares ---

    async def abilities(self) -> Abilities:
        """Ask Plaza what the account's plan and permissions allow."""
        self._me = await self._client.get("/api/me", Me)
        files = FileLimit(most=4, largest={"image/": self._me.largest_picture}, alt=1_500)
        price = Price(self._me.price, "EUR") if self._me.price else None
        why = None if "write" in self._me.scopes else msg("The permission to write was not given.")
        hides = self._me.tier != "free"
        acts = (Act.EDIT, Act.DELETE, Act.LIKE, Act.REPORT, *([Act.HIDE] if hides else []))
        return Abilities(
            answers=tuple(
                Answering(v, why, self._limit(), files, price if v is Visibility.PUBLIC else None)
                for v in Visibility
            ),
            acts=acts if why is None else (),
            denied={} if hides else {Act.HIDE: msg("Plaza's free plan does not hide comments.")},
            terms=10,
            tier=self._me.tier,
        )

    def signs(self) -> Signs:
        """Return what the last answers told."""
        ends = self._me.token_ends
        return Signs(
            token_expires_at=datetime.fromisoformat(ends) if ends else None,
            scopes=self._me.scopes,
            missing=tuple(scope for scope in NEEDED if scope not in self._me.scopes),
            quotas=self._limiter.quotas(),
            watching=self._watch,
        )

    def _limit(self) -> TextLimit:
        return TextLimit(self._me.longest, url=20)

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Reach Plaza and read who we are."""
        title = msg("Sign in to Plaza")
        try:
            me = await self._client.get("/api/me", Me)
        except AgentDeskError as error:
            yield CheckStep(title, False, error.message, error.hint)
        else:
            yield CheckStep(title, True, msg("Signed in as {handle}.", handle=me.handle))

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Show Plaza's page, and ask until the person has agreed there."""
        asked = msgspec.json.decode(await self._client.write("POST", "/oauth/device"), type=_Granted)
        await show(asked.page)
        try:
            async with asyncio.timeout(_SIGN_IN_SECONDS):
                while not (token := await self._granted(asked.code)):
                    await asyncio.sleep(_ASK_EVERY)
        except (TimeoutError, Rejected) as error:
            raise AuthFailed(msg("Nobody agreed on Plaza's page."), msg("Try again.")) from error
        self._client.token = token
        await self._secrets.set("token", token)

    async def _granted(self, code: str) -> str:
        body = await self._client.write("POST", "/oauth/token", json={"code": code})
        return msgspec.json.decode(body, type=_Granted).token
