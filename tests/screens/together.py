"""Pictures of what people do together: merging, mentions, texts put aside, erasing, and the locked desk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import msgspec
from PySide6.QtWidgets import QDialog, QWidget

from agentdesk.base import clock
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.sign_in import SignInPage
from agentdesk.desktop.views.trouble import TroublePage
from agentdesk.desktop.window import MainWindow
from agentdesk.domain.likeness import Clue, Evidence
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import MentionRow, SimilarContact, View
from agentdesk.sync.desk import Draft
from agentdesk.sync.key_lease import LeaseOver, SignedOut
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.until import until
from tests.screens.conversation import CONVERSATION, frozen
from tests.screens.runner import screen, settle

QUESTION = ((520, 430),)
ANA, TOM = 4417, 4390


async def _view(desk: FakeDesk, number: int) -> ConversationView:
    view = ConversationView(desk)
    view.resize(*CONVERSATION[0])
    view.show()
    await view.open(desk.find(number))
    return view


async def _question(behind: QWidget, ask: Callable[[], object]) -> QDialog:
    """What is asked over ``behind``, which lives as long as the question."""
    ask()
    dialog = await until(lambda: next(iter(behind.findChildren(QDialog)), None), what="the question")
    dialog.destroyed.connect(lambda: behind.deleteLater())
    behind.hide()
    return dialog


@screen("merge-with", sizes=CONVERSATION)
@frozen
async def merge_with() -> QWidget:
    view = await _view(FakeDesk.sample(NOW), ANA)
    view.deeds.choose_merge()
    await settle()
    return view


@screen("merge-question", sizes=QUESTION)
@frozen
async def merge_question() -> QWidget:
    desk = FakeDesk.sample(NOW)
    view = await _view(desk, ANA)
    ids = [desk.find(TOM), desk.find(ANA)]
    return await _question(view, lambda: view.deeds.merging.merge(ids, None))


@screen("main-drag", sizes=[(1440, 900)])
async def drag() -> QWidget:
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(FakeDesk.sample(), workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="all"))
    window.show()
    await settle()
    table = workspace.queue.table
    first, third = (table.visualRect(table.model().index(row, 0)).center() for row in (0, 2))
    table.drag.press(table.indexAt(first), first)
    table.drag.move(third)
    return window


@screen("merge-done", sizes=CONVERSATION)
@frozen
async def merge_done() -> QWidget:
    from agentdesk.commands.values import MergeConversations

    desk = FakeDesk.sample(NOW)
    await desk.do(MergeConversations(conversation_id=desk.find(TOM), joined_ids=(desk.find(ANA),)))
    return await _view(desk, TOM)


async def _panel(desk: FakeDesk, number: int) -> CustomerPanel:
    panel = CustomerPanel(desk)
    panel.resize(304, 836)
    head = desk.world.conversations[desk.find(number)]
    await panel.show_contact(head.contact_id, head.id)
    panel.show()
    return panel


@screen("merge-customers", sizes=QUESTION)
@frozen
async def merge_customers() -> QWidget:
    desk = FakeDesk.sample(NOW)
    ana = desk.world.conversations[desk.find(ANA)].contact_id
    tom = desk.world.conversations[desk.find(TOM)].contact_id
    other = desk.world.contacts[tom]
    panel = await _panel(desk, ANA)
    wanted = SimilarContact(id=tom, name=other.name, address=other.identities[0].value)
    return await _question(panel, lambda: panel.same.merge(desk.world.contacts[ana], wanted))


@screen("customer-same", sizes=((304, 836),))
@frozen
async def customer_same() -> QWidget:
    desk = FakeDesk.sample(NOW)
    ana = desk.world.conversations[desk.find(ANA)].contact_id
    similar = SimilarContact(id=desk.world.new_id(), name="Ana Ruiz", address="ana@ruiz-interiores.example")
    merged = SimilarContact(id=desk.world.new_id(), name="A. Ruiz", address="a.ruiz@example.net")
    desk.world.contacts[ana] = msgspec.structs.replace(
        desk.world.contacts[ana], similar=(similar,), merged=(merged,), sensitive=True, legal_hold=True
    )
    desk.permit(erase=True)
    signs = (
        Evidence(Clue.MAIL, "ana@ruiz-interiores.example"),
        Evidence(Clue.HANDLE, "@anaruiz", "mastodon"),
        Evidence(Clue.NAME),
    )
    desk.likes[ana] = [LikeRow(other=similar, evidence=signs)]
    handle = msgspec.structs.replace(
        desk.world.contacts[ana].identities[0],
        kind="mastodon",
        display="@anaruiz@social.example",
        verified=False,
        profile={"url": "https://social.example/@anaruiz", "followers": 12_400, "verified": True},
    )
    known = desk.world.contacts[ana].identities
    desk.world.contacts[ana] = msgspec.structs.replace(desk.world.contacts[ana], identities=(*known, handle))
    return await _panel(desk, ANA)


@screen("customer-find", sizes=[(1440, 900)])
async def customer_find() -> QWidget:
    desk = FakeDesk.sample()
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="all"))
    window.show()
    await settle()
    workspace.open_conversation(desk.find(TOM))
    await settle()
    workspace.actions_.trigger("customer.merge")
    popup = workspace.panel.identities.finder.popup
    assert popup is not None
    popup.field.setText("a")
    await settle()
    return window


@screen("erase-question", sizes=QUESTION)
@frozen
async def erase_question() -> QWidget:
    desk = FakeDesk.sample(NOW)
    desk.permit(erase=True)
    panel = await _panel(desk, ANA)
    return await _question(panel, panel.privacy.button.click)


@screen("composer-mentions", sizes=CONVERSATION)
@frozen
async def mentions() -> QWidget:
    view = await _view(FakeDesk.sample(NOW), ANA)
    composer = view.composer
    composer.start("note")
    composer.box.note_text.insert_text("@Maria Costa the carrier says Thursday. ")
    composer.box.note_text.insert_text("@")
    composer.box.note_text.mentions_wanted.emit()
    await until(lambda: composer.mentions.popup is not None and composer.mentions.popup.isVisible())
    return view


@screen("composer-aside", sizes=CONVERSATION)
@frozen
async def aside() -> QWidget:
    desk = FakeDesk.sample(NOW)
    here = desk.find(ANA)
    text = "Hola Ana: el transportista no me coge el teléfono; en cuanto sepa algo, te escribo."
    desk.asides.append(Draft(conversation_id=here, mode="reply", text=text, edition=desk.world.new_id()))
    await desk.save_draft(Draft(conversation_id=here, mode="reply", text="Hola Ana: llega el jueves."))
    view = await _view(desk, ANA)
    await settle()
    return view


@screen("main-mentions", sizes=[(1440, 900), (1024, 640)])
async def main_mentions() -> QWidget:
    desk = FakeDesk.sample()
    for number in (5102, TOM):
        desk.mentions.append(
            MentionRow(
                id=desk.world.new_id(),
                conversation_id=desk.find(number),
                created_at=clock.now(),
                author_name="Maria Costa",
                text="@Jonas Weber please look",
            )
        )
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="mentions"))
    window.show()
    await settle()
    return window


@screen("desk-locked", sizes=[(1440, 900), (1024, 640)])
def desk_locked() -> QWidget:
    over = LeaseOver()
    return TroublePage(over.message, over.hint, can_retry=True, icon_name="lock")


@screen("desk-signed-out", sizes=[(1024, 640)])
def desk_signed_out() -> QWidget:
    page = SignInPage("https://desk.larkfield.example", "jonas@larkfield.example")
    out = SignedOut()
    page.show_problem(out.message, out.hint)
    return page


@screen("customer-export", sizes=((304, 836),))
@frozen
async def customer_export() -> QWidget:
    desk = FakeDesk.sample(NOW)
    desk.permit(erase=True, export=True)
    contact_id = desk.world.conversations[desk.find(ANA)].contact_id
    desk.gates[contact_id] = opened = asyncio.Event()
    opened.set()
    panel = await _panel(desk, ANA)
    opened.clear()

    async def save_file(*_args: object, **_options: object) -> Path:
        return Path(tempfile.mkdtemp()) / "Ana Ruiz.zip"

    with patch("agentdesk.desktop.ask.save_file", save_file):
        panel.privacy.export.start()
        await until(lambda: panel.privacy.export.bar.value() == 250, what="the export is under way")
    return panel
