"""The whole way: a visitor writes on a page, an agent answers at the desk, the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.domain.visits import Trail
from agentdesk.queries.rows import View
from agentdesk.store.base import metadata
from agentdesk.store.tables import chat_post, contact, contact_identity, event, message
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.presence import Other

NewPage = Callable[..., Page]


async def _first(desk: LocalDesk) -> SendReply:
    """An empty reply to the only conversation in the desk's queue."""

    async def there() -> bool:
        return len(await desk.queue_ids(View(kind="all"))) == 1

    await until(there, what="one conversation at the desk")
    (conversation_id,) = await desk.queue_ids(View(kind="all"))
    timeline = await desk.timeline(conversation_id)
    sender = timeline.messages[0].sender
    assert sender is not None
    return SendReply(message_id=new_id(), conversation_id=conversation_id, to=(sender,), text="")


def _saying(reply: SendReply, text: str) -> SendReply:
    return SendReply(message_id=new_id(), conversation_id=reply.conversation_id, to=reply.to, text=text)


async def test_a_visitor_writes_and_gets_the_answer_of_the_desk(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    page = new_page()
    welcome = await page.connect()
    assert (welcome["cursor"], welcome["from"], welcome["fresh"]) == (0, 1, True)
    assert welcome["online"] is True
    await page.write("Where is my <b>parcel</b>?")
    await page.shows("Where is my <b>parcel</b>?")
    reply = await _first(desk)
    (row,) = await desk.queue_rows([reply.conversation_id])
    assert (row.channel, row.preview) == ("chat", "Where is my <b>parcel</b>?")

    answer = _saying(reply, "It left this morning.")
    await desk.do(answer)
    await page.shows("Where is my <b>parcel</b>?", "It left this morning.")
    line = page.lines[-1]
    assert (line["from"], line["agent"]) == ("agent", {"name": "Maria Sol", "picture": None})

    await page.write("Thank you")
    await site.texts(2)
    (conversation,) = await site.conversations()
    assert (conversation.preview, conversation.unread) == ("Thank you", True)


async def test_marks_of_the_page_are_ticks_at_the_desk(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    answer = _saying(await _first(desk), "Good day")
    await desk.do(answer)
    await page.shows("Hello", "Good day")

    async def state() -> str:
        (row,) = await site.rows(message, message.c.id == answer.message_id)
        return str(row.delivery)

    async def is_sent() -> bool:
        return await state() == "sent"

    await until(is_sent)
    for mark in ("delivered", "read", "delivered"):
        await page.send({"t": "seen", "upto": 2, "state": mark})

    async def is_read() -> bool:
        return await state() == "read"

    await until(is_read)

    async def all_taken() -> bool:
        return not await site.rows(chat_post)

    await until(all_taken)

    async def at_the_desk() -> bool:
        timeline = await desk.timeline(answer.conversation_id)
        return [one.delivery for one in timeline.messages] == ["", "read"]

    await until(at_the_desk)


async def test_where_the_visitor_is_comes_with_the_conversation(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.send(
        {
            "t": "profile",
            "id": "profile-1",
            "name": "Ana",
            "email": "ana@else.example",
            "topic": "Delivery",
            "consent": True,
        }
    )
    await page.came("ack", id="profile-1")
    await page.write("Hello")
    await site.texts(1)
    (person,) = await site.rows(contact)
    assert (person.name, person.language, person.time_zone) == ("Ana", "de", "Europe/Berlin")
    (began,) = await site.rows(event, event.c.kind == "created")
    assert began.data["visit"] == {
        "page": "https://shop.example/cart",
        "title": "Cart",
        "email": "ana@else.example",
    }
    (conversation,) = await site.conversations()
    assert conversation.subject == "Delivery"


async def test_both_see_each_other_type(site: ChatSite, desk: LocalDesk, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    conversation_id = (await _first(desk)).conversation_id
    (conversation,) = await site.conversations()

    desk.be_at(conversation_id, "")
    assert (await page.came("read"))["upto"] == 1
    desk.be_at(conversation_id, "reply")
    typing = await page.came("typing", on=True)
    assert typing["agent"]["name"] == "Maria Sol"
    desk.be_at(conversation_id, "note")
    await page.came("typing", on=False)

    await page.send({"t": "typing", "on": True})
    await until(lambda: desk.others_at(conversation_id) == (Other(conversation.contact_id, "reply"),))
    await page.send({"t": "typing", "on": False})
    await until(lambda: desk.others_at(conversation_id) == (Other(conversation.contact_id),))


async def test_what_a_visitor_wrote_is_counted(site: ChatSite, desk: LocalDesk, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    for text in ("Hello", "Hello?", "Anybody?"):
        await page.write(text)
    await site.texts(3)
    here = (await _first(desk)).conversation_id

    async def times() -> list[datetime] | None:
        rows = (await desk.timeline(here)).messages
        return [row.created_at for row in rows] if len(rows) == 3 else None

    first, _second, last = await until(times, what="all are at the desk")
    assert await desk.written_since({here: first, new_id(): first}) == {here: 2}
    assert await desk.written_since({here: last}) == {}
    assert await desk.written_since({}) == {}


async def test_what_a_visitor_types_is_seen_where_the_widget_says_so(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    site = await ChatSite.make(migrated_sqlite_url, tmp_path, preview="true")
    page, desk = Page(site), LocalDesk(tmp_path / "desk", site.address, "maria", keys=keys())
    await desk.start()
    try:
        assert "preview" in (await page.connect())["can"]
        await page.write("Hello")
        here = (await _first(desk)).conversation_id

        def typed() -> list[str]:
            return [other.text for other in desk.others_at(here)]

        desk.be_at(here, "")
        await page.send({"t": "typing", "on": True, "text": "My riddle\x00 is"})
        await until(lambda: typed() == ["My riddle\ufffd is"], what=typed)
        await page.send({"t": "typing", "on": True, "text": "x" * 1_001})
        await page.came("error", code="bad_frame")
        await page.write("My order is late")
        await until(lambda: typed() == [""], what="it is sent, and nothing is left of it")
        async with site.db.read() as conn:
            for table in metadata.sorted_tables:
                assert "riddle" not in str((await conn.execute(select(table))).all())
    finally:
        await desk.close()
        await page.close()
        await site.stop()


async def test_what_is_typed_is_not_passed_on_where_the_widget_says_nothing(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    page = new_page()
    assert "preview" not in (await page.connect())["can"]
    await page.write("Hello")
    here = (await _first(desk)).conversation_id
    desk.be_at(here, "")
    await page.send({"t": "typing", "on": True, "text": "My riddle"})
    await until(lambda: [other.writing for other in desk.others_at(here)] == ["reply"])
    assert [other.text for other in desk.others_at(here)] == [""]


async def test_the_desk_knows_who_has_their_page_open(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    here = (await _first(desk)).conversation_id
    (conversation,) = await site.conversations()

    def there() -> bool | None:
        return desk.visitor_at(here, conversation.contact_id)

    await until(there)
    seen: list[bool | None] = []
    forget = desk.subscribe(lambda _: seen.append(there()))
    await page.connect()  # they go to another page of the shop
    await page.write("And another thing", "second-message")
    await until(lambda: seen)
    assert False not in seen
    forget()
    site.chat._watching._left_seconds = 0.0
    await page.leave()
    site.chat._watching.close()  # who is waited for is not waited for any more
    await until(lambda: there() is False)
    await desk.close()
    assert there() is None


async def test_the_desk_is_shown_where_the_visitor_is(
    site: ChatSite, desk: LocalDesk, new_page: NewPage
) -> None:
    page = new_page()
    page.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
    await page.connect()
    await page.write("Hello")
    await _first(desk)
    (conversation,) = await site.conversations()

    async def trail() -> Trail | None:
        detail = await desk.contact(conversation.contact_id)
        return detail.trail() if detail is not None else None

    async def urls(*wanted: str) -> bool:
        known = await trail()
        pages = known.visits[-1].pages if known is not None else ()
        return [one.url for one in pages] == list(wanted)

    await until(lambda: urls("https://shop.example/cart"))
    known = await trail()
    assert known is not None
    assert (known.browser, known.system, known.language) == ("Firefox 132", "Linux", "de")
    assert known.time_zone == "Europe/Berlin"
    await page.send(
        {"t": "page", "page": {"url": "https://shop.example/pay", "title": "<b>Pay", "referrer": ""}}
    )
    await until(lambda: urls("https://shop.example/cart", "https://shop.example/pay"))
    for number in range(30):  # faster than anybody reads
        there = {"url": f"https://shop.example/{number}", "title": "", "referrer": ""}
        await page.send({"t": "page", "page": there})
    await page.write("Where am I?", "second-message")
    (identity,) = await site.rows(contact_identity)
    assert identity.ver <= 12
