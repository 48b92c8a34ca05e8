"""What is done with a chat at the desk besides answering: ending it, and blocking its visitor."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import Assign, BlockContact, EndChat, SetStatus
from agentdesk.desktop.widgets.chip import ChipLabel
from agentdesk.desktop.workspace import Workspace

ANA, TOM = 4417, 4390
_KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    """Ana's conversation is a chat of mine, Tom's is mail."""
    made = FakeDesk.sample()
    assert made.me is not None
    make_chat(made, ANA, assignee_id=made.me.id)
    return made


def _menu(panes: Workspace) -> list[str]:
    row = panes.conversation.deeds.row
    assert row is not None
    menu = panes.conversation.deeds.menu(row)
    texts = [action.text() for action in menu.actions()]
    menu.deleteLater()
    return texts


async def test_a_key_ends_the_chat_and_undo_opens_it_again(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(TOM))
        await opened(panes, TOM, desk)
        assert not panes.actions_.action("chat.end").isEnabled(), "mail has no end"
        assert "End the chat" not in _menu(panes)
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        assert "End the chat" in _menu(panes)
        last = desk.world.conversations[desk.find(ANA)].last_message_id
        press(panes, Qt.Key.Key_E, _KEYS)
        await until(
            lambda: desk.commands[-1:] == [EndChat(conversation_id=desk.find(ANA), seen_message_id=last)]
        )
        await until(lambda: panes.conversation.conversation_id != desk.find(ANA))
        press(panes.queue.table, Qt.Key.Key_Z)
        await until(lambda: isinstance(desk.commands[-1], SetStatus))
        assert desk.world.conversations[desk.find(ANA)].status == "open"


async def test_a_key_takes_a_chat(desk: FakeDesk, tmp_path: Path) -> None:
    make_chat(desk, TOM, assignee_id=None)
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(TOM))
        await opened(panes, TOM, desk)
        press(panes.queue.table, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
        await until(lambda: [one for one in desk.commands if isinstance(one, Assign)])
        assert desk.me is not None
        assert desk.world.conversations[desk.find(TOM)].assignee_id == desk.me.id


async def test_a_visitor_is_blocked_and_may_write_again(desk: FakeDesk, tmp_path: Path) -> None:
    contact_id = desk.world.conversations[desk.find(ANA)].contact_id
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        said: list[str] = []
        panes.panel.blocking.said.connect(lambda text, _undo, _do: said.append(text.text))
        chip = next(one for one in panes.panel.marks.findChildren(ChipLabel) if one._chip.icon == "ban")
        assert not chip.isVisible()
        assert "Block this customer, or let them write again" in _menu(panes)
        panes.actions_.trigger("customer.block")
        await until(lambda: desk.commands[-1:] == [BlockContact(contact_id=contact_id)])
        await until(chip.isVisible)
        assert said == ["Blocked: {name}."]
        press(panes.queue.table, Qt.Key.Key_Z)
        await until(lambda: desk.commands[-1] == BlockContact(contact_id=contact_id, blocked=False))
        await until(lambda: not chip.isVisible())
        desk.failure = AgentDeskError(msg("Blocking is left to some of your colleagues."))
        panes.actions_.trigger("customer.block")
        await until(lambda: said[-1] == "Blocking is left to some of your colleagues.")
        await list_loaded(panes, desk)
        assert not chip.isVisible()
