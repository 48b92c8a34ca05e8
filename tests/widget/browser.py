"""A real Chromium, driven by Playwright from a thread of its own: tests need no loop, and share it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from playwright.async_api import Browser, BrowserContext, Locator, Page, Playwright, async_playwright, expect
from tests.helpers.loop_thread import HELPER_THREADS, LoopThread
from tests.widget.simulator import Simulator

_OFF = ["AimEnabled", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose"]
_OFF += ["HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying"]
_OFF += ["OptimizationHints", "PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning"]
_OFF += ["WebUIOmniboxAimPopup", "WebUIOmniboxPopup"]
"""What Playwright turns off, whose list this replaces; and two pages of the browser's own, of 150 files, that
each new window would load beside ours."""
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--no-sandbox", "--mute-audio"]
QUIET += [f"--disable-features={','.join(_OFF)}"]

_PATIENCE_MS = 30_000  # a machine that is busy with other things is slow, not wrong
expect.set_options(timeout=_PATIENCE_MS)

P = ParamSpec("P")


def find_chromium() -> str | None:
    """The program, or ``None`` where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One browser of this test run; each test takes a fresh context, which knows nothing of the others."""

    def __init__(self, program: str) -> None:
        self.thread = LoopThread("chromium")
        helpers = ThreadPoolExecutor(4, thread_name_prefix=f"{HELPER_THREADS}chromium")
        self.thread.loop.set_default_executor(helpers)  # they outlive a test, and end with the loop
        self._playwright: Playwright = self.thread.run(async_playwright().start(), timeout=60)
        self._browser: Browser = self.thread.run(self._start(program), timeout=60)

    async def _start(self, program: str) -> Browser:
        return await self._playwright.chromium.launch(executable_path=program, args=QUIET)

    async def visitor(self, **options: Any) -> BrowserContext:
        """A new visitor, with a browser that holds nothing. A step may take half a minute."""
        context = await self._browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        )
        context.set_default_timeout(_PATIENCE_MS)
        return context

    def close(self) -> None:
        self.thread.run(self._browser.close(), timeout=60)
        self.thread.run(self._playwright.stop(), timeout=60)
        self.thread.close()


class Visit:
    """One tab on a page of the shop. Keeps its complaints: errors of scripts, and what a policy refused."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._said(message.type, message.text))

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and any(
            word in text for word in ("Content Security Policy", "Trusted", "Uncaught")
        ):
            self.complaints.append(text)

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launcher")

    @property
    def text(self) -> Locator:
        """Where the visitor writes."""
        return self.page.locator("textarea")

    @property
    def bubbles(self) -> Locator:
        return self.page.locator(".bubble")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    async def write(self, text: str) -> None:
        """Write a message and send it."""
        await self.text.fill(text)
        await self.text.press("Enter")

    async def choose(self, name: str) -> None:
        """Choose from the menu in the head."""
        await self.page.get_by_role("button", name="More options").click()
        await self.page.get_by_role("button", name=name).click()


class Site:
    """A shop and its server, and the visitors that a test lets in."""

    def __init__(self, chromium: Chromium, server: Simulator, pictures: Path | None) -> None:
        self.server = server
        self._chromium = chromium
        self._pictures = pictures
        self._visitors: list[BrowserContext] = []
        self._visits: list[Visit] = []

    @classmethod
    async def start(cls, chromium: Chromium, pictures: Path | None) -> Site:
        return cls(chromium, await Simulator().__aenter__(), pictures)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._chromium.thread.run(work, timeout=200)

    async def visitor(self, **options: Any) -> BrowserContext:
        """A browser that has never been here; `options` are Playwright's."""
        visitor = await self._chromium.visitor(**options)
        self._visitors.append(visitor)
        return visitor

    async def visit(self, visitor: BrowserContext | None = None, **tag: str) -> Visit:
        """Open the page in a new tab; `tag` are ``data-`` attributes of the script, ``lang`` and ``dir``."""
        page = await (visitor or await self.visitor()).new_page()
        visit = Visit(page)
        self._visits.append(visit)
        await page.goto(self.server.page(**tag))
        return visit

    async def chat(self, visitor: BrowserContext | None = None, **tag: str) -> Visit:
        """Open the page, and the chat on it."""
        visit = await self.visit(visitor, **tag)
        await visit.launcher.click()
        return visit

    async def picture(self, visit: Visit, name: str) -> None:
        """Keep a picture when somebody asked for pictures (``AGENTDESK_WIDGET_PICTURES``)."""
        if self._pictures:
            await visit.page.screenshot(path=self._pictures / f"{name}.png")

    async def close(self) -> list[str]:
        """End it all, and say what was complained of."""
        for visitor in self._visitors:
            await visitor.close()
        await self.server.__aexit__()
        return [*self.server.wrong, *(complaint for visit in self._visits for complaint in visit.complaints)]


def in_browser(
    test: Callable[Concatenate[Site, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[Site, P], None]:
    """Run an async test on the browser's own loop. Its first argument is the fixture `site`."""

    @functools.wraps(test)
    def run(site: Site, *arguments: P.args, **named: P.kwargs) -> None:
        site.run(test(site, *arguments, **named))

    return run
