"""How the simulated server shows people and posts: the entities of https://docs.joinmastodon.org/entities/."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

__all__ = ["JSON", "LINK", "MENTION", "Person", "Shapes", "Status"]

JSON = dict[str, Any]
MENTION = re.compile(r"(?<![=/\w])@([a-z0-9_]+)(?:@([\w.-]+\w))?", re.IGNORECASE)
"""A name in a text, and its server."""
LINK = re.compile(r"https?://[^\s<>\"]+")
_TAG = re.compile(r"(?<![/\w&#=])#(\w+)")
_KEPT = ("spoiler_text", "sensitive", "account", "media_attachments", "emojis")


@dataclass(slots=True)
class Person:
    """Somebody. ``acct`` is what the server calls them: a bare name for its own people."""

    id: str
    acct: str
    name: str
    bot: bool = False

    @property
    def username(self) -> str:
        """The name without a server."""
        return self.acct.partition("@")[0]


@dataclass(slots=True)
class Status:
    """A post as the server keeps it."""

    id: str
    author: Person
    text: str
    visibility: str
    created_at: str
    parent: Status | None = None
    warning: str = ""
    sensitive: bool = False
    language: str | None = "en"
    mentions: list[Person] = field(default_factory=list)
    media: list[JSON] = field(default_factory=list)
    poll: Sequence[str] = ()
    edited_at: str | None = None
    conversation: str = ""
    favourites: set[str] = field(default_factory=set)
    application: str | None = None
    to: list[Person] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    quoting: Status | None = None
    """What it said before, and since when."""


class Shapes(ABC):
    """Shows what a world has, as its owner sees it."""

    domain: str
    owner: Person
    statuses: dict[str, Status]

    @abstractmethod
    def visible(self, status: Status) -> bool:
        """Whether the owner may see a post."""

    def account_json(self, who: Person) -> JSON:
        """Return an Account."""
        page = f"https://{who.acct.partition('@')[2] or self.domain}/@{who.username}"
        picture = f"{page}/avatar.png"
        return {
            "id": who.id,
            "username": who.username,
            "acct": who.acct,
            "display_name": who.name,
            "locked": False,
            "bot": who.bot,
            "discoverable": True,
            "indexable": False,
            "group": False,
            "created_at": "2024-05-01T00:00:00.000Z",
            "note": "",
            "url": page,
            "uri": page,
            "avatar": picture,
            "avatar_static": picture,
            "header": picture,
            "header_static": picture,
            "followers_count": 42,
            "following_count": 7,
            "statuses_count": 100,
            "last_status_at": "2026-11-20",
            "hide_collections": False,
            "noindex": False,
            "emojis": [],
            "roles": [],
            "fields": [],
        }

    def status_json(self, status: Status) -> JSON:
        """Return a Status as the owner sees it."""
        replies = sum(1 for one in self.statuses.values() if one.parent is status)
        return {
            "id": status.id,
            "created_at": status.created_at,
            "in_reply_to_id": status.parent.id if status.parent else None,
            "in_reply_to_account_id": status.parent.author.id if status.parent else None,
            "sensitive": status.sensitive,
            "spoiler_text": status.warning,
            "visibility": status.visibility,
            "language": status.language,
            "uri": f"https://{self.domain}/statuses/{status.id}",
            "url": f"https://{self.domain}/@{status.author.acct}/{status.id}",
            "replies_count": replies,
            "reblogs_count": 0,
            "favourites_count": len(status.favourites),
            "quotes_count": 0,
            "edited_at": status.edited_at,
            "favourited": self.owner.id in status.favourites,
            "reblogged": False,
            "muted": False,
            "bookmarked": False,
            "content": self._html(status.text),
            "filtered": [],
            "reblog": None,
            "application": {"name": status.application, "website": None} if status.application else None,
            "account": self.account_json(status.author),
            "media_attachments": status.media,
            "mentions": [self._mention_json(one) for one in status.mentions],
            "tags": [self._tag_json(one) for one in _TAG.findall(LINK.sub("", status.text))],
            "emojis": [],
            "card": None,
            "poll": self._poll_json(status),
            "quote": self._quote_json(status),
            "quote_approval": {"automatic": [], "manual": [], "current_user": "denied"},
        }

    def deleted_json(self, status: Status) -> JSON:
        """Return a Status as it is handed out while it is deleted: as it was typed, not as it looked."""
        shown = self.status_json(status) | {"text": status.text}
        del shown["content"]
        return shown

    def edits_json(self, status: Status) -> list[JSON]:
        """Return the StatusEdits of a post, oldest first."""
        shown = self.status_json(status)
        same: JSON = {name: shown[name] for name in _KEPT}
        if status.poll:
            same["poll"] = {"options": [{"title": one} for one in status.poll]}
        versions = (*status.history, (status.text, status.edited_at or status.created_at))
        return [same | {"content": self._html(text), "created_at": since} for text, since in versions]

    def _quote_json(self, status: Status) -> JSON | None:
        if status.quoting is None:
            return None
        return {"state": "accepted", "quoted_status": self.status_json(status.quoting)}

    def notification_json(self, notification: JSON) -> JSON:
        """Return a Notification with its post as that is now."""
        status = self.statuses[notification["status"]["id"]]
        return notification | {"status": self.status_json(status)}

    def talk_json(self, last: Status) -> JSON:
        """Return the Conversation that ends with a post."""
        others = [one for one in (last.author, *last.mentions) if one is not self.owner]
        return {
            "id": last.conversation,
            "unread": last.author is not self.owner,
            "accounts": [self.account_json(one) for one in others],
            "last_status": self.status_json(last),
        }

    def context_json(self, status: Status) -> JSON:
        """Return the Context of a post: what is above, oldest first, and what is below."""
        above, one = [], status.parent
        while one is not None and one.id in self.statuses and self.visible(one):
            above.append(one)
            one = one.parent
        below = [other for other in self.statuses.values() if other.parent is status]
        return {
            "ancestors": [self.status_json(one) for one in reversed(above)],
            "descendants": [self.status_json(one) for one in below],
        }

    def _mention_json(self, who: Person) -> JSON:
        account = self.account_json(who)
        return {name: account[name] for name in ("id", "username", "url", "acct")}

    def _tag_json(self, tag: str) -> JSON:
        return {"name": tag.lower(), "url": f"https://{self.domain}/tags/{tag.lower()}"}

    def _poll_json(self, status: Status) -> JSON | None:
        if not status.poll:
            return None
        return {
            "id": status.id,
            "expires_at": "2026-12-24T12:00:00.000Z",
            "expired": False,
            "multiple": False,
            "votes_count": len(status.poll),
            "voters_count": len(status.poll),
            "voted": False,
            "own_votes": [],
            "options": [{"title": one, "votes_count": 1} for one in status.poll],
            "emojis": [],
        }

    def _html(self, text: str) -> str:
        """Mark a text up as Mastodon does: paragraphs, names, and links in three pieces."""
        paragraphs = escape(text, quote=False).split("\n\n")
        marked = (MENTION.sub(self._name, LINK.sub(_link, one)).replace("\n", "<br />") for one in paragraphs)
        return "".join(f"<p>{one}</p>" for one in marked if one)

    def _name(self, match: re.Match[str]) -> str:
        name, domain = match[1], match[2] or self.domain
        link = f'<a href="https://{domain}/@{name}" class="u-url mention">@<span>{name}</span></a>'
        return f'<span class="h-card" translate="no">{link}</span>'


def _link(match: re.Match[str]) -> str:
    address = match[0]
    scheme, _, rest = address.partition("://")
    shown, hidden = rest[:30], rest[30:]
    return (
        f'<a href="{address}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span>'
        f'<span class="{"ellipsis" if hidden else ""}">{shown}</span>'
        f'<span class="invisible">{hidden}</span></a>'
    )
