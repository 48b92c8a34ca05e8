"""When the service is in trouble."""

from __future__ import annotations

import pytest

from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.protocols import (
    Sends,
    Signals,
)
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.simulator import Fault
from agentdesk.sdk.testing.stage import Said, Stage
from agentdesk.sdk.testing.suite.tools import simulator_of, somebody

__all__ = ["TroubleRules"]


class TroubleRules:
    """What goes wrong is told from what is for good, and nothing is lost by it."""

    @pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.TRUNCATED, Fault.LOST_CALL])
    async def test_outages(self, stage: Stage, fault: Fault) -> None:
        """A service that is out of order is tried again, and nothing is lost by it."""
        external_id = await stage.say(Said())
        account, sink = stage.open(), MemorySink()
        simulator_of(stage).fail(fault)
        with pytest.raises(Unreachable):
            await stage.read(account, sink)
        simulator_of(stage).heal()
        await stage.read(account, sink)
        assert external_id in stage.meaning(sink)

    async def test_slow_answers(self, stage: Stage) -> None:
        """An answer that drips is read to its end."""
        external_id = await stage.say(Said("x" * 200))
        simulator_of(stage).fail(Fault.DRIP)
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        assert stage.meaning(sink)[external_id].text == "x" * 200

    async def test_rate_limit(self, stage: Stage) -> None:
        """Where the service asks for patience it says for how long, and that is seen."""
        account, sink = stage.open(), MemorySink()
        simulator = simulator_of(stage)
        simulator.fail(Fault.TOO_MANY)
        with pytest.raises(RateLimited) as limited:
            await stage.read(account, sink)
        assert 0 < limited.value.retry_after <= simulator.patience + 1
        if isinstance(account, Signals):
            assert any(quota.remaining == 0 for quota in account.signs().quotas)

    async def test_dead_token(self, stage: Stage) -> None:
        """A token that is known no longer asks for a person, in reading, sending and checking."""
        to = await somebody(stage)
        account, sink = stage.open(), MemorySink()
        simulator_of(stage).fail(Fault.DEAD_TOKEN)
        with pytest.raises(AuthFailed) as failed:
            await stage.read(account, sink)
        assert failed.value.hint is not None
        assert isinstance(account, Sends)
        with pytest.raises(AuthFailed):
            await account.send(stage.answer(account, to))
        assert list(stage.stands()) == []

    async def test_lost_scope(self, stage: Stage) -> None:
        """A permission that was taken back asks for a person, and what to do."""
        account, sink = stage.open(), MemorySink()
        simulator_of(stage).fail(Fault.NO_SCOPE)
        with pytest.raises(AuthFailed) as failed:
            await stage.read(account, sink)
        assert failed.value.hint is not None
