"""A customer on Bluesky and an agent at a real window: what one writes the other reads, publicly or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.connectors.bluesky.support import ANA, mention
from tests.helpers.agents_window import agent_at, answer_in, row_of
from tests.helpers.chat_page import ChatSite
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.desktop.workspace import Workspace
from agentdesk.server.admin import add_channel
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
            async with agent_at(site, folder) as panes:
                yield sim, panes
        finally:
            await site.stop()


def _ours(sim: BlueskySimulator) -> list[Post]:
    return [one for one in sim.world.posts.values() if one.author is sim.world.owner]


async def test_a_mention_and_a_private_message_are_answered_where_they_stand(
    migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BlueskyAccount, "poll_seconds", 0.2)
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        question = mention(sim, "Where is my order?")
        row = await row_of(panes, "Where is my order?")
        assert row.contact_name == "Ana"
        await answer_in(panes, row, "It leaves today.")
        await until(lambda: _ours(sim))
        (posted,) = _ours(sim)
        assert (posted.text, posted.parent, posted.root) == ("It leaves today.", question.uri, question.uri)
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")

        sim.world.post(question.author, "Thank you!", reply_to=posted)
        await until(lambda: len(panes.conversation.transcript.rows()) == 3)
        assert len(panes.queue.model.ids) == 1, "it is one conversation"

        ana = sim.world.person(ANA)
        sim.world.write(ana, "My number is 4417")
        await answer_in(panes, await row_of(panes, "My number is 4417"), "Thank you, found it.")
        said = sim.world.convo(ana).messages
        await until(lambda: len(said) == 2)
        assert (said[1].author, said[1].text) == (sim.world.owner, "Thank you, found it.")
        assert len(_ours(sim)) == 1
        assert len(panes.queue.model.ids) == 2
