"""Email passes the suite of the connector contract, over a real mailbox and a real SMTP server."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage

import pytest
from tests.connectors.email.support import imap_settings, smtp_settings
from tests.helpers.dovecot import Mailbox
from tests.helpers.smtp import SmtpServer

from agentdesk.base.ids import new_id
from agentdesk.sdk.discover import connector
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands


class _MailStage(Stage):
    def __init__(self, mailbox: Mailbox, server: SmtpServer) -> None:
        super().__init__()
        self.module = connector("email")
        settings = imap_settings(mailbox) | smtp_settings(server)
        self.settings = {name: str(value) for name, value in settings.items()}
        self.secrets = {"password": mailbox.password}
        self._mailbox, self._server = mailbox, server
        self._references: dict[str, tuple[str, ...]] = {}

    async def say(self, said: Said) -> str:
        external_id = f"{new_id().hex}@customer.example"
        before = self._references.get(said.below, ())
        self._references[external_id] = (*before, said.below) if said.below else ()
        mail = EmailMessage()
        mail["From"] = f"{said.by.title()} <{said.by}@customer.example>"
        mail["To"] = self._mailbox.address
        mail["Subject"] = "A question"
        mail["Date"] = "Sun, 22 Nov 2026 12:00:00 +0000"
        mail["Message-ID"] = f"<{external_id}>"
        if said.below:
            mail["In-Reply-To"] = f"<{said.below}>"
            mail["References"] = " ".join(f"<{one}>" for one in self._references[external_id])
        mail.set_content(said.text)
        if said.picture:
            mail.add_attachment(b"picture", "image", "png", filename=said.picture)
        self._mailbox.deliver(mail.as_bytes())
        return external_id

    def stands(self) -> Sequence[Stands]:
        return [_stands(received.content) for received in self._server.received]


def _stands(content: bytes) -> Stands:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    below = str(mail["In-Reply-To"] or "").strip("<>")
    return Stands(str(mail["Message-ID"]).strip("<>"), body.get_content(), below=below)


class TestEmail(Conformance):
    package = "agentdesk_connectors.email"

    @pytest.fixture
    async def stage(self, mailbox: Mailbox, smtp_server: SmtpServer) -> AsyncIterator[Stage]:
        made = _MailStage(mailbox, smtp_server)
        yield made
        await made.close()
