"""The errors that a connector raises; the core waits, asks, or tells, each in one place."""

from __future__ import annotations

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg

__all__ = ["AuthFailed", "ConnectorError", "RateLimited", "Rejected", "Uncertain", "Unreachable"]


class ConnectorError(AgentDeskError):
    """Base of the classes below: four that the core knows what to do about, and one that leaves doubt."""


class Unreachable(ConnectorError):
    """The service cannot be reached or answers nonsense: try again later."""


class AuthFailed(ConnectorError):
    """The service knows us no longer: a person must sign in again."""


class RateLimited(ConnectorError):
    """The service asks for patience; ``retry_after`` in seconds."""

    def __init__(self, message: Msg, retry_after: float, hint: Msg | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class Rejected(ConnectorError):
    """The service refuses this message or request for good; ``answer`` holds its words."""

    def __init__(self, message: Msg, answer: str = "", hint: Msg | None = None) -> None:
        super().__init__(message, hint)
        self.answer = answer


class Uncertain(ConnectorError):
    """The connection broke after the message had left: it may have arrived. Never repeat, look it up."""
