"""Every pattern of the reading modules takes linear time (S74): texts of 50 kB, made of each of the characters
that the pattern speaks of, cost it next to nothing.

A module's patterns run over all their texts in a process with a limit on its processor time that linear patterns
stay far below, and that a single quadratic one breaks.
"""

from __future__ import annotations

import importlib
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = (
    "addresses automation bodies bounce_reasons bounce_text bounces charsets headers html_clean html_quotes html_tags "
    "html_tame html_text mime names quote_words quotes words"
)
LENGTH = 50_000
SECONDS = 30
ROOT = Path(__file__).parents[3]

TRY = """
import resource, sys
from tests.connectors.email.test_patterns import SECONDS, patterns, probes
resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
for name, regex in patterns(sys.argv[1]).items():
    for probe in probes(regex):
        print(name, repr(probe[:12]), flush=True)
        for _ in regex.finditer(probe):
            pass
"""

Pattern = re.Pattern[str] | re.Pattern[bytes]


def patterns(name: str) -> dict[str, Pattern]:
    """All patterns of a module, by the names that they have there."""
    module = importlib.import_module(f"agentdesk_connectors.email.{name}")
    found: dict[str, Pattern] = {}
    for key, value in vars(module).items():
        if isinstance(value, re.Pattern):
            found[key] = value
        elif isinstance(value, dict) and not key.startswith("__"):
            found |= {f"{key}.{k}": v for k, v in value.items() if isinstance(v, re.Pattern)}
    return found


def probes(regex: Pattern) -> list[str] | list[bytes]:
    """Texts made of the characters of the pattern: alone, and after a letter or a space."""
    source = regex.pattern if isinstance(regex.pattern, str) else regex.pattern.decode("latin-1")
    characters = sorted({*(c for c in source if c in string.punctuation), "a", "0", " ", "\n", "é"})
    words = sorted(set(re.findall(r"[a-z]{3,12}", source)))[:3]
    pieces = [*characters, *words, *(f"a{c}" for c in characters), *(f" {c}" for c in characters)]
    texts = [(piece * (LENGTH // len(piece) + 1))[:LENGTH] + "\x01" for piece in pieces]
    return texts if isinstance(regex.pattern, str) else [text.encode("latin-1") for text in texts]


def test_there_are_patterns_to_try() -> None:
    assert sum(len(patterns(name)) for name in MODULES.split()) > 80


@pytest.mark.parametrize("name", MODULES.split())
def test_patterns_take_linear_time(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY, name], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} {done.stderr[-500:]}"
