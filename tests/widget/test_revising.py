"""What a visitor has sent can be changed and taken back for some minutes; what agents change is followed."""

from __future__ import annotations

from playwright.async_api import expect
from tests.helpers.until import until
from tests.widget.browser import Site, in_browser
from tests.widget.simulator import settings


@in_browser
async def test_change_and_take_back(site: Site) -> None:
    """With the mouse, then with the keyboard; what was begun to be written stays."""
    visit = await site.chat()
    page = visit.page
    await visit.write("Where is my ordr?")
    await expect(page.locator(".mine .foot")).to_contain_text("Delivered")
    await visit.text.fill("And another")
    await visit.bubbles.hover()
    await page.get_by_role("button", name="Edit message").click()
    await expect(visit.text).to_be_focused()
    await expect(visit.text).to_have_value("Where is my ordr?")
    await site.picture(visit, "editing")
    await visit.text.fill("Where is my order?")
    await visit.text.press("Enter")
    await expect(visit.bubbles).to_have_text(["Where is my order?"])
    await expect(page.locator(".mine .foot")).to_contain_text("edited")
    await expect(visit.text).to_have_value("And another")
    await until(lambda: site.server.sent("edit"))
    assert site.server.sent("edit")[0]["of"] == site.server.lines[0]["id"]

    await page.get_by_role("button", name="Edit message").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(visit.text).to_have_value("And another")
    await expect(visit.panel).to_be_visible()
    await page.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    await expect(visit.bubbles).to_have_count(0)
    await expect(page.locator(".mine")).to_contain_text("This message was deleted")
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    assert len(site.server.sent("edit")) == 1


@in_browser
async def test_a_file_alone_can_be_taken_back(site: Site) -> None:
    visit = await site.chat()
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"x"}
    await visit.page.locator("input[type=file]").first.set_input_files([note])
    await visit.text.press("Enter")
    await expect(visit.page.locator(".mine a.chip")).to_contain_text("note.txt")
    await visit.page.locator(".mine").hover()
    await expect(visit.page.get_by_role("button", name="Edit message")).to_have_count(0)
    await visit.page.get_by_role("button", name="Delete").click()
    await expect(visit.page.locator(".mine")).to_contain_text("This message was deleted")
    await expect(visit.page.locator(".mine a")).to_have_count(0)


@in_browser
async def test_what_is_late_is_said_and_undone(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    site.server.refuse["delete"] = {"code": "late"}
    await visit.bubbles.hover()
    await visit.page.get_by_role("button", name="Delete").click()
    await expect(visit.page.locator(".strip")).to_have_text("This message can no longer be changed.")
    await expect(visit.bubbles).to_have_text(["Hello"])


@in_browser
async def test_old_messages_and_other_servers_offer_nothing(site: Site) -> None:
    old = {"kind": "message", "from": "visitor", "text": "Old", "at": "2026-11-22T11:54:59.000Z"}
    await site.server.add(old)
    await site.server.says("Hi")
    visit = await site.chat()
    await expect(visit.bubbles).to_have_text(["Old", "Hi"])
    edit = visit.page.get_by_role("button", name="Edit message")
    await expect(edit).to_have_count(0)
    site.server.settings = settings(can=["typing"])
    other = await site.chat()
    await other.write("New")
    await expect(other.page.locator(".mine .foot").last).to_contain_text("Delivered")
    await expect(other.page.get_by_role("button", name="Edit message")).to_have_count(0)


@in_browser
async def test_what_agents_change_is_followed(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    await site.server.says("It left todat")
    await site.server.says("Wrong chat")
    first, second = (line["id"] for line in site.server.lines)
    await site.server.add({"kind": "edited", "from": "agent", "of": first, "text": "It left today"})
    await site.server.add({"kind": "deleted", "from": "agent", "of": second, "text": ""})
    await expect(visit.bubbles).to_have_text(["It left today"])
    await expect(visit.page.locator(".agent").last).to_contain_text("This message was deleted")


@in_browser
async def test_a_change_without_network_is_shown_and_sent_later(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Helo")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    site.server.network_down = True
    await site.server.cut()
    await visit.bubbles.hover()
    await visit.page.get_by_role("button", name="Edit message").click()
    await expect(visit.text).to_have_value("Helo")
    await visit.text.fill("Hello")
    await visit.text.press("Enter")
    await expect(visit.bubbles).to_have_text(["Hello"])
    assert site.server.sent("edit") == []
    site.server.network_down = False
    await until(lambda: site.server.sent("edit"))
    await expect(visit.bubbles).to_have_text(["Hello"])
