"""Customers on X and an agent at a real window: what they say is answered where it stands, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.helpers.agents_window import agent_at, answer_in, row_of
from tests.helpers.chat_page import ChatSite
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.desktop.workspace import Workspace
from agentdesk.sdk.testing.simulator import Fault
from agentdesk.server.admin import add_channel
from agentdesk_connectors.x.simulator import XSimulator
from agentdesk_connectors.x.simulator_world import Message, Tweet


@asynccontextmanager
async def _at_work(url: str, folder: Path) -> AsyncIterator[tuple[XSimulator, Workspace]]:
    """X, a server of ours that an account there is connected to, and Maria at her window."""
    async with XSimulator().served() as sim:
        site = await ChatSite.make(url, folder)
        try:
            about = site.db, Vault.at(folder / "key"), "x", "Support", "X"
            await add_channel(*about, sim.settings(), sim.secrets())
            async with agent_at(site, folder) as panes:
                await until(lambda: sim.activity.listeners, what="the stream")
                yield sim, panes
        finally:
            await site.stop()


def _posted(sim: XSimulator) -> list[Tweet]:
    return [one for one in sim.world.posts.values() if one.api]


def _written(sim: XSimulator) -> list[Message]:
    return [one for one in sim.world.messages if one.api]


async def test_a_mention_and_a_message_are_answered_where_they_stand(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        ana = sim.world.person("ana", "Ana")
        mention = sim.world.post(ana, "@support Where is my order?")
        row = await row_of(panes, "Where is my order?")
        assert row.contact_name == "Ana"
        await answer_in(panes, row, "It leaves today.")
        await until(lambda: _posted(sim))
        (posted,) = _posted(sim)
        assert (posted.texts, posted.parent) == (["It leaves today."], mention)
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")

        sim.world.post(ana, "Thank you!", reply_to=posted)
        await until(lambda: len(panes.conversation.transcript.rows()) == 3)
        assert len(panes.queue.model.ids) == 1, "it is one conversation"

        sim.world.write(ana, sim.world.owner, "My number is 4417")
        await answer_in(panes, await row_of(panes, "My number is 4417"), "Thank you, found it.")
        await until(lambda: _written(sim))
        assert [(one.text, one.to) for one in _written(sim)] == [("Thank you, found it.", ana)]
        assert len(panes.queue.model.ids) == 2
        assert len(_posted(sim)) == 1, "what is written in private stays private"


async def test_an_answer_that_x_refuses_keeps_its_text_and_says_why(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        ana = sim.world.person("ana", "Ana")
        sim.world.post(ana, "@support The kettle leaks")
        row = await row_of(panes, "The kettle leaks")
        ana.blocks = True
        await answer_in(panes, row, "We look into it.")
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "failed")
        (refused,) = [one for one in panes.conversation.transcript.rows() if one.delivery == "failed"]
        assert refused.text == "We look into it."
        assert _posted(sim) == []


async def test_an_answer_whose_fate_was_not_told_is_looked_up(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        sim.world.post(sim.world.person("ana", "Ana"), "@support Is it open today?")
        row = await row_of(panes, "Is it open today?")
        sim.fail(Fault.LOST_ANSWER, 1, method="POST", path="/2/tweets")
        await answer_in(panes, row, "From nine to five.")
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")
        assert [one.texts for one in _posted(sim)] == [["From nine to five."]]
