"""A company on real parts: a server process, a Dovecot mailbox, an SMTP server, and the REST API as a program
outside uses it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from agentdesk.domain.team import Role
from agentdesk.sdk.discover import connector
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.auth import Authenticator
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import run_aside
from tests.helpers.program import Program, Programs
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until_sync


@dataclass
class Company:
    """``api`` talks to the running server; ``mailbox`` is where customers write to."""

    programs: Programs
    database: str
    data: Path
    mailbox: Mailbox
    smtp: SmtpServer
    token: str
    program: Program | None = None
    address: str = ""
    port: int = 0
    """Where it listens; it is then also told to desks as one of several servers. 0: anywhere."""
    module: str = "agentdesk"
    """What is run as the server."""

    def start(self) -> None:
        """Start the server (again) and wait until it serves."""
        arguments = ("server", "--database", self.database, "--data", str(self.data))
        here = f"127.0.0.1:{self.port}"
        named = ("--public-url", f"http://{here}") if self.port else ()
        self.program = self.programs.start(*arguments, "--listen", here, *named, module=self.module)
        self.address = self.program.ready_sync()

    def api(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Return the JSON answer of the REST API; raises urllib.error.HTTPError."""
        request = urllib.request.Request(self.address + "/api/v1" + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return json.loads(answer.read())

    def conversations(self) -> list[dict[str, Any]]:
        """All conversations."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.api("GET", f"/conversations?limit=200{cursor}")
            found += page["conversations"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation with its messages."""
        found: dict[str, Any] = self.api("GET", f"/conversations/{conversation_id}")
        return found

    def wait_for_conversations(self, count: int, timeout: float = 30) -> list[dict[str, Any]]:
        """Return the conversations as soon as there are ``count``."""
        until_sync(lambda: len(self.conversations()) >= count, timeout, what=f"{count} conversations")
        return self.conversations()

    def reply(
        self, conversation_id: str, text: str, key: str | None = None, **more: object
    ) -> dict[str, Any]:
        """Post a reply and return the message."""
        body = {"type": "reply", "text": text, **more}
        headers: Mapping[str, str] = {"Idempotency_Key": key or uuid.uuid4().hex}
        path = f"/conversations/{conversation_id}/messages"
        message: dict[str, Any] = self.api("POST", path, body, **headers)["message"]
        return message

    def wait_for_delivery(
        self, conversation_id: str, message_id: str, state: str, timeout: float = 30
    ) -> Any:
        """Return the message as soon as its delivery has come to ``state``."""

        def now() -> Any:
            messages = self.conversation(conversation_id)["messages"]
            return next((m for m in messages if m["id"] == message_id and m["delivery"] == state), None)

        return until_sync(now, timeout, what=f"delivery {state}")

    def output(self) -> str:
        """What the server has written since it was last started."""
        assert self.program is not None
        return self.program.output()

    def stop(self) -> int:
        """Stop the server as an operator does; returns its status."""
        assert self.program is not None
        return self.program.stop()

    def kill(self) -> None:
        """Kill the server without a word (SIGKILL)."""
        assert self.program is not None
        self.program.kill()


def found_company(
    programs: Programs, database: str, data: Path, mailbox: Mailbox, smtp: SmtpServer, history: str = "all"
) -> Company:
    """Set a company up as the command line does; its server is not started yet."""
    token = run_aside(_found(database))
    company = Company(programs, database, data, mailbox, smtp, token)
    add_mailbox(company, mailbox, "Support", history)
    return company


async def _found(database: str) -> str:
    """Put the administrator Ana into a database; returns a token for the REST API."""
    db = Database(database)
    try:
        await db.migrate()
        await add_user(db, "ana@desk.test", "Ana", Role.ADMIN, "correct horse")
        return await Authenticator(db).issue("api", "test", None)
    finally:
        await db.close()


def add_mailbox(company: Company, mailbox: Mailbox, inbox: str, history: str = "all") -> None:
    """Let the company read a mailbox, into a new inbox of its own."""
    settings = mail_settings(mailbox, company.smtp, history)

    async def add() -> None:
        db = Database(company.database)
        try:
            await add_inbox(db, inbox)
            secrets = {"password": mailbox.password}
            await add_channel(db, await open_vault(db), "email", inbox, f"{inbox} mail", settings, secrets)
        finally:
            await db.close()

    run_aside(add())


def add_account(
    company: Company, channel: str, settings: Mapping[str, str], secrets: Mapping[str, str]
) -> uuid.UUID:
    """Connect an account of another channel to the company's first inbox, with those of ``secrets`` that a
    person gives; returns its id."""
    given = {field.key for field in connector(channel).manifest.settings.secrets()}

    async def add() -> uuid.UUID:
        db = Database(company.database)
        try:
            about = db, await open_vault(db), channel, "Support", channel.title()
            return await add_channel(*about, settings, {key: secrets[key] for key in given & secrets.keys()})
        finally:
            await db.close()

    return run_aside(add())


def mail_settings(mailbox: Mailbox, smtp: SmtpServer, history: str = "all") -> dict[str, str]:
    """What an account needs that reads a mailbox and sends through ``smtp``."""
    return {
        "address": mailbox.address,
        "imap.host": mailbox.host,
        "imap.port": str(mailbox.port),
        "imap.security": "none",
        "imap.user": mailbox.user,
        "smtp.host": "127.0.0.1",
        "smtp.port": str(smtp.port),
        "smtp.security": "none",
        "history": history,
    }


def letter(
    sender: str, subject: str, text: str, *, to: str, message_id: str | None = None, **headers: str
) -> EmailMessage:
    """A plain mail of a customer."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = message_id or f"<{uuid.uuid4().hex}@customer.test>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def write(mailbox: Mailbox, sender: str, subject: str, text: str = "Hi") -> None:
    """A customer writes to a mailbox of the company."""
    mailbox.deliver(letter(sender, subject, text, to=mailbox.address).as_bytes())


def first_lines(mailbox: Mailbox) -> Counter[str]:
    """How often each first line stands in the plain text of what has arrived at a customer."""
    mails = [message_from_bytes(raw, policy=policy.default) for raw in mailbox.messages()]
    bodies = [mail.get_body(("plain",)) for mail in mails]
    return Counter(body.get_content().splitlines()[0] for body in bodies if body is not None)


def body_of(mail: EmailMessage, kind: str = "plain") -> str:
    """What a mail says, as ``plain`` or ``html`` text."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def answer_to(received: bytes, sender: str, text: str) -> EmailMessage:
    """What a mail program makes when a customer answers ``received``."""
    original = message_from_bytes(received, policy=policy.default)
    references = f"{original['References'] or ''} {original['Message-ID']}".strip()
    return letter(
        sender,
        f"Re: {original['Subject']}",
        text,
        to=str(original["Reply-To"] or original["From"]),
        In_Reply_To=str(original["Message-ID"]),
        References=references,
    )


def customer_address(customer: Mailbox, number: int) -> str:
    """One of many customers' addresses; all lead to one mailbox. A single customer who writes very often is
    taken for a loop, and all that comes goes to one conversation."""
    local, _, domain = customer.address.partition("@")
    return f"{local}+{number}@{domain}"


def http_status(error: urllib.error.HTTPError) -> int:
    """The status of a refused call; its body is read so that nothing stays open."""
    error.read()
    error.close()
    return error.code
