"""The folder of sent mail: keeping copies in it, and finding out from it whether a message has gone out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agentdesk.base.text import Msg, msg
from agentdesk.sdk.outbound import Found, Reconciliation
from agentdesk_connectors.email.imap import Folder, ImapConnection, ImapRefused
from agentdesk_connectors.email.imap_syntax import astring, search_date
from agentdesk_connectors.email.settings import EmailSettings

_NAMES = (
    "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
    "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "inviati",
    "posta inviata", "verzonden", "verzonden items", "skickat", "sendt", "wysłane", "odeslané", "gönderilmiş",
    "отправленные", "已发送", "已发送邮件", "寄件備份", "送信済み", "送信済みメール", "보낸편지함",
)  # fmt: skip
_SAVING_CAPABILITY = b"X-GM-EXT-1"
_SAVING_HOSTS = re.compile(
    r"(?:^|\.)(?:gmail|googlemail|office365|outlook|hotmail|live)\.com$",
    re.IGNORECASE,
)
_NEWEST = 200
"""Messages whose headers are read where the server's search finds nothing: indexes come late."""
_ID_FIELDS = (b"MESSAGE-ID", b"X-MICROSOFT-ORIGINAL-MESSAGE-ID")
_MARGIN = timedelta(days=1)


def provider_saves(settings: EmailSettings, capabilities: frozenset[bytes]) -> bool:
    """Say whether the provider itself keeps a copy of what goes out through its server."""
    return _SAVING_CAPABILITY in capabilities or _SAVING_HOSTS.search(settings.smtp.host) is not None


def wants_copy(settings: EmailSettings, capabilities: frozenset[bytes]) -> bool:
    """Say whether a copy of each sent message is ours to keep."""
    if settings.save_sent == "auto":
        return not provider_saves(settings, capabilities)
    return settings.save_sent == "yes"


def sent_folder(folders: Sequence[Folder], chosen: str) -> str | None:
    """Return the folder for sent mail: the ``chosen`` one, the server's own, or one with a common name."""
    if chosen:
        return chosen
    for folder in folders:
        if "\\sent" in folder.attributes and "\\noselect" not in folder.attributes:
            return folder.name
    by_name = {re.split(r"[/.\\]", folder.name)[-1].casefold(): folder.name for folder in reversed(folders)}
    return next((by_name[name] for name in _NAMES if name in by_name), None)


def keep_copy(
    connection: ImapConnection, settings: EmailSettings, key: str, content: bytes, sent: datetime
) -> None:
    """Put a copy of a sent message into the folder for it, unless one is there or the provider does it.

    Raises ImapError and OSError.
    """
    if not wants_copy(settings, connection.capabilities):
        return
    folder = sent_folder(connection.folders(), settings.sent_folder)
    if folder is None:
        folder = _create(connection)
    connection.examine(folder)
    if not _find_by_id(connection, key, sent):
        connection.append(folder, content, sent)


def _create(connection: ImapConnection) -> str:
    """Make a folder for sent mail; some servers keep all folders under the inbox."""
    try:
        connection.create("Sent")
    except ImapRefused:
        connection.create("INBOX.Sent")
        return "INBOX.Sent"
    return "Sent"


def look_up(connection: ImapConnection, settings: EmailSettings, key: str, since: datetime, now: datetime,
            settle_seconds: float) -> Reconciliation:  # fmt: skip
    """Say whether the message ``key`` has gone out, judging by the mailbox. Raises ImapError and OSError.

    Found among the sent mail, or spoken of by mail that came in, it has. Not found, that proves something
    only where the provider keeps the copies and has had ``settle_seconds`` for it: a copy of ours is made
    after the sending, so that its absence says nothing.
    """
    folder = sent_folder(connection.folders(), settings.sent_folder)
    saves = provider_saves(settings, connection.capabilities)
    if folder is not None and _is_in(connection, folder, key, since):
        return _result(Found.SENT, msg("The message is in the folder {folder}.", folder=folder), key)
    if _is_spoken_of(connection, settings.folder, key, since):
        return _result(Found.SENT, msg("A message that came in answers it."), key)
    if folder is None:
        return _result(Found.UNKNOWN, msg("The mailbox has no folder for sent mail."))
    if not saves:
        words = msg("The message is not in the folder {folder}, but its copy may be missing.", folder=folder)
        return _result(Found.UNKNOWN, words)
    if (now - since).total_seconds() < settle_seconds:
        words = msg("The message is not in the folder {folder} yet.", folder=folder)
        return _result(Found.UNKNOWN, words)
    words = msg("The provider files what it sends in {folder}, and the message is not there.", folder=folder)
    return _result(Found.ABSENT, words)


def _result(found: Found, evidence: Msg, key: str = "") -> Reconciliation:
    return Reconciliation(found, evidence, key)


def _is_in(connection: ImapConnection, folder: str, key: str, since: datetime) -> bool:
    try:
        connection.examine(folder)
    except ImapRefused:
        return False
    return _find_by_id(connection, key, since)


def _find_by_id(connection: ImapConnection, key: str, since: datetime) -> bool:
    """Search the open folder for a message id, then read the newest headers oneself."""
    wanted = astring(key.encode())
    for name in _ID_FIELDS:
        if connection.search(b"HEADER", name, wanted):
            return True
    newest = connection.search(b"SINCE " + search_date(since - _MARGIN))[-_NEWEST:]
    if not newest:
        return False
    marked = f"<{key}>".encode()
    return any(marked in header for header in connection.headers(newest, *_ID_FIELDS).values())


def _is_spoken_of(connection: ImapConnection, folder: str, key: str, since: datetime) -> bool:
    """Say whether mail that came in names the message: only who received it can know its id."""
    try:
        connection.examine(folder)
        return bool(connection.search(b"SINCE", search_date(since - _MARGIN), b"TEXT", astring(key.encode())))
    except ImapRefused:
        return False
