"""What goes wrong with a service, told in the contract's errors: its names for errors end here.

Written from https://atproto.com/specs/xrpc (error responses) and the ``errors`` of the published lexicons.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.limiter import retry_after
from agentdesk_connectors.fields import inner, parse, text
from agentdesk_connectors.http import Gone, Interrupted, Nonsense

__all__ = ["Forbidden", "Stale", "Taken", "nonsense", "refusal"]

_WORDS_SHOWN = 300
_NEW_PASSWORD = msg("Make a new app password on Bluesky, and give it to this account.")
_LOOK = msg("Look at the account on Bluesky's own pages.")
_ALLOW = msg("Make an app password that allows access to direct messages, and give it to this account.")
_CLOSED: Mapping[str, Msg] = {
    "AccountTakedown": msg("Bluesky has taken this account down."),
    "AccountSuspended": msg("Bluesky has suspended this account."),
    "AccountDeactivated": msg("This account has been deactivated."),
    "AuthFactorTokenRequired": msg("Bluesky asks for a code by mail: this is the account's own password."),
}
_NOBODY = ("AuthMissing", "AuthenticationRequired", "ExpiredToken", "InvalidToken")
_GONE = ("RecordNotFound", "NotFound", "BlobNotFound", "InvalidConvo", "ReplyTargetNotFound")
_GONE_IN_WORDS = ("Could not locate record", "Convo not found")
_REFUSED: Mapping[str, Msg] = {
    "MessagesDisabled": msg("They take no private messages."),
    "NotFollowedBySender": msg("They take private messages only from accounts that they follow."),
    "RecipientNotFound": msg("This account is no longer there."),
    "BlockedActor": msg("They have blocked this account."),
    "BlockedSubject": msg("This account has blocked them."),
    "ConvoLocked": msg("This talk has been closed."),
    "BlobTooLarge": msg("The file is too large for Bluesky."),
}
# The chat service gives most refusals the name InvalidRequest, and says why in words only.
_IN_WORDS: tuple[tuple[str, str], ...] = (
    ("disabled incoming", "MessagesDisabled"),
    ("someone they follow", "NotFollowedBySender"),
    ("to follow you", "NotFollowedBySender"),
    ("block between", "BlockedActor"),
    ("does not exist", "RecipientNotFound"),
)


class Stale(AuthFailed):
    """The token is known no longer: a new one may do."""


class Forbidden(AuthFailed):
    """The app password does not allow this."""


class Taken(Rejected):
    """Another record stands under this key."""


def nonsense(host: str) -> Nonsense:
    """Return the error for an answer that cannot be understood."""
    return Nonsense(
        msg("{host} does not answer like a server of the AT Protocol.", host=host),
        msg("Check the address of the server in the account's settings."),
    )


def refusal(host: str, status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
    """Return the error for an answer that is no success: by its ``error``, then by its status."""
    name, words = _said(body)
    if status == 429 or name == "RateLimitExceeded":
        return RateLimited(msg("{host} asks for a pause.", host=host), retry_after(headers))
    if name in _CLOSED:
        hint = _NEW_PASSWORD if name == "AuthFactorTokenRequired" else _LOOK
        return AuthFailed(_CLOSED[name], hint)
    if _is_forbidden(status, name, words):
        return Forbidden(msg("The app password does not allow this. It said: {words}", words=words), _ALLOW)
    if status == 401 or name in _NOBODY:
        said = msg("{host} does not let us in. It said: {words}", host=host, words=words or name)
        return Stale(said, _NEW_PASSWORD)
    if status in (404, 410) or name in _GONE or words.startswith(_GONE_IN_WORDS):
        return Gone(msg("This is no longer on Bluesky."), words)
    if name == "InvalidSwap":
        return Taken(msg("Another record stands there."), words)
    if 300 <= status < 400:
        return Unreachable(
            msg("{host} sends us elsewhere.", host=host),
            msg("Give the address of the server in the account's settings."),
        )
    if status >= 500:
        return Interrupted(msg("{host} is out of order.", host=host))
    return _rejection(host, name, words) if status >= 400 else nonsense(host)


def _rejection(host: str, name: str, words: str) -> Rejected:
    lower = words.lower()
    known = next((meant for said, meant in _IN_WORDS if said in lower), name)
    if known in _REFUSED:
        return Rejected(_REFUSED[known], words)
    return Rejected(msg("{host} refused it. It said: {words}", host=host, words=words or name), words)


def _is_forbidden(status: int, name: str, words: str) -> bool:
    """Refused for what the password may do: ``Bad token scope``, ``Bad token method``; 403 elsewhere."""
    lower = words.lower()
    return status == 403 or (name == "InvalidToken" and ("scope" in lower or "method" in lower))


def _said(body: bytes) -> tuple[str, str]:
    try:
        said = inner(parse(body))
    except Invalid:
        return "", ""
    words = " ".join(text(said, "message").split())[:_WORDS_SHOWN]
    return text(said, "error", 100), words
