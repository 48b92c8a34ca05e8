"""Where networks call (webhooks). What they say is stored before they get their answer, by whichever server
they reach; it is understood later, by the one that runs the account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.ids import parse_id
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import report_error
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.protocols import Account, Hears
from agentdesk.server.account_context import open_account
from agentdesk.server.intake import Intake
from agentdesk.server.leases import LeaseLost
from agentdesk.server.pending import by_name, pending_of, raw_row
from agentdesk.store import blobs
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import raw_item

__all__ = ["LONGEST_CALL", "Hooks"]

LONGEST_CALL = 1024 * 1024
"""Bytes of a call: many times what any network sends at once."""
_KEPT_SECONDS = 30.0
"""How long an account is remembered; its settings may have changed then."""
_MOST_KEPT = 200
_HAND_IN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What is called at an address: an account, or none that hears."""

    account: Account | None
    until: float


class Hooks:
    """Answers below ``/hooks``. ``intakes`` are those of the accounts that run here; for the others ``bell``
    wakes whoever records what was stored."""

    def __init__(self, db: Database, vault: Vault, bell: Bell, intakes: Mapping[UUID, Intake]) -> None:
        self._db = db
        self._vault = vault
        self._bell = bell
        self.intakes = intakes
        self._known: dict[UUID, _Known] = {}

    def add_routes(self, app: web.Application) -> None:
        """Serve the address of each account; see :func:`agentdesk.sdk.hooks.hook_path`."""
        app.router.add_route("GET", "/hooks/{account}", self._called)
        app.router.add_route("POST", "/hooks/{account}", self._called)

    async def close(self) -> None:
        """Let go of the connector objects."""
        known, self._known = self._known, {}
        for one in known.values():
            if one.account is not None:
                await one.account.close()

    async def _called(self, request: web.Request) -> web.Response:
        account_id = parse_id(request.match_info["account"])
        if account_id is None:
            return web.Response(status=404)
        account: object = await self._account(account_id)
        if not isinstance(account, Hears):
            return web.Response(status=404)
        if (request.content_length or 0) > LONGEST_CALL:
            return web.Response(status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = HookCall(request.method, dict(request.query), headers, await request.read())
        answer = self._heard(account, call)
        if answer.items:
            try:
                await self._take(account_id, answer.items)
            except DatabaseError:  # the network comes again
                return web.Response(status=503, headers={"Retry-After": "30"})
        return web.Response(
            status=answer.status,
            text=answer.body,
            content_type=answer.media_type,
            headers={"X-Content-Type-Options": "nosniff"},
        )

    def _heard(self, account: Hears, call: HookCall) -> HookAnswer:
        try:
            return account.hear(call)
        except Rejected:
            return HookAnswer(status=403)
        except AgentDeskError:
            return HookAnswer(status=503)
        except Exception as error:  # noqa: BLE001 - the top of the loop over calls; connectors are anybody's
            report_error(error, "hook")
            return HookAnswer(status=500)

    async def _account(self, account_id: UUID) -> Account | None:
        now = asyncio.get_running_loop().time()
        known = self._known.get(account_id)
        if known is not None and known.until > now:
            return known.account
        await self._forget(account_id)
        try:
            _, account, _ = await open_account(self._db, self._vault, account_id)
        except DatabaseError:
            raise
        except AgentDeskError:  # there is none, or its settings cannot be used
            account = None
        if len(self._known) >= _MOST_KEPT:
            await self._forget(next(iter(self._known)))
        self._known[account_id] = _Known(account, now + _KEPT_SECONDS)
        return account

    async def _forget(self, account_id: UUID) -> None:
        known = self._known.pop(account_id, None)
        if known is not None and known.account is not None:
            await known.account.close()

    async def _take(self, account_id: UUID, items: Sequence[RawItem]) -> None:
        intake = self.intakes.get(account_id)
        if intake is not None:
            try:
                async with asyncio.timeout(_HAND_IN_SECONDS):
                    await intake.accept(items, None)
                return
            except (LeaseLost, TimeoutError):  # it runs elsewhere by now, or has too much to record
                pass
        await self._store(account_id, items)
        self._bell.ring()

    async def _store(self, account_id: UUID, items: Sequence[RawItem]) -> None:
        """Store what is new of ``items``; whoever runs the account records it."""
        now = clock.now()
        named = by_name(items)
        contents = {blobs.hash_of(item.raw): item.raw for item in named.values()}
        rows = [
            raw_row(pending_of(item, now), account_id, name, item, blobs.hash_of(item.raw), now)
            for name, item in named.items()
        ]
        async with self._db.write() as conn:
            await blobs.put_many(conn, contents, now)
            await insert_many(conn, raw_item, rows, ignore=True)
