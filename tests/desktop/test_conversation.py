"""The conversation: opening, following, folding, paging."""

from __future__ import annotations

import asyncio
import gc
import weakref
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled, shown

from agentdesk.commands.values import (
    AnyCommand,
    MarkRead,
)
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.body import MessageBody
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.messages.folded import FoldedCard
from agentdesk.desktop.views.messages.lines import EventGroup, NewLine
from agentdesk.desktop.views.transcript_plan import Events, Mail, New, first_new, plan
from agentdesk.queries.rows import MessageRow

ANA, TOM, NOAH, PETER, WEI = 4417, 4390, 5102, 5099, 4901


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _done(desk: FakeDesk, kind: type[AnyCommand]) -> list[AnyCommand]:
    return [command for command in desk.commands if isinstance(command, kind)]


def _message(desk: FakeDesk, number: int, **wanted: str) -> MessageRow:
    here = desk.find(number)
    rows = [row for row in desk.world.messages.values() if row.conversation_id == here]
    return next(row for row in rows if all(getattr(row, name) == value for name, value in wanted.items()))


# --- opening ---


async def test_the_last_call_wins_whichever_is_answered_first(desk: FakeDesk) -> None:
    slow, quick = desk.find(ANA), desk.find(TOM)
    desk.gates[slow] = asyncio.Event()
    async with shown(ConversationView(desk)) as view:
        first = asyncio.ensure_future(view.open(slow))
        await settled()
        await view.open(quick)
        desk.gates[slow].set()
        await first
        await settled()
        assert view.conversation_id == quick
        assert {row.conversation_id for row in view.transcript.rows()} == {quick}
        assert view.composer.conversation_id == quick


async def test_opening_marks_it_read_once(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        assert _done(desk, MarkRead) == [MarkRead(conversation_id=desk.find(ANA))]
        await view.open(desk.find(ANA))
        assert len(_done(desk, MarkRead)) == 1


async def test_opening_what_is_open_keeps_what_is_new_and_the_place(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        line = view.transcript.findChild(NewLine)
        await view.open(desk.find(ANA))
        await settled(20)
        assert view.transcript.findChild(NewLine) is line
        await view.open(desk.find(TOM))
        await view.open(desk.find(ANA))
        await settled()
        assert view.transcript.findChild(NewLine) is None


async def test_a_conversation_that_leaves_the_desk_is_closed_and_its_text_kept(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        here = desk.find(ANA)
        QTest.keyClicks(view.composer.box.text, "Hola")
        del desk.world.conversations[here]
        desk.emit(conversation={here})
        await until(view.empty.isVisible)
        assert "has left your inboxes" in view.empty.accessibleName()
        assert view.conversation_id is None
        assert view.composer.conversation_id is None

        async def kept() -> bool:
            draft = await desk.draft(here, "reply")
            return draft is not None and draft.text == "Hola"

        await until(kept)


async def test_nothing_open_nothing_there_and_something_wrong(desk: FakeDesk) -> None:
    async with shown(ConversationView(desk)) as view:
        assert view.empty.isVisible()
        await view.open(UUID(int=1))
        await settled()
        assert "no longer exists" in view.empty.accessibleName()
        await view.open(desk.find(ANA))
        await settled()
        assert not view.empty.isVisible()
        view.clear()
        await settled()
        assert view.empty.isVisible()
        assert view.conversation_id is None


async def test_it_opens_at_what_is_new(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        line = view.transcript.findChild(NewLine)
        assert line is not None
        assert line.text() == "New since you last looked"
        assert _on_screen(view, line)


async def test_without_anything_new_it_opens_at_its_end(desk: FakeDesk) -> None:
    async with conversation(WEI, desk) as view:
        assert view.transcript.is_at_end()
        assert view.transcript.findChild(NewLine) is None


async def test_the_place_is_remembered(desk: FakeDesk) -> None:
    async with conversation(WEI, desk) as view:
        bar = view.transcript.verticalScrollBar()
        bar.setValue(bar.maximum() // 2)
        await settled()
        entry = _topmost(view)
        before = (entry.row.id, _top(view, entry))
        await view.open(desk.find(ANA))
        await view.open(desk.find(WEI))
        await settled()
        again = _topmost(view)
        assert (again.row.id, _top(view, again)) == before


async def test_what_is_left_is_let_go(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        entries = [weakref.ref(entry) for entry in view.transcript.entries()]
        bodies = [weakref.ref(body) for body in view.findChildren(MessageBody)]
        assert len(entries) > 5
        assert len(bodies) > 2
        for number in (TOM, NOAH, TOM):
            await view.open(desk.find(number))
            await settled()
        gc.collect()
        assert [entry() for entry in entries if entry() is not None] == []
        assert [body() for body in bodies if body() is not None] == []


# --- following ---


async def test_a_new_message_at_the_end_is_shown_and_read(desk: FakeDesk) -> None:
    async with conversation(TOM, desk) as view:
        row = desk.receive(desk.find(TOM), "Any news?")
        card = await until(lambda: view.transcript.card(row.id))
        await settled()
        assert view.transcript.is_at_end()
        assert _on_screen(view, card)


async def test_a_note_of_a_colleague_is_shown_although_the_conversation_stays_the_same(
    desk: FakeDesk,
) -> None:
    async with conversation(TOM, desk) as view:
        await settled()
        colleague = next(user for user in desk.world.users.values() if user != desk.me)
        row = desk.thread(desk.find(TOM)).note(colleague, 0, "Ask the warehouse.")
        desk.emit(message={row.id}, timeline={desk.find(TOM)})
        await until(lambda: view.transcript.card(row.id))


async def test_arriving_messages_do_not_move_what_is_being_read(desk: FakeDesk) -> None:
    async with conversation(WEI, desk) as view:
        bar = view.transcript.verticalScrollBar()
        bar.setValue(bar.maximum() // 2)
        await settled()
        entry = _topmost(view)
        before = _top(view, entry)
        desk.receive(desk.find(WEI), "你好")
        desk.receive(desk.find(WEI), "在吗")
        await until(lambda: view.transcript.below == 2)
        await settled()
        assert _top(view, entry) == before
        view.transcript.scroll_to_end()
        await settled()
        assert view.transcript.below == 0


async def test_a_change_reaches_the_same_widget(desk: FakeDesk) -> None:
    sent = _message(desk, ANA, delivery="delivered")
    async with conversation(ANA, desk) as view:
        card = view.transcript.card(sent.id)
        assert card is not None
        body = card.content
        desk.change_message(sent.id, delivery="read", delivery_at=sent.created_at)
        await until(lambda: card.delivery.text().startswith("Read"))
        assert view.transcript.card(sent.id) is card
        assert card.content is body


async def test_a_message_that_was_taken_back_goes(desk: FakeDesk) -> None:
    async with conversation(TOM, desk) as view:
        QTest.keyClicks(view.composer.box.text, "Hello")
        await view.composer.send()
        count = await until(lambda: len(view.transcript.rows()) == 6)
        assert count
        await view.composer.undo()
        await until(lambda: len(view.transcript.rows()) == 5)


async def test_everything_may_have_changed(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        desk.thread(desk.find(ANA)).set(subject="Something else")
        desk.emit()
        await until(lambda: "Something else" in view.head.accessibleName())


# --- folding and paging ---


async def test_old_emails_are_one_line_until_pressed(desk: FakeDesk) -> None:
    async with conversation(WEI, desk) as view:
        folded = [entry for entry in view.transcript.entries() if isinstance(entry, FoldedCard)]
        whole = [entry for entry in view.transcript.entries() if isinstance(entry, MessageCard)]
        assert len(whole) == 3
        assert len(folded) > 20
        row = folded[-1].row
        QTest.mouseClick(folded[-1], Qt.MouseButton.LeftButton)
        await settled()
        card = view.transcript.card(row.id)
        assert card is not None
        assert card.content is not None
        desk.receive(desk.find(WEI), "新的")
        await until(lambda: len(view.transcript.rows()) == 41)
        assert view.transcript.card(row.id) is card


async def test_older_pages_come_on_top_without_moving_anything(desk: FakeDesk) -> None:
    async with conversation(WEI, desk) as view:
        assert len(view.transcript.rows()) == 40
        bar = view.transcript.verticalScrollBar()
        bar.setValue(bar.minimum() + 30)
        await settled()
        entry = _topmost(view)
        before = _top(view, entry)
        await until(lambda: len(view.transcript.rows()) == 80)
        await settled()
        assert abs(_top(view, entry) - before) <= 1
        for _ in range(8):
            bar.setValue(0)
            await settled(20)
        await until(lambda: len(view.transcript.rows()) == 150)
        assert len(view.transcript.entries()) <= 160
        view.transcript.scroll_to_end()
        await settled()
        assert view.transcript.is_at_end()


async def test_a_long_message_shows_its_beginning_until_unfolded(desk: FakeDesk) -> None:
    row = _message(desk, PETER, automatic="no", delivery="", subject="Faktura för april")
    long = next(r for r in desk.world.messages.values() if r.text.startswith("Tack. Kan ni"))
    assert row.conversation_id == long.conversation_id
    async with conversation(PETER, desk) as view:
        card = view.transcript.card(long.id)
        assert card is not None
        assert card.content is not None
        assert card.content.tail is not None
        short = card.height()
        QTest.mouseClick(card.content.tail.everything, Qt.MouseButton.LeftButton)
        await settled()
        assert card.height() > short * 1.5
        assert not card.content.tail.everything.isVisible()


async def test_the_history_unfolds(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        row = _message(desk, ANA, subject="Order 4417, walnut desk")
        content = view.transcript.card(row.id).content  # type: ignore[union-attr]
        assert content is not None
        assert content.tail is not None
        assert content.quoted is None
        content.tail.dots.click()
        await settled()
        assert content.quoted is not None
        assert "siento el silencio" in content.quoted.toPlainText()
        content.tail.dots.click()
        assert not content.quoted.isVisible()


async def test_text_can_be_selected_and_is_copied_without_markup(desk: FakeDesk) -> None:
    async with conversation(NOAH, desk) as view:
        body = view.transcript.entries()[-1].content.body  # type: ignore[attr-defined]
        cursor = body.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        body.setTextCursor(cursor)
        data = body.createMimeDataFromSelection()
        assert data.formats() == ["text/plain"]
        assert "Guten Tag" in data.text()


async def test_a_link_shows_where_it_really_leads(desk: FakeDesk) -> None:
    async with conversation(5050, desk) as view:
        body = view.transcript.entries()[-1].content.body  # type: ignore[attr-defined]
        body.highlighted.emit(QUrl("https://evil.example/"))
        assert view.link_hint.text() == "https://evil.example/"
        body.highlighted.emit(QUrl())
        assert view.link_hint.text() == ""


async def test_remote_pictures_load_only_when_asked_for(desk: FakeDesk) -> None:
    async with conversation(NOAH, desk) as view:
        content = view.transcript.entries()[-1].content  # type: ignore[attr-defined]
        assert desk.asked_pictures == []
        assert content.pictures_bar.isVisible()
        content.pictures_bar.load.click()
        await until(lambda: desk.asked_pictures == ["https://fischer.example/logo.png"])
        await until(lambda: not content.pictures_bar.isVisible())
        assert "remote:0" in content.body.toHtml()


async def test_many_events_in_a_row_are_one_line(desk: FakeDesk) -> None:
    here = desk.find(TOM)
    thread = desk.thread(here)
    for number in range(5):
        thread.event(1, "priority", desk.me, priority="high" if number % 2 else "low")
    async with conversation(TOM, desk) as view:
        group = view.transcript.findChild(EventGroup)
        assert group is not None
        short = group.height()
        group.toggle()
        await settled()
        assert group.height() > short * 3


def test_the_plan_of_a_transcript() -> None:
    desk = FakeDesk.sample(NOW)
    here = desk.find(ANA)
    rows = sorted((r for r in desk.world.messages.values() if r.conversation_id == here), key=lambda r: r.id)
    head = desk.world.conversations[here]
    new = first_new(head, rows, None)
    assert new == rows[2].id
    items = plan(
        rows, [row for row in desk.world.events.values() if row.conversation_id == here], new_from=new
    )
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["Day", "Events", "Mail", "Events", "Events", "Day", "Mail", "Day", "New", "Mail", "Mail"]
    assert [item.folded for item in items if isinstance(item, Mail)] == [False] * 4
    assert first_new(head, rows, rows[2].id) is None  # the note of a colleague is no news
    assert first_new(head, rows, rows[1].id) == rows[2].id
    assert any(isinstance(item, New) for item in items)
    assert all(len(item.rows) == 1 for item in items if isinstance(item, Events))


def test_a_conversation_begins_above_its_first_message() -> None:
    desk = FakeDesk.sample(NOW)
    here = desk.find(ANA)
    first = min((r for r in desk.world.messages.values() if r.conversation_id == here), key=lambda r: r.id)
    events = [row for row in desk.world.events.values() if row.conversation_id == here]
    began = next(row for row in events if row.kind == "created")
    for id_ in (UUID(int=first.id.int - 1), UUID(int=first.id.int + 1)):
        at_once = msgspec.structs.replace(began, id=id_, created_at=first.created_at)
        assert [type(item).__name__ for item in plan([first], [at_once])] == ["Day", "Events", "Mail"]


def _on_screen(view: ConversationView, widget: QWidget) -> bool:
    top = widget.mapTo(view.transcript.viewport(), QPoint(0, 0)).y()
    return -2 <= top < view.transcript.viewport().height()


def _topmost(view: ConversationView) -> FoldedCard | MessageCard:
    cards = [entry for entry in view.transcript.entries() if isinstance(entry, FoldedCard | MessageCard)]
    return next(entry for entry in cards if _top(view, entry) >= 0)


def _top(view: ConversationView, widget: QWidget) -> int:
    return widget.mapTo(view.transcript.viewport(), QPoint(0, 0)).y()
