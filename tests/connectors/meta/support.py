"""What the tests of the shared parts of Meta's networks use: a page with nothing on it but comments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from agentdesk.sdk.limiter import Limiter
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.simulator import GraphSimulator

PAGE = "500100"


class SmallSimulator(GraphSimulator):
    """A page with comments, which can be read and written."""

    def __init__(self) -> None:
        super().__init__(PAGE, "Larkfield Home", {"pages_read_engagement", "pages_manage_metadata"})
        self.comments: list[dict[str, Any]] = []
        self.refusal = ("100", "")

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            *self.common_routes(),
            web.get("/{version}/{id}/comments", self._comments),
            web.post("/{version}/{id}/comments", self._refuses),
        )

    async def _comments(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_read_engagement")
        self.query(request, "fields", "limit", "after")
        return web.json_response(self.paged(request, self.comments))

    async def _refuses(self, request: web.Request) -> web.Response:
        self.authorized(request)
        raise Refused(400, *self.refusal)


@asynccontextmanager
async def connected(
    token: str | None = None, secret: str | None = None
) -> AsyncIterator[tuple[SmallSimulator, Graph]]:
    """The page, served, and a client for it."""
    async with SmallSimulator().served() as sim:
        given = sim.token if token is None else token
        proven = sim.app_secret if secret is None else secret
        graph = Graph(sim.url, lambda: given, lambda: proven, Limiter())
        try:
            yield sim, graph
        finally:
            await graph.close()
