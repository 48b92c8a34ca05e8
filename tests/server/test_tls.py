"""The server's own TLS: which files it takes, what it says of others, and how a renewed one is taken up."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.helpers.certificates import Certificates, make_certificates
from tests.helpers.program import Programs
from tests.helpers.until import until, until_sync

from agentdesk.base.errors import Invalid
from agentdesk.base.tasks import Tasks
from agentdesk.server import app
from agentdesk.server.app import ServerSettings
from agentdesk.server.tls import CertificateFiles, ServerTls


def _files(made: Certificates) -> CertificateFiles:
    return CertificateFiles(made.certificate, made.key)


def _serial(made: Certificates) -> int:
    return x509.load_pem_x509_certificate(made.certificate.read_bytes()).serial_number


def _trust(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


@asynccontextmanager
async def _served(tls: ServerTls) -> AsyncIterator[int]:
    """A server that shows the certificate and hangs up; gives its port."""

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=tls.context)
    following = Tasks("test")
    following.start(tls.follow(), "follow")
    async with server:
        yield server.sockets[0].getsockname()[1]
        await following.close()


async def _shown_serial(port: int, name: str, authority: Path) -> int:
    def look() -> int:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            _trust(authority).wrap_socket(plain, server_hostname=name) as tls,
        ):
            certificate = tls.getpeercert(binary_form=True)
            assert certificate is not None
            return x509.load_der_x509_certificate(certificate).serial_number

    return await asyncio.to_thread(look)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"], ids=["with a name", "without a name"])
async def test_a_renewed_certificate_is_shown_to_the_next_who_connects(tmp_path: Path, name: str) -> None:
    made = make_certificates(tmp_path)
    tls = ServerTls(_files(made))
    async with _served(tls) as port:
        assert await _shown_serial(port, name, made.authority) == _serial(made)
        renewed = make_certificates(tmp_path)
        tls.look_now()

        async def is_new() -> bool:
            try:
                return await _shown_serial(port, name, renewed.authority) == _serial(renewed)
            except ssl.SSLCertVerificationError:  # the old one still, of the old authority
                return False

        async with asyncio.timeout(30):
            while not await is_new():
                await asyncio.sleep(0.02)


@pytest.mark.logs_error("the new certificate is not used")
async def test_a_broken_renewal_leaves_the_old_certificate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = make_certificates(tmp_path)
    serial = _serial(made)
    tls = ServerTls(_files(made))
    async with _served(tls) as port:
        made.certificate.write_text("half a file")
        tls.look_now()
        await until(
            lambda: "the new certificate is not used" in caplog.text, what="the broken file is told of"
        )
        assert await _shown_serial(port, "localhost", made.authority) == serial


async def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    assert ServerTls(_files(made)).context.minimum_version is ssl.TLSVersion.TLSv1_2


def _gone(made: Certificates) -> None:
    made.certificate.unlink()


def _no_key(made: Certificates) -> None:
    made.key.unlink()


def _swapped(made: Certificates) -> None:
    shutil.copy(made.key, made.certificate)


def _key_is_certificate(made: Certificates) -> None:
    shutil.copy(made.certificate, made.key)


def _foreign_key(made: Certificates) -> None:
    other = make_certificates(made.key.parent / "other")
    shutil.copy(other.key, made.key)


def _encrypted_key(made: Certificates) -> None:
    key = serialization.load_pem_private_key(made.key.read_bytes(), password=None)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass phrase"),
        )
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_gone, "server.pem cannot be read: No such file"),
        (_no_key, "server.key cannot be read: No such file"),
        (_swapped, "server.pem holds no certificate"),
        (_key_is_certificate, "server.key holds no private key"),
        (_foreign_key, "does not belong to the certificate"),
        (_encrypted_key, "is protected by a pass phrase"),
    ],
)
def test_files_that_do_not_do_are_told_apart(
    tmp_path: Path, spoil: Callable[[Certificates], None], sentence: str
) -> None:
    made = make_certificates(tmp_path)
    spoil(made)
    with pytest.raises(Invalid, match=sentence) as refused:
        ServerTls(_files(made))
    assert refused.value.hint is not None


def test_an_expired_certificate_is_told_with_its_day(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, days=-2)
    with pytest.raises(Invalid, match=r"server\.pem expired on \d{4}-\d\d-\d\d\."):
        ServerTls(_files(made))


def _health(address: str, authority: Path) -> int:
    import urllib.request

    with urllib.request.urlopen(f"{address}/healthz", timeout=10, context=_trust(authority)) as answer:
        return int(answer.status)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_the_program_serves_https_and_reads_again_on_sighup(
    programs: Programs, sqlite_url: str, tmp_path: Path
) -> None:
    made = make_certificates(tmp_path / "tls")
    program = programs.start(
        *("server", "--database", sqlite_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"),
        *("--tls-cert", str(made.certificate), "--tls-key", str(made.key)),
        env={"XDG_CONFIG_HOME": str(tmp_path / "config")},
    )
    address = program.ready_sync()
    assert address.startswith("https://127.0.0.1:")
    assert _health(address, made.authority) == 200
    renewed = make_certificates(tmp_path / "tls")
    os.kill(program.pid, signal.SIGHUP)
    until_sync(lambda: "certificate read" in program.output(), what="the new certificate is read")
    assert _health(address, renewed.authority) == 200
    assert program.stop() == 0


@pytest.mark.parametrize("given", ["--tls-cert", "--tls-key"])
def test_one_file_without_the_other_is_refused(
    programs: Programs, sqlite_url: str, tmp_path: Path, given: str
) -> None:
    program = programs.start(
        *("server", "--database", sqlite_url, "--data", str(tmp_path / "data"), given, str(tmp_path / "file"))
    )
    until_sync(lambda: not program.running, what="the end of a server that cannot start")
    assert program.status == 1
    assert "--tls-cert and --tls-key belong together" in program.output()
    assert "Traceback" not in program.output()


async def test_what_can_be_read_on_the_way_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    proxies = (ip_network("10.0.0.0/8"),)
    for host, trusted, warned in (("127.0.0.1", (), 0), ("0.0.0.0", proxies, 0), ("0.0.0.0", (), 1)):
        runner = web.AppRunner(web.Application())
        await runner.setup()
        try:
            settings = ServerSettings("sqlite:///x", tmp_path, host, 0, trusted_proxies=trusted)
            await app._listen(runner, settings, None)
        finally:
            await runner.cleanup()
        assert caplog.text.count("can be read on the way") == warned
