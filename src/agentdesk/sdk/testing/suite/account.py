"""What is known of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agentdesk.sdk.posts import Act
from agentdesk.sdk.protocols import (
    Authorises,
    Checks,
    Deletes,
    Edits,
    Hides,
    Likes,
    Reports,
    Signals,
    Varies,
)
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.simulator import Fault
from agentdesk.sdk.testing.stage import Stage

__all__ = ["AccountRules"]


class AccountRules:
    """What an account can do, and how it fares, is what it says."""

    async def test_abilities(self, stage: Stage) -> None:
        """What the account can do is told for every visibility, and every act it has or has not."""
        account = stage.open()
        assert isinstance(account, Varies)
        abilities = await account.abilities()
        assert {one.visibility for one in abilities.answers} == set(stage.visibilities)
        by_protocol: Mapping[Act, Any] = {
            Act.EDIT: Edits,
            Act.DELETE: Deletes,
            Act.HIDE: Hides,
            Act.LIKE: Likes,
            Act.REPORT: Reports,
        }
        known = {act for act, protocol in by_protocol.items() if isinstance(account, protocol)}
        assert set(abilities.acts) | set(abilities.denied) == known
        assert not set(abilities.acts) & set(abilities.denied)
        msgspec.json.encode(abilities)

    async def test_signs(self, stage: Stage) -> None:
        """The account's health is told: how long its token holds, its permissions and allowances."""
        account = stage.open()
        assert isinstance(account, Signals)
        account.signs()  # before anything is known
        await stage.read(account, MemorySink())
        if isinstance(account, Varies):
            await account.abilities()
        signs = account.signs()
        assert signs.quotas
        assert not signs.missing
        msgspec.json.encode(signs)

    async def test_check(self, stage: Stage) -> None:
        """Trying the settings says what works; the first step that does not is the last, with a remedy."""
        account = stage.open()
        assert isinstance(account, Checks)
        steps = [step async for step in account.check()]
        assert steps
        assert all(step.ok for step in steps), steps
        assert list(stage.stands()) == []
        if stage.simulator is not None:
            stage.simulator.fail(Fault.DEAD_TOKEN)
            steps = [step async for step in account.check()]
            assert not steps[-1].ok
            assert steps[-1].remedy is not None

    async def test_sign_in(self, stage: Stage) -> None:
        """A person signs in on the service's own page; what it brings is kept among the secrets."""
        account = stage.open()
        assert isinstance(account, Authorises)
        await account.authorise(stage.agree)
        assert stage.kept.written
        await stage.read(account, MemorySink())
