"""How many commands a second a server brings into PostgreSQL, beside pgbench with the same statements.

    python -m benchmarks.commands [--seconds 10] [--at-once 16]

Commands go through the executor of this process, as a desk's do, and are on the disk when they are answered;
those that wait at the same moment share a transaction. What one alone asks of the database is written down
and played by pgbench (prepared statements, as many clients as commands at once, each in a transaction of its
own), against the same database in the same run. PostgreSQL has its default settings and shares the machine
with both.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.measuring import cpu_seconds, load, need_postgres, postgres
from benchmarks.world import World, build
from sqlalchemy import Engine, Pool, event, insert

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import Envelope, SetTags
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.app import collect_seldom
from agentdesk.store.engine import Database
from agentdesk.store.tables import desk

_FRAME = ("BEGIN", "COMMIT")
_PARAMETER = re.compile(r"\$(\d+)")
_DESKS = "00000000-0000-7000-8000-2"
_CONVERSATIONS = "00000000-0000-7000-8000-1"


class Load:
    """Commands as connected desks offer them, each worker as a desk of its own."""

    def __init__(self, db: Database, world: World, at_once: int) -> None:
        self.world = world
        self.at_once = at_once
        self.desks = [UUID(f"{_DESKS}{number:011}") for number in range(at_once)]
        self._db = db
        self._executor = Executor(db, Bell())
        self._actor = Actor(kind=Author.USER, user_id=world.users[0], role=Role.AGENT, inboxes=None)
        self._numbers = [0] * at_once

    async def prepare(self) -> None:
        """Write the desks down."""
        now = clock.now()
        rows = [
            {"id": one, "user_id": self.world.users[0], "last_number": 0, "created_at": now, "seen_at": now}
            for one in self.desks
        ]
        async with self._db.write() as conn:
            await conn.execute(insert(desk), rows)

    async def one(self, worker: int) -> tuple[UUID, UUID]:
        """Do one command of a desk; returns its id and the conversation's."""
        self._numbers[worker] += 1
        conversation_id = self.world.choose.choice(self.world.conversations)
        command = SetTags(conversation_id=conversation_id, tags=(f"tag-{self._numbers[worker]}",))
        envelope = Envelope(id=new_id(), command=command, issued_at=clock.now(), number=self._numbers[worker])
        answer = await self._executor.execute(envelope, self._actor, self.desks[worker])
        if answer.outcome != "done":
            raise SystemExit(f"a command was answered with {answer}")
        return envelope.id, conversation_id

    async def drop_connections(self) -> None:
        """Work on with new ones."""
        await self._db.close()

    async def for_a_while(self, seconds: float) -> int:
        """Let all desks work; returns how many commands they did."""
        end = time.perf_counter() + seconds

        async def work(worker: int) -> int:
            done = 0
            while time.perf_counter() < end:
                await self.one(worker)
                done += 1
            return done

        return sum(await asyncio.gather(*(work(worker) for worker in range(self.at_once))))


async def written_down(work: Load) -> str:
    """What one command asks of the database, as a script for pgbench."""
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if "pg_notify" not in statement:  # other servers are told afterwards, for many commands at once
            asked.extend((statement, one) for one in (parameters if many else [parameters]))

    def note_direct(asked_for: Any) -> None:
        if not asked_for.query.startswith(_FRAME):
            many = isinstance(asked_for.args, list)
            asked.extend((asked_for.query, one) for one in (asked_for.args if many else [asked_for.args]))

    def listen(connection: Any, *_others: Any) -> None:
        connection.driver_connection.add_query_logger(note_direct)

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Pool, "checkout", listen)
    command_id, conversation_id = await work.one(0)
    event.remove(Engine, "before_cursor_execute", note)
    event.remove(Pool, "checkout", listen)
    await work.drop_connections()
    known = {
        command_id: "(lpad(to_hex((:command)::bigint), 32, '0'))::uuid",
        conversation_id: f"('{_CONVERSATIONS}' || lpad((:conversation)::bigint::text, 11, '0'))::uuid",
        work.desks[0]: f"('{_DESKS}' || lpad((:client_id)::bigint::text, 11, '0'))::uuid",
        work.world.users[0]: f"'{work.world.users[0]}'",
    }
    lines = [
        f"\\set conversation random(0, {work.world.count - 1})",
        "\\set command random(1, 9000000000000000000)",
        "BEGIN;",
    ]
    for statement, parameters in asked:
        values = [_expression(value, known) for value in parameters]
        lines.append(_PARAMETER.sub(lambda found, v=values: v[int(found[1]) - 1], statement) + ";")
    return "\n".join(" ".join(line.split()) for line in [*lines, "COMMIT;"]) + "\n"


def _expression(value: Any, known: dict[UUID, str]) -> str:
    """A parameter in SQL: what differs from command to command stays so, the rest is as it was."""
    if value is None:
        return "NULL"
    if isinstance(value, tuple):
        return f"ARRAY[{', '.join(_expression(one, known) for one in value)}]"
    if isinstance(value, UUID):
        return known.get(UUID(str(value)), "gen_random_uuid()")
    if isinstance(value, datetime):
        return "now()"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


def pgbench(url: str, script: Path, clients: int, seconds: int) -> float:
    """Transactions per second of pgbench with ``script``."""
    program = need_postgres() / "pgbench"
    arguments = ["--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1", f"--time={seconds}"]
    command = [str(program), *arguments, f"--file={script}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise SystemExit(f"pgbench: {done.stderr}\n{done.stdout}")
    return float(found[1])


async def measure(url: str, folder: Path, seconds: int, at_once: int) -> None:
    """Print both rates."""
    db = Database(url)
    world = World(5000, 1)
    world.conversations = [UUID(f"{_CONVERSATIONS}{number:011}") for number in range(world.count)]
    await build(db, world, searchable=False)
    work = Load(db, world, at_once)
    await work.prepare()
    collect_seldom()
    await work.for_a_while(1)
    script = folder / "command.sql"
    script.write_text(await written_down(work), "utf-8")
    statements = script.read_text("utf-8").count(";\n")
    print(f"{statements} statements a command, {at_once} at once; {load()}", flush=True)
    for _ in range(2):
        cpu, begun = cpu_seconds(), time.perf_counter()
        done = await work.for_a_while(seconds / 2)
        rate = done / (time.perf_counter() - begun)
        own = 1000 * (cpu_seconds() - cpu) / done
        theirs = await asyncio.to_thread(pgbench, url, script, at_once, max(1, seconds // 2))
        print(
            f"commands through the server {rate:8,.0f}/s ({own:.2f} ms of its processor time each)", end="   "
        )
        print(f"pgbench {theirs:8,.0f}/s   ratio {rate / theirs:.2f}; {load()}", flush=True)
    await db.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="for each of the two")
    parser.add_argument("--at-once", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        url = server.url(server.create_database())
        asyncio.run(measure(url, Path(folder), given.seconds, given.at_once))


if __name__ == "__main__":
    main()
