"""What connectors say of themselves is true: every rule is declared, and what proves it exists."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentdesk.sdk.testing.conformance import ABILITIES, rules

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [*(ROOT / "connectors").glob("*/*/quality.toml"), *(ROOT / "tests/plaza").glob("*/quality.toml")]
)


def _name(path: Path) -> str:
    return path.parent.name


def _names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def _assigned(path: Path, name: str) -> set[Any]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    }


def test_every_connector_declares_itself() -> None:
    rooms = {path.parent for path in (ROOT / "connectors").glob("*/*/connector.py")}
    assert rooms <= {path.parent for path in FILES}
    assert len(FILES) >= 3


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_what_is_declared_is_true(path: Path) -> None:
    quality = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(quality) == {"connector", "suite", "abilities", "conformance", "rules"}
    assert tuple(quality["conformance"]) == rules(), "each rule of the suite once, in its order"
    for rule, declared in quality["conformance"].items():
        exempt = isinstance(declared, Mapping) and set(declared) == {"exempt"} and len(declared["exempt"]) > 9
        assert declared == "done" or exempt, rule
        for named in (declared["exempt"].partition("rule")[2] if exempt else "").replace(",", " ").split():
            assert "-" not in named or named in quality["rules"], f"{rule} names {named}"
    assert set(quality["abilities"]) <= {*ABILITIES, "Hosted"}
    assert quality["abilities"] == sorted(quality["abilities"])


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_what_proves_it_exists(path: Path) -> None:
    quality = tomllib.loads(path.read_text(encoding="utf-8"))
    suite = ROOT / quality["suite"]
    package = ".".join(path.parent.relative_to(path.parents[1]).parts)
    packages = _assigned(suite, "package")
    assert {one.rpartition(".")[2] for one in packages} == {package}, "the suite is run for this connector"
    for rule, proof in quality["rules"].items():
        file, _, test = proof.partition("::")
        assert test.startswith("test_"), rule
        assert test in _names_in(ROOT / file), f"{rule}: {proof} is not there"
