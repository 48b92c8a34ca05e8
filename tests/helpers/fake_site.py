"""Who is on the site, as the desk of the tests knows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["WatchedSite", "sample_site"]


class WatchedSite:
    """``visitors`` are told while somebody looks; ``looks`` is every change of that, ``invited`` what was
    asked of whom; ``not_invited`` is raised by the next invitation."""

    visitors: list[SiteVisitor] | None
    looks: list[bool]
    invited: list[tuple[UUID, str]]
    not_invited: AgentDeskError | None
    sees_site: bool

    def begin_site(self) -> None:
        """Nobody looks yet."""
        self.visitors, self.looks, self.invited = None, [], []
        self.not_invited, self.sees_site = None, True

    def look_at_site(self, on: bool) -> None:
        if on != (self.looks[-1] if self.looks else False):
            self.looks.append(on)

    def site_visitors(self) -> tuple[SiteVisitor, ...] | None:
        looks = bool(self.looks) and self.looks[-1]
        return tuple(self.visitors) if looks and self.visitors is not None else None

    async def invite_visitor(self, visitor_id: UUID, text: str) -> None:
        if self.not_invited is not None:
            error, self.not_invited = self.not_invited, None
            raise error
        self.invited.append((visitor_id, text))


def sample_site(now: datetime, conversation_id: UUID | None = None) -> list[SiteVisitor]:
    """Five visitors of the shop, the first of whom came first; the third waits in ``conversation_id``."""
    shop, inbox = "https://larkfield.example", new_id()

    def visitor(minutes: float, page: str, title: str, **more: Any) -> SiteVisitor:
        came = now - timedelta(minutes=minutes)
        facts: dict[str, Any] = {"site": "Shop", "inbox_id": inbox, "came_at": came, "page_at": came, **more}
        return SiteVisitor(id=new_id(), url=f"{shop}{page}", title=title, **facts)

    spain = {"language": "es", "time_zone": "Europe/Madrid", "browser": "Firefox 132", "system": "Windows"}
    germany = {"language": "de", "time_zone": "Europe/Berlin", "browser": "Chrome 131", "system": "Android"}
    egypt = {"language": "ar", "time_zone": "Africa/Cairo", "browser": "Safari 18", "system": "iOS"}
    france = {"language": "fr", "time_zone": "Europe/Paris", "browser": "Safari 18", "system": "macOS"}
    led = {"referrer": "https://search.example/?q=desk", "returning": True, "pages": 9}
    asked = {"state": "invited", "invited_by": "Maria Sol", "pages": 2}
    waits = {"conversation_id": conversation_id, "waiting_since": now - timedelta(minutes=3), "pages": 4}
    return [
        visitor(34, "/desks/walnut-140", "Walnut desk 140 cm", **spain, **led),
        visitor(12, "/delivery", "<b>Delivery</b> and returns", **germany, **asked),
        visitor(6, "/cart", "Basket", state="chat", **egypt, **waits),
        visitor(2, "/lamps", "مصابيح المكتب", language="ar", time_zone="Asia/Riyadh", state="closed"),
        visitor(0.5, "/", "", **france),
    ]
