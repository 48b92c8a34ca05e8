"""The simulated network calls as the real one does: it asks first, signs, repeats, and sends things twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from tests.connectors.meta.support import connected
from tests.helpers.until import until

from agentdesk.sdk.hooks import HookCall
from agentdesk_connectors.meta.hooks import challenge, signed
from agentdesk_connectors.meta.setting_up import announce


class _Address:
    """An address of ours: ``taken`` are the bodies of good calls, ``away`` how often nobody is there yet."""

    def __init__(self, secret: str, verify_token: str) -> None:
        self.secret, self.verify_token = secret, verify_token
        self.taken: list[bytes] = []
        self.away = 0

    async def asked(self, request: web.Request) -> web.Response:
        return web.Response(text=challenge(HookCall("GET", dict(request.query)), self.verify_token).body)

    async def called(self, request: web.Request) -> web.Response:
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = HookCall("POST", {}, headers, await request.read())
        signed(call, self.secret)
        self.taken.append(call.body)
        return web.Response()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_routes([web.get("/hook", self.asked), web.post("/hook", self.called)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        finally:
            await runner.cleanup()


async def test_a_call_is_repeated_until_it_is_taken_and_may_come_twice() -> None:
    async with connected() as (sim, graph):
        ours = _Address(sim.app_secret, sim.verify_token)
        async with ours.served() as address:
            app = (sim.app_id, sim.app_secret)
            await announce(graph, app, "page", address, sim.verify_token, ("feed",))
            assert sim.hooks.address == address
            ours.away = 2
            sim.hooks.tell({"id": sim.profile, "time": 1, "changes": []})
            await until(lambda: len(ours.taken) == 1)
            sim.hooks.twice = True
            sim.hooks.tell({"id": sim.profile, "time": 2, "changes": []})
            await until(lambda: len(ours.taken) == 3)
            assert ours.taken[1] == ours.taken[2]
            assert sim.hooks.given_up == 0
