"""Customers on Instagram, and a server process that it calls: comments, messages, what is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from tests.conftest import NewCompany
from tests.connectors.instagram.support import call, payload
from tests.helpers.company import Company, add_account
from tests.helpers.until import until

from agentdesk.sdk.hooks import HookCall, hook_path
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.instagram.simulator_world import Comment, Message


@asynccontextmanager
async def _at_work(company: Company) -> AsyncIterator[InstagramSimulator]:
    """Instagram, which calls the company's server."""
    async with InstagramSimulator().served() as sim:
        account = await asyncio.to_thread(add_account, company, "instagram", sim.settings(), sim.secrets())
        await asyncio.to_thread(company.start)
        sim.hooks.address = f"{company.address}{hook_path(account)}"
        yield sim


async def _there(company: Company, found: Callable[[list[dict[str, Any]]], Any], what: str) -> Any:
    """Wait until something is true of the conversations, and return what is."""

    async def looked() -> Any:
        return found(await asyncio.to_thread(company.conversations))

    return await until(looked, timeout=30, what=what)


def _with(preview: str) -> Callable[[list[dict[str, Any]]], Any]:
    return lambda rows: next((row for row in rows if preview in row["preview"]), None)


async def _status(address: str, made: HookCall) -> int:
    headers = dict(made.headers)
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.post(address, data=made.body, headers=headers) as answer,
    ):
        return answer.status


async def _messages(company: Company, row: dict[str, Any]) -> list[dict[str, Any]]:
    found = await asyncio.to_thread(company.conversation, row["id"])
    messages: list[dict[str, Any]] = found["messages"]
    return messages


async def _answered(company: Company, row: dict[str, Any], text: str, **more: object) -> dict[str, Any]:
    answer = await asyncio.to_thread(lambda: company.reply(row["id"], text, **more))
    sent: dict[str, Any] = await asyncio.to_thread(company.wait_for_delivery, row["id"], answer["id"], "sent")
    return sent


@pytest.fixture
def company(new_company: NewCompany, sqlite_url: str) -> Company:
    return new_company(sqlite_url)


async def test_a_comment_is_answered_in_public_and_in_private_and_becomes_a_talk(company: Company) -> None:
    async with _at_work(company) as sim:
        ana, kettle = sim.world.person("ana.bakes", "Ana Baker"), sim.world.work("The new kettle")
        comment = sim.world.comment(kettle, ana, "Where is my order?")
        row = await _there(company, _with("Where is my order?"), "the comment")
        assert row["contact_name"] == "ana.bakes"
        (message,) = await _messages(company, row)
        assert message["post"]["below"]["text"] == "The new kettle"

        await _answered(company, row, "We look into it.")
        (public,) = sim.world.standing()
        assert isinstance(public, Comment)
        assert public.parent is comment
        await _answered(company, row, "What is your number?", visibility="private")
        private = sim.world.standing()[-1]
        assert isinstance(private, Message)
        assert (private.ours, private.text) == (True, "What is your number?")

        sim.world.write(ana, "It is 4417")
        talk = await _there(company, _with("It is 4417"), "the message")
        assert talk["id"] != row["id"], "what is private has a conversation of its own"
        assert talk["contact_id"] == row["contact_id"], "it is one person"
        assert (await _messages(company, talk))[0]["sender"]["name"] == "Ana Baker"
        sent = await _answered(company, talk, "Thank you, found it.")
        assert sent["post"]["visibility"] == "private"
        told = sim.world.standing()[-1]
        assert isinstance(told, Message)
        sim.world.see(told)
        await asyncio.to_thread(company.wait_for_delivery, talk["id"], sent["id"], "read")
        assert await asyncio.to_thread(company.stop) == 0


async def test_what_is_taken_back_is_gone_and_what_was_missed_comes_in(company: Company) -> None:
    async with _at_work(company) as sim:
        ana, kettle = sim.world.person("ana.bakes"), sim.world.work("The new kettle")
        message = sim.world.write(ana, "My PIN is 1234")
        row = await _there(company, _with("My PIN is 1234"), "the message")
        sim.world.unsend(message)
        await _there(company, _with("This message was deleted."), "its end")
        (gone,) = await _messages(company, row)
        assert (gone["text"], gone["has_original"]) == ("", False)

        assert await asyncio.to_thread(company.stop) == 0
        sim.hooks.silent = True
        sim.world.comment(kettle, ana, "Is anybody there?")
        sim.hooks.silent = False
        await asyncio.to_thread(company.start)
        await _there(company, _with("Is anybody there?"), "what was said while nobody listened")


async def test_calls_come_twice_and_forged_and_each_thing_is_there_once(company: Company) -> None:
    async with _at_work(company) as sim:
        sim.hooks.twice = True
        kettle = sim.world.work("The new kettle")
        for number in range(5):
            sim.world.comment(kettle, sim.world.person(f"customer{number}"), f"No {number}")
        assert await _status(sim.hooks.address, call(payload("message_text"), "another app's")) == 403
        rows = await _there(company, lambda rows: rows if len(rows) >= 5 else None, "all comments")
        assert sorted(row["preview"] for row in rows) == [f"No {number}" for number in range(5)]
        assert await asyncio.to_thread(company.stop) == 0
