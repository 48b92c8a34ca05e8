"""The command line. Each part is imported only when it is asked for: the window must be there at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk import __version__

if TYPE_CHECKING:
    from agentdesk.server.peers import Network
    from agentdesk.server.tls import CertificateFiles

OK, FAILED, USAGE = 0, 1, 2
_MOST_DAYS = 365


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``agentdesk`` and return the exit status: 0, 1 for a known failure, 2 for a wrong call."""
    from agentdesk.base.errors import AgentDeskError

    parsed = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(parsed)
    except AgentDeskError as error:
        print(_sentence(error), file=sys.stderr)
        return FAILED


def _run(parsed: argparse.Namespace) -> int:
    if parsed.command == "server":
        return _server(parsed)
    if parsed.command == "admin":
        from agentdesk.app.admin import command

        return command.run(parsed)
    if parsed.command == "doctor":
        from agentdesk.app import doctor

        return doctor.run(parsed)
    if parsed.command == "demo":
        from agentdesk.app.demo import main as demo

        return demo.run(parsed)
    from agentdesk.app import launch

    return launch.run(parsed)


def _server(parsed: argparse.Namespace) -> int:
    import asyncio
    import os

    from agentdesk.base import log
    from agentdesk.server import app
    from agentdesk.server.leases import LEASE_SECONDS

    log.configure(parsed.log_level)
    host, port = parsed.listen
    settings = app.ServerSettings(
        database=parsed.database,
        data=parsed.data,
        host=host,
        port=port,
        local_token=os.environ.pop("AGENTDESK_LOCAL_TOKEN", None),
        tls=_certificate_files(parsed),
        public_url=parsed.public_url or "",
        lease_seconds=float(os.environ.get("AGENTDESK_LEASE_SECONDS", LEASE_SECONDS)),
        trusted_proxies=tuple(parsed.trusted_proxy),
        offline_days=parsed.offline_days,
    )
    asyncio.run(app.run(settings, lambda address: print(f"ready {address}", flush=True)))
    return OK


def _certificate_files(parsed: argparse.Namespace) -> CertificateFiles | None:
    from agentdesk.base.errors import Invalid
    from agentdesk.base.text import msg
    from agentdesk.server.tls import CertificateFiles

    if parsed.tls_cert is None and parsed.tls_key is None:
        return None
    if parsed.tls_cert is None or parsed.tls_key is None:
        raise Invalid(msg("--tls-cert and --tls-key belong together: give both, or none."))
    return CertificateFiles(parsed.tls_cert, parsed.tls_key)


def _sentence(error: object) -> str:
    from agentdesk.base.errors import AgentDeskError
    from agentdesk.base.i18n import render

    assert isinstance(error, AgentDeskError)
    parts = [render(error.message), render(error.hint) if error.hint else ""]
    return " ".join(part for part in parts if part)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the words of a call ask for; leaves the program with a sentence where they are wrong.

    Only the command that is named learns its words: those of the server would cost the window's start dear.
    """
    parser = argparse.ArgumentParser(prog="agentdesk", description="One queue for all that customers write.")
    parser.add_argument("--version", action="version", version=f"agentdesk {__version__}")
    _desk_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text, fill in (
        ("server", "run the server", _server_options),
        ("admin", "set up people, inboxes, channels and tokens", _admin_options),
        ("doctor", "say what is wrong with a server, and what helps", _doctor_options),
        ("demo", "a small world to try everything in, on this computer only", _demo_options),
    ):
        command = commands.add_parser(name, help=text)
        if name in arguments:
            fill(command)
    return parser.parse_args(arguments)


def _desk_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, metavar="DIR", help="folder of this desk (default: your own)")
    parser.add_argument("--server", metavar="URL", help="sign in to this server")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="trust this authority of your company (PEM)")
    parser.add_argument("--language", metavar="CODE", help="language of the window, for this start")
    parser.add_argument("--theme", choices=("system", "light", "dark"), help="colours, for this start")


def _server_options(server: argparse.ArgumentParser) -> None:
    server.add_argument("--database", required=True, metavar="URL", help="sqlite:///file or postgresql://…")
    server.add_argument("--data", required=True, type=Path, metavar="DIR", help="folder of this server")
    server.add_argument("--listen", type=_address, default=("127.0.0.1", 8642), metavar="HOST:PORT")
    server.add_argument(
        "--public-url",
        type=_web_address,
        metavar="URL",
        help="where desks reach this one of several servers, without a load balancer",
    )
    server.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve HTTPS with it (PEM)")
    server.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    server.add_argument(
        "--trusted-proxy",
        type=_network,
        action="append",
        default=[],
        metavar="CIDR",
        help="take the client's address from this reverse proxy (repeatable)",
    )
    server.add_argument(
        "--offline-days",
        type=_days,
        default=7,
        metavar="DAYS",
        help="how long a desk opens what it keeps without having reached the server (default: 7)",
    )
    server.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))


def _admin_options(admin: argparse.ArgumentParser) -> None:
    from agentdesk.app.admin.arguments import admin_commands

    admin_commands(admin)


def _doctor_options(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("--database", required=True, metavar="URL", help="sqlite:///file or postgresql://…")
    doctor.add_argument("--data", type=Path, metavar="DIR", help="the server's folder")
    doctor.add_argument("--tls-cert", type=Path, metavar="FILE", help="the certificate that the server shows")
    doctor.add_argument("--json", action="store_true", help="for programs")


def _demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--headless", action="store_true", help="play an agent without a screen")
    demo.add_argument("--for", type=float, dest="seconds", metavar="SECONDS", help="how long to play")
    demo.add_argument("--out", type=Path, metavar="DIR", help="where desk.png and summary.json go")


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {_MOST_DAYS}")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _network(text: str) -> Network:
    from ipaddress import ip_network

    try:
        return ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no network such as 10.0.0.0/8: {error}") from None


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with https://")
    return text
