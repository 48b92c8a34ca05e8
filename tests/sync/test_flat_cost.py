"""What a command costs the server does not grow with the number of desks that are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import Envelope, SetTags
from agentdesk.sync.endpoint import Session
from agentdesk.sync.protocol import PROTOCOL, Batch, Hello, decode_from_server, encode
from tests.sync.world import Line, World

_POLL_NEVER = 3600.0
_COMMANDS = 3


class Desk:
    """A desk's end of a line: it says hello and hears what it is sent."""

    def __init__(self, world: World) -> None:
        self.id = new_id()
        line = Line()
        self._end = line.end(0)
        session = Session(line.end(1), world.db, world.feed, world.executor, world.authenticate)
        world.tasks.start(session.run(), str(self.id))

    async def connect(self) -> None:
        """Be filled, and hear what comes from then on."""
        hello = Hello(token="ada", desk_id=self.id, protocol=PROTOCOL, program="test")
        await self._end.send(encode(hello))
        while not isinstance(batch := await self._hear(), Batch) or batch.more or batch.filling:
            pass

    async def has_heard_of(self, conversation_id: UUID) -> None:
        """Wait for a batch with a conversation."""
        while not isinstance(batch := await self._hear(), Batch) or conversation_id.bytes not in {
            row["id"] for rows in batch.rows if rows.table == "conversation" for row in rows.rows
        }:
            pass

    async def _hear(self) -> object:
        frame = await self._end.receive()
        assert frame is not None
        return decode_from_server(frame)


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The statements that are carried out meanwhile."""
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_others: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_a_command_costs_as_many_statements_with_two_desks_as_with_forty(migrated_url: str) -> None:
    world = await World.start(migrated_url, poll_seconds=_POLL_NEVER)
    await world.add_user("ada")
    conversation_id = await world.mail()
    desks: list[Desk] = []
    costs: list[int] = []
    for size in (2, 40):
        while len(desks) < size:
            desks.append(Desk(world))
            await desks[-1].connect()
        with _counted() as asked:
            for number in range(_COMMANDS):
                command = SetTags(conversation_id=conversation_id, tags=(f"{size}-{number}",))
                envelope = Envelope(
                    id=new_id(), command=command, issued_at=clock.now(), number=10 * size + number
                )
                await world.executor.execute(envelope, world.actors["ada"], desks[0].id)
                for desk in desks:
                    await desk.has_heard_of(conversation_id)
            costs.append(len(asked))
    assert costs[0] == costs[1]
    await world.close()
