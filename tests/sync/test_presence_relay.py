"""Who is at a conversation, told between servers on one PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from agentdesk.base.ids import new_id
from agentdesk.base.tasks import Tasks
from agentdesk.store.engine import Database
from agentdesk.sync import presence_relay
from agentdesk.sync.listener import Listener, notify
from agentdesk.sync.presence import Other
from agentdesk.sync.presence_board import EXPIRES_SECONDS, Board, Member, Place, Visitor
from agentdesk.sync.presence_relay import CHANNEL, Relay
from agentdesk.sync.protocol import Here, Others, decode_from_server
from agentdesk.sync.scope import Scope
from tests.helpers.until import until
from tests.sync.world import World

ON_POSTGRES = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)

SECONDS = 1.0


class Server:
    """A server's board and what joins it to the others', with desks that are connected to it."""

    def __init__(self, url: str) -> None:
        self.db = Database(url)
        self.listener = Listener(self.db, lambda: None)
        self.board = Board(self.db)
        self.relay = Relay(self.db, self.board, self.listener, seconds=SECONDS)
        self.told: dict[Member, dict[UUID, tuple[Other, ...]]] = {}
        self.tasks = Tasks("server")

    async def start(self) -> None:
        self.tasks.start(self.listener.run(), "listen")
        await until(lambda: self.listener.hears)
        self.relay.start()

    async def stop(self) -> None:
        await self.relay.close()
        await self.tasks.close()
        await self.db.close()

    def desk(self, scope: Scope) -> Member:
        """Somebody's desk, and what it is told."""
        member = Member(new_id(), scope)
        self.told[member] = {}
        self.board.join(member)
        self.tasks.start(self.board.hear(member), f"hear {member.user_id}")
        self.tasks.start(self._take(member), f"take {member.user_id}")
        return member

    async def _take(self, member: Member) -> None:
        while True:
            frame = decode_from_server(await self.board.next(member))
            assert isinstance(frame, Others)
            self.told[member][frame.conversation_id] = frame.people


@pytest.fixture
async def servers(world: World, migrated_url: str) -> AsyncIterator[list[Server]]:
    made = [Server(migrated_url), Server(migrated_url)]
    for server in made:
        await server.start()
    yield made
    for server in made:
        await server.stop()


@ON_POSTGRES
async def test_who_writes_is_seen_at_another_server_and_gone_at_once(
    world: World, servers: list[Server]
) -> None:
    place = await world.mail()
    everything = Scope(None)
    ada, bob = servers[0].desk(everything), servers[1].desk(everything)
    ada.report(Here(conversation_id=place, writing="reply"))
    await until(lambda: servers[1].told[bob].get(place) == (Other(ada.user_id, "reply"),))
    ada.report(Here(conversation_id=place))
    await until(lambda: servers[1].told[bob].get(place) == ())  # who only looks is told to who looks too
    bob.report(Here(conversation_id=place))
    await until(lambda: servers[1].told[bob].get(place) == (Other(ada.user_id),))
    ada.may_watch = True
    ada.report(Here(conversation_id=place, watching=True))
    await until(lambda: servers[1].told[bob].get(place) == (Other(ada.user_id, watching=True),))
    assert ada.user_id not in servers[1].board.people(place)
    await until(lambda: servers[0].told[ada].get(place) == (Other(bob.user_id),))
    servers[0].board.leave(ada)
    await until(lambda: servers[1].told[bob].get(place) == ())
    assert servers[1].told[bob] == {place: ()}


@ON_POSTGRES
async def test_a_customer_at_another_server_is_there_and_types(world: World, servers: list[Server]) -> None:
    place, customer = await world.mail(), Visitor(new_id())
    bob = servers[1].desk(Scope(None))
    bob.sees_visitors = True
    for writing in ("", "reply", ""):
        servers[0].board.host(customer, Place(place, world.inbox_id.hex, writing))
        there = (Other(customer.user_id, writing),)
        await until(lambda there=there: servers[1].told[bob].get(place) == there)
    servers[0].board.host(customer, None)
    await until(lambda: servers[1].told[bob].get(place) == ())


@ON_POSTGRES
async def test_nobody_hears_of_an_inbox_they_may_not_see(world: World, servers: list[Server]) -> None:
    other_inbox, account_id = await world.add_inbox("Sales")
    secret = await world.mail(inbox_id=other_inbox, account_id=account_id)
    open_place = await world.mail()
    ada = servers[0].desk(Scope(None))
    eve = servers[1].desk(Scope(frozenset({world.inbox_id})))
    boss = servers[1].desk(Scope(None))
    ada.report(Here(conversation_id=secret, writing="reply"))
    await until(lambda: servers[1].told[boss].get(secret) == (Other(ada.user_id, "reply"),))
    ada.report(Here(conversation_id=open_place, writing="note"))
    await until(lambda: servers[1].told[eve].get(open_place) == (Other(ada.user_id, "note"),))
    assert secret not in servers[1].told[eve]


@ON_POSTGRES
async def test_a_server_that_goes_silent_takes_its_people_along(world: World, servers: list[Server]) -> None:
    place = await world.mail()
    ada, bob = servers[0].desk(Scope(None)), servers[1].desk(Scope(None))
    ada.report(Here(conversation_id=place, writing="reply"))
    await until(lambda: servers[1].told[bob].get(place) == (Other(ada.user_id, "reply"),))
    await until(lambda: servers[1].told[bob].get(place) == ())  # nobody told again


@ON_POSTGRES
async def test_who_stays_is_told_again(
    world: World, servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_relay, "RENEW_SECONDS", SECONDS / 10)
    place = await world.mail()
    ada = servers[0].desk(Scope(None))
    ada.report(Here(conversation_id=place, writing="reply"))
    late = Server(str(world.db.url.render_as_string(hide_password=False)))
    await late.start()
    bob = late.desk(Scope(None))
    await until(lambda: late.told[bob].get(place) == (Other(ada.user_id, "reply"),))
    await late.stop()


@ON_POSTGRES
async def test_many_desks_and_nonsense_travel_well(world: World, servers: list[Server]) -> None:
    place = await world.mail()
    for text in ("", "nonsense", "AAAA", "é"):
        await notify(servers[0].db, CHANNEL, text)
    desks = [servers[0].desk(Scope(None)) for _ in range(200)]
    watcher = servers[1].desk(Scope(None))
    for desk in desks:
        desk.report(Here(conversation_id=place, writing="note"))
    hosted: set[UUID] = set()

    def all_there() -> bool:
        people = servers[1].board._there.get(place, set())
        hosted.update(member.user_id for member in people)
        return hosted >= {desk.user_id for desk in desks}

    await until(all_there)
    await until(lambda: len(servers[1].told[watcher].get(place, ())) == 20)


def test_the_renewal_is_quicker_than_the_forgetting() -> None:
    assert presence_relay.RENEW_SECONDS * 2 < EXPIRES_SECONDS
