"""A chat that I am asked to take: it rings, shows how long there is, and is answered by button or key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.windows import main_window, press

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import AnswerOffer, Assign
from agentdesk.desktop.offers import Offers
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.team_rows import OfferRow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

_CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _waiting(desk: FakeDesk) -> UUID:
    """A conversation that nobody has."""
    return next(
        row.id
        for row in desk.world.conversations.values()
        if row.assignee_id is None and row.status == "open"
    )


def _offer(desk: FakeDesk, seconds: float = 30) -> OfferRow:
    row = desk.world.conversations[_waiting(desk)]
    now = clock.now()
    offered = OfferRow(
        id=new_id(),
        conversation_id=row.id,
        contact_name=row.contact_name,
        preview="Hello, is anybody there?",
        offered_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    desk.offered[offered.id] = offered
    desk.emit(offer={offered.id})
    return offered


@asynccontextmanager
async def shown(desk: FakeDesk, folder: Path) -> AsyncIterator[tuple[Workspace, Offers, list[UUID]]]:
    async with main_window(desk, folder) as panes:
        offers = panes.late.offers
        rung: list[UUID] = []
        offers.rung.connect(lambda conversation_id, _title, _text: rung.append(conversation_id))
        yield panes, offers, rung


def _words(offers: Offers) -> str:
    return " ".join(label.text() for label in offers.strip.findChildren(QLabel))


def _answers(desk: FakeDesk) -> list[bool]:
    return [one.accepted for one in desk.commands if isinstance(one, AnswerOffer)]


async def test_it_rings_once_and_is_taken_by_its_key_and_undone(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, offers, rung):
        assert not offers.strip.isVisible()
        offered = _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the strip")
        assert offered.contact_name in _words(offers)
        assert "30 seconds: Hello, is anybody there?" in _words(offers)
        desk.emit(conversation={offered.conversation_id})  # the visitor goes on writing
        press(panes, Qt.Key.Key_O, _CHORD)
        await until(lambda: panes.conversation.conversation_id == offered.conversation_id, what="it is open")
        assert not offers.strip.isVisible()
        assert rung == [offered.conversation_id]
        assert _answers(desk) == [True]
        assert desk.me is not None
        assert desk.world.conversations[offered.conversation_id].assignee_id == desk.me.id
        panes.late.deeds.undo_last()
        await until(lambda: isinstance(desk.commands[-1], Assign), what="handed back")
        back = desk.commands[-1]
        assert back == Assign(
            conversation_id=offered.conversation_id, assignee_id=None, seen_assignee_id=desk.me.id
        )


async def test_declining_takes_it_away_at_once(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, offers, _rung):
        _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the strip")
        offers.strip.button("decline").click()
        assert not offers.strip.isVisible()
        await until(lambda: _answers(desk) == [False], what="answered")
        assert panes.conversation.conversation_id is None
        press(panes, Qt.Key.Key_O, _CHORD)  # there is nothing to accept
        assert _answers(desk) == [False]


async def test_it_goes_when_somebody_else_is_asked(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (_panes, offers, rung):
        offered = _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the strip")
        del desk.offered[offered.id]
        desk.emit(offer={offered.id})
        await until(lambda: not offers.strip.isVisible(), what="it has gone")
        second = _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the next one")
        assert rung == [offered.conversation_id, second.conversation_id]


async def test_what_came_too_late_is_said(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, offers, _rung):
        said: list[str] = []
        panes.late.conversation.said.connect(lambda words, _undo, _do: said.append(words.text))
        _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the strip")
        desk.failure = AgentDeskError(msg("This chat was offered to somebody else meanwhile."))
        offers.strip.button("accept").click()
        await until(lambda: bool(said), what="said")
        assert said == ["This chat was offered to somebody else meanwhile."]
        assert panes.conversation.conversation_id is None


async def test_the_countdown_goes_on_without_taking_the_focus_from_a_button(
    desk: FakeDesk, tmp_path: Path
) -> None:
    async with shown(desk, tmp_path) as (_panes, offers, rung):
        offered = _offer(desk)
        await until(lambda: offers.strip.isVisible(), what="the strip")
        button = offers.strip.button("accept")
        offers.strip.show_time(offered, offered.offered_at + timedelta(seconds=18))
        assert "12 seconds" in _words(offers)
        offers.strip.show_time(offered, offered.expires_at + timedelta(hours=1))  # a clock that goes wrong
        assert "0 seconds" in _words(offers)
        assert offers.strip.button("accept") is button
        assert len(rung) == 1
