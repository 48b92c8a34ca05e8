"""What may be sent: lengths, files, and for what which permission is needed.

Written from https://developers.facebook.com/docs/messenger-platform/reference/send-api,
/documentation/business-messaging/messenger-platform/send-messages/saving-assets,
/docs/graph-api/reference/object/comments and /docs/graph-api/reference/page/photos.
"""

from __future__ import annotations

from collections.abc import Collection

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.sdk.posts import Abilities, Act, Answering, FileLimit, TextLimit, Visibility, length_of
from agentdesk_connectors.facebook.naming import KIND, is_message, person_of

__all__ = ["MESSAGE", "PERMISSIONS", "TELLS", "abilities_with", "answers_comment", "check"]

PERMISSIONS = (
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
)
"""What the page's token needs; each is for one thing that the connector does."""
TELLS = (
    "feed",
    "mention",
    "message_deliveries",
    "message_echoes",
    "message_edits",
    "message_reads",
    "messages",
    "messaging_postbacks",
)
"""What the page's app has to be told of."""

_MEGABYTE = 1_000_000
MESSAGE = TextLimit(2_000)
_COMMENT = TextLimit(8_000)
_COMMENT_FILES = FileLimit(1, {"image/": 10 * _MEGABYTE}, alt=1_000)
_KINDS = ("image/", "video/", "audio/", "application/", "text/")
_MESSAGE_FILES = FileLimit(5, dict.fromkeys(_KINDS, 25 * _MEGABYTE))
_NOT_ALLOWED = msg("Nobody has allowed this when signing in. Sign in to the account again.")
_ENGAGE, _MESSAGING = "pages_manage_engagement", "pages_messaging"
_ACTS = (Act.EDIT, Act.DELETE, Act.HIDE, Act.LIKE)


def abilities_with(scopes: Collection[str]) -> Abilities:
    """Return what a page can do whose token has these permissions."""
    engages = _ENGAGE in scopes
    public = Answering(Visibility.PUBLIC, None if engages else _NOT_ALLOWED, _COMMENT, _COMMENT_FILES)
    messaging = None if _MESSAGING in scopes else _NOT_ALLOWED
    return Abilities(
        answers=(public, Answering(Visibility.PRIVATE, messaging, MESSAGE, _MESSAGE_FILES)),
        acts=_ACTS if engages else (),
        denied={} if engages else dict.fromkeys(_ACTS, _NOT_ALLOWED),
    )


def check(message: Outbound) -> None:
    """Raise Rejected for what Facebook would refuse."""
    private = message.visibility is Visibility.PRIVATE
    if message.visibility is Visibility.LIMITED:
        raise Rejected(msg("On a page answers are public or private."))
    if not message.text.strip() and not message.attachments:
        raise Rejected(msg("There is no text yet."))
    if private and len([one for one in message.to if one.kind == KIND]) != 1:
        raise Rejected(msg("A private message goes to one person."))
    if not private and not message.in_reply_to:
        raise Rejected(msg("A comment answers a post or another comment."))
    limit = MESSAGE if private else _COMMENT
    length = length_of(message.text, limit)
    if length > limit.most:
        raise Rejected(msg("The text is too long: {length} of {most}.", length=length, most=limit.most))
    _check_files(message.attachments, _MESSAGE_FILES if private else _COMMENT_FILES)
    parts = len(message.attachments) + bool(message.text.strip())
    if private and answers_comment(message) and parts > 1:
        raise Rejected(
            msg("To a comment there is one answer in private: a text or a file."),
            hint=msg("Send the rest once they have written to you."),
        )


def answers_comment(message: Outbound) -> bool:
    """Say whether a private message answers what stands in public, and not one of a talk."""
    return bool(message.in_reply_to) and not person_of(message.root) and not is_message(message.in_reply_to)


def _check_files(files: tuple[OutboundAttachment, ...], limit: FileLimit) -> None:
    if len(files) > limit.most:
        raise Rejected(msg("A post takes {count} files at most.", count=limit.most))
    for file in files:
        largest = next((n for kind, n in limit.largest.items() if file.media_type.startswith(kind)), 0)
        if not largest:
            raise Rejected(
                msg("A comment does not take the file {name}.", name=file.name),
                hint=msg("Pictures can be shown in comments. Send other files in private."),
            )
        if len(file.content) > largest:
            raise Rejected(msg("The file {name} is too large for Facebook.", name=file.name))
        if limit.alt and len(file.alt) > limit.alt:
            raise Rejected(msg("The description of {name} is too long.", name=file.name))
