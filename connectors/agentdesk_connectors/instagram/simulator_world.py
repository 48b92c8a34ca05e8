"""The people, posts and talks behind the simulated Instagram, and what people do there.

Shapes from https://developers.facebook.com/docs/instagram-platform/: webhooks/examples, reference/instagram-
media, instagram-graph-api/reference/ig-comment, instagram-api-with-instagram-login/conversations-api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentdesk.base import clock

__all__ = ["JSON", "Comment", "Message", "Person", "Talk", "Work", "World"]

JSON = dict[str, Any]


@dataclass(slots=True)
class Person:
    """Somebody; ``id`` is their number for the account."""

    id: str
    username: str
    name: str


@dataclass(slots=True)
class Work:
    """A post. ``live``: a live video that runs; ``author`` None: it is the account's own."""

    id: str
    caption: str
    at: datetime
    live: bool = False
    author: Person | None = None


@dataclass(slots=True)
class Comment:
    """A comment; ``author`` None: the account's own."""

    id: str
    work: Work
    author: Person | None
    text: str
    at: datetime
    parent: Comment | None = None
    hidden: bool = False
    answered: bool = False
    """In private, which goes once."""


@dataclass(slots=True)
class Message:
    """A private message; ``ours``: the account's own. ``more`` is what it has besides, as it is read."""

    id: str
    ours: bool
    text: str
    at: datetime
    more: JSON = field(default_factory=dict)


@dataclass(slots=True)
class Talk:
    """What one person and the account have written to each other, oldest first."""

    id: str
    person: Person
    messages: list[Message] = field(default_factory=list)
    updated_at: datetime = field(default_factory=clock.now)

    @property
    def heard_at(self) -> datetime | None:
        """When the person wrote last."""
        return next((one.at for one in reversed(self.messages) if not one.ours), None)


class World:
    """One account, ``number`` and ``username``, and all who have to do with it. ``told`` hears of each event:
    its field, and what is told."""

    def __init__(self, number: str, username: str, told: Callable[[str, JSON], None]) -> None:
        self.number = number
        self.username = username
        self.told = told
        self.people: dict[str, Person] = {}
        self.works: dict[str, Work] = {}
        self.comments: dict[str, Comment] = {}
        self.talks: dict[str, Talk] = {}
        self._last = 17_900_000_000_000_000

    def new_id(self) -> str:
        """Return a number that is greater than all before."""
        self._last += 1
        return str(self._last)

    def person(self, username: str, name: str = "") -> Person:
        """Return who is called so, made up where nobody is."""
        known = next((one for one in self.people.values() if one.username == username), None)
        if known is None:
            known = Person(self.new_id(), username, name or username.title())
            self.people[known.id] = known
        return known

    def work(self, caption: str, *, live: bool = False, author: Person | None = None) -> Work:
        """Let somebody publish a post."""
        made = Work(self.new_id(), caption, clock.now(), live, author)
        self.works[made.id] = made
        return made

    # --- comments ---

    def comment(self, work: Work, author: Person | None, text: str, parent: Comment | None = None) -> Comment:
        """Let somebody comment; an answer to an answer stands below the first comment."""
        above = parent.parent or parent if parent is not None else None
        made = Comment(self.new_id(), work, author, text, clock.now(), above)
        self.comments[made.id] = made
        if work.author is None:
            self.told("live_comments" if work.live else "comments", self._told_comment(made))
        return made

    def take_back(self, comment: Comment) -> None:
        """Take a comment away with its answers. Nobody is told."""
        self.comments = {key: one for key, one in self.comments.items() if comment not in (one, one.parent)}

    def mention(self, author: Person, text: str, *, comment: bool = True) -> tuple[Work, Comment | None]:
        """Let somebody name the account below a post of theirs, or in it."""
        work = self.work("What I bought" if comment else text, author=author)
        made = self.comment(work, author, text) if comment else None
        value = {"media_id": work.id, **({"comment_id": made.id} if made else {})}
        self.told("mentions", value)
        return work, made

    def _told_comment(self, comment: Comment) -> JSON:
        kind = "LIVE" if comment.work.live else "FEED"
        value: JSON = {
            "id": comment.id,
            "from": self.author(comment.author),
            "text": comment.text,
            "media": {"id": comment.work.id, "media_product_type": kind},
        }
        if comment.author is None:
            value["from"]["self_ig_scoped_id"] = self.number
        return value | ({"parent_id": comment.parent.id} if comment.parent else {})

    def author(self, who: Person | None) -> JSON:
        """Return who wrote something as it is shown."""
        if who is None:
            return {"id": self.number, "username": self.username}
        return {"id": who.id, "username": who.username}

    # --- messages ---

    def talk(self, person: Person) -> Talk:
        """Return the talk with somebody, begun where there is none."""
        known = next((one for one in self.talks.values() if one.person is person), None)
        if known is None:
            known = Talk(f"aWdfZAG06MTpJR{self.new_id()}", person)
            self.talks[known.id] = known
        return known

    def write(
        self, person: Person, text: str = "", more: Mapping[str, Any] = {}, event: Mapping[str, Any] = {}
    ) -> Message:
        """Let somebody write. ``more`` is how the rest of it is read, ``event`` how it is told."""
        message = self.put(person, text, ours=False, more=more)
        told = {"mid": message.id, **({"text": text} if text else {}), **event}
        self.told("messages", self._happened(person, {"message": told}))
        return message

    def answer(self, person: Person, text: str) -> Message:
        """Let the account write; apps are told of that as well."""
        message = self.put(person, text, ours=True)
        told = {"mid": message.id, "text": text, "is_echo": True}
        self.told("messages", self._happened(person, {"message": told}, ours=True))
        return message

    def put(self, person: Person, text: str, *, ours: bool, more: Mapping[str, Any] = {}) -> Message:
        """Put a message into a talk, and tell nobody."""
        talk = self.talk(person)
        message = Message(f"aWdfZAG1faXRlbToxOklH{self.new_id()}ZD", ours, text, clock.now(), dict(more))
        talk.messages.append(message)
        talk.updated_at = message.at
        return message

    def unsend(self, message: Message) -> None:
        """Let somebody take a message back."""
        talk = self._talk_of(message)
        talk.messages.remove(message)
        talk.updated_at = clock.now()
        told = {"mid": message.id, "is_deleted": True}
        self.told("messages", self._happened(talk.person, {"message": told}))

    def edit(self, message: Message, text: str, number: int = 1) -> None:
        """Let somebody change a message."""
        message.text = text
        told = {"mid": message.id, "text": text, "num_edit": number}
        person = self._talk_of(message).person
        self.told("message_edit", self._happened(person, {"message_edit": told}))

    def react(self, message: Message, emoji: str = "\u2764", *, back: bool = False) -> None:
        """Let the person put a sign on a message, or take it away."""
        told: JSON = {"mid": message.id, "action": "unreact" if back else "react"}
        told |= {} if back else {"reaction": "love", "emoji": emoji}
        person = self._talk_of(message).person
        self.told("message_reactions", self._happened(person, {"reaction": told}))

    def see(self, message: Message) -> None:
        """Let the person read a message of the account's."""
        person = self._talk_of(message).person
        self.told("messaging_seen", self._happened(person, {"read": {"mid": message.id}}))

    def press(self, person: Person, title: str) -> Message:
        """Let somebody press a button of a message."""
        message = self.put(person, title, ours=False)
        told = {"mid": message.id, "title": title, "payload": "BUTTON"}
        self.told("messaging_postbacks", self._happened(person, {"postback": told}))
        return message

    def standing(self) -> Sequence[Comment | Message]:
        """Return what stands there of ours."""
        comments: list[Comment | Message] = [one for one in self.comments.values() if one.author is None]
        messages = [one for talk in self.talks.values() for one in talk.messages if one.ours]
        return sorted([*comments, *messages], key=lambda one: one.at)

    def message(self, number: str) -> tuple[Talk, Message] | None:
        """Return a message and its talk by its id."""
        every = ((talk, one) for talk in self.talks.values() for one in talk.messages)
        return next(((talk, one) for talk, one in every if one.id == number), None)

    def _talk_of(self, message: Message) -> Talk:
        return next(talk for talk in self.talks.values() if message in talk.messages)

    def _happened(self, person: Person, what: JSON, *, ours: bool = False) -> JSON:
        sender, recipient = (self.number, person.id) if ours else (person.id, self.number)
        at = int(clock.now().astimezone(UTC).timestamp() * 1_000)
        return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at, **what}
