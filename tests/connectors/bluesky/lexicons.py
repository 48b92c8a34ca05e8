"""What the published lexicons say of the answers that the connector reads, and a check of answers against it.

Noted down, in our own short form, from https://github.com/bluesky-social/atproto/tree/main/lexicons. A field
is a format, a shape (``#name``), or a list of one of them; ``?`` after its name: it may be missing. ``union``
has the ``$type`` of what may stand there. What a lexicon does not name is refused: nothing is made up.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

__all__ = ["ANSWERS", "check"]

_PROFILE: dict[str, Any] = {
    "did": "did",
    "handle": "handle",
    "displayName?": "string",
    "avatar?": "uri",
    "associated?": "#associated",
    "viewer?": "#actorViewer",
    "labels?": ["#label"],
    "createdAt?": "datetime",
}
_MESSAGE = {"id": "string", "rev": "string", "sender": "#sender", "sentAt": "datetime", "$type?": "string"}
_RECORD = {"uri": "at-uri", "cid": "cid"}

SHAPES: dict[str, dict[str, Any]] = {
    "label": {"src": "did", "uri": "uri", "val": "string", "cts": "datetime", "neg?": "boolean"},
    "associated": {"chat?": "#associatedChat"},
    "associatedChat": {"allowIncoming": "string"},
    "actorViewer": {
        "muted?": "boolean",
        "blockedBy?": "boolean",
        "blocking?": "at-uri",
        "followedBy?": "at-uri",
    },
    "profileBasic": _PROFILE,
    "profile": {**_PROFILE, "description?": "string", "indexedAt?": "datetime"},
    "profileDetailed": {
        **_PROFILE,
        "description?": "string",
        "indexedAt?": "datetime",
        "followersCount?": "integer",
        "followsCount?": "integer",
        "postsCount?": "integer",
    },
    "postViewer": {
        "like?": "at-uri",
        "repost?": "at-uri",
        "threadMuted?": "boolean",
        "replyDisabled?": "boolean",
        "embeddingDisabled?": "boolean",
    },
    "post": {
        **_RECORD,
        "author": "#profileBasic",
        "record": "unknown",
        "embed?": "union",
        "replyCount?": "integer",
        "repostCount?": "integer",
        "likeCount?": "integer",
        "quoteCount?": "integer",
        "indexedAt": "datetime",
        "viewer?": "#postViewer",
        "labels?": ["#label"],
    },
    "notification": {
        **_RECORD,
        "author": "#profile",
        "reason": "string",
        "reasonSubject?": "at-uri",
        "record": "unknown",
        "isRead": "boolean",
        "indexedAt": "datetime",
        "labels?": ["#label"],
    },
    "app.bsky.embed.images#view": {"images": ["#image"]},
    "image": {"thumb": "uri", "fullsize": "uri", "alt": "string"},
    "app.bsky.embed.video#view": {"cid": "cid", "playlist": "uri", "thumbnail?": "uri", "alt?": "string"},
    "app.bsky.embed.external#view": {"external": "#external"},
    "external": {"uri": "uri", "title": "string", "description": "string", "thumb?": "uri"},
    "app.bsky.embed.record#view": {"record": "union"},
    "app.bsky.embed.recordWithMedia#view": {"record": "union", "media": "union"},
    "app.bsky.embed.record#viewRecord": {
        **_RECORD,
        "author": "#profileBasic",
        "value": "unknown",
        "indexedAt": "datetime",
    },
    "app.bsky.embed.record#viewNotFound": {"uri": "at-uri", "notFound": "boolean"},
    "app.bsky.feed.defs#threadViewPost": {"post": "#post"},
    "app.bsky.feed.defs#blockedPost": {"uri": "at-uri", "blocked": "boolean", "author": "#sender"},
    "member": {
        "did": "did",
        "handle": "handle",
        "displayName?": "string",
        "avatar?": "uri",
        "viewer?": "#actorViewer",
        "labels?": ["#label"],
        "chatDisabled?": "boolean",
    },
    "sender": {"did": "did"},
    "chat.bsky.convo.defs#messageView": {
        **_MESSAGE,
        "text": "string",
        "facets?": ["unknown"],
        "embed?": "union",
    },
    "chat.bsky.convo.defs#deletedMessageView": _MESSAGE,
    "convo": {
        "id": "string",
        "rev": "string",
        "members": ["#member"],
        "lastMessage?": "union",
        "muted": "boolean",
        "status?": "string",
        "unreadCount": "integer",
        "kind?": "union",
    },
    "chat.bsky.convo.defs#directConvo": {},
    "chat.bsky.convo.defs#groupConvo": {
        "name": "string",
        "lockStatus": "string",
        "memberCount": "integer",
        "createdAt": "datetime",
    },
    "chat.bsky.convo.defs#logBeginConvo": {"rev": "string", "convoId": "string"},
    "chat.bsky.convo.defs#logCreateMessage": {
        "rev": "string",
        "convoId": "string",
        "message": "union",
        "relatedProfiles?": ["#member"],
    },
    "chat.bsky.convo.defs#logDeleteMessage": {
        "rev": "string",
        "convoId": "string",
        "message": "union",
        "relatedProfiles?": ["#member"],
    },
}

_SESSION = {
    "accessJwt": "string",
    "refreshJwt": "string",
    "handle": "handle",
    "did": "did",
    "didDoc?": "unknown",
    "email?": "string",
    "emailConfirmed?": "boolean",
    "active?": "boolean",
    "status?": "string",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "com.atproto.server.createSession": _SESSION,
    "com.atproto.server.refreshSession": _SESSION,
    "com.atproto.server.describeServer": {
        "did": "did",
        "availableUserDomains": ["string"],
        "inviteCodeRequired?": "boolean",
        "links?": "unknown",
    },
    "com.atproto.repo.putRecord": {**_RECORD, "validationStatus?": "string"},
    "com.atproto.repo.getRecord": {"uri": "at-uri", "cid?": "cid", "value": "unknown"},
    "com.atproto.repo.deleteRecord": {},
    "com.atproto.repo.uploadBlob": {"blob": "unknown"},
    "com.atproto.identity.resolveHandle": {"did": "did"},
    "com.atproto.moderation.createReport": {
        "id": "integer",
        "reasonType": "string",
        "reason?": "string",
        "subject": "unknown",
        "reportedBy": "did",
        "createdAt": "datetime",
    },
    "app.bsky.notification.listNotifications": {"notifications": ["#notification"], "cursor?": "string"},
    "app.bsky.feed.getPosts": {"posts": ["#post"]},
    "app.bsky.feed.getPostThread": {"thread": "union"},
    "app.bsky.feed.searchPosts": {"posts": ["#post"], "cursor?": "string"},
    "app.bsky.actor.getProfiles": {"profiles": ["#profileDetailed"]},
    "chat.bsky.convo.getLog": {"logs": ["union"], "cursor?": "string"},
    "chat.bsky.convo.listConvos": {"convos": ["#convo"], "cursor?": "string"},
    "chat.bsky.convo.getConvo": {"convo": "#convo"},
    "chat.bsky.convo.getConvoForMembers": {"convo": "#convo"},
    "chat.bsky.convo.getMessages": {
        "messages": ["union"],
        "relatedProfiles?": ["#member"],
        "cursor?": "string",
    },
    "chat.bsky.convo.sendMessage": SHAPES["chat.bsky.convo.defs#messageView"],
    "chat.bsky.convo.addReaction": {"message": "union"},
    "chat.bsky.convo.removeReaction": {"message": "union"},
}
_FORMATS = {
    "did": r"did:[a-z]+:[a-zA-Z0-9._:%-]+",
    "handle": r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*",
    "at-uri": r"at://did:[a-z]+:[^/]+/[a-zA-Z0-9.]+/[a-zA-Z0-9._~:-]+",
    "cid": r"b[a-z2-7]{50,}",
    "uri": r"[a-z]+:\S+",
    "string": r"(?s).*",
}


def check(shape: dict[str, Any], found: Any, where: str) -> None:
    """Raise AssertionError where ``found`` is not as ``shape`` says."""
    assert isinstance(found, dict), where
    known = {name.rstrip("?") for name in shape} | {"$type"}
    assert set(found) <= known, f"{where}: {set(found) - known}"
    for name, kind in shape.items():
        if not name.endswith("?"):
            assert name in found, f"{where}.{name} is missing"
        if name.rstrip("?") in found:
            _check_value(kind, found[name.rstrip("?")], f"{where}.{name}")


def _check_value(kind: Any, value: Any, where: str) -> None:
    if isinstance(kind, list):
        assert isinstance(value, list), where
        for one in value:
            _check_value(kind[0], one, where)
    elif kind == "union":
        assert value.get("$type") in SHAPES, f"{where}: {value.get('$type')}"
        check(SHAPES[value["$type"]], value, where)
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
