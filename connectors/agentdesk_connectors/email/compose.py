"""An outgoing message as mail: headers, text beside HTML, pictures in it, files (RFC 5322, 2045, 2387)."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk_connectors.email.header_lines import (
    Line,
    address,
    address_line,
    chosen_references,
    disposition_line,
    id_line,
    is_id,
    text_line,
    type_line,
)
from agentdesk_connectors.email.settings import EmailSettings
from agentdesk_connectors.email.wire import LOOP_HEADER

_SEVEN_BIT = SMTP.clone(cte_type="7bit", max_line_length=76)
_INTERNATIONAL = SMTPUTF8.clone(cte_type="7bit", max_line_length=76)
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}[^\s<>\"'.,;:!?)\]}]")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")
_LONGEST_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1
_UNATTACHABLE = ("multipart/", "message/")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed to a server. ``recipients`` is everybody, each address once.

    ``content`` has CRLF as line ends; ``stuffed`` is the same as it goes after DATA, without the final dot
    (RFC 5321 section 4.5.2). ``international``: an address has letters that only servers with SMTPUTF8
    (RFC 6531) can take.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    stuffed: bytes
    international: bool


def compose(message: Outbound, settings: EmailSettings, loop_marker: str) -> Letter:
    """Return ``message`` as mail from the account's address.

    Raises Rejected where there is no recipient or an address is none. The content is the same for the same
    message, except for the boundaries between parts.
    """
    sender = address(settings.address)
    everybody = (*message.to, *message.cc, *message.bcc)
    recipients = tuple(dict.fromkeys(address(person.value) for person in everybody))
    if not recipients:
        raise Rejected(msg("The message has no recipient."), hint=msg("Add at least one address."))
    if not is_id(message.key):
        raise Rejected(msg("The message has no id by which it could be found again."))
    international = not (sender + "".join(recipients)).isascii()
    mail = _content(message, _INTERNATIONAL if international else _SEVEN_BIT)
    for line in _headers(message, settings, loop_marker):
        mail[line.name] = line
    content = mail.as_bytes()
    stuffed = content.replace(b"\r\n.", b"\r\n..")  # the first line is a header and has no dot
    return Letter(sender, recipients, content, stuffed, international)


def _headers(message: Outbound, settings: EmailSettings, loop_marker: str) -> list[Line]:
    me = Party("email", settings.address, message.sender_name or settings.display_name)
    lines = [
        id_line("Message-ID", [message.key]),
        Line("Date", date := format_datetime(message.created_at), date),
        address_line("From", [me]),
    ]
    if message.to:
        lines.append(address_line("To", message.to))
    if message.cc:
        lines.append(address_line("Cc", message.cc))
    if not (message.to or message.cc):
        lines.append(Line("To", "undisclosed-recipients:;", "undisclosed-recipients:;"))
    if settings.plus_address and (answers_to := _plus(me, message.thread_token)):
        lines.append(address_line("Reply-To", [answers_to]))
    lines.append(text_line("Subject", message.subject))
    if is_id(message.in_reply_to):
        lines.append(id_line("In-Reply-To", [message.in_reply_to]))
    if references := chosen_references(message.references, message.in_reply_to):
        lines.append(id_line("References", references))
    lines.append(text_line(LOOP_HEADER, loop_marker))
    if message.automatic:
        lines.append(text_line("Auto-Submitted", "auto-replied"))
        lines.append(text_line("X-Auto-Response-Suppress", "All"))
    return lines


def _plus(me: Party, token: str) -> Party | None:
    """Return the address that leads an answer back to its conversation, where it does not get too long."""
    local, _, domain = me.value.rpartition("@")
    if not token or len(local) + 1 + len(token) > _LONGEST_LOCAL_PART:
        return None
    return Party(me.kind, f"{local}+{token}@{domain}", me.name)


# --- the content ---


def _content(message: Outbound, policy: EmailPolicy[EmailMessage]) -> EmailMessage:
    mail = EmailMessage(policy=policy)
    text = _sendable(message.text)
    mail.set_content(text, charset="utf-8")
    rich = message.html or text_to_html(message.text)
    mail.add_alternative(_sendable(rich), subtype="html", charset="utf-8")
    inline = [a for a in message.attachments if a.content_id and f"cid:{a.content_id}" in rich]
    if inline:
        _add_related(mail, inline)
    files = [a for a in message.attachments if a not in inline]
    if files:
        mail.make_mixed()
        for attachment in files:
            mail.attach(_part(attachment, "attachment"))
    return mail


def _add_related(mail: EmailMessage, inline: Sequence[OutboundAttachment]) -> None:
    rich = mail.get_body(("html",))
    assert isinstance(rich, MIMEPart)
    rich.make_related()
    for attachment in inline:
        rich.attach(_part(attachment, "inline"))


def _part(attachment: OutboundAttachment, kind: str) -> EmailMessage:
    media_type = attachment.media_type.lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(_UNATTACHABLE):
        media_type = "application/octet-stream"
    part = EmailMessage(policy=_SEVEN_BIT)
    part.set_content(attachment.content, *media_type.split("/"), cte="base64")
    del part["Content-Type"], part["Content-Disposition"], part["MIME-Version"]
    part["Content-Type"] = type_line(media_type, attachment.name)
    part["Content-Disposition"] = disposition_line(kind, attachment.name)
    if is_id(attachment.content_id):
        part["Content-ID"] = id_line("Content-ID", [attachment.content_id])
    return part


def _sendable(text: str) -> str:
    """Return ``text`` without what mail cannot carry: NUL, bare line ends, lone surrogates."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "replace").decode("utf-8")


def text_to_html(text: str) -> str:
    """Return ``text`` as simple HTML: paragraphs with their own direction, line breaks, links."""
    paragraphs = re.split(r"\n[ \t]*\n+", _sendable(text).strip("\n"))
    inner = "\n".join(f'<p dir="auto">{_lines_to_html(paragraph)}</p>' for paragraph in paragraphs)
    return f"<!DOCTYPE html>\n<html><body>\n{inner}\n</body></html>\n"


def _lines_to_html(paragraph: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _LINK.finditer(paragraph):
        link = html.escape(match[0])
        parts += [html.escape(paragraph[end : match.start()]), f'<a href="{link}">{link}</a>']
        end = match.end()
    parts.append(html.escape(paragraph[end:]))
    return "".join(parts).replace("\n", "<br>\n")
