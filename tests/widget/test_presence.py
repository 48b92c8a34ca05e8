"""Telling who is on the site: only where the widget shows it, and the visitor agrees."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.simulator import settings

CAN = ["typing", "presence"]
ASKED = {"id": "0198f0c2-7a51-7c9e-8f1d-00000000000c", "text": "Can I help, <i>Ana</i>?"}


async def _consent(visit: Visit, value: str) -> None:
    script = "document.querySelector('script').dataset.consent"
    await visit.page.evaluate(f"value => {{ {script} = value }}", value)


@in_browser
async def test_nothing_is_told_before_the_visitor_agrees(site: Site) -> None:
    site.server.settings = settings(can=CAN)
    visit = await site.visit()
    await visit.launcher.wait_for()
    kept = "Object.values(localStorage).join()"
    assert site.server.here == []
    assert "guest" not in await visit.page.evaluate(kept)
    await _consent(visit, "true")
    (first,) = await until(lambda: site.server.here[:1])
    assert first["page"] == {"url": visit.page.url, "title": "A shop", "referrer": ""}
    assert (first["language"], first["state"], first["token"], first["returning"]) == (
        "en-GB",
        "free",
        None,
        False,
    )
    assert site.server.frames == []  # nobody has said hello
    await _consent(visit, "false")
    gone = await until(lambda: [said for said in site.server.here if said.get("gone")])
    assert gone == [{"key": first["key"], "gone": True}]
    count = len(site.server.here)
    await visit.page.reload()
    await visit.launcher.wait_for()
    assert len(site.server.here) == count
    assert first["key"] not in await visit.page.evaluate(kept)


@in_browser
async def test_a_visit_goes_on_from_page_to_page(site: Site) -> None:
    site.server.settings = settings(can=CAN)
    visit = await site.visit(consent="true")
    await until(lambda: site.server.here)
    await visit.page.goto(site.server.page("/lamps", consent="true"))
    told = await until(lambda: [said for said in site.server.here if "/lamps" in _address(said)])
    assert len({said["key"] for said in site.server.here}) == 1
    assert not told[0]["returning"]


def _address(said: dict[str, Any]) -> str:
    page: dict[str, str] = said.get("page", {})
    return page.get("url", "")


@in_browser
async def test_where_the_widget_does_not_show_it_consent_tells_nothing(site: Site) -> None:
    site.server.settings = settings(can=["typing"])
    visit = await site.visit(consent="true")
    await visit.launcher.wait_for()
    await visit.launcher.click()
    await visit.write("Hello")
    await until(lambda: site.server.texts())
    assert site.server.here == []


@in_browser
async def test_an_agent_invites_and_the_chat_begins_with_it(site: Site) -> None:
    site.server.settings = settings(can=CAN)
    visit = await site.visit(consent="true")
    await until(lambda: site.server.here)
    site.server.asked = ASKED
    await expect(visit.page.locator(".invite p")).to_have_text(ASKED["text"])
    await until(lambda: site.server.here[-1].get("state") == "invited")
    await visit.page.get_by_role("button", name="Start the conversation").click()
    await expect(visit.bubbles).to_have_text([ASKED["text"]])
    await visit.write("Yes, please")
    (message,) = await until(lambda: site.server.sent("message"))
    assert message["invitation"] == ASKED["id"]
    await until(lambda: site.server.here[-1].get("state") == "chat")
    assert site.server.told == []


@in_browser
async def test_who_closed_one_is_not_asked_again(site: Site) -> None:
    site.server.settings = settings(can=CAN)
    site.server.asked = ASKED
    visit = await site.visit(consent="true")
    await visit.page.get_by_role("button", name="No, thanks").click()
    await until(lambda: site.server.here[-1].get("state") == "closed")
    await visit.page.reload()
    count = len(site.server.here)
    await until(lambda: len(site.server.here) > count + 1)
    await expect(visit.page.locator(".invite")).to_have_count(0)
