"""From an answer to the record that is posted, within the network's limits.

Written from the lexicons app.bsky.feed.post, app.bsky.embed.images and chat.bsky.convo.defs#messageInput.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.sdk.posts import FileLimit, TextLimit, Unit, Visibility, length_of
from agentdesk_connectors.bluesky.facets import facets_for
from agentdesk_connectors.bluesky.naming import POSTS, did_of
from agentdesk_connectors.bluesky.pictures import shape_of
from agentdesk_connectors.bluesky.wire import unlabelled
from agentdesk_connectors.fields import Json

__all__ = ["FILES", "MESSAGE", "POST", "check", "message_of", "record_of"]

POST = TextLimit(300, Unit.GRAPHEMES)
MESSAGE = TextLimit(1_000, Unit.GRAPHEMES)
FILES = FileLimit(4, {"image/": 1_000_000}, 2_000)
_BYTES = {Visibility.PUBLIC: 3_000, Visibility.PRIVATE: 10_000}
_LABELS = ("sexual", "nudity", "porn", "graphic-media")
"""Labels that authors may give their own posts."""


def check(message: Outbound) -> None:
    """Raise Rejected for what the network would refuse."""
    if message.visibility is Visibility.LIMITED:
        raise Rejected(msg("Bluesky has public posts and private messages only."))
    text = normal(message.text)
    if not text and not message.attachments:
        raise Rejected(msg("There is no text yet."))
    is_private = message.visibility is Visibility.PRIVATE
    limit = MESSAGE if is_private else POST
    for measure in (limit, TextLimit(_BYTES[message.visibility], Unit.BYTES)):
        length = length_of(text, measure)
        if length > measure.most:
            raise Rejected(msg("The text is too long: {length} of {most}.", length=length, most=measure.most))
    if is_private:
        _check_private(message)
    else:
        _check_files(message.attachments)


def _check_private(message: Outbound) -> None:
    if message.attachments:
        raise Rejected(
            msg("Private messages on Bluesky take no files."), hint=msg("Put a link into the text instead.")
        )
    if len({one.value for one in message.to if did_of(one.value)}) != 1:
        raise Rejected(msg("A private message goes to one account."))


def _check_files(files: Sequence[OutboundAttachment]) -> None:
    if len(files) > FILES.most:
        raise Rejected(msg("A post takes {count} files at most.", count=FILES.most))
    for file in files:
        if not file.media_type.startswith("image/"):
            raise Rejected(
                msg("Bluesky takes no files like {name}.", name=file.name),
                hint=msg("Pictures can be posted. Put a link into the text instead."),
            )
        if len(file.content) > FILES.largest["image/"]:
            raise Rejected(msg("The file {name} is too large for Bluesky.", name=file.name))
        if len(file.alt) > FILES.alt:
            raise Rejected(msg("The description of {name} is too long.", name=file.name))


def normal(text: str) -> str:
    """Return a text as it is counted, sent and compared."""
    return unicodedata.normalize("NFC", text).strip()


def record_of(
    message: Outbound, reply: Json, known: Mapping[str, str], blobs: Sequence[Json]
) -> dict[str, object]:
    """Return the post to make: the same for each attempt. ``reply`` has its root and parent (empty: none),
    ``known`` DIDs by handle, ``blobs`` what the uploaded files are
    called."""
    text = normal(message.text)
    record: dict[str, object] = {"$type": POSTS, "text": text, "createdAt": stamped(message.created_at)}
    if facets := facets_for(text, known):
        record["facets"] = facets
    if reply:
        record["reply"] = reply
    if blobs:
        pairs = zip(blobs, message.attachments, strict=True)
        shown = [_image(blob, file) for blob, file in pairs]
        record["embed"] = {"$type": "app.bsky.embed.images", "images": shown}
    if labels := [one for one in unlabelled(message.warning) if one in _LABELS]:
        values = [{"val": one} for one in labels]
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    return record


def _image(blob: Json, file: OutboundAttachment) -> dict[str, object]:
    shape = shape_of(file.content)
    return {"image": blob, "alt": file.alt, **({"aspectRatio": shape} if shape else {})}


def message_of(text: str, known: Mapping[str, str]) -> dict[str, object]:
    """Return the private message to send."""
    text = normal(text)
    facets = facets_for(text, known)
    return {"text": text, **({"facets": facets} if facets else {})}


def stamped(at: datetime) -> str:
    """Return a moment as the network writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
