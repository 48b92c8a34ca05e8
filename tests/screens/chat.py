"""Pictures of live chats at the desk."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import JoinChat
from agentdesk.desktop.my_status import MyStatus
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import MentionedRow, View
from agentdesk.queries.team_rows import OfferRow, OwnStatusRow
from agentdesk.sync.presence import Other
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import CHATS, be_on_page, make_chat, sample_chats
from tests.screens.runner import screen, settle

SIZES = [(1440, 900), (1024, 640)]


async def _window(desk: FakeDesk) -> tuple[MainWindow, Workspace]:
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="mine", order="due"))
    window.show()
    await settle()
    return window, workspace


@screen("main-chats", sizes=SIZES)
async def main_chats() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    shop = "https://larkfield.example"
    be_on_page(
        desk,
        CHATS[0],
        (f"{shop}/desks", "Desks of walnut and oak"),
        (f"{shop}/desks/walnut-140", "Walnut desk 140 cm"),
        (f"{shop}/delivery?order=4417", "Where is my order?"),
        browser="Firefox 132",
        system="Windows",
        language="es",
        time_zone="Europe/Madrid",
    )
    for text in ("Sind Sie noch da?", "Hallo?"):
        desk.receive(chats[2], text)
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    return window


@screen("side-by-side", sizes=[(1440, 900), (1920, 1000), (1024, 640)])
async def side_by_side() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    desk.colleagues(chats[0], Other(desk.world.conversations[chats[0]].contact_id, "reply"))
    window, workspace = await _window(desk)
    window.resize(1920, 1000)
    workspace.open_conversation(chats[0])
    await settle()
    for _ in chats[1:]:
        workspace.actions_.trigger("chat.beside")
        await settle()
    workspace.open_conversation(chats[1])
    await settle()
    workspace.conversation.composer.box.text.insertPlainText("One moment, I am looking for your order.")
    return window


@screen("hand-over", sizes=SIZES)
async def hand_over() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    desk.world.inbox("Sales", "sales@larkfield.example")
    for place, person in enumerate(desk.world.users.values()):
        state = ("available", "break", "busy")[place % 3]
        desk.world.standings[person.id] = {"state": state, "capacity": 6, "languages": ("de", "en")}
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    workspace.late.deeds.hand_over()
    await settle()
    panel = workspace.late.deeds.handing.panel
    assert panel is not None
    panel.note.setPlainText("She wants her money back; I have promised an answer today.")
    return window


@screen("typing-preview", sizes=SIZES)
async def typing_preview() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    visitor = desk.world.conversations[chats[0]].contact_id
    desk.colleagues(
        chats[0], Other(visitor, "reply", text="¿Podría decirme al menos si el escritorio ha salido ya")
    )
    await settle()
    return window


@screen("my-status", sizes=[(320, 460)])
async def my_status() -> QWidget:
    desk = FakeDesk.sample()
    rows = ("On a call", "busy", "phone"), ("Lunch", "break", "moon"), ("Training", "offline", "book-open")
    for name, kind, icon_name in rows:
        made = OwnStatusRow(id=new_id(), name=name, kind=kind, icon=icon_name)
        desk.world.statuses[made.id] = made
    assert desk.me is not None
    lunch = next(one for one in desk.world.statuses.values() if one.name == "Lunch")
    back_at = clock.now() + timedelta(minutes=30)
    desk.world.standings[desk.me.id] = {"state": "break", "status_id": lunch.id, "back_at": back_at}
    ground = QWidget()
    status = MyStatus(desk, Rail(ground))
    status.refresh()
    await settle()
    status.menu.setParent(ground, Qt.WindowType.Widget)  # it would go alone otherwise, before the ground
    status.menu.show()
    return ground


@screen("handed-over", sizes=SIZES)
async def handed_over() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    row = desk.world.conversations[chats[0]]
    colleague = next(one for one in desk.world.users.values() if desk.me is None or one.id != desk.me.id)
    desk.world.conversations[row.id] = msgspec.structs.replace(
        row, asked_id=colleague.id, asked_name=colleague.name
    )
    now = clock.now()
    offered = OfferRow(
        id=new_id(),
        conversation_id=chats[1],
        contact_name=desk.world.conversations[chats[1]].contact_name,
        preview="Hello?",
        offered_at=now,
        expires_at=now + timedelta(seconds=60),
        from_id=colleague.id,
        from_name=colleague.name,
        note="He asks about an invoice that only you know.",
    )
    desk.offered[offered.id] = offered
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    return window


def _supervised(desk: FakeDesk) -> UUID:
    """A chat of Maria's that goes on, in which was whispered; I may supervise. Returns its id."""
    maria = next(one for one in desk.world.users.values() if one.name == "Maria Costa")
    desk.permit(supervise=True)
    sample_chats(desk)
    here = make_chat(desk, CHATS[0], assignee_id=maria.id, assignee_name=maria.name)
    contact = desk.world.conversations[here].contact_id
    desk.colleagues(here, Other(contact, "reply"), Other(maria.id))
    assert desk.me is not None
    row = desk.thread(here).note(desk.me, 0, "Offer her free delivery: she has waited twice this year.")
    whom = MentionedRow(kind="whisper", id=maria.id, name=maria.name)
    desk.world.messages[row.id] = msgspec.structs.replace(row, mentions=(whom,))
    return here


@screen("watching", sizes=SIZES)
async def watching() -> QWidget:
    desk = FakeDesk.sample()
    here = _supervised(desk)
    window, workspace = await _window(desk)
    workspace.show_view(View(kind="all", channel="chat", group="assignee", order="oldest"))
    workspace.open_conversation(here)
    await settle()
    return window


@screen("joined", sizes=SIZES)
async def joined() -> QWidget:
    desk = FakeDesk.sample()
    here = _supervised(desk)
    await desk.do(JoinChat(conversation_id=here))
    window, workspace = await _window(desk)
    workspace.open_conversation(here)
    await settle()
    return window
