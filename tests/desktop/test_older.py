"""Conversations that are on the server only: in the list, in a search, at the customer, and opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled, shown
from tests.helpers.windows import main_window, opened

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.desktop.views import older
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.customer_lines import PastLine
from agentdesk.desktop.views.older import OlderPages
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Link

RESOLVED = View(kind="resolved")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    monkeypatch.setattr(older, "_SEARCH_AFTER_MS", 0)
    return FakeDesk.sample()


@asynccontextmanager
async def _listing(desk: FakeDesk, view: View) -> AsyncIterator[QueuePane]:
    async with shown(QueuePane(desk), 380, 836) as pane:
        stop = desk.subscribe(pane.on_changes)
        stop_status = desk.subscribe_status(lambda _: pane.on_status())
        pane.show_view(view)
        await settled()
        yield pane
        stop()
        stop_status()


def _words(pages: OlderPages) -> str:
    labels = (label for label in pages.strip.findChildren(QLabel) if label.isVisible())
    return " ".join(label.text() for label in labels if label.text())


def _button(pages: OlderPages) -> QPushButton:
    (button,) = (one for one in pages.strip.findChildren(QPushButton) if one.isVisible())
    return button


def _listed(pane: QueuePane) -> list[UUID]:
    return list(pane.model.ids)


def _past(panel: CustomerPanel) -> int:
    return sum(line.isVisible() for line in panel.findChildren(PastLine))


async def test_the_end_of_the_list_leads_to_the_server_page_after_page(desk: FakeDesk) -> None:
    old = desk.keep_elsewhere(4417, 4390, 5121)
    async with _listing(desk, RESOLVED) as pane:
        here = _listed(pane)
        assert _words(pane.older) == "Only the last 90 days are kept here."
        desk.older_gate = asyncio.Event()
        _button(pane.older).click()
        await until(lambda: desk.wishes)
        assert _words(pane.older) == "Fetching…"
        desk.older_gate.set()
        await until(lambda: _listed(pane) == [*here, *old[:2]])
        _button(pane.older).click()
        await until(lambda: _listed(pane) == [*here, *old])
        assert _words(pane.older) == "These are all."
        assert [wish.after for wish in desk.wishes] == ["", "1"]


async def test_keys_reach_it_and_stay_with_it(desk: FakeDesk) -> None:
    desk.keep_elsewhere(4417, 4390, 5121)
    async with _listing(desk, RESOLVED) as pane:
        pane.table.setFocus()
        QTest.keyClick(pane.table, Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is _button(pane.older)
        assert _button(pane.older).accessibleName() or _button(pane.older).text() == "Show older"
        QTest.keyClick(_button(pane.older), Qt.Key.Key_Space)
        await until(lambda: pane.older.ids)
        await until(lambda: QApplication.focusWidget() is _button(pane.older))


async def test_a_failure_says_what_helps_and_can_be_tried_again(desk: FakeDesk) -> None:
    (old,) = desk.keep_elsewhere(4417)
    async with _listing(desk, RESOLVED) as pane:
        desk.failure = AgentDeskError(msg("The server does not answer."), msg("Try again in a moment."))
        _button(pane.older).click()
        await until(lambda: "does not answer" in _words(pane.older))
        assert _words(pane.older) == "The server does not answer. Try again in a moment."
        assert _button(pane.older).text() == "Try again"
        _button(pane.older).click()
        await until(lambda: old in _listed(pane))


async def test_offline_it_says_how_far_back_the_list_goes(desk: FakeDesk) -> None:
    desk.set_link(Link.OFFLINE)
    async with _listing(desk, RESOLVED) as pane:
        assert _words(pane.older).startswith("Offline, so only the last 90 days are here.")
        desk.set_link(Link.SYNCED)
        assert _words(pane.older) == "Only the last 90 days are kept here."


async def test_nothing_is_offered_where_nothing_can_be(desk: FakeDesk) -> None:
    async with _listing(desk, View(kind="all")) as pane:
        assert not pane.older.strip.isVisible()
    desk.permit(history=False)
    async with _listing(desk, RESOLVED) as pane:
        assert not pane.older.strip.isVisible()


async def test_a_search_shows_what_is_here_at_once_and_older_ones_below(desk: FakeDesk) -> None:
    for number in (4417, 4390):
        desk.receive(desk.find(number), "the zebra lamp")
    here = desk.find(4390)
    (old,) = desk.keep_elsewhere(4417)
    desk.older_gate = asyncio.Event()
    async with _listing(desk, View(kind="search", text="zebra")) as pane:
        await until(lambda: desk.wishes)
        assert _listed(pane) == [here]
        assert _words(pane.older) == "Searching older conversations…"
        desk.older_gate.set()
        await until(lambda: _listed(pane) == [here, old])
        assert [pane.model.sections.of(row).text() for row in range(2)] == [
            "Last 90 days",
            "Older, from the server",
        ]
        assert _words(pane.older) == "These are all."


async def test_a_search_for_very_common_words_can_go_on(desk: FakeDesk) -> None:
    desk.receive(desk.find(4417), "the zebra lamp")
    (old,) = desk.keep_elsewhere(4417)
    desk.back_to = datetime(2021, 3, 7, 12, tzinfo=UTC)
    async with _listing(desk, View(kind="search", text="zebra")) as pane:
        await until(lambda: "searched back to" in _words(pane.older))
        assert "21" in _words(pane.older)
        assert _listed(pane) == []
        _button(pane.older).click()
        await until(lambda: _listed(pane) == [old])
        assert [wish.after for wish in desk.wishes] == ["", "further"]


async def test_a_search_offline_says_so_and_goes_on_when_connected(desk: FakeDesk) -> None:
    desk.set_link(Link.OFFLINE)
    async with _listing(desk, View(kind="search", text="no such word")) as pane:
        assert _words(pane.older).startswith("Offline, so only the last 90 days are searched.")
        assert desk.wishes == []
        desk.set_link(Link.SYNCED)
        await until(lambda: _words(pane.older) == "Nothing older matches.")


async def test_older_ones_of_a_customer(desk: FakeDesk) -> None:
    (old,) = desk.keep_elsewhere(4417)
    contact_id = desk.elsewhere[old].contact_id
    async with shown(CustomerPanel(desk), 304, 836) as panel:
        stop = desk.subscribe(panel.on_changes)
        await panel.show_contact(contact_id)
        await settled()
        before = len(panel.findChildren(PastLine))
        _button(panel.older).click()
        await until(
            lambda: len([one for one in panel.findChildren(PastLine) if one.isVisible()]) == before + 1
        )
        assert desk.wishes[0].contact_id == contact_id
        stop()


async def test_one_that_only_the_server_has_is_fetched_when_it_is_opened(desk: FakeDesk) -> None:
    async with conversation(4390, desk) as view:
        (old,) = desk.keep_elsewhere(4417)
        desk.failure = AgentDeskError(msg("The server cannot be reached."))
        await view.open(old)
        assert view.empty.isVisible()
        await view.open(old)
        assert view.transcript.rows()
        assert [wish.ids for wish in desk.wishes] == [(old,), (old,)]


async def test_in_the_window_an_older_one_is_read_like_any_other(desk: FakeDesk, tmp_path: Path) -> None:
    (old,) = desk.keep_elsewhere(4417)
    async with main_window(desk, tmp_path, kind="resolved") as panes:
        _button(panes.queue.older).click()
        await until(lambda: panes.queue.model.position(old) is not None)
        row = panes.queue.model.position(old)
        assert row is not None
        panes.queue.table.setCurrentIndex(panes.queue.model.index(row, 0))
        await opened(panes, 4417, desk)
        assert panes.conversation.transcript.rows()
        desk.set_link(Link.OFFLINE)
        assert _words(panes.queue.older) == "These are all."
        assert _words(panes.panel.older).startswith("Offline, so only the last 90 days are here.")
