"""Whom a desk believes: real certificates on real sockets, each refusal with its own sentence."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.i18n import render
from agentdesk.server.sync_endpoint import SyncEndpoint
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in
from tests.helpers.certificates import Certificates, make_certificates
from tests.helpers.until import until
from tests.sync.world import World

UNKNOWN = "comes from an authority that this computer does not know"
OTHER = "shows the certificate of another address"
STALE = "is not valid today"


def _shown(made: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    return context


@asynccontextmanager
async def _signing_in(made: Certificates | None) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that lets everybody in; gives its address and who was let in."""
    came: list[str] = []

    async def let_in(request: web.Request) -> web.Response:
        came.append((await request.json())["email"])
        return web.json_response({"token": "a token"})

    app = web.Application()
    app.router.add_post("/desk/session", let_in)
    server = TestServer(app)
    await server.start_server(ssl=_shown(made) if made is not None else None)
    yield f"https://127.0.0.1:{server.port}", came
    await server.close()


async def test_the_company_s_own_authority_is_believed(certificates: Certificates) -> None:
    async with _signing_in(certificates) as (address, came):
        assert await sign_in(address, "ana@desk.test", "secret", str(certificates.authority)) == "a token"
        assert came == ["ana@desk.test"]


def _as_it_is(folder: Path) -> tuple[Certificates, str]:
    return make_certificates(folder), ""


def _other_authority(folder: Path) -> tuple[Certificates, str]:
    return make_certificates(folder), str(make_certificates(folder / "other").authority)


def _other_host(folder: Path) -> tuple[Certificates, str]:
    made = make_certificates(folder, hosts=["desk.example"], addresses=["192.0.2.1"])
    return made, str(made.authority)


def _expired(folder: Path) -> tuple[Certificates, str]:
    made = make_certificates(folder, days=-2)
    return made, str(made.authority)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [(_as_it_is, UNKNOWN), (_other_authority, UNKNOWN), (_other_host, OTHER), (_expired, STALE)],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_refused_certificate_is_told_and_no_password_leaves(
    tmp_path: Path, make: Callable[[Path], tuple[Certificates, str]], sentence: str, host: str
) -> None:
    made, authority = make(tmp_path)
    async with _signing_in(made) as (address, came):
        with pytest.raises(AgentDeskError, match=sentence) as refused:
            await sign_in(address.replace("127.0.0.1", host), "ana@desk.test", "secret", authority)
        assert refused.value.hint is not None
        assert host in render(refused.value.message)
        assert came == []


async def test_a_server_without_tls_is_told_from_one_that_is_not_there() -> None:
    async with _signing_in(None) as (address, _came):
        with pytest.raises(AgentDeskError, match="does not speak TLS"):
            await sign_in(address, "ana@desk.test", "secret")
    with pytest.raises(AgentDeskError, match="cannot be reached"):
        await sign_in(address, "ana@desk.test", "secret")


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\x00"])
async def test_an_unusable_file_is_the_fault_of_its_field(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "company.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Invalid, match=r"cannot be read: .*company\.pem") as refused:
        await sign_in("https://127.0.0.1:1", "ana@desk.test", "secret", str(path))
    assert refused.value.field == "authority"


@asynccontextmanager
async def _synced(world: World, made: Certificates) -> AsyncIterator[str]:
    endpoint = SyncEndpoint(world.db, world.feed, world.executor, world.authenticate)
    app = web.Application()
    endpoint.add_routes(app)
    server = TestServer(app)
    await server.start_server(ssl=_shown(made), shutdown_timeout=1)
    yield f"https://127.0.0.1:{server.port}"
    await endpoint.close()
    await server.close()


async def test_a_desk_syncs_over_tls(world: World, tmp_path: Path, certificates: Certificates) -> None:
    await world.add_user("ada")
    async with _synced(world, certificates) as address:
        desk = LocalDesk(tmp_path / "desk", address, "ada", authority=str(certificates.authority))
        await desk.start()
        await until(lambda: desk.status.link is Link.SYNCED)
        await desk.close()


@pytest.mark.parametrize(
    ("authority", "sentence"), [("", UNKNOWN), ("/no/company.pem", "cannot be read: /no/company.pem")]
)
async def test_a_desk_that_cannot_believe_its_server_says_so_and_tries_again(
    world: World, tmp_path: Path, certificates: Certificates, authority: str, sentence: str
) -> None:
    await world.add_user("ada")
    async with _synced(world, certificates) as address:
        desk = LocalDesk(tmp_path / "desk", address, "ada", authority=authority)
        await desk.start()
        await until(lambda: desk.status.problem is not None)
        assert desk.status.link is Link.OFFLINE
        assert desk.status.problem is not None
        assert sentence in render(desk.status.problem)
        await desk.close()
