"""Whispers: a supervisor's word to the agent of a chat, kept as a note of the team."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM, Actor
from agentdesk.commands.values import AddNote, Answer, Mention
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.exporting import export_contact
from agentdesk.store.tables import audit_entry, mention, outbox


@pytest.fixture
async def talk(world: FakeWorld) -> Any:
    """The conversation of one message that has arrived, on a server that runs."""
    world.service.put(raw_mail(id="m1@x.example"))
    await world.started()
    await world.settled(1)
    return (await world.conversations())[0]


def _rana(role: Role = Role.SUPERVISOR) -> Actor:
    return Actor(Author.USER, new_id(), role, None)


async def _whisper(world: FakeWorld, talk: Any, actor: Actor, to: Any = None) -> Answer:
    whom = Mention("whisper", to or world.user_id, "Somebody")
    note = AddNote(message_id=new_id(), conversation_id=talk.id, text="Offer a refund", mentions=(whom,))
    return await world.do(world.cores[0], note, actor)


async def test_the_agent_is_told_and_nothing_goes_out(world: FakeWorld, talk: Any) -> None:
    assert (await _whisper(world, talk, _rana())).outcome == "done"
    said = (await world.messages())[-1]
    assert (said.kind, said.text) == ("note", "Offer a refund")
    assert said.mentions == [{"kind": "whisper", "id": str(world.user_id), "name": "Maria"}]
    (told,) = await world.rows(mention)
    assert (told.user_id, told.message_id, told.seen_at) == (world.user_id, said.id, None)
    assert await world.rows(outbox, order=outbox.c.created_at) == []
    (row,) = await world.conversations()
    assert (row.preview, row.unread) == (talk.preview, talk.unread)


async def test_the_audit_trail_tells_whispers_from_notes(world: FakeWorld, talk: Any) -> None:
    rana = _rana()
    await _whisper(world, talk, rana)
    note = AddNote(message_id=new_id(), conversation_id=talk.id, text="A note")
    await world.do(world.cores[0], note, rana)
    noted = audit_entry.c.what == "add_note"
    entries = await world.rows(audit_entry, noted, order=audit_entry.c.seq)
    assert [one.data.get("whisper", False) for one in entries] == [True, False]
    assert {(one.user_id, one.conversation_id) for one in entries} == {(rana.user_id, talk.id)}
    assert "refund" not in repr(entries)


async def test_agents_do_not_whisper(world: FakeWorld, talk: Any) -> None:
    answer = await _whisper(world, talk, _rana(Role.AGENT))
    assert (answer.outcome, answer.code) == ("refused", "not_allowed")
    assert len(await world.messages()) == 1


async def test_who_would_not_see_it_is_not_whispered_to(world: FakeWorld, talk: Any) -> None:
    answer = await _whisper(world, talk, _rana(), to=new_id())
    assert (answer.outcome, answer.code) == ("refused", "invalid")
    assert len(await world.messages()) == 1


async def test_it_is_not_in_what_a_customer_is_given(world: FakeWorld, talk: Any) -> None:
    await _whisper(world, talk, _rana())
    note = AddNote(message_id=new_id(), conversation_id=talk.id, text="A note")
    await world.do(world.cores[0], note)
    file = io.BytesIO()
    await export_contact(world.db, talk.contact_id, SYSTEM, file)
    zipped = zipfile.ZipFile(file)
    ((_, second),) = [one["messages"] for one in json.loads(zipped.read("export.json"))["conversations"]]
    assert second["text"] == "A note"
    assert not any(b"refund" in zipped.read(name) for name in zipped.namelist())
