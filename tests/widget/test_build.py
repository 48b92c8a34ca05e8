"""The built file: it is what its source gives, it is small, and it asks nothing of a machine without Node."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

from tests.helpers.processes import need

from agentdesk.base.paths import resource

ROOT = Path(__file__).parents[2]
MOST = 30 * 1024


def test_the_committed_file_is_what_its_source_gives() -> None:
    """With it: the types, and the tests that run in Node."""
    need(shutil.which("npm"), "Node with npm")
    done = subprocess.run(
        ["scripts/widget", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\nrun scripts/widget and commit what it builds"


def test_it_is_small() -> None:
    """With the words of a language, which come with the settings."""
    script = len(gzip.compress(resource("widget/dist/widget.js").read_bytes(), 9))
    told = [len(gzip.compress(file.read_bytes(), 9)) for file in resource("widget/texts").glob("*.json")]
    assert script + max(told) <= MOST


def test_it_loads_nothing_from_elsewhere() -> None:
    """No address but those that XML needs as a name."""
    text = resource("widget/dist/widget.js").read_text()
    assert text.count("://") == text.count("http://www.w3.org/2000/svg") + text.count("https://${")


def test_it_holds_nothing_that_could_make_markup_of_text() -> None:
    text = resource("widget/dist/widget.js").read_text()
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
    ):
        assert way not in text


def test_the_lock_names_no_registry() -> None:
    lock = json.loads(resource("widget/package-lock.json").read_text())
    tools = {name: entry for name, entry in lock["packages"].items() if name}
    assert tools
    assert all("integrity" in entry and "resolved" not in entry for entry in tools.values())
