"""May this account answer here at all, and what does it cost?

Written from https://docs.x.com/x-api/posts/manage-tweets/introduction (answers by self-serve apps since
23 February 2026: only where the author mentioned or quoted the account), the ``reply_settings`` of posts, and
the prices of https://docs.x.com/x-api/getting-started/pricing.
"""

from __future__ import annotations

from agentdesk.base.text import Msg, msg
from agentdesk.sdk.posts import Abilities, Act, Answering, Price, Visibility
from agentdesk_connectors.fields import Json, each, inner, text, token
from agentdesk_connectors.x.limits import FILES, MESSAGE_FILES, MESSAGE_TEXT, POST_TEXT
from agentdesk_connectors.x.settings import ENTERPRISE

__all__ = ["abilities_for", "is_summoned", "why_not"]

MOST_TERMS = 40
_SUMMONED = Price("0.010", "USD", with_link="0.200")
"""Of an answer to somebody who mentioned the account: what a self-serve app can post in public."""
_MESSAGE = Price("0.015", "USD")
_NOT_ALLOWED = msg("Nobody has allowed this when signing in. Sign in to the account again.")
_NOT_SOLD = msg("X has taken likes out of the plans that are paid per use.")
_NOT_SUMMONED = msg(
    "On this plan X lets us answer only where the author mentioned or quoted the account. Answer on X itself."
)
_MENTIONED_ONLY = msg("The author lets only those answer whom the post mentions.")
_SUBSCRIBERS = msg("The author lets only subscribers answer.")
_VERIFIED = msg("The author lets only verified accounts answer.")


def is_summoned(post: Json, quoted: Json, me: str) -> bool:
    """Say whether the author of ``post`` speaks to us: mentions us, quotes us or answers us."""
    mentions = each(inner(post, "entities"), "mentions")
    named = any(token(one, "id") == me for one in mentions)
    answered = token(post, "in_reply_to_user_id") == me
    return bool(me) and (named or answered or token(quoted, "author_id") == me)


def why_not(post: Json, *, summoned: bool, tier: str, verified: bool) -> Msg | None:
    """Say why X would refuse an answer to ``post`` by this account in public; None where nothing is known
    against it. Whoever is mentioned may always answer."""
    if summoned:
        return None
    if tier != ENTERPRISE:
        return _NOT_SUMMONED
    match text(post, "reply_settings", 30):
        case "mentionedUsers":
            return _MENTIONED_ONLY
        case "subscribers":
            return _SUBSCRIBERS
        case "verified" if not verified:
            return _VERIFIED
    return None


def abilities_for(tier: str, lacking: tuple[str, ...]) -> Abilities:
    """Return what an account can do, whose sign-in lacks the permissions ``lacking``."""
    files = "media.write" not in lacking
    public = Answering(
        Visibility.PUBLIC,
        _NOT_ALLOWED if "tweet.write" in lacking else None,
        POST_TEXT,
        FILES if files else None,
        None if tier == ENTERPRISE else _SUMMONED,
    )
    private = Answering(
        Visibility.PRIVATE,
        _NOT_ALLOWED if "dm.write" in lacking else None,
        MESSAGE_TEXT,
        MESSAGE_FILES if files else None,
        None if tier == ENTERPRISE else _MESSAGE,
    )
    needed = {Act.DELETE: "tweet.write", Act.HIDE: "tweet.moderate.write", Act.LIKE: "like.write"}
    denied = {act: _NOT_ALLOWED for act, scope in needed.items() if scope in lacking}
    if tier != ENTERPRISE:
        denied[Act.LIKE] = _NOT_SOLD
    return Abilities(
        answers=(public, private),
        acts=tuple(act for act in needed if act not in denied),
        denied=denied,
        terms=MOST_TERMS,
        tier=tier,
    )
