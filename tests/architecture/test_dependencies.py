"""Every package we depend on has its reason written down, and its licence lets us."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DECISION = ROOT / "docs/decisions/0002-dependencies.md"


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0]


def _required() -> set[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [
        project["project"]["dependencies"],
        project["build-system"]["requires"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return {_name(requirement) for requirements in lists for requirement in requirements}


def _reasons() -> dict[str, str]:
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", DECISION.read_text(), re.MULTILINE)
    return {name: reason.strip() for name, reason in rows}


def test_every_dependency_has_a_reason() -> None:
    reasons = _reasons()
    assert set(reasons) == _required(), "compare pyproject.toml with docs/decisions/0002-dependencies.md"
    assert all(len(reason) > 4 for reason in reasons.values())


def _licence(name: str) -> str:
    about = metadata(name)
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    return " ".join([about.get("License-Expression") or "", about.get("License") or "", *classifiers])


@pytest.mark.parametrize("name", sorted(_required()))
def test_no_dependency_is_under_the_gpl_alone(name: str) -> None:
    licence = _licence(name)
    says_gpl = re.search(r"(?<![LA])GPL|GNU General", licence) is not None
    assert not says_gpl or "LGPL" in licence
