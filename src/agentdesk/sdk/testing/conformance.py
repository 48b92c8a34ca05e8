"""The suite that every connector passes. Needs pytest and pytest-asyncio.

A connector's test module has a class that inherits :class:`Conformance`, names its ``package``, and gives a
``stage``. Each test here is a rule of ``quality.toml`` beside the connector: ``done``, or exempt with a
reason, which is what pytest then shows. A rule that is not declared fails.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, ClassVar

import pytest

from agentdesk.sdk import protocols
from agentdesk.sdk.discover import connector
from agentdesk.sdk.manifest import VERSION
from agentdesk.sdk.pages import Hosted
from agentdesk.sdk.protocols import (
    Account,
)
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.stage import Stage
from agentdesk.sdk.testing.suite.account import AccountRules
from agentdesk.sdk.testing.suite.answers import AnswerRules
from agentdesk.sdk.testing.suite.arrival import ArrivalRules
from agentdesk.sdk.testing.suite.trouble import TroubleRules

__all__ = ["ABILITIES", "Conformance", "fulfilled", "quality_of", "rules"]

_NO_ABILITIES = ("Account", "ConnectorModule", "is_connector")
ABILITIES = tuple(name for name in protocols.__all__ if name not in _NO_ABILITIES)
"""The names of the protocols that an account may fulfil; and ``Hosted``, for pages of ours."""


def fulfilled(account: Account) -> set[str]:
    """Return the names of the protocols that an account fulfils."""
    found = {name for name in ABILITIES if isinstance(account, getattr(protocols, name))}
    return found | ({"Hosted"} if isinstance(account, Hosted) else set())


def rules() -> tuple[str, ...]:
    """Return the names of the rules, in the order of the suite."""
    families = (Conformance, ArrivalRules, TroubleRules, AnswerRules, AccountRules)
    names = (name for family in families for name in vars(family))
    return tuple(name.removeprefix("test_") for name in names if name.startswith("test_"))


def quality_of(package: str) -> dict[str, Any]:
    """Return what a connector declares of itself."""
    return tomllib.loads((files(package) / "quality.toml").read_text(encoding="utf-8"))


class Conformance(ArrivalRules, TroubleRules, AnswerRules, AccountRules):
    """What every connector keeps to, tried against its service or a simulator of it."""

    package: ClassVar[str]

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        rule = request.node.originalname.removeprefix("test_")
        if rule in rules():
            declared = quality_of(self.package)["conformance"].get(rule)
            if isinstance(declared, Mapping) and declared.get("exempt"):
                pytest.skip(f"declared: {declared['exempt']}")
            assert declared == "done", f"quality.toml says nothing of {rule}"

    async def test_declared_abilities(self, stage: Stage) -> None:
        """What it can do is what it says it can."""
        assert fulfilled(stage.open()) == set(quality_of(self.package)["abilities"])

    async def test_found(self, stage: Stage) -> None:
        """It is found by its entry point, and was made for this contract."""
        manifest = stage.module.manifest
        assert connector(manifest.key).manifest is manifest
        assert manifest.sdk[0] == VERSION[0]
        manifest.settings.field(manifest.address_setting)

    async def test_quick_end(self, stage: Stage) -> None:
        """It lets go of everything within a second, also while it receives."""
        account, sink = stage.open(), MemorySink()
        await stage.read(account, sink)
        async with asyncio.timeout(1.0):
            await account.close()
