"""Texts of catalogue for what a person should know about a mail: the English text is the key."""

from __future__ import annotations

from agentdesk.base.text import msg

SENDER_MISSING = msg("The sender's address is missing.").text
SENDER_SEVERAL = msg("This message names several senders. It is not clear who wrote it.").text
SENDER_IMPERSONATES = msg("The sender's name looks like an address, but a different address sent it.").text
DATE_MISSING = msg("The date is missing or impossible; the time of arrival is shown.").text
DAMAGED = msg("Parts of this message are damaged. See the original.").text
TOO_DEEP = msg("This message is nested too deeply; the inner parts are attached unopened.").text
TOO_MANY_PARTS = msg("This message has too many parts; the rest is in the original.").text
TOO_MANY_FILES = msg("This message has too many attachments; the rest is in the original.").text
TOO_MANY_HEADERS = msg("This message has an unusual number of headers; the rest is in the original.").text
TOO_MANY_RECIPIENTS = msg("This message has too many recipients to list; the rest is in the original.").text
TEXT_LONG = msg("This message is very long; the end is in the attached text or in the original.").text
HTML_LONG = msg("This message is very long; only its beginning is shown formatted.").text
ENCRYPTED = msg("This message is encrypted. It can be opened with the mail program that holds the key.").text
ATTACHED_CODE = msg("This kind of file can run programs. Open it only if you expected it.").text
TNEF = msg("A container of Outlook; its files can be opened with Outlook.").text
INVITATION = msg("An invitation to an appointment.").text
ENCLOSED_MAIL = msg("An enclosed message.").text
SIGNATURE = msg("A digital signature.").text
SEALED = msg("Encrypted content.").text
NAME_HIDES = msg("The name of this file contains hidden characters that can mislead about its kind.").text
ELSEWHERE = msg("The file itself did not come with the message; it lies on another server.").text
PIECE = msg("One piece of a message that was sent in several pieces.").text
BODY_FILE = msg("The full text of this message.").text
TRUNCATED = msg("This message was too large to fetch whole; the rest is on the mail server.").text
UNFETCHED = msg("The mail server does not give out this message; only its header could be read.").text
UNOPENED = msg("Unopened parts of this message.").text
