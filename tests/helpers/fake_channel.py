"""The fixture that installs the fake channel, as if a package had brought it."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from agentdesk.sdk import discover
from tests.helpers import fake_connector


class _Point:
    name = "fake"

    def load(self) -> ModuleType:
        return fake_connector


@pytest.fixture
def fake_channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Offer the channel ``fake`` beside the installed ones."""
    real = discover.entry_points

    def points(**selection: Any) -> Any:
        return [_Point()] if selection.get("name") == "fake" else real(**selection)

    monkeypatch.setattr(discover, "entry_points", points)
    discover.connector.cache_clear()
    yield
    discover.connector.cache_clear()
    fake_connector.SERVICES.clear()
