"""The server's half of a desk's key: for whoever may sign in, the same each time, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agentdesk.app.desk_vault import DeskVault
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.desktop.settings import SettingsFile
from agentdesk.domain.team import Role
from agentdesk.server import desk_keys, people
from agentdesk.server.admin import add_user
from agentdesk.server.app import _known_errors
from agentdesk.server.auth import Authenticator
from agentdesk.store.engine import Database
from agentdesk.sync.key_lease import Granted, LeaseOver, SignedOut, ask_server, ask_servers
from agentdesk.sync.servers import ServersFile

WORD = "correct horse"


@dataclass
class Server:
    """The route behind an address, with Bo and Cy."""

    db: Database
    url: str
    tokens: dict[str, str]

    async def ask(self, name: str, key_id: UUID, half: bytes | None = None) -> Granted:
        return await ask_server(self.url, self.tokens[name], key_id, half)


@pytest.fixture
async def server(migrated_url: str) -> AsyncIterator[Server]:
    db = Database(migrated_url)
    authenticator = Authenticator(db)
    await add_user(db, "ana@desk.test", "Ana", Role.ADMIN, WORD)
    tokens = {"a program": await authenticator.issue("api", "program", None), "nobody": "nothing", "none": ""}
    for name in ("bo", "cy"):
        user_id = await add_user(db, f"{name}@desk.test", name, Role.AGENT, WORD)
        tokens[name] = await authenticator.issue("session", name, user_id)
    app = web.Application(middlewares=[_known_errors])
    desk_keys.add_routes(app, db, authenticator.user_for, timedelta(days=3))
    running = TestServer(app)
    await running.start_server()
    yield Server(db, str(running.make_url("")), tokens)
    await running.close()
    await db.close()


async def test_a_half_is_the_same_each_time_and_for_each_desk_another(server: Server) -> None:
    one, two = new_id(), new_id()
    granted = await server.ask("bo", one)
    assert len(granted.half) == 32
    assert granted.seconds == 3 * 86_400
    assert await server.ask("bo", one) == granted
    assert await server.ask("bo", one, bytes(32)) == granted
    assert (await server.ask("bo", two)).half != granted.half


async def test_nobody_else_gets_it(server: Server) -> None:
    key_id = new_id()
    await server.ask("bo", key_id)
    with pytest.raises(AgentDeskError, match="belongs to somebody else"):
        await server.ask("cy", key_id)
    for name in ("a program", "nobody", "none"):
        with pytest.raises(SignedOut):
            await server.ask(name, key_id)


@pytest.mark.parametrize("way", ["deactivate", "end"])
async def test_who_was_sent_away_gets_it_no_more_and_on_the_day_they_may_come_again(
    server: Server, way: str
) -> None:
    key_id = new_id()
    granted = await server.ask("bo", key_id)
    if way == "end":
        await people.end_sign_ins(server.db, "bo@desk.test")
    else:
        await people.set_active(server.db, "bo@desk.test", False)
    with pytest.raises(SignedOut):
        await server.ask("bo", key_id)
    if way == "deactivate":
        await people.set_active(server.db, "bo@desk.test", True)
    token, _ = await Authenticator(server.db).sign_in("bo@desk.test", WORD, "")
    server.tokens["bo"] = token
    assert await server.ask("bo", key_id) == granted


async def test_a_server_that_lost_it_takes_it_back_from_the_desk(server: Server) -> None:
    key_id, half = new_id(), bytes(range(32))
    assert (await server.ask("bo", key_id, half)).half == half
    assert (await server.ask("bo", key_id)).half == half
    for wrong in (b"", b"short", bytes(33)):
        with pytest.raises(LeaseOver):
            await server.ask("bo", new_id(), wrong)


async def test_a_server_that_is_away_or_older_is_told_apart(server: Server) -> None:
    with pytest.raises(LeaseOver) as away:
        await ask_server("http://127.0.0.1:9", server.tokens["bo"], new_id(), None)
    assert "127.0.0.1:9 cannot be reached" in str(away.value.hint)
    with pytest.raises(AgentDeskError, match="older than this AgentDesk"):
        await ask_server(f"{server.url}/elsewhere", server.tokens["bo"], new_id(), None)


async def test_any_server_of_the_team_gives_it(server: Server, tmp_path: Path) -> None:
    key_id, gone = new_id(), "http://127.0.0.1:9"
    file = ServersFile(tmp_path, gone)
    with pytest.raises(LeaseOver) as away:
        await ask_servers(file, gone, server.tokens["bo"], key_id, None)
    file.write((gone, "http://127.0.0.1:10", server.url))
    granted = await ask_servers(file, gone, server.tokens["bo"], key_id, None)
    assert granted == await server.ask("bo", key_id)
    vault = DeskVault(tmp_path, SettingsFile(tmp_path / "settings.json"), gone, "bo@desk.test")
    await vault.unlock()
    ServersFile(vault.folder, gone).write((gone, server.url))
    await vault.open(server.tokens["bo"])
    await people.end_sign_ins(server.db, "bo@desk.test")
    with pytest.raises(SignedOut):
        await ask_servers(file, gone, server.tokens["bo"], key_id, None)
    file.write((gone, "http://127.0.0.1:10"))
    with pytest.raises(LeaseOver) as still_away:
        await ask_servers(file, gone, server.tokens["bo"], key_id, None)
    assert str(still_away.value.hint) == str(away.value.hint)
