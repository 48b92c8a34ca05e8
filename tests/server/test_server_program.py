"""``agentdesk server`` as an operator knows it: one line when it serves, a clean end, or a sentence."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import http_status, write
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import PostgresServer, run_aside
from tests.helpers.processes import free_port
from tests.helpers.program import Program, Programs
from tests.helpers.until import until_sync

from agentdesk.base import clock
from agentdesk.server.auth import Authenticator
from agentdesk.store.engine import Database


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def start(programs: Programs, url: str, data: Path, listen: str = "127.0.0.1:0", **env: str) -> Program:
    arguments = ("--database", url, "--data", str(data), "--listen", listen)
    return programs.start("server", *arguments, env=env)


def sentence(program: Program) -> str:
    """The one line with which a server that cannot start ends."""
    until_sync(lambda: not program.running, what="the end of a server that cannot start")
    said = program.output()
    assert program.status == 1, said
    assert "Traceback" not in said
    assert "ready http" not in said
    *log, last = said.splitlines()
    assert all("[info " in line for line in log), said
    assert last.endswith(".")
    return last


def get(address: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, answer.read()


def test_it_says_ready_once_serves_and_ends_well(
    programs: Programs, migrated_url: str, tmp_path: Path
) -> None:
    program = start(programs, migrated_url, tmp_path / "data")
    address = program.ready_sync()
    assert get(f"{address}/healthz")[0] == 200
    assert b"agentdesk_messages_in_total 0.0" in get(f"{address}/metrics")[1]
    assert get(f"{address}/api/v1/openapi.json")[0] == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{address}/api/v1/users")
    assert http_status(refused.value) == 401
    assert program.stop() == 0
    assert [line for line in program.output().splitlines() if line.startswith("ready ")] == [
        f"ready {address}"
    ]
    assert "Traceback" not in program.output()


def test_it_ends_within_seconds_while_mail_flows(
    new_company: NewCompany, sqlite_url: str, mailbox: Mailbox, new_mailbox: NewMailbox
) -> None:
    customer = new_mailbox()
    company = new_company(sqlite_url)
    for number in range(200):
        sender = customer.address if number < 10 else f"customer{number}@shop.test"
        write(mailbox, sender, f"Letter {number}")
    company.start()
    for row in company.wait_for_conversations(3)[:3]:
        company.reply(row["id"], "An answer.")
    begun = time.monotonic()
    assert company.stop() == 0
    took = time.monotonic() - begun
    assert took < 20, f"{took:.1f} s"  # five on an idle machine
    company.start()
    assert len({row["subject"] for row in company.wait_for_conversations(200, 60)}) == 200
    assert company.stop() == 0


def test_it_keeps_house(programs: Programs, migrated_url: str, tmp_path: Path) -> None:
    async def sessions(add: bool) -> int:
        db = Database(migrated_url)
        try:
            if add:
                await Authenticator(db).issue("session", "desk", None, clock.now() - timedelta(days=1))
            async with db.read() as conn:
                return int((await conn.execute(text("SELECT count(*) FROM api_token"))).scalar_one())
        finally:
            await db.close()

    assert run_aside(sessions(add=True)) == 1
    program = start(programs, migrated_url, tmp_path / "data")
    program.ready_sync()
    until_sync(lambda: run_aside(sessions(add=False)) == 0, what="the ended session is forgotten")
    assert program.stop() == 0


def test_a_folder_has_one_server(programs: Programs, sqlite_url: str, tmp_path: Path) -> None:
    first = start(programs, sqlite_url, tmp_path / "data")
    first.ready_sync()
    assert "already running" in sentence(start(programs, sqlite_url, tmp_path / "data"))
    assert first.running
    first.kill()
    second = start(programs, sqlite_url, tmp_path / "data")
    second.ready_sync()
    assert second.stop() == 0


def test_an_address_in_use_is_told(programs: Programs, sqlite_url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        assert listen in sentence(start(programs, sqlite_url, tmp_path / "data", listen))
    assert "no.such.host.invalid" in sentence(
        start(programs, sqlite_url, tmp_path / "data", "no.such.host.invalid:80")
    )


def test_a_newer_database_is_left_alone(programs: Programs, migrated_url: str, tmp_path: Path) -> None:
    async def make_newer() -> None:
        db = Database(migrated_url)
        async with db.write() as conn:
            await conn.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
        await db.close()

    run_aside(make_newer())
    said = sentence(start(programs, migrated_url, tmp_path / "data"))
    assert "newer AgentDesk" in said
    assert "9999_from_the_future" in said


def test_a_database_that_is_away_is_told(
    programs: Programs, postgres: PostgresServer, tmp_path: Path
) -> None:
    away = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/desk"
    said = [sentence(start(programs, away, tmp_path / "data"))]
    said.append(sentence(start(programs, postgres.url("no_such_database"), tmp_path / "data")))
    wrong = postgres.url("postgres").replace("agentdesk:", "agentdesk:secret-word")
    said.append(sentence(start(programs, wrong, tmp_path / "data")))
    assert "database server runs" in said[0]
    assert "no database of that name" in said[1]
    assert "password" in said[2]
    assert not any("secret-word" in line for line in said)


def test_a_folder_that_cannot_be_used_is_told(programs: Programs, sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in sentence(start(programs, sqlite_url, tmp_path / "file"))
    assert "folder" in sentence(start(programs, f"sqlite:///{tmp_path}/file/x.db", tmp_path / "data"))


def test_a_private_server_is_for_this_computer_only(
    programs: Programs, sqlite_url: str, tmp_path: Path
) -> None:
    token = {"AGENTDESK_LOCAL_TOKEN": "made-by-the-desk"}
    said = sentence(start(programs, sqlite_url, tmp_path / "data", "0.0.0.0:0", **token))
    assert "this computer only" in said
    assert "made-by-the-desk" not in said
