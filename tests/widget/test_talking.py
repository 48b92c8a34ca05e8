"""A conversation in a real browser: writing, answers, files, marks, and what comes before and after."""

from __future__ import annotations

import struct
import zlib

from playwright.async_api import expect
from tests.helpers.until import until
from tests.widget.browser import Site, in_browser
from tests.widget.simulator import settings

NASTY = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    '"><svg/onload=alert(1)>',
    "{{7*7}} ${7*7} &lt;b&gt; &amp; \u202etxt.exe",
]


@in_browser
async def test_write_and_be_answered(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Where is my order?\nIt is 4417")
    await until(lambda: site.server.texts() == ["Where is my order?\nIt is 4417"])
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await site.server.tell({"t": "read", "upto": 1})
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Read")
    await site.server.tell({"t": "typing", "on": True, "agent": {"name": "Jonas Weber", "picture": None}})
    await expect(visit.page.get_by_role("status").first).to_have_text("Jonas Weber is typing")
    await site.server.says("It comes on Thursday: https://parcel.example/4417.")
    await expect(visit.page.locator(".dots")).to_be_hidden()
    await expect(visit.page.get_by_role("link")).to_have_attribute("href", "https://parcel.example/4417")
    await expect(visit.page.locator(".agent .foot")).to_contain_text("Jonas Weber")
    await visit.write("Thanks")
    await expect(visit.page.locator(".mine .foot").last).to_contain_text("Delivered")
    await site.server.says("You are welcome")
    await expect(visit.page.locator(".mine .foot").last).to_contain_text("Read")  # who answers has read it
    await until(lambda: {"t": "seen", "upto": 2, "state": "read"} in site.server.frames)
    await site.picture(visit, "light")


@in_browser
async def test_text_is_never_markup(site: Site) -> None:
    site.server.settings = settings(
        name=NASTY[0], texts={"greeting": NASTY[1], "offline": NASTY[0], "consent": NASTY[0]}
    )
    visit = await site.chat()
    for nasty in NASTY:
        await site.server.says(
            nasty,
            agent=nasty,
            files=[{"name": nasty, "type": nasty, "size": 1, "url": nasty, "picture": True}],
        )
    await visit.write(NASTY[0])
    await expect(visit.bubbles).to_have_text([*NASTY, NASTY[0]])
    await expect(
        visit.page.locator(
            "agentdesk-chat img, agentdesk-chat script, agentdesk-chat .log svg:not([aria-hidden])"
        )
    ).to_have_count(0)
    targets = await visit.page.get_by_role("link").evaluate_all("links => links.map(link => link.href)")
    assert all(target.startswith(f"{site.server.server}/") for target in targets)


@in_browser
async def test_the_form_before_the_chat(site: Site) -> None:
    fields = [("name", "text", False), ("email", "email", True), ("topic", "text", False)]
    site.server.settings = settings(
        pre_chat=[{"key": key, "type": kind, "required": required} for key, kind, required in fields],
        consent=True,
        texts={"greeting": "Ask us!", "offline": "", "consent": "I agree: https://shop.example/privacy"},
    )
    visit = await site.chat()
    page = visit.page
    start = page.get_by_role("button", name="Start the conversation")
    await expect(page.get_by_role("heading", name="Ask us!")).to_be_visible()
    await expect(page.get_by_role("link")).to_have_attribute("href", "https://shop.example/privacy")
    await start.click()
    await expect(page.get_by_label("Email")).to_be_focused()
    await expect(page.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Email").fill("ana@")
    await page.get_by_role("checkbox").check()
    await start.click()
    await expect(page.get_by_text("Please give a full email address.")).to_be_visible()
    await page.get_by_label("Email").fill("ana@shop.example")
    await start.click()
    await expect(visit.text).to_be_focused()
    await visit.write("Hello")
    await until(lambda: site.server.texts())
    kinds = [frame["t"] for frame in site.server.frames if frame["t"] in ("profile", "message")]
    assert kinds == ["profile", "message"]
    assert site.server.profile == {"name": "", "email": "ana@shop.example", "topic": "", "consent": True}
    await page.reload()
    await expect(visit.text).to_be_visible()  # who is known is not asked again


@in_browser
async def test_files_and_pictures(site: Site) -> None:
    visit = await site.chat()
    picture = {"name": "käse.png", "mimeType": "image/png", "buffer": _png(40, 20)}
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"hello"}
    await visit.page.locator("input[type=file]").first.set_input_files([picture, note])
    await visit.page.get_by_role("button", name="Remove note.txt").click()
    await visit.text.press("Enter")
    await until(lambda: site.server.texts() == [""])
    assert [upload["name"] for upload in site.server.uploads.values()] == ["k%C3%A4se.png"]
    canvas = visit.page.locator(".picture canvas")
    await expect(canvas).to_be_visible()
    assert await canvas.evaluate("it => [it.width, it.height]") == [40, 20]


@in_browser
async def test_files_that_cannot_go(site: Site) -> None:
    visit = await site.chat()
    heavy = {"name": "big.bin", "mimeType": "application/x", "buffer": b"x" * 1001}
    await visit.page.locator("input[type=file]").first.set_input_files([heavy])
    await expect(visit.page.get_by_role("alert")).to_have_text("big.bin is too large. The limit is 1 kB.")
    site.server.refuse["upload"] = {"code": "media_type"}
    page = {"name": "page.html", "mimeType": "text/html", "buffer": b"<b>"}
    await visit.page.locator("input[type=file]").first.set_input_files([page])
    await visit.text.press("Enter")
    await expect(visit.page.get_by_text("Files of this kind cannot be sent.")).to_be_visible()
    await visit.write("Then without")
    await until(lambda: site.server.texts() == ["Then without"])
    await visit.page.locator(".failed").get_by_role("button", name="Delete").click()
    await expect(visit.page.locator(".mine")).to_have_count(1)


@in_browser
async def test_drop_and_paste(site: Site) -> None:
    visit = await site.chat()
    give = """(it, kind) => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], kind + ".txt", {type: "text/plain"}));
        const field = kind === "paste" ? {clipboardData: data} : {dataTransfer: data};
        const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
        it.dispatchEvent(new Kind(kind, {...field, bubbles: true, cancelable: true}));
    }"""
    await visit.panel.evaluate(give, "dragover")
    await expect(visit.panel).to_have_class("panel over")
    await visit.panel.evaluate(give, "drop")
    await visit.text.evaluate(give, "paste")
    await expect(visit.page.locator(".waiting .chip")).to_contain_text(["drop.txt", "paste.txt"])
    await visit.text.press("Enter")
    await until(lambda: len(site.server.uploads) == 2 and site.server.texts())


@in_browser
async def test_unread_messages_are_told_and_read(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await visit.page.get_by_role("button", name="Minimise chat").first.click()
    await site.server.says("One")
    await site.server.says("Two")
    await expect(visit.launcher).to_have_accessible_name("Open chat, new messages: 2")
    await expect(visit.page.locator(".badge")).to_have_text("2")
    await expect(visit.page).to_have_title("(2) A shop")
    assert not [frame for frame in site.server.sent("seen") if frame["state"] == "read" and frame["upto"] > 1]
    await visit.launcher.click()
    await expect(visit.page).to_have_title("A shop")
    await until(lambda: {"t": "seen", "upto": 3, "state": "read"} in site.server.frames)


@in_browser
async def test_typing_is_told_now_and_then(site: Site) -> None:
    visit = await site.chat()
    await expect(visit.panel).to_be_visible()
    await until(lambda: site.server.sockets)
    await visit.text.press_sequentially("Hello")
    await until(lambda: site.server.sent("typing"))
    await visit.text.press("Enter")
    await until(lambda: site.server.texts() == ["Hello"])
    assert [frame["on"] for frame in site.server.sent("typing")] == [True, False]


@in_browser
async def test_after_the_conversation(site: Site) -> None:
    visit = await site.chat()
    await visit.write("Thanks")
    await site.server.says("You are welcome")
    await visit.choose("Email me a copy")
    await visit.page.get_by_label("Email").fill("ana@shop.example")
    await visit.page.get_by_role("button", name="Send").click()
    await expect(visit.page.get_by_text("The copy is on its way to ana@shop.example.")).to_be_visible()
    await visit.choose("End conversation")
    await expect(visit.page.get_by_role("heading", name="How did Jonas Weber do?")).to_be_visible()
    await visit.page.get_by_role("button", name="Email me a copy").click()
    await visit.page.get_by_role("button", name="Cancel").click()
    await visit.page.get_by_role("button", name="Send").click()
    await expect(visit.page.get_by_text("Please fill this in.")).to_be_visible()
    await visit.page.get_by_role("radio", name="Good").check()
    await visit.page.get_by_role("radio", name="6").check()
    await visit.page.get_by_label("Anything we should know?").fill("All fine")
    await site.picture(visit, "survey")
    await visit.page.get_by_role("button", name="Send").click()
    await expect(visit.page.get_by_text("Thank you!")).to_be_visible()
    await until(lambda: site.server.sent("survey"))
    survey, copy = site.server.sent("survey")[0], site.server.sent("transcript")[0]
    assert (survey["score"], survey["effort"], survey["text"]) == (4, 6, "All fine")
    assert copy["email"] == "ana@shop.example"
    await visit.page.reload()
    await expect(visit.text).to_be_visible()  # it is asked once


@in_browser
async def test_where_the_team_sees_it_what_is_typed_goes_along_and_the_visitor_is_told(site: Site) -> None:
    site.server.settings = settings(can=["typing", "preview"])
    visit = await site.chat()
    field = visit.text
    await until(lambda: site.server.sockets)
    await expect(field).to_have_accessible_description("We see what you write before you send it.")
    await field.press_sequentially("Hello")
    await until(lambda: [f for f in site.server.sent("typing") if f.get("text") == "Hello"])
    told = len(site.server.sent("typing"))
    assert told <= 3, "once a second at most"
    await field.press("Enter")
    await until(lambda: site.server.sent("typing")[-1] == {"t": "typing", "on": False, "text": ""})


@in_browser
async def test_only_what_the_server_can(site: Site) -> None:
    site.server.settings = settings(can=[])
    visit = await site.chat()
    await visit.write("Hello")
    await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
    await expect(visit.page.get_by_role("button", name="Attach a file")).to_be_hidden()
    await visit.page.get_by_role("button", name="More options").click()
    await expect(visit.page.locator(".menu button")).to_have_text(["Turn sound off"])
    assert not [frame for frame in site.server.frames if frame["t"] in ("typing", "seen")]


@in_browser
async def test_changed_and_deleted_messages(site: Site) -> None:
    visit = await site.chat()
    await site.server.says("Frist")
    await site.server.says("Second")
    await site.server.add({"kind": "edited", "of": "line-000001", "text": "First"})
    await site.server.add({"kind": "deleted", "of": "line-000002"})
    await site.server.add({"kind": "of another time"})
    await expect(visit.bubbles).to_have_text(["First"])
    await expect(visit.page.locator(".agent").last).to_contain_text("This message was deleted")


@in_browser
async def test_earlier_messages_come_when_asked_for(site: Site) -> None:
    for number in range(1, 71):
        await site.server.says(f"Message {number}")
    visit = await site.chat()
    await expect(visit.bubbles).to_have_count(50)
    await visit.page.get_by_role("button", name="Earlier messages").click()
    await expect(visit.bubbles).to_have_count(70)
    await expect(visit.bubbles.first).to_have_text("Message 1")
    await expect(visit.page.get_by_role("button", name="Earlier messages")).to_be_hidden()


@in_browser
async def test_when_nobody_is_there(site: Site) -> None:
    site.server.settings = settings(
        online=False, texts={"greeting": "", "offline": "Back on Monday.", "consent": ""}
    )
    visit = await site.chat()
    await expect(visit.page.get_by_text("Nobody is here right now")).to_be_visible()
    await expect(visit.page.get_by_text("Back on Monday.")).to_be_visible()
    await site.server.tell({"t": "status", "online": True, "agent": {"name": "Jonas", "picture": None}})
    await expect(visit.page.get_by_text("Jonas is here")).to_be_visible()
    await expect(visit.page.get_by_text("Back on Monday.")).to_be_hidden()
    back = {"online": False, "back": "2026-11-23T08:00:00.000Z", "agent": None}
    await site.server.tell({"t": "status", **back})
    await expect(visit.page.get_by_text("We are back: Monday 23 November")).to_be_visible()
    await site.server.tell({"t": "status", "online": True, "agent": None, "place": 2, "minutes": 3})
    waits = "Your place in the queue: 2. Wait: about 3 minutes."
    await expect(visit.page.get_by_text(waits)).to_be_visible()
    await site.server.says("Here I am")
    await expect(visit.page.get_by_text(waits)).to_be_hidden()


@in_browser
async def test_emoji(site: Site) -> None:
    visit = await site.chat()
    await visit.text.fill("Hello ")
    await visit.page.get_by_role("button", name="Insert an emoji").click()
    await visit.page.get_by_role("button", name="👍").click()
    await expect(visit.text).to_have_value("Hello 👍")
    await expect(visit.text).to_be_focused()


def _png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
