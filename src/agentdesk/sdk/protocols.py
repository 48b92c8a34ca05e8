"""The abilities that an account can have; one protocol each. Ask with ``isinstance``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Protocol, runtime_checkable
from uuid import UUID

from agentdesk.sdk.context import AccountContext, CheckStep, Sink
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import Cursor, Inbound, Portion, RawItem
from agentdesk.sdk.manifest import Manifest
from agentdesk.sdk.outbound import Outbound, OutboundAttachment, Receipt, Reconciliation
from agentdesk.sdk.posts import Abilities, Signs

__all__ = [
    "Account",
    "Authorises",
    "Checks",
    "Completes",
    "ConnectorModule",
    "Deletes",
    "Edits",
    "Hears",
    "Hides",
    "Likes",
    "Polls",
    "Receives",
    "Recognises",
    "Reconciles",
    "Reports",
    "Sends",
    "Signals",
    "Streams",
    "Uploads",
    "Varies",
    "is_connector",
]


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
class Polls(Protocol):
    """Takes input by asking again and again; the core does the asking."""

    poll_seconds: float
    """How long to wait after everything was read. A stream beside it calls for a poll when it begins."""

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what came after ``cursor``. Raises Unreachable, AuthFailed or RateLimited."""
        ...


@runtime_checkable
class Streams(Protocol):
    """Is told of input at once, besides polling: what a stream misses, the next poll finds."""

    async def stream(
        self, hand: Callable[[Sequence[RawItem]], Awaitable[None]], begun: Callable[[], None]
    ) -> None:
        """Call ``begun`` once the stream is heard, give what comes to ``hand``, and go on until cancelled.

        Returns only by raising, as :meth:`Receives.receive` does. Items bear the ``source_id`` that a poll
        gives them, so that each is taken in once.
        """
        ...


@runtime_checkable
class Hears(Protocol):
    """Is called by the network at an address of this server: :func:`agentdesk.sdk.hooks.hook_path`."""

    def hear(self, call: HookCall) -> HookAnswer:
        """Return what a call brings, and how to answer it. No I/O: whatever the network says is looked up
        later.

        Raises Rejected for a call that is not the network's (a missing or wrong signature).
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """Can look up what the calls of its network leave out: names, and what a comment stands below."""

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> Mapping[str, object]:
        """Return ``facts`` with what an item lacks. Asked once for an item whose facts hold
        :data:`agentdesk.sdk.inbound.INCOMPLETE`, by who runs the account, before the item is interpreted.

        Raises Unreachable, RateLimited, AuthFailed or Rejected: the item is interpreted as it is then.
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
class Uploads(Protocol):
    """Takes files before the message they belong to, so that their failure leaves nothing in doubt."""

    async def upload(self, file: OutboundAttachment) -> str:
        """Hand a file over and return its id there, which comes back as ``OutboundAttachment.uploaded``.
        Raises Unreachable, RateLimited, Rejected, AuthFailed."""
        ...


@runtime_checkable
class Edits(Protocol):
    """Can change what it sent."""

    async def edit(self, external_id: str, text: str) -> None:
        """Let an own post say ``text``. Doing it twice does no harm. Raises as :meth:`Sends.send` does, but
        for Uncertain; Rejected where it is gone."""
        ...


@runtime_checkable
class Deletes(Protocol):
    """Can take back what it sent."""

    async def delete(self, external_id: str) -> None:
        """Take an own post away; one that is gone already is no error. Raises as :meth:`Edits.edit`."""
        ...


@runtime_checkable
class Hides(Protocol):
    """Can hide what others wrote below its own posts."""

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide a post, or show it again. Raises as :meth:`Edits.edit`."""
        ...


@runtime_checkable
class Likes(Protocol):
    """Can like posts."""

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a post, or take that back. Raises as :meth:`Edits.edit`."""
        ...


@runtime_checkable
class Reports(Protocol):
    """Can report posts to the network."""

    async def report(self, external_id: str, reason: str) -> None:
        """Report a post; ``reason`` is in the words of who does. Raises as :meth:`Edits.edit`."""
        ...


@runtime_checkable
class Varies(Protocol):
    """Can more or less from account to account, and from time to time: by its tier, scopes, and settings of
    the instance it lives on."""

    async def abilities(self) -> Abilities:
        """Return what the account can do now. Asked for at its start, now and then, and after a refusal.
        Raises Unreachable, AuthFailed or RateLimited."""
        ...


@runtime_checkable
class Signals(Protocol):
    """Knows how its account fares."""

    def signs(self) -> Signs:
        """Return what it knows by now. No I/O; never raises."""
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
class Recognises(Protocol):
    """Reconciles a message by what it says, where the service keeps no key of ours: also after a restart,
    when nothing of an attempt is remembered."""

    async def recognise(self, message: Outbound, since: datetime) -> Reconciliation:
        """Look for ``message`` (its files are those that it was written with) among what was sent since
        ``since`` (UTC). Asked instead of :meth:`Reconciles.reconcile`. Raises Unreachable, AuthFailed,
        RateLimited."""
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
