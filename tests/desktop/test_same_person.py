"""A customer's handles, and others who may be the same person, with the reasons."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QDialog, QLabel, QPushButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_posts import customer_posts, follow, make_post
from tests.helpers.until import until
from tests.helpers.views import settled, shown

from agentdesk.commands.values import MergeContacts, UnmergeContacts
from agentdesk.desktop.dialogs.merge_customers import MergeCustomersQuestion
from agentdesk.desktop.locale import tr
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.customer_lines import IdentityLine
from agentdesk.desktop.views.same_person import OtherLine, reason_words
from agentdesk.domain.likeness import Clue, Evidence
from agentdesk.domain.posts import Visibility
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import SimilarContact

TOM, ANA = 4390, 4417
SIGNS = (Evidence(Clue.MAIL, "ana.ruiz@example.com"), Evidence(Clue.NAME))


def _texts(panel: CustomerPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (SIGNS[0], "One of them wrote the other's mail address: "),
        (Evidence(Clue.PHONE, "+34600"), "One of them wrote the other's number: "),
        (Evidence(Clue.PAGE, "https://social.example/@ana", "x"), "One of them named the other's page: "),
        (Evidence(Clue.HANDLE, "@anaruiz", "mastodon"), "The same handle on Mastodon: "),
        (SIGNS[1], "The same name, which proves nothing"),
    ],
)
def test_reasons_are_said_in_words(sign: Evidence, words: str) -> None:
    said = tr(reason_words(sign))
    assert said.startswith(words)
    assert sign.value in said


async def test_handles_lead_to_their_pages_and_say_who_follows() -> None:
    desk = FakeDesk.sample()
    rows = customer_posts(desk, make_post(desk, TOM, Visibility.PUBLIC))
    follow(desk, rows[-1], 12_400)
    contact_id = desk.world.conversations[desk.find(TOM)].contact_id
    opened: list[QUrl] = []
    async with shown(CustomerPanel(desk), 304) as panel:
        panel.identities.opener = opened.append
        await panel.show_contact(contact_id)
        await settled()
        lines = [one for one in panel.findChildren(IdentityLine) if one.isVisible()]
        assert len(lines) == 2
        assert "12,400 followers" in _texts(panel)
        assert lines[1].link is not None
        assert lines[1].link.accessibleName() == "Open their page on Mastodon"
        assert lines[0].link is None
        lines[1].link.click()
        await until(lambda: opened)
        assert [one.toString() for one in opened] == ["https://social.example/@customer"]


async def test_a_page_that_is_none_has_no_button_and_the_network_can_vouch() -> None:
    desk = FakeDesk.sample()
    contact_id = desk.world.conversations[desk.find(TOM)].contact_id
    contact = desk.world.contacts[contact_id]
    profile = {"url": "javascript:alert(1)", "verified": True, "followers": 1}
    handle = msgspec.structs.replace(contact.identities[0], kind="mastodon", profile=profile)
    desk.world.contacts[contact_id] = msgspec.structs.replace(contact, identities=(handle,))
    async with shown(CustomerPanel(desk), 304) as panel:
        await panel.show_contact(contact_id)
        await settled()
        [line] = [one for one in panel.findChildren(IdentityLine) if one.isVisible()]
        assert line.link is None
        assert "1 follower, verified by the network" in _texts(panel)


async def test_who_may_be_the_same_is_suggested_with_reasons_and_joined_and_parted() -> None:
    desk = FakeDesk.sample()
    tom = desk.world.conversations[desk.find(TOM)].contact_id
    ana = desk.world.conversations[desk.find(ANA)].contact_id
    other = SimilarContact(id=ana, name="Ana Ruiz", address="ana.ruiz@example.com")
    desk.likes[tom] = [LikeRow(other=other, evidence=SIGNS)]
    done = UndoStack()
    async with shown(CustomerPanel(desk, done=done), 304) as panel:
        await panel.show_contact(tom)
        line = await until(lambda: panel.findChild(OtherLine), what="the suggestion is shown")
        assert "One of them wrote the other's mail address" in line.button.accessibleDescription()
        assert "The same name, which proves nothing" in _texts(panel)
        line.button.click()
        dialog = await until(lambda: next((d for d in panel.window().findChildren(QDialog)), None))
        assert isinstance(dialog, MergeCustomersQuestion)
        said = [label.text() for label in dialog.findChildren(QLabel)]
        assert any(one.startswith("One of them wrote the other's mail address") for one in said)
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Merge").click()
        await until(lambda: MergeContacts(contact_id=tom, joined_id=ana) in desk.commands)
        merged = msgspec.structs.replace(desk.world.contacts[tom], merged=(other,))
        desk.world.contacts[tom] = merged
        panel.on_changes({"contact": {tom}})
        split = await until(
            lambda: [one for one in panel.findChildren(OtherLine) if one.button.text() == "Split off again"]
        )
        assert [one for one in panel.findChildren(OtherLine) if one.isVisible()] == split
        split[0].button.click()
        await until(lambda: UnmergeContacts(contact_id=tom, joined_id=ana) in desk.commands)


async def test_signs_of_one_customer_are_never_shown_at_another() -> None:
    desk = FakeDesk.sample()
    tom = desk.world.conversations[desk.find(TOM)].contact_id
    ana = desk.world.conversations[desk.find(ANA)].contact_id
    desk.likes[tom] = [LikeRow(other=SimilarContact(id=ana, name="Ana"), evidence=SIGNS)]
    async with shown(CustomerPanel(desk), 304) as panel:
        await panel.show_contact(tom)
        await until(lambda: [one for one in panel.findChildren(OtherLine) if one.isVisible()])
        await panel.show_contact(ana)
        await settled()
        assert [one for one in panel.findChildren(OtherLine) if one.isVisible()] == []


async def test_who_may_not_merge_sees_no_suggestions() -> None:
    desk = FakeDesk.sample()
    desk.permit(merge=False)
    tom = desk.world.conversations[desk.find(TOM)].contact_id
    desk.likes[tom] = [LikeRow(other=SimilarContact(id=desk.world.new_id(), name="T."), evidence=SIGNS)]
    async with shown(CustomerPanel(desk), 304) as panel:
        await panel.show_contact(tom)
        await settled()
        assert panel.findChildren(OtherLine) == []
