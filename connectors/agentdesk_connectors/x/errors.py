"""What goes wrong with X, told in the contract's errors: statuses and problems end here.

Written from https://docs.x.com/x-api/fundamentals/response-codes-and-errors.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.limiter import retry_after
from agentdesk_connectors.fields import Json, each, inner, parse, text
from agentdesk_connectors.http import Gone, Interrupted, Nonsense

__all__ = ["Duplicate", "NoAccess", "nonsense", "problem_of", "refusal"]

_WORDS_SHOWN = 300
_CAP_PAUSE = 3_600.0
_SIGN_IN_AGAIN = msg("Sign in to the account again.")
_LOOK_THERE = msg("Look at the account on X itself.")
_DAYS = ("x-app-limit-24hour-", "x-user-limit-24hour-")


class Duplicate(Rejected):
    """X takes no second post that says the same within a short time."""


class NoAccess(AuthFailed):
    """The app's plan does not include a call; others go on."""


def nonsense() -> Nonsense:
    """Return the error for an answer that cannot be understood."""
    return Nonsense(msg("X answers nonsense."), msg("It is asked again by itself in a while."))


def problem_of(body: bytes) -> Json:
    """Return what an answer says of a problem; nothing where it is no such thing (a page, a torn answer)."""
    try:
        return inner(parse(body))
    except Invalid:
        return {}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ConnectorError:
    """Return the error for an answer that is no success."""
    problem = problem_of(body)
    words, kind = _words(problem), text(problem, "type", 300).rpartition("/")[2]
    if status == 429:
        return _too_many(kind, headers)
    if status == 401:
        return AuthFailed(msg("X no longer lets us in. It said: {words}", words=words), _SIGN_IN_AGAIN)
    if status == 402:
        return AuthFailed(
            msg("There is no credit left at X. It said: {words}", words=words),
            msg("Buy credit at developer.x.com, in the settings of the app."),
        )
    if status == 403:
        return _forbidden(kind, words)
    if status in (404, 410):
        return Gone(msg("This is no longer on X."), words)
    if status in (400, 409, 413, 415, 422):
        return Rejected(msg("X refused it. It said: {words}", words=words), words)
    if status >= 500:
        return Interrupted(msg("X is out of order."))
    if 300 <= status < 400:
        return Unreachable(msg("X sends us elsewhere."))
    return nonsense()


def _too_many(kind: str, headers: Mapping[str, str]) -> RateLimited:
    """For how long: X counts in windows of 15 minutes, in days, and reads in months."""
    told = {name.lower(): value for name, value in headers.items()}
    if kind == "usage-capped":
        return RateLimited(msg("This month's allowance of reads at X is used up."), _CAP_PAUSE)
    for day in _DAYS:
        if told.get(f"{day}remaining", "").strip() == "0":
            reset = {"x-rate-limit-reset": told.get(f"{day}reset", "")}
            return RateLimited(msg("X allows no more of this for today."), retry_after(reset, _CAP_PAUSE))
    return RateLimited(msg("X asks for a pause."), retry_after(headers))


_REFUSALS: tuple[tuple[str, Msg], ...] = (
    ("not been mentioned", msg("X lets us answer only where the author mentioned or quoted the account.")),
    ("reply to this conversation is not allowed", msg("The author does not allow answers by this account.")),
    ("deleted or not visible", msg("The post that this answers is gone, or hidden from this account.")),
    ("permission to dm", msg("They do not take direct messages from this account.")),
    ("cannot send messages to this user", msg("They do not take direct messages from this account.")),
    ("blocked", msg("They have blocked this account.")),
    ("protected", msg("Their posts are protected: only their followers can see and answer them.")),
    ("not permitted to perform this action", msg("X does not let this account do that here.")),
)
_ACCESS = ("client-forbidden", "client-not-enrolled", "unsupported-authentication", "oauth1-permissions")


def _forbidden(kind: str, words: str) -> ConnectorError:
    """Generic words stand for a permission that is missing; all others say what is not allowed here."""
    said = words.lower()
    if kind in _ACCESS:
        return NoAccess(
            msg("X does not give this app access. It said: {words}", words=words),
            msg("Look at the app's plan and permissions at developer.x.com."),
        )
    if "account is suspended" in said or "temporarily locked" in said:
        return AuthFailed(msg("X has closed this account. It said: {words}", words=words), _LOOK_THERE)
    if "duplicate" in said:
        return Duplicate(msg("X takes no post that says the same as one before."), words)
    for part, message in _REFUSALS:
        if part in said:
            return Rejected(message, words)
    if said in ("", "forbidden", "forbidden."):
        return AuthFailed(
            msg("AgentDesk lacks a permission on X."),
            msg("Sign in to the account again, and allow everything that is asked for."),
        )
    return Rejected(msg("X does not allow it. It said: {words}", words=words), words)


def _words(problem: Json) -> str:
    """What X says, in its own words."""
    first = next(iter(each(problem, "errors")), {})
    names = ("detail", "error_description", "error", "title")
    said = next((text(problem, name) for name in names if text(problem, name)), "")
    more = text(first, "message") or text(first, "detail")
    if said == "One or more parameters to your request was invalid." or not said:
        said = more or said
    return " ".join(said.split())[:_WORDS_SHOWN]
