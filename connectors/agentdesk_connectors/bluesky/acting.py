"""What is done with posts and messages besides answering: liked, taken back, reported.

Written from the lexicons app.bsky.feed.like, com.atproto.repo.deleteRecord,
com.atproto.moderation.createReport and chat.bsky.convo.addReaction.
"""

from __future__ import annotations

from collections.abc import Callable

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import CHAT, MODERATION, Client
from agentdesk_connectors.bluesky.composing import stamped
from agentdesk_connectors.bluesky.errors import Taken
from agentdesk_connectors.bluesky.naming import (
    LIKES,
    POSTS,
    ChatMessage,
    Uri,
    chat_message,
    did_of,
    read_uri,
    tid_from,
)
from agentdesk_connectors.bluesky.posts import Posts, values_of
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone

__all__ = ["Actor"]

_HEART = "❤️"
_LONGEST_REASON = 2_000
_OTHER = "com.atproto.moderation.defs#reasonOther"


class Actor:
    """Does things with posts for one account. ``me`` is its DID."""

    def __init__(self, client: Client, me: Callable[[], str]) -> None:
        self._client = client
        self._me = me
        self._posts = Posts(client)

    # --- liking ---

    async def like(self, external: str, liked: bool) -> None:
        """Like a post, or take that back; of a private message, with a heart below it."""
        message = chat_message(external)
        if message is not None:
            await self._react(message, liked)
        elif liked:
            await self._like(external)
        else:
            await self._unlike(external)

    async def _like(self, external: str) -> None:
        """Our record of it has a key made from what is liked, so that it stands once."""
        found = await self._found(external)
        if fields.inner(found, "viewer").get("like"):
            return
        subject = {"uri": external, "cid": fields.text(found, "cid", 200)}
        record = {"$type": LIKES, "subject": subject, "createdAt": stamped(clock.now())}
        place = {"repo": self._me(), "collection": LIKES, "rkey": tid_from(external)}
        try:
            values = {**place, "record": record, "swapRecord": None}
            await self._client.tell("com.atproto.repo.putRecord", values)
        except Taken:
            return

    async def _unlike(self, external: str) -> None:
        """Take our record away, and one that was made elsewhere."""
        own = Uri(self._me(), LIKES, tid_from(external))
        raw = (await self._posts.look_up([external])).get(external, b"")
        other = read_uri(fields.inner(values_of(raw), "viewer").get("like"))
        for uri in {own, other} if other and other.did == self._me() else {own}:
            await self._remove(uri)

    async def _react(self, message: ChatMessage, liked: bool) -> None:
        name = "addReaction" if liked else "removeReaction"
        values = {"convoId": message.convo, "messageId": message.id, "value": _HEART}
        await self._client.tell(f"chat.bsky.convo.{name}", values, via=CHAT)

    # --- taking back, reporting ---

    async def delete(self, external: str) -> None:
        """Take an own post away; one that is gone is no error."""
        uri = read_uri(external)
        if uri is None or uri.did != self._me() or uri.collection != POSTS:
            raise Rejected(msg("Only own posts can be deleted, and no private messages."))
        await self._remove(uri)

    async def _remove(self, uri: Uri) -> None:
        values = {"repo": uri.did, "collection": uri.collection, "rkey": uri.rkey}
        try:
            await self._client.tell("com.atproto.repo.deleteRecord", values)
        except Gone:
            return

    async def report(self, external: str, reason: str) -> None:
        """Report a post or a message to Bluesky's moderation."""
        message = chat_message(external)
        subject = await self._said_by(message) if message else await self._subject(external)
        values = {"reasonType": _OTHER, "reason": reason[:_LONGEST_REASON], "subject": subject}
        await self._client.tell("com.atproto.moderation.createReport", values, via=MODERATION)

    async def _subject(self, external: str) -> Json:
        found = await self._found(external)
        cid = fields.text(found, "cid", 200)
        return {"$type": "com.atproto.repo.strongRef", "uri": external, "cid": cid}

    async def _said_by(self, message: ChatMessage) -> Json:
        """A private message by who wrote it."""
        params = (("convoId", message.convo), ("limit", "100"))
        listed = await self._client.listed("chat.bsky.convo.getMessages", "messages", params, via=CHAT)
        for found in map(values_of, listed.raws):
            if fields.token(found, "id") == message.id:
                did = did_of(fields.inner(found, "sender").get("did"))
                named = {"did": did, "convoId": message.convo, "messageId": message.id}
                return {"$type": "chat.bsky.convo.defs#messageRef", **named}
        raise Gone(msg("This is no longer on Bluesky."))

    async def _found(self, external: str) -> Json:
        raw = (await self._posts.look_up([external])).get(external)
        if raw is None:
            raise Gone(msg("This is no longer on Bluesky."))
        return values_of(raw)
