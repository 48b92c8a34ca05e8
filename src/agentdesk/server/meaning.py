"""What an item turns out to mean, or why nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.inbound import Inbound


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Input that could not be interpreted; ``reason`` is a catalogue text. ``bug`` tells of an error in the
    connector, for the log."""

    reason: str
    bug: str = ""


Interpretation = Inbound | Unreadable
Interpret = Callable[[bytes, Mapping[str, object]], Inbound]


def interpret_one(interpret: Interpret, raw: bytes, facts: Mapping[str, object]) -> Interpretation:
    """Return what ``raw`` means, or why nobody can tell. Never raises: the next message must not suffer."""
    try:
        return interpret(raw, facts)
    except AgentDeskError as error:
        return Unreadable(error.message.text)
    except MemoryError:
        return Unreadable("It needs too much memory.")
    except Exception as error:  # noqa: BLE001 - the top of the loop over messages; a connector may be anybody's
        return Unreadable("The connector failed to read it.", f"{type(error).__name__}: {error}"[:300])
