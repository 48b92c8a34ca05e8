"""What an account's connector object gets from the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from agentdesk.base.text import Msg
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk.sdk.limiter import Limiters
from agentdesk.sdk.pages import Pages

__all__ = ["AccountContext", "CheckStep", "Secrets", "Sink"]


class Secrets(Protocol):
    """The account's secrets, opened on demand."""

    def get(self, name: str) -> str | None:
        """Return the secret ``name``, or None where it was never given."""
        ...

    async def set(self, name: str, value: str) -> None:
        """Keep a new value (a refreshed token) for this and later runs."""
        ...


class Sink(Protocol):
    """Where a receiving account puts what arrives."""

    async def accept(self, items: Sequence[RawItem], cursor: Cursor | None) -> None:
        """Store ``items`` and ``cursor`` in one transaction; when this returns, they are safe. None leaves
        the cursor where it is.

        Items that were stored before are passed over. Raises AgentDeskError where the database is gone or
        full: keep the old cursor and try again later.
        """
        ...

    async def known(self, source_ids: Sequence[str]) -> set[str]:
        """Return those of ``source_ids`` that are stored already."""
        ...

    async def progress(self, done: int, total: int | None) -> None:
        """Tell how far a long first reading has come (messages)."""
        ...

    async def caught_up(self) -> None:
        """Tell that everything there was at this moment has been handed over."""
        ...

    async def connected(self) -> None:
        """Tell that the service can be reached (again)."""
        ...


@dataclass(frozen=True, slots=True)
class AccountContext:
    """One account of a channel: its id, its own settings (dotted keys) and its secrets.

    ``must_be_ours`` raises where another server may have taken the account over, without waiting for anything
    and in any thread. Call it right before each step that cannot be taken back, and let the error pass.
    ``pages`` leads to the server's own pages; None where the account is only looked at. ``limiters`` are
    shared by all accounts of this process.
    """

    account_id: UUID
    name: str
    settings: Mapping[str, object]
    secrets: Secrets
    must_be_ours: Callable[[], None] = lambda: None
    pages: Pages | None = None
    limiters: Limiters = field(default_factory=Limiters)


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of testing an account: reach, sign in, read, write. ``remedy`` says what to change."""

    title: Msg
    ok: bool
    found: Msg
    remedy: Msg | None = None
