"""Quick answers and cards in the composer and in the transcript."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation

from agentdesk.commands.values import SendReply
from agentdesk.desktop import ask
from agentdesk.desktop.views.composer_extras import as_fits
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.sync.drafting import as_draft

ANA, TOM = 4417, 4390
RETURNS = {"title": "Returns", "url": "https://shop.example/returns", "summary": "Within 30 days."}
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk.sample()
    make_chat(made, ANA)
    return made


async def _question(view: ConversationView) -> ask.Question:
    return await until(lambda: view.window().findChild(ask.Question))


async def _over(view: ConversationView, dialog: ask.Question) -> None:
    dialog.done(2)
    await until(lambda: view.window().findChild(ask.Question) is None)


async def test_answers_and_a_card_are_written_and_sent(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        box.reply_text.insert_text("Did that help?\nhttps://shop.example/returns")
        box.answers_wanted.emit()
        dialog = await _question(view)
        dialog.findChild(QPlainTextEdit).setPlainText("Yes\n\nNo [really]\nYes")
        await _over(view, dialog)
        assert box.reply_text.plain().endswith("[[Yes]] [[No (really)]]")
        box.card_wanted.emit()
        dialog = await _question(view)
        address, title, text = dialog.findChildren(QLineEdit)
        assert (address.text(), title.accessibleName()) == ("https://shop.example/returns", "Title")
        title.setText("Returns")
        text.setText("Within 30 days.")
        await _over(view, dialog)
        await view.composer.send()
        sent = desk.commands[-1]
        assert isinstance(sent, SendReply)
        assert sent.text == "Did that help?"
        assert sent.extras == {"choices": ["Yes", "No (really)"], "cards": [RETURNS]}
        draft = as_draft(sent)
        assert draft is not None
        assert draft.text.endswith("[[Yes]] [[No (really)]]")


async def test_an_address_that_no_card_can_have(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.box.card_wanted.emit()
        dialog = await _question(view)
        dialog.findChildren(QLineEdit)[0].setText("javascript:alert(1)")
        await _over(view, dialog)
        await until(lambda: view.composer.strip.isVisibleTo(view))
        assert view.composer.box.reply_text.is_blank()


async def test_in_mail_they_are_words(desk: FakeDesk) -> None:
    template = "Did that help?\n[[Yes]] [[No]]"
    async with conversation(TOM, desk) as view:
        assert as_fits(template, view.composer.box) == "Did that help?\n\n• Yes\n• No"
        assert not view.composer.box._answers.isVisibleTo(view)
    async with conversation(ANA, desk) as view:
        assert as_fits(template, view.composer.box) == template
        assert view.composer.box._answers.isVisibleTo(view)
        view.composer.box.set_mode("note")
        assert as_fits(template, view.composer.box) != template


async def test_the_transcript_shows_what_was_offered(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    rows = [row for row in desk.world.messages.values() if row.conversation_id == here]
    row = [one for one in rows if one.direction == "out" and one.kind == "message"][-1]
    extras = {"choices": ["Yes", "No"], "cards": [RETURNS]}
    desk.world.messages[row.id] = msgspec.structs.replace(row, extras=extras)
    async with conversation(ANA, desk) as view:
        view.transcript.unfold(row.id)
        card = view.transcript.card(row.id)
        assert card is not None
        texts = [label.text() for label in card.findChildren(QLabel)]
        assert "Quick answers: Yes · No" in texts
        assert any(text.startswith("Card: Returns – Within 30 days.") for text in texts)
