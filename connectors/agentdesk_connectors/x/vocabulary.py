"""X has two names for the same things, since posts are no longer called tweets.

Its description (https://api.x.com/2/openapi.json, version 2.168) has both: most calls are described with
``post.fields`` and what those bring, streams with ``tweet.fields``; the examples of events are in the older
words too. We ask and read in the older ones; what comes in the newer ones means the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk_connectors.fields import Json, inner

__all__ = ["NEWER", "in_older_words"]

NEWER: Mapping[str, str] = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "tweets": "posts",
}
"""The older names with the newer ones."""
_OLDER = {newer: older for older, newer in NEWER.items()}


def in_older_words(post: Json) -> Json:
    """Return a post with the older names of everything."""
    found = _renamed(post)
    figures = inner(post, "public_metrics")
    return found | ({"public_metrics": _renamed(figures)} if figures else {})


def _renamed(value: Json) -> dict[str, object]:
    return {_OLDER.get(name, name): one for name, one in value.items()}
