"""The abilities that an account can have; one protocol each. Ask with ``isinstance``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from types import ModuleType
from typing import Protocol, runtime_checkable
from uuid import UUID

from agentdesk.sdk.context import AccountContext, CheckStep, Sink
from agentdesk.sdk.inbound import Cursor, Inbound
from agentdesk.sdk.manifest import Manifest
from agentdesk.sdk.outbound import Outbound, Receipt, Reconciliation


@runtime_checkable
class Account(Protocol):
    """What every account can do."""

    async def close(self) -> None:
        """Let go of connections and threads. Called once, also after a failure."""
        ...


@runtime_checkable
class Receives(Protocol):
    """Takes input from the channel."""

    async def receive(self, cursor: Cursor | None, sink: Sink) -> None:
        """Hand everything after ``cursor`` to ``sink`` and go on until cancelled.

        Returns only by raising: Unreachable, AuthFailed or RateLimited; the core calls again after a pause,
        with the newest stored cursor. None as cursor means: never read before, obey the history setting.
        """
        ...


@runtime_checkable
class Sends(Protocol):
    """Puts messages on the channel."""

    def key_for(self, message_id: UUID, thread_token: str) -> str:
        """Return the idempotency key of a message: the same for the same arguments, for ever."""
        ...

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected where the channel would refuse ``message`` (size, recipients). No I/O."""
        ...

    async def send(self, message: Outbound) -> Receipt:
        """Send once. Raises Unreachable or RateLimited (surely not sent), Rejected (refused for good),
        AuthFailed, or Uncertain (may have been sent)."""
        ...


@runtime_checkable
class Reconciles(Protocol):
    """Can look up whether a message had gone out."""

    settle_seconds: float
    """How long after an attempt "not found" may still be wrong."""

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        """Look for ``key`` among what was sent since ``since`` (UTC). Raises Unreachable, AuthFailed."""
        ...


@runtime_checkable
class Checks(Protocol):
    """Can test its settings without touching a customer."""

    def check(self) -> AsyncIterator[CheckStep]:
        """Yield each step as it is done; the first failed step is the last one."""
        ...


@runtime_checkable
class Authorises(Protocol):
    """Can let a person sign in at the provider's own page."""

    async def authorise(self, show: Callable[[str], Awaitable[None]]) -> None:
        """Wait for the sign-in and keep what it brings among the secrets.

        ``show`` gets the page's address and opens it in a browser on this computer. Raises AuthFailed where
        the person declines or does not come, Unreachable, RateLimited, and Invalid for an account that signs
        in with a password.
        """
        ...


class ConnectorModule(Protocol):
    """What the module behind an entry point offers."""

    manifest: Manifest

    def create(self, context: AccountContext) -> Account:
        """Return the object for one account. No I/O."""
        ...

    def interpret(self, raw: bytes, facts: Mapping[str, object]) -> Inbound:
        """Return what ``raw`` means. Pure; raises AgentDeskError where it cannot be read."""
        ...


def is_connector(module: ModuleType) -> bool:
    """Say whether ``module`` offers what a connector must."""
    return all(hasattr(module, name) for name in ("manifest", "create", "interpret"))
