"""What X would refuse for certain, said before anything is sent."""

from __future__ import annotations

import unicodedata

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.sdk.posts import TextLimit, Visibility, length_of
from agentdesk_connectors.x.limits import FILES, MESSAGE_FILES, MESSAGE_TEXT, POST_TEXT, largest
from agentdesk_connectors.x.naming import KIND, is_id, talk_of

__all__ = ["check", "recipient_of"]


def check(message: Outbound) -> None:
    """Raise Rejected for an answer that X would not take, or that others would read than it is for."""
    if not message.text.strip() and not message.attachments:
        raise Rejected(msg("There is no text yet."))
    match message.visibility:
        case Visibility.LIMITED:
            raise Rejected(
                msg("On X an answer is public, or a direct message."), hint=msg("Choose one of the two.")
            )
        case Visibility.PUBLIC:
            _check_length(message.text, POST_TEXT)
            _check_files(message.attachments, FILES.most)
            if message.in_reply_to and not is_id(message.in_reply_to):
                raise Rejected(msg("A direct message is not answered in public."))
        case Visibility.PRIVATE:
            _check_length(message.text, MESSAGE_TEXT)
            _check_files(message.attachments, MESSAGE_FILES.most)
            if not recipient_of(message) and not talk_of(message.root):
                raise Rejected(msg("A direct message goes to somebody on X."))


def recipient_of(message: Outbound) -> str:
    """Return the number of the one whom a direct message is for; "" where there is none."""
    people = (one.value for one in (*message.to, *message.cc) if one.kind == KIND)
    return next((one for one in people if is_id(one)), "")


def _check_length(text: str, limit: TextLimit) -> None:
    length = length_of(unicodedata.normalize("NFC", text), limit)
    if length <= limit.most:
        return
    hint = msg("Make it shorter, or send it in several answers: X shows them as a thread.")
    raise Rejected(
        msg("The text is too long: {length} of {most}.", length=length, most=limit.most), hint=hint
    )


def _check_files(files: tuple[OutboundAttachment, ...], most: int) -> None:
    for file in files:
        allowed = largest(file.media_type)
        if not allowed:
            raise Rejected(
                msg("X takes no files like {name}.", name=file.name),
                hint=msg("Pictures and MP4 films can be posted. Put a link into the text instead."),
            )
        if len(file.content) > allowed:
            raise Rejected(msg("The file {name} is too large for X.", name=file.name))
        if len(file.alt) > FILES.alt:
            raise Rejected(msg("The description of {name} is too long.", name=file.name))
    if len(files) > most:
        raise Rejected(
            msg("A direct message takes one file.") if most == 1 else msg("A post takes four pictures.")
        )
    still = [one for one in files if one.media_type.startswith("image/") and one.media_type != "image/gif"]
    if len(files) > 1 and len(still) != len(files):
        raise Rejected(msg("A post takes four pictures, or one moving picture, or one film."))
