"""What strangers wrote stays one line of the log, and colours nobody's terminal."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from agentdesk.base import log

FORGED = "x\r\n2026-01-01 [info ] signed in as root\x1b[31m\u2028\x85 \u202e\x00"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the log writes."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log.configure("INFO")
    yield stream
    root.handlers[:], root.level = before
    log._structured.cache_clear()
    log._set_up.cache_clear()


def _fail() -> None:
    raise ValueError(FORGED)


@pytest.mark.parametrize("name", ["agentdesk.server.test", "a_library"])
def test_nothing_forges_a_line(written: io.StringIO, name: str) -> None:
    logging.getLogger("a_library").error("it said %s", FORGED)
    log.get_logger(name).info("a customer wrote", peer=FORGED, password="correct horse")
    try:
        _fail()
    except ValueError:
        log.get_logger(name).error("it failed", exc_info=True)
        logging.getLogger("a_library").exception("it failed too")
    text = written.getvalue()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "correct horse" not in text
    whole = [line for line in text.splitlines() if not line.startswith("  ")]
    assert len(whole) == 4
    assert not any("signed in as root" in line and "a customer wrote" not in line for line in whole)
    assert text.count("  Traceback") == 2
