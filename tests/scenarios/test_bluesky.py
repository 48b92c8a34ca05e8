"""A customer on Bluesky and an agent at a real window: what one writes the other reads, publicly or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shiboken6 import isValid
from tests.connectors.bluesky.support import ANA, mention
from tests.helpers.chat_page import ChatSite
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import QueueRow, View
from agentdesk.server.admin import add_channel
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk_connectors.bluesky.connector import BlueskyAccount
from agentdesk_connectors.bluesky.simulator import BlueskySimulator
from agentdesk_connectors.bluesky.simulator_world import Post


@asynccontextmanager
async def _at_work(url: str, folder: Path) -> AsyncIterator[tuple[BlueskySimulator, Workspace]]:
    """Bluesky, a server of ours that its account is connected to, and Maria at her window."""
    async with BlueskySimulator().served() as sim:
        site = await ChatSite.make(url, folder)
        try:
            vault, secrets = Vault.at(folder / "key"), {"app_password": sim.password}
            await add_channel(site.db, vault, "bluesky", "Support", "Bluesky", sim.settings(), secrets)
            async with _agent(site, folder) as panes:
                yield sim, panes
        finally:
            await site.stop()


@asynccontextmanager
async def _agent(site: ChatSite, folder: Path) -> AsyncIterator[Workspace]:
    desk = LocalDesk(folder / "desk", site.address, "maria", keys=keys())
    await desk.start()
    window = MainWindow(SettingsFile(folder / "settings.json"))
    panes = window.attach(desk, workspace="Larkfield Home")
    window.show()
    panes.show_view(View(kind="all", order="newest"))
    try:
        await until(lambda: desk.status.link is Link.SYNCED)
        yield panes
    finally:
        await panes.release()
        await desk.close()
        window.hide()
        window.deleteLater()
        await until(lambda: not isValid(window))


async def _row(panes: Workspace, preview: str) -> QueueRow:
    def found() -> QueueRow | None:
        rows = (panes.queue.model.row(one) for one in panes.queue.model.ids)
        return next((row for row in rows if row is not None and preview in row.preview), None)

    return await until(found, what=preview)


async def _answer(panes: Workspace, row: QueueRow, text: str) -> None:
    panes.queue.select(row.id)
    panes.open_conversation(row.id)
    composer = panes.conversation.composer
    await until(lambda: composer.conversation_id == row.id)
    assert panes.actions_.trigger("reply.start")
    composer.box.reply_text.insert_text(text)
    QTest.keyClick(composer.box.reply_text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: composer.box.reply_text.is_blank() and composer.outbox.held is not None)
    await composer.send_now()


def _ours(sim: BlueskySimulator) -> list[Post]:
    return [one for one in sim.world.posts.values() if one.author is sim.world.owner]


async def test_a_mention_and_a_private_message_are_answered_where_they_stand(
    migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BlueskyAccount, "poll_seconds", 0.2)
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        question = mention(sim, "Where is my order?")
        row = await _row(panes, "Where is my order?")
        assert row.contact_name == "Ana"
        await _answer(panes, row, "It leaves today.")
        await until(lambda: _ours(sim))
        (posted,) = _ours(sim)
        assert (posted.text, posted.parent, posted.root) == ("It leaves today.", question.uri, question.uri)
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")

        sim.world.post(question.author, "Thank you!", reply_to=posted)
        await until(lambda: len(panes.conversation.transcript.rows()) == 3)
        assert len(panes.queue.model.ids) == 1, "it is one conversation"

        ana = sim.world.person(ANA)
        sim.world.write(ana, "My number is 4417")
        await _answer(panes, await _row(panes, "My number is 4417"), "Thank you, found it.")
        said = sim.world.convo(ana).messages
        await until(lambda: len(said) == 2)
        assert (said[1].author, said[1].text) == (sim.world.owner, "Thank you, found it.")
        assert len(_ours(sim)) == 1
        assert len(panes.queue.model.ids) == 2
