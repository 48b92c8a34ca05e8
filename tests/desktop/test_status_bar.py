"""The line at the bottom: one sentence for each state of the connection, and what its buttons ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.until import until
from tests.helpers.views import shown
from tests.helpers.windows import main_window

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.locale import time_text, tr
from agentdesk.desktop.views.status_bar import StatusBar, link_words
from agentdesk.sync.desk import Link, LinkStatus

SINCE = datetime.fromisoformat("2026-11-25T10:21:00+00:00")
AT = time_text(SINCE)


@pytest.mark.parametrize(
    ("values", "icon", "role", "words"),
    [
        ({"link": Link.SYNCED, "synced_at": NOW - timedelta(seconds=2)}, "", "ok.mark", "Synced 2 s ago"),
        ({"link": Link.SYNCED, "synced_at": SINCE}, "", "ok.mark", f"Synced at {AT}"),
        ({"link": Link.SYNCED, "synced_at": NOW, "waiting": 2}, "", "ok.mark", "Sending 2 changes"),
        ({"link": Link.CONNECTING}, "refresh-cw", "text.secondary", "Connecting"),
        ({"link": Link.FILLING}, "refresh-cw", "text.secondary", "Getting your team's conversations"),
        (
            {"link": Link.FILLING, "done": 120, "total": 900},
            "refresh-cw",
            "text.secondary",
            "Getting conversations, 120 of 900",
        ),
        (
            {"link": Link.OFFLINE},
            "cloud-off",
            "warn.text",
            f"Offline since {AT}. You can keep working.",
        ),
        (
            {"link": Link.OFFLINE, "waiting": 1},
            "cloud-off",
            "warn.text",
            f"Offline since {AT}. 1 change is saved here and goes out when you are back.",
        ),
        (
            {"link": Link.OFFLINE, "waiting": 3},
            "cloud-off",
            "warn.text",
            f"Offline since {AT}. 3 changes are saved here and go out when you are back.",
        ),
        (
            {"link": Link.SIGN_IN},
            "key",
            "bad.text",
            "Please sign in again to send and receive. Your changes are safe.",
        ),
        (
            {"link": Link.SIGN_IN, "waiting": 3},
            "key",
            "bad.text",
            "Please sign in again to send and receive. 3 changes are safe.",
        ),
        (
            {"link": Link.TOO_OLD},
            "download",
            "warn.text",
            "This version is too old for the server. Update to continue.",
        ),
    ],
)
async def test_each_state_has_its_sentence(values: dict[str, Any], icon: str, role: str, words: str) -> None:
    status = LinkStatus(since=SINCE, **values)
    found = link_words(status, NOW)
    assert (found[0], found[1], tr(found[2])) == (icon, role, words)


async def test_the_bar_shows_the_sentence_and_follows() -> None:
    async with shown(StatusBar(), 1200, 24) as bar:
        bar.set_status(LinkStatus(link=Link.CONNECTING, since=SINCE))
        assert bar.words() == "Connecting"
        bar.set_status(LinkStatus(link=Link.OFFLINE, since=SINCE))
        assert bar.words() == f"Offline since {AT}. You can keep working."


async def test_the_reason_is_told_on_hovering() -> None:
    async with shown(StatusBar(), 1200, 24) as bar:
        problem = msg("The team server does not answer.")
        bar.set_status(LinkStatus(link=Link.OFFLINE, since=SINCE, problem=problem))
        assert "The team server does not answer." in bar.link_button.toolTip()


async def test_each_part_is_a_button() -> None:
    async with shown(StatusBar(), 1200, 24) as bar:
        asked: list[str] = []
        bar.reconnect_wanted.connect(lambda: asked.append("reconnect"))
        bar.language_wanted.connect(lambda: asked.append("language"))
        bar.shortcuts_wanted.connect(lambda: asked.append("shortcuts"))
        bar.set_status(LinkStatus(link=Link.OFFLINE, since=SINCE))
        for button in bar.findChildren(QToolButton):
            if button.isVisible():
                QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked == ["reconnect", "language", "shortcuts"]


async def test_a_channel_in_trouble_is_named_and_the_rest_counted() -> None:
    account = next(iter(FakeDesk.sample().world.accounts.values()))
    problem, remedy = {"text": "It cannot be reached."}, {"text": "Check the password."}
    troubled = msgspec.structs.replace(account, state="auth_failed", problem=problem, remedy=remedy)
    async with shown(StatusBar(), 1200, 24) as bar:
        bar.set_status(LinkStatus(link=Link.SYNCED, since=SINCE, synced_at=NOW))
        bar.set_accounts([account])
        assert not bar.trouble_words()
        bar.set_accounts([troubled, troubled, troubled])
        assert bar.trouble_words() == f"{account.name}: It cannot be reached. +2"
        assert bar.trouble_button.toolTip().endswith("\nCheck the password.")
        bar.set_accounts([msgspec.structs.replace(troubled, paused=True)])
        assert not bar.trouble_words()


async def test_a_long_sentence_leaves_room_for_the_rest() -> None:
    async with shown(StatusBar(), 720, 24) as bar:
        bar.set_status(LinkStatus(link=Link.OFFLINE, since=SINCE, waiting=3))
        account = next(iter(FakeDesk.sample().world.accounts.values()))
        problem = {"text": "The server did not accept this password. Some providers need another."}
        bar.set_accounts([msgspec.structs.replace(account, state="auth_failed", problem=problem)])
        bar.resize(720, 24)
        buttons = [one for one in bar.findChildren(QToolButton) if one.isVisible()]
        assert bar.minimumSizeHint().width() <= 720
        assert all(bar.rect().contains(one.geometry()) for one in buttons)


async def test_what_comes_says_how_current_the_desk_is(tmp_path: Path) -> None:
    desk = FakeDesk.sample()
    async with main_window(desk, tmp_path) as panes:
        desk.set_status(synced_at=clock.now() - timedelta(hours=1))
        assert panes.status_bar.words().startswith("Synced at")
        desk._status = msgspec.structs.replace(desk.status, synced_at=clock.now())  # of which nobody is told
        desk.receive(desk.find(4417), "Hello?")
        await until(lambda: panes.status_bar.words().endswith("s ago"))
