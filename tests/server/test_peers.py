"""Which client a request counts for, with and without a reverse proxy before the server."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from tests.helpers.program import Programs

from agentdesk import cli
from agentdesk.server.peers import Peers

PROXIES = Peers([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
FOR, FORWARDED = "X-Forwarded-For", "Forwarded"


def request(peer: str, *headers: tuple[str, str]) -> web.Request:
    return make_mocked_request("POST", "/desk/session", CIMultiDict(headers)).clone(remote=peer)


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([], "10.0.0.1"),
        ([(FOR, "192.0.2.7")], "192.0.2.7"),
        ([(FOR, "192.0.2.7:4711")], "192.0.2.7"),
        ([(FOR, "198.51.100.1, 192.0.2.7, 10.2.3.4")], "192.0.2.7"),
        ([(FOR, "198.51.100.1"), (FOR, "192.0.2.7")], "192.0.2.7"),
        ([(FOR, "2001:db8::7")], "2001:db8::7"),
        ([(FOR, "[2001:db8::7]:4711")], "2001:db8::7"),
        ([(FOR, "::ffff:192.0.2.7")], "192.0.2.7"),
        ([(FOR, "10.9.9.9, fd00::1")], "10.0.0.1"),
        ([(FOR, "192.0.2.7, unknown")], "10.0.0.1"),
        ([(FOR, "192.0.2.7, ' OR 1=1 --")], "10.0.0.1"),
        ([(FORWARDED, "for=192.0.2.7;proto=https")], "192.0.2.7"),
        ([(FORWARDED, 'For="[2001:db8::7]:4711";by=10.0.0.1, for=10.1.1.1')], "2001:db8::7"),
        ([(FORWARDED, "for=_hidden")], "10.0.0.1"),
        ([(FORWARDED, "proto=https")], "10.0.0.1"),
        ([(FORWARDED, "for=192.0.2.7"), (FOR, "192.0.2.7")], "192.0.2.7"),
        ([(FORWARDED, "for=198.51.100.1"), (FOR, "192.0.2.7")], "10.0.0.1"),
    ],
)
def test_a_trusted_proxy_names_the_client(headers: list[tuple[str, str]], client: str) -> None:
    assert PROXIES.client(request("10.0.0.1", *headers)) == client


def test_nobody_else_is_believed() -> None:
    forged = request("192.0.2.1", (FOR, "198.51.100.1"), (FORWARDED, "for=198.51.100.1"))
    assert PROXIES.client(forged) == "192.0.2.1"
    assert Peers().client(request("10.0.0.1", (FOR, "198.51.100.1"))) == "10.0.0.1"
    assert PROXIES.client(request("::ffff:10.0.0.1", (FOR, "198.51.100.1"))) == "198.51.100.1"


def test_who_may_change_their_address_at_will_is_counted_as_one() -> None:
    for said, counted in (
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ):
        assert PROXIES.counted(request("10.0.0.1", (FOR, said))) == counted
    assert Peers().counted(request("/run/proxy.sock")) == "/run/proxy.sock"


async def _status(address: str, client: str, number: int) -> int:
    body = {"email": f"nobody{number}@desk.test", "password": "wrong"}
    headers = {FOR: client}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/desk/session", json=body, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("trusted", [True, False])
async def test_who_tries_too_often_holds_back_nobody_else(
    programs: Programs, sqlite_url: str, tmp_path: Path, trusted: bool
) -> None:
    arguments = ["--database", sqlite_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    if trusted:
        arguments += ["--trusted-proxy", "127.0.0.0/8"]
    address = await programs.start("server", *arguments).ready()
    guesses = [await _status(address, "198.51.100.1", number) for number in range(6)]
    assert guesses == [401] * 5 + [429]
    assert await _status(address, "192.0.2.7", 7) == (401 if trusted else 429)


def test_a_network_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["server", "--database", "x", "--data", "x", "--trusted-proxy", "10.0.0.1/8"])
    assert ended.value.code == cli.USAGE
    assert "10.0.0.1/8" in capsys.readouterr().err
