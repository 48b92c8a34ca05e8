"""Files: handed over in pieces before the post, with their description.

Written from https://docs.x.com/x-api/media/quickstart/media-upload-chunked and
/x-api/media/create-media-metadata.
"""

from __future__ import annotations

import asyncio
from io import BytesIO

import aiohttp

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.outbound import OutboundAttachment
from agentdesk_connectors.fields import Json, inner, number, text, token
from agentdesk_connectors.x.client import Client

__all__ = ["upload"]

_UPLOAD = "/2/media/upload"
_PIECE = 4 * 1024 * 1024
_PROCESSING_SECONDS = 600.0
_LONGEST_PAUSE = 30.0


async def upload(client: Client, file: OutboundAttachment) -> str:
    """Hand a file over and return its number, once X has prepared it. Raises as `Client.call`; Rejected where
    X cannot use it."""
    begin = {
        "media_type": file.media_type,
        "total_bytes": len(file.content),
        "media_category": _category(file.media_type),
    }
    answer = client.values(await client.call("POST", f"{_UPLOAD}/initialize", json=begin))
    found = token(inner(answer, "data"), "id")
    if not found:
        raise Unreachable(msg("X does not say what became of a file."))
    for index, start in enumerate(range(0, len(file.content), _PIECE)):
        await _append(client, found, index, file.content[start : start + _PIECE])
    answer = client.values(await client.call("POST", f"{_UPLOAD}/{found}/finalize"))
    await _prepared(client, found, file.name, inner(inner(answer, "data"), "processing_info"))
    if file.alt:
        alt = {"id": found, "metadata": {"alt_text": {"text": file.alt}}}
        await client.call("POST", "/2/media/metadata", json=alt)
    return found


def _category(media_type: str) -> str:
    if media_type == "image/gif":
        return "tweet_gif"
    return "tweet_video" if media_type.startswith("video/") else "tweet_image"


async def _append(client: Client, found: str, index: int, piece: bytes) -> None:
    def form() -> aiohttp.FormData:
        data = aiohttp.FormData()
        data.add_field("segment_index", str(index))
        data.add_field("media", BytesIO(piece), filename="piece", content_type="application/octet-stream")
        return data

    await client.call("POST", f"{_UPLOAD}/{found}/append", form=form)


async def _prepared(client: Client, found: str, name: str, state: Json) -> None:
    """Wait until a film or moving picture has been worked on."""
    until = clock.seconds_from_now(_PROCESSING_SECONDS)
    while text(state, "state", 30) in ("pending", "in_progress"):
        if clock.now() > until:
            raise Unreachable(msg("X takes long over {name}.", name=name))
        await asyncio.sleep(min(number(state, "check_after_secs") or 0, _LONGEST_PAUSE))
        answer = await client.get(_UPLOAD, {"command": "STATUS", "media_id": found})
        state = inner(inner(answer, "data"), "processing_info")
    if text(state, "state", 30) == "failed":
        said = text(inner(state, "error"), "message", 300)
        raise Rejected(msg("X cannot use {name}.", name=name), said)
