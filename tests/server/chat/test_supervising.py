"""A supervisor in a colleague's chat: what they whisper there, the visitor never gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import (
    AddNote,
    Answer,
    AnyCommand,
    Assign,
    EndChat,
    Envelope,
    JoinChat,
    LeaveChat,
    Mention,
    SendReply,
    SetStatus,
    TakeOver,
    WatchChat,
)
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.store.tables import audit_entry, chat_file, chat_line, event
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.presence import Other
from agentdesk.sync.presence_board import Member

NewPage = Callable[..., Page]
SECRET = "offer a refund"


class Team:
    """Maria has the only chat, whose visitor is on ``page``; Rana supervises. Desks by their tokens."""

    def __init__(self, site: ChatSite, page: Page, chat: UUID, desks: dict[str, LocalDesk]) -> None:
        self.site, self.page, self.chat, self.desks = site, page, chat, desks

    async def do(self, command: AnyCommand, token: str = "rana") -> Answer:
        """Have a command executed by the server."""
        actor = self.site.others.get(token) or await self.site._authenticate(token)
        assert actor is not None
        envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
        return await self.site.core.executor.execute(envelope, actor)

    async def told(self) -> list[tuple[str, str]]:
        """What the visitor was told of who comes and goes, and how often the agent ended it."""
        lines = await self.site.rows(chat_line, chat_line.c.kind != "message", order=chat_line.c.n)
        return [(one.kind, one.name) for one in lines]

    async def comes(self, token: str, text: str) -> None:
        """Wait until a text is in the chat at a desk."""

        async def there() -> bool:
            timeline = await self.desks[token].timeline(self.chat)
            return any(one.text == text for one in timeline.messages)

        await until(there, what=f"{text} at {token}'s desk")


@pytest.fixture
async def team(site: ChatSite, new_page: NewPage, tmp_path: Path) -> AsyncIterator[Team]:
    """Somebody has written "Hello", and Maria has taken it."""
    await site.hire("Rana Aziz", Role.SUPERVISOR)
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (row,) = await site.conversations()
    async with AsyncExitStack() as stack:
        desks = {}
        for token in ("maria", "rana"):
            desk = LocalDesk(tmp_path / f"desk of {token}", site.address, token, keys=keys())
            stack.push_async_callback(desk.close)
            await desk.start()
            desks[token] = desk
        made = Team(site, page, row.id, desks)
        for token in desks:
            await made.comes(token, "Hello")
        await desks["maria"].do(Assign(conversation_id=row.id, assignee_id=site.maria))

        async def taken() -> bool:
            head = await desks["rana"].conversation(row.id)
            return head is not None and head.assignee_id == site.maria

        await until(taken, what="Rana's desk knows who has the chat")
        yield made


def _whisper(team: Team, text: str = SECRET) -> AddNote:
    whom = Mention("whisper", team.site.maria, "Maria Sol")
    return AddNote(message_id=new_id(), conversation_id=team.chat, text=text, mentions=(whom,))


async def _answer(team: Team, text: str) -> None:
    timeline = await team.desks["maria"].timeline(team.chat)
    sender = next(one.sender for one in timeline.messages if one.direction == "in")
    assert isinstance(sender, Party)
    reply = SendReply(message_id=new_id(), conversation_id=team.chat, to=(sender,), text=text)
    await team.desks["maria"].do(reply)


async def _thank(team: Team, text: str) -> None:
    await team.page.write(text)


async def test_a_whisper_comes_to_the_agent_at_once(team: Team) -> None:
    await team.desks["rana"].do(_whisper(team))
    await team.comes("maria", SECRET)
    note = (await team.desks["maria"].timeline(team.chat)).messages[-1]
    assert note.whispered_to is not None
    assert (note.author_name, note.whispered_to.id) == ("Rana Aziz", team.site.maria)

    async def is_told() -> bool:
        rows = await team.desks["maria"].unseen_mentions()
        return [(one.text, one.whisper) for one in rows] == [(SECRET, True)]

    await until(is_told)
    assert await team.desks["rana"].unseen_mentions() == []


async def test_no_way_to_the_visitor_has_a_whisper(team: Team, new_page: NewPage) -> None:
    """Whatever stands around it: lines that are told, that are asked for, of another tab, over HTTP."""
    rana, page = team.desks["rana"], team.page
    file = await rana.attach_bytes(f"{SECRET}.txt", "text/plain", SECRET.encode())
    shown = ["Hello"]
    for files in ((file,), ()):
        await rana.do(msgspec.structs.replace(_whisper(team), files=files))
        await team.comes("maria", SECRET)
        for write, text in ((_answer, f"Answer {len(shown)}"), (_thank, "Thanks")):
            await write(team, text)
            shown.append(text)
            await page.shows(*shown)
    await page.send({"t": "older", "before": 100, "most": 100})
    await page.send({"t": "ping"})
    await page.came("pong")
    twin, poller = new_page(), new_page()
    twin.token = poller.token = page.token
    await twin.connect()
    await twin.shows(*shown)
    _, polled = await poller.poll({"t": "older", "before": 100, "most": 100})
    await poller.shows(*shown)
    given = [page.lines, page.others, twin.lines, twin.others, twin.welcome, polled]
    assert SECRET not in json.dumps(given)
    assert SECRET not in repr(await team.site.rows(chat_line))
    assert await team.site.rows(chat_file) == []


# --- joining ---


async def test_the_visitor_is_told_who_joins_and_who_leaves(team: Team) -> None:
    rana = team.desks["rana"]
    for _ in range(2):
        await rana.do(JoinChat(conversation_id=team.chat))
    await team.page.shows("Hello", "")
    line = team.page.lines[-1]
    assert (line["kind"], line["from"], line["agent"]["name"]) == ("joined", "system", "Rana Aziz")
    (row,) = await team.site.conversations()
    assert row.assignee_id == team.site.maria, "the chat stays with whoever has it"
    for _ in range(2):
        await rana.do(LeaveChat(conversation_id=team.chat))
    await team.page.shows("Hello", "", "")
    line = team.page.lines[-1]
    assert (line["kind"], line["from"], line["agent"]["name"]) == ("left", "system", "Rana Aziz")
    assert await team.told() == [("joined", "Rana Aziz"), ("left", "Rana Aziz")]

    async def at_the_desk() -> bool:
        events = (await team.desks["maria"].timeline(team.chat)).events
        return [(one.kind, one.user_name) for one in events[-2:]] == [
            ("joined", "Rana Aziz"),
            ("left", "Rana Aziz"),
        ]

    await until(at_the_desk)


async def test_nobody_joins_a_chat_that_has_ended(team: Team) -> None:
    page = team.page
    await page.send({"t": "end", "id": "the-end-1"})
    await page.came("ack", id="the-end-1")
    join, over = JoinChat(conversation_id=team.chat), _taking(team)
    for command in (join, over):
        answer = await team.do(command)
        assert (answer.outcome, answer.code) == ("refused", "changed")
        assert answer.reason is not None
        assert answer.reason.text == "This chat has ended meanwhile."
    await team.do(SetStatus(conversation_id=team.chat, status="resolved"), "maria")
    assert (await team.do(join)).code == "changed"
    assert await team.told() == [("ended", "")]
    assert (await team.do(LeaveChat(conversation_id=team.chat))).outcome == "done"
    (row,) = await team.site.conversations()
    assert row.assignee_id == team.site.maria


async def test_who_had_joined_is_out_when_the_chat_has_ended(team: Team) -> None:
    await team.do(JoinChat(conversation_id=team.chat))
    await team.do(EndChat(conversation_id=team.chat), "maria")
    await team.page.write("One more thing")
    await team.site.texts(2)
    await team.do(JoinChat(conversation_id=team.chat))
    kinds = [kind for kind, _ in await team.told()]
    assert kinds == ["joined", "ended", "joined"]


@pytest.mark.parametrize("kind", [JoinChat, WatchChat, TakeOver])
async def test_agents_do_not_supervise(team: Team, kind: type) -> None:
    await team.site.hire("Sami Nour", Role.AGENT)
    more = {"seen_assignee_id": team.site.maria} if kind is TakeOver else {}
    answer = await team.do(kind(conversation_id=team.chat, **more), "sami")
    assert (answer.outcome, answer.code) == ("refused", "not_allowed")
    assert await team.told() == []


# --- taking over ---


def _taking(team: Team) -> TakeOver:
    return TakeOver(conversation_id=team.chat, seen_assignee_id=team.site.maria)


async def _has_it(team: Team) -> UUID | None:
    (row,) = await team.site.conversations()
    assignee_id: UUID | None = row.assignee_id
    return assignee_id


async def test_a_chat_is_taken_over_and_given_back(team: Team) -> None:
    rana = team.site.others["rana"].user_id
    assert rana is not None
    assert (await team.do(_taking(team))).outcome == "done"
    assert await _has_it(team) == rana
    assert await team.told() == [("joined", "Rana Aziz"), ("left", "Maria Sol")]
    (taken,) = await team.site.rows(event, event.c.kind == "assigned", event.c.user_id == rana)
    assert (taken.data["taken_from"], taken.data["assignee"]) == ("Maria Sol", "Rana Aziz")
    back = TakeOver(conversation_id=team.chat, seen_assignee_id=rana, back_to=team.site.maria)
    assert (await team.do(back)).outcome == "done"
    assert await _has_it(team) == team.site.maria
    assert (await team.told())[2:] == [("joined", "Maria Sol"), ("left", "Rana Aziz")]


async def test_who_has_joined_does_not_come_twice(team: Team) -> None:
    await team.do(JoinChat(conversation_id=team.chat))
    await team.do(_taking(team))
    assert await team.told() == [("joined", "Rana Aziz"), ("left", "Maria Sol")]


async def test_a_chat_that_somebody_else_has_now_is_not_taken_over(team: Team) -> None:
    sami = await team.site.hire("Sami Nour", Role.AGENT)
    given = Assign(conversation_id=team.chat, assignee_id=sami.user_id, seen_assignee_id=team.site.maria)
    await team.do(given, "maria")
    answer = await team.do(_taking(team))
    assert (answer.outcome, answer.code) == ("refused", "taken")
    await team.do(Assign(conversation_id=team.chat, assignee_id=None, seen_assignee_id=sami.user_id))
    for command in (_taking(team), JoinChat(conversation_id=team.chat)):
        answer = await team.do(command)
        assert (answer.outcome, answer.code) == ("refused", "changed")
    assert await team.told() == []


async def test_all_of_it_is_in_the_audit_trail(team: Team) -> None:
    rana = team.site.others["rana"].user_id
    for command in (
        WatchChat(conversation_id=team.chat),
        _whisper(team),
        JoinChat(conversation_id=team.chat),
        LeaveChat(conversation_id=team.chat),
        _taking(team),
    ):
        assert (await team.do(command)).outcome == "done"
    entries = await team.site.rows(audit_entry, audit_entry.c.user_id == rana, order=audit_entry.c.seq)
    assert [one.what for one in entries] == ["watch_chat", "add_note", "join_chat", "leave_chat", "take_over"]
    assert {one.conversation_id for one in entries} == {team.chat}
    assert "read_at" in entries[0].data


# --- looking on ---


def _desks_there(team: Team) -> list[Member]:
    there = team.site.desks.board._there.get(team.chat, set())
    return [one for one in there if not one.is_customer]


async def test_who_watches_is_no_reader_and_the_agent_sees_them(team: Team) -> None:
    maria, rana, site = team.desks["maria"], team.desks["rana"], team.site
    rana_id = site.others["rana"].user_id
    assert rana_id is not None
    rana.be_at(team.chat, watching=True)
    await until(lambda: _desks_there(team))
    assert rana_id not in site.desks.board.people(team.chat)
    await team.page.write("Are you there?")
    await team.comes("rana", "Are you there?")
    assert not [one for one in team.page.others if one["t"] == "read"]
    maria.be_at(team.chat)
    await until(lambda: Other(rana_id, watching=True) in maria.others_at(team.chat))
    await team.page.came("read")
    maria.be_at(None)
    for _ in range(2):
        rana.be_at(team.chat, "note", watching=True)
        rana.be_at(None)
        rana.be_at(team.chat, watching=True)
    await rana.do(_whisper(team))
    await team.comes("maria", SECRET)
    watches = await site.rows(audit_entry, audit_entry.c.what == "watch_chat")
    assert [(one.user_id, one.conversation_id) for one in watches] == [(rana_id, team.chat)]
    (row,) = await site.conversations()
    assert row.unread


async def test_an_agent_who_says_that_they_watch_reads(team: Team) -> None:
    team.desks["maria"].be_at(team.chat, watching=True)
    await team.page.came("read")
