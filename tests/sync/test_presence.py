"""Who is at a conversation: told to those who may know it, while it lasts, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import pytest
from sqlalchemy import update

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.team import Role
from agentdesk.store.tables import conversation, inbox_member
from agentdesk.sync import colleagues, presence_board
from agentdesk.sync.desk import Link
from agentdesk.sync.endpoint import Session
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.presence import Other
from agentdesk.sync.presence_board import Board, Member, Place, Visitor
from agentdesk.sync.protocol import (
    PRESENCE,
    PROTOCOL,
    Frame,
    Hello,
    Here,
    Others,
    Welcome,
    decode_from_server,
    encode,
)
from agentdesk.sync.scope import Scope
from tests.helpers.until import until
from tests.sync.world import Line, LineEnd, Site, World

Open = Callable[[str], Awaitable[LocalDesk]]


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def open_desk(site: Site, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens desks that are in step, over a real WebSocket."""
    async with AsyncExitStack() as stack:

        async def make(token: str) -> LocalDesk:
            desk = LocalDesk(tmp_path / str(new_id()), site.url, token)
            await desk.start()
            stack.push_async_callback(desk.close)
            await until(lambda: desk.status.link is Link.SYNCED)
            return desk

        yield make


def _sees(desk: LocalDesk, conversation_id: UUID, *others: Other) -> Callable[[], bool]:
    return lambda: desk.others_at(conversation_id) == others


async def _steady(condition: Callable[[], bool], rounds: int = 40) -> None:
    """The condition holds, and goes on holding while everything that is under way arrives."""
    for _ in range(rounds):
        assert condition()
        await asyncio.sleep(0.01)


# --- three desks ---


async def test_colleagues_see_who_looks_and_who_writes(world: World, open_desk: Open) -> None:
    ada_id, bob_id = await world.add_user("ada"), await world.add_user("bob")
    await world.add_user("eve")
    here, elsewhere = await world.mail(), await world.mail()
    ada, bob, eve = await open_desk("ada"), await open_desk("bob"), await open_desk("eve")
    told: list[Any] = []
    ada.subscribe(told.append)
    ada.be_at(here)
    bob.be_at(here)
    await until(_sees(ada, here, Other(bob_id)))
    await until(_sees(bob, here, Other(ada_id)))
    await until(lambda: {"presence": {here}} in told)
    assert eve.others_at(here) == (), "who looks is told to those who look as well"
    bob.be_at(here, "note")
    await until(_sees(ada, here, Other(bob_id, "note")))
    await until(_sees(eve, here, Other(bob_id, "note")))
    bob.be_at(here, "reply")
    await until(_sees(eve, here, Other(bob_id, "reply")))
    assert bob.others_at(here) == (Other(ada_id),), "nobody hears of themselves"
    bob.be_at(elsewhere)
    await until(_sees(ada, here))
    await until(_sees(eve, here))
    await until(_sees(bob, here))
    assert ada.others_at(elsewhere) == ()


async def test_whoever_comes_later_is_told_what_goes_on(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    bob_id = await world.add_user("bob")
    here = await world.mail()
    bob = await open_desk("bob")
    bob.be_at(here, "reply")
    ada = await open_desk("ada")
    await until(_sees(ada, here, Other(bob_id, "reply")))


async def test_one_person_at_two_desks_is_no_colleague_of_themselves(world: World, open_desk: Open) -> None:
    ada_id, bob_id = await world.add_user("ada"), await world.add_user("bob")
    here = await world.mail()
    one, two, bob = await open_desk("ada"), await open_desk("ada"), await open_desk("bob")
    bob.be_at(here)
    one.be_at(here, "reply")
    two.be_at(here)
    await until(_sees(bob, here, Other(ada_id, "reply")))
    await until(_sees(one, here, Other(bob_id)))
    await until(_sees(two, here, Other(bob_id)))
    await _steady(_sees(bob, here, Other(ada_id, "reply")))


# --- who may know ---


async def test_nobody_hears_of_inboxes_that_are_not_theirs(world: World, open_desk: Open) -> None:
    ada_id = await world.add_user("ada")
    sales, sales_account = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    dan_id = await world.add_user("dan", Role.AGENT, frozenset({sales}))
    secret = await world.mail(inbox_id=sales, account_id=sales_account)
    ada, cat, dan = await open_desk("ada"), await open_desk("cat"), await open_desk("dan")
    cat.be_at(secret, "reply")  # made up by a desk that may not see it
    ada.be_at(secret, "note")
    dan.be_at(secret)
    await until(_sees(dan, secret, Other(ada_id, "note")))
    await until(_sees(ada, secret, Other(dan_id)))
    await _steady(lambda: cat.others_at(secret) == () and ada.others_at(secret) == (Other(dan_id),))


async def test_a_conversation_that_moves_away_takes_its_news_along(
    world: World, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "RENEW_SECONDS", 0.1)
    ada_id = await world.add_user("ada")
    sales, _ = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    here = await world.mail()
    ada, cat = await open_desk("ada"), await open_desk("cat")
    ada.be_at(here, "reply")
    cat.be_at(here)
    await until(_sees(cat, here, Other(ada_id, "reply")))
    async with world.db.write() as conn:
        await conn.execute(update(conversation).where(conversation.c.id == here).values(inbox_id=sales))
    await until(_sees(cat, here))
    await until(_sees(ada, here))


async def test_an_inbox_that_is_granted_brings_its_writers(world: World, open_desk: Open) -> None:
    ada_id = await world.add_user("ada")
    sales, sales_account = await world.add_inbox("Sales")
    cat_id = await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    there = await world.mail(inbox_id=sales, account_id=sales_account)
    ada, cat = await open_desk("ada"), await open_desk("cat")
    ada.be_at(there, "reply")
    await _steady(_sees(cat, there), 20)
    world.actors["cat"] = world.actor("cat", frozenset({world.inbox_id, sales}))
    member = {"id": new_id(), "user_id": cat_id, "inbox_id": sales}
    await world.write(lambda unit: unit.insert(inbox_member, [member]))
    await until(_sees(cat, there, Other(ada_id, "reply")))


# --- how it ends ---


async def test_a_desk_that_goes_is_gone_and_a_lost_connection_forgets_everybody(
    world: World, site: Site, open_desk: Open
) -> None:
    ada_id, bob_id = await world.add_user("ada"), await world.add_user("bob")
    here = await world.mail()
    ada, bob = await open_desk("ada"), await open_desk("bob")
    ada.be_at(here, "reply")
    bob.be_at(here)
    await until(_sees(bob, here, Other(ada_id, "reply")))
    await until(_sees(ada, here, Other(bob_id)))
    await site.stop()
    await until(_sees(bob, here))
    await until(_sees(ada, here))
    await site.start()
    ada.retry_now()
    bob.retry_now()
    await until(_sees(bob, here, Other(ada_id, "reply")))
    await until(_sees(ada, here, Other(bob_id)))
    await ada.close()
    await until(_sees(bob, here))


async def test_a_desk_that_falls_silent_is_taken_off(world: World) -> None:
    user_id = await world.add_user("ada")
    here = await world.mail()
    async with _Table(world, Board(world.db, expires_seconds=0.3)) as connect:
        silent, hearer = await connect("ada"), await connect("bob")
        await silent.say(Here(conversation_id=here, writing="reply"))
        assert await hearer.hears() == Others(conversation_id=here, people=(Other(user_id, "reply"),))
        assert await hearer.hears() == Others(conversation_id=here)


async def test_a_desk_whose_line_is_cut_is_taken_off_at_once(world: World) -> None:
    user_id = await world.add_user("ada")
    here = await world.mail()
    async with _Table(world, Board(world.db, expires_seconds=3600)) as connect:
        dying, hearer = await connect("ada"), await connect("bob")
        await dying.say(Here(conversation_id=here, writing="note"))
        assert (await hearer.hears()).people == (Other(user_id, "note"),)
        dying.line.cut()
        assert await hearer.hears() == Others(conversation_id=here)


async def test_of_many_changes_the_last_one_counts(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    bob_id = await world.add_user("bob")
    ada, bob = await open_desk("ada"), await open_desk("bob")
    conversations = [await world.mail() for _ in range(30)]
    for here in conversations:
        bob.be_at(here, "reply")
        bob.be_at(here)
        await asyncio.sleep(0)
    last = conversations[-1]
    bob.be_at(last, "note")
    await until(_sees(ada, last, Other(bob_id, "note")))
    await _steady(lambda: [one for one in conversations if ada.others_at(one)] == [last])


async def test_a_desk_that_renews_stays(
    world: World, open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert colleagues.RENEW_SECONDS * 2 < presence_board.EXPIRES_SECONDS
    monkeypatch.setattr(colleagues, "RENEW_SECONDS", 0.1)
    user_id = await world.add_user("ada")
    board, here = Board(world.db, expires_seconds=2.0), await world.mail()
    async with _Table(world, board) as connect:
        renewing, hearer = await connect("ada"), await connect("bob")
        known = colleagues.Colleagues(lambda _: None)
        known.be_at(here, "")
        await hearer.say(Here(conversation_id=here))
        task = asyncio.ensure_future(known.report(renewing.say))
        assert (await hearer.hears()).people == (Other(user_id),)
        for _ in range(26):
            await hearer.say(Here(conversation_id=here))
            await asyncio.sleep(0.1)
        assert hearer.heard == [], "nobody left and nobody came"
        task.cancel()


# --- older versions, floods, nonsense ---


async def test_a_desk_that_does_not_know_of_it_is_told_nothing(world: World) -> None:
    await world.add_user("ada")
    here = await world.mail()
    async with _Table(world, Board(world.db)) as connect:
        older, newer, hearer = await connect("ada", can=()), await connect("ada"), await connect("bob")
        await older.say(Here(conversation_id=here, writing="reply"))
        await newer.say(Here(conversation_id=here, writing="note"))
        assert (await hearer.hears()).people[0].writing == "note"
        await asyncio.sleep(0.2)
        assert older.of(Others) == []
        assert not older.line.dead


async def test_a_server_that_does_not_know_of_it_is_told_nothing(world: World) -> None:
    await world.add_user("ada")
    async with _Table(world, None) as connect:
        desk = await connect("ada")
        assert PRESENCE not in desk.welcome.can


def test_frames_of_an_older_version_are_understood_and_its_reader_skips_what_is_new() -> None:
    class OlderHello(Frame, frozen=True, tag="hello"):
        token: str
        desk_id: UUID
        protocol: int
        program: str

    older = OlderHello(token="t", desk_id=new_id(), protocol=PROTOCOL, program="0")
    decoder = msgspec.msgpack.Decoder(Hello)
    assert decoder.decode(encode(older)).can == ()
    hello = Hello(token="t", desk_id=new_id(), protocol=PROTOCOL, program="0", can=(PRESENCE,))
    assert msgspec.msgpack.Decoder(OlderHello).decode(encode(hello)).token == "t"


async def test_a_flood_of_reports_takes_neither_memory_nor_queries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = await world.add_user("ada")
    here, board = await world.mail(), Board(world.db)
    reads = 0
    original = world.db.read

    def counted(**options: Any) -> Any:
        nonlocal reads
        reads += 1
        return original(**options)

    async with _Table(world, board) as connect:
        flooding, hearer = await connect("ada"), await connect("bob")
        monkeypatch.setattr(world.db, "read", counted)
        for _ in range(500):
            for _ in range(10):
                await flooding.say(Here(conversation_id=new_id(), writing="reply"))
            await asyncio.sleep(0)
        await flooding.say(Here(conversation_id=here, writing="reply"))
        frame = await hearer.hears()
        assert frame.people == (Other(user_id, "reply"),)
        assert reads < 250
    assert board._there == {}
    assert board._members == set()


async def test_what_is_no_report_ends_the_connection(world: World, site: Site) -> None:
    await world.add_user("ada")
    hello = Hello(token="ada", desk_id=new_id(), protocol=PROTOCOL, program="t", can=(PRESENCE,))
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{site.url}/desk/sync") as socket:
        await socket.send_bytes(encode(hello))
        await socket.send_bytes(msgspec.msgpack.encode({"t": "here", "writing": "poem"}))
        frames = [decode_from_server(message.data) async for message in socket]
    assert frames[-1].__class__.__name__ == "Goodbye"


async def test_customers_are_told_of_while_their_page_is_open(world: World) -> None:
    """To desks that know of that; to others only while they type."""
    board, customer, here = Board(world.db), Visitor(new_id()), await world.mail()
    new, old = Member(new_id(), Scope(None), sees_visitors=True), Member(new_id(), Scope(None))
    stranger = Member(new_id(), Scope(frozenset()), sees_visitors=True)
    for one in (new, old, stranger):
        board.join(one)

    async def told(member: Member) -> tuple[Other, ...]:
        async with asyncio.timeout(20):
            frame = decode_from_server(await board.next(member))
        assert isinstance(frame, Others)
        return frame.people

    board.host(customer, Place(here, world.inbox_id.hex, ""))
    assert await told(new) == (Other(customer.user_id),)
    board.host(customer, Place(here, world.inbox_id.hex, "reply"))
    assert await told(new) == (Other(customer.user_id, "reply"),)
    assert await told(old) == (Other(customer.user_id, "reply"),), "nothing was told before"
    board.host(customer, Place(here, world.inbox_id.hex, ""))
    assert await told(new) == (Other(customer.user_id),)
    assert await told(old) == ()
    board.host(customer, None)
    assert await told(new) == ()
    assert not old.told
    assert not stranger.told


async def test_what_a_customer_types_is_told_to_desks_that_have_it_open(world: World) -> None:
    board, customer, here = Board(world.db), Visitor(new_id()), await world.mail()

    def member(scope: Scope, **more: bool) -> Member:
        return Member(new_id(), scope, sees_visitors=True, **more)

    there, elsewhere = (member(Scope(None), sees_previews=True) for _ in range(2))
    old, stranger = member(Scope(None)), member(Scope(frozenset()), sees_previews=True)
    hearing = []
    for one in (there, elsewhere, old, stranger):
        board.join(one)
        if one is not elsewhere:
            one.report(Here(conversation_id=here))
            hearing.append(asyncio.ensure_future(board.hear(one)))
    await until(lambda: there.place is not None and old.place is not None, what="both are there")

    async def told() -> Other:
        async with asyncio.timeout(20):
            while True:
                frame = decode_from_server(await board.next(there))
                assert isinstance(frame, Others)
                found = [one for one in frame.people if one.user_id == customer.user_id]
                if found:
                    return found[0]

    for text in ("Hel", "Hello"):
        board.preview(customer, text)
        board.host(customer, Place(here, world.inbox_id.hex, "reply"))
        assert await told() == Other(customer.user_id, "reply", text=text)
    plain = Other(customer.user_id, "reply")
    assert plain in board._seen_by(old, here)
    assert board._seen_by(elsewhere, here) == (plain,)
    assert board._seen_by(stranger, here) == ()
    board.preview(customer, "")  # sent
    board.host(customer, Place(here, world.inbox_id.hex, ""))
    assert await told() == Other(customer.user_id)
    for task in hearing:
        task.cancel()
    await asyncio.gather(*hearing, return_exceptions=True)


async def test_what_is_told_is_forgotten_again(world: World) -> None:
    """A hearer's memory follows those who write, not all who ever wrote."""
    board = Board(world.db)
    hearer, writer = Member(new_id(), Scope(None)), Member(new_id(), Scope(None))
    for one in (hearer, writer):
        board.join(one)
    hearing = asyncio.ensure_future(board.hear(writer))
    async with asyncio.timeout(20):
        for _ in range(3):
            here = await world.mail()
            writer.report(Here(conversation_id=here, writing="reply"))
            while here not in hearer.told:
                await board.next(hearer)
        board.leave(writer)
        while hearer.told:
            await board.next(hearer)
    hearing.cancel()
    assert not hearer.to_tell


class _Wire:
    """A desk's end of a line, frame by frame."""

    def __init__(self, line: Line, welcome: Welcome) -> None:
        self.line = line
        self.welcome = welcome
        self.all: list[Frame] = []
        self.heard: list[Others] = []
        self._end: LineEnd = line.end(0)
        self._task = asyncio.ensure_future(self._listen())

    async def say(self, frame: Frame) -> None:
        await self._end.send(encode(frame))

    def of(self, kind: type[Frame]) -> list[Frame]:
        return [frame for frame in self.all if isinstance(frame, kind)]

    async def hears(self) -> Others:
        """The next news of others."""
        await until(lambda: bool(self.heard))
        return self.heard.pop(0)

    async def _listen(self) -> None:
        while (data := await self._end.receive()) is not None:
            frame = decode_from_server(data)
            self.all.append(frame)
            if isinstance(frame, Others):
                self.heard.append(frame)

    async def close(self) -> None:
        self.line.cut()
        await self._task


class _Table:
    """Sessions around one board: ``await connect(name)`` introduces a desk (bob is made where needed)."""

    def __init__(self, world: World, board: Board | None) -> None:
        self._world, self._board = world, board
        self._wires: list[_Wire] = []

    async def __aenter__(self) -> Callable[..., Awaitable[_Wire]]:
        if "bob" not in self._world.actors:
            await self._world.add_user("bob")
        return self._connect

    async def __aexit__(self, *_: object) -> None:
        for wire in self._wires:
            await wire.close()
        await self._world.tasks.drain()

    async def _connect(self, token: str, can: tuple[str, ...] = (PRESENCE,)) -> _Wire:
        world, line = self._world, Line()
        session = Session(line.end(1), world.db, world.feed, world.executor, world.authenticate, self._board)
        world.tasks.start(session.run(), f"session {clock.now()} {new_id()}")
        end = line.end(0)
        hello = Hello(token=token, desk_id=new_id(), protocol=PROTOCOL, program="test", can=can)
        await end.send(encode(hello))
        data = await end.receive()
        assert data is not None
        welcome = decode_from_server(data)
        assert isinstance(welcome, Welcome)
        self._wires.append(_Wire(line, welcome))
        return self._wires[-1]
