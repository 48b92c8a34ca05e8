"""Modules that are imported when they are first used."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentdesk.base.lazy import lazy_module


def test_a_module_is_imported_with_its_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seldom_used.py").write_text("answer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = lazy_module("seldom_used")
    assert "seldom_used" not in sys.modules
    assert module.answer == 42
    assert "seldom_used" in sys.modules


def test_threads_that_use_it_at_once_all_see_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_come.py").write_text("import time\ntime.sleep(0.2)\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = lazy_module("slow_to_come")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: module.answer, range(8)))
    assert found == [42] * 8


def test_a_module_that_does_not_exist_is_missed_at_once() -> None:
    with pytest.raises(ModuleNotFoundError):
        lazy_module("no_such_module_anywhere")
