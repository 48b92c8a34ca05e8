"""The small world that a newcomer starts first: played without a screen, counted by both sides."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers.program import Programs

_PNG = b"\x89PNG\r\n\x1a\n"


def test_the_demo_plays_without_a_screen_and_its_count_is_right(programs: Programs, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = programs.run("demo", "--headless", "--for", "20", "--out", str(out), timeout=200)
    summary = json.loads((out / "summary.json").read_bytes())
    assert json.loads(printed) == summary
    assert summary["chats_answered"] == 3
    for network in ("mastodon", "bluesky", "x", "facebook", "instagram"):
        assert summary["channels"][network]["answered"] == 2, network
    assert summary["replies_sent"] == summary["replies_seen_by_customer"] > 0
    assert (summary["lost"], summary["duplicated"], summary["misplaced"]) == (0, 0, 0)
    assert summary["messages_in"] >= summary["conversations"] > 0
    assert (out / "desk.png").read_bytes().startswith(_PNG)
