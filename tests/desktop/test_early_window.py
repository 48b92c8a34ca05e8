"""A window in its first moments: the rows of the last time are there, the real desk takes over quietly."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from shiboken6 import isValid
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import list_loaded, press

from agentdesk.app import desk_parts
from agentdesk.desktop.place import Place
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.early_desk import EarlyDesk
from agentdesk.sync.first_screen import FIRST_VIEW, FirstScreen, FirstScreenFile, ScreenKeeper


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


async def _last_screen(desk: FakeDesk, folder: Path) -> FirstScreen | None:
    file = FirstScreenFile(folder / "screen", "jonas")
    await ScreenKeeper(file, desk).close()
    return file.read()


@asynccontextmanager
async def _window(early: EarlyDesk, folder: Path) -> AsyncIterator[Workspace]:
    window = MainWindow(SettingsFile(folder / "settings.json"))
    window.resize(1440, 900)
    panes = window.attach(early)
    window.show()
    window.activateWindow()
    try:
        yield panes
    finally:
        early.give_up()
        await panes.release()
        window.hide()
        window.deleteLater()
        await until(lambda: not isValid(window), what="the window is destroyed")
        await settled()


async def test_the_rows_of_the_last_time_are_there_and_keys_move_in_them(
    desk: FakeDesk, tmp_path: Path
) -> None:
    early = EarlyDesk(await _last_screen(desk, tmp_path))
    async with _window(early, tmp_path) as panes:
        await list_loaded(panes, desk)
        panes.queue.table.setFocus()
        press(panes, Qt.Key.Key_Down)
        press(panes, Qt.Key.Key_Down)
        ids = await desk.queue_ids(FIRST_VIEW)
        assert panes.queue.current() == ids[1]
        assert panes.conversation.composer.conversation_id is None  # its messages are not there yet

        early.become(desk)
        await until(lambda: panes.conversation.composer.conversation_id == ids[1], what="it is open")
        assert panes.queue.current() == ids[1]


async def test_the_real_rows_replace_those_of_the_last_time(desk: FakeDesk, tmp_path: Path) -> None:
    early = EarlyDesk(await _last_screen(desk, tmp_path))
    changed = (await desk.queue_ids(FIRST_VIEW))[0]
    desk.receive(changed, "Written in the night")
    async with _window(early, tmp_path) as panes:
        model = panes.queue.model
        await until(lambda: bool(model.ids) and model.row(changed) is not None, what="the list is there")
        cleared: list[bool] = []
        model.modelReset.connect(lambda: cleared.append(True))
        early.become(desk)

        def is_new() -> bool:
            model.data(model.index(list(model.ids).index(changed), 0), Qt.ItemDataRole.DisplayRole)
            row = model.row(changed)
            return row is not None and row.preview == "Written in the night"

        await until(is_new, what="the new preview is there")
        assert list(model.ids) == await desk.queue_ids(FIRST_VIEW)
        assert not cleared


async def test_the_list_comes_before_all_else(desk: FakeDesk, tmp_path: Path) -> None:
    early = EarlyDesk(await _last_screen(desk, tmp_path))
    async with _window(early, tmp_path) as panes:
        await list_loaded(panes, desk)
        assert not panes.is_complete
        assert panes.findChild(ConversationView) is None
        before = {place: place.geometry() for place in panes.findChildren(Place)}

        await panes.complete()
        await settled()
        assert panes.queue.table.hasFocus()
        assert panes.conversation.isVisible()
        assert panes.conversation.size() == panes.late.side_by_side.size()
        for part in (panes.late.side_by_side, panes.panel):
            place = part.parentWidget()
            assert isinstance(place, Place)
            assert place.geometry() == before[place]
            assert part.size() == place.size()


@pytest.mark.parametrize("action", ["queue.open", "help.shortcuts"])
async def test_what_a_key_asks_for_is_there_at_once(desk: FakeDesk, tmp_path: Path, action: str) -> None:
    async with _window(EarlyDesk(await _last_screen(desk, tmp_path)), tmp_path) as panes:
        assert not panes.is_complete
        assert panes.actions_.trigger(action)
        assert panes.is_complete


async def test_selecting_early_leads_the_keys_to_what_is_selected(desk: FakeDesk, tmp_path: Path) -> None:
    early = EarlyDesk(await _last_screen(desk, tmp_path))
    async with _window(early, tmp_path) as panes:
        await list_loaded(panes, desk)
        panes.queue.selection.toggle(panes.queue.model.ids[0])
        assert panes.actions_.action("conversation.resolve").isEnabled()


async def test_a_row_made_current_early_is_opened(desk: FakeDesk, tmp_path: Path) -> None:
    async with _window(EarlyDesk(None), tmp_path) as panes:
        panes.open_conversation(ids := (await desk.queue_ids(FIRST_VIEW))[0])
        await until(lambda: panes.is_complete, what="the other parts are there")
        assert panes.conversation.conversation_id in (None, ids)
        await until(lambda: panes.conversation.conversation_id == ids, what="it is on its way")


async def test_nobody_waits_for_the_rows_of_an_empty_list(
    desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_parts, "_ROWS_SECONDS", 3600.0)
    desk.world.conversations.clear()
    early = EarlyDesk(None)
    async with _window(early, tmp_path) as panes:
        early.become(desk)
        async with asyncio.timeout(20):
            await desk_parts.rows_painted(panes)
        assert not panes.queue.model.ids


def test_the_window_needs_nothing_heavy() -> None:
    code = "import sys, agentdesk.app.launch; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "msgspec", "sqlalchemy", "aiohttp", "structlog", "liquid", "babel", "platformdirs"}
    assert not heavy & set(done.stdout.split())


def test_the_list_needs_nothing_of_the_other_parts() -> None:
    code = """
import sys
import agentdesk.app.desktop, agentdesk.app.desk_parts, agentdesk.app.desk_vault, agentdesk.app.session
agentdesk.app.desk_parts.import_panes()
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = set(done.stdout.split())
    late = {
        "conversation",
        "conversation_head",
        "composer",
        "transcript",
        "customer",
        "find_bar",
        "bulk_actions",
        "first_run",
    }
    assert not {f"agentdesk.desktop.views.{name}" for name in late} & known
    assert not {name for name in known if name.startswith("agentdesk.desktop.dialogs")}
    assert not {"html.parser", "zoneinfo", "yarl", "cryptography", "sqlalchemy", "aiohttp"} & known


def test_what_opens_the_replica_needs_no_template_and_no_http() -> None:
    code = "import sys, agentdesk.desktop.workspace, agentdesk.sync.local; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"liquid", "babel", "aiohttp.client", "asyncpg", "cryptography"} & set(done.stdout.split())


def test_nobody_reads_the_sources_of_what_is_imported() -> None:
    code = "import agentdesk.app.launch, agentdesk.sync.local, linecache; print(*linecache.cache)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(Path("sqlalchemy/sql/compiler.py")) not in done.stdout
