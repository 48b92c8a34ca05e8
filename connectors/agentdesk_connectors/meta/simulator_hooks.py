"""Calls that a simulated network makes at an address of ours: signed, repeated where they were not taken.

Written from https://developers.facebook.com/docs/graph-api/webhooks/getting-started.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp

from agentdesk.base.backoff import Backoff
from agentdesk.sdk.hooks import HookCall

__all__ = ["Hooks"]

_PAUSES = Backoff(first=0.05, longest=1.0)
_MOST_TRIES = 50


class Hooks:
    """What an app is told of, of one kind of object. ``calls`` are kept for who fetches them; where there is
    an ``address`` they are made there too. ``twice`` sends each of them two times, ``silent`` none at all:
    what happens is then found by asking only. ``given_up`` counts calls that nobody took."""

    def __init__(self, of_object: str, app_secret: str) -> None:
        self.of_object = of_object
        self.app_secret = app_secret
        self.address = ""
        self.twice = False
        self.silent = False
        self.calls: list[HookCall] = []
        self.given_up = 0
        self._waiting: asyncio.Queue[HookCall] = asyncio.Queue()

    def tell(self, entry: Mapping[str, Any]) -> None:
        """Call with one entry."""
        if not self.silent:
            body = json.dumps({"object": self.of_object, "entry": [entry]}).replace("/", "\\/").encode()
            self.call(body)

    def call(self, body: bytes) -> None:
        """Call with a body, whatever it is, under a good signature."""
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        call = HookCall("POST", {}, headers, body)
        self.calls.append(call)
        for _ in range(2 if self.twice else 1):
            self._waiting.put_nowait(call)

    async def verifies(self, address: str, verify_token: str) -> bool:
        """Ask at an address whether it is the app's, as is done before it is called."""
        asked = str(secrets.randbelow(10**9))
        question = {"hub.mode": "subscribe", "hub.challenge": asked, "hub.verify_token": verify_token}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(address, params=question, allow_redirects=False) as answer,
            ):
                return answer.status == 200 and await answer.text() == asked
        except (aiohttp.ClientError, ValueError):
            return False

    async def deliver(self) -> None:
        """Make the calls, one after the other, until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                call = await self._waiting.get()
                if self.address and not await self._taken(session, call):
                    self.given_up += 1

    async def _taken(self, session: aiohttp.ClientSession, call: HookCall) -> bool:
        for failures in range(1, _MOST_TRIES + 1):
            try:
                async with session.post(self.address, data=call.body, headers=call.headers) as answer:
                    if answer.status == 200:
                        return True
            except aiohttp.ClientError:
                pass  # nobody is there: later, as the real one does
            await asyncio.sleep(_PAUSES.delay(failures))
        return False
