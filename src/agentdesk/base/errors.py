"""Errors that we know and can explain. Anything else is a bug and goes to the report."""

from __future__ import annotations

from agentdesk.base.text import Msg, msg


class AgentDeskError(Exception):
    """A known failure: one sentence on what happened and, where there is one, the remedy."""

    def __init__(self, message: Msg, hint: Msg | None = None) -> None:
        super().__init__(message.text.format_map(_Lenient(message.args)))
        self.message = message
        self.hint = hint


class NotFound(AgentDeskError):
    """The thing spoken of does not exist, or is not visible to the one who asks."""

    def __init__(self, message: Msg | None = None) -> None:
        super().__init__(message or msg("It no longer exists."))


class Invalid(AgentDeskError):
    """What was given cannot be accepted; ``field`` names the input at fault where there is one."""

    def __init__(self, message: Msg, hint: Msg | None = None, field: str | None = None) -> None:
        super().__init__(message, hint)
        self.field = field


class _Lenient(dict[str, object]):
    """Leaves an unknown placeholder as it stands: a message must never fail while telling of a failure."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
