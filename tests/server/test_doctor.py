"""``agentdesk doctor``: finds what is wrong, says it in plain words, and touches nothing."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import insert, text, update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.postgres import PostgresServer, run_aside
from tests.server.test_delivery import conversation_of

from agentdesk import cli
from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.server import doctor
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.findings import Finding
from agentdesk.server.keys import key_place, open_vault
from agentdesk.server.leases import Lease
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_state, lease, message, raw_item, server_info
from agentdesk.sync.changelog import COPIED_NAME

SETTINGS = {"address": "help@desk.test", "imap.host": "imap.desk.test", "smtp.host": "smtp.desk.test"}


class Said(NamedTuple):
    """How the doctor answered."""

    status: int
    out: str


class Doctor:
    """Asks the doctor about one database inside this process."""

    def __init__(self, url: str, capture: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self._capture = capture

    def __call__(self, *arguments: str, language: str = "en") -> Said:
        status = cli.main(["--language", language, "doctor", "--database", self.url, *arguments])
        return Said(status, self._capture.readouterr().out)

    def finds(self, topic: str, words: str, *, wrong: bool = True) -> str:
        """The remedy of the one finding of ``topic`` that says ``words``."""
        said = self("--json")
        found: list[dict[str, Any]] = json.loads(said.out)
        fitting = [one for one in found if one["topic"] == topic and words in one["text"]]
        assert len(fitting) == 1, found
        assert fitting[0]["wrong"] is wrong
        assert said.status == int(any(one["wrong"] for one in found))
        return str(fitting[0]["remedy"])


async def _fine(_conn: object) -> list[Finding]:
    return []


@pytest.fixture
def ask(
    migrated_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Doctor:
    monkeypatch.setenv("AGENTDESK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AGENTDESK_KEY_FILE", raising=False)
    monkeypatch.setattr(doctor, "_LITTLE_ROOM", 0)
    monkeypatch.setattr(doctor, "check_postgresql", _fine)  # tests run it without fsync
    return Doctor(migrated_url, capsys)


def _set_up(url: str) -> tuple[UUID, Path]:
    """A channel with a password that a server works on; returns its id and where the key lies."""

    async def work() -> tuple[UUID, Path]:
        db = Database(url)
        vault = await open_vault(db)
        await add_inbox(db, "Support")
        account_id = await add_channel(db, vault, "email", "Support", "Mail", SETTINGS, {"password": "x"})
        assert await Lease(db, f"account:{account_id}", "here:1").acquire()
        place = await key_place(db)
        await db.close()
        assert place is not None
        return account_id, place

    return run_aside(work())


def _change(url: str, statement: Any) -> None:
    async def work() -> None:
        db = Database(url)
        async with db.write() as conn:
            await conn.execute(statement)
        await db.close()

    run_aside(work())


def test_all_is_well(ask: Doctor, tmp_path: Path) -> None:
    _set_up(ask.url)
    assert ask("--data", str(tmp_path)) == (0, "All is well.\n")
    assert json.loads(ask("--json").out) == []


def test_in_the_language_of_the_person(ask: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_up(ask.url)
    assert "All is well" not in ask(language="de").out
    monkeypatch.setenv("LC_ALL", "ar_EG.UTF-8")
    status = cli.main(["doctor", "--database", ask.url])
    assert status == 0
    arabic = ask._capture.readouterr().out
    assert any("\u0600" <= letter <= "\u06ff" for letter in arabic)


def test_a_database_that_is_not_there_is_not_made(ask: Doctor, tmp_path: Path) -> None:
    nowhere = tmp_path / "none.db"
    ask.url = f"sqlite:///{nowhere}"
    ask.finds("database", str(nowhere))
    assert not nowhere.exists()
    ask.url = "postgresql://nobody@127.0.0.1:9/none"
    assert ask.finds("database", "cannot be reached")


@pytest.mark.parametrize(("version", "words", "wrong"), [("0001", "0001", False), ("9999", "newer", True)])
def test_another_version_of_the_schema(ask: Doctor, version: str, words: str, wrong: bool) -> None:
    _change(ask.url, text("UPDATE alembic_version SET version_num = :to").bindparams(to=version))
    assert ask.finds("schema", words, wrong=wrong)


def test_an_empty_database(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def touch() -> None:
        db = Database(database_url)
        async with db.read() as conn:
            await conn.execute(text("SELECT 1"))
        await db.close()

    run_aside(touch())
    Doctor(database_url, capsys).finds("schema", "empty", wrong=False)


def test_the_disk_is_nearly_full(ask: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_up(ask.url)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(doctor, "_LITTLE_ROOM", usage.total + 1)
    said = ask("--data", str(tmp_path / "elsewhere"))
    assert said.status == 1
    assert str(tmp_path / "elsewhere") in said.out
    assert ("MB are free" in said.out) == ask.url.startswith("sqlite")


def test_the_key(ask: Doctor) -> None:
    _, key = _set_up(ask.url)
    key.chmod(0o644)
    assert f"chmod 600 {key}" in ask.finds("key", "Others on this computer")
    key.chmod(0o600)
    right = key.read_bytes()
    key.write_bytes(os.urandom(32))
    assert "back-up" in ask.finds("key", "belongs to another database")
    key.write_bytes(b"short")
    ask.finds("key", "damaged")
    key.unlink()
    ask.finds("key", "is not at")
    assert not key.exists(), "the doctor makes no key"
    key.write_bytes(right)
    key.chmod(0o600)
    _change(ask.url, text("UPDATE account_secret SET sealed = :bytes").bindparams(bytes=os.urandom(40)))
    assert "channel set" in ask.finds("key", "channel Mail cannot be read")


def test_a_channel_in_trouble(ask: Doctor) -> None:
    account_id, _ = _set_up(ask.url)
    problem = {"text": "{server} cannot be reached.", "args": {"server": "imap.desk.test"}}
    values = {
        "state": "unreachable",
        "problem": problem,
        "remedy": {"text": "Check the address.", "args": {}},
        "changed_at": clock.now() - timedelta(hours=3),
    }
    _change(ask.url, update(account_state).where(account_state.c.id == account_id).values(values))
    remedy = ask.finds("channel", "imap.desk.test cannot be reached.")
    assert remedy == "Check the address."
    _change(ask.url, update(account).values(paused=True))
    assert ask().status == 0


def test_nobody_serves(ask: Doctor) -> None:
    _set_up(ask.url)
    _change(ask.url, update(lease).values(expires_at=clock.now() - timedelta(minutes=5)))
    assert ask.finds("server", "since") == "Start the server."
    _change(ask.url, lease.delete())
    assert ask.finds("server", "No server works") == "Start the server."


def test_one_channel_that_nobody_works_on(ask: Doctor) -> None:
    account_id, _ = _set_up(ask.url)

    async def second() -> None:
        db = Database(ask.url)
        vault = await open_vault(db)
        other = await add_channel(db, vault, "email", "Support", "Other", SETTINGS, {"password": "x"})
        assert await Lease(db, f"account:{other}", "here:1").acquire()
        await db.close()

    run_aside(second())
    assert ask().status == 0
    dead = lease.c.name == f"account:{account_id}"
    ago = clock.now() - timedelta(minutes=5)
    _change(ask.url, update(lease).where(dead).values(expires_at=ago, holder="gone:7"))
    assert "gone:7" in ask("--json").out
    assert cli.main(["admin", "--database", ask.url, "lease", "list"]) == 0
    lines = [line.split("\t") for line in ask._capture.readouterr().out.splitlines()]
    assert [(name, holder, state) for name, holder, _until, state in lines] == [
        ("Mail", "gone:7", "free"),
        ("Other", "here:1", "held"),
    ]
    ask.finds("lease", "the channel Mail")


def test_what_lies_aside_and_an_unadopted_copy(ask: Doctor) -> None:
    account_id, _ = _set_up(ask.url)
    item = {"id": new_id(), "account_id": account_id, "source_id": "1", "blob": "0", "facts": {}}
    item |= {"state": "quarantined", "attempts": 1, "problem": "", "created_at": clock.now()}
    _change(ask.url, insert(raw_item).values(item))
    ask.finds("items", "1 incoming item could")
    _change(ask.url, insert(server_info).values(name=COPIED_NAME, value="x"))
    assert "adopt-restore" in ask.finds("copy", "back-up")


async def test_messages_in_doubt_and_waiting_for_long(world: FakeWorld) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    await core.stop()

    async def told(delivery: str, ago: timedelta) -> list[str]:
        async with world.db.write() as conn:
            values = {"delivery": delivery, "delivery_at": clock.now() - ago}
            await conn.execute(update(message).where(message.c.id == message_id).values(values))
        found = await doctor.examine(world.db)
        return [str(one.words) for one in found if one.topic == "messages"]

    hours = timedelta(hours=2)
    assert await told("uncertain", timedelta(minutes=5)) == []
    assert "whether 1 message went out" in (await told("uncertain", hours))[0]
    assert "whether 1 message went out" in (await told("verify", hours))[0]
    assert "1 message has waited" in (await told("queued", hours))[0]
    assert await told("sent", hours) == []


def test_clocks_apart(ask: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def later(_conn: object) -> Any:
        return clock.now() + timedelta(seconds=9)

    _set_up(ask.url)
    monkeypatch.setattr(doctor, "database_time", later)
    assert "NTP" in ask.finds("clock", "9 seconds apart")


def test_settings_of_postgresql(postgres: PostgresServer, capsys: pytest.CaptureFixture[str]) -> None:
    name = postgres.create_database()
    ask = Doctor(postgres.url(name), capsys)

    async def migrate() -> None:
        db = Database(ask.url)
        await db.migrate()
        await db.close()

    run_aside(migrate())
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    ask.finds("postgresql", "fsync")
    assert "synchronous_commit = on" in ask.finds("postgresql", "synchronous_commit")
    postgres.drop_database(name)
