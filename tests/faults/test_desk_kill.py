"""kill -9 of the desk at any instant: no reply missing, none doubled, what was typed is there."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, customer_address, first_lines, write
from tests.helpers.dovecot import Mailbox
from tests.helpers.faults import FULL
from tests.helpers.postgres import run_aside
from tests.helpers.processes import KILL, spawn, stop
from tests.helpers.until import until_sync

from agentdesk.desktop.settings import DeskSettings
from agentdesk.sync.sign_in import sign_in

KILLS = 100 if FULL else 3
LETTERS_PER_KILL = 2


class Journal:
    """What the agent at the desk wrote down, over all its lives."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def steps(self) -> list[tuple[str, str, str]]:
        """Step, conversation, text; a line that the kill cut off is none."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        return [tuple(json.loads(line)) for line in lines if line.endswith("]")]

    def count(self, step: str) -> int:
        """How often a step was reached."""
        return sum(1 for one, _, _ in self.steps() if one == step)


def test_killing_the_desk_loses_and_doubles_nothing(
    new_company: NewCompany, sqlite_url: str, tmp_path: Path, mailbox: Mailbox, new_mailbox: NewMailbox
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}, {KILLS} kills")
    customer = new_mailbox()
    company = new_company(sqlite_url)
    company.start()
    profile, journal = tmp_path / "desk", Journal(tmp_path / "journal")
    _join(company, profile)
    lives: Counter[str] = Counter()
    for life in range(KILLS + 1):
        for number in range(LETTERS_PER_KILL):
            write(mailbox, customer_address(customer, life * LETTERS_PER_KILL + number), "A question")
        before = len(journal.steps())
        command = [sys.executable, "-m", "tests.helpers.desk_agent", profile, journal.path]
        desk = spawn(command, tmp_path / "desk.log")
        try:
            if life == KILLS:
                _let_finish(company, (KILLS + 1) * LETTERS_PER_KILL)
                break
            _wait_for_an_instant(dice, desk, journal)
            assert desk.poll() is None, (tmp_path / "desk.log").read_text()
        finally:
            stop(desk, KILL)
        steps = journal.steps()
        lives[steps[-1][0] if len(steps) > before else "idle"] += 1
    print(f"killed after: {dict(lives)}")
    _check(company, customer, journal)
    assert "Traceback" not in (tmp_path / "desk.log").read_text()
    assert company.stop() == 0


def _wait_for_an_instant(dice: random.Random, desk: subprocess.Popen[bytes], journal: Journal) -> None:
    """Any moment of a start, of the work, or of the short while in which a reply is handed over."""
    step, longest = dice.choice((("", 4.0), ("opened", 4.0), ("drafted", 0.6), ("drafted", 0.6)))
    if step:
        before = journal.count(step)
        until_sync(
            lambda: journal.count(step) > before or desk.poll() is not None, 90, what=f"a reply is {step}"
        )
    time.sleep(dice.uniform(0.0, longest))


def _join(company: Company, profile: Path) -> None:
    """Make a profile that is signed in and sends at once, without the time to undo."""
    profile.mkdir()
    settings = DeskSettings(mode="team", server=company.address, undo_seconds=0)
    (profile / "settings.json").write_bytes(msgspec.json.encode(settings))
    (profile / "session").write_text(run_aside(sign_in(company.address, "ana@desk.test", "correct horse")))


def _let_finish(company: Company, letters: int) -> None:
    """The last life: until everybody has an answer that went out."""

    def all_answered() -> bool:
        rows = company.conversations()
        if len(rows) < letters:
            return False
        answers = [_answers(company, row["id"]) for row in rows]
        return all(found and {m["delivery"] for m in found} == {"sent"} for found in answers)

    until_sync(all_answered, 120 + 3 * letters, what="all letters answered")


def _answers(company: Company, conversation_id: str) -> list[dict[str, Any]]:
    messages = company.conversation(conversation_id)["messages"]
    return [message for message in messages if message["direction"] == "out"]


def _check(company: Company, customer: Mailbox, journal: Journal) -> None:
    rows = company.conversations()
    texts = {row["id"]: [m["text"] for m in _answers(company, row["id"])] for row in rows}
    assert {len(found) for found in texts.values()} == {1}, "a conversation has two answers"
    arrived = first_lines(customer)
    assert arrived == Counter(found[0].splitlines()[0] for found in texts.values()), "mails differ"
    by_conversation: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for step, conversation_id, text in journal.steps():
        by_conversation[conversation_id].append((step, text))
    drafts_kept = 0
    for conversation_id, steps in by_conversation.items():
        drafts_kept += _check_drafts(steps)
        for step, text in steps:
            assert step != "sent" or [text] == texts[conversation_id], "another text went out than was sent"
    print(f"{len(rows)} letters, {arrived.total()} replies arrived, {drafts_kept} drafts found after a kill")


def _check_drafts(steps: list[tuple[str, str]]) -> int:
    """What was safe as a draft stands there when its conversation is opened again; returns how often."""
    safe, found = "", 0
    for step, text in steps:
        if step == "opened" and safe:
            assert text.startswith(safe), "a draft is missing"
            found += 1
        elif step == "drafted":
            safe = text
        elif step == "sent":
            safe = ""
    return found
