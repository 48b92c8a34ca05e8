"""Who uses the keyboard keeps the focus while the log is drawn again around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Locator, expect
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser

CARD = {"title": "How to return a desk", "url": "https://shop.example/returns", "summary": ""}


async def _stays_while_a_line_comes(site: Site, visit: Visit, held: Locator) -> None:
    """Focus `held`, let an agent write, and find the same element with the focus when the line is shown."""
    await held.focus()
    before = await held.element_handle()
    lines = await visit.bubbles.count()
    now = datetime.now(UTC).isoformat()  # what stands below is not the first of its day any more
    await site.server.says("Take your time", at=now)
    await expect(visit.bubbles).to_have_count(lines + 1)
    await expect(held).to_be_focused()
    assert await held.evaluate("(now, before) => now === before", before)


async def _says(site: Site, visit: Visit, text: str, **more: Any) -> None:
    lines = await visit.bubbles.count()
    await site.server.says(text, **more)
    await expect(visit.bubbles).to_have_count(lines + 1)


@in_browser
async def test_on_an_answer(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    await _says(site, visit, "Did that help?", choices=["Yes", "No"])
    answer = visit.page.get_by_role("button", name="No", exact=True)
    await _stays_while_a_line_comes(site, visit, answer)
    await visit.page.keyboard.press("Enter")
    await until(lambda: site.server.texts() == ["No"])
    await expect(answer).to_have_count(0)
    await expect(visit.page.get_by_role("log")).to_be_focused()


@in_browser
async def test_on_a_card_a_link_and_a_file(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    for name in ("How to return a desk", "https://shop.example/help"):
        await _says(site, visit, "See https://shop.example/help", cards=[CARD])
        await _stays_while_a_line_comes(site, visit, visit.page.get_by_role("link", name=name).last)
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"x"}
    await visit.page.locator("input[type=file]").first.set_input_files([note])
    await visit.text.press("Enter")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await _stays_while_a_line_comes(site, visit, visit.page.locator(".mine a.chip"))


@in_browser
async def test_on_the_buttons_of_a_message(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await _stays_while_a_line_comes(site, visit, visit.page.get_by_role("button", name="Edit message"))
    await visit.page.get_by_role("button", name="Delete").focus()
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator(".mine")).to_contain_text("This message was deleted")
    await expect(visit.page.get_by_role("log")).to_be_focused()


@in_browser
async def test_on_the_buttons_of_a_message_that_failed(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    site.server.refuse["message"] = {"code": "invalid"}
    await visit.write("Hello")
    again = visit.page.get_by_role("button", name="Not sent, tap to try again")
    await _stays_while_a_line_comes(site, visit, again)
    await visit.page.keyboard.press("Enter")
    await until(lambda: site.server.texts() == ["Hello"])
    await expect(again).to_have_count(0)
    await expect(visit.page.get_by_role("log")).to_be_focused()
