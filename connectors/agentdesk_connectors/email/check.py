"""Testing an account's settings step by step, without touching a customer."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from agentdesk.base.text import Msg, msg, plural
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import ConnectorError, Unreachable
from agentdesk_connectors.email import session as incoming
from agentdesk_connectors.email import smtp as outgoing
from agentdesk_connectors.email.credentials import Credentials
from agentdesk_connectors.email.errors import translated
from agentdesk_connectors.email.network import dial
from agentdesk_connectors.email.settings import EmailSettings, Endpoint

_PROBE_SECONDS = 4.0
_IMAP_PORTS = {993: "TLS", 143: "STARTTLS"}
_SMTP_PORTS = {465: "TLS", 587: "STARTTLS", 25: "STARTTLS"}

REACH_INCOMING = msg("Reach the server for incoming mail")
SIGN_IN_INCOMING = msg("Sign in for incoming mail")
READ_FOLDER = msg("Read the folder")
REACH_OUTGOING = msg("Reach the server for outgoing mail")
SIGN_IN_OUTGOING = msg("Sign in for outgoing mail")


async def check_incoming(
    settings: EmailSettings, credentials: Credentials
) -> AsyncGenerator[CheckStep, None]:
    """Yield the steps for incoming mail; the first that fails is the last."""
    step = REACH_INCOMING
    try:
        async with incoming.connected(settings, "check") as session:
            yield CheckStep(step, True, *_reached(settings, settings.imap))
            step = SIGN_IN_INCOMING
            await incoming.sign_in(session, settings, credentials)
            yield CheckStep(step, True, msg("Signed in as {user}.", user=settings.imap.user))
            step = READ_FOLDER
            with translated(settings.imap):
                state = await session.run(session.connection.examine, settings.folder)
            found = plural(
                "{folder} holds {count} message.",
                "{folder} holds {count} messages.",
                state.exists,
                folder=settings.folder,
            )
            yield CheckStep(step, True, found)
    except ConnectorError as error:
        yield await _failed(step, error, settings.imap, _IMAP_PORTS, reaching=step is REACH_INCOMING)


async def check_outgoing(
    settings: EmailSettings, credentials: Credentials
) -> AsyncGenerator[CheckStep, None]:
    """Yield the steps for outgoing mail; the first that fails is the last."""
    step = REACH_OUTGOING
    try:
        async with outgoing.connected(settings) as client:
            yield CheckStep(step, True, *_reached(settings, settings.smtp))
            step = SIGN_IN_OUTGOING
            await outgoing.sign_in(client, settings, credentials)
            found = msg("Signed in as {user}.", user=settings.smtp.user)
            if not client.supports_extension("auth"):
                found = msg("This server wants no sign-in.")
            yield CheckStep(step, True, found)
    except ConnectorError as error:
        yield await _failed(step, error, settings.smtp, _SMTP_PORTS, reaching=step is REACH_OUTGOING)


def _reached(settings: EmailSettings, server: Endpoint) -> tuple[Msg, Msg | None]:
    answered = msg("{host} answered on port {port}.", host=server.host, port=server.port)
    if server.security == "none":
        return answered, msg("The connection is not encrypted: use this only inside a trusted network.")
    if not settings.verify:
        return answered, msg("Its certificate is not checked: anybody in between could read the mail.")
    return answered, None


async def _failed(
    step: Msg, error: ConnectorError, server: Endpoint, ports: dict[int, str], *, reaching: bool
) -> CheckStep:
    remedy = error.hint
    if reaching and isinstance(error, Unreachable):
        remedy = await _other_port(server, ports) or remedy
    return CheckStep(step, False, error.message, remedy)


async def _other_port(server: Endpoint, ports: dict[int, str]) -> Msg | None:
    """Look for a usual port on which the server does answer."""
    for port, security in ports.items():
        if port == server.port:
            continue
        try:
            sock = await dial(server.host, port, _PROBE_SECONDS)
        except OSError:
            continue
        sock.close()
        return msg("Port {port} answered. Try it with {security}.", port=port, security=security)
    return None
