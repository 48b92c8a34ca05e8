"""What goes out: comments, private answers to comments, messages; and what is known after an answer was lost.

Written from https://developers.facebook.com/docs/instagram-platform/: private-replies,
instagram-graph-api/reference/ig-comment/replies, ig-user/mentions, and
instagram-api-with-instagram-login/messaging-api. Nothing of it takes a key of ours.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected, Uncertain
from agentdesk.sdk.outbound import Found, Outbound, Receipt, Reconciliation
from agentdesk.sdk.posts import TextLimit, Unit, Visibility, length_of
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone, Interrupted, Nonsense
from agentdesk_connectors.instagram.naming import COMMENT, KIND, MENTION, MESSAGE, named, the
from agentdesk_connectors.instagram.ourselves import Ourselves
from agentdesk_connectors.instagram.reading import MESSAGES, READABLE
from agentdesk_connectors.instagram.settings import InstagramSettings
from agentdesk_connectors.instagram.telling import moment_of
from agentdesk_connectors.meta.client import CALLS, PRIVATE_REPLIES, TALKS, Allowance, Graph
from agentdesk_connectors.meta.client import MESSAGES as AS_MESSAGES
from agentdesk_connectors.meta.errors import WindowClosed
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["COMMENT_LIMIT", "MESSAGE_LIMIT", "Sender"]

COMMENT_LIMIT = TextLimit(2_200)
MESSAGE_LIMIT = TextLimit(1_000, Unit.BYTES)
_REMEMBERED = 500
_SLACK_SECONDS = 2.0
"""Instagram's times are whole seconds, and its clock is not ours."""
_ELSEWHERE = msg("Where it would stand cannot be looked through from here. Look in the app.")
_NEWEST_ONLY = msg("Only the newest messages can be read. Look whether it is among the others.")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Said:
    """Something that we have written there."""

    name: str
    text: str
    at: datetime | None


class Sender:
    """Sends for one account, and remembers in memory what it has tried and what became of it."""

    def __init__(
        self, settings: InstagramSettings, graph: Graph, who: Ourselves, must_be_ours: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._who = who
        self._graph = graph
        self._must_be_ours = must_be_ours
        self._tried: OrderedDict[str, Outbound] = OrderedDict()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._since = clock.now()

    # --- sending ---

    def check(self, message: Outbound) -> None:
        """Raise Rejected for what Instagram would refuse."""
        if message.attachments:
            raise Rejected(
                msg("Instagram takes no files from here: only such that lie at an open address of the web."),
                hint=msg("Put a link to the file into the text instead."),
            )
        if not message.text.strip():
            raise Rejected(msg("There is no text yet."))
        public = message.visibility is Visibility.PUBLIC
        limit = COMMENT_LIMIT if public else MESSAGE_LIMIT
        length = length_of(unicodedata.normalize("NFC", message.text), limit)
        if length > limit.most:
            raise Rejected(msg("The text is too long: {length} of {most}.", length=length, most=limit.most))
        if message.visibility is Visibility.LIMITED:
            raise Rejected(msg("This account cannot answer in this way."))
        if public and not (the(COMMENT, message.in_reply_to) or the(MENTION, message.in_reply_to)):
            raise Rejected(msg("Only comments and mentions can be answered in public."))
        if not public and not self._recipient(message):
            raise Rejected(msg("A private message goes to somebody who has written before."))

    def _recipient(self, message: Outbound) -> Json:
        comment = the(COMMENT, message.in_reply_to)
        if comment:
            return {"comment_id": comment}
        person = _person(message)
        return {"id": person} if person else {}

    async def send(self, message: Outbound) -> Receipt:
        """Send a message; see `agentdesk.sdk.protocols.Sends.send`."""
        self.check(message)
        self._tried[message.key] = message
        _shorten(self._tried)
        if message.visibility is Visibility.PUBLIC:
            name = await self._comment(message)
        else:
            name = await self._message(message)
        self._sent[message.key] = name
        _shorten(self._sent)
        return Receipt(name)

    async def _comment(self, message: Outbound) -> str:
        mention = the(MENTION, message.in_reply_to)
        if mention:
            media, _, comment = mention.partition("/")
            values = {"media_id": media, "message": message.text}
            path, more = f"/{self._settings.account}/mentions", {"comment_id": comment} if comment else {}
            return named(COMMENT, self._id(await self._post(path, {**values, **more}, CALLS), "id"))
        path = f"/{in_path(the(COMMENT, message.in_reply_to))}/replies"
        try:
            return named(COMMENT, self._id(await self._post(path, {"message": message.text}, CALLS), "id"))
        except Gone as error:
            raise Gone(msg("The comment that this answers has been deleted."), error.answer) from error

    async def _message(self, message: Outbound) -> str:
        values: dict[str, object] = {
            "recipient": self._recipient(message),
            "message": {"text": message.text},
        }
        path = f"/{self._settings.account}/messages"
        of = PRIVATE_REPLIES if the(COMMENT, message.in_reply_to) else AS_MESSAGES
        try:
            found = await self._post(path, values, of)
        except WindowClosed:
            if of is PRIVATE_REPLIES or message.automatic or not self._settings.human_agent:
                raise
            tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
            found = await self._post(path, {**values, **tag}, of)
        return named(MESSAGE, self._id(found, "message_id"))

    async def _post(self, path: str, values: Json, of: Allowance) -> Json:
        self._must_be_ours()
        try:
            return await self._graph.post(path, values, of=of)
        except (Interrupted, Nonsense) as error:
            raise self._unsaid() from error

    def _id(self, found: Json, name: str) -> str:
        number = graph_id(found, name)
        if not number:
            raise self._unsaid()
        return number

    def _unsaid(self) -> Uncertain:
        return Uncertain(msg("{host} did not say whether it has sent it.", host=self._graph.host))

    # --- after an uncertain sending ---

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for what was tried under a key by this object, which remembers all since it was made."""
        if key in self._sent:
            return Reconciliation(Found.SENT, msg("Instagram has taken it."), self._sent[key])
        if key in self._tried:
            return await self.recognise(self._tried[key], since)
        if self._since <= since:
            return Reconciliation(Found.ABSENT, msg("Nobody has tried to send it."))
        return Reconciliation(Found.UNKNOWN, msg("Instagram keeps no key by which it could be found."))

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for a message by what it says, where it would stand."""
        public = message.visibility is Visibility.PUBLIC
        if the(MENTION, message.in_reply_to) or not (public or _person(message)):
            return Reconciliation(Found.UNKNOWN, _ELSEWHERE)
        try:
            if public:
                said, whole = await self._comments(message), True
            else:
                said, whole = await self._talk(message, since)
        except Gone:  # what it answers is gone, and all answers with it
            return Reconciliation(Found.ABSENT, msg("What it answers is not there any more."))
        known = {name for key, name in self._sent.items() if key != message.key}
        for one in said:
            fresh = one.at is None or (since - one.at).total_seconds() <= _SLACK_SECONDS
            if fresh and one.name not in known and _letters(one.text) == _letters(message.text):
                return Reconciliation(Found.SENT, msg("What stands there says the same."), one.name)
        if not whole:
            return Reconciliation(Found.UNKNOWN, _NEWEST_ONLY)
        return Reconciliation(Found.ABSENT, msg("The account has written nothing like it there since then."))

    async def _comments(self, message: Outbound) -> list[_Said]:
        """Our comments where an answer would stand: below the first comment of the thread."""
        above = the(COMMENT, message.root) or the(COMMENT, message.in_reply_to)
        params = (("fields", "id,text,timestamp,from,username"), ("limit", "100"))
        page = await self._graph.several(f"/{in_path(above)}/replies", params)
        return [self._said(COMMENT, one, "text", "timestamp") for one in self._ours(page.items)]

    async def _talk(self, message: Outbound, since: datetime) -> tuple[list[_Said], bool]:
        """Our messages in the talk with whom it was for, and whether that is all since then."""
        params = (("platform", "instagram"), ("user_id", _person(message)), ("fields", "id"))
        talks = (await self._graph.several("/me/conversations", params, of=TALKS)).items
        if not talks:
            return [], True
        path = f"/{in_path(graph_id(_values(talks[0]), 'id'))}/messages"
        asked = (("fields", MESSAGES), ("limit", str(READABLE)))
        found = (await self._graph.several(path, asked, of=TALKS)).items
        moments = [at for one in found if (at := moment_of(_values(one), "created_time")) is not None]
        whole = len(found) < READABLE or (bool(moments) and min(moments) < since)
        return [self._said(MESSAGE, one, "message", "created_time") for one in self._ours(found)], whole

    def _ours(self, raws: tuple[bytes, ...]) -> list[Json]:
        return [one for one in map(_values, raws) if self._who.wrote(one)]

    @staticmethod
    def _said(kind: str, found: Json, text: str, time: str) -> _Said:
        return _Said(named(kind, graph_id(found, "id")), fields.text(found, text), moment_of(found, time))

    # --- what can be done with comments ---

    async def hide(self, external: str, hidden: bool) -> None:
        """Hide a comment below a work of ours, or show it again."""
        number = self._comment_number(external)
        await self._graph.post(f"/{in_path(number)}", {}, (("hide", "true" if hidden else "false"),))

    async def delete(self, external: str) -> None:
        """Take a comment away; one that is gone is no error."""
        if the(MESSAGE, external):
            raise Rejected(
                msg("Instagram does not let us take messages back from here."),
                hint=msg("Take it back in the app."),
            )
        try:
            await self._graph.delete(f"/{in_path(self._comment_number(external))}")
        except Gone:
            return

    @staticmethod
    def _comment_number(external: str) -> str:
        number = the(COMMENT, external)
        if not number:
            raise Rejected(msg("This is not a comment below a post of this account."))
        return number


def _person(message: Outbound) -> str:
    """Whom a private message is for; who is known by a name only cannot be written to."""
    people = [one.value for one in message.to if one.kind == KIND and not one.value.startswith("@")]
    return people[0] if len(people) == 1 else ""


def _values(raw: bytes) -> Json:
    return fields.inner(fields.parse(raw))


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _shorten(known: OrderedDict[str, _T]) -> None:
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
