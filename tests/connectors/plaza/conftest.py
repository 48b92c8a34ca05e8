"""Plaza's connector, installed as anybody's package is: built, unpacked on the path, found by entry point."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from tests.connectors.plaza.stage import PlazaStage
from tests.helpers.fake_channel import fake_channel as fake_channel

from agentdesk.sdk import discover

SOURCE = Path(__file__).parents[2] / "plaza"
PACKAGE = "agentdesk_plaza"


@pytest.fixture(scope="package")
def plaza_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built package, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("plaza")
    (wheel,) = WheelBuilder(str(SOURCE)).build(directory=str(folder / "dist"), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(autouse=True)
def plaza_installed(plaza_site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package is on the path, and nothing else was done."""
    monkeypatch.syspath_prepend(str(plaza_site))
    monkeypatch.setenv("PYTHONPATH", str(plaza_site))  # for the process that interprets
    discover.connector.cache_clear()
    yield
    discover.connector.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
async def stage(plaza_installed: None) -> AsyncIterator[PlazaStage]:
    """Plaza with an account of ours, and nobody else yet."""
    async with PlazaStage.served() as served:
        yield served
