"""What a connector brings to the suite: its service, and a way to make things happen there."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.arriving import receiver_of
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.errors import ConnectorError
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.inbound import INCOMPLETE, Inbound, RawItem
from agentdesk.sdk.limiter import Limiters
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.pages import Pages
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.protocols import Account, Completes, ConnectorModule, Hears, Sends
from agentdesk.sdk.testing.memory import MemorySecrets, MemorySink
from agentdesk.sdk.testing.simulator import Simulator

__all__ = ["Said", "Stage", "Stands", "completed"]

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer says. ``by`` tells customers apart; ``below`` is the external id that it answers;
    ``picture`` that it shows one, with a description; ``watched`` that it speaks of the watch list's term
    and not to us."""

    text: str = "Good day"
    by: str = "ana"
    visibility: Visibility = Visibility.PUBLIC
    below: str = ""
    picture: str = ""
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands at the service in our name. ``alts`` describe its files, where the service keeps that."""

    external_id: str
    text: str
    visibility: Visibility = Visibility.PRIVATE
    below: str = ""
    alts: tuple[str, ...] = ()


class Stage(ABC):
    """One account at one service. ``simulator`` is what faults are switched on; ``private`` says that
    everything there is between two people."""

    module: ConnectorModule
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    simulator: Simulator | None = None
    visibilities: Sequence[Visibility] = (Visibility.PRIVATE,)
    pages: Pages | None = None

    def __init__(self) -> None:
        self.opened: list[Account] = []
        self.kept = MemorySecrets()

    # --- what a connector's stage says ---

    @abstractmethod
    async def say(self, said: Said) -> str:
        """Let a customer say something; returns its external id."""

    @abstractmethod
    def stands(self) -> Sequence[Stands]:
        """Return what stands at the service in our name."""

    async def change(self, external_id: str, text: str) -> None:
        """Let a customer change what they said."""
        raise _missing("change")

    async def remove(self, external_id: str) -> None:
        """Let a customer take back what they said."""
        raise _missing("remove")

    def marks(self, external_id: str) -> set[str]:
        """Return what was done with a customer's post: ``liked``, ``hidden``, ``reported``."""
        raise _missing("marks")

    def calls(self) -> list[HookCall]:
        """Return the calls that the service has made at our address since it was asked last."""
        return []

    async def agree(self, page: str) -> None:
        """Let the account's owner agree on the page of the service that they were shown."""
        raise _missing("agree")

    # --- what the suite does with it ---

    def open(self, **changes: Any) -> Account:
        """Return an object for the account, with other settings or secrets where ``changes`` name some."""
        settings = self.module.manifest.settings.clean({**self.settings, **changes})
        self.kept = MemorySecrets(**self.secrets)
        context = AccountContext(
            new_id(), "Conformance", settings, self.kept, pages=self.pages, limiters=Limiters()
        )
        account = self.module.create(context)
        self.opened.append(account)
        return account

    async def close(self) -> None:
        """Let go of all objects."""
        for account in self.opened:
            await account.close()
        self.opened.clear()

    async def read(self, account: Account, sink: MemorySink) -> None:
        """Receive until everything there is has been handed over. Raises what ends the receiving."""
        if isinstance(account, Hears):
            for call in self.calls():
                await sink.accept([await completed(account, one) for one in account.hear(call).items], None)
        receiver = receiver_of(account)
        if receiver is None:
            return
        before = sink.times_caught_up
        task = asyncio.get_running_loop().create_task(receiver.receive(sink.cursor, sink))
        try:
            await settled(lambda: sink.times_caught_up > before or task.done())
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def meaning(self, sink: MemorySink) -> dict[str, Inbound]:
        """Return what has come in, by external id; of what came twice the last. What happened besides is
        under ``happened:`` and the id it speaks of."""
        found = {}
        for item in sink.items.values():
            inbound = self.module.interpret(item.raw, item.facts)
            named = inbound.external_id
            if inbound.happening is not None:
                named = f"happened:{next(iter(inbound.references), '')}"
            found[named] = inbound
        return found

    def answer(
        self, account: Account, to: Inbound, text: str = "We look into it.", **changes: Any
    ) -> Outbound:
        """Return an answer to ``to``, in the same visibility, ready to be sent."""
        if not isinstance(account, Sends):
            raise TypeError("the account does not send")
        message_id = new_id()
        post = to.post
        plain = Outbound(
            message_id=message_id,
            key=account.key_for(message_id, ""),
            to=to.reply_to or (to.sender,),
            text=text,
            created_at=clock.now(),
            subject=to.subject,
            sender_name="Maria",
            in_reply_to=to.external_id,
            references=(*to.references, to.external_id),
            visibility=post.visibility if post else Visibility.PRIVATE,
            root=(post.root or to.external_id) if post else "",
            warning=post.warning if post else "",
        )
        return replace(plain, **changes)


def _missing(step: str) -> AssertionError:
    return AssertionError(f"this rule needs Stage.{step}; or declare it exempt in quality.toml")


async def completed(account: Account, item: RawItem) -> RawItem:
    """Return ``item`` as the core has it interpreted: with what its network left out."""
    if not isinstance(account, Completes) or item.facts.get(INCOMPLETE) is not True:
        return item
    try:
        return replace(item, facts=await account.complete(item.raw, item.facts))
    except ConnectorError:
        return item


async def settled(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - anything may make it true
            await asyncio.sleep(0.005)
