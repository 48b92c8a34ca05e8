"""The people and posts behind the simulated server, with the rules by which Mastodon takes or refuses posts.

Shapes and rules from https://docs.joinmastodon.org/entities/ and /methods/statuses/, /methods/media/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.mastodon.simulator_shapes import JSON, LINK, MENTION, Person, Shapes, Status

__all__ = ["JSON", "Person", "Status", "World"]

VISIBILITIES = ("public", "unlisted", "private", "direct")
_FIRST_ID = 115_000_000_000_000_000
_KEY_LIVES = timedelta(hours=1)
_FILE_KINDS = {"image": "image", "video": "video", "audio": "audio"}


@dataclass
class World(Shapes):
    """One server at ``url``, whose people are ``name@domain``; ``owner`` is the account that clients use.

    ``told`` hears of each event: the stream's name, the event, and its payload.
    """

    domain: str
    owner_name: str
    url: str = ""
    most_characters: int = 500
    most_files: int = 4
    told: Callable[[str, str, Any], None] = lambda stream, event, payload: None
    people: dict[str, Person] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    notifications: list[JSON] = field(default_factory=list)
    talks: dict[str, Status] = field(default_factory=dict)
    media: dict[str, JSON] = field(default_factory=dict)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    reports: list[JSON] = field(default_factory=list)
    _last: int = _FIRST_ID

    def __post_init__(self) -> None:
        self.owner = self.person(self.owner_name, "Support")

    def new_id(self) -> str:
        """Return an id that is greater than all before."""
        self._last += 1
        return str(self._last)

    def person(self, acct: str, name: str = "", *, bot: bool = False) -> Person:
        """Return who is called so, made up where nobody is."""
        acct = acct.lower().removesuffix(f"@{self.domain}")
        if acct not in self.people:
            self.people[acct] = Person(self.new_id(), acct, name or acct, bot)
        return self.people[acct]

    # --- what people do ---

    def post(self, author: Person, text: str, **values: Any) -> Status:
        """Let somebody post. ``values``: ``visibility``, ``reply_to`` and ``quoting`` (Status),
        ``warning``, ``media``, ``poll`` (its answers), ``sensitive``, ``application``; ``to``: who is
        addressed without being named in the text, as some servers let people do."""
        parent: Status | None = values.get("reply_to")
        status = Status(
            self.new_id(),
            author,
            text,
            values.get("visibility", "public"),
            _stamp(),
            parent,
            values.get("warning", ""),
            bool(values.get("sensitive") or values.get("warning")),
            media=list(values.get("media", ())),
            poll=values.get("poll", ()),
            application=values.get("application"),
        )
        status.to = list(values.get("to", ()))
        status.mentions = self._mentioned(status)
        status.conversation = parent.conversation if parent is not None else self.new_id()
        self.statuses[status.id] = status
        status.quoting = values.get("quoting")
        self._tell_of(status)
        return status

    def edit(self, status: Status, text: str, **values: Any) -> None:
        """Let its author change a post; whoever sees it is told."""
        status.history.append((status.text, status.edited_at or status.created_at))
        status.text, status.edited_at = text, _stamp()
        status.warning = values.get("warning", status.warning)
        status.media = list(values.get("media", status.media))
        status.mentions = self._mentioned(status)
        if self.concerns_owner(status):
            self.told("user", "status.update", self.status_json(status))

    def delete(self, status: Status) -> None:
        """Take a post away: what it notified of goes with it."""
        del self.statuses[status.id]
        self.notifications = [one for one in self.notifications if one["status"]["id"] != status.id]
        if self.concerns_owner(status):
            self.told("user", "delete", status.id)

    def concerns_owner(self, status: Status) -> bool:
        """Whether the owner wrote a post, or is named in it."""
        return status.author is self.owner or self.owner in status.mentions

    def visible(self, status: Status) -> bool:
        """Whether the owner may see a post. The owner follows nobody."""
        return status.visibility in ("public", "unlisted") or self.concerns_owner(status)

    def _mentioned(self, status: Status) -> list[Person]:
        found = {one.acct: one for one in status.to}
        for name, domain in MENTION.findall(status.text):
            acct = f"{name}@{domain}".lower() if domain and domain != self.domain else name.lower()
            if acct in self.people and self.people[acct] is not status.author:
                found[acct] = self.people[acct]
        return list(found.values())

    def _tell_of(self, status: Status) -> None:
        if status.visibility == "direct" and self.concerns_owner(status):
            self.talks[status.conversation] = status
            self.told("direct", "conversation", self.talk_json(status))
        if self.owner in status.mentions and status.author is not self.owner:
            self.notify("mention", status)
        elif status.quoting is not None and status.quoting.author is self.owner is not status.author:
            self.notify("quote", status)

    def notify(self, kind: str, status: Status) -> None:
        """Let the owner be notified of a post."""
        number = self.new_id()
        notification = {
            "id": number,
            "type": kind,
            "group_key": f"ungrouped-{number}",
            "created_at": _stamp(),
            "account": self.account_json(status.author),
            "status": {"id": status.id},
        }
        self.notifications.append(notification)
        self.told("user", "notification", self.notification_json(notification))

    # --- what the owner's client asks for ---

    def create(self, given: JSON, key: str) -> Status:
        """Post for the owner. Raises Refused for what Mastodon refuses."""
        known = self.keys.get(key) if key else None
        if known is not None and clock.now() - known[1] < _KEY_LIVES and known[0] in self.statuses:
            return self.statuses[known[0]]
        parent_id = given.get("in_reply_to_id") or None
        parent = self.statuses.get(str(parent_id))
        if parent_id is not None and (parent is None or not self.visible(parent)):
            raise Refused(404, "not_found", "The post you are trying to reply to does not appear to exist.")
        media = self._attached(given.get("media_ids") or [])
        text, warning = str(given.get("status") or ""), str(given.get("spoiler_text") or "")
        self._check_text(text, warning, media)
        visibility = given.get("visibility") or "public"
        if visibility not in VISIBILITIES:
            raise Refused(422, "invalid", "Validation failed: Visibility is not included in the list")
        status = self.post(
            self.owner,
            text,
            visibility=visibility,
            reply_to=parent,
            warning=warning,
            media=media,
            sensitive=given.get("sensitive"),
            application="AgentDesk",
        )
        if key:
            self.keys[key] = (status.id, clock.now())
        return status

    def change(self, status: Status, given: JSON) -> None:
        """Change a post of the owner's; what is not given is taken away, as the real server does."""
        media = self._attached(given.get("media_ids") or [], of=status)
        text, warning = str(given.get("status") or ""), str(given.get("spoiler_text") or "")
        self._check_text(text, warning, media)
        self.edit(status, text, warning=warning, media=media)

    def _check_text(self, text: str, warning: str, media: Sequence[JSON]) -> None:
        if not text.strip() and not media:
            raise Refused(422, "invalid", "Validation failed: Text can't be blank")
        if self.length(text) + len(warning) > self.most_characters:
            raise Refused(
                422, "invalid", f"Validation failed: Text character limit of {self.most_characters} exceeded"
            )

    @staticmethod
    def length(text: str) -> int:
        """Count as Mastodon does: a link is 23, of a name only what is before its server."""
        return len(MENTION.sub(lambda m: f"@{m[1]}", LINK.sub("x" * 23, text)))

    def _attached(self, ids: Iterable[Any], of: Status | None = None) -> list[JSON]:
        wanted = [str(one) for one in ids]
        if len(wanted) > self.most_files:
            raise Refused(
                422, "invalid", f"Validation failed: Cannot attach more than {self.most_files} files"
            )
        known = {one["id"]: one for one in (of.media if of else ())} | self.media
        missing = [one for one in wanted if one not in known]
        if missing:
            raise Refused(422, "invalid", f"Validation failed: Media {', '.join(missing)} not found")
        files = [known[one] for one in wanted]
        if any(file["url"] is None for file in files):
            raise Refused(
                422, "invalid", "Validation failed: Cannot attach files that have not finished processing."
            )
        if len(files) > 1 and any(file["type"] != "image" for file in files):
            raise Refused(
                422, "invalid", "Validation failed: Cannot attach a video to a post that already has images"
            )
        return files

    def file(self, media_type: str, description: str | None, *, ready: bool = True) -> JSON:
        """Keep a file for a post to come, and return it as the server shows it."""
        number = self.new_id()
        kind = _FILE_KINDS.get(media_type.partition("/")[0], "unknown")
        address = f"{self.url}/files/{number}"
        self.media[number] = {
            "id": number,
            "type": kind,
            "url": address if ready else None,
            "preview_url": f"{address}/small",
            "remote_url": None,
            "meta": {},
            "description": description,
            "blurhash": None,
        }
        return self.media[number]


def _stamp() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
