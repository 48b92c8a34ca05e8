"""The project's own corpus of mails that break programs: each becomes a readable message, as expected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.connectors.email.corpus import bombs, fields, files, machines, pages, people, texts
from tests.connectors.email.corpus.case import Case, failures, seen

from agentdesk_connectors.email.wire import interpret

QUIET = [*fields.CASES, *people.CASES, *texts.CASES, *files.CASES, *pages.CASES, *machines.CASES]
ROOT = Path(__file__).parents[3]

READER = """
import json, resource, sys
from agentdesk_connectors.email import html_clean, wire
from tests.connectors.email.corpus.case import seen
raw = sys.stdin.buffer.read()
wire.interpret(b"From: a@b.example\\nContent-Type: text/html\\n\\n<p>warm</p>", {})
used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 3, int(used) + 3))  # a little more than two seconds left
resource.setrlimit(resource.RLIMIT_AS, (600 * 1024 * 1024,) * 2)
found = seen(wire.interpret(raw, {}))
found["contents"] = None
json.dump(found, sys.stdout)
"""


def test_the_corpus_is_large_and_its_names_differ() -> None:
    names = [case.name for case in [*QUIET, *bombs.CASES]]
    assert len(names) >= 150
    assert len(names) == len(set(names))


@pytest.mark.timeout(10)
@pytest.mark.parametrize("case", QUIET, ids=lambda case: case.name)
def test_a_broken_mail_becomes_a_readable_message(case: Case) -> None:
    assert failures(seen(interpret(case.build(), {})), case.expect) == []


@pytest.mark.parametrize("case", bombs.CASES, ids=lambda case: case.name)
def test_a_bomb_becomes_a_readable_message_within_limits(case: Case) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READER], input=case.build(), capture_output=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    assert failures(json.loads(done.stdout), case.expect) == []


@pytest.mark.parametrize("case", QUIET, ids=lambda case: case.name)
def test_texts_can_be_stored_anywhere(case: Case) -> None:
    for value in seen(interpret(case.build(), {})).values():
        if isinstance(value, str):
            assert "\0" not in value
            value.encode("utf-8")
