"""The invented shop's website with the chat widget in it, for a person who wants to be a customer."""

from __future__ import annotations

from string import Template

import msgspec
from aiohttp import web

from agentdesk.base.i18n import SOURCE, is_rtl
from agentdesk.base.paths import resource

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self' {server}; connect-src {server} {socket}; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


class ShopPage:
    """Its pages in three languages, on the loopback address. ``address`` is that of the first, known once it
    is open."""

    def __init__(self) -> None:
        self.address = ""
        self._runner: web.AppRunner | None = None
        self._server = self._widget = ""

    async def open(self) -> None:
        """Begin to serve."""
        site = web.Application()
        site.add_routes(
            [
                web.get("/", self._page),
                web.get("/shop.css", self._style),
                web.get("/consent.js", self._consent),
                web.get("/{page}", self._page),
            ]
        )
        self._runner = web.AppRunner(site, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    def put_in(self, server: str, widget: str) -> None:
        """From now on pages hold ``widget`` of the server at ``server``."""
        self._server, self._widget = server, widget

    async def close(self) -> None:
        """Serve no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        words = msgspec.json.decode(resource("seed/pages.json").read_bytes(), type=dict[str, dict[str, str]])
        asked = request.query.get("language", "")
        language = asked if asked in words else SOURCE
        text = Template(resource("seed/shop.html").read_text("utf-8"))
        body = text.substitute(
            words[language],
            language=language,
            direction="rtl" if is_rtl(language) else "ltr",
            query="" if language == SOURCE else f"?language={language}",
            server=self._server,
            widget=self._widget,
        )
        policy = _POLICY.format(server=self._server, socket=self._server.replace("http", "ws", 1))
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _style(self, _request: web.Request) -> web.Response:
        return web.Response(text=resource("seed/shop.css").read_text("utf-8"), content_type="text/css")

    async def _consent(self, _request: web.Request) -> web.Response:
        return web.Response(
            text=resource("seed/consent.js").read_text("utf-8"), content_type="text/javascript"
        )
