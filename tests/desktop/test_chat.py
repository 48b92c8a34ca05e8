"""A live chat at the desk: plain text to the one visitor, at once, and who types shows."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.base import clock
from agentdesk.base.i18n import render
from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.desktop.models.colleagues import words_for_all
from agentdesk.desktop.models.queue import WRITERS_ROLE, QueueModel
from agentdesk.desktop.views.messages.words import event_words
from agentdesk.domain.party import Party
from agentdesk.queries.rows import EventRow
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
