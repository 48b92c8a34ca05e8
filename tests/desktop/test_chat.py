"""A live chat at the desk: plain text to the one visitor, at once, and who types shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.base import clock
from agentdesk.base.i18n import render
from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply, SendTranscript
from agentdesk.desktop.ask import Question
from agentdesk.desktop.models.colleagues import words_for_all
from agentdesk.desktop.models.queue import WRITERS_ROLE, QueueModel, headline, spoken
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.messages.lines import EventLine
from agentdesk.desktop.views.messages.words import event_words
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.domain.party import Party
from agentdesk.queries.rows import EventRow, Timeline
from agentdesk.sync.presence import Other

ANA, TOM = 4417, 4390
VISITOR = Party("chat", f"visitor-{ANA}", "Ana Ruiz")


@pytest.fixture
def desk() -> FakeDesk:
    """Ana's conversation is a chat."""
    made = FakeDesk.sample()
    make_chat(made, ANA)
    return made


async def test_a_reply_is_plain_text_to_the_visitor_and_goes_at_once(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        assert box._tile.accessibleName() == "Live chat"
        assert box._attach.isVisible()
        for missing in (box.edit_recipients, box._format):
            assert not missing.isVisible()
        assert box._summary.text() == "to Ana Ruiz"
        box.reply_text.set_content("", "<b>Good day</b>")
        await view.composer.send()
        (command,) = [one for one in desk.commands if isinstance(one, SendReply)]
        assert (command.text, command.html, command.to) == ("Good day", "", (VISITOR,))
        assert not view.composer.hold.isVisible()
        await view.open(desk.find(TOM))
        assert box.edit_recipients.isVisible()
        assert box._tile.accessibleName() == "Email"


async def test_what_the_visitor_types_shows_dim_until_it_is_sent(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        here = desk.find(ANA)
        visitor = desk.world.conversations[here].contact_id
        bubble = view.presence.preview
        assert bubble.text() == ""
        desk.colleagues(here, Other(visitor, "reply", text="Where is\nmy \u202eorder"))
        assert bubble.text() == "Where is my \ufffdorder"
        spoken = [label.accessibleName() for label in bubble.findChildren(QLabel)]
        assert spoken == ["Ana Ruiz has typed, and not sent yet: Where is my \ufffdorder"]
        desk.colleagues(here, Other(visitor, "reply", text="x" * 999))
        assert bubble.text() == "…" + "x" * 300
        desk.colleagues(here, Other(visitor))
        assert bubble.text() == ""


async def test_enter_sends_and_shift_enter_is_a_new_line(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        text = view.composer.box.reply_text
        QTest.keyClicks(text, "Good")
        QTest.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        QTest.keyClicks(text, "day")
        assert not [one for one in desk.commands if isinstance(one, SendReply)]
        QTest.keyClick(text, Qt.Key.Key_Return)
        await until(lambda: [one for one in desk.commands if isinstance(one, SendReply)])
        (command,) = [one for one in desk.commands if isinstance(one, SendReply)]
        assert (command.text, command.then_status) == ("Good\nday", "")
        await view.open(desk.find(TOM))
        QTest.keyClick(text, Qt.Key.Key_Return)
        await settled()
        assert len([one for one in desk.commands if isinstance(one, SendReply)]) == 1, "not in an email"


async def test_what_the_visitor_adds_meanwhile_stops_no_answer(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        text = view.composer.box.reply_text
        QTest.keyClicks(text, "Good day")
        newer = desk.receive(desk.find(ANA), "And one more thing")
        await until(lambda: view.transcript.rows()[-1].id == newer.id)
        QTest.keyClick(text, Qt.Key.Key_Return)
        await until(lambda: [one for one in desk.commands if isinstance(one, SendReply)])
        assert view.composer.strip.isHidden()


async def test_a_chat_shows_no_addresses_and_no_missing_subject(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    desk.world.conversations[here] = msgspec.structs.replace(desk.world.conversations[here], subject="")
    async with conversation(ANA, desk) as view:
        (shown, *_others) = [one for one in view.transcript.entries() if isinstance(one, MessageCard)]
        texts = {label.text() for label in shown.findChildren(ElidedLabel) if label.isVisible()}
        assert "Ana Ruiz" in texts
        assert not [text for text in texts if "visitor-" in text or "to nobody" in text]
        assert not [label for label in view.head.findChildren(ElidedLabel) if label.text() == "No subject"]
    (row,) = await desk.queue_rows([here])
    assert headline(row) == (row.preview, "")
    assert headline(msgspec.structs.replace(row, subject="Chair")) == ("Chair", row.preview)
    assert headline(msgspec.structs.replace(row, channel="email")) == ("No subject", row.preview)
    assert spoken(row).endswith(row.preview)


def _event(conversation_id: UUID, kind: str, **values: Any) -> EventRow:
    bare = EventRow(
        id=new_id(),
        conversation_id=conversation_id,
        kind=kind,
        author="user",
        user_id=None,
        user_name="",
        data={},
        created_at=clock.now(),
    )
    return msgspec.structs.replace(bare, **values)


async def test_an_event_of_ones_own_is_shown_once_when_the_server_has_it(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    async with conversation(ANA, desk) as view:
        row = None
        for _ in range(3):  # laid anew with each batch, then confirmed: each time under another id
            if row is not None:
                del desk.world.events[row.id]
            row = _event(here, "assigned", user_name="Maria Sol", data={"assignee": "Maria Sol"})
            desk.world.events[row.id] = row
            desk.emit(event={row.id})
            await until(lambda row=row: row.id in view.transcript._events)
        lines = [one.words() for one in view.transcript.entries() if isinstance(one, EventLine)]
        assert len([words for words in lines if words.startswith("Maria Sol assigned it")]) == 1


async def test_what_comes_while_a_conversation_is_opened_is_shown(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, read = desk.find(ANA), desk.timeline
    came: list[UUID] = []
    known = desk.world.conversations[here]
    desk.world.conversations[here] = msgspec.structs.replace(known, unread=False)

    async def meanwhile(*arguments: Any, **named: Any) -> Timeline:
        found = await read(*arguments, **named)
        if arguments[0] == here and not came:
            row = _event(here, "rated", author="contact", data={"score": 5})
            came.append(row.id)
            desk.world.events[row.id] = row
            desk.emit(event={row.id})
        return found

    async with conversation(TOM, desk) as view:
        monkeypatch.setattr(desk, "timeline", meanwhile)
        view.clear()
        await view.open(here)
        await until(lambda: came[0] in view.transcript._events, timeout=10)


async def test_the_visitor_types_where_colleagues_do(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    contact_id = desk.world.conversations[here].contact_id
    async with conversation(ANA, desk) as view:
        desk.colleagues(here, Other(contact_id, "reply"))
        await settled()
        assert view.presence.line.text().endswith("is typing")
        assert view.head.others.isHidden(), "no face among the colleagues"
        maria = next(user.id for user in desk.world.users.values() if user.name.startswith("Maria"))
        desk.colleagues(here, Other(contact_id, "reply"), Other(maria))
        await until(lambda: view.head.others.isVisible())
        assert view.head.others.accessibleName() == "Maria is viewing"
        desk.colleagues(here)
        assert view.presence.line.text() == ""


async def test_the_visitor_types_in_the_queue(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    contact_id = desk.world.conversations[here].contact_id
    model = QueueModel(desk)
    model.set_ids([here])
    index = model.index(0, 0)
    await until(lambda: model.data(index) is not None)
    desk.colleagues(here, Other(contact_id, "reply"))
    words = words_for_all(model.data(index, WRITERS_ROLE))
    assert words is not None
    assert render(words).endswith("is typing")
    model.deleteLater()


def test_the_first_line_tells_where_the_visitor_was() -> None:
    row = EventRow(
        id=new_id(),
        conversation_id=UUID(int=1),
        kind="created",
        author="system",
        user_id=None,
        user_name="",
        data={"channel": "chat", "visit": {"page": "https://shop.example/cart"}},
        created_at=clock.now(),
    )
    assert "shop.example/cart" in render(event_words(row))
    bare = msgspec.structs.replace(row, data={"channel": "chat"})
    assert render(event_words(bare)) == "Conversation began"


async def test_it_says_by_which_way_a_reply_goes_where_a_message_was_left(desk: FakeDesk) -> None:
    ana = Party("email", "ana@home.example", "Ana Ruiz")
    here = desk.find(ANA)
    desk.receive(here, "Nobody there?", sender=VISITOR, reply_to=(ana,))
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        assert box.send.text() == "Send by email"
        assert box._summary.text() == "By email to \u2066ana@home.example\u2069"
        assert box._tile.accessibleName() == "Email"
        assert box.edit_recipients.isVisible()
        box.reply_text.set_content("", "<p><strong>Good day</strong></p>")
        await view.composer.send()
        (command,) = [one for one in desk.commands if isinstance(one, SendReply)]
        assert (command.to, command.subject) == ((ana,), "")
        assert "<strong>Good day</strong>" in command.html
        assert await view.composer.undo()  # as any email, it can be taken back for a while

        desk.receive(here, "I am back", sender=VISITOR)
        box.reply_text.set_content("")
        await until(lambda: box.send.text() == "Send in the chat")
        assert box._summary.text() == "In the chat"
        assert box.recipients.people("to") == (VISITOR,)
        assert not box.edit_recipients.isVisible()


async def test_a_copy_of_the_chat_is_sent_to_the_address_that_is_known(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    desk.receive(here, "Nobody there?", sender=VISITOR, reply_to=(Party("email", "ana@home.example"),))
    async with conversation(ANA, desk) as view:
        said: list[object] = []
        view.deeds.said.connect(lambda text, *_: said.append(render(text)))
        view.deeds.send_copy()
        first = await until(lambda: view.findChild(Question))
        assert first.entered == "ana@home.example"
        first.findChild(QLineEdit).setText("nobody")
        first.done(2)
        second = await until(lambda: [one for one in view.findChildren(Question) if one is not first])
        second[0].findChild(QLineEdit).setText("ana@work.example")
        second[0].done(2)
        await until(lambda: said)
        assert said == ["The copy is on its way to ana@work.example."]
        (command,) = [one for one in desk.commands if isinstance(one, SendTranscript)]
        assert (command.conversation_id, command.to) == (here, Party("email", "ana@work.example"))
