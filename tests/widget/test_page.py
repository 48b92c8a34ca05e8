"""The widget as a guest of a page: it takes nothing, lets nothing in, and everybody can use it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.helpers.processes import need
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.simulator import WIDGET, settings

AXE = Path(__file__).parents[2] / "build" / "widget" / "node_modules" / "axe-core" / "axe.min.js"
FORM = {
    "pre_chat": [
        {"key": "name", "type": "text", "required": True},
        {"key": "email", "type": "email", "required": False},
    ],
    "consent": True,
}


@in_browser
async def test_it_leaves_nothing_in_the_page(site: Site) -> None:
    """Under a policy that lets in one script and one connection, with trusted types: see `POLICY`."""
    visit = await site.visit()
    own = await visit.page.evaluate("""async () => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const plain = new Set(Object.getOwnPropertyNames(frame.contentWindow));
        frame.remove();
        return Object.getOwnPropertyNames(window).filter(name => !plain.has(name) && isNaN(name));
    }""")
    await expect(visit.launcher).to_be_visible()
    assert set(own) <= {"0"}
    listened = await visit.page.evaluate("[document.head.children.length, document.styleSheets.length]")
    assert listened == [3, 0]


@in_browser
async def test_messages_from_other_windows_are_ignored(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await until(lambda: site.server.texts())
    before = len(site.server.frames)
    await visit.page.evaluate("""() => {
        const forged = {n: 9, kind: "message", from: "agent", text: "forged"};
        const frames = [{t: "lines", lines: [forged]}, {t: "welcome", token: "x"}, "open"];
        for (const frame of frames) {
            window.postMessage(frame, "*");
            window.postMessage(JSON.stringify(frame), "*");
            const said = {data: JSON.stringify(frame), origin: "https://evil.example"};
            window.dispatchEvent(new MessageEvent("message", said));
        }
    }""")
    await site.server.says("Hi")
    await expect(visit.bubbles).to_have_text(["Hello", "Hi"])
    assert all(frame["t"] == "seen" for frame in site.server.frames[before:])


@in_browser
async def test_in_a_frame_of_another_origin_it_does_not_show(site: Site) -> None:
    loaded = "performance.getEntriesByType('resource').some(one => one.name.endsWith('/widget.js'))"
    for query, shown in (("framed=true", 1), ("", 0)):
        visit = await site.visit()
        await visit.page.goto(f"http://localhost:{site.server.port}/frame?{query}")
        frame = visit.page.frames[1]
        await frame.wait_for_load_state()
        assert await frame.evaluate(loaded)  # and so it has run, and has put up the launcher or not
        assert await frame.locator(".launcher").count() == shown


@in_browser
async def test_with_the_keyboard_alone(site: Site) -> None:
    visit = await site.visit()
    page = visit.page
    await page.evaluate(
        "window.shortcuts = []; addEventListener('keydown', event => shortcuts.push(event.key))"
    )
    await visit.launcher.wait_for()
    await page.keyboard.press("Tab")
    await expect(visit.launcher).to_be_focused()
    await expect(visit.launcher).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("Enter")
    await expect(visit.text).to_be_focused()
    await expect(visit.launcher).to_have_attribute("aria-expanded", "true")
    await page.evaluate("shortcuts.length = 0")
    await page.keyboard.type("Hi")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("there")
    await page.keyboard.press("Enter")
    await until(lambda: site.server.texts() == ["Hi\nthere"])
    assert await page.evaluate("shortcuts") == []
    await page.keyboard.press("Escape")
    await expect(visit.panel).to_have_count(0)
    await expect(visit.launcher).to_be_focused()


@in_browser
async def test_a_phone_is_filled_and_keeps_the_focus(site: Site) -> None:
    phone = await site.visitor(viewport={"width": 375, "height": 667}, has_touch=True, is_mobile=True)
    visit = await site.chat(phone)
    await visit.write("Hello")
    whole = {"x": 0, "y": 0, "width": 375, "height": 667}

    async def filled() -> bool:
        return await visit.panel.bounding_box() == whole  # the panel rises into its place

    await until(filled)
    await expect(visit.launcher).to_be_hidden()
    await site.server.says("Hi")
    await expect(visit.bubbles).to_have_count(2)
    inside = "document.querySelector('agentdesk-chat').shadowRoot.activeElement?.closest('.panel') !== null"
    for _ in range(12):
        await visit.page.keyboard.press("Tab")
        assert await visit.page.evaluate(inside)
    await site.picture(visit, "mobile")


@in_browser
async def test_right_to_left(site: Site) -> None:
    site.server.settings = settings(**FORM, theme="dark")
    visit = await site.visit(lang="ar", dir="rtl")
    box = await visit.launcher.bounding_box()
    assert box is not None
    assert box["x"] == 24
    await visit.launcher.click()
    await site.picture(visit, "arabic-form")
    await visit.page.get_by_label("الاسم").fill("سارة خليل")
    await visit.page.get_by_role("checkbox").check()
    await visit.page.get_by_role("button", name="ابدأ المحادثة").click()
    await visit.write("أين طلبي؟")
    await site.server.says("It left Valencia.")
    await expect(visit.bubbles).to_have_count(2)
    mine, theirs = [await visit.bubbles.nth(at).bounding_box() for at in (0, 1)]
    assert mine is not None
    assert theirs is not None
    assert mine["x"] < theirs["x"]
    await site.picture(visit, "arabic")


@in_browser
async def test_it_asks_for_nothing_before_the_launcher_stands(site: Site) -> None:
    visit = await site.chat(await site.visitor(timezone_id="Asia/Tokyo"))
    await expect(visit.text).to_be_focused()
    assert site.server.asked_for_settings == 0
    (hello,) = await until(lambda: site.server.sent("hello"))
    assert hello["time_zone"] == "Asia/Tokyo"


@pytest.mark.parametrize("address", ["widget.js", "0198f0c2-7a51-7c9e-8f1d-000000000000/widget.js"])
def test_a_tag_that_names_the_widget_itself(site: Site, address: str) -> None:
    """Its settings do not come with the script: this has none, or those of another widget."""

    async def shown(site: Site) -> None:
        visit = await site.chat(lang="de", script=address, widget=WIDGET)
        await expect(visit.text).to_be_focused()
        await expect(visit.launcher).to_have_accessible_name("Chat verkleinern")
        assert site.server.asked_for_settings == 1

    in_browser(shown)(site)


@in_browser
async def test_words_of_another_language_than_the_browsers_come_behind_the_launcher(site: Site) -> None:
    site.server.settings_held = asyncio.Event()
    visit = await site.visit(lang="ar")
    await expect(visit.launcher).to_have_accessible_name("فتح المحادثة")
    await visit.launcher.click()
    await until(lambda: site.server.asked_for_settings)
    assert await visit.panel.count() == 0
    site.server.settings_held.set()
    await expect(visit.panel).to_be_visible()
    await expect(visit.launcher).to_have_accessible_name("تصغير المحادثة")
    visit = await site.visit(lang="ar", script=f"{WIDGET}/widget.js?language=ar")
    await visit.launcher.click()
    await expect(visit.launcher).to_have_accessible_name("تصغير المحادثة")
    assert site.server.asked_for_settings == 1


@in_browser
async def test_the_language_of_the_page_the_tag_or_the_browser(site: Site) -> None:
    for tag, name in (({"lang": "de"}, "Chat öffnen"), ({"lang": "de", "language": "fr"}, "Ouvrir le chat")):
        visit = await site.visit(**tag)
        await expect(visit.launcher).to_have_accessible_name(name)
    japanese = await site.visitor(locale="ja-JP")
    visit = await site.visit(japanese, lang="")
    await expect(visit.launcher).to_have_accessible_name("チャットを開く")


@in_browser
async def test_it_stands_still_for_those_who_want_that(site: Site) -> None:
    visit = await site.chat(await site.visitor(reduced_motion="reduce"))
    await until(lambda: site.server.sockets)
    await site.server.tell({"t": "typing", "on": True, "agent": None})
    await visit.page.locator(".dots").wait_for()
    moving = "it => [...it.getRootNode().querySelectorAll('*')].some(one => one.getAnimations().length)"
    assert not await visit.panel.evaluate(moving)


@pytest.mark.parametrize("look", ["dark", "yellow"])
def test_axe_finds_nothing(site: Site, look: str) -> None:
    need(AXE.exists(), "axe-core (by scripts/widget, with Node)")
    in_browser(_axe_everywhere)(site, look)


async def _axe_everywhere(site: Site, look: str) -> None:
    colour = {"yellow": "#ffe600"}.get(look, "#22523f")
    theme = "dark" if look == "dark" else "light"
    site.server.settings = settings(**FORM, colour=colour, theme=theme)
    visit = await site.visit(**({"lang": "ar", "dir": "rtl"} if look == "dark" else {}))
    await visit.launcher.wait_for()
    found: dict[str, Any] = {"closed": await axe(visit)}
    await visit.launcher.click()
    await visit.page.locator(".main").click()  # with nothing filled in: its complaints are part of the page
    found["form"] = await axe(visit)
    await visit.page.locator("#name").fill("Ana")
    await visit.page.locator("#consent").check()
    await visit.page.locator(".main").click()
    await visit.write("Hello https://shop.example")
    await site.server.says(
        "Hi https://shop.example",
        files=[{"name": "a.txt", "type": "text/plain", "size": 1, "url": "/x", "picture": False}],
    )
    await expect(visit.bubbles).to_have_count(2)
    await site.server.add({"kind": "joined", "from": "system", "agent": {"name": "Rana", "picture": None}})
    await expect(visit.page.locator("li.system")).to_contain_text("Rana")
    await site.server.add({"kind": "left", "from": "system", "agent": {"name": "Maria", "picture": None}})
    await expect(visit.page.locator("li.system")).to_have_count(2)
    await expect(visit.page.locator(".head .face")).to_have_text("R")
    await site.server.tell({"t": "read", "upto": 1})
    await site.server.tell({"t": "typing", "on": True, "agent": None})
    await visit.page.locator(".row .icon").nth(1).click()
    await visit.page.locator(".pick").wait_for()
    await site.picture(visit, f"chat-{look}")
    found["chat"] = await axe(visit)
    await visit.page.locator(".head .icon").first.click()
    found["menu"] = await axe(visit)
    await visit.page.locator(".menu button").nth(1).click()
    found["copy"] = await axe(visit)
    await visit.page.locator(".plain").click()
    await site.server.add({"kind": "ended", "from": "agent"})
    await visit.page.locator(".faces").wait_for()
    found["survey"] = await axe(visit)
    assert {place: violations for place, violations in found.items() if violations} == {}


async def axe(visit: Visit, within: str = "agentdesk-chat") -> list[str]:
    """What axe finds wrong in the widget, or in another part of the page."""
    if not await visit.page.evaluate("'axe' in window"):
        await visit.page.evaluate(AXE.read_text())
    script = """async (within) => {
        const found = await axe.run(within, {resultTypes: ["violations"]});
        const told = (one) => one.nodes.map(node => `${one.id}: ${node.html} ${node.failureSummary}`);
        return found.violations.flatMap(told);
    }"""
    found: list[str] = await visit.page.evaluate(script, within)
    return found
