"""What goes out, once: posts with their key, files before them, and the look-up after an answer was lost.

Written from https://docs.joinmastodon.org/methods/statuses/ and /methods/media/.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import aiohttp

from agentdesk.base import clock
from agentdesk.base.text import msg, plural
from agentdesk.sdk.errors import Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Found, Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone, Interrupted, Nonsense
from agentdesk_connectors.mastodon.client import GENERAL, MEDIA, REMOVALS, Client
from agentdesk_connectors.mastodon.composing import Draft, draft_of, with_names
from agentdesk_connectors.mastodon.instance import Instance
from agentdesk_connectors.mastodon.naming import KIND, external_id, local_id, mentions_in
from agentdesk_connectors.mastodon.settings import MastodonSettings
from agentdesk_connectors.mastodon.wire import plain_text, status_in

__all__ = ["Sender"]

_KEY_LIVES = timedelta(minutes=59)
"""For how long a server knows a key: an hour, less what clocks may differ."""
_STATUSES = "/api/v1/statuses"
_PROCESSING_SECONDS = 300.0
_ASK_SECONDS = 1.0
_REMEMBERED = 200
_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was posted under a key in this process."""

    text: str
    parent: str


class Sender:
    """Posts for one account, and remembers in memory what it has tried to post lately."""

    def __init__(self, settings: MastodonSettings, client: Client, must_be_ours: Callable[[], None]) -> None:
        self._settings = settings
        self._client = client
        self._must_be_ours = must_be_ours
        self._tried: OrderedDict[str, _Tried] = OrderedDict()

    # --- posting ---

    async def send(self, message: Outbound) -> Receipt:
        """Post a message; see `agentdesk.sdk.protocols.Sends.send`."""
        domain = self._settings.domain
        parent_id = local_id(domain, message.in_reply_to)
        parent = await self._status(parent_id) if parent_id else {}
        draft = draft_of(message, domain, self._settings.address, parent)
        files = [file.uploaded or await self.upload(file) for file in message.attachments]
        values: dict[str, object] = {
            "status": draft.text,
            "visibility": draft.visibility,
            "spoiler_text": draft.warning,
            "sensitive": draft.sensitive,
        }
        if parent_id:
            values["in_reply_to_id"] = parent_id
        if files:
            values["media_ids"] = files
        self._must_be_ours()
        self._remember(message.key, draft, parent_id)
        return Receipt(self._name(await self._post(message.key, values)))

    async def _post(self, key: str, values: Json) -> Json:
        try:
            return status_in(await self._client.post(_STATUSES, values, headers={"Idempotency-Key": key}))
        except (Interrupted, Nonsense) as error:
            raise self._unsaid() from error

    def _unsaid(self) -> Uncertain:
        return Uncertain(msg("{host} did not say whether it has posted it.", host=self._client.host))

    async def _status(self, number: str) -> Json:
        try:
            return status_in(await self._client.get(f"{_STATUSES}/{number}"))
        except Gone as error:
            raise Gone(msg("The post that this answers has been deleted."), error.answer) from error

    def _remember(self, key: str, draft: Draft, parent: str) -> None:
        self._tried[key] = _Tried(_letters(draft.text), parent)
        while len(self._tried) > _REMEMBERED:
            self._tried.popitem(last=False)

    def _name(self, status: Json) -> str:
        number = fields.token(status, "id")
        if not number:
            raise self._unsaid()
        return external_id(self._settings.domain, number)

    # --- files ---

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a file with its description; returns its number once the server has prepared it."""
        form = aiohttp.FormData()
        form.add_field(
            "file", BytesIO(file.content), filename=file.name or "file", content_type=file.media_type
        )
        if file.alt:
            form.add_field("description", file.alt)
        found = fields.inner(
            fields.parse(await self._client.call("POST", "/api/v2/media", body=form, of=MEDIA))
        )
        number = fields.token(found, "id")
        if not number:
            raise Unreachable(msg("{host} does not say what became of a file.", host=self._client.host))
        if not found.get("url"):
            await self._prepared(number, file.name)
        return number

    async def _prepared(self, number: str, name: str) -> None:
        """Wait until a film or sound has been worked on."""
        until = clock.seconds_from_now(_PROCESSING_SECONDS)
        while clock.now() < until:
            try:
                found = fields.inner(await self._client.get(f"/api/v1/media/{number}"))
            except Rejected as error:
                raise Rejected(msg("The server cannot use {name}.", name=name), error.answer) from error
            if found.get("url"):
                return
            await asyncio.sleep(_ASK_SECONDS)
        raise Unreachable(msg("{host} takes long over {name}.", host=self._client.host, name=name))

    # --- after an uncertain sending ---

    async def reconcile(self, key: str, since: datetime, me: str, rules: Instance) -> Reconciliation:
        """Look for a message by its key, and after an hour among the account's posts since then.

        The key is shown to the server with a post that has nothing in it: one that knows the key returns
        what was posted under it, and no other can post such a thing.
        """
        if not rules.keeps_keys:
            return await self._among_own(key, since, me)
        try:
            answer = await self._client.post(_STATUSES, {"status": ""}, headers={"Idempotency-Key": key})
            number = fields.token(status_in(answer), "id")
            if number:
                found = external_id(self._settings.domain, number)
                return Reconciliation(Found.SENT, msg("The server knows it by its key."), found)
        except Rejected:
            if clock.now() - since < _KEY_LIVES:
                return Reconciliation(Found.ABSENT, msg("The server does not know its key."))
        return await self._among_own(key, since, me)

    async def _among_own(self, key: str, since: datetime, me: str) -> Reconciliation:
        path, params = f"/api/v1/accounts/{me}/statuses", (("limit", str(_LOOKED_AT)),)
        answer = await self._client.get(path, (*params, ("exclude_reblogs", "true")))
        own = [fields.inner(one) for one in answer] if isinstance(answer, list) else []
        recent = [one for one in own if (at := fields.moment(one, "created_at")) is None or at >= since]
        tried = self._tried.get(key)
        alike = [one for one in recent if tried is not None and _looks_like(one, tried)]
        if alike:
            return Reconciliation(
                Found.SENT, msg("A post of the account says the same."), self._name(alike[0])
            )
        if tried is not None:  # another answer to the same post may be this one, worded by hand
            recent = [one for one in recent if fields.token(one, "in_reply_to_id") == tried.parent]
        if not recent:
            return Reconciliation(Found.ABSENT, msg("The account has posted nothing like it since then."))
        evidence = plural(
            "The account has {count} post from that time. Look whether it is the one.",
            "The account has {count} posts from that time. Look whether it is among them.",
            len(recent),
        )
        return Reconciliation(Found.UNKNOWN, evidence)

    # --- what was sent ---

    async def edit(self, external: str, text: str) -> None:
        """Let a post say something else; whom it names, its files and its warning stay."""
        number = self._own_number(external)
        status = await self._status(number)
        people = [one for one in fields.each(status, "mentions") if fields.text(one, "acct")]
        named = " ".join(f"@{fields.text(one, 'acct', 300)}" for one in people)
        domain = self._settings.domain
        values = {
            "status": _renamed(domain, text, named, self._settings.address),
            "spoiler_text": fields.text(status, "spoiler_text", 5_000),
            "sensitive": fields.flag(status, "sensitive"),
            "media_ids": [fields.token(one, "id") for one in fields.each(status, "media_attachments")],
        }
        if language := fields.text(status, "language", 20):
            values["language"] = language
        await self._client.post(f"{_STATUSES}/{number}", values, method="PUT")

    async def delete(self, external: str) -> None:
        """Take a post away; one that is gone is no error."""
        try:
            await self._client.call("DELETE", f"{_STATUSES}/{self._own_number(external)}", of=REMOVALS)
        except Gone:
            return

    async def like(self, external: str, liked: bool) -> None:
        """Like a post, or take that back."""
        number = self._own_number(external)
        await self._client.post(f"{_STATUSES}/{number}/{'favourite' if liked else 'unfavourite'}", {})

    async def report(self, external: str, reason: str) -> None:
        """Report a post to who runs the server, and to those who run its author's."""
        number = self._own_number(external)
        author = fields.token(fields.inner(await self._status(number), "account"), "id")
        values = {"account_id": author, "status_ids": [number], "comment": reason[:1_000], "forward": True}
        await self._client.post("/api/v1/reports", values, of=GENERAL)

    def _own_number(self, external: str) -> str:
        number = local_id(self._settings.domain, external)
        if not number:
            raise Rejected(msg("This is not a post of this server."))
        return number


def _renamed(domain: str, text: str, named: str, own: str) -> str:
    """The new text with the names of the old one."""
    return with_names(domain, text, [Party(KIND, one) for one in mentions_in(domain, named)], own)


def _looks_like(status: Json, tried: _Tried) -> bool:
    same_parent = (fields.token(status, "in_reply_to_id") or "") == tried.parent
    return same_parent and _letters(plain_text(fields.text(status, "content"))) == tried.text


def _letters(text: str) -> str:
    """What stays the same of a text when a server has marked it up: no blanks, and names without servers."""
    words = (
        word.split("@")[1] if word.startswith("@") and "@" in word[1:] else word for word in text.split()
    )
    return "".join(word.removeprefix("@") for word in words).casefold()
