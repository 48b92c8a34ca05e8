"""What an older AgentDesk left unencrypted becomes encrypted: every row of it, killed wherever it may be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Envelope
from agentdesk.sync import sealing
from agentdesk.sync.desk import Draft
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.outbox import OutboxFile
from agentdesk.sync.sealing import take_over
from tests.helpers.desk_keys import files_with, keys
from tests.helpers.faults import FULL

SECRET = "Käsekuchen"
ROOT = Path(__file__).parents[2]
CONVERSATION = new_id()


def _note(number: int) -> Envelope:
    command = AddNote(message_id=new_id(), conversation_id=CONVERSATION, text=f"{SECRET} note {number}")
    return Envelope(id=new_id(), command=command, issued_at=clock.now())


async def _old_profile(profile: Path) -> list[str]:
    """Make a profile as an older program leaves it when it is killed; returns what it promised to keep."""
    profile.mkdir()
    outbox = OutboxFile(profile / "outbox.sqlite")
    outbox.open()
    outbox.set_about("user_id", "ada")
    sent = [outbox.add(_note(number), None) for number in range(3)]
    outbox.confirm([sent[0].id])
    outbox.add(_note(3), clock.seconds_from_now(60))
    outbox.add(_note(4), None)
    outbox.take_back(outbox.add(_note(5), clock.seconds_from_now(60)).id, "held")
    outbox.drafts.save(Draft(conversation_id=CONVERSATION, mode="reply", text=f"{SECRET} draft"))
    promised = _content(outbox)
    shutil.copytree(profile, profile.with_name("killed"))  # with what lies in the log beside the file
    outbox.close()
    shutil.rmtree(profile)
    profile.with_name("killed").rename(profile)
    assert (profile / "outbox.sqlite-wal").stat().st_size > 0
    await DeskFiles(profile / "files").take_bytes("a.txt", "text/plain", f"{SECRET} file".encode())
    (profile / "files" / "incoming-x").write_text(f"{SECRET} half a file")
    for name in ("replica.sqlite", "replica.sqlite-wal", "screen"):
        (profile / name).write_text(f"SQLite format 3\0 {SECRET} {name}")
    return promised


def _content(outbox: OutboxFile) -> list[str]:
    rows = outbox.all("SELECT * FROM command ORDER BY seq") + outbox.all("SELECT * FROM draft")
    names = outbox.all("SELECT * FROM about ORDER BY name") + outbox.all("SELECT * FROM sqlite_sequence")
    return [repr(row) for row in rows + names]


def _kept(folder: Path) -> list[str]:
    outbox = OutboxFile(folder / "outbox.sqlite", keys().outbox)
    outbox.open()
    found = _content(outbox)
    outbox.close()
    return found


async def _check(profile: Path, promised: list[str]) -> None:
    assert _kept(profile / "desk") == promised
    files = DeskFiles(profile / "desk" / "files", keys().files)
    blob = (await files.take_bytes("again", "text/plain", f"{SECRET} file".encode())).blob
    assert await files.read(blob) == f"{SECRET} file".encode()
    assert files_with(profile, SECRET, "sekuchen", "SQLite format", blob) == {}
    assert [path.name for path in profile.iterdir()] == ["desk"]


async def test_all_of_it_is_there_and_nothing_readable_is_left(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    promised = await _old_profile(profile)
    assert files_with(profile, SECRET)
    take_over(profile, profile / "desk", keys())
    await _check(profile, promised)
    take_over(profile, profile / "desk", keys())
    await _check(profile, promised)


_DIE = """
import os, sys
from pathlib import Path
from agentdesk.sync import desk_files, sealing
from agentdesk.store import sqlite_file
from tests.helpers.desk_keys import keys

profile, left = Path(sys.argv[1]), int(sys.argv[2])
ours = {module.__file__ for module in (desk_files, sealing, sqlite_file)}
sealing_keys = keys()
sealing_keys.files, sealing_keys.outbox

def line(frame, event, argument):
    global left
    if event == "line":
        left -= 1
        if left == 0:
            os._exit(9)
    return line

sys.settrace(lambda frame, event, argument: line if frame.f_code.co_filename in ours else None)
sealing.take_over(profile, profile / "desk", sealing_keys)
sys.settrace(None)
"""


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_a_kill_at_each_line_loses_nothing(tmp_path: Path) -> None:
    promised = await _old_profile(tmp_path / "old")
    step = 1 if FULL else 12
    kills = 0
    for number in range(1, 5000, step):
        profile = tmp_path / "profile"
        shutil.copytree(tmp_path / "old", profile)
        arguments = [sys.executable, "-c", _DIE, str(profile), str(number)]
        died = subprocess.run(arguments, cwd=ROOT, check=False, timeout=60).returncode == 9
        take_over(profile, profile / "desk", keys())
        await _check(profile, promised)
        shutil.rmtree(profile)
        if not died:
            break
        kills += 1
    assert kills > 5
    print(f"killed at {kills} lines")


async def test_what_an_older_program_typed_meanwhile_stays(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    promised = await _old_profile(profile)
    take_over(profile, profile / "desk", keys())
    again = OutboxFile(profile / "outbox.sqlite")
    again.open()
    again.add(_note(9), None)
    again.close()
    take_over(profile, profile / "desk", keys())
    assert _kept(profile / "desk") == promised
    assert sealing.is_plain(profile / "outbox.sqlite")
