"""What a post shows besides words: pictures, films, pages and polls."""

from __future__ import annotations

from agentdesk.sdk.posts import Media, Poll, PollOption
from agentdesk_connectors.fields import Json, each, inner, moment, number, text, token, web_address
from agentdesk_connectors.x.included import Included
from agentdesk_connectors.x.texts import links_in

__all__ = ["media_of", "poll_of"]

_MOST = 20
_KINDS = {"photo": "image", "video": "video", "animated_gif": "video"}


def media_of(post: Json, included: Included) -> tuple[Media, ...]:
    """Return the files of a post or a message, and the pages that it leads to."""
    keys = inner(post, "attachments").get("media_keys")
    named = [token(one) for one in keys[:_MOST]] if isinstance(keys, list) else []
    files = (_file(included.media(one)) for one in named if one)
    pages = (_page(one) for one in links_in(post)[:_MOST])
    return tuple(one for one in (*files, *pages) if one is not None)


def _file(found: Json) -> Media | None:
    url = web_address(found, "url") or _best(found)
    preview = web_address(found, "preview_image_url")
    if not url and not preview:
        return None
    kind = _KINDS.get(text(found, "type", 20), "link") if url else "image"
    return Media(kind, url or preview, text(found, "alt_text", 5_000), preview=preview)


def _best(found: Json) -> str:
    """The form of a film with the most bits a second that every program plays."""
    films = [one for one in each(found, "variants") if text(one, "content_type", 50) == "video/mp4"]
    films.sort(key=lambda one: number(one, "bit_rate") or 0)
    return next((url for one in reversed(films) if (url := web_address(one, "url"))), "")


def _page(link: Json) -> Media | None:
    """A page whose title X has looked up."""
    url, title = (
        web_address(link, "unwound_url") or web_address(link, "expanded_url"),
        text(link, "title", 500),
    )
    if not url or not title:
        return None
    picture = next((web_address(one, "url") for one in each(link, "images")), "")
    return Media("link", url, "", title, picture)


def poll_of(post: Json, included: Included) -> Poll | None:
    """Return the question of a post."""
    numbers = inner(post, "attachments").get("poll_ids")
    found = included.poll(token(numbers[0])) if isinstance(numbers, list) and numbers else {}
    options = tuple(
        PollOption(text(one, "label", 500), number(one, "votes")) for one in each(found, "options")[:_MOST]
    )
    return Poll(options, moment(found, "end_datetime")) if options else None
