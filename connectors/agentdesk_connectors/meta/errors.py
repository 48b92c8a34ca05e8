"""The Graph's codes and subcodes, told in the contract's errors, each with what to do about it.

Written from https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/messenger-platform/error-codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.limiter import retry_after
from agentdesk_connectors import fields
from agentdesk_connectors.http import Gone, Interrupted, Nonsense
from agentdesk_connectors.meta.usage import usage_in

__all__ = [
    "AlreadyAnswered",
    "NotAvailable",
    "PermissionMissing",
    "Refusal",
    "WindowClosed",
    "nonsense",
    "refusal",
    "refusal_in",
    "window_closed",
]

_WORDS_SHOWN = 300
_PATIENCE = 300.0
"""Seconds to wait where the network does not say for how long."""
_NEW_TOKEN = msg("Sign in to the account again, or give a new access token.")
_GIVE_BACK = msg("Sign in to the account again, and allow everything that is asked for.")

_DEAD: Mapping[int, tuple[Msg, Msg]] = {
    458: (
        msg("The app was removed from the account of whoever had signed in."),
        _GIVE_BACK,
    ),
    459: (
        msg("The network wants whoever had signed in to prove who they are."),
        msg("Let them open the network in a browser, do what it asks for, and sign in here again."),
    ),
    460: (msg("The password of whoever had signed in was changed."), _NEW_TOKEN),
    463: (msg("The access token has expired."), _NEW_TOKEN),
    464: (
        msg("The account of whoever had signed in is not confirmed."),
        msg("Let them open the network in a browser, do what it asks for, and sign in here again."),
    ),
    467: (msg("The access token is not valid any more."), _NEW_TOKEN),
    492: (
        msg("Whoever had signed in has no part in the page any more."),
        msg("Let somebody sign in who manages the page."),
    ),
}
_DEAD_CODES = (102, 190)
_BUSY = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
_PASSING = frozenset({1, 2, 1200})
_PERMISSIONS = frozenset({3, 10, *range(200, 300)})
_GONE = frozenset({(100, 33), (803, 0)})
_WINDOW = frozenset({2018278, 2534022})
_AWAY = frozenset({551, 10901, 1545041, 2018001, 2018108, 2534014})
_ANSWERED = frozenset({10900})
_TOO_LATE = frozenset({10903})
_CONSENT = 230
_ABUSE = 368
_TWICE = 506
_PROOF = "appsecret_proof"


class WindowClosed(Rejected):
    """The time in which the person may be written to is over."""


class PermissionMissing(AuthFailed):
    """A permission is missing: to everything of its kind, or to this one thing. The token's own permissions
    tell which."""


class NotAvailable(Rejected):
    """The person cannot be written to: they have blocked us, or left."""


class AlreadyAnswered(Rejected):
    """A private answer to this was sent before; there may be one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the Graph says when it refuses; ``subcode`` is 0 where there is none. ``words`` are meant for
    people where it has such."""

    code: int
    subcode: int
    words: str
    transient: bool = False


def refusal_in(body: bytes) -> Refusal | None:
    """Return the refusal in an answer; None where there is none."""
    try:
        found = fields.inner(fields.parse(body), "error")
    except Invalid:
        return None
    code = fields.number(found, "code")
    if code is None:
        return None
    words = fields.text(found, "error_user_msg") or fields.text(found, "message")
    subcode = fields.number(found, "error_subcode") or 0
    return Refusal(code, subcode, " ".join(words.split())[:_WORDS_SHOWN], fields.flag(found, "is_transient"))


def nonsense(host: str) -> Nonsense:
    """Return the error for an answer that cannot be understood."""
    return Nonsense(
        msg("{host} does not answer like the Graph.", host=host),
        msg("It is asked again by itself in a while."),
    )


def window_closed(answer: str = "") -> WindowClosed:
    """Return the error for a message that comes too late."""
    return WindowClosed(
        msg("The network does not let us write to this person now: too long ago they wrote to us."),
        answer,
        msg("Wait until they write again, or reach them in another way."),
    )


def refusal(host: str, status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
    """Return the error for an answer that is no success."""
    said = refusal_in(body)
    if said is None:
        return _without_words(host, status, headers)
    if said.code in _BUSY:
        return RateLimited(msg("{host} asks for a pause.", host=host), _pause(headers))
    if said.code in _DEAD_CODES:
        return _dead(host, said)
    if (final := _final(said)) is not None:
        return final
    if said.code in _PASSING or said.transient or status >= 500:
        return Interrupted(msg("{host} is out of order.", host=host))
    if said.code in _PERMISSIONS:
        return PermissionMissing(
            msg("A permission is missing. {host} said: {words}", host=host, words=said.words), _GIVE_BACK
        )
    return _refused(host, said)


def _without_words(host: str, status: int, headers: Mapping[str, str]) -> ConnectorError:
    if status == 429:
        return RateLimited(msg("{host} asks for a pause.", host=host), _pause(headers))
    if status >= 500:
        return Interrupted(msg("{host} is out of order.", host=host))
    if 300 <= status < 400:
        return Unreachable(msg("{host} sends us elsewhere.", host=host))
    return nonsense(host)


def _pause(headers: Mapping[str, str]) -> float:
    return usage_in(headers).pause or retry_after(headers, _PATIENCE)


def _dead(host: str, said: Refusal) -> AuthFailed:
    if said.subcode in _DEAD:
        message, hint = _DEAD[said.subcode]
        return AuthFailed(message, hint)
    return AuthFailed(
        msg("{host} no longer lets us in. It said: {words}", host=host, words=said.words), _NEW_TOKEN
    )


def _final(said: Refusal) -> Rejected | None:
    """What is refused for good, whatever else its code may mean."""
    both = {said.code, said.subcode}
    if both & _WINDOW:
        return window_closed(said.words)
    if both & _ANSWERED:
        return AlreadyAnswered(
            msg("This was answered in private before, and there may be one such answer."),
            said.words,
            msg("Answer in public, or wait until they write to you."),
        )
    if both & _TOO_LATE:
        return WindowClosed(msg("This cannot be answered in private, or not any more."), said.words)
    if said.code == _CONSENT and "consent" in said.words.lower():  # else it is one of many permissions
        return Rejected(msg("This person has not agreed to be known here."), said.words)
    if both & _AWAY:
        return NotAvailable(msg("This person does not receive messages from us."), said.words)
    if (said.code, said.subcode) in _GONE:
        return Gone(msg("This is no longer there, or not for us to see."), said.words)
    return None


def _refused(host: str, said: Refusal) -> ConnectorError:
    if said.code == _ABUSE:
        return Rejected(
            msg(
                "{host} holds this for abuse and blocks it for now. It said: {words}",
                host=host,
                words=said.words,
            ),
            said.words,
            msg("Look at the page's support inbox on the network."),
        )
    if said.code == _TWICE:
        return Rejected(msg("The same was posted just before."), said.words)
    if said.code == 100 and _PROOF in said.words:
        return AuthFailed(
            msg("The app secret does not belong to the access token."),
            msg("Look the app secret up in the app's settings, and give it again."),
        )
    return Rejected(msg("{host} refused it. It said: {words}", host=host, words=said.words), said.words)
