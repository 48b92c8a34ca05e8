"""Invitations on a page: when they come up, and that they never do so twice."""

from __future__ import annotations

from playwright.async_api import expect
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.simulator import settings
from tests.widget.test_page import axe

QUESTION = {"id": "0198f0c2-7a51-7c9e-8f1d-00000000000a", "text": "Which <b>desk</b> fits?"}
HELP = {"id": "0198f0c2-7a51-7c9e-8f1d-00000000000b", "text": "Can we help?", "address": "/shop/help*"}
BOX = """() => {
    const button = document.body.appendChild(document.createElement("button"));
    const size = {width: "160px", height: "80px"};
    Object.assign(button.style, {position: "fixed", bottom: "110px", right: "40px", ...size});
}"""


async def _invited(site: Site, visit: Visit) -> None:
    await expect(visit.page.locator(".invite p")).to_have_text(QUESTION["text"])
    await until(lambda: site.server.told == ["shown"])


@in_browser
async def test_what_is_accepted_is_the_first_line(site: Site) -> None:
    site.server.settings = settings(invitations=[HELP, QUESTION])
    visit = await site.visit()
    await _invited(site, visit)
    assert await axe(visit) == []
    await site.picture(visit, "invitation")
    assert site.server.frames == []  # nobody has said hello
    await visit.page.get_by_role("button", name="Start the conversation").click()
    await expect(visit.bubbles).to_have_text([QUESTION["text"]])
    await visit.page.reload()
    await expect(visit.bubbles).to_have_text([QUESTION["text"]])
    await visit.write("The small one")
    await expect(visit.bubbles).to_have_text([QUESTION["text"], "The small one"])
    await visit.write("In oak")
    await expect(visit.bubbles).to_have_text([QUESTION["text"], "The small one", "In oak"])
    first, second = site.server.sent("message")
    assert (first["invitation"], "invitation" in second) == (QUESTION["id"], False)
    assert site.server.told == ["shown", "accepted"]


@in_browser
async def test_what_is_closed_stays_closed(site: Site) -> None:
    site.server.settings = settings(invitations=[QUESTION])
    visit = await site.visit(lang="ar", dir="rtl", theme="dark")
    await _invited(site, visit)
    await site.picture(visit, "invitation-dark")
    await visit.page.keyboard.press("Tab")
    await visit.page.keyboard.press("Escape")
    await expect(visit.page.locator(".invite")).to_have_count(0)
    await expect(visit.launcher).to_be_focused()
    kept = "JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith('agentdesk:'))[1])"
    refused = await visit.page.evaluate(f"Date.now() - {kept}.refused")
    assert 0 <= refused < 3_600_000
    await visit.page.evaluate(f"""() => {{
        const [key] = Object.keys(localStorage).filter(one => one.startsWith("agentdesk:"));
        localStorage.setItem(key, JSON.stringify({{...{kept}, visit: undefined}}));  // another visit
    }}""")
    await visit.page.clock.install()
    await visit.page.reload()
    await visit.launcher.wait_for()
    await visit.page.clock.run_for(29 * 86_400_000 // 100)
    await expect(visit.page.locator(".invite")).to_have_count(0)
    assert site.server.told == ["shown", "closed"]


@in_browser
async def test_it_covers_no_controls_and_waits_for_no_open_chat(site: Site) -> None:
    site.server.settings = settings(invitations=[QUESTION])
    visitor = await site.visitor()
    await visitor.add_init_script(f"addEventListener('DOMContentLoaded', {BOX})")
    await visitor.clock.install()  # before the page has any timers
    visit = await site.visit(visitor)
    await visit.launcher.wait_for()
    await visit.page.clock.run_for(5_000)
    await expect(visit.page.locator(".invite")).to_have_count(0)
    await visit.page.evaluate("document.querySelector('body > button').remove()")
    await visit.page.clock.run_for(2_000)
    await _invited(site, visit)
    await visit.launcher.click()
    await expect(visit.page.locator(".invite")).to_have_count(0)
