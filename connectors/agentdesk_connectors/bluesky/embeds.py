"""What a post shows: pictures, a film, the page that it leads to, and the post that it quotes.

Written from the lexicons app.bsky.embed.images, .video, .external, .record and
.recordWithMedia (their views).
"""

from __future__ import annotations

from urllib.parse import quote

from agentdesk.sdk.posts import Media
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.naming import page_of, read_uri
from agentdesk_connectors.fields import Json

__all__ = ["media_of", "quoted_in", "quoted_uri"]

_CDN = "https://cdn.bsky.app/img"
_TITLE = 500
_ALT = 5_000


def media_of(found: Json, did: str) -> tuple[Media, ...]:
    """Return what a post shows. Of one that nobody has prepared for showing (a notification's) the record
    itself names the pictures, which ``did`` has."""
    embed = fields.inner(found, "embed")
    if not embed:
        return _unprepared(fields.inner(fields.inner(found, "record"), "embed"), did)
    inner = fields.inner(embed, "media") or embed
    media = [*_images(inner), *_video(inner), *_external(fields.inner(inner, "external"))]
    quoted = quoted_in(found)
    return (*media, *((quoted,) if quoted else ()))


def quoted_uri(record: Json) -> str:
    """Return the post that a record quotes, or ""."""
    found = fields.inner(fields.inner(record, "embed"), "record")
    uri = read_uri(found.get("uri")) or read_uri(fields.inner(found, "record").get("uri"))
    return str(uri) if uri else ""


def quoted_in(found: Json) -> Media | None:
    """Return the record that a post or a message shows, as a page to go to."""
    record = fields.inner(fields.inner(found, "embed"), "record")
    record = record if "uri" in record else fields.inner(record, "record")
    uri = read_uri(record.get("uri"))
    if uri is None:
        return None
    author = fields.inner(record, "author") or fields.inner(record, "creator")
    said = fields.text(fields.inner(record, "value"), "text", _TITLE) or fields.text(
        record, "displayName", _TITLE
    )
    name = fields.text(author, "displayName", 200) or fields.text(author, "handle", 300)
    return Media("link", page_of(uri), title=": ".join(one for one in (name, said) if one))


def _images(embed: Json) -> list[Media]:
    found = []
    for one in fields.each(embed, "images"):
        url = fields.web_address(one, "fullsize") or fields.web_address(one, "thumb")
        if url:
            found.append(
                Media("image", url, fields.text(one, "alt", _ALT), preview=fields.web_address(one, "thumb"))
            )
    return found


def _video(embed: Json) -> list[Media]:
    url = fields.web_address(embed, "playlist")
    preview = fields.web_address(embed, "thumbnail")
    return [Media("video", url, fields.text(embed, "alt", _ALT), preview=preview)] if url else []


def _external(page: Json) -> list[Media]:
    url = fields.web_address(page, "uri")
    title, said = fields.text(page, "title", _TITLE), fields.text(page, "description", _TITLE)
    return [Media("link", url, said, title, fields.web_address(page, "thumb"))] if url else []


def _unprepared(embed: Json, did: str) -> tuple[Media, ...]:
    inner = fields.inner(embed, "media") or embed
    found = []
    for one in fields.each(inner, "images"):
        cid = fields.token(fields.inner(fields.inner(one, "image"), "ref"), "$link")
        if cid:
            whose = quote(did, safe=":")
            alt = fields.text(one, "alt", _ALT)
            found.append(Media("image", f"{_CDN}/feed_fullsize/plain/{whose}/{cid}@jpeg", alt))
    return (*found, *_external(fields.inner(inner, "external")))
