"""What is asked for with each post and message, and pages split without understanding what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentdesk_connectors.fields import Json, each, inner, token
from agentdesk_connectors.x.errors import nonsense

__all__ = ["MESSAGE_FIELDS", "POST_FIELDS", "Page", "page_of"]

POST_FIELDS: Mapping[str, list[str]] = {
    "expansions": [
        "author_id",
        "attachments.media_keys",
        "attachments.poll_ids",
        "entities.mentions.username",
        "referenced_tweets.id",
        "referenced_tweets.id.author_id",
    ],
    "tweet_fields": [
        "attachments",
        "author_id",
        "conversation_id",
        "created_at",
        "display_text_range",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "lang",
        "note_tweet",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
    ],
    "user_fields": [
        "affiliation",
        "name",
        "profile_image_url",
        "protected",
        "public_metrics",
        "username",
        "verified",
    ],
    "media_fields": ["alt_text", "preview_image_url", "type", "url", "variants"],
    "poll_fields": ["end_datetime", "options"],
}
MESSAGE_FIELDS: Mapping[str, list[str]] = {
    "dm_event_fields": [
        "attachments",
        "created_at",
        "dm_conversation_id",
        "entities",
        "event_type",
        "sender_id",
        "text",
    ],
    "expansions": ["attachments.media_keys", "sender_id"],
    "user_fields": ["affiliation", "name", "profile_image_url", "protected", "username", "verified"],
    "media_fields": ["alt_text", "preview_image_url", "type", "url", "variants"],
}
_KEYS = {"users": "id", "tweets": "id", "posts": "id", "media": "media_key", "polls": "id"}
_DEEP = 2


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw] = []
    includes: msgspec.Raw = msgspec.Raw(b"{}")
    errors: msgspec.Raw = msgspec.Raw(b"[]")
    meta: msgspec.Raw = msgspec.Raw(b"{}")


class Page:
    """One page of an answer: each thing in it as it came, with what was handed out beside it."""

    def __init__(self, items: Sequence[bytes], errors: Sequence[Json], following: str) -> None:
        self.items = items
        self.errors = errors
        self.following = following


def page_of(body: bytes) -> Page:
    """Return the page in an answer. Raises Nonsense where it is none."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        includes = inner(msgspec.json.decode(answer.includes))
        errors = msgspec.json.decode(answer.errors)
        meta = inner(msgspec.json.decode(answer.meta))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise nonsense() from None
    beside = {name: {token(one, key): one for one in each(includes, name)} for name, key in _KEYS.items()}
    items = [_with_its_own(one, beside) for one in answer.data]
    return Page(items, each({"errors": errors}, "errors"), token(meta, "next_token"))


def _with_its_own(raw: msgspec.Raw, beside: Mapping[str, Mapping[str, Json]]) -> bytes:
    """One thing of a list, as if it had been handed out alone."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        found = None
    named: dict[str, dict[str, Json]] = {name: {} for name in _KEYS}
    _collect(found, beside, named, _DEEP)
    includes = {name: list(ones.values()) for name, ones in named.items() if ones}
    return msgspec.json.encode({"data": raw, "includes": includes})


def _collect(
    found: Any, beside: Mapping[str, Mapping[str, Json]], named: dict[str, dict[str, Json]], deep: int
) -> None:
    """Note everything handed out beside it that ``found`` names by id, and what that names in turn."""
    for number in _ids_in(found):
        for name, known in beside.items():
            if number in known and number not in named[name]:
                named[name][number] = known[number]
                if deep:
                    _collect(known[number], beside, named, deep - 1)


def _ids_in(found: Any) -> set[str]:
    """Every text in it that could be an id."""
    if isinstance(found, str):
        return {found} if len(found) <= 40 and found[:1].isdigit() else set()
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return set().union(*(_ids_in(part) for part in parts))
