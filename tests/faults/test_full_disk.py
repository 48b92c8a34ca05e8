"""A disk without room: one clear sentence, a server that stays up, and everything is there in the end."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import NewCompany
from tests.helpers.company import Company, write
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import PostgresServer
from tests.helpers.small_disk import SmallDisk, small_disk
from tests.helpers.until import until_sync

LETTERS = 12
TEXT = "Where is my parcel? " * 5_000
SENTENCE = "There is no room left on the database's disk."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk for the database only."""
    folder = Path(tempfile.mkdtemp(prefix="agentdesk-disk-"))  # where PostgreSQL's own user comes to
    folder.chmod(0o755)
    try:
        with small_disk(folder / "disk", megabytes=64) as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url_on_disk(request: pytest.FixtureRequest, disk: SmallDisk) -> Iterator[str]:
    """An empty database on the small disk."""
    if request.param == "sqlite":
        yield f"sqlite:///{disk.folder / 'agentdesk.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    room = disk.folder / "tables"
    room.mkdir()
    shutil.chown(room, "postgres")
    server.execute(f"CREATE TABLESPACE small_disk LOCATION '{room}'")
    name = server.create_database()
    try:
        server.execute(f"ALTER DATABASE {name} SET TABLESPACE small_disk")
        yield server.url(name)
    finally:
        server.drop_database(name)
        server.execute("DROP TABLESPACE small_disk")


def test_a_full_disk_is_told_and_heals(
    new_company: NewCompany, url_on_disk: str, disk: SmallDisk, mailbox: Mailbox
) -> None:
    company = new_company(url_on_disk)
    company.start()
    write(mailbox, "before@customer.test", "Before")
    (row,) = company.wait_for_conversations(1)
    disk.fill()
    for number in range(LETTERS):
        write(mailbox, f"customer{number}@customer.test", f"Letter {number:02}", TEXT)
    problem = refusal(company, row["id"])
    assert (problem["status"], problem["message"]) == (503, SENTENCE)
    until_sync(lambda: SENTENCE in company.output(), 60, what="the sentence in the log")
    assert len(company.conversations()) < LETTERS + 1  # it still answers, and does not have them all
    disk.make_room()
    rows = company.wait_for_conversations(LETTERS + 1, 90)
    assert sorted(row["subject"] for row in rows) == ["Before", *(f"Letter {n:02}" for n in range(LETTERS))]
    reply = company.reply(row["id"], "An answer.")
    company.wait_for_delivery(row["id"], reply["id"], "sent", 60)
    said = company.output()
    assert "Traceback" not in said
    assert said.count(SENTENCE) < 20, said
    assert company.stop() == 0


def refusal(company: Company, conversation_id: str) -> dict[str, Any]:
    """Add notes until one is refused, and return what is said then."""

    def refused() -> dict[str, Any] | None:
        try:
            note = {"type": "note", "text": TEXT}
            company.api("POST", f"/conversations/{conversation_id}/messages", note)
        except urllib.error.HTTPError as error:
            with error:
                return {**json.loads(error.read()), "status": error.code}
        return None

    return until_sync(refused, 60, what="a note that is refused")
