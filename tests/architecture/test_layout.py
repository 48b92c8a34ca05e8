"""The shape of the repository: what lies at the top, how long files and functions are."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FOLDERS = {
    *(".ci", ".github", "benchmarks", "connectors", "docs", "i18n", "installer", "resources"),
    *("scripts", "src", "tests"),
}
FILES = {
    *(".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("pyproject.toml", "uv.lock"),
}

MIGRATIONS = Path("src/agentdesk/store/migrations/versions")  # written once, long where a schema is large

FILE_LINES = 400
TEST_FILE_LINES = 600  # a list of cases reads well at a greater length
FUNCTION_LINES = 50

# What is longer than allowed, and how long it may be at most. Numbers only get smaller, entries only fewer.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {
    "tests/helpers/sample_mail.py::_ana": 55,
    "tests/screens/widgets.py::controls": 77,
}


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()]


def _sources() -> list[Path]:
    return [path for path in _tracked() if path.suffix == ".py"]


def test_the_top_level_holds_what_it_should() -> None:
    tops = {path.parts[0] for path in _tracked()}
    assert tops <= FOLDERS | FILES, f"move or remove: {sorted(tops - FOLDERS - FILES)}"
    assert tops >= FILES - {"README.md"}


def test_files_stay_short() -> None:
    sources = [path for path in _sources() if path.parent != MIGRATIONS]
    lengths = {path.as_posix(): len((ROOT / path).read_text().splitlines()) for path in sources}
    long = {name: length for name, length in lengths.items() if length > _longest(name)}
    _compare(long, LONG_FILES, "LONG_FILES")


def test_functions_stay_short() -> None:
    long: dict[str, int] = {}
    for path in _sources():
        if path.parent == MIGRATIONS:
            continue
        for name, length in _functions((ROOT / path).read_text()):
            if length > FUNCTION_LINES:
                long[f"{path.as_posix()}::{name}"] = length
    _compare(long, LONG_FUNCTIONS, "LONG_FUNCTIONS")


def _longest(name: str) -> int:
    return TEST_FILE_LINES if name.startswith("tests/") else FILE_LINES


def _compare(found: dict[str, int], allowed: dict[str, int], name: str) -> None:
    grown = {key: length for key, length in found.items() if length > allowed.get(key, 0)}
    assert not grown, f"too long, split them: {grown}"
    done = allowed.keys() - found.keys()
    assert not done, f"short enough by now, take them out of {name}: {sorted(done)}"


def _functions(source: str) -> list[tuple[str, int]]:
    """Return the qualified name and the number of lines of each function, its docstring not counted."""
    found: list[tuple[str, int]] = []

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append((f"{prefix}{child.name}", _length(child)))
                walk(child, f"{prefix}{child.name}.")
            else:
                walk(child, prefix)

    walk(ast.parse(source), "")
    return found


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    length = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        length -= first.end_lineno - first.lineno + 1
    return length


def test_the_measure_of_functions() -> None:
    source = (
        'class A:\n    def b(self):\n        """Says\n        much."""\n        def c():\n            pass\n'
    )
    assert _functions(source) == [("A.b", 3), ("A.b.c", 2)]


@pytest.mark.parametrize("folder", ["src", "connectors", "tests", "benchmarks"])
def test_modules_defer_annotations(folder: str) -> None:
    missing = [
        path.as_posix()
        for path in _sources()
        if path.parts[0] == folder and not _defers_annotations((ROOT / path).read_text())
    ]
    assert not missing, f"these lack 'from __future__ import annotations': {missing}"


def _defers_annotations(source: str) -> bool:
    statements = [node for node in ast.parse(source).body if not isinstance(node, ast.Expr)]
    if not statements:
        return True
    first = statements[0]
    return isinstance(first, ast.ImportFrom) and first.module == "__future__"


def test_nothing_is_left_for_later() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "X" * 3)
    found = [
        f"{path}:{number}"
        for path in _sources()
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if any(word in line for word in words)
    ]
    assert not found
