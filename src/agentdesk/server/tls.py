"""The server's certificate: checked before it is shown, and taken up anew when its file changes."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg

__all__ = ["CertificateFiles", "ServerTls", "valid_until"]

_log = get_logger(__name__)

_LOOK_SECONDS = 60.0
_WARN_BEFORE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Two PEM files: the certificate with those between it and its authority, and its key without a pass
    phrase."""

    certificate: Path
    key: Path


class ServerTls:
    """What the server shows to those who connect. ``context`` stays the same; what it shows may change."""

    def __init__(self, files: CertificateFiles) -> None:
        """Read the files (blocking). Raises Invalid where they cannot be used."""
        self._files = files
        self._bell = Bell()
        self._state = _state(files)
        self.context = self._shown = _load(files)
        self.context.sni_callback = self._show

    def look_now(self) -> None:
        """Read the files again at once, whether they have changed or not."""
        self._state = ()
        self._bell.ring()

    async def follow(self) -> None:
        """Take up changed files for ever; ones that cannot be used are told of once, the old ones stay."""
        heard = 0
        while True:
            heard = await self._bell.wait(heard, _LOOK_SECONDS)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        state = _state(self._files)
        if state == self._state:
            return
        self._state = state
        try:
            self._shown = _load(self._files)
        except Invalid as error:
            _log.error("the new certificate is not used", why=str(error))
            return
        _log.info("certificate read", path=str(self._files.certificate))

    def _show(self, tls: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called within each handshake, with a name or without one: answer with the newest certificate."""
        tls.context = self._shown


def valid_until(path: Path) -> datetime:
    """Return when the certificate in a PEM file runs out (blocking). Raises Invalid where it is unusable."""
    return _certificate(path).not_valid_after_utc


def _load(files: CertificateFiles) -> ssl.SSLContext:
    """Check the files and return what shows them. Raises Invalid with what is wrong and the remedy."""
    certificate = _certificate(files.certificate)
    _check_key(files, certificate)
    _check_dates(files.certificate, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325: nothing older
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            msg("The certificate {path} cannot be used: {why}", path=str(files.certificate), why=str(error))
        ) from error
    return context


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(_content(path))[0]
    except ValueError as error:
        raise Invalid(
            msg("{path} holds no certificate.", path=str(path)),
            msg("It must be a PEM file: the server's certificate first, then those between it and its root."),
        ) from error


def _check_key(files: CertificateFiles, certificate: x509.Certificate) -> None:
    path = str(files.key)
    try:
        key = load_pem_private_key(_content(files.key), password=None)
    except TypeError as error:
        raise Invalid(
            msg("The key {path} is protected by a pass phrase, which nobody can type here.", path=path),
            msg("Save it without one, readable by the server's account only."),
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(
            msg("{path} holds no private key.", path=path), msg("It must be a PEM file with the key alone.")
        ) from error
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise Invalid(
            msg(
                "The key {key} does not belong to the certificate {path}.",
                key=path,
                path=str(files.certificate),
            ),
            msg("Give the two files that were made together."),
        )


def _check_dates(path: Path, certificate: x509.Certificate) -> None:
    now, until = clock.now(), certificate.not_valid_after_utc
    if certificate.not_valid_before_utc > now:
        day = _day(certificate.not_valid_before_utc)
        raise Invalid(
            msg("The certificate {path} is valid from {day} only.", path=str(path), day=day),
            msg("Check this computer's clock."),
        )
    if until <= now:
        raise Invalid(
            msg("The certificate {path} expired on {day}.", path=str(path), day=_day(until)),
            msg("Renew it. If it is new, check this computer's clock."),
        )
    if until - now < _WARN_BEFORE:
        _log.warning("the certificate expires soon", path=str(path), day=_day(until))


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(
            msg("{path} cannot be read: {why}.", path=str(path), why=os.strerror(error.errno or 0)),
            msg("Check the path, and that the server's account may read it."),
        ) from error


def _state(files: CertificateFiles) -> tuple[tuple[int, int, int], ...]:
    """What changes with the files; the parts of those that are not there are missing."""
    found = []
    for path in (files.certificate, files.key):
        try:
            about = path.stat()
        except OSError:
            continue
        found.append((about.st_mtime_ns, about.st_size, about.st_ino))
    return tuple(found)
