"""A world in which three conversations wait and two people are at their desks."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, update

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.values import SetAvailability
from agentdesk.domain.availability import GONE_AFTER
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_user
from agentdesk.server.inboxes import set_routing
from agentdesk.server.leases import Lease
from agentdesk.server.routing import LEASE, place_waiting
from agentdesk.store.tables import desk, placement
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

__all__ = ["LONG", "Routed", "routed_world", "two_at_desks"]

LONG = GONE_AFTER + timedelta(minutes=1)


class Routed:
    """A world with three conversations that wait, Maria and Jonas at their desks, and one server's lease."""

    def __init__(self, world: FakeWorld, jonas: UUID) -> None:
        self.world, self.maria, self.jonas = world, world.user_id, jonas
        self.bell = Bell()
        self.lease = Lease(world.db, LEASE, "test:one")

    async def place(self) -> int:
        return await place_waiting(self.world.db, self.bell, self.lease)

    async def holders(self) -> list[str]:
        names = {self.maria: "maria", self.jonas: "jonas", None: "-"}
        return [names[row.assignee_id] for row in await self.world.conversations()]

    async def ids(self) -> list[UUID]:
        return [row.id for row in await self.world.conversations()]

    async def seen(self, person: UUID, ago: timedelta = timedelta(0)) -> None:
        async with self.world.db.write() as conn:
            await conn.execute(update(desk).where(desk.c.user_id == person).values(seen_at=clock.now() - ago))

    async def stand(self, state: str) -> None:
        """Maria chooses a status."""
        command = SetAvailability(state=state, chosen_at=clock.now())
        assert (await self.world.do(self.world.cores[0], command)).outcome == "done"

    async def given_long_ago(self) -> None:
        async with self.world.db.write() as conn:
            await conn.execute(update(placement).values(given_at=clock.now() - timedelta(minutes=5)))


async def two_at_desks(world: FakeWorld, mails: int) -> UUID:
    """Let so many mails come in for Maria and Jonas, who are at their desks; return Jonas."""
    for number in range(mails):
        world.service.put(raw_mail(id=f"m{number}@x.example", sender=f"c{number}@customer.example"))
    core = await world.started()
    await world.settled(mails)
    await core.stop()
    jonas = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    now = clock.now()
    async with world.db.write() as conn:
        for person in (world.user_id, jonas):
            values = {"user_id": person, "last_number": 0, "created_at": now, "seen_at": now}
            await conn.execute(insert(desk).values(id=new_id(), **values))
    return jonas


async def routed_world(world: FakeWorld) -> Routed:
    """Let three mails come in, and switch routing on."""
    jonas = await two_at_desks(world, 3)
    await set_routing(world.db, "Support", routed=True, open_within=60)
    return Routed(world, jonas)
