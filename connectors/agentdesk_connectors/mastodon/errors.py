"""What goes wrong with a server, told in the contract's errors: statuses and foreign errors end here."""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.limiter import retry_after
from agentdesk_connectors.fields import inner, parse, text
from agentdesk_connectors.http import Gone, Interrupted, Nonsense

__all__ = ["nonsense", "refusal"]

_WORDS_SHOWN = 300
_SIGN_IN_AGAIN = msg("Sign in to the account again.")


def nonsense(host: str) -> Nonsense:
    """Return the error for an answer that cannot be understood."""
    return Nonsense(
        msg("{host} does not answer like a Mastodon server.", host=host),
        msg("Check the account's address: what follows the @ must be such a server."),
    )


def refusal(host: str, status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
    """Return the error for an answer that is no success. The server's words come from its ``error`` field."""
    words = _words(body)
    if status == 429:
        return RateLimited(msg("{host} asks for a pause.", host=host), retry_after(headers))
    if status == 401:
        return AuthFailed(
            msg("{host} no longer lets us in. It said: {words}", host=host, words=words), _SIGN_IN_AGAIN
        )
    if status == 403:
        return _forbidden(host, words)
    if status in (404, 410):
        return Gone(msg("This is no longer on {host}.", host=host), words)
    if status in (400, 413, 422):
        return Rejected(msg("{host} refused it. It said: {words}", host=host, words=words), words)
    if 300 <= status < 400:
        return Unreachable(
            msg("{host} sends us elsewhere.", host=host),
            msg("Give the address of the server in the account's settings."),
        )
    if status >= 500:
        return Interrupted(msg("{host} is out of order.", host=host))
    return nonsense(host)


def _forbidden(host: str, words: str) -> ConnectorError:
    if "scope" in words.lower():
        return AuthFailed(
            msg("AgentDesk lacks a permission on {host}. It said: {words}", host=host, words=words),
            msg("Sign in to the account again, and allow everything that is asked for."),
        )
    if "login" in words.lower() or "confirm" in words.lower():
        return AuthFailed(
            msg("{host} has closed this account. It said: {words}", host=host, words=words),
            msg("Look at the account on the server's own pages."),
        )
    return Rejected(msg("{host} does not allow it. It said: {words}", host=host, words=words), words)


def _words(body: bytes) -> str:
    try:
        said = inner(parse(body))
    except Invalid:
        return ""
    return " ".join((text(said, "error_description") or text(said, "error")).split())[:_WORDS_SHOWN]
