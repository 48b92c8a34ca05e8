"""The people, posts and messages of the simulated X, and what it refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agentdesk.base import clock
from agentdesk.sdk.posts import length_of
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.x.limits import MESSAGE_TEXT, POST_TEXT
from agentdesk_connectors.x.naming import id_at, newest, pair_id

__all__ = ["File", "Message", "Person", "Tweet", "World"]

_NAME = re.compile(r"(?<!\w)@(\w{1,15})")
_DUPLICATE = timedelta(hours=1)
_REFUSED = {
    "duplicate": "You are not allowed to create a Tweet with duplicate content.",
    "long": "Your Tweet text is too long.",
    "gone": "You attempted to reply to a Tweet that is deleted or not visible to you.",
    "summoned": "Reply to this conversation is not allowed because you have not been mentioned or otherwise"
    " engaged by the author of the post you are replying to.",
    "settings": "Reply to this conversation is not allowed.",
    "blocked": "You have been blocked from the author of this post.",
    "message": "You do not have permission to DM one or more participants.",
    "action": "You are not permitted to perform this action.",
}


@dataclass(eq=False)
class Person:
    """Somebody on X. ``blocks`` the owner; ``closed``: takes messages from nobody they did not write to."""

    id: str
    handle: str
    name: str
    protected: bool = False
    verified: bool = False
    automated: bool = False
    blocks: bool = False
    closed: bool = False
    suspended: bool = False


@dataclass(eq=False)
class File:
    """A picture or film; ``pieces`` as it was handed over, ``asks`` how often it is not ready yet."""

    id: str
    media_type: str
    category: str = "tweet_image"
    alt: str = ""
    total: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)
    ready: bool = True
    asks: int = 0

    @property
    def key(self) -> str:
        """How posts name it."""
        return f"{'3' if self.media_type.startswith('image/') else '13'}_{self.id}"


@dataclass(eq=False)
class Tweet:
    """A post: ``texts`` and ``ids`` of its versions, the last one shown. ``names`` are put before an answer
    by X, and ``api`` says that it was made by a client."""

    ids: list[str]
    author: Person
    texts: list[str]
    parent: Tweet | None = None
    quoted: Tweet | None = None
    names: list[Person] = field(default_factory=list)
    mentioned: list[Person] = field(default_factory=list)
    reply_settings: str = "everyone"
    files: list[File] = field(default_factory=list)
    poll: tuple[str, ...] = ()
    api: bool = False
    hidden: bool = False
    liked: bool = False

    @property
    def id(self) -> str:
        """Its first version's, which names it here."""
        return self.ids[0]

    @property
    def root(self) -> Tweet:
        """The post with which its thread began."""
        return self if self.parent is None else self.parent.root


@dataclass(eq=False)
class Message:
    """A direct message in the conversation ``talk``."""

    id: str
    talk: str
    sender: Person
    to: Person
    text: str
    files: list[File] = field(default_factory=list)
    api: bool = False


class World:
    """Everything on the simulated X. ``told`` hears of each event: its kind, whom it concerns, and the post
    or message."""

    def __init__(self, owner: str, told: Callable[[str, Person, Tweet | Message], None]) -> None:
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Tweet] = {}
        self.messages: list[Message] = []
        self.files: dict[str, File] = {}
        self.told = told
        self.tier = "self_serve"
        self._last = "0"
        self.owner = self.person(owner, owner.title())

    def new_id(self, at: datetime | None = None) -> str:
        """Return the next number; with ``at``, as if it were then."""
        if at is not None:
            return str(int(id_at(at)) + len(self.posts) + len(self.messages))
        self._last = str(int(newest(id_at(clock.now()), self._last)) + 1)
        return self._last

    def person(self, handle: str, name: str = "") -> Person:
        """Return who is called so, made up where nobody is."""
        if handle not in self.people:
            self.people[handle] = Person(self.new_id(), handle, name or handle)
        return self.people[handle]

    # --- what people do ---

    def post(self, author: Person, text: str, *, at: datetime | None = None, **values: Any) -> Tweet:
        """Let somebody post. ``values``: ``reply_to`` and ``quoted`` (Tweets), ``names`` (people whom X puts
        before the text), ``reply_settings``, ``files``, ``poll``."""
        parent: Tweet | None = values.get("reply_to")
        names = list(values.get("names", ()))
        if parent is not None:
            names += [one for one in (parent.author, *parent.names) if one not in (author, *names)]
        tweet = Tweet(
            [self.new_id(at)],
            author,
            [text],
            parent,
            values.get("quoted"),
            names,
            reply_settings=values.get("reply_settings", "everyone"),
            files=list(values.get("files", ())),
            poll=tuple(values.get("poll", ())),
            api=values.get("api", False),
        )
        tweet.mentioned = self._mentioned(tweet)
        self.posts[tweet.id] = tweet
        self._tell_of(tweet)
        return tweet

    def edit(self, tweet: Tweet, text: str) -> None:
        """Let its author change a post: a new version with a number of its own. Nobody is told."""
        tweet.ids.append(self.new_id())
        tweet.texts.append(text)

    def remove(self, tweet: Tweet) -> None:
        """Take a post away. Nobody is told."""
        del self.posts[tweet.id]

    def write(self, sender: Person, to: Person, text: str, **values: Any) -> Message:
        """Let somebody write to somebody. ``values``: ``at``, ``files``, ``api``, ``talk`` (of several)."""
        talk = values.get("talk") or pair_id(sender.id, to.id)
        files = list(values.get("files", ()))
        message = Message(
            self.new_id(values.get("at")), talk, sender, to, text, files, values.get("api", False)
        )
        self.messages.append(message)
        self.told("dm.sent", sender, message)
        self.told("dm.received", to, message)
        return message

    def find(self, number: str) -> Tweet | None:
        """Return the post of which ``number`` is a version."""
        return next((one for one in self.posts.values() if number in one.ids), None)

    def visible(self, tweet: Tweet) -> bool:
        """Whether the owner may see a post. The owner follows nobody."""
        return tweet.author is self.owner or not (tweet.author.protected or tweet.author.suspended)

    def mentions(self) -> list[Tweet]:
        """Return what mentions the owner, newest first."""
        found = [one for one in self.posts.values() if self.concerns(one) and self.visible(one)]
        return sorted(found, key=lambda one: int(one.ids[-1]), reverse=True)

    def concerns(self, tweet: Tweet) -> bool:
        """Whether a post of somebody else mentions the owner."""
        return tweet.author is not self.owner and self.owner in tweet.mentioned

    def _mentioned(self, tweet: Tweet) -> list[Person]:
        named = (name.lower() for name in _NAME.findall(tweet.texts[-1]))
        people = {one.handle.lower(): one for one in self.people.values()}
        found = [*tweet.names, *(people[name] for name in named if name in people)]
        return list(dict.fromkeys(found))

    def _tell_of(self, tweet: Tweet) -> None:
        for person in tweet.mentioned:
            self.told("post.mention.create", person, tweet)
        if tweet.parent is not None:
            self.told("post.reply.create", tweet.parent.author, tweet)
        if tweet.quoted is not None:
            self.told("post.quote.create", tweet.quoted.author, tweet)

    # --- what the owner's client asks for ---

    def create(self, text: str, parent_id: str, files: list[str]) -> Tweet:
        """Post for the owner. Raises Refused for what X refuses."""
        parent = self.find(parent_id) if parent_id else None
        if parent_id and (parent is None or not self.visible(parent)):
            raise self.refused("gone")
        if parent is not None:
            self._check_parent(parent)
        attached = self._attached(files, 4)
        if not text.strip() and not attached:
            raise Refused(400, "invalid-request", "Text or media is required.")
        if length_of(unicodedata.normalize("NFC", text), POST_TEXT) > POST_TEXT.most:
            raise self.refused("long")
        since = clock.now() - _DUPLICATE
        for one in self.posts.values():
            same = one.author is self.owner and one.texts[-1] == text and one.parent is parent
            if same and not attached and int(one.id) > int(id_at(since)):
                raise self.refused("duplicate")
        return self.post(self.owner, text, reply_to=parent, files=attached, api=True)

    def _check_parent(self, parent: Tweet) -> None:
        if parent.author.blocks:
            raise self.refused("blocked")
        quoted = parent.quoted is not None and parent.quoted.author is self.owner
        summoned = self.owner in parent.mentioned or quoted or parent.author is self.owner
        if self.tier == "self_serve" and not summoned:
            raise self.refused("summoned")
        if parent.reply_settings != "everyone" and not summoned:
            raise self.refused("settings")

    def answer_to(self, recipient_id: str, talk: str, text: str, files: list[str]) -> Message:
        """Write for the owner. Raises Refused."""
        recipient = next((one for one in self.people.values() if one.id == recipient_id), None)
        if recipient is None and not talk:
            raise Refused(404, "resource-not-found", "Could not find the participant.")
        mine = [one for one in self.messages if one.talk == talk] if talk else []
        to = recipient or next((one.sender for one in mine if one.sender is not self.owner), None)
        if to is None:
            raise Refused(404, "resource-not-found", "Could not find the conversation.")
        wrote = any(one.sender is to for one in self.messages)
        if to.blocks or (to.closed and not wrote):
            raise self.refused("message")
        attached = self._attached(files, 1)
        if len(text) > MESSAGE_TEXT.most or not (text.strip() or attached):
            raise Refused(400, "invalid-request", "The text is missing or too long.")
        return self.write(self.owner, to, text, files=attached, talk=talk, api=True)

    def _attached(self, ids: Iterable[str], most: int) -> list[File]:
        found = [self.files[one] for one in ids if one in self.files and self.files[one].ready]
        if len(found) != len(list(ids)) or len(found) > most:
            raise Refused(400, "invalid-request", "Your media IDs are invalid.")
        moving = [one for one in found if one.category != "tweet_image"]
        if moving and len(found) > 1:
            raise Refused(400, "invalid-request", "Only one video or GIF can be attached.")
        return found

    @staticmethod
    def refused(why: str) -> Refused:
        """Return a refusal in X's own words."""
        return Refused(403, "about:blank", _REFUSED[why])
