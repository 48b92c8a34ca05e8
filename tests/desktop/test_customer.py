"""The customer panel: who it is, editing in place, past conversations, and what strangers call themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled, shown
from tests.helpers.windows import main_window, opened

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import EditContact, EraseContact, MarkContact, MergeContacts, UnmergeContacts
from agentdesk.desktop.dialogs.merge_customers import MergeCustomersQuestion
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.customer_lines import IdentityLine, PastLine, local_time
from agentdesk.desktop.views.same_person import OtherLine
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.queries.rows import SimilarContact


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


@asynccontextmanager
async def panel_of(number: int, desk: FakeDesk) -> AsyncIterator[CustomerPanel]:
    async with shown(CustomerPanel(desk), 304, 836) as panel:
        stop = desk.subscribe(panel.on_changes)
        head = desk.world.conversations[desk.find(number)]
        await panel.show_contact(head.contact_id, head.id)
        await settled()
        yield panel
        stop()


def _texts(panel: CustomerPanel) -> list[str]:
    elided = [label.text() for label in panel.findChildren(ElidedLabel) if label.isVisible()]
    return elided + [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


async def test_it_says_who_the_customer_is_and_how_they_are_reached(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        texts = _texts(panel)
        assert "Ana Ruiz" in texts
        assert any(text.startswith("Madrid, Spain ·") and text.endswith("there") for text in texts)
        assert len(panel.findChildren(IdentityLine)) == 2
        assert "Third floor, no lift. Ask for the two-person delivery." in texts


async def test_a_change_brings_nobody_back_who_was_left(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        left, other = desk.find(4417), desk.world.conversations[desk.find(4390)]
        desk.emit(conversation={left})
        await panel.show_contact(other.contact_id, other.id)
        await settled()
        assert panel.contact_id == other.contact_id
        assert other.contact_name in _texts(panel)


async def test_an_address_that_does_not_work_says_why(desk: FakeDesk) -> None:
    async with panel_of(5088, desk) as panel:
        assert "This address does not exist." in _texts(panel)


async def test_a_detail_is_edited_where_it_stands(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        field = panel.field("company")
        QTest.mouseClick(field.shown, Qt.MouseButton.LeftButton)
        QTest.keyClicks(field.editor, "  Ruiz  e Hijos ")
        QTest.keyClick(field.editor, Qt.Key.Key_Return)
        await until(lambda: desk.commands)
        contact_id = desk.world.conversations[desk.find(4417)].contact_id
        assert desk.commands == [EditContact(contact_id=contact_id, fields={"company": "Ruiz e Hijos"})]
        await until(lambda: field.shown.text() == "Ruiz e Hijos")
        assert not field.is_editing


async def test_escape_restores(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        field = panel.field("name")
        field.begin()
        QTest.keyClicks(field.editor, "Somebody else")
        QTest.keyClick(field.editor, Qt.Key.Key_Escape)
        await settled()
        assert field.shown.text() == "Ana Ruiz"
        assert desk.commands == []


async def test_a_change_by_somebody_else_does_not_overwrite_what_is_typed(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        field = panel.field("place")
        field.begin()
        QTest.keyClicks(field.editor, "Sevilla")
        desk.emit(contact={desk.world.conversations[desk.find(4417)].contact_id})
        await settled(10)
        assert field.is_editing
        assert field.editor.text() == "Sevilla"


async def test_a_refused_edit_says_so_and_shows_the_old_value(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        desk.failure = AgentDeskError(msg("You may not change this."))
        field = panel.field("name")
        field.begin()
        field.editor.setText("Ana R.")
        field.finish()
        await until(lambda: "You may not change this." in _texts(panel))
        assert field.shown.text() == "Ana Ruiz"


async def test_who_may_not_edit_reads(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        field, notes = panel.field("company"), panel.notes_field
        desk.permit(edit_contacts=False)
        await until(lambda: field.shown.text() == "–")
        for shown_value in (field.shown, notes.shown):
            QTest.mouseClick(shown_value, Qt.MouseButton.LeftButton)
        assert not field.is_editing
        assert not notes.is_editing
        assert field.shown.focusPolicy() == Qt.FocusPolicy.NoFocus
        desk.permit()
        await until(lambda: field.shown.text() == "Add")
        QTest.mouseClick(field.shown, Qt.MouseButton.LeftButton)
        assert field.is_editing


async def test_notes_are_kept_when_the_field_is_left(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        notes = panel.notes_field
        notes.begin()
        notes.editor.setPlainText("Rings twice.\nHas a dog.")
        notes.finish()
        await until(lambda: desk.commands)
        command = desk.commands[0]
        assert isinstance(command, EditContact)
        assert command.fields == {"notes": "Rings twice.\nHas a dog."}


async def test_what_was_typed_is_saved_for_the_customer_it_was_typed_for(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        ana = desk.world.conversations[desk.find(4417)].contact_id
        tom = desk.world.conversations[desk.find(4390)].contact_id
        panel.field("company").begin()
        panel.field("company").editor.setText("Ruiz")
        await panel.show_contact(tom)
        await until(lambda: desk.commands)
        assert desk.commands == [EditContact(contact_id=ana, fields={"company": "Ruiz"})]
        assert panel.field("company").shown.text() == "Add"


async def test_a_past_conversation_is_asked_for(desk: FakeDesk) -> None:
    world = desk.world
    ana = world.contacts[world.conversations[desk.find(4417)].contact_id]
    inbox = next(iter(world.inboxes.values()))
    old = world.conversation(ana, 3001, "Lamp arrived scratched", inbox, status="resolved")
    async with panel_of(4417, desk) as panel:
        asked: list[object] = []
        panel.conversation_requested.connect(asked.append)
        lines = panel.findChildren(PastLine)
        assert [line.accessibleName() for line in lines] == ["Lamp arrived scratched"]
        QTest.mouseClick(lines[0], Qt.MouseButton.LeftButton)
        assert asked == [old.id]


async def test_the_last_customer_asked_for_is_shown(desk: FakeDesk) -> None:
    ana = desk.world.conversations[desk.find(4417)].contact_id
    tom = desk.world.conversations[desk.find(4390)].contact_id
    desk.gates[ana] = asyncio.Event()
    async with shown(CustomerPanel(desk), 304, 836) as panel:
        first = asyncio.ensure_future(panel.show_contact(ana))
        await settled()
        await panel.show_contact(tom)
        desk.gates[ana].set()
        await first
        await settled()
        assert panel.field("name").shown.text() == "Tom Baker"


async def test_nobody_and_somebody_gone(desk: FakeDesk) -> None:
    async with shown(CustomerPanel(desk), 304, 836) as panel:
        assert panel.empty.isVisible()
        await panel.show_contact(desk.find(4417))  # no contact has this id
        assert "no longer exists" in panel.empty.accessibleName()


async def test_a_hostile_name_is_shown_as_it_is(desk: FakeDesk, qapp: QApplication) -> None:
    async with panel_of(5050, desk) as panel:
        assert any(text.startswith("Tom & <b>Jerry</b>") for text in _texts(panel))
        assert all(
            label.textFormat() == Qt.TextFormat.PlainText
            for label in panel.findChildren(QLabel)
            if label.text()
        )


@pytest.mark.parametrize(
    ("zone", "time"),
    [("Europe/Madrid", "11:35"), ("Asia/Tokyo", "19:35"), ("Mars/Base", ""), ("", ""), ("../etc", "")],
)
def test_what_time_it_is_there(qapp: QApplication, zone: str, time: str) -> None:
    assert local_time(zone, datetime.fromisoformat("2026-11-25T10:35:00+00:00")) == time


async def test_only_who_may_erases_and_only_after_a_plain_question(desk: FakeDesk) -> None:
    async with panel_of(4417, desk) as panel:
        assert not panel.privacy.isVisible()
    assert desk.me is not None
    desk.permit(erase=True)
    async with panel_of(4417, desk) as panel:
        assert panel.privacy.isVisible()
        asked = 0
        for answer in (QDialog.DialogCode.Rejected.value, 2):
            panel.privacy.button.click()
            dialog = await until(
                lambda: next((d for d in panel.findChildren(QDialog) if d.isVisible()), None)
            )
            asked += 1
            words = " ".join(label.text() for label in dialog.findChildren(QLabel))
            assert "cannot be undone" in words
            assert "Ana Ruiz" in dialog.windowTitle() + words
            assert not [one for one in desk.commands if isinstance(one, EraseContact)]
            dialog.done(answer)
            await settled(20)
        (done,) = [one for one in desk.commands if isinstance(one, EraseContact)]
        assert (done.contact_id, asked) == (panel.contact_id, 2)
        await until(lambda: not panel.privacy.isVisible())


async def test_why_a_customer_cannot_be_erased_stands_below_the_button(desk: FakeDesk) -> None:
    desk.permit(erase=True)
    async with panel_of(4417, desk) as panel:
        desk.failure = AgentDeskError(msg("This customer is under a legal hold: nothing may be erased."))
        panel.privacy.button.click()
        dialog = await until(lambda: next((d for d in panel.findChildren(QDialog) if d.isVisible()), None))
        dialog.done(2)
        await until(lambda: any("legal hold" in text for text in _texts(panel)))


async def test_the_same_person_under_two_names_is_merged_and_split_off(
    desk: FakeDesk, tmp_path: Path
) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(4390))
        await opened(panes, 4390, desk)
        tom = desk.world.contacts[panes.panel.contact_id]
        other = SimilarContact(id=desk.world.conversations[desk.find(4417)].contact_id, name="T. Baker")
        desk.world.contacts[tom.id] = msgspec.structs.replace(tom, similar=(other,))
        desk.emit(contact={tom.id})
        line = await until(lambda: panes.panel.findChild(OtherLine), what="the suggestion is shown")
        line.button.click()
        dialog = await until(lambda: next((d for d in panes.window().findChildren(QDialog)), None))
        assert "“Ana Ruiz” joins Tom Baker" in " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert isinstance(dialog, MergeCustomersQuestion)
        dialog.choose("name")
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Merge").click()
        merge = MergeContacts(contact_id=tom.id, joined_id=other.id, take=("name",))
        await until(lambda: merge in desk.commands)
        await until(lambda: panes.queue.toasts.current_text().startswith("Merged T. Baker with"))
        panes.conversation.deeds.undo()
        await until(lambda: UnmergeContacts(contact_id=tom.id, joined_id=other.id) in desk.commands)


async def test_another_customer_is_found_and_merged(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(4390))
        await opened(panes, 4390, desk)
        panel, tom = panes.panel, panes.panel.contact_id
        ana = desk.world.conversations[desk.find(4417)].contact_id
        assert tom is not None
        panes.actions_.trigger("panel.toggle")
        assert not panel.isVisible()
        assert panes.actions_.trigger("customer.merge")
        popup = panel.identities.finder.popup
        assert panel.isVisible()
        assert popup is not None
        assert popup.isVisible()
        assert popup.shown_keys() == []
        QTest.keyClicks(popup.field, "nobody")
        await until(lambda: any("No customer matches “nobody”." in label.text() for label in _labels(popup)))
        popup.field.setText("ruiz")
        await until(lambda: popup.shown_keys() == [str(ana)])  # and not the one who is to stay
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        dialog = await until(lambda: next((d for d in panes.window().findChildren(QDialog)), None))
        assert isinstance(dialog, MergeCustomersQuestion)
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Merge").click()
        await until(lambda: MergeContacts(contact_id=tom, joined_id=ana) in desk.commands)
        desk.permit(merge=False)
        await until(lambda: not panel.identities.merge_button.isVisible())
        panes.actions_.trigger("customer.merge")
        await until(lambda: "left to some of your colleagues" in panes.queue.toasts.current_text())
        assert not popup.isVisible()


def _labels(widget: QWidget) -> list[QLabel]:
    return [label for label in widget.findChildren(QLabel) if label.isVisible()]


async def test_marks_are_set_by_those_who_may_seen_by_all_and_undone(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(4417))
        await opened(panes, 4417, desk)
        panel, contact_id = panes.panel, panes.panel.contact_id
        assert contact_id is not None
        assert not panel.privacy.isVisible()
        assert not panel.marks.isVisible()
        desk.permit(erase=True)
        await until(panel.privacy.isVisible)
        panel.privacy.hold.click()
        await until(lambda: MarkContact(contact_id=contact_id, legal_hold=True) in desk.commands)
        await until(panel.marks.isVisible)
        assert not panel.privacy.button.isEnabled(), "nothing is erased under a legal hold"
        assert panes.queue.toasts.current_text() == "Under legal hold."
        panes.conversation.deeds.undo()
        await until(lambda: not panel.privacy.hold.isChecked())
        assert desk.commands[-1] == MarkContact(contact_id=contact_id, legal_hold=False)
        desk.failure = AgentDeskError(msg("Erasing is left to some of your colleagues."))
        panel.privacy.sensitive.click()
        await until(lambda: any("left to some" in text for text in _texts(panel)))
        assert not panel.privacy.sensitive.isChecked()
