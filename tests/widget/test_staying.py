"""What a visitor never loses: reloads, tabs, cut networks, servers that come back, tokens that do not."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, expect
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.simulator import WIDGET, Simulator


@in_browser
async def test_a_reload_keeps_the_conversation_the_draft_and_the_open_panel(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await site.server.says("Hi")
    await expect(visit.bubbles).to_have_text(["Hello", "Hi"])
    await visit.text.fill("half a sen")
    await visit.page.reload()
    await expect(visit.bubbles).to_have_text(["Hello", "Hi"])
    await expect(visit.text).to_have_value("half a sen")
    tokens = [frame["token"] for frame in site.server.sent("hello")]
    assert tokens == [None, site.server.token]


@in_browser
async def test_what_is_written_without_network_is_sent_once_and_in_order(site: Site) -> None:
    visit = await site.chat()
    await visit.write("before")
    await until(lambda: site.server.texts() == ["before"])
    await _take_network(site.server)
    await expect(visit.page.get_by_text("No connection.")).to_be_visible()
    for text in ("one", "two", "three"):
        await visit.write(text)
    await expect(visit.page.locator(".mine .foot").last).to_contain_text("Sending")
    await visit.page.reload()
    await expect(visit.page.get_by_text("No connection.")).to_be_visible()
    await expect(visit.bubbles).to_have_text(["one", "two", "three"])  # the browser has kept them
    await site.picture(visit, "no-network")
    site.server.network_down = False
    await _wake(visit.page)
    await until(lambda: site.server.texts() == ["before", "one", "two", "three"])
    await expect(visit.bubbles).to_have_text(["before", "one", "two", "three"])
    await expect(visit.page.get_by_text("No connection.")).to_be_hidden()
    assert await _waiting(visit) == 0


@in_browser
async def test_an_answer_that_is_lost_does_not_make_a_second_message(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    site.server.deaf = True
    await visit.write("Hello")
    first = (await until(lambda: site.server.sent("message")))[0]
    site.server.deaf = False
    await site.server.cut()
    await _wake(visit.page)
    again = await until(lambda: site.server.sent("message")[1:])
    assert again == [first]
    await expect(visit.bubbles).to_have_text(["Hello"])
    await until(lambda: site.server.texts() == ["Hello"])


@in_browser
async def test_what_is_answered_stays_in_sight_until_its_line_comes(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    site.server.lines_held = True
    for text in ("one", "two"):
        await visit.write(text)
    await until(lambda: site.server.texts() == ["one", "two"])  # the second goes when the first is answered
    await expect(visit.bubbles).to_have_text(["one", "two"])
    await site.server.catch_up()
    await expect(visit.page.get_by_text("Delivered")).to_have_count(1)
    await expect(visit.bubbles).to_have_text(["one", "two"])
    assert len(site.server.sent("message")) == 2
    assert await _waiting(visit) == 0


@in_browser
async def test_lines_of_the_time_away_come_after_it(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await _take_network(site.server)
    await site.server.says("Are you there?")
    site.server.network_down = False
    await _wake(visit.page)
    await expect(visit.bubbles).to_have_text(["Hello", "Are you there?"])
    assert site.server.sent("hello")[-1]["cursor"] == 1


@in_browser
async def test_without_websocket_it_asks_and_waits(site: Site) -> None:
    site.server.sockets_refused = True
    visit = await site.chat()
    await visit.write("Hello")
    await until(lambda: site.server.texts() == ["Hello"], 20)
    await site.server.says("Hi")
    await expect(visit.bubbles).to_have_text(["Hello", "Hi"])
    await visit.write("Again")
    await until(lambda: site.server.texts() == ["Hello", "Again"])
    await expect(visit.page.locator(".mine .foot").last).to_contain_text("Delivered")


@in_browser
async def test_a_token_that_nobody_knows_is_forgotten(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await until(lambda: site.server.texts() == ["Hello"])
    site.server.lines.clear()
    site.server.token = "n" * 43
    await site.server.cut()
    await expect(visit.bubbles).to_have_count(0)
    await visit.write("Hello again")
    await until(lambda: site.server.texts() == ["Hello again"])
    assert [frame["token"] for frame in site.server.sent("hello")][-1] is None


@in_browser
async def test_too_many_messages_are_sent_later_in_their_order(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    site.server.refuse["message"] = {"code": "slow_down", "retry": 1}
    for text in ("one", "two"):
        await visit.write(text)
    await until(lambda: site.server.texts() == ["one", "two"])
    assert [frame["text"] for frame in site.server.sent("message")] == ["one", "one", "two"]


@in_browser
async def test_a_refused_message_can_be_sent_again_or_taken_back(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    for text in ("one", "two"):
        site.server.refuse["message"] = {"code": "invalid"}
        await visit.write(text)
        await expect(visit.page.get_by_role("button", name="Not sent, tap to try again").last).to_be_visible()
    await visit.page.get_by_role("button", name="Not sent, tap to try again").first.click()
    await until(lambda: site.server.texts() == ["one"])
    await expect(visit.page.locator(".failed").get_by_role("button", name="Delete")).to_have_count(1)
    await visit.page.locator(".failed").get_by_role("button", name="Delete").click()
    await expect(visit.bubbles).to_have_text(["one"])
    assert await _waiting(visit) == 0


@in_browser
async def test_two_tabs_are_one_visitor(site: Site) -> None:
    visitor = await site.visitor()
    first = await site.chat(visitor)
    await first.write("Hello")
    await until(lambda: site.server.texts())
    second = await site.visit(visitor)
    await until(lambda: len(site.server.sockets) == 2)
    await site.server.says("Hi")
    await first.page.bring_to_front()
    await expect(first.bubbles).to_have_text(["Hello", "Hi"])
    await expect(second.launcher).to_have_accessible_name("Open chat")  # read in the other tab
    await second.launcher.click()
    await expect(second.bubbles).to_have_text(["Hello", "Hi"])
    await second.write("From here")
    await expect(first.bubbles).to_have_text(["Hello", "Hi", "From here"])
    assert site.server.texts() == ["Hello", "From here"]


@in_browser
async def test_what_waits_in_one_tab_is_shown_in_the_other(site: Site) -> None:
    visitor = await site.visitor()
    first, second = await site.chat(visitor), await site.chat(visitor)
    await until(lambda: len(site.server.sockets) == 2)
    site.server.refuse["message"] = {"code": "invalid"}
    await first.write("Hello")
    await expect(second.page.get_by_role("button", name="Not sent")).to_be_visible()
    await first.page.locator(".failed").get_by_role("button", name="Delete").click()
    await expect(second.bubbles).to_have_count(0)


@in_browser
async def test_two_tabs_that_begin_at_once_are_one_visitor(site: Site) -> None:
    """The other one's token is stored while this one's hello is under way."""
    site.server.held = asyncio.Event()
    visit = await site.chat()
    await visit.write("Hello")
    site.server.token = "o" * 43
    stored = json.dumps({"token": site.server.token})
    await visit.page.evaluate(f"localStorage.setItem('agentdesk:{WIDGET}', '{stored}')")
    site.server.held.set()
    await until(lambda: site.server.texts() == ["Hello"])
    assert [frame["token"] for frame in site.server.sent("hello")] == [None, "o" * 43]
    assert (
        await visit.page.evaluate(f"JSON.parse(localStorage.getItem('agentdesk:{WIDGET}')).token") == "o" * 43
    )


@in_browser
async def test_a_dead_connection_is_noticed(site: Site) -> None:
    visit = await site.visit()
    await visit.page.clock.install()
    await visit.page.reload()
    await visit.launcher.click()
    await until(lambda: site.server.sockets)
    site.server.deaf = True
    await visit.page.clock.run_for(38_000)
    await until(lambda: site.server.sent("ping"))
    assert len(site.server.sent("hello")) == 1
    await visit.page.clock.run_for(16_000)
    await until(lambda: len(site.server.sent("hello")) == 2)


@in_browser
async def test_the_browser_says_that_there_is_no_network(site: Site) -> None:
    visit = await site.chat()
    (socket,) = await until(lambda: site.server.sockets)
    offline = "window.dispatchEvent(new Event('offline'))"
    await visit.page.evaluate(offline)
    await until(lambda: site.server.sent("ping"))
    await visit.write("It is wrong")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    assert site.server.sockets == [socket], "who answers is there"
    site.server.deaf = site.server.network_down = True
    await visit.page.evaluate(offline)
    await expect(visit.page.get_by_text("No connection.")).to_be_visible()


@in_browser
async def test_signing_in_and_out_changes_whose_conversation_it_is(site: Site) -> None:
    visitor = await site.visitor()
    visit = await site.chat(visitor, identity='{"user_id": "7"}')
    await until(lambda: site.server.sent("hello"))
    assert site.server.sent("hello")[0]["identity"] == {"user_id": "7"}
    await until(lambda: site.server.sockets)
    await visit.page.goto(site.server.page("/signed-out"))
    await visit.launcher.wait_for()
    await until(lambda: len(site.server.sent("hello")) == 2)
    assert site.server.sent("hello")[1]["token"] is None


@in_browser
async def test_nobody_is_connected_before_opening(site: Site) -> None:
    visit = await site.visit()
    await expect(visit.launcher).to_be_visible()
    assert not site.server.frames
    assert (
        await visit.page.evaluate(
            "Object.keys(localStorage).filter(key => localStorage[key].includes('token'))"
        )
        == []
    )


@in_browser
async def test_another_address_of_the_same_page_is_told(site: Site) -> None:
    visit = await site.chat()
    await until(lambda: site.server.sockets)
    await visit.page.evaluate("history.pushState(null, '', '/shop/cart')")
    await visit.text.fill("x")
    await site.server.says("Hello")
    told = await until(lambda: site.server.sent("page"))
    assert told[0]["page"]["url"].endswith("/shop/cart")


@in_browser
async def test_a_visitor_who_was_blocked_is_told_so_and_may_come_back(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.bubbles).to_have_text(["Hello"])
    site.server.refuse["hello"] = {"code": "blocked"}
    await site.server.cut()
    await expect(visit.page.get_by_text("This chat has been closed.")).to_be_visible()
    await expect(visit.text).to_have_count(0)
    await expect(visit.bubbles).to_have_text(["Hello"])
    await visit.page.reload()
    await expect(visit.text).to_be_visible()
    await expect(visit.page.get_by_text("This chat has been closed.")).to_have_count(0)


@pytest.mark.parametrize("code", ["widget", "origin"])
def test_a_page_that_may_not_is_left_alone(site: Site, code: str) -> None:
    async def refused(site: Site) -> None:
        visit = await site.chat()
        await until(lambda: site.server.sockets)
        site.server.refuse["hello"] = {"code": code}
        await site.server.cut()
        await expect(visit.page.locator("agentdesk-chat")).to_have_count(0)

    in_browser(refused)(site)


async def _take_network(server: Simulator) -> None:
    server.network_down = True
    await server.cut()


async def _wake(page: Page) -> None:
    """Tell the page that the network is back, as the browser does."""
    await page.evaluate("window.dispatchEvent(new Event('online'))")


async def _waiting(visit: Visit) -> int:
    found = await visit.page.evaluate(
        f"Object.keys(localStorage).filter(key => key.startsWith('agentdesk:{WIDGET}:')).length"
    )
    return int(found)
