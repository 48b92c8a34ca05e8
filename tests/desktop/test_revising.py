"""Messages that were changed or taken back, as the desk shows them, and how one's own are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QPlainTextEdit
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation

from agentdesk.base import clock
from agentdesk.commands.values import DeleteReply, EditReply
from agentdesk.desktop import ask
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.messages.revised import revision_words
from agentdesk.queries.rows import MessageRow

ANA = 4417
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk.sample()
    make_chat(made, ANA)
    return made


def _row(desk: FakeDesk, direction: str, **values: object) -> MessageRow:
    """The last message of that direction in Ana's chat, changed."""
    here = desk.find(ANA)
    rows = [
        row for row in desk.world.messages.values() if row.conversation_id == here and row.kind == "message"
    ]
    row = [row for row in rows if row.direction == direction][-1]
    desk.world.messages[row.id] = msgspec.structs.replace(row, **values)
    return desk.world.messages[row.id]


def _card(view: ConversationView, row: MessageRow) -> MessageCard:
    view.transcript.unfold(row.id)
    card = view.transcript.card(row.id)
    assert card is not None
    assert card.content is not None
    return card


async def test_a_changed_message_says_so_and_shows_what_it_said(desk: FakeDesk) -> None:
    earlier = [{"text": "Where is my ordr?", "at": NOON.isoformat()}]
    revision = {"state": "edited", "at": NOON.isoformat(), "earlier": earlier}
    row = _row(desk, "in", text="Where is my order?", html="", revision=revision)
    async with conversation(ANA, desk) as view:
        content = _card(view, row).content
        assert content is not None
        assert content.mark.words.text().startswith("Edited ")
        assert content.mark.shown() == []
        content.mark.button.click()
        (text,) = content.mark.shown()
        assert text.endswith("Where is my ordr?")
        content.mark.button.click()
        assert content.mark.shown() == []


async def test_a_deleted_message_is_a_mark_alone(desk: FakeDesk) -> None:
    gone = {"state": "deleted", "at": NOON.isoformat()}
    row = _row(desk, "in", text="", html="", attachments=(), revision=gone)
    async with conversation(ANA, desk) as view:
        content = _card(view, row).content
        assert content is not None
        assert content.mark.words.text() == "The visitor deleted this message"
        assert content.mark.button.isHidden()
        assert content.body.isHidden()
        menu = await _menu(view, row)
        assert "Copy text" not in [action.text() for action in menu.actions()]
        menu.close()
    ours = msgspec.structs.replace(row, direction="out", author_name="Maria")
    words = revision_words(ours)
    assert words is not None
    assert words.args == {"name": "Maria"}


async def _menu(view: ConversationView, row: MessageRow) -> QMenu:
    view.transcript.menu_asked.emit(row.id, QPoint(0, 0), "")
    return await until(lambda: view.message_actions.menu)


def _mine(desk: FakeDesk, **values: object) -> MessageRow:
    assert desk.me is not None
    given = {"author_id": desk.me.id, "delivery": "sent", "created_at": clock.now(), "html": "", **values}
    return _row(desk, "out", **given)


async def test_change_and_delete_what_i_have_just_sent(desk: FakeDesk) -> None:
    row = _mine(desk, text="It left todat")
    async with conversation(ANA, desk) as view:
        menu = await _menu(view, row)
        actions = {action.text(): action for action in menu.actions()}
        actions["Change…"].trigger()
        menu.close()
        dialog = await until(lambda: view.window().findChild(ask.Question))
        area = dialog.findChild(QPlainTextEdit)
        assert area.toPlainText() == "It left todat"
        area.setPlainText("It left today")
        dialog.done(2)
        change = EditReply(conversation_id=row.conversation_id, message_id=row.id, text="It left today")
        await until(lambda: change in desk.commands)
        await until(lambda: not view.window().findChildren(ask.Question))
        menu = await _menu(view, desk.world.messages[row.id])
        next(one for one in menu.actions() if one.text().startswith("Delete for")).trigger()
        menu.close()
        dialog = await until(lambda: view.window().findChild(ask.Question))
        dialog.done(2)
        await until(lambda: isinstance(desk.commands[-1], DeleteReply))


@pytest.mark.parametrize(
    "values",
    [
        {"created_at": clock.now() - timedelta(minutes=6)},
        {"delivery": "queued"},
        {"author_id": None},
        {"to": ()},
        {"revision": {"state": "deleted", "at": NOON.isoformat()}},
    ],
    ids=["late", "not sent", "somebody else's", "no chat", "deleted"],
)
async def test_nothing_else_can_be_changed(desk: FakeDesk, values: dict[str, object]) -> None:
    row = _mine(desk, **values)
    async with conversation(ANA, desk) as view:
        menu = await _menu(view, row)
        assert not {"Change…", "Delete for the visitor too…"} & {one.text() for one in menu.actions()}
        menu.close()
