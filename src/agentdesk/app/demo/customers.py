"""The customers of the small world: they write, read what comes back, and some write again."""

from __future__ import annotations

import email
import email.policy
import smtplib
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid

from agentdesk.app.demo.letters import BOUNCE_AFTER, SUPPORT, SUPPORT_NAME, Letter, content_of, shop
from agentdesk.base import clock

_FOLLOW_UP_AFTER = 1.5
_WIDE = email.policy.SMTP.clone(max_line_length=998)  # the usual one breaks long message ids


@dataclass(slots=True)
class Book:
    """What really happened on one channel, seen from the customers: the measure of the demo.

    ``written`` are the ids of all that was sent to the shop (of mail the Message-IDs); ``received`` maps each
    customer to the ids that reached them, repeats included; ``misplaced`` are answers that do not follow the
    customer's own letter.
    """

    written: list[str] = field(default_factory=list)
    received: dict[str, list[str]] = field(default_factory=dict)
    misplaced: list[str] = field(default_factory=list)


class Customers:
    """Play their parts in a thread of their own."""

    def __init__(self) -> None:
        self.book = Book()
        self._smtp_port = 0
        self._letters = {letter.address: letter for letter in shop().letters}
        self._own_ids: dict[str, list[str]] = {}
        self._answered: set[str] = set()
        self._due: list[tuple[float, EmailMessage]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._play, name="customers", daemon=True)

    def start(self, smtp_port: int) -> None:
        """Begin to write, through the SMTP server on ``smtp_port``."""
        self._smtp_port = smtp_port
        now = time.monotonic()
        for letter in shop().letters:
            self._plan(now + letter.after, _first_letter(letter))
        self._plan(now + BOUNCE_AFTER, _old_bounce())
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def take(self, recipient: str, raw: bytes) -> None:
        """A mail reached a customer."""
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        message_id = str(parsed["Message-ID"] or "")
        letter = self._letters.get(recipient)
        if letter is not None and letter.full:
            self._plan(time.monotonic() + 0.5, _bounce(letter, message_id))
            return
        with self._lock:
            self.book.received.setdefault(recipient, []).append(message_id)
            thread = f"{parsed['References'] or ''} {parsed['In-Reply-To'] or ''}"
            if not any(own in thread for own in self._own_ids.get(recipient, ())):
                self.book.misplaced.append(message_id)
            first = recipient not in self._answered
            self._answered.add(recipient)
        if letter is not None and first:
            self._react(letter, parsed)

    def _react(self, letter: Letter, answer: EmailMessage) -> None:
        if letter.away:
            self._plan(time.monotonic() + 0.3, _away(letter, answer))
        elif letter.follow_up:
            self._plan(time.monotonic() + _FOLLOW_UP_AFTER, _follow_up(letter, answer))

    def _plan(self, moment: float, mail: EmailMessage) -> None:
        with self._lock:
            self._due.append((moment, mail))
            self._own_ids.setdefault(_address(mail), []).append(str(mail["Message-ID"]))

    def _play(self) -> None:
        while not self._stopping.wait(0.05):
            now = time.monotonic()
            with self._lock:
                ready = [entry for entry in self._due if entry[0] <= now]
                self._due = [entry for entry in self._due if entry[0] > now]
            for _moment, mail in ready:
                self._send(mail)

    def _send(self, mail: EmailMessage) -> None:
        bounce = mail.get("Return-Path") == "<>"
        with smtplib.SMTP("127.0.0.1", self._smtp_port, timeout=20) as server:
            sender = "" if bounce else _address(mail)
            server.send_message(mail, from_addr=sender, to_addrs=[SUPPORT])
        with self._lock:
            self.book.written.append(str(mail["Message-ID"]))


def _address(mail: EmailMessage) -> str:
    return str(mail["From"].addresses[0].addr_spec) if mail["From"] else ""


def _mail(name: str, address: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage(policy=_WIDE)
    mail["From"] = formataddr((name, address))
    mail["To"] = formataddr((SUPPORT_NAME, SUPPORT))
    mail["Subject"] = subject
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = make_msgid(domain=address.partition("@")[2])
    mail.set_content(text)
    return mail


def _first_letter(letter: Letter) -> EmailMessage:
    mail = _mail(letter.name, letter.address, letter.subject, letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    for name in letter.files:
        media_type, content = content_of(name)
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail


def _answering(letter: Letter, answer: EmailMessage, text: str) -> EmailMessage:
    """A mail of the customer's below the shop's answer, as mail programs write it."""
    body = answer.get_body(("plain",))
    quoted = "\n".join(f"> {line}" for line in (body.get_content() if body else "").splitlines())
    subject = str(answer["Subject"] or letter.subject)
    attribution = f"On {answer['Date']}, {SUPPORT_NAME} wrote:"
    mail = _mail(letter.name, letter.address, subject, f"{text}\n\n{attribution}\n{quoted}\n")
    mail["In-Reply-To"] = str(answer["Message-ID"])
    mail["References"] = f"{answer['References'] or ''} {answer['Message-ID']}".strip()
    return mail


def _follow_up(letter: Letter, answer: EmailMessage) -> EmailMessage:
    return _answering(letter, answer, letter.follow_up)


def _away(letter: Letter, answer: EmailMessage) -> EmailMessage:
    mail = _mail(
        letter.name,
        letter.address,
        f"Risposta automatica: {answer['Subject']}",
        "Sono in ferie fino al 30 novembre e leggo la posta al mio ritorno.",
    )
    mail["In-Reply-To"] = str(answer["Message-ID"])
    mail["References"] = str(answer["Message-ID"])
    mail["Auto-Submitted"] = "auto-replied"
    mail["Precedence"] = "auto_reply"
    return mail


def _bounce(letter: Letter, message_id: str) -> EmailMessage:
    """A failed delivery as RFC 3464 has it."""
    host = letter.address.partition("@")[2]
    words = f"Your message to {letter.address} could not be delivered: the mailbox is full."
    mail = _mail(
        "Mail Delivery System", f"mailer-daemon@{host}", "Undelivered Mail Returned to Sender", words
    )
    mail["Return-Path"] = "<>"
    mail["Auto-Submitted"] = "auto-replied"
    mail.make_mixed()
    status = (
        f"Reporting-MTA: dns; mx.{host}\n\nFinal-Recipient: rfc822; {letter.address}\nAction: failed\n"
        "Status: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n"
    )
    returned = f"Message-ID: {message_id}\nTo: {letter.address}\n"
    for kind, text in (("message/delivery-status", status), ("text/rfc822-headers", returned)):
        part = email.message_from_string(f"Content-Type: {kind}\n\n{text}", policy=email.policy.SMTP)
        mail.attach(part)
    mail.replace_header("Content-Type", "multipart/report; report-type=delivery-status")
    mail.set_boundary(f"bounce-{host}")
    return mail


def _old_bounce() -> EmailMessage:
    old = Letter("", "old.address@oslo.example", "", "", 0.0)
    return _bounce(old, "<newsletter-7741@larkfield.example>")
