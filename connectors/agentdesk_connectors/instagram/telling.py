"""What the readings of comments and of messages share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from agentdesk.sdk.inbound import Profile
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.hooks import moment_of as since_1970

__all__ = ["content_hash", "moment_of", "page_of", "profile_of"]


def content_hash(number: str, text: str) -> str:
    """Return the same for each copy of one version of a post, however it came."""
    return hashlib.sha256(f"{number}\0{text}".encode("utf-8", "replace")).hexdigest()


def moment_of(value: Json, name: str) -> datetime | None:
    """Return a moment in UTC: ISO 8601 as the Graph writes it, seconds or milliseconds since 1970."""
    found = value.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 16:
        found = int(found)
    return since_1970(found) or fields.moment(value, name)


def page_of(value: Json, name: str) -> str:
    """Return the address of a page of Instagram's; nothing for any other."""
    found = fields.web_address(value, name)
    host = (urlsplit(found).hostname or "") if found else ""
    return found if host == "instagram.com" or host.endswith(".instagram.com") else ""


def profile_of(facts: Mapping[str, object], username: str = "") -> Profile:
    """Return what is known of who wrote; ``username`` as the event itself says."""
    who = fields.inner(facts, "who")
    name = fields.text(who, "username", 200) or username
    plain = name.isascii() and name.replace(".", "").replace("_", "").isalnum()
    return Profile(
        handle=f"@{name}" if name else "",
        url=f"https://www.instagram.com/{name}/" if plain else "",
        picture=fields.web_address(who, "profile_pic"),
        followers=fields.number(who, "follower_count"),
        verified=fields.flag(who, "is_verified_user"),
    )
