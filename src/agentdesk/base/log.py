"""Logging: structured lines on standard error. Never a message body, never a secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any

_SECRET_WORDS = ("password", "secret", "token", "authorization", "api_key")


class Logger:
    """The logger of one module. Its library is imported with the first line that is written: the window must
    be there before."""

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: object) -> None:
        """Write what helps to find a fault."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write what an operator may want to know."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write what somebody should look at."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write a failure; ``exc_info`` adds its trace."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if logging.getLogger(self._name).isEnabledFor(_LEVELS[level]):
            getattr(_structured(self._name), level)(event, **fields)


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_TALKATIVE = ("alembic", "asyncio")
"""Libraries whose steps nobody needs to know."""
_OURS = ("agentdesk", "agentdesk_connectors")
_settings: dict[str, Any] = {"as_json": False}


class _Lines(logging.Formatter):
    """Keeps what strangers wrote from forging lines or colouring the terminal: also in what libraries say
    and in the story of a failure, whose lines are indented. The first line of ours may have colours."""

    def format(self, record: logging.LogRecord) -> str:
        first, *more = super().format(record).split("\n")
        if record.name.partition(".")[0] not in _OURS:
            first = _printable(first)
        return "\n".join([first, *(f"  {_printable(line)}" for line in more)])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def get_logger(name: str) -> Logger:
    """Return the logger of a module."""
    return Logger(name)


def configure(level: str = "INFO", *, as_json: bool = False) -> None:
    """Send log lines of ``level`` and above to standard error, as text or as one JSON object per line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    _settings["as_json"] = as_json
    _structured.cache_clear()
    _set_up.cache_clear()


@cache
def _structured(name: str) -> Any:
    _set_up()
    import structlog

    return structlog.stdlib.get_logger(name)


@cache
def _set_up() -> None:
    import structlog

    plain = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide_secrets,
            _one_line,
            *(
                [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
                if _settings["as_json"]
                else [plain]
            ),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "***"
    return event


def _one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep what strangers wrote from forging lines or colouring the terminal."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _printable(value[:2000])
    return event
