"""What can be done with a conversation and its messages: deliveries, files, assigning, resolving, undo."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled, shown

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import (
    AnyCommand,
    Assign,
    CheckDelivery,
    ConfirmDelivery,
    RetryDelivery,
    RetryItem,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.desktop.dialogs.details import DetailsDialog
from agentdesk.desktop.dialogs.original import OriginalDialog
from agentdesk.desktop.dialogs.picture import PictureDialog
from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.drop_field import DropField
from agentdesk.desktop.views.message_actions import safe_name
from agentdesk.desktop.views.messages.attachments import AttachmentChip
from agentdesk.desktop.views.messages.delivery import DeliveryLine
from agentdesk.desktop.views.messages.media import is_dangerous
from agentdesk.desktop.widgets.elide import ElidedLabel
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


# --- deliveries ---


async def test_what_can_be_done_with_a_failed_message(desk: FakeDesk) -> None:
    failed = _message(desk, TOM, delivery="failed")
    async with conversation(TOM, desk) as view:
        card = view.transcript.card(failed.id)
        assert card is not None
        assert card.delivery.text().startswith("Not sent: The mail server did not accept the message: 552")
        card.delivery.button("edit").click()
        await settled()
        assert view.composer.box.reply_text.plain() == failed.text
        card.delivery.button("retry").click()
        await until(lambda: _done(desk, RetryDelivery) == [RetryDelivery(message_id=failed.id)])
        await until(lambda: card.delivery.text() == "Sending")


async def test_an_uncertain_message_is_checked_or_confirmed(desk: FakeDesk) -> None:
    row = _message(desk, TOM, delivery="uncertain")
    async with conversation(TOM, desk) as view:
        card = view.transcript.card(row.id)
        assert card is not None
        card.delivery.button("check").click()
        await until(lambda: _done(desk, CheckDelivery) == [CheckDelivery(message_id=row.id)])
        desk.change_message(row.id, delivery="uncertain")
        await until(lambda: card.delivery.button("arrived").isVisible())
        card.delivery.button("arrived").click()
        await until(lambda: _done(desk, ConfirmDelivery) == [ConfirmDelivery(message_id=row.id)])


async def test_an_uncertain_message_goes_again_only_on_a_persons_word(desk: FakeDesk) -> None:
    row = _message(desk, TOM, delivery="uncertain")
    async with conversation(TOM, desk) as view:
        for answer in (QDialog.DialogCode.Rejected.value, 2):
            card = view.transcript.card(row.id)
            assert card is not None
            card.delivery.button("again").click()
            dialog = await until(lambda: next((d for d in view.findChildren(QDialog) if d.isVisible()), None))
            assert not _done(desk, RetryDelivery)
            dialog.done(answer)
            await settled(20)
        assert _done(desk, RetryDelivery) == [RetryDelivery(message_id=row.id)]


async def test_what_could_not_be_read_can_be_tried_again(desk: FakeDesk) -> None:
    row = _message(desk, 5063, direction="in")
    async with conversation(5063, desk) as view:
        content = view.transcript.card(row.id).content  # type: ignore[union-attr]
        assert content is not None
        assert content.tail is not None
        content.tail.again.click()
        await until(lambda: _done(desk, RetryItem) == [RetryItem(message_id=row.id)])
        content.tail.original.click()
        dialog = await until(lambda: view.message_actions.dialog)
        assert isinstance(dialog, OriginalDialog)
        assert dialog.text.toPlainText().startswith("Subject:")
        dialog.close()


# --- files ---


async def test_a_picture_is_shown_and_a_program_only_saved(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def save_file(parent: QWidget, title: Msg, *, name: str) -> Path:
        asked.append(name)
        return tmp_path / "kept"

    monkeypatch.setattr("agentdesk.desktop.ask.save_file", save_file)
    async with conversation(TOM, desk) as view:
        row = next(r for r in view.transcript.rows() if r.text.startswith("OK."))
        view.message_actions.open_file(row, row.attachments[0].id, None)
        dialog = await until(lambda: view.message_actions.dialog)
        assert isinstance(dialog, PictureDialog)
        await settled()
        assert dialog.zoom == 1
        dialog.zoom_in()
        assert dialog.zoom > 1
        dialog.save_wanted.emit()
        await until(lambda: asked == ["receipt.png"])
        dialog.close()
        await view.open(desk.find(5064))
        await settled()
        chip = next(c for c in view.findChildren(AttachmentChip) if c.row.name == "campione.exe")
        assert chip.dangerous
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
        await until(lambda: asked == ["receipt.png", "campione.exe"])
        await until(lambda: (tmp_path / "kept").exists() and (tmp_path / "kept").read_bytes() == b"MZ")
    await desk.close()


async def test_what_cannot_be_had_is_said(desk: FakeDesk) -> None:
    async with conversation(TOM, desk) as view:
        said: list[object] = []
        view.said.connect(lambda *words: said.append(words))
        row = next(r for r in view.transcript.rows() if r.text.startswith("OK."))
        desk.world.blobs.clear()
        view.message_actions.open_file(row, row.attachments[0].id, None)
        await until(lambda: said)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("photo\u202egnp.exe", "photo_gnp.exe"),
        ("CON.txt", "_CON.txt"),
        ("com1", "_com1"),
        ("a\0b.txt", "a_b.txt"),
        ("...", "file"),
        ("Invoice 12.pdf", "Invoice 12.pdf"),
        ('x"<>|?*:.txt', "x_______.txt"),
    ],
)
def test_names_of_saved_files(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_which_files_are_only_saved() -> None:
    assert all(
        is_dangerous(name) for name in ("a.exe", "b.PDF.Js", "c.docm", "d.lnk", "e.exe. ", "f.html", "g.svg")
    )
    assert not any(is_dangerous(name) for name in ("a.pdf", "b.png", "exe", "c.docx", ""))


# --- the conversation ---


async def test_resolving_goes_on_to_the_next_and_can_be_undone(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        left: list[object] = []
        said: list[tuple[object, ...]] = []
        view.left.connect(left.append)
        view.said.connect(lambda *words: said.append(words))
        view.head.resolve.click()
        await until(lambda: left == [desk.find(ANA)])
        assert str(said[0][0]) == "Resolved Ana Ruiz."
        assert desk.world.conversations[desk.find(ANA)].status == "resolved"
        said[0][2]()  # type: ignore[operator]
        await until(lambda: desk.world.conversations[desk.find(ANA)].status == "open")


async def test_undo_key_takes_the_last_step_back(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.deeds.resolve()
        await until(lambda: desk.world.conversations[desk.find(ANA)].status == "resolved")
        await settled()
        view.deeds.undo()
        await until(lambda: desk.world.conversations[desk.find(ANA)].status == "open")


async def test_after_sending_and_resolving_both_can_be_taken_back(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        wanted: list[object] = []
        view.conversation_requested.connect(wanted.append)
        QTest.keyClicks(view.composer.box.text, "Hola")
        view.deeds.send_and_resolve()
        await until(lambda: desk.world.conversations[desk.find(ANA)].status == "resolved")
        await view.open(desk.find(TOM))
        view.deeds.undo()
        await until(lambda: wanted == [desk.find(ANA)])
        draft = await desk.draft(desk.find(ANA), "reply")
        assert draft is not None
        assert draft.text == "Hola"


async def test_marked_unread_it_stays_so_although_it_is_open(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.deeds.toggle_unread()
        await until(lambda: desk.world.conversations[desk.find(ANA)].unread)
        await settled(20)
        assert desk.world.conversations[desk.find(ANA)].unread


@pytest.mark.parametrize("width", [400, 200, 90])
async def test_what_can_be_done_with_a_message_is_there_however_narrow(desk: FakeDesk, width: int) -> None:
    row = next(row for row in desk.world.messages.values() if row.delivery == "uncertain")
    async with shown(DeliveryLine(), width, 200) as line:
        line.show_row(row)
        line.resize(width, line.heightForWidth(width))
        places = [line.button(key).geometry() for key in ("check", "arrived", "again")]
        assert all(line.rect().contains(place) for place in places)
        assert not any(one.intersects(other) for one, other in combinations(places, 2))


async def test_files_dropped_anywhere_are_attached(desk: FakeDesk, tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("plan")
    async with conversation(ANA, desk) as view:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        point, copy = QPoint(200, 200), Qt.DropAction.CopyAction
        left, no_keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        field = view.findChild(DropField)
        QApplication.sendEvent(view, QDragEnterEvent(point, copy, data, left, no_keys))
        assert field.geometry() == view.rect()
        assert field.isVisible()
        QApplication.sendEvent(view, QDropEvent(QPointF(point), copy, data, left, no_keys))
        await until(lambda: [file.name for file in view.composer.box.files()] == ["plan.txt"])
        assert not field.isVisible()


async def test_the_composer_never_takes_more_than_its_share(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.box.reply_text.set_content("line\n" * 80)
        await settled(20)
        assert view.composer.height() <= view.height() * 0.5
        assert view.transcript.height() > 200


async def test_every_control_can_be_named_and_hit(desk: FakeDesk) -> None:
    async with conversation(TOM, desk) as view:
        view.composer.box.show_recipients(True)
        await settled()
        controls = [w for w in view.findChildren(QAbstractButton) if w.isVisible()]
        assert len(controls) > 15
        assert [w for w in controls if not w.accessibleName()] == []
        small = [w.accessibleName() for w in controls if min(w.width(), w.height()) < 18]
        assert small == []


async def test_the_language_changes_in_the_running_window(desk: FakeDesk, qapp: QApplication) -> None:
    async with conversation(TOM, desk) as view:
        try:
            apply_locale(qapp, "ar")
            async with conversation(TOM, desk) as fresh:
                await until(lambda: _words(fresh) == _words(view), what="both say the same")
        finally:
            apply_locale(qapp, "en")
            await settled()


def _words(view: ConversationView) -> list[str]:
    labels = [label.text() for label in view.findChildren(QLabel) if label.isVisible()]
    elided = [label.text() for label in view.findChildren(ElidedLabel) if label.isVisible()]
    buttons = [f"{b.text()}|{b.toolTip()}|{b.accessibleName()}" for b in view.findChildren(QAbstractButton)]
    return sorted([*labels, *elided, *buttons])


async def test_a_resolved_one_can_be_reopened(desk: FakeDesk) -> None:
    async with conversation(5030, desk) as view:
        assert view.head.resolve.text() == "Reopen"
        view.head.resolve.click()
        await until(lambda: view.head.resolve.text() == "Resolve")


async def test_a_refused_change_is_said_and_nothing_leaves(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        left: list[object] = []
        said: list[tuple[object, ...]] = []
        view.left.connect(left.append)
        view.said.connect(lambda *words: said.append(words))
        desk.failure = AgentDeskError(msg("The customer wrote again meanwhile."))
        view.deeds.resolve()
        await until(lambda: said)
        assert left == []


async def test_somebody_is_chosen_with_the_keyboard(desk: FakeDesk) -> None:
    async with conversation(5118, desk) as view:
        view.deeds.choose_assignee()
        popup = await until(lambda: view.deeds.menus.popup("assign"))
        assert popup.shown_keys()[0] == str(desk.me.id if desk.me else "")
        QTest.keyClicks(popup.field, "elif")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _done(desk, Assign))
        elif_ = next(row for row in desk.world.users.values() if row.name == "Elif Demir")
        assert _done(desk, Assign) == [Assign(conversation_id=desk.find(5118), assignee_id=elif_.id)]
        await until(lambda: "Elif" in view.head.assignee.accessibleName())


async def test_who_may_not_assign_others_is_offered_what_is_left(desk: FakeDesk) -> None:
    desk.permit(assign_others=False)
    async with conversation(5118, desk) as view:
        view.deeds.choose_assignee()
        popup = await until(lambda: view.deeds.menus.popup("assign"))
        QTest.keyClicks(popup.field, "elif")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        assert popup.isVisible()
        popup.field.clear()
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _done(desk, Assign))
        mine = desk.me.id if desk.me else None
        assert _done(desk, Assign) == [Assign(conversation_id=desk.find(5118), assignee_id=mine)]


async def test_taking_a_conversation(desk: FakeDesk) -> None:
    async with conversation(5118, desk) as view:
        view.deeds.assign_me()
        await until(lambda: view.head.assignee.accessibleName() == "Assigned to me")


async def test_giving_mine_away_takes_it_from_the_list(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        left: list[object] = []
        view.left.connect(left.append)
        view.deeds.choose_assignee()
        popup = await until(lambda: view.deeds.menus.popup("assign"))
        QTest.keyClicks(popup.field, "nobody")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: left)
        command = _done(desk, Assign)[0]
        assert isinstance(command, Assign)
        assert command.assignee_id is None
        assert command.seen_assignee_id is not None


async def test_snoozing_understands_what_is_typed(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.deeds.choose_snooze()
        popup = await until(lambda: view.deeds.menus.popup("snooze"))
        QTest.keyClicks(popup.field, "in 2 hours")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _done(desk, SetStatus))
        command = _done(desk, SetStatus)[0]
        assert isinstance(command, SetStatus)
        assert command.status == "snoozed"
        assert command.snoozed_until is not None


async def test_tags_and_priority(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.deeds.choose_tags()
        popup = await until(lambda: view.deeds.menus.popup("tags"))
        QTest.keyClicks(popup.field, "Carrier")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _done(desk, SetTags))
        assert _done(desk, SetTags) == [SetTags(conversation_id=desk.find(ANA), tags=("Delivery", "Carrier"))]
        view.deeds.choose_priority()
        popup = await until(lambda: view.deeds.menus.popup("priority"))
        QTest.keyClicks(popup.field, "urg")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _done(desk, SetPriority))
        assert _done(desk, SetPriority) == [SetPriority(conversation_id=desk.find(ANA), priority="urgent")]


@pytest.mark.qt_log_ignore("This plugin does not support")
async def test_details_say_why_a_message_is_here(desk: FakeDesk) -> None:
    row = _message(desk, ANA, subject="Order 4417, walnut desk")
    async with conversation(ANA, desk) as view:
        view.transcript.menu_asked.emit(row.id, QPoint(0, 0), "")
        menu = await until(lambda: view.message_actions.menu)
        texts = [action.text() for action in menu.actions() if action.text()]
        assert texts == ["Reply", "Reply to all", "Copy text", "Show original", "Details"]
        menu.actions()[-1].trigger()
        menu.close()
        dialog = view.message_actions.dialog
        assert isinstance(dialog, DetailsDialog)
        shown_texts = [label.text() for label in dialog.findChildren(QWidget) if hasattr(label, "text")]
        assert any("It refers to a message of this conversation" in text for text in shown_texts)
        dialog.close()
