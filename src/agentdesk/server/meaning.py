"""What an item turns out to mean, or why nobody can tell."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
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
        return Unreadable(str(error.message))
    except MemoryError:
        return Unreadable(msg("It needs too much memory.").text)
    except Exception as error:  # noqa: BLE001 - the top of the loop over messages; a connector may be anybody's
        return Unreadable(msg("The connector failed to read it.").text, _where(error))


def _where(error: Exception) -> str:
    """Which error it was and where; not its words, in which a customer's may be."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {place}"
