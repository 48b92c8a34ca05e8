"""The people, posts, comments and conversations of a simulated page, and what the page's app is told of them.

Written from https://developers.facebook.com/docs/graph-api/reference/ (page-post, comment, message) and
/docs/graph-api/webhooks/reference/page.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentdesk.base import clock

__all__ = ["Comment", "File", "Message", "PagePost", "Person", "World", "kind_of", "link_of", "stamp"]


@dataclass(slots=True, eq=False)
class Person:
    """``id`` is the number that the page knows them by; ``blocked`` that they want no messages from it."""

    id: str
    name: str
    blocked: bool = False


@dataclass(slots=True, eq=False)
class File:
    """What was uploaded: ``kind`` is its media type."""

    id: str
    kind: str
    name: str = ""
    alt: str = ""


@dataclass(slots=True, eq=False)
class PagePost:
    """A post on the page; ``gone`` that it was taken away."""

    id: str
    author: Person
    text: str
    at: datetime
    picture: str = ""
    hidden: bool = False
    liked: bool = False
    answered: bool = False
    gone: bool = False


@dataclass(slots=True, eq=False)
class Comment:
    """``answered`` that there was a private answer to it."""

    id: str
    author: Person
    text: str
    at: datetime
    post: PagePost
    parent: Comment | None = None
    file: File | None = None
    hidden: bool = False
    liked: bool = False
    answered: bool = False
    gone: bool = False


@dataclass(slots=True, eq=False)
class Message:
    """A private message; ``own`` that the page wrote it to ``person``."""

    id: str
    person: Person
    text: str
    at: datetime
    own: bool = False
    file: File | None = None
    metadata: str = ""
    tag: str = ""
    edits: int = 0


@dataclass(slots=True)
class World:
    """One page. ``told`` gets each entry of which its app is told."""

    page: Person
    url: str = ""
    told: Callable[[Mapping[str, Any]], None] = lambda _entry: None
    app_id: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    posts: list[PagePost] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    last: int = 1000

    def number(self) -> str:
        """Return a number that nothing else has."""
        self.last += 1
        return str(self.last)

    def person(self, name: str) -> Person:
        """Return who is called so, made up where nobody is."""
        key = name.lower()
        if key not in self.people:
            self.people[key] = Person(f"9{self.number()}", name)
        return self.people[key]

    # --- what people and the page do in public ---

    def post(self, author: Person, text: str, picture: str = "", at: datetime | None = None) -> PagePost:
        """Let somebody, or the page, post on the page."""
        made = PagePost(f"{self.page.id}_{self.number()}", author, text, at or clock.now(), picture)
        self.posts.append(made)
        self._tell_of(made, "add")
        return made

    def comment(
        self,
        author: Person,
        text: str,
        below: PagePost | Comment,
        *,
        file: File | None = None,
        at: datetime | None = None,
    ) -> Comment:
        """Let somebody, or the page, comment. An answer to an answer stands beside it, as in the real one."""
        post = below.post if isinstance(below, Comment) else below
        parent = below if isinstance(below, Comment) else None
        number = f"{post.id.partition('_')[2]}_{self.number()}"
        made = Comment(number, author, text, at or clock.now(), post, parent, file)
        self.comments.append(made)
        self._tell_of(made, "add")
        return made

    def change(self, what: PagePost | Comment | Message, text: str) -> None:
        """Let its author change something."""
        what.text = text
        if isinstance(what, Message):
            what.edits += 1
            edit = {"mid": what.id, "text": text, "num_edit": what.edits}
            self._tell_talk(what, {"message_edit": edit})
        else:
            self._tell_of(what, "edited")

    def remove(self, what: PagePost | Comment) -> None:
        """Take something away, and what stands below it."""
        what.gone = True
        below = [
            one
            for one in self.comments
            if what in (one.post, one.parent) and not one.gone and one is not what
        ]
        self._tell_of(what, "remove")
        for one in below:
            self.remove(one)

    def hide(self, what: PagePost | Comment, hidden: bool) -> None:
        """Let the page hide something."""
        what.hidden = hidden
        self._tell_of(what, "hide" if hidden else "unhide")

    def find(self, external_id: str) -> PagePost | Comment | None:
        """Return a post or a comment that is still there."""
        everything: list[PagePost | Comment] = [*self.posts, *self.comments]
        return next((one for one in everything if one.id == external_id and not one.gone), None)

    # --- in private ---

    def message(
        self,
        person: Person,
        text: str = "",
        *,
        own: bool = False,
        file: File | None = None,
        at: datetime | None = None,
        metadata: str = "",
        tag: str = "",
    ) -> Message:
        """Let somebody write to the page, or the page to them."""
        name = base64.urlsafe_b64encode(f"message:{self.page.id}:{self.number()}".encode()).decode()
        made = Message(f"m_{name}", person, text, at or clock.now(), own, file, metadata, tag)
        self.messages.append(made)
        said: dict[str, Any] = {"mid": made.id, **({"text": text} if text else {})}
        if file is not None:
            said["attachments"] = [{"type": kind_of(file), "payload": {"url": self.address(file)}}]
        if own:
            said |= {"is_echo": True, "app_id": int(self.app_id or 0)}
            said |= {"metadata": metadata} if metadata else {}
        self._tell_talk(made, {"message": said})
        return made

    def press(self, person: Person, title: str, payload: str) -> str:
        """Let somebody press a button; returns the id of that."""
        mid = f"m_press-{self.number()}"
        self._told(person, clock.now(), {"postback": {"mid": mid, "title": title, "payload": payload}})
        return mid

    def read(self, person: Person, until: datetime | None = None) -> None:
        """Let somebody read what the page wrote."""
        mark = int((until or clock.now()).timestamp() * 1000) + 1000
        self._told(person, clock.now(), {"read": {"watermark": mark}})

    def arrive(self, message: Message) -> None:
        """Let a message of the page reach somebody."""
        mark = int(message.at.timestamp() * 1000)
        told = {"delivery": {"mids": [message.id], "watermark": mark}}
        self._told(message.person, clock.now(), told)

    def last_from(self, person: Person) -> datetime | None:
        """Return when somebody last wrote to the page."""
        times = (one.at for one in self.messages if one.person is person and not one.own)
        return max(times, default=None)

    def talks(self) -> Sequence[tuple[Person, list[Message]]]:
        """Return the conversations with their messages, the newest first."""
        found: dict[str, list[Message]] = {}
        for one in sorted(self.messages, key=lambda message: message.at, reverse=True):
            found.setdefault(one.person.id, []).append(one)
        return [(messages[0].person, messages) for messages in found.values()]

    def address(self, file: File) -> str:
        """Return where a file is kept."""
        return f"{self.url or 'https://files.example'}/files/{file.id}"

    # --- what the app is told of ---

    def _tell_talk(self, message: Message, what: Mapping[str, Any]) -> None:
        sides = {"sender": {"id": message.person.id}, "recipient": {"id": self.page.id}}
        if message.own:
            sides = {"sender": sides["recipient"], "recipient": sides["sender"]}
        self._entry("messaging", {**sides, "timestamp": int(message.at.timestamp() * 1000), **what})

    def _told(self, person: Person, at: datetime, what: Mapping[str, Any]) -> None:
        sides = {"sender": {"id": person.id}, "recipient": {"id": self.page.id}}
        self._entry("messaging", {**sides, "timestamp": int(at.timestamp() * 1000), **what})

    def _tell_of(self, what: PagePost | Comment, verb: str) -> None:
        value: dict[str, Any] = {
            "from": {"id": what.author.id, "name": what.author.name},
            "verb": verb,
            "created_time": int(what.at.timestamp()),
        }
        if verb != "remove":
            value["message"] = what.text
        if isinstance(what, Comment):
            parent = what.parent.id if what.parent is not None else what.post.id
            value |= {"item": "comment", "comment_id": what.id, "post_id": what.post.id, "parent_id": parent}
            value["post"] = {"id": what.post.id, "permalink_url": link_of(what.post), "is_published": True}
            value |= {"photo": self.address(what.file)} if what.file is not None and verb == "add" else {}
        else:
            value |= {"item": "photo" if what.picture else "post", "post_id": what.id}
            value |= {"link": what.picture} if what.picture else {}
        self._entry("changes", {"field": "feed", "value": value})

    def mentioned(self, person: Person, text: str, post_id: str) -> None:
        """Let somebody name the page in a post of their own."""
        value = {
            "item": "post",
            "verb": "add",
            "post_id": post_id,
            "sender_id": person.id,
            "sender_name": person.name,
            "message": text,
            "created_time": int(clock.now().timestamp()),
        }
        self._entry("changes", {"field": "mention", "value": value})

    def _entry(self, part: str, what: Mapping[str, Any]) -> None:
        self.told({"id": self.page.id, "time": int(clock.now().timestamp()), part: [what]})


def kind_of(file: File) -> str:
    """Return what Messenger calls a file."""
    kind = file.kind.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "file"


def link_of(post: PagePost) -> str:
    """Return where a post stands."""
    page, _, number = post.id.partition("_")
    return f"https://www.facebook.com/{page}/posts/{number}"


def stamp(at: datetime) -> str:
    """Return a time as the Graph writes it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
