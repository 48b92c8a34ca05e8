"""How long the chat widget keeps a slow phone busy, and what it weighs.

    python -m benchmarks.widget [--rounds 15] [--slowdown 6]

A real server on SQLite, a shop's page that holds nothing else, and for each round a browser that has never
been there, with the screen of a phone and a processor slowed down so many times; then the same with a slow
network besides (1.6 Mbit/s, 150 ms for each request). The clock runs from the moment the script has arrived
until its launcher stands on the page and listens, and until it is painted; and from a tap on the launcher at
that very moment until the panel is painted. Beside it, in turn: the same script at the address that brings no
settings, and one that asks for the settings and adds one element.

Nothing of the tools that drive the browser runs in the page meanwhile: what they evaluate is as much work as
the widget itself.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from benchmarks.chat import set_up
from benchmarks.measuring import load, show
from benchmarks.office import serving
from playwright.async_api import Browser, async_playwright
from tests.widget.browser import QUIET, find_chromium

from agentdesk.base.paths import resource

_PHONE = {"width": 390, "height": 844}
_SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
"""Bytes a second, and milliseconds: what the developer tools of browsers call fast 3G."""
_PAGE = """<!doctype html><html lang="en"><head><title>Shop</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><script>{watch}</script></head><body><h1>Shop</h1>
<script async src="{script}" data-widget="{widget}"></script></body></html>"""
_BARE = """fetch("{server}/chat/v1/{widget}/settings", {{credentials: "omit"}})
  .then((answer) => answer.json())
  .then((settings) => {{
    const element = document.createElement("agentdesk-chat");
    element.textContent = settings.name;
    document.body.append(element);
  }});"""
_WATCH = """window.there = new Promise((tell) => {
  new MutationObserver((_records, watch) => {
    const host = document.querySelector("agentdesk-chat");
    if (!host) return;
    watch.disconnect();
    const there = performance.now();
    const after = (then) => requestAnimationFrame(() => setTimeout(then));
    after(() => {
      const painted = performance.now();
      const script = performance.getEntriesByType("resource").find((one) => one.initiatorType === "script");
      const told = {ready: there - script.responseEnd, painted: painted - script.responseEnd, whole: there};
      const launcher = host.shadowRoot?.querySelector(".launcher");
      if (!launcher) return tell(told);
      const tapped = performance.now();
      launcher.click();
      const opened = () => {
        const panel = host.shadowRoot.querySelector("[role=dialog]");
        if (panel) after(() => tell({...told, tap: performance.now() - tapped}));
        else requestAnimationFrame(opened);
      };
      opened();
    });
  }).observe(document, {childList: true, subtree: true});
});"""
_TOLD = {"expression": "window.there", "awaitPromise": True, "returnByValue": True}


_SCRIPTS = {
    "widget": "{server}/chat/v1/{widget}/widget.js",
    "without settings": "{server}/chat/v1/widget.js",
    "bare script": "/bare.js",
}
_WHAT = {
    "ready": "script to launcher",
    "painted": "script to picture",
    "whole": "page to launcher",
    "tap": "tap to panel",
}


class Shop:
    """A page with the widget's tag, and one with the bare script, under an origin of their own."""

    def __init__(self, server: str, widget: str) -> None:
        self._named = {"server": server, "widget": widget}
        self.address = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Shop]:
        app = web.Application()
        app.add_routes([web.get("/bare.js", self._bare), web.get("/{kind}", self._page)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"http://localhost:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        script = _SCRIPTS[request.match_info["kind"]]
        page = _PAGE.format(script=script.format(**self._named), watch=_WATCH, **self._named)
        return web.Response(text=page, content_type="text/html")

    async def _bare(self, _request: web.Request) -> web.Response:
        return web.Response(text=_BARE.format(**self._named), content_type="text/javascript")


class Phone:
    """Opens the shop's pages, each time for the first time."""

    def __init__(self, browser: Browser, shop: Shop, slowdown: float) -> None:
        self._browser, self._shop, self._slowdown = browser, shop, slowdown

    async def visit(self, kind: str, *, slow: bool) -> dict[str, float]:
        """Return milliseconds: script arrived to launcher ``ready`` and ``painted``, the ``whole`` since the
        page was asked for, and ``tap`` to panel."""
        context = await self._browser.new_context(viewport=_PHONE, has_touch=True, locale="en-GB")
        try:
            page = await context.new_page()
            tools = await context.new_cdp_session(page)
            await tools.send("Emulation.setCPUThrottlingRate", {"rate": self._slowdown})
            if slow:
                await tools.send("Network.enable")
                await tools.send("Network.emulateNetworkConditions", _SLOW)
            await page.goto(f"{self._shop.address}/{kind}")
            told: dict[str, Any] = await tools.send("Runtime.evaluate", _TOLD)
            return dict(told["result"]["value"])
        finally:
            await context.close()


async def measure(server: str, widget: str, rounds: int, slowdown: float) -> None:
    """Visit in turn with the widget and the bare script, and print."""
    script = resource("widget/dist/widget.js").read_bytes()
    print(f"{rounds} rounds, processor slowed down {slowdown:g} times; {load()}")
    print(f"script {len(script) / 1e3:.1f} kB, {len(gzip.compress(script, 9)) / 1e3:.1f} kB with gzip")
    async with async_playwright() as tools, Shop(server, widget).open() as shop:
        browser = await tools.chromium.launch(executable_path=find_chromium(), args=QUIET)
        phone = Phone(browser, shop, slowdown)
        for slow in (False, True):
            for kind in _SCRIPTS:
                await phone.visit(kind, slow=slow)
            took: dict[str, list[float]] = defaultdict(list)
            for _ in range(rounds):
                for kind in _SCRIPTS:
                    for what, value in (await phone.visit(kind, slow=slow)).items():
                        took[f"{kind}: {_WHAT[what]}"].append(value)
            print("a slow network:" if slow else "over loopback:")
            for what, values in took.items():
                show(what, values)
        await browser.close()


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--slowdown", type=float, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        url = f"sqlite:///{folder / 'agentdesk.db'}"
        widget = asyncio.run(set_up(url, folder, ""))
        with serving(url, folder) as server:
            asyncio.run(measure(server, widget, given.rounds, given.slowdown))


if __name__ == "__main__":
    main()
