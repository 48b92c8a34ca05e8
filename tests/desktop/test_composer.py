"""Writing: drafts, sending with a way back, templates, recipients, and what stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage, QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import AddNote, File, SendReply
from agentdesk.desktop.views.composer import Composer
from agentdesk.desktop.views.composer_recipients import parse
from agentdesk.desktop.views.composer_templates import ranked
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import looks_like_address
from agentdesk.sync.desk import Link

ANA, TOM, LEA = 4417, 4390, 5118


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _type(composer: Composer, text: str) -> None:
    QTest.keyClicks(composer.box.text, text)


def _press(
    composer: Composer, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier
) -> None:
    QTest.keyClick(composer.box.text, key, modifier)


def _sent(desk: FakeDesk) -> list[SendReply]:
    return [command for command in desk.commands if isinstance(command, SendReply)]


async def _send(desk: FakeDesk, composer: Composer) -> SendReply:
    before = len(_sent(desk))
    _press(composer, Qt.Key.Key_Return)
    await until(lambda: len(_sent(desk)) > before, what="the reply was handed over")
    await settled()
    return _sent(desk)[-1]


# --- drafts ---


async def test_what_is_typed_is_kept_by_itself_and_restored_exactly(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        _type(view.composer, "Hola  Ana,")
        _press(view.composer, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        _press(view.composer, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        box.reply_text.toggle_bold()
        _type(view.composer, "jueves")
        box.recipients.field("cc").setText("paul@example.com,")
        box.recipients.subject.setText("Otra cosa")
        saved = await until(lambda: desk.draft(desk.find(ANA), "reply"), what="a draft")
        assert saved is not None
        text, html = box.reply_text.plain(), box.reply_text.html()
        assert "<strong>jueves</strong>" in html
        await view.composer.leave()
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        assert (box.reply_text.plain(), box.reply_text.html()) == (text, html)
        assert [party.value for party in box.recipients.people("to")] == ["ana.ruiz@example.com"]
        assert [party.value for party in box.recipients.people("cc")] == ["paul@example.com"]


async def test_leaving_saves_at_once_and_texts_do_not_mix(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "para Ana")
        await view.open(desk.find(TOM))
        assert view.composer.box.reply_text.plain() == ""
        draft = await desk.draft(desk.find(ANA), "reply")
        assert draft is not None
        assert draft.text == "para Ana"
        assert await desk.draft(desk.find(TOM), "reply") is None


async def test_reply_and_note_keep_their_own_text(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "to the customer")
        view.composer.switch_mode()
        _type(view.composer, "for the team")
        await view.composer.leave()
        reply = await desk.draft(desk.find(ANA), "reply")
        note = await desk.draft(desk.find(ANA), "note")
        assert (reply.text if reply else "", note.text if note else "") == ("to the customer", "for the team")
        assert note is not None
        assert note.to == ()


async def test_a_change_by_somebody_else_does_not_touch_what_is_written(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "half a sen")
        desk.receive(desk.find(ANA), "¿Y bien?")
        await until(lambda: len(view.transcript.rows()) == 5)
        assert view.composer.box.reply_text.plain() == "half a sen"
        _type(view.composer, "tence")
        assert view.composer.box.reply_text.plain() == "half a sentence"


# --- sending ---


async def test_a_reply_goes_to_the_customer_and_waits_to_be_taken_back(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        composer = view.composer
        _type(composer, "Hola Ana")
        command = await _send(desk, composer)
        assert command.to == (Party("email", "ana.ruiz@example.com", "Ana Ruiz"),)
        assert (command.text, command.html, command.then_status) == ("Hola Ana", "", "")
        assert command.in_reply_to is not None
        assert desk.world.messages[command.in_reply_to].direction == "in"
        assert composer.hold.isVisible()
        assert not composer.box.isVisible()
        assert "Ana" in composer.hold.text()
        assert await desk.draft(desk.find(ANA), "reply") is None


async def test_undo_restores_text_files_recipients_and_caret(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        composer = view.composer
        composer.box.reply_text.toggle_italic()
        _type(composer, "Hola Ana, llega el jueves.")
        cursor = composer.box.reply_text.textCursor()
        cursor.setPosition(8)
        composer.box.reply_text.setTextCursor(cursor)
        await composer.tools.attach([("plan.pdf", "application/pdf", b"%PDF")])
        composer.box.recipients.field("bcc").setText("boss@larkshop.example,")
        html = composer.box.reply_text.html()
        command = await _send(desk, composer)
        assert command.message_id in desk.world.messages
        composer.hold.undo_button.click()
        await until(lambda: composer.box.isVisible())
        box = composer.box
        assert (box.reply_text.plain(), box.reply_text.html()) == ("Hola Ana, llega el jueves.", html)
        assert box.reply_text.textCursor().position() == 8
        assert [file.name for file in box.files()] == ["plan.pdf"]
        assert [party.value for party in box.recipients.people("bcc")] == ["boss@larkshop.example"]
        assert command.message_id not in desk.world.messages
        await composer.leave()
        assert await desk.draft(desk.find(ANA), "reply") is not None


async def test_send_now_lets_it_go_and_undo_comes_too_late(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "Hola")
        await _send(desk, view.composer)
        view.composer.hold.now_button.click()
        await until(lambda: view.composer.box.isVisible())
        assert not await view.composer.undo()
        assert view.composer.box.reply_text.is_blank()


async def test_a_waiting_message_is_there_again_when_the_conversation_is_opened_again(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "Hola")
        await _send(desk, view.composer)
        await view.open(desk.find(TOM))
        assert not view.composer.hold.isVisible()
        await view.open(desk.find(ANA))
        assert view.composer.hold.isVisible()
        assert await view.composer.undo()
        assert view.composer.box.reply_text.plain() == "Hola"


async def test_the_keyboard_stays_where_one_writes_while_a_message_waits(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        composer = view.composer
        composer.box.reply_text.setFocus()
        _type(composer, "Hola")
        await _send(desk, composer)
        assert composer.hold.undo_button.hasFocus()
        composer.hold.now_button.click()
        await until(lambda: composer.box.isVisible())
        assert composer.box.reply_text.hasFocus()


async def test_the_keyboard_is_not_in_the_next_text_when_another_conversation_opens(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.box.reply_text.setFocus()
        _type(view.composer, "Hola")
        await _send(desk, view.composer)
        await view.open(desk.find(TOM))
        assert view.transcript.hasFocus()


async def test_send_and_resolve_leaves_the_conversation(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        left: list[object] = []
        view.left.connect(left.append)
        _type(view.composer, "Hola")
        _press(
            view.composer,
            Qt.Key.Key_Return,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        )
        await until(lambda: left)
        assert _sent(desk)[-1].then_status == "resolved"
        assert left == [desk.find(ANA)]


async def test_enter_is_a_new_line_and_nothing_is_sent_empty(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _press(view.composer, Qt.Key.Key_Return)
        await settled()
        assert not view.composer.box.send.is_possible()
        _type(view.composer, "a")
        _press(view.composer, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        _type(view.composer, "b")
        assert view.composer.box.reply_text.plain() == "a\nb"
        assert not _sent(desk)


async def test_letters_that_an_input_method_still_composes_are_never_sent(desk: FakeDesk) -> None:
    async with conversation(5121, desk) as view:
        text = view.composer.box.reply_text
        _type(view.composer, "x")
        text.inputMethodEvent(QInputMethodEvent("たなか", []))
        _press(view.composer, Qt.Key.Key_Return)
        await settled()
        assert not _sent(desk)
        settle = QInputMethodEvent("", [])
        settle.setCommitString("田中")
        text.inputMethodEvent(settle)
        command = await _send(desk, view.composer)
        assert command.text == "x田中"


async def test_a_note_stays_in_the_team(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.deeds.start_note()
        _type(view.composer, "ask the warehouse")
        _press(view.composer, Qt.Key.Key_Return)
        notes = await until(lambda: [command for command in desk.commands if isinstance(command, AddNote)])
        assert notes[0].text == "ask the warehouse"
        assert not _sent(desk)
        assert view.composer.box.note_text.is_blank()


async def test_formatting_travels_as_html_and_as_readable_text(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        text = view.composer.box.reply_text
        _type(view.composer, "Two things:")
        _press(view.composer, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        text.toggle_list(numbered=True)
        _type(view.composer, "first")
        _press(view.composer, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        text.insert_link("https://lark.example/t/1")
        command = await _send(desk, view.composer)
        assert command.text.rstrip() == "Two things:\n1. first\n2. https://lark.example/t/1"
        link = '<a href="https://lark.example/t/1">https://lark.example/t/1</a>'
        assert command.html == f"<p>Two things:</p><ol><li>first</li><li>{link} </li></ol>"


async def test_a_refusal_on_the_spot_keeps_the_text(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "Hola")
        desk.failure = AgentDeskError(msg("The disk is full."), msg("Make room."))
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.isVisible())
        assert view.composer.box.reply_text.plain() == "Hola"
        assert not view.composer.hold.isVisible()


async def test_offline_the_button_says_later(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        assert view.composer.box.send.text() == "Send"
        desk.set_link(Link.OFFLINE)
        await settled()
        assert view.composer.box.send.text() == "Send later"
        desk.set_link(Link.SYNCED)
        await settled()
        assert view.composer.box.send.text() == "Send"


# --- somebody was faster ---


async def test_an_answer_over_something_newer_stops_once(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "Hola")
        newer = desk.receive(desk.find(ANA), "Ya ha llegado, gracias.")
        await until(lambda: len(view.transcript.rows()) == 5)
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.about == "faster")
        assert not _sent(desk)
        view.composer.strip.button("anyway").click()
        command = (await until(lambda: _sent(desk)))[0]
        assert command.anyway
        assert command.seen_message_id == newer.id


@pytest.mark.parametrize("answer", ["show", "edit"])
async def test_after_having_seen_the_reply_it_can_be_sent(desk: FakeDesk, answer: str) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "Hola")
        newer = desk.receive(desk.find(ANA), "Ya ha llegado.")
        await until(lambda: len(view.transcript.rows()) == 5)
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.about == "faster")
        assert any("Ya ha llegado." in one.text() for one in view.composer.strip.findChildren(Label))
        view.composer.strip.button(answer).click()
        await until(lambda: not view.composer.strip.isVisible())
        command = await _send(desk, view.composer)
        assert not command.anyway
        assert command.seen_message_id == newer.id


async def test_what_came_before_the_first_letter_was_seen(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        newer = desk.receive(desk.find(ANA), "Una cosa más.")
        await until(lambda: len(view.transcript.rows()) == 5)
        await settled()
        _type(view.composer, "Hola")
        command = await _send(desk, view.composer)
        assert command.seen_message_id == newer.id


async def _refuse(desk: FakeDesk, composer: Composer) -> None:
    _type(composer, "Hola")
    await _send(desk, composer)
    waiting = (await desk.waiting())[0]
    await desk.release_hold(waiting.id)
    newer = desk.receive(desk.find(ANA), "¿Hola?")
    desk.refuse(waiting.id, "stale_reply", "There is something newer.", [newer.id])
    await until(lambda: composer.strip.about == "refused")


async def test_a_refusal_that_came_before_what_it_speaks_of_quotes_it_afterwards(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        strip = view.composer.strip
        _type(view.composer, "Hola")
        await _send(desk, view.composer)
        waiting = (await desk.waiting())[0]
        await desk.release_hold(waiting.id)
        newer = desk.receive(desk.find(ANA), "Una cosa más.")
        del desk.world.messages[newer.id]  # it is not here yet
        desk.refuse(waiting.id, "stale_reply", "There is something newer.", [newer.id])
        await until(lambda: strip.about == "refused")
        assert not any("Una cosa" in label.text() for label in strip.findChildren(Label))
        desk.world.messages[newer.id] = newer
        desk.emit(message={newer.id}, conversation={newer.conversation_id})
        await until(lambda: any("Una cosa" in label.text() for label in strip.findChildren(Label)))
        strip.button("edit").click()
        await until(lambda: view.composer.box.reply_text.plain() == "Hola")


async def test_a_reply_that_the_server_refused_can_be_edited(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        await _refuse(desk, view.composer)
        view.composer.strip.button("edit").click()
        await until(lambda: view.composer.box.reply_text.plain() == "Hola")
        assert await desk.waiting() == []
        command = await _send(desk, view.composer)
        assert command.text == "Hola"


async def test_a_refused_reply_can_be_sent_all_the_same(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        await _refuse(desk, view.composer)
        view.composer.strip.button("retry").click()
        await until(lambda: len(_sent(desk)) == 2)
        assert _sent(desk)[1].anyway
        await until(lambda: not view.composer.strip.isVisible())


async def test_discarding_a_refused_reply_keeps_what_was_written_since(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        await _refuse(desk, view.composer)
        _type(view.composer, "newer words")
        view.composer.strip.button("discard").click()
        await until(lambda: not view.composer.strip.isVisible())
        assert view.composer.box.reply_text.plain() == "newer words"
        draft = await desk.draft(desk.find(ANA), "reply")
        assert draft is not None
        assert draft.text == "newer words"


# --- templates ---


async def test_a_slash_offers_templates_filled_in_for_the_customer(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "/")
        picker = await until(lambda: view.composer.tools.picker)
        await until(lambda: picker.popup.isVisible())
        QTest.keyClicks(picker.popup.field, "late")
        QTest.keyClick(picker.popup.field, Qt.Key.Key_Return)
        await settled()
        text = view.composer.box.reply_text.plain()
        assert text.startswith("Hi Ana,")
        assert "order 4417" in text
        assert "Jonas Weber" in text
        assert "/" not in text
        command = await _send(desk, view.composer)
        assert "Hi Ana," in command.text


async def test_a_slash_inside_a_word_offers_nothing(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        _type(view.composer, "and/or")
        await settled()
        assert view.composer.tools.picker is None


async def test_a_variable_without_a_value_blocks_sending_until_it_is_filled(desk: FakeDesk) -> None:
    async with conversation(TOM, desk) as view:
        _type(view.composer, "/")
        picker = await until(lambda: view.composer.tools.picker)
        await until(lambda: picker.popup.isVisible())
        QTest.keyClicks(picker.popup.field, "refund")
        QTest.keyClick(picker.popup.field, Qt.Key.Key_Return)
        await settled()
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.about == "gap")
        assert not _sent(desk)
        view.composer.strip.button("fix").click()
        await until(lambda: view.composer.box.reply_text.textCursor().hasSelection())
        _type(view.composer, "£212")
        command = await _send(desk, view.composer)
        assert "your refund of £212 left us today" in command.text


def test_templates_are_ranked_by_shortcut_name_and_language() -> None:
    rows = list(FakeDesk.sample().world.templates.values())
    assert [row.shortcut for row in ranked(rows, "/late", "en")][:2] == ["late", "sorry"]
    assert ranked(rows, "", "es")[0].language == "es"
    assert ranked(rows, "zzz", "en") == []


# --- recipients ---


async def test_reply_to_all_adds_the_others_and_never_us(desk: FakeDesk) -> None:
    async with conversation(LEA, desk) as view:
        fields = view.composer.box.recipients
        assert [party.value for party in fields.everybody()] == ["lea.martin@example.fr"]
        view.deeds.start_reply_all()
        _type(view.composer, "Bonjour")
        command = await _send(desk, view.composer)
        assert [party.value for party in command.to] == ["lea.martin@example.fr"]
        assert [party.value for party in command.cc] == ["paul.martin@example.fr"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("nobody", "nobody is not an email address."),
        ("support+tag@larkfield.example", "support+tag@larkfield.example is our own address."),
    ],
)
async def test_a_wrong_recipient_blocks_sending(desk: FakeDesk, typed: str, problem: str) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.box.recipients.field("cc").setText(typed)
        assert str(view.composer.box.recipients.problem()) == problem
        _type(view.composer, "Hola")
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.about == "recipients")
        assert not _sent(desk)


async def test_without_anybody_nothing_is_sent(desk: FakeDesk) -> None:
    async with conversation(5063, desk) as view:
        _type(view.composer, "Hello?")
        _press(view.composer, Qt.Key.Key_Return)
        await until(lambda: view.composer.strip.about == "recipients")
        view.composer.box.recipients.field("to").setText("Someone <some.one@example.com>")
        command = await _send(desk, view.composer)
        assert command.to == (Party("email", "some.one@example.com", "Someone"),)


def test_what_an_address_is() -> None:
    assert looks_like_address("a@b.example")
    assert not looks_like_address("a@b")
    assert not looks_like_address("a b@c.example")
    assert parse('"Ruiz, Ana" <ana@b.example>') == Party("email", "ana@b.example", "Ruiz, Ana")


# --- files ---


async def test_files_are_pasted_dropped_and_removed(desk: FakeDesk, tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("terms")
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        dropped = QMimeData()
        dropped.setUrls([QUrl.fromLocalFile(str(path)), QUrl.fromLocalFile(str(tmp_path / "missing"))])
        box.reply_text.insertFromMimeData(dropped)
        await until(lambda: view.composer.strip.isVisible(), what="the missing file is told")
        pasted = QMimeData()
        picture = QImage(4, 4, QImage.Format.Format_RGB32)
        picture.fill(0)
        pasted.setImageData(picture)
        box.reply_text.insertFromMimeData(pasted)
        await until(lambda: len(box.files()) == 2)
        assert [file.name for file in box.files()] == ["terms.txt", "picture.png"]
        box.file_removed.emit(box.files()[0].id)
        command = await _send(desk, view.composer)
        assert [file.name for file in command.files] == ["picture.png"]
        assert isinstance(command.files[0], File)


async def test_pasted_html_is_reduced_to_what_mail_has(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        data = QMimeData()
        data.setHtml(
            "<h1 style='color:red'>Big</h1><b>bold</b><script>x</script><img src='file:///etc/passwd'>"
        )
        view.composer.box.reply_text.insertFromMimeData(data)
        assert view.composer.box.reply_text.html() == "<p>Big</p><p><strong>bold</strong></p>"
        view.composer.box.reply_text.moveCursor(QTextCursor.MoveOperation.End)
