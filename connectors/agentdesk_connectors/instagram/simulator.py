"""Instagram as apps with Instagram login see it, for tests and the demo: strict where the real one is.

One account's token is served; everybody else lives in :attr:`InstagramSimulator.world`. What happens is told
by signed calls: at ``hooks.address``, or kept in ``hooks.calls`` for who fetches them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.instagram.calling import FIELDS
from agentdesk_connectors.instagram.permissions import BASIC, COMMENTS, MESSAGES
from agentdesk_connectors.instagram.simulator_api import Api
from agentdesk_connectors.instagram.simulator_world import JSON, World
from agentdesk_connectors.meta.simulator import GraphSimulator

__all__ = ["InstagramSimulator"]

_LASTS = timedelta(days=60)


class InstagramSimulator(GraphSimulator):
    """One account. ``human_agent``: the app may answer for seven days. ``issued_at`` and ``token_ends`` are
    those of its token; ``rotates``: a renewed one is another, and the old one dead."""

    of_object: ClassVar[str] = "instagram"
    business_use_case: ClassVar[str] = "instagram"

    def __init__(self, number: str = "17841400000000001", username: str = "larkfield.home") -> None:
        super().__init__(number, username, (BASIC, COMMENTS, MESSAGES))
        self.needs_proof = False
        self.human_agent = self.rotates = False
        self.issued_at = clock.now() - timedelta(days=2)
        self.token_ends = self.issued_at + _LASTS
        self.told_of = set(FIELDS)
        self.world = World(number, username, self._tell)
        self.api = Api(self)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        return (
            web.get("/{version}/{id}/subscribed_apps", self._told_apps),
            web.post("/{version}/{id}/subscribed_apps", self._tell_app),
            *self.api.routes(),
        )

    def settings(self) -> dict[str, str]:
        """Return what a person would give to connect the account."""
        return {"account": self.profile, "app": self.app_id, "server": self.url, "history": "all"}

    def secrets(self) -> dict[str, str]:
        """Return the secrets that they would give."""
        return {
            "access_token": self.token,
            "app_secret": self.app_secret,
            "verify_token": self.verify_token,
        }

    def renew(self) -> None:
        """Let the account's token hold for 60 days from now."""
        if self.rotates:
            self.token += "-renewed"
        self.issued_at = clock.now()
        self.token_ends = self.issued_at + _LASTS

    def _tell(self, name: str, told: JSON) -> None:
        """Call the app, if it is to be told of that."""
        if name not in self.told_of:
            return
        seconds: int = int(datetime.timestamp(clock.now()))
        if "sender" in told:
            self.hooks.tell({"id": self.profile, "time": seconds * 1_000, "messaging": [told]})
        else:
            change = {"field": name, "value": told}
            self.hooks.tell({"id": self.profile, "time": seconds, "changes": [change]})

    async def _told_apps(self, request: web.Request) -> web.Response:
        self.authorized(request, BASIC)
        self._own(request)
        app = {"app_id": self.app_id, "subscribed_fields": sorted(self.told_of)}
        return web.json_response({"data": [app] if self.told_of else []})

    async def _tell_app(self, request: web.Request) -> web.Response:
        self.authorized(request, BASIC)
        self._own(request)
        wanted = set(self.query(request, "subscribed_fields").get("subscribed_fields", "").split(","))
        if wanted - set(FIELDS):
            raise Refused(400, "100", "(#100) Param subscribed_fields has an unknown field")
        self.told_of = wanted
        return web.json_response({"success": True})

    def _own(self, request: web.Request) -> None:
        if request.match_info["id"] not in ("me", self.profile):
            raise Refused(400, "100/33", "Unsupported request.")
