"""Which servers a desk believes: the authorities of the operating system, and the company's own where given.

What cannot be believed is told apart, each with its remedy: an unknown authority, another host's certificate,
one that has expired, and a server that speaks no TLS.
"""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING

from yarl import URL

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.lazy import lazy_module
from agentdesk.base.text import msg

if TYPE_CHECKING:
    import aiohttp
else:
    aiohttp = lazy_module("aiohttp")

__all__ = ["is_exposed", "tls_options", "why_unreachable"]

# Reasons of OpenSSL (x509_vfy.h): its texts change with its versions, these numbers do not.
_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64


def tls_options(authority: str) -> ssl.SSLContext | bool:
    """Return what aiohttp is to verify servers by (blocking: reads the authorities).

    ``authority`` is the path of a PEM file that is trusted besides the system's, or empty. Raises Invalid
    where it cannot be used.
    """
    if not authority:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            msg("The certificate of your company cannot be read: {path}", path=authority),
            msg("Give the path of a PEM file, or ask your administrator for one."),
            field="authority",
        ) from error
    return context


def is_exposed(server: str) -> bool:
    """Say whether what is sent to ``server`` can be read on the way: plain HTTP to another computer."""
    try:
        url = URL(server)
        host = url.host or ""
    except ValueError:
        return False
    if url.scheme != "http" or not host:
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def why_unreachable(error: Exception, server: str) -> AgentDeskError:
    """Turn what the network said into one sentence and its remedy."""
    host = URL(server).host or server
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrusted(error.certificate_error, host)
    if isinstance(error, aiohttp.ClientSSLError):
        return AgentDeskError(
            msg("{host} does not speak TLS at this address.", host=host),
            msg("Check the port, or ask your administrator whether the address begins with https://"),
        )
    return AgentDeskError(
        msg("{server} cannot be reached.", server=server), msg("Check the address and your network.")
    )


def _distrusted(error: Exception, host: str) -> AgentDeskError:
    reason = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    if reason in (_WRONG_HOST, _WRONG_ADDRESS):
        return AgentDeskError(
            msg("The server at {host} shows the certificate of another address.", host=host),
            msg("Check the address letter by letter, and ask your administrator. Nothing was sent."),
        )
    if reason in (_EXPIRED, _NOT_YET_VALID):
        return AgentDeskError(
            msg("The certificate of {host} is not valid today.", host=host),
            msg("Check this computer's date. If it is right, your administrator must renew the certificate."),
        )
    return AgentDeskError(
        msg("The certificate of {host} comes from an authority that this computer does not know.", host=host),
        msg("If your company has its own, give its certificate under More settings. Nothing was sent."),
    )
