"""What a server allows: lengths, files, and where it streams.

Written from https://docs.joinmastodon.org/entities/Instance/ and /V1_Instance/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentdesk.sdk.posts import FileLimit, TextLimit
from agentdesk_connectors.fields import Json, inner, number, text
from agentdesk_connectors.http import Gone, is_loopback
from agentdesk_connectors.mastodon.client import Client
from agentdesk_connectors.mastodon.errors import nonsense

__all__ = ["Instance", "instance_of", "read_instance"]

_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_VIDEOS = ("video/mp4", "video/webm")
_NAMES = 40
"""Characters kept for whom an answer names: a name has 30 at most on Mastodon itself."""
_MEGABYTE = 1_048_576
# Mastodon itself and what is built on it ("4.5.2+glitch"); others say "2.7.2 (compatible; Pleroma 2.5)".
_KEEPS_KEYS = re.compile(r"[2-9]\.\d+(?!.*compatible)")


@dataclass(frozen=True, slots=True)
class Instance:
    """The rules of one server; what it does not say is as Mastodon has it by default.

    ``kinds`` are the media types it takes; ``image_bytes`` and ``video_bytes`` (films and sound) how large.
    ``streaming`` is the address to open a WebSocket at, without its path. ``keeps_keys``: it is known to post
    nothing twice under one key; other programs that speak the same language may not know keys.
    """

    title: str = ""
    version: str = ""
    characters: int = 500
    per_url: int = 23
    files: int = 4
    kinds: tuple[str, ...] = (*_IMAGES, *_VIDEOS)
    image_bytes: int = 16 * _MEGABYTE
    video_bytes: int = 99 * _MEGABYTE
    description: int = 1_500
    streaming: str = ""
    keeps_keys: bool = False

    @property
    def text(self) -> TextLimit:
        """How long a post may be, with the names that it begins with."""
        return TextLimit(self.characters, url=self.per_url, local_names=True)

    @property
    def room(self) -> TextLimit:
        """How long a text may be that somebody writes: there is room left for the names."""
        most = max(self.characters - _NAMES, self.characters // 2)
        return TextLimit(most, url=self.per_url, local_names=True)

    @property
    def file_limit(self) -> FileLimit:
        """Which files may go with it, by the beginning of their type."""
        kinds = {f"{kind.partition('/')[0]}/": self.largest(kind) for kind in self.kinds}
        return FileLimit(self.files, kinds, self.description)

    def largest(self, media_type: str) -> int:
        """Return how many bytes a file of that type may have; 0: it is not taken."""
        if media_type not in self.kinds:
            return 0
        return self.image_bytes if media_type.startswith("image/") else self.video_bytes


async def read_instance(client: Client) -> Instance:
    """Ask the server for its rules; older ones know the first form of the question only.

    Raises Unreachable, also for what is no such server, and RateLimited.
    """
    try:
        answer = await client.get("/api/v2/instance", anonymous=True)
    except Gone:
        try:
            answer = await client.get("/api/v1/instance", anonymous=True)
        except Gone:
            raise nonsense(client.host) from None
    found = inner(answer)
    if not text(found, "version"):
        raise nonsense(client.host)
    return instance_of(found, client.base_url)


def instance_of(found: Json, base_url: str) -> Instance:
    """Return the rules in what a server at ``base_url`` says of itself, in either form."""
    configuration = inner(found, "configuration")
    statuses, media = inner(configuration, "statuses"), inner(configuration, "media_attachments")
    usual = Instance()
    listed = media.get("supported_mime_types")
    kinds = tuple(one for one in listed[:100] if isinstance(one, str)) if isinstance(listed, list) else ()
    return Instance(
        title=text(found, "title", 200),
        version=text(found, "version", 100),
        characters=number(statuses, "max_characters") or number(found, "max_toot_chars") or usual.characters,
        per_url=number(statuses, "characters_reserved_per_url") or usual.per_url,
        files=number(statuses, "max_media_attachments") or usual.files,
        kinds=kinds or usual.kinds,
        image_bytes=number(media, "image_size_limit") or usual.image_bytes,
        video_bytes=number(media, "video_size_limit") or usual.video_bytes,
        description=number(media, "description_limit") or usual.description,
        streaming=_streaming(configuration, found, base_url),
        keeps_keys=_KEEPS_KEYS.match(text(found, "version", 100)) is not None,
    )


def _streaming(configuration: Json, found: Json, base_url: str) -> str:
    """Where it streams: as it says, unless that is not encrypted; else where it is reached itself."""
    own = "ws" + base_url.removeprefix("http")
    said = text(inner(configuration, "urls"), "streaming", 500) or text(
        inner(found, "urls"), "streaming_api", 500
    )
    try:
        parts = urlsplit(said.strip())
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return own
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
    here = is_loopback(host) and is_loopback(urlsplit(base_url).hostname or "")
    if not host or scheme not in ("wss", "ws") or (scheme == "ws" and not here):
        return own
    return f"{scheme}://{host}{port}"
