"""Private messages: the log of what happens, and at the beginning what was said before.

Written from the lexicons chat.bsky.convo.getLog, .listConvos, .getConvo and .getMessages. The log's cursor is
a revision: it goes on from there, also after a long time. Where the service knows that revision no longer,
the talks are listed again.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import msgspec

from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import CHAT, Client
from agentdesk_connectors.bluesky.errors import Forbidden
from agentdesk_connectors.bluesky.naming import did_of, message_id
from agentdesk_connectors.bluesky.place import Place
from agentdesk_connectors.bluesky.posts import Posts, deletion, keep, unreadable, values_of
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone

__all__ = ["Talks"]

_FIRST = "-"
"""The first page of talks; and of a log, that nothing has ever been in it."""
_TALKS = 5
_LIMIT = 100
_PAGES = 20
_LOG = "chat.bsky.convo.defs#log"
_MESSAGE = "chat.bsky.convo.defs#messageView"
_GROUP = "chat.bsky.convo.defs#groupConvo"
_KEPT = ("did", "handle", "displayName", "avatar", "labels", "viewer", "chatDisabled", "verification")


class Talks:
    """Reads the talks of one account. ``denied``: the app password does not allow that, or the service
    does not want this account."""

    def __init__(self, client: Client, posts: Posts) -> None:
        self._client = client
        self._posts = posts
        self._known: OrderedDict[str, Json] = OrderedDict()
        self.denied = False

    async def poll(self, place: Place, me: str, fills: bool) -> tuple[list[RawItem], Place]:
        """Return what was said next. ``fills``: what was said before the first reading counts too."""
        try:
            if not place.log:
                log = await self.newest()
                return [], replace(place, log=log or _FIRST, fill=_FIRST if fills else "")
            if place.fill:
                return await self._filled(place, me)
            return await self._logged(place, me)
        except (Forbidden, Rejected):
            self.denied = True
            return [], place

    async def newest(self) -> str:
        """Return the log's place as it is now."""
        return (await self._client.listed("chat.bsky.convo.getLog", "logs", via=CHAT)).cursor

    # --- the log ---

    async def _logged(self, place: Place, me: str) -> tuple[list[RawItem], Place]:
        if place.log == _FIRST:
            return [], await self._begun_anew(place)
        try:
            listed = await self._client.listed(
                "chat.bsky.convo.getLog", "logs", (("cursor", place.log),), via=CHAT
            )
        except Rejected:
            return [], await self._begun_anew(place)
        found = [await self._event(raw, me) for raw in listed.raws]
        revisions = [fields.token(values_of(raw), "rev") for raw in listed.raws]
        log = max([place.log, *revisions])  # the cursor told may be that of the log's end
        return [one for one in found if one is not None], replace(place, log=log)

    async def _begun_anew(self, place: Place) -> Place:
        """Go on from the log's end, and look into the talks for what came before that."""
        log = await self.newest()
        return replace(place, log=log or _FIRST, fill=_FIRST if log else "")

    async def _event(self, raw: bytes, me: str) -> RawItem | None:
        """What an entry of the log brings: a message, or that one is gone; the others tell of neither."""
        found = values_of(raw)
        kind = fields.text(found, "$type", 100)
        convo, number = fields.token(found, "convoId"), fields.token(fields.inner(found, "message"), "id")
        if kind and kind not in (_LOG + "CreateMessage", _LOG + "DeleteMessage"):
            return None
        if not kind or not convo or not number:
            return unreadable(raw)
        if kind == _LOG + "DeleteMessage":
            return deletion(message_id(convo, number))
        return await self._item(raw, found, me)

    async def _item(self, raw: bytes, found: Json, me: str) -> RawItem | None:
        convo, message = fields.token(found, "convoId"), fields.inner(found, "message")
        sender = did_of(fields.inner(message, "sender").get("did"))
        if sender == me or fields.text(message, "$type", 100) not in ("", _MESSAGE):
            return None
        if convo not in self._known:
            await self._ask_for(convo)
        known = self._known.get(convo, {})
        people = {did_of(one.get("did")): one for one in fields.each(known, "members")}
        people |= {did_of(one.get("did")): one for one in fields.each(found, "relatedProfiles")}
        person = {name: value for name, value in people.get(sender, {}).items() if name in _KEPT}
        if self._posts.followers_of(sender) is not None:
            person["followersCount"] = self._posts.followers_of(sender)
        facts = {"me": me, "people": {sender: person}, "group": _is_group(known)}
        name = message_id(convo, fields.token(message, "id"))
        return RawItem(f"message/{name}", raw, fields.moment(message, "sentAt"), facts)

    async def _ask_for(self, convo: str) -> None:
        try:
            answer = await self._client.query("chat.bsky.convo.getConvo", (("convoId", convo),), via=CHAT)
        except Rejected:
            return
        await self.learn(fields.inner(fields.inner(answer), "convo"))

    async def learn(self, convo: Json) -> None:
        """Remember who takes part in a talk."""
        keep(self._known, fields.token(convo, "id"), convo)
        people = [did_of(one.get("did")) for one in fields.each(convo, "members")]
        await self._posts.learn_people([one for one in people if one])

    # --- what was said before ---

    async def _filled(self, place: Place, me: str) -> tuple[list[RawItem], Place]:
        """The messages of the next talks."""
        page = () if place.fill == _FIRST else (("cursor", place.fill),)
        params = (("limit", str(_TALKS)), *page)
        listed = await self._client.listed("chat.bsky.convo.listConvos", "convos", params, via=CHAT)
        items: list[RawItem] = []
        for convo in map(values_of, listed.raws):
            said = fields.moment(fields.inner(convo, "lastMessage"), "sentAt")
            if fields.token(convo, "id") and (said is None or said >= place.floor):
                await self.learn(convo)
                with suppress(Gone):
                    items += await self._messages(fields.token(convo, "id"), me, place.floor)
        items.sort(key=lambda one: one.received_at or place.floor)
        return items, replace(place, fill=listed.cursor)

    async def _messages(self, convo: str, me: str, floor: datetime) -> list[RawItem]:
        items: list[RawItem | None] = []
        cursor = ""
        for _ in range(_PAGES):
            params = [("convoId", convo), ("limit", str(_LIMIT)), *([("cursor", cursor)] if cursor else [])]
            listed = await self._client.listed("chat.bsky.convo.getMessages", "messages", params, via=CHAT)
            for raw in listed.raws:
                said = fields.moment(values_of(raw), "sentAt")
                if said is None or said >= floor:
                    items.append(await self._before(convo, raw, me))
            cursor = listed.cursor
            if not cursor or not listed.raws:
                break
        return [one for one in reversed(items) if one is not None]

    async def _before(self, convo: str, raw: bytes, me: str) -> RawItem | None:
        """A message as the log would have told of it."""
        if not fields.token(values_of(raw), "id"):
            return unreadable(raw)
        entry = msgspec.json.encode({"convoId": convo, "message": msgspec.Raw(raw)})
        return await self._item(entry, values_of(entry), me)


def _is_group(convo: Json) -> bool:
    kind = fields.text(fields.inner(convo, "kind"), "$type", 100)
    return kind == _GROUP or len(fields.each(convo, "members")) > 2
