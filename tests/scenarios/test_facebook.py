"""Customers on a page on Facebook and an agent at a real window: comments are answered below the post, and in
private, and messages within their time. Facebook calls the server, and is asked for what it does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.conftest import NewCompany
from tests.helpers.agents_window import agent_at, answer_in, row_of
from tests.helpers.chat_page import ChatSite
from tests.helpers.company import Company, add_account
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.desktop.workspace import Workspace
from agentdesk.sdk.hooks import hook_path
from agentdesk.server.admin import add_channel
from agentdesk.store.tables import message
from agentdesk_connectors.facebook.simulator import FacebookSimulator


@asynccontextmanager
async def _at_work(url: str, folder: Path) -> AsyncIterator[tuple[FacebookSimulator, ChatSite, Workspace]]:
    """Facebook, a server of ours that a page on it is connected to and calls, and Maria at her window."""
    async with FacebookSimulator().served() as sim:
        site = await ChatSite.make(url, folder)
        try:
            account_id = await _connected(site, sim, folder)
            sim.hooks.address = f"{site.address}{hook_path(account_id)}"
            assert await sim.hooks.verifies(sim.hooks.address, sim.verify_token)
            async with agent_at(site, folder) as panes:
                await until(lambda: any(one.path.endswith("/feed") for one in sim.seen), what="a first poll")
                yield sim, site, panes
        finally:
            await site.stop()


async def _connected(site: ChatSite, sim: FacebookSimulator, folder: Path) -> UUID:
    about = (site.db, Vault.at(folder / "key"), "facebook", "Support", "Our page")
    return await add_channel(*about, sim.settings(), sim.secrets())


async def test_a_comment_and_a_message_are_answered_where_they_stand(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, site, panes):
        world, ana = sim.world, sim.world.person("Ana")
        work = world.post(world.page, "Our new kettle")
        comment = world.comment(ana, "Does it come in blue?", work)
        row = await row_of(panes, "Does it come in blue?")
        assert row.contact_name == "Ana"
        await answer_in(panes, row, "From May on.")
        await until(lambda: [one for one in world.comments if one.author is world.page])
        ours = world.comments[-1]
        assert (ours.text, ours.parent) == ("From May on.", comment)
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")

        world.comment(ana, "Lovely!", comment)
        await until(lambda: len(panes.conversation.transcript.rows()) == 3)
        assert len(panes.queue.model.ids) == 1, "it is one conversation"

        world.message(ana, "My number is 4417")
        await answer_in(panes, await row_of(panes, "My number is 4417"), "Thank you, found it.")
        await until(lambda: [one for one in world.messages if one.own])
        assert (world.messages[-1].text, world.messages[-1].person) == ("Thank you, found it.", ana)
        assert len(panes.queue.model.ids) == 2

        world.message(ana, "Sent from the page's own inbox", own=True)
        world.read(ana)
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "read", what="a receipt")
        world.read(world.person("Ben"))  # of what nobody here has sent
        world.comment(world.person("Ben"), "Me too", work)
        await row_of(panes, "Me too")
        assert len(await site.rows(message, message.c.direction == "in")) == 4


async def _row(company: Company, preview: str) -> dict[str, Any]:
    """Wait for a conversation at a server process."""

    async def looked() -> dict[str, Any] | None:
        rows: list[dict[str, Any]] = await asyncio.to_thread(company.conversations)
        return next((row for row in rows if preview in row["preview"]), None)

    return await until(looked, timeout=30, what=preview)


async def test_a_comment_is_answered_in_private_and_what_was_missed_is_asked_for(
    new_company: NewCompany, sqlite_url: str
) -> None:
    company = await asyncio.to_thread(new_company, sqlite_url)
    async with FacebookSimulator().served() as sim:
        account = await asyncio.to_thread(add_account, company, "facebook", sim.settings(), sim.secrets())
        await asyncio.to_thread(company.start)
        sim.hooks.address, sim.hooks.twice = f"{company.address}{hook_path(account)}", True
        world, ana = sim.world, sim.world.person("Ana")
        comment = world.comment(ana, "Where is my order?", world.post(world.page, "Our new kettle"))
        row = await _row(company, "Where is my order?")
        answer = await asyncio.to_thread(
            lambda: company.reply(row["id"], "What is your number?", visibility="private")
        )
        await asyncio.to_thread(company.wait_for_delivery, row["id"], answer["id"], "sent")
        assert (world.messages[-1].person, world.messages[-1].text) == (ana, "What is your number?")
        assert comment.answered
        pin = world.comment(ana, "My PIN is 1234", comment)
        await _row(company, "My PIN is 1234")
        world.remove(pin)
        await _row(company, "This message was deleted.")

        assert await asyncio.to_thread(company.stop) == 0
        sim.hooks.address = ""
        world.message(ana, "It is 4417")
        await asyncio.to_thread(company.start)
        talk = await _row(company, "It is 4417")
        assert talk["contact_id"] == row["contact_id"], "it is one person"
        assert await asyncio.to_thread(company.stop) == 0
