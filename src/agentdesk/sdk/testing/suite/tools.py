"""What the rules of the suite share."""

from __future__ import annotations

from agentdesk.sdk.inbound import Inbound
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.simulator import Simulator
from agentdesk.sdk.testing.stage import Said, Stage

__all__ = ["simulator_of", "somebody"]


def simulator_of(stage: Stage) -> Simulator:
    """Return the simulator, without which a rule cannot be tried."""
    assert stage.simulator is not None, "this rule needs a simulator"
    return stage.simulator


async def somebody(stage: Stage, said: Said | None = None) -> Inbound:
    """Let a customer write, and return what came in."""
    external_id = await stage.say(said or Said())
    sink = MemorySink()
    await stage.read(stage.open(), sink)
    return stage.meaning(sink)[external_id]
