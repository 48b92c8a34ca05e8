"""A channel for tests: its service lives in memory, and what goes wrong is scripted.

Raw items are JSON. Installed under the key ``fake`` by the fixture of tests/helpers/fake_channel.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.domain.abilities import Abilities
from agentdesk.domain.party import Party
from agentdesk.domain.posts import post_of
from agentdesk.sdk.context import AccountContext, Sink
from agentdesk.sdk.errors import ConnectorError, Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import (
    Automation,
    Cursor,
    DeliveryReport,
    Happening,
    Inbound,
    InboundAttachment,
    Profile,
    RawItem,
    Report,
    What,
)
from agentdesk.sdk.manifest import Manifest
from agentdesk.sdk.outbound import Found, Outbound, Receipt, Reconciliation
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk.sdk.tokens import find_tokens

manifest = Manifest(
    key="fake",
    name=msg("Fake"),
    description=msg("For tests"),
    identity_kind="email",
    tile="FK",
    settings=Schema(
        (
            Field("address", FieldType.EMAIL, msg("Address")),
            Field("service", FieldType.TEXT, msg("Service")),
            Field("password", FieldType.SECRET, msg("Password"), required=False),
        )
    ),
    address_setting="address",
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class FakeService:
    """The other end: what lies in the mailbox, what was sent, and what shall go wrong.

    ``send_script`` holds one entry per coming attempt: ``ok``, an error to raise, ``lost`` (uncertain, and it
    did not go out), ``kept`` (uncertain, and it did), or ``hang``. ``look_ups`` likewise: ``true``, or an
    error, or a :class:`Found` to claim.
    """

    items: list[RawItem] = field(default_factory=list)
    sent: list[Outbound] = field(default_factory=list)
    attempts: list[Outbound] = field(default_factory=list)
    send_script: deque[str | Exception] = field(default_factory=deque)
    look_ups: deque[str | Exception | Found] = field(default_factory=deque)
    receive_script: deque[Exception] = field(default_factory=deque)
    portion: int = 50
    settle_seconds: float = 0.0
    receiving: int = 0
    opened: int = 0
    closed: int = 0
    on_send: Any = None
    acts: list[tuple[Any, ...]] = field(default_factory=list)
    """What was done with posts: (kind, id, and what)."""
    act_script: deque[str | Exception] = field(default_factory=deque)
    """One for each coming act: ``ok``, an error to raise, or ``hang``."""
    on_act: Any = None
    abilities: Abilities | None = None

    def put(
        self, raw: bytes, *, source_id: str | None = None, received_at: datetime | None = None
    ) -> RawItem:
        """Let a message arrive."""
        at = received_at or NOON + timedelta(seconds=len(self.items))
        item = RawItem(source_id or f"item-{len(self.items)}", raw, at)
        self.items.append(item)
        return item

    def keys_sent(self) -> list[str]:
        """The keys of all that went out, each as often as it did."""
        return [message.key for message in self.sent]


SERVICES: dict[str, FakeService] = {}


def raw_mail(sender: str = "alice@customer.example", **fields: Any) -> bytes:
    """Return a raw item; see :func:`interpret` for the fields."""
    return json.dumps({"from": sender, **fields}).encode()


def create(context: AccountContext) -> FakeAccount:
    return FakeAccount(context)


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what a raw item says. ``trouble``: ``unreadable``, ``bug``, ``hang`` or ``greed``."""
    data = json.loads(raw)
    _misbehave(data.get("trouble"))
    references = tuple(data.get("refs", ()))
    content = json.dumps([data.get(name) for name in ("from", "subject", "text", "salt")])
    return Inbound(
        sender=Party("email", data["from"], data.get("name", "")),
        text=data.get("text", "Hello"),
        content_hash=hashlib.sha256(content.encode()).hexdigest(),
        external_id=data.get("id", ""),
        subject=data.get("subject", "A question"),
        to=tuple(Party("email", a) for a in data.get("to", ())),
        cc=tuple(Party("email", a) for a in data.get("cc", ())),
        references=references,
        tokens=find_tokens(*references, *data.get("tokens", ())),
        attachments=tuple(
            InboundAttachment(name, "text/plain", content.encode()) for name, content in data.get("files", ())
        ),
        automation=Automation(data.get("automatic", "no")),
        reports=tuple(
            DeliveryReport(
                Report(r["report"]),
                tuple(r["ids"]),
                r.get("to", ""),
                "5.1.1",
                "no such user",
                r.get("hard", False),
            )
            for r in data.get("reports", ())
        ),
        sender_verified=data.get("genuine", True),
        loop_marker=data.get("marker", ""),
        profile=Profile(**data.get("profile", {})),
        happening=Happening(What(data["what"]), text=data.get("text", "")) if "what" in data else None,
        post=post_of(data.get("post")),
    )


def _misbehave(trouble: str | None) -> None:
    if trouble == "unreadable":
        raise Invalid(msg("It is damaged."))
    if trouble == "bug":
        raise KeyError("surprise")
    if trouble == "hang":
        while True:
            time.sleep(0.05)
    if trouble == "greed":
        hoard = []
        while True:
            hoard.append(bytearray(50_000_000))


class FakeAccount:
    """Receives, sends and reconciles against its :class:`FakeService`."""

    def __init__(self, context: AccountContext) -> None:
        self.service = SERVICES[str(context.settings["service"])]
        self.service.opened += 1
        self.settle_seconds = self.service.settle_seconds

    async def close(self) -> None:
        self.service.closed += 1

    async def receive(self, cursor: Cursor | None, sink: Sink) -> None:
        service = self.service
        service.receiving += 1
        position = int(str(cursor["position"])) if cursor else 0
        try:
            if service.receive_script:
                raise service.receive_script.popleft()
            await sink.connected()
            while True:
                portion = service.items[position : position + service.portion]
                if portion:
                    position += len(portion)
                    await sink.accept(portion, {"position": position})
                else:
                    await sink.caught_up()
                    await asyncio.sleep(0.01)
        finally:
            service.receiving -= 1

    def key_for(self, message_id: UUID, thread_token: str) -> str:
        return f"{thread_token}.{message_id.hex}@desk.example"

    def check_outbound(self, message: Outbound) -> None:
        if sum(len(file.content) for file in message.attachments) > 1_000_000:
            raise Rejected(msg("Too large."), "552 too large")

    async def send(self, message: Outbound) -> Receipt:
        service = self.service
        service.attempts.append(message)
        step = service.send_script.popleft() if service.send_script else "ok"
        if service.on_send is not None:
            await service.on_send(message)
        if isinstance(step, Exception):
            raise step
        if step == "hang":
            await asyncio.sleep(3600)
        if step in ("ok", "kept"):
            service.sent.append(message)
        if step in ("kept", "lost"):
            raise Uncertain(msg("The connection broke."))
        return Receipt(message.key, "250 ok")

    async def abilities(self) -> Abilities | None:
        return self.service.abilities

    async def like(self, external_id: str, liked: bool) -> None:
        await self._act("like", external_id, liked)

    async def hide(self, external_id: str, hidden: bool) -> None:
        await self._act("hide", external_id, hidden)

    async def report(self, external_id: str, reason: str) -> None:
        await self._act("report", external_id, reason)

    async def edit(self, external_id: str, text: str) -> None:
        await self._act("edit", external_id, text)

    async def delete(self, external_id: str) -> None:
        await self._act("delete", external_id)

    async def _act(self, *done: Any) -> None:
        step = self.service.act_script.popleft() if self.service.act_script else "ok"
        if self.service.on_act is not None:
            await self.service.on_act(*done)
        if isinstance(step, Exception):
            raise step
        if step == "hang":
            await asyncio.sleep(3600)
        self.service.acts.append(done)

    async def reconcile(self, key: str, since: datetime) -> Reconciliation:
        step = self.service.look_ups.popleft() if self.service.look_ups else "true"
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Found):
            return Reconciliation(step, msg("Scripted."))
        found = Found.SENT if key in self.service.keys_sent() else Found.ABSENT
        return Reconciliation(found, msg("Looked in the sent ones."))


def unreachable() -> ConnectorError:
    """An error of the kind that passes."""
    return Unreachable(msg("Nobody answers."))


def batch_of(mails: Sequence[bytes]) -> list[RawItem]:
    """Return raw items for ``mails``, numbered."""
    return [RawItem(f"batch-{n}", raw, NOON + timedelta(seconds=n)) for n, raw in enumerate(mails)]
