"""Several chats at once: tabs above the conversation, each with its wait, its draft and its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import CHATS, make_chat, sample_chats
from tests.helpers.until import until
from tests.helpers.windows import main_window, opened, press

from agentdesk.desktop.views.chat_tabs import ChatTab, ChatTabs
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.presence import Other

ANA, TOM = CHATS[0], CHATS[1]


@pytest.fixture
def desk() -> FakeDesk:
    """Three chats are mine."""
    made = FakeDesk.sample()
    sample_chats(made)
    return made


def _tabs(panes: Workspace) -> list[ChatTab]:
    return [tab for tab in panes.late.tabs.tabs if tab.isVisible()]


def _numbers(panes: Workspace) -> list[int]:
    return [tab.row.number for tab in _tabs(panes)]


async def test_a_tab_for_each_of_my_chats(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: _numbers(panes) == [CHATS[2], CHATS[1], CHATS[0]])
        left, typing, here = _tabs(panes)
        chips = [chip.kind for tab in _tabs(panes) if (chip := tab.chip()) is not None]
        assert chips == ["bad", "warn", "outline"]
        assert "left the page" in left.accessibleName()
        assert "waiting for" in here.accessibleName()
        assert typing._typing
        here.click()
        await opened(panes, ANA, desk)
        await until(lambda: [tab.isChecked() for tab in _tabs(panes)] == [False, False, True])

        assert desk.me is not None
        extra = make_chat(desk, 5088, assignee_id=desk.me.id, waiting_since=desk.world.now - timedelta(1))
        desk.emit(conversation={extra})
        await until(lambda: _numbers(panes)[-1:] == [5088], what="what comes stands at the end")
        assert _numbers(panes)[:3] == [CHATS[2], CHATS[1], CHATS[0]], "the others stand still"
        for number in CHATS[1:]:
            make_chat(desk, number, status="resolved")
        make_chat(desk, 5088, assignee_id=None)
        desk.emit(conversation={extra})
        await until(lambda: not panes.late.tabs.isVisible(), what="one chat alone needs no tabs")


async def test_keys_go_round_while_writing_and_drafts_stay(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: len(_tabs(panes)) == 3)
        press(panes, Qt.Key.Key_F8)
        await opened(panes, CHATS[2], desk)
        composer = panes.conversation.composer
        QTest.keyClicks(composer.box.text, "One moment")
        press(composer.box.text, Qt.Key.Key_F8)
        await opened(panes, TOM, desk)
        assert composer.box.text.is_blank()
        press(composer.box.text, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
        await opened(panes, CHATS[2], desk)
        assert composer.box.text.toPlainText() == "One moment"
        press(composer.box.text, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
        await opened(panes, ANA, desk)


async def test_a_tab_counts_what_is_new_since_it_was_looked_at(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: len(_tabs(panes)) == 3)
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        tab = next(one for one in _tabs(panes) if one.row.id == desk.find(TOM))
        before = tab.news
        for count in (1, 2):
            desk.receive(desk.find(TOM), "Hello?")
            await until(lambda count=count: tab.news == before + count, what=f"{count} are new")
        assert tab.accessibleName().endswith(f"{before + 2} new messages")
        tab.click()
        await opened(panes, TOM, desk)
        await until(lambda: tab.news == 0, what="they were seen")
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        desk.world.now += timedelta(seconds=1)
        desk.receive(desk.find(TOM), "Are you there?")
        await until(lambda: tab.news == 1, what="one is new since")
        assert tab.accessibleName().endswith("1 new message")


async def test_a_tab_follows_who_types(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: len(_tabs(panes)) == 3)
        here = desk.find(ANA)
        contact_id = desk.world.conversations[here].contact_id
        tab = next(one for one in _tabs(panes) if one.row.id == here)
        assert not tab._typing
        desk.colleagues(here, Other(contact_id, "reply"))
        await until(lambda: tab._typing)
        desk.colleagues(here)
        await until(lambda: not tab._typing)
        assert "left the page" in tab.accessibleName()


async def test_a_second_that_changes_nothing_costs_nothing(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = desk.world.now
    (row,) = await desk.queue_rows([make_chat(desk, 5088, waiting_since=now - timedelta(minutes=10))])
    owner = ChatTabs(desk)
    tab = ChatTab(row, owner)
    told: list[str] = []
    monkeypatch.setattr(tab, "setAccessibleName", told.append)
    for seconds in (0, 1, 2, 60, 61):
        tab.set_now(now + timedelta(seconds=seconds), None, typing=False)
    assert len(told) == 2
    tab.set_now(now + timedelta(seconds=61), None, typing=True)
    assert len(told) == 3
