"""What goes out, once: answers and direct messages, and the look-up after an answer of X was lost.

Written from https://docs.x.com/x-api/posts/manage-tweets, /x-api/direct-messages/manage and
/x-api/posts/timelines. X keeps no key of ours: a message is known again by what it says and where it stands.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import Msg, msg, plural
from agentdesk.sdk.errors import Rejected, Uncertain
from agentdesk.sdk.outbound import Found, Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone, Interrupted, Nonsense
from agentdesk_connectors.x.asking import MESSAGE_FIELDS, page_of
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.composing import recipient_of
from agentdesk_connectors.x.errors import Duplicate
from agentdesk_connectors.x.naming import id_at, is_id, message_id, number_of, pair_id, talk_of
from agentdesk_connectors.x.texts import letters, links_in, shown_text
from agentdesk_connectors.x.uploading import upload
from agentdesk_connectors.x.vocabulary import in_older_words
from agentdesk_connectors.x.wire import versions_of

__all__ = ["Sender"]

_T = TypeVar("_T")
_REMEMBERED = 500
_MOST_PAGES = 5
_BEFORE = timedelta(minutes=10)
_SAID = msg("It is among what the account has posted since.")
_NOT_SAID = msg("It is not among what the account has posted since.")
_OWN_FIELDS = {
    "tweet.fields": "created_at,edit_history_tweet_ids,entities,note_tweet,referenced_tweets,"
    "display_text_range",
    "max_results": 100,
}


class Sender:
    """Posts for one account. What was sent, and tried, by this process is remembered in memory."""

    def __init__(self, client: Client, must_be_ours: Callable[[], None]) -> None:
        self._client = client
        self._must_be_ours = must_be_ours
        self._tried: OrderedDict[str, Outbound] = OrderedDict()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self.me = ""

    # --- posting ---

    async def send(self, message: Outbound) -> Receipt:
        """Send a message once; see `agentdesk.sdk.protocols.Sends.send`."""
        files = [file.uploaded or await self.upload(file) for file in message.attachments]
        self._must_be_ours()
        _keep(self._tried, message.key, message)
        try:
            if message.visibility is Visibility.PUBLIC:
                external = await self._post(message, files)
            else:
                external = await self._write(message, files)
        except (Interrupted, Nonsense) as error:
            raise _unsaid() from error
        except Duplicate as refused:
            return await self._was_sent(message, refused)
        _keep(self._sent, message.key, external)
        return Receipt(external)

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand over a file with its description."""
        return await upload(self._client, file)

    async def _post(self, message: Outbound, files: list[str]) -> str:
        parent = number_of(message.in_reply_to)
        call = self._client.api.create_tweet(
            text=message.text.strip() or None,
            in_reply_to_tweet_id=parent or None,
            media_ids=files or None,
            user_auth=False,
        )
        number = fields.token(fields.inner(await self._client.asked(call), "data"), "id")
        if not is_id(number):
            raise _unsaid()
        return number

    async def _write(self, message: Outbound, files: list[str]) -> str:
        """To one person, or, where the conversation is of several, into that conversation."""
        talk, recipient = talk_of(message.root), recipient_of(message)
        alone = "-" in talk or not talk
        call = self._client.api.create_direct_message(
            participant_id=recipient if alone else None,
            dm_conversation_id=None if alone else talk,
            text=message.text.strip() or None,
            media_id=files[0] if files else None,
            user_auth=False,
        )
        found = fields.inner(await self._client.asked(call), "data")
        number = fields.token(found, "dm_event_id")
        if not is_id(number):
            raise _unsaid()
        return message_id(number)

    async def _was_sent(self, message: Outbound, refused: Duplicate) -> Receipt:
        """X says that this was posted before: by an attempt of ours, or another time."""
        try:
            found = await self.recognise(message, message.created_at - _BEFORE)
        except AgentDeskError as error:
            raise _unsaid() from error
        if found.found is Found.SENT:
            return Receipt(found.external_id, refused.answer)
        raise refused

    # --- after an uncertain sending ---

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for a message by its key alone: as far as this process knows what it said. Otherwise only
        "not there" can be told, where nothing was posted that is not accounted for."""
        if key in self._sent:
            return Reconciliation(Found.SENT, _SAID, self._sent[key])
        if key in self._tried:
            return await self.recognise(self._tried[key], since)
        unknown = [one for one in await self._posts(since) if _number(one) not in self._sent.values()]
        if not unknown:
            return Reconciliation(Found.ABSENT, _NOT_SAID)
        return Reconciliation(Found.UNKNOWN, _in_question(len(unknown)))

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look by what it says among the account's posts, or what it wrote to the recipient."""
        if message.key in self._sent:
            return Reconciliation(Found.SENT, _SAID, self._sent[message.key])
        others = set(self._sent.values())
        if message.visibility is Visibility.PUBLIC:
            numbers = [_number(one) for one in await self._posts(since) if _is_post(one, message)]
        else:
            written = await self._written(message, since)
            numbers = [message_id(_number(one)) for one in written if _says(one, message)]
        mine = [one for one in numbers if one not in others]
        if mine:
            return Reconciliation(Found.SENT, _SAID, mine[0])
        return Reconciliation(Found.ABSENT, _NOT_SAID)

    async def _posts(self, since: datetime) -> list[Json]:
        """The account's own posts since then, oldest first. Raises as `Client.call`."""
        start = clock.to_utc(since).strftime("%Y-%m-%dT%H:%M:%SZ")
        return await self._pages(f"/2/users/{self.me}/tweets", {**_OWN_FIELDS, "start_time": start}, "")

    async def _written(self, message: Outbound, since: datetime) -> list[Json]:
        talk, recipient = talk_of(message.root), recipient_of(message)
        named = talk if talk and "-" not in talk else pair_id(self.me, recipient)
        asked = {
            "event_types": "MessageCreate",
            "max_results": 100,
            "dm_event.fields": ",".join(MESSAGE_FIELDS["dm_event_fields"]),
        }
        found = await self._pages(f"/2/dm_conversations/{named}/dm_events", asked, id_at(since))
        return [one for one in found if fields.token(one, "sender_id") == self.me]

    async def _pages(self, path: str, asked: Mapping[str, object], after: str) -> list[Json]:
        """What a list has that is newer than the number ``after``, oldest first."""
        found: list[Json] = []
        following: str | None = None
        for _ in range(_MOST_PAGES):
            params = {**asked, "pagination_token": following}
            page = page_of(await self._client.call("GET", path, params=params))
            some = [_data(raw) for raw in page.items]
            fresh = [one for one in some if not after or _order(one) >= int(after)]
            found += fresh
            following = page.following
            if not following or len(fresh) < len(some):
                break
        return sorted(found, key=_order)

    # --- what was sent, and what others posted ---

    async def delete(self, external: str) -> None:
        """Take a post or a message away; one that is gone is no error."""
        number = number_of(external)
        if not number:
            raise Rejected(msg("This is not a post on X."))
        try:
            if external == number:
                await self._client.api.delete_tweet(number, user_auth=False)
            else:
                await self._client.call("DELETE", f"/2/dm_events/{number}")
        except Gone:
            return

    async def hide(self, external: str, hidden: bool) -> None:
        """Hide an answer in a thread of ours, or show it again."""
        call = self._client.api.hide_reply if hidden else self._client.api.unhide_reply
        await call(_post_number(external), user_auth=False)

    async def like(self, external: str, liked: bool) -> None:
        """Like a post, or take that back."""
        number, path = _post_number(external), f"/2/users/{self.me}/likes"
        if liked:
            await self._client.call("POST", path, json={"tweet_id": number})
        else:
            await self._client.call("DELETE", f"{path}/{number}")


def _unsaid() -> Uncertain:
    return Uncertain(msg("X did not say whether it has posted it."))


def _in_question(count: int) -> Msg:
    return plural(
        "The account has posted {count} message since; nobody can tell whether it is this one.",
        "The account has posted {count} messages since; nobody can tell whether it is among them.",
        count,
    )


def _post_number(external: str) -> str:
    if not is_id(external):
        raise Rejected(msg("This is not a post on X."))
    return external


def _is_post(post: Json, message: Outbound) -> bool:
    """Whether an own post says the same, below the same post."""
    named = (one for one in fields.each(post, "referenced_tweets") if one.get("type") == "replied_to")
    parent = fields.token(next(named, {}), "id")
    return parent == number_of(message.in_reply_to) and _says(post, message)


def _says(post: Json, message: Outbound) -> bool:
    links = [fields.text(one, "expanded_url", 2_000) for one in links_in(post)]
    return letters(shown_text(post), links) == letters(message.text, links)


def _data(raw: bytes) -> Json:
    try:
        return in_older_words(fields.inner(fields.parse(raw), "data"))
    except Invalid:
        return {}


def _number(post: Json) -> str:
    """A post's name for ever: the number of its first version."""
    return versions_of(post)[0]


def _order(post: Json) -> int:
    number = fields.token(post, "id")
    return int(number) if is_id(number) else 0


def _keep(book: OrderedDict[str, _T], key: str, value: _T) -> None:
    book[key] = value
    while len(book) > _REMEMBERED:
        book.popitem(last=False)
