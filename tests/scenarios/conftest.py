"""Desk programs, which end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.desk_process import DeskProcess, Start


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[DeskProcess] = []

    def begin(profile: Path, *arguments: str, **env: str) -> DeskProcess:
        started.append(DeskProcess(profile, *arguments, **env))
        return started[-1]

    yield begin
    for desk in started:
        desk.kill()
