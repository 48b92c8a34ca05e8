"""What goes out, once: posts under a key of ours, files before them, private messages, and the look-up after
an answer was lost.

Written from the lexicons com.atproto.repo.putRecord, .getRecord and .uploadBlob, and
chat.bsky.convo.sendMessage, .getConvoForMembers and .getMessages.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from agentdesk.base.text import msg, plural
from agentdesk.sdk.errors import Rejected, Uncertain
from agentdesk.sdk.outbound import Found, Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import CHAT, Client
from agentdesk_connectors.bluesky.composing import message_of, normal, record_of
from agentdesk_connectors.bluesky.errors import Taken
from agentdesk_connectors.bluesky.facets import handles_in
from agentdesk_connectors.bluesky.naming import POSTS, Uri, did_of, message_id, read_uri, talk_of
from agentdesk_connectors.bluesky.posts import Posts, keep, values_of
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone, Interrupted, Nonsense

__all__ = ["Sender"]

_LIMIT = 100
_MOST_NAMES = 20
_TICK = timedelta(milliseconds=1)
"""Moments are told to the millisecond."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the service's clock may be behind ours: what was said in that time is left to a person."""


class Sender:
    """Posts and writes for one account. ``me`` is its DID."""

    def __init__(self, client: Client, must_be_ours: Callable[[], None], me: Callable[[], str]) -> None:
        self._client = client
        self._must_be_ours = must_be_ours
        self._me = me
        self._posts = Posts(client)
        self._dids: OrderedDict[str, str] = OrderedDict()

    async def send(self, message: Outbound) -> Receipt:
        """Post or write a message; see `agentdesk.sdk.protocols.Sends.send`."""
        if message.visibility is Visibility.PRIVATE:
            return await self._write(message)
        return await self._post(message)

    # --- posts ---

    async def _post(self, message: Outbound) -> Receipt:
        reply = await self._reply(message.in_reply_to) if message.in_reply_to else {}
        known = await self._known(message.text)
        blobs = [await self._blob(file) for file in message.attachments]
        record = record_of(message, reply, known, blobs)
        self._must_be_ours()
        try:
            answer = await self._client.tell("com.atproto.repo.putRecord", self._put(message.key, record))
        except (Interrupted, Nonsense) as error:
            raise _unsaid() from error
        except Taken:
            return await self._standing(message)
        if read_uri(fields.inner(answer).get("uri")) is None:
            raise _unsaid()
        return Receipt(str(self._uri(message.key)))

    def _put(self, key: str, record: Json) -> Json:
        """Nothing may stand under the key yet, so that a repeat does not change what does."""
        place = {"repo": self._me(), "collection": POSTS, "rkey": key}
        return {**place, "record": record, "swapRecord": None}

    async def _standing(self, message: Outbound) -> Receipt:
        """Something stands under the key: what an earlier attempt has posted."""
        found = await self._record(message.key)
        if fields.text(found, "text") != normal(message.text):
            raise Rejected(msg("Another post stands under the key of this one."))
        return Receipt(str(self._uri(message.key)))

    def _uri(self, key: str) -> Uri:
        return Uri(self._me(), POSTS, key)

    async def _record(self, key: str) -> Json:
        place = (("repo", self._me()), ("collection", POSTS), ("rkey", key))
        answer = fields.inner(await self._client.query("com.atproto.repo.getRecord", place))
        return fields.inner(answer, "value")

    async def _reply(self, parent: str) -> Json:
        """Where an answer stands: its parent, and with which post the thread began, each with its version."""
        raw = (await self._posts.look_up([parent])).get(parent)
        if raw is None:
            raise Gone(msg("The post that this answers has been deleted."))
        found = values_of(raw)
        if fields.flag(fields.inner(found, "viewer"), "replyDisabled"):
            raise Rejected(
                msg("Its author has limited who may reply to it."),
                hint=msg("Write a private message instead."),
            )
        here = {"uri": parent, "cid": fields.text(found, "cid", 200)}
        root = fields.inner(fields.inner(fields.inner(found, "record"), "reply"), "root")
        begun = {"uri": fields.text(root, "uri", 400), "cid": fields.text(root, "cid", 200)}
        return {"root": begun if all(begun.values()) else here, "parent": here}

    async def _known(self, text: str) -> Mapping[str, str]:
        """Who is behind the handles in a text. One that nobody has stays text."""
        handles = handles_in(text)[:_MOST_NAMES]
        for handle in handles:
            if handle not in self._dids:
                keep(self._dids, handle, await self._resolved(handle))
        return {handle: self._dids[handle] for handle in handles if self._dids[handle]}

    async def _resolved(self, handle: str) -> str:
        try:
            answer = await self._client.query("com.atproto.identity.resolveHandle", (("handle", handle),))
        except Rejected:
            return ""
        return did_of(fields.inner(answer).get("did"))

    # --- files ---

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a picture; returns what names it in a post."""
        answer = fields.inner(await self._client.upload(file.content, file.media_type))
        blob = fields.inner(answer, "blob")
        if not fields.text(fields.inner(blob, "ref"), "$link", 200):
            raise Nonsense(msg("Bluesky does not say what became of a file."))
        return msgspec.json.encode(blob).decode()

    async def _blob(self, file: OutboundAttachment) -> Json:
        return fields.inner(fields.parse((file.uploaded or await self.upload(file)).encode()))

    # --- private messages ---

    async def _write(self, message: Outbound) -> Receipt:
        convo = await self._talk(message)
        values = {"convoId": convo, "message": message_of(message.text, await self._known(message.text))}
        self._must_be_ours()
        try:
            answer = await self._client.tell("chat.bsky.convo.sendMessage", values, via=CHAT)
        except (Interrupted, Nonsense) as error:
            raise _unsaid() from error
        number = fields.token(fields.inner(answer), "id")
        if not number:
            raise _unsaid()
        return Receipt(message_id(convo, number))

    async def _talk(self, message: Outbound) -> str:
        """In which talk to write: the one that is answered, or the one with whom it is for."""
        known = talk_of(message.in_reply_to) or talk_of(message.root)
        if known:
            return known
        members = [did_of(one.value) for one in message.to if did_of(one.value)]
        params = [("members", one) for one in members[:1]]
        answer = await self._client.query("chat.bsky.convo.getConvoForMembers", params, via=CHAT)
        convo = fields.token(fields.inner(fields.inner(answer), "convo"), "id")
        if not convo:
            raise Nonsense(msg("Bluesky does not say in which talk to write."))
        return convo

    # --- after an uncertain sending ---

    async def reconcile(self, key: str) -> Reconciliation:
        """Look whether a post stands under its key: our own server keeps it, so the answer is sure."""
        try:
            await self._record(key)
        except Gone:
            return Reconciliation(Found.ABSENT, msg("No post stands under its key."))
        return Reconciliation(Found.SENT, msg("It stands under its key."), str(self._uri(key)))

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a message: a post by its key, a private message by what it says. One that was there before
        the message was written is another one."""
        if message.visibility is not Visibility.PRIVATE:
            return await self.reconcile(message.key)
        convo, text = await self._talk(message), normal(message.text)
        own = await self._own(convo, max(since, message.created_at - _CLOCKS_DIFFER))
        alike = [one for one in own if normal(fields.text(one, "text")) == text]
        sure = [one for one in alike if _said_after(one, message.created_at - _TICK)]
        if len(sure) == 1:
            name = message_id(convo, fields.token(sure[0], "id"))
            return Reconciliation(Found.SENT, msg("A message in the talk says the same."), name)
        if not alike:
            return Reconciliation(Found.ABSENT, msg("Nothing in the talk says the same since then."))
        evidence = plural(
            "{count} message from that time in the talk says the same.",
            "{count} messages from that time in the talk say the same.",
            len(alike),
        )
        return Reconciliation(Found.UNKNOWN, evidence)

    async def _own(self, convo: str, since: datetime) -> list[Json]:
        """What we have said in a talk since then, among its newest messages."""
        params = (("convoId", convo), ("limit", str(_LIMIT)))
        listed = await self._client.listed("chat.bsky.convo.getMessages", "messages", params, via=CHAT)
        said = [values_of(raw) for raw in listed.raws]
        own = [one for one in said if fields.inner(one, "sender").get("did") == self._me()]
        return [one for one in own if _said_after(one, since)]


def _said_after(message: Json, moment: datetime) -> bool:
    at = fields.moment(message, "sentAt")
    return at is not None and at >= moment


def _unsaid() -> Uncertain:
    return Uncertain(msg("Bluesky did not say whether it has taken the message."))
