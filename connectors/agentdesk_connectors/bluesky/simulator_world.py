"""The world of the simulated network: people, posts, talks, and what the account is told of them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agentdesk.base import clock
from agentdesk_connectors.bluesky.naming import POSTS, tid_from

__all__ = ["JSON", "Convo", "Message", "Note", "Person", "Post", "World", "cid_of", "iso"]

JSON = dict[str, Any]


def iso(at: datetime) -> str:
    """Return a moment as the network writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def cid_of(value: Any) -> str:
    """Return what names a content by its hash, in the form of a CIDv1."""
    said = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    digest = base64.b32encode(hashlib.sha256(said).digest()).decode().lower().rstrip("=")
    return f"bafyrei{digest}"


@dataclass(eq=False)
class Person:
    """Somebody on the network. ``incoming`` is who may write to them: all, following, none."""

    did: str
    handle: str
    name: str
    followers: int = 42
    incoming: str = "all"
    follows_us: bool = False
    blocks_us: bool = False


@dataclass(eq=False)
class Post:
    """A post. ``closed``: the account may not reply; ``hidden``: it is held back, but not deleted."""

    uri: str
    author: Person
    record: JSON
    at: datetime
    labels: list[str] = field(default_factory=list)
    likes: int = 0
    closed: bool = False
    hidden: bool = False

    @property
    def cid(self) -> str:
        return cid_of(self.record)

    @property
    def text(self) -> str:
        return str(self.record["text"])

    @property
    def parent(self) -> str:
        """The URI of what it answers, or ""."""
        return str(self.record.get("reply", {}).get("parent", {}).get("uri", ""))

    @property
    def root(self) -> str:
        return str(self.record.get("reply", {}).get("root", {}).get("uri", ""))


@dataclass(eq=False)
class Message:
    """A private message."""

    id: str
    rev: str
    author: Person
    text: str
    at: datetime
    facets: list[JSON] = field(default_factory=list)
    deleted: bool = False
    hearts: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Convo:
    """A talk between two, or several."""

    id: str
    members: list[Person]
    messages: list[Message] = field(default_factory=list)
    status: str = "accepted"
    locked: bool = False


@dataclass(eq=False)
class Note:
    """A notification."""

    reason: str
    uri: str
    at: datetime
    author: Person | None = None


class World:
    """Everything that exists, and what the account ``owner`` is told of it."""

    def __init__(self, handle: str) -> None:
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        self.notes: list[Note] = []
        self.convos: dict[str, Convo] = {}
        self.log: list[JSON] = []
        self.likes: dict[str, str] = {}
        self.blobs: dict[str, JSON] = {}
        self.reports: list[JSON] = []
        self._revision = 0
        self._posted = 0
        self.owner = self.person(handle, "Support")

    def person(self, handle: str, name: str = "") -> Person:
        """Return who is called so, made up where nobody is."""
        handle = handle.lower()
        if handle not in self.people:
            letters = base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]
            self.people[handle] = Person(f"did:plc:{letters}", handle, name or handle)
        return self.people[handle]

    def by_did(self, did: str) -> Person | None:
        """Return whose DID it is."""
        return next((one for one in self.people.values() if one.did == did), None)

    # --- posts ---

    def post(self, author: Person, text: str, **values: Any) -> Post:
        """Let somebody post. ``values``: ``mentions`` (people, marked over the whole text), ``reply_to`` and
        ``quotes`` (a Post), ``pictures`` (descriptions), ``record`` (more of the record), ``at``."""
        record: JSON = {"$type": POSTS, "text": text, "createdAt": iso(clock.now()), "langs": ["en"]}
        whole = {"byteStart": 0, "byteEnd": len(text.encode())}
        people = values.get("mentions", ())
        if people:
            features = [{"$type": "app.bsky.richtext.facet#mention", "did": one.did} for one in people]
            record["facets"] = [{"index": whole, "features": features}]
        if above := values.get("reply_to"):
            here = {"uri": above.uri, "cid": above.cid}
            record["reply"] = {"root": above.record.get("reply", {}).get("root", here), "parent": here}
        if quoted := values.get("quotes"):
            record["embed"] = {
                "$type": "app.bsky.embed.record",
                "record": {"uri": quoted.uri, "cid": quoted.cid},
            }
        if pictures := values.get("pictures"):
            images = [{"alt": alt, "image": self.blob(alt.encode(), "image/png")} for alt in pictures]
            record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
        self._posted += 1
        rkey = tid_from(f"{author.did} {self._posted}")
        return self.put(author, rkey, record | values.get("record", {}), values.get("at"))

    def put(self, author: Person, rkey: str, record: JSON, at: datetime | None = None) -> Post:
        """Take a post in, and tell the account of it where it concerns it."""
        post = Post(f"at://{author.did}/{POSTS}/{rkey}", author, record, at or clock.now())
        self.posts[post.uri] = post
        reason = self._reason(post)
        if reason and author is not self.owner:
            self.notes.append(Note(reason, post.uri, post.at))
        return post

    def _reason(self, post: Post) -> str:
        """Each account hears once of a post: as mentioned, quoted or answered, in this order."""
        own, record = self.owner.did, post.record
        features = [one for facet in record.get("facets", ()) for one in facet["features"]]
        if any(one.get("did") == own for one in features):
            return "mention"
        embed = record.get("embed", {}).get("record", {})
        if own in str(embed.get("uri") or embed.get("record", {}).get("uri")):
            return "quote"
        return "reply" if own in f"{post.parent} {post.root}" else ""

    def delete(self, post: Post) -> None:
        """Let its author take a post away: what it notified of goes with it."""
        del self.posts[post.uri]
        self.notes = [one for one in self.notes if one.uri != post.uri]

    def blob(self, content: bytes, media_type: str) -> JSON:
        """Keep a file, and return what names it."""
        cid = cid_of(content)
        kept = {"$type": "blob", "ref": {"$link": cid}, "mimeType": media_type, "size": len(content)}
        self.blobs[cid] = kept
        return kept

    # --- private messages ---

    def revision(self) -> str:
        """Return a revision that is greater than all before."""
        self._revision += 1
        return f"3m{self._revision:011d}"

    def convo(self, *people: Person) -> Convo:
        """Return the talk between the account and others, begun where there is none."""
        members = [self.owner, *people]
        found = next((one for one in self.convos.values() if one.members == members), None)
        if found is None:
            found = Convo(self.revision(), members)
            self.convos[found.id] = found
            self.tell("BeginConvo", found)
        return found

    def write(self, author: Person, text: str, convo: Convo | None = None, facets: Any = ()) -> Message:
        """Let somebody write to the account, or the account to somebody."""
        convo = convo or self.convo(author)
        number = self.revision()
        message = Message(number, number, author, text, clock.now(), list(facets))
        convo.messages.append(message)
        self.tell("CreateMessage", convo, message)
        return message

    def unsay(self, convo: Convo, message: Message) -> None:
        """Let its author take a message back."""
        message.deleted = True
        self.tell("DeleteMessage", convo, message)

    def tell(self, kind: str, convo: Convo, message: Message | None = None) -> None:
        """Add an entry to the log."""
        self.log.append({"kind": kind, "rev": self.revision(), "convo": convo, "message": message})

    def talk_with(self, external: str) -> tuple[Convo, Message]:
        """Return the talk and the message with a name of ours (``chat/talk/message``)."""
        _, convo_id, number = external.split("/")
        convo = self.convos[convo_id]
        return convo, next(one for one in convo.messages if one.id == number)
