"""The server's key: one per database, found by all programs, its loss noticed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.i18n import render
from agentdesk.server import keys
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AGENTDESK_KEY_FILE", raising=False)
    monkeypatch.setattr(keys, "config_dir", lambda: tmp_path / "config")


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    made = Database(migrated_url)
    yield made
    await made.close()


def key_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.key"))


async def test_every_program_finds_the_same_key(db: Database, tmp_path: Path) -> None:
    sealed = (await open_vault(db)).seal("secret", "a password")
    other_program = Database(db.url.render_as_string(hide_password=False))
    try:
        assert (await open_vault(other_program)).open(sealed, "a password") == "secret"
    finally:
        await other_program.close()
    assert len(key_files(tmp_path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_only_its_owner_can_read_the_key(db: Database, tmp_path: Path) -> None:
    await open_vault(db)
    (path,) = key_files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.glob(f"{path.name}.*")) == []


async def test_the_key_is_where_the_environment_says(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere" / "desk.secret"
    monkeypatch.setenv("AGENTDESK_KEY_FILE", str(place))
    await open_vault(db)
    assert place.stat().st_size == 32
    assert key_files(tmp_path) == []


async def test_a_lost_key_is_noticed_and_no_second_one_is_made(db: Database, tmp_path: Path) -> None:
    await open_vault(db)
    (path,) = key_files(tmp_path)
    aside = path.rename(tmp_path / "aside")
    with pytest.raises(AgentDeskError) as refused:
        await open_vault(db)
    assert str(path) in render(refused.value.message)
    assert refused.value.hint is not None
    assert not path.exists()
    aside.rename(path)
    await open_vault(db)


async def test_another_databases_key_is_refused(db: Database, tmp_path: Path) -> None:
    await open_vault(db)
    (path,) = key_files(tmp_path)
    path.write_bytes(os.urandom(32))
    with pytest.raises(AgentDeskError, match="belongs to this database"):
        await open_vault(db)
    path.write_bytes(b"short")
    with pytest.raises(AgentDeskError, match="damaged"):
        await open_vault(db)


async def test_a_place_that_cannot_be_used_is_told(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTDESK_KEY_FILE", str(tmp_path / "file" / "key"))
    with pytest.raises(AgentDeskError, match="cannot be used"):
        await open_vault(db)


async def test_several_first_starts_agree_on_one_key(migrated_url: str, tmp_path: Path) -> None:
    programs = [Database(migrated_url) for _ in range(4)]
    try:
        vaults = await asyncio.gather(*(open_vault(program) for program in programs))
    finally:
        for program in programs:
            await program.close()
    sealed = vaults[0].seal("secret", "a password")
    assert [vault.open(sealed, "a password") for vault in vaults] == ["secret"] * 4
