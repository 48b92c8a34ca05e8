"""Answers to tap and cards to follow."""

from __future__ import annotations

from playwright.async_api import expect
from tests.helpers.until import until
from tests.widget.browser import Site, in_browser
from tests.widget.test_page import AXE, axe

CARD = {"title": "How to return a desk", "url": "https://shop.example/returns", "summary": "Within 30 days."}


@in_browser
async def test_an_answer_is_tapped_and_all_of_them_go(site: Site) -> None:
    visit = await site.chat()
    page = visit.page
    answers = page.get_by_role("group", name="Quick answers").get_by_role("button")
    await until(lambda: site.server.sockets)
    await site.server.says("Did that help?", choices=["Yes, thank you!", "<b>No</b>"])
    await expect(answers).to_have_text(["Yes, thank you!", "<b>No</b>"])
    await site.server.says("Take your time")
    await expect(visit.bubbles).to_have_text(["Did that help?", "Take your time"])
    await expect(answers).to_have_count(2)
    await answers.nth(1).focus()
    await page.keyboard.press("Enter")
    await until(lambda: site.server.texts() == ["<b>No</b>"])
    await expect(answers).to_have_count(0)
    await expect(visit.bubbles.last).to_have_text("<b>No</b>")
    await expect(page.get_by_role("log")).to_be_focused()
    await site.server.says("And now?", choices=["Good"])
    await expect(answers).to_have_text(["Good"])
    await visit.write("Something else")
    await expect(answers).to_have_count(0)
    await page.reload()
    await expect(visit.bubbles.last).to_have_text("Something else")
    await expect(answers).to_have_count(0)


@in_browser
async def test_cards_lead_to_their_pages_and_say_where(site: Site) -> None:
    lang = {"lang": "ar", "dir": "rtl", "theme": "dark"}
    for tag in ({}, lang):
        visit = await site.chat(**tag)
        if not tag:
            await until(lambda: site.server.sockets)
            bad = {"title": "x", "url": "javascript:alert(1)", "summary": ""}
            deceptive = {
                "title": "https://bank.example",
                "url": "https://xn--80ak6aa92e.example/a",
                "summary": "",
            }
            await site.server.says(
                "See here", cards=[CARD, bad, deceptive], choices=["Thank you!", "Can it be Friday?"]
            )
        cards = visit.page.locator(".card")
        await expect(cards).to_have_count(2)
        await expect(cards.first).to_have_attribute("href", "https://shop.example/returns")
        await expect(cards.first).to_have_attribute("rel", "noopener noreferrer nofollow")
        await expect(cards.first).to_contain_text("shop.example")
        await expect(cards.last).to_contain_text("xn--80ak6aa92e.example")
        if AXE.exists():
            assert await axe(visit) == []
        await site.picture(visit, f"extras-{tag.get('lang', 'en')}")


@in_browser
async def test_what_was_deleted_offers_nothing(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    await site.server.says("See here", cards=[CARD], choices=["Yes"])
    await expect(visit.page.locator(".card, .choices")).to_have_count(2)
    await site.server.add({"kind": "deleted", "from": "agent", "of": "line-000001", "text": ""})
    await expect(visit.page.locator(".card, .choices")).to_have_count(0)
