"""Remote pictures: only from public addresses, only pictures, only small ones."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agentdesk.server import fetcher as module
from agentdesk.server.fetcher import MAX_PICTURE_BYTES, Fetcher, PictureRefused, is_public, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[TestServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves one handler on the loopback address, for every path."""
    servers: list[TestServer] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> TestServer:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def new_fetcher() -> AsyncIterator[Callable[..., Fetcher]]:
    made: list[Fetcher] = []

    def make(*allowed: TestServer) -> Fetcher:
        made.append(Fetcher([("127.0.0.1", server.port or 0) for server in allowed]))
        return made[-1]

    yield make
    for fetcher in made:
        await fetcher.close()


async def _png(_request: web.Request) -> web.Response:
    return web.Response(body=PNG)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "ff02::1",
        "nonsense",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "127\u30020\u30020\u30021",
        "localhost",
        "169.254.169.254",
    ],
)
async def test_disguised_internal_addresses_are_refused(
    host: str, new_fetcher: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    """Also where something would answer there: the port is made one that may be asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=PNG)

    server = await serve(answer)
    monkeypatch.setitem(module._PORTS, "http", server.port or 0)
    with pytest.raises(PictureRefused):
        await new_fetcher().picture(f"http://{host}:{server.port}/a.png")
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/a.png",
        "http://user:secret@example.com/a.png",
        "http://example.com:22/",
        "https://example.com:80/",
        "//example.com/a.png",
        "http:///a.png",
        "http://[::1",
        "",
        "http://example.com/" + "a" * 3000,
    ],
)
async def test_addresses_of_another_form_are_refused(url: str, new_fetcher: Callable[..., Fetcher]) -> None:
    with pytest.raises(PictureRefused):
        await new_fetcher().picture(url)


async def test_a_name_with_one_internal_address_is_refused(
    new_fetcher: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any, **__: Any) -> list[Any]:
        kind = socket.AF_INET, socket.SOCK_STREAM, 6, ""
        return [(*kind, ("93.184.215.14", 80)), (*kind, ("10.0.0.1", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(PictureRefused) as caught:
        await new_fetcher().picture("http://mixed.example/a.png")
    assert "not a public one" in str(caught.value)


async def test_a_picture_is_known_by_its_first_bytes(
    serve: Serve, new_fetcher: Callable[..., Fetcher]
) -> None:
    server = await serve(_png)
    picture = await new_fetcher(server).picture(str(server.make_url("/a")))
    assert (picture.content, picture.media_type) == (PNG, "image/png")
    assert kind_of(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert kind_of(b"GIF89a...") == "image/gif"
    assert kind_of(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert kind_of(b"<svg xmlns=") is None


async def test_what_only_claims_to_be_a_picture_is_refused(
    serve: Serve, new_fetcher: Callable[..., Fetcher]
) -> None:
    async def script(_request: web.Request) -> web.Response:
        return web.Response(body=b"<script>", content_type="image/png")

    server = await serve(script)
    with pytest.raises(PictureRefused):
        await new_fetcher(server).picture(str(server.make_url("/a.png")))


async def test_redirects_are_followed_but_judged_anew(
    serve: Serve, new_fetcher: Callable[..., Fetcher]
) -> None:
    inside = await serve(_png)

    async def away(request: web.Request) -> web.Response:
        if request.path == "/here":
            raise web.HTTPFound("/there")
        if request.path == "/there":
            return await _png(request)
        if request.path == "/round":
            raise web.HTTPFound("/round")
        raise web.HTTPFound(str(inside.make_url("/a.png")))

    server = await serve(away)
    fetcher = new_fetcher(server)
    assert (await fetcher.picture(str(server.make_url("/here")))).content == PNG
    for path in ("/to-the-inside", "/round"):
        with pytest.raises(PictureRefused):
            await fetcher.picture(str(server.make_url(path)))


async def test_large_pictures_are_refused(serve: Serve, new_fetcher: Callable[..., Fetcher]) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        if request.path == "/honest":
            return web.Response(body=PNG + bytes(MAX_PICTURE_BYTES))
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # whoever asked has left
            for _ in range(1000):
                await response.write(PNG + bytes(64 * 1024))
        return response

    server = await serve(large)
    for path in ("/honest", "/endless"):
        with pytest.raises(PictureRefused):
            await new_fetcher(server).picture(str(server.make_url(path)))


async def test_slow_pictures_are_given_up(
    serve: Serve, new_fetcher: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.1)
    released = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        await released.wait()
        return web.Response(body=PNG)

    server = await serve(slow)
    with pytest.raises(PictureRefused):
        await new_fetcher(server).picture(str(server.make_url("/a.png")))
    released.set()
