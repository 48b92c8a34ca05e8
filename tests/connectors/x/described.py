"""What X's published description says of the calls that the connector makes, and a check against it.

Noted down, in our own short form, from https://api.x.com/2/openapi.json (version 2.168; also ``openapi.json``
of https://github.com/xdevplatform/docs). A field is a format, a shape (``#name``), a list of one of them, or
a tuple of the values that it may have; ``?`` after its name: it may be missing. What is not named here is
refused. That posts and people always have what X gives without being asked is from the data dictionary.

The description names posts twice (see `agentdesk_connectors.x.vocabulary`); here the older words stand, as
its streams have them. What it is silent on comes from the guides at https://docs.x.com, and says so.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

__all__ = [
    "ANSWERS",
    "BODIES",
    "EVENTS",
    "PARAMETERS",
    "PROBLEM",
    "SUBSCRIBABLE",
    "VALUES",
    "body_fields",
    "check",
]

_TAG = {"start": "integer", "end": "integer", "tag": "string"}
_MENTION = {"start": "integer", "end": "integer", "username?": "handle", "id?": "id"}
_FILTER = {"user_id?": "id", "keyword?": "string", "direction?": ("inbound", "outbound")}
_PROBLEMS = (
    "disallowed-resource",
    "field-hydration-failure",
    "field-unauthorized",
    "internal-error",
    "invalid-request",
    "not-authorized-for-field",
    "not-authorized-for-resource",
    "recipient-not-messageable",
    "resource-not-found",
    "resource-unavailable",
)
_PROBLEMS_OF_GUIDES = ("client-forbidden", "credits", "unsupported-authentication", "usage-capped")
"""https://docs.x.com/x-api/fundamentals/response-codes-and-errors."""
PROBLEM: dict[str, Any] = {
    "type": (
        "about:blank",
        *(f"https://api.x.com/2/problems/{one}" for one in _PROBLEMS + _PROBLEMS_OF_GUIDES),
    ),
    "title": "string",
    "detail": "string",
    "status?": "integer",
    "resource_type?": "string",
    "resource_id?": "string",
    "parameter?": "string",
    "value?": "string",
    "section?": "string",
    "field?": "string",
}
_NEEDED = {"resource-not-found": "resource_type", "not-authorized-for-resource": "resource_type"}
"""What problems of a kind must name besides."""

SHAPES: dict[str, dict[str, Any]] = {
    "problem": PROBLEM,
    "includes": {
        "users?": ["#user"],
        "tweets?": ["#post"],
        "media?": ["#media"],
        "polls?": ["#poll"],
        "places?": ["unknown"],
        "topics?": ["unknown"],
    },
    "post": {
        "id": "id",
        "text": "string",
        "edit_history_tweet_ids": ["id"],
        "author_id?": "id",
        "conversation_id?": "id",
        "created_at?": "datetime",
        "display_text_range?": ["integer"],
        "in_reply_to_user_id?": "id",
        "lang?": "string",
        "possibly_sensitive?": "boolean",
        "paid_partnership?": "boolean",
        "reply_settings?": (
            "everyone",
            "mentionedUsers",
            "following",
            "other",
            "subscribers",
            "verified",
        ),
        "attachments?": "#attachments",
        "entities?": "#entities",
        "note_tweet?": "#note",
        "public_metrics?": "#figures",
        "referenced_tweets?": ["#reference"],
    },
    "attachments": {"media_keys?": ["media_key"], "poll_ids?": ["id"], "media_source_tweet_id?": ["id"]},
    "entities": {"urls?": ["#url"], "mentions?": ["#mention"], "hashtags?": ["#tag"], "cashtags?": ["#tag"]},
    "note": {"text": "string", "entities?": "#entities"},
    "figures": {
        "retweet_count": "integer",
        "reply_count": "integer",
        "like_count": "integer",
        "quote_count": "integer",
        "bookmark_count": "integer",
        "impression_count": "integer",
    },
    "reference": {"type": ("retweeted", "quoted", "replied_to"), "id": "id"},
    "mention": _MENTION,
    "tag": _TAG,
    "url": {
        "start": "integer",
        "end": "integer",
        "url?": "uri",
        "expanded_url?": "uri",
        "display_url?": "string",
        "unwound_url?": "uri",
        "media_key?": "media_key",
        "title?": "string",
        "description?": "string",
        "status?": "integer",
        "images?": ["unknown"],
    },
    "user": {
        "id": "id",
        "name": "string",
        "username": "handle",
        "affiliation?": "#affiliation",
        "created_at?": "datetime",
        "description?": "string",
        "location?": "string",
        "profile_image_url?": "uri",
        "protected?": "boolean",
        "public_metrics?": "#followers",
        "url?": "string",
        "verified?": "boolean",
        "verified_type?": ("blue", "government", "business", "none"),
    },
    "affiliation": {"badge_url?": "uri", "description?": "string", "url?": "uri", "user_id?": ["id"]},
    "followers": {
        "followers_count": "integer",
        "following_count": "integer",
        "tweet_count": "integer",
        "listed_count": "integer",
        "like_count?": "integer",
        "media_count?": "integer",
    },
    "media": {
        "media_key": "media_key",
        "type": ("animated_gif", "photo", "video"),
        "url?": "uri",
        "alt_text?": "string",
        "preview_image_url?": "uri",
        "variants?": ["#variant"],
        "duration_ms?": "integer",
        "height?": "integer",
        "width?": "integer",
    },
    "variant": {"bit_rate?": "integer", "content_type?": "string", "url?": "uri"},
    "poll": {
        "id": "id",
        "options": ["#option"],
        "duration_minutes?": "integer",
        "end_datetime?": "datetime",
        "voting_status?": ("open", "closed"),
    },
    "option": {"position": "integer", "label": "string", "votes": "integer"},
    "message": {
        "id": "id",
        "event_type": ("MessageCreate", "ParticipantsJoin", "ParticipantsLeave"),
        "text?": "string",
        "attachments?": "#messageFiles",
        "created_at?": "datetime",
        "dm_conversation_id?": "talk",
        "entities?": "#messageEntities",
        "participant_ids?": ["id"],
        "referenced_tweets?": ["unknown"],
        "sender_id?": "id",
    },
    "messageFiles": {"media_keys?": ["media_key"], "card_ids?": ["string"]},
    "messageEntities": {
        "urls?": ["#messageUrl"],
        "mentions?": ["#mention"],
        "hashtags?": ["#tag"],
        "cashtags?": ["#tag"],
    },
    "messageUrl": {
        "start": "integer",
        "end": "integer",
        "url": "uri",
        "expanded_url?": "uri",
        "display_url?": "string",
    },
    "page": {
        "result_count?": "integer",
        "next_token?": "page_token",
        "previous_token?": "page_token",
        "newest_id?": "id",
        "oldest_id?": "id",
    },
    "created": {"id": "id", "text": "string", "edit_history_tweet_ids?": ["id"]},
    "written": {"dm_conversation_id": "talk", "dm_event_id": "id"},
    "deleted": {"deleted": "boolean"},
    "hidden": {"hidden?": "boolean"},
    "liked": {"liked": "boolean"},
    "usage": {
        "cap_reset_day?": "integer",
        "daily_client_app_usage?": ["unknown"],
        "daily_project_usage?": "unknown",
        "project_cap?": "figure",
        "project_id?": "id",
        "project_usage?": "figure",
    },
    "begun": {"id": "id", "media_key?": "media_key", "expires_after_secs?": "integer"},
    "appended": {"expires_at?": "integer"},
    "file": {
        "id": "id",
        "media_key?": "media_key",
        "expires_after_secs?": "integer",
        "size?": "integer",
        "processing_info?": "#processing",
        "image?": "unknown",
        "video?": "unknown",
    },
    "processing": {
        "state?": ("pending", "in_progress", "failed", "succeeded"),
        "check_after_secs?": "integer",
        "progress_percent?": "integer",
        "error?": "#processingError",
    },
    # of the guide: https://developer.x.com/en/docs/media/upload-media/api-reference/get-media-upload-status
    "processingError": {"code": "integer", "name": "string", "message?": "string"},
    "metadata": {"id": "id", "associated_metadata?": "unknown"},
    "filter": _FILTER,
    "subscription": {
        "subscription_id?": "id",
        "event_type?": "string",
        "filter?": "#filter",
        "tag?": "string",
        "webhook_id?": "id",
        "created_at?": "string",
        "updated_at?": "string",
    },
    "subscribed": {"subscription?": "#subscription"},
    # of the guide: https://docs.x.com/x-api/activity/event-payloads
    "oldMessages": {"direct_message_events": ["#oldMessage"], "users": "{#boxed}"},
    "boxed": {"data": "#user"},
    "oldMessage": {
        "type": ("message_create",),
        "id": "id",
        "created_timestamp": "figure",
        "message_create": "#oldMessageCreate",
    },
    "oldMessageCreate": {"target": "#oldTarget", "sender_id": "id", "message_data": "#oldData"},
    "oldTarget": {"recipient_id": "id"},
    "oldData": {"text": "string", "entities": "unknown", "attachment?": "#oldAttachment"},
    "oldAttachment": {"type": ("media",), "media": "#oldMedia"},
    "oldMedia": {"id_str": "id", "type": ("photo", "video", "animated_gif"), "media_url_https": "uri"},
}


def _one(shape: str) -> dict[str, Any]:
    return {"data?": shape, "errors?": ["#problem"]}


def _many(shape: str) -> dict[str, Any]:
    return {"data?": [shape], "includes?": "#includes", "meta?": "#page", "errors?": ["#problem"]}


ANSWERS: dict[str, dict[str, Any]] = {
    "GET /2/users/me": {"data?": "#user", "includes?": "#includes", "errors?": ["#problem"]},
    "GET /2/users/{id}/mentions": _many("#post"),
    "GET /2/users/{id}/tweets": _many("#post"),
    "GET /2/tweets/search/recent": _many("#post"),
    "GET /2/tweets": _many("#post"),
    "POST /2/tweets": _one("#created"),
    "DELETE /2/tweets/{id}": _one("#deleted"),
    "PUT /2/tweets/{id}/hidden": _one("#hidden"),
    "POST /2/users/{id}/likes": _one("#liked"),
    "DELETE /2/users/{id}/likes/{post}": _one("#liked"),
    "GET /2/dm_events": _many("#message"),
    "DELETE /2/dm_events/{id}": _one("#deleted"),
    "GET /2/dm_conversations/{talk}/dm_events": _many("#message"),
    "POST /2/dm_conversations/with/{id}/messages": _one("#written"),
    "POST /2/dm_conversations/{talk}/messages": _one("#written"),
    "GET /2/usage/tweets": _one("#usage"),
    "POST /2/media/upload/initialize": _one("#begun"),
    "POST /2/media/upload/{id}/append": _one("#appended"),
    "POST /2/media/upload/{id}/finalize": _one("#file"),
    "GET /2/media/upload": _one("#file"),
    "POST /2/media/metadata": _one("#metadata"),
    "GET /2/activity/subscriptions": {"data?": ["#subscription"], "errors?": ["#problem"]},
    "POST /2/activity/subscriptions": _one("#subscribed"),
    "DELETE /2/activity/subscriptions/{id}": _one("#deleted"),
}


_EVENT = {"event_uuid": "id", "filter": "#filter", "event_type": "string", "tag?": "string"}
SHAPES |= {
    "postEvent": {**_EVENT, "payload": "#post", "includes?": "#includes"},
    "messageEvent": {**_EVENT, "payload": "#oldMessages", "includes?": "#includes"},
}
EVENTS: dict[str, dict[str, Any]] = {
    "post.mention.create": {"data": "#postEvent"},
    "post.reply.create": {"data": "#postEvent"},
    "post.quote.create": {"data": "#postEvent"},
    "dm.received": {"data": "#messageEvent"},
    "dm.sent": {"data": "#messageEvent"},
}
"""Lines of the stream. Those of direct messages are in the guide only."""
SUBSCRIBABLE = {*EVENTS, "chat.received", "oauth.revoke"}
"""Of what can be subscribed to, what concerns us; the last one is in the guide only."""

# --- what may be asked ---

_SHOWN = {"expansions", "user.fields", "media.fields", "post.fields", "tweet.fields"}
_POSTS = _SHOWN | {"poll.fields", "place.fields"}
_SPAN = {"max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time"}
_MESSAGES = _SHOWN | {"dm_event.fields", "max_results", "pagination_token", "event_types"}
PARAMETERS: dict[str, set[str]] = {
    "GET /2/users/me": {"user.fields", "expansions", "post.fields", "tweet.fields"},
    "GET /2/users/{id}/mentions": _POSTS | _SPAN,
    "GET /2/users/{id}/tweets": _POSTS | _SPAN | {"exclude"},
    "GET /2/tweets/search/recent": _POSTS | _SPAN | {"query", "next_token", "sort_order"},
    "GET /2/tweets": _POSTS | {"ids"},
    "GET /2/dm_events": _MESSAGES,
    "GET /2/dm_conversations/{talk}/dm_events": _MESSAGES,
    "GET /2/usage/tweets": {"days", "usage.fields"},
    "GET /2/media/upload": {"command", "media_id"},
    "GET /2/activity/subscriptions": {"max_results", "pagination_token"},
    "GET /2/activity/stream": {"backfill_minutes", "start_time", "end_time"},
}
_WRITTEN = {"text", "attachments", "attachments.media_id"}
BODIES: dict[str, set[str]] = {
    "POST /2/tweets": {
        *("card_uri", "community_id", "direct_message_deep_link", "edit_options", "geo", "made_with_ai"),
        *("for_super_followers_only", "nullcast", "paid_partnership", "poll", "quote_tweet_id"),
        *("reply_settings", "share_with_followers", "text", "reply", "media"),
        *("reply.in_reply_to_tweet_id", "reply.exclude_reply_user_ids"),
        *("reply.auto_populate_reply_metadata", "media.media_ids", "media.tagged_user_ids"),
    },
    "PUT /2/tweets/{id}/hidden": {"hidden"},
    "POST /2/users/{id}/likes": {"tweet_id"},
    "POST /2/dm_conversations/with/{id}/messages": _WRITTEN,
    "POST /2/dm_conversations/{talk}/messages": _WRITTEN,
    "POST /2/media/upload/initialize": {
        *("additional_owners", "media_category", "media_type", "shared", "total_bytes"),
    },
    "POST /2/media/metadata": {"id", "metadata", "metadata.alt_text", "metadata.alt_text.text"},
    "POST /2/activity/subscriptions": {
        *("event_type", "filter", "tag", "webhook_id"),
        *("filter.user_id", "filter.keyword", "filter.direction", "filter.qualifiers"),
    },
}
VALUES: dict[str, set[str]] = {
    "tweet_fields": {
        *("article", "attachments", "author_id", "card_uri", "community_id", "context_annotations"),
        *("conversation_id", "created_at", "display_text_range", "edit_controls", "edit_history_tweet_ids"),
        *("entities", "geo", "id", "in_reply_to_user_id", "lang", "media_metadata", "note_tweet"),
        *("paid_partnership", "possibly_sensitive", "public_metrics", "referenced_tweets"),
        *("reply_settings", "scopes", "source", "text", "withheld"),
    },
    "expansions": {
        *("article.cover_media", "article.media_entities", "attachments.media_keys", "author_id"),
        *("attachments.media_source_tweet", "attachments.poll_ids", "edit_history_tweet_ids"),
        *("entities.mentions.username", "entities.note.mentions.username", "geo.place_id"),
        *("in_reply_to_user_id", "referenced_tweets.id", "referenced_tweets.id.attachments.media_keys"),
        *("referenced_tweets.id.author_id", "sender_id", "participant_ids"),
    },
    "user_fields": {
        *("affiliation", "confirmed_email", "connection_status", "created_at", "description", "entities"),
        *("id", "is_identity_verified", "location", "most_recent_tweet_id", "name", "parody"),
        *("pinned_tweet_id", "profile_banner_url", "profile_image_url", "protected", "public_metrics"),
        *("receives_your_dm", "subscription", "subscription_type", "url", "username", "verified"),
        *("verified_followers_count", "verified_type", "withheld"),
    },
    "media_fields": {
        *("alt_text", "duration_ms", "height", "media_key", "preview_image_url", "public_metrics"),
        *("type", "url", "variants", "width"),
    },
    "poll_fields": {"duration_minutes", "end_datetime", "id", "options", "voting_status"},
    # the last two: its older editions, and the guide to direct messages
    "dm_event_fields": {
        *("attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "text"),
        *("sender_id", "participant_ids"),
    },
}
"""What fields and expansions may be asked for: X says nothing where it does not know one."""

_FORMATS = {
    "id": r"[0-9]{1,19}",
    "figure": r"[0-9]{1,15}",
    "media_key": r"[0-9]+_[0-9]+",
    "talk": r"[0-9]{1,19}-[0-9]{1,19}|[0-9]{15,19}",
    "handle": r"[A-Za-z0-9_]{1,15}",
    "page_token": r".{16,}",
    "uri": r"https?://\S+",
    "string": r"(?s).*",
}


def check(shape: dict[str, Any], found: Any, where: str) -> None:
    """Raise AssertionError where ``found`` is not as ``shape`` says."""
    assert isinstance(found, dict), where
    unknown = set(found) - {name.rstrip("?") for name in shape}
    assert not unknown, f"{where}: {unknown} is not described"
    for name, kind in shape.items():
        if not name.endswith("?"):
            assert name in found, f"{where}.{name} is missing"
        if name.rstrip("?") in found:
            _check_value(kind, found[name.rstrip("?")], f"{where}.{name}")
    if shape is PROBLEM:
        needed = _NEEDED.get(found["type"].rpartition("/")[2], "type")
        assert needed in found, f"{where}.{needed} is missing"


def _check_value(kind: Any, value: Any, where: str) -> None:
    if isinstance(kind, tuple):
        assert value in kind, f"{where}: {value}"
    elif isinstance(kind, list):
        assert isinstance(value, list), where
        for one in value:
            _check_value(kind[0], one, where)
    elif kind.startswith("{"):
        assert isinstance(value, dict), where
        for number, one in value.items():
            _check_value("id", number, where)
            _check_value(kind[1:-1], one, where)
    elif kind.startswith("#"):
        check(SHAPES[kind[1:]], value, where)
    elif kind == "unknown":
        assert isinstance(value, dict), where
    elif kind in ("integer", "boolean"):
        assert type(value) is {"integer": int, "boolean": bool}[kind], where
    elif kind == "datetime":
        assert datetime.fromisoformat(value).tzinfo is not None, where
    else:
        assert isinstance(value, str), where
        assert re.fullmatch(_FORMATS[kind], value), f"{where}: {value}"


def body_fields(kind: Any) -> set[str]:
    """Return the names of all fields that a Struct takes, with dots before those within others."""
    return set(_within(msgspec.inspect.type_info(kind), ""))


def _within(kind: msgspec.inspect.Type, before: str) -> list[str]:
    if isinstance(kind, msgspec.inspect.UnionType):
        return [name for one in kind.types for name in _within(one, before)]
    if isinstance(kind, msgspec.inspect.ListType):
        return _within(kind.item_type, before)
    if not isinstance(kind, msgspec.inspect.StructType):
        return []
    assert kind.forbid_unknown_fields, kind.cls
    found = [(f"{before}{one.encode_name}", one.type) for one in kind.fields]
    return [name for field, inner in found for name in (field, *_within(inner, f"{field}."))]
