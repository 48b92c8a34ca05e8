"""A chat site whose left messages are answered by email: a real mailbox and SMTP server beside the widget."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, AnyCommand, Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_channel, change_channel
from agentdesk.store.engine import Database
from agentdesk.store.tables import message
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.company import mail_settings
from tests.helpers.dovecot import Mailbox
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until


async def name_mail(site: ChatSite, mailbox: Mailbox, smtp: SmtpServer, **settings: str) -> None:
    """Let the widget of a site answer by email, from ``mailbox``."""
    db, vault = Database(site.url), Vault.at(site.folder / "key")
    try:
        given, secrets = mail_settings(mailbox, smtp), {"password": mailbox.password}
        await add_channel(db, vault, "email", "Support", "Mail", given, secrets)
        await change_channel(db, vault, "Shop", {"mail": mailbox.address, **settings}, {})
    finally:
        await db.close()


async def do(site: ChatSite, command: AnyCommand, role: Role = Role.AGENT) -> Answer:
    """Have Maria's command carried out, without a desk of hers that would be there."""
    maria = Actor(Author.USER, site.maria, role, frozenset({site.inbox}))
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await site.core.executor.execute(envelope, maria)


async def leave(page: Page, text: str, email: str, *, topic: str = "") -> None:
    """Say who one is, and write."""
    profile = {"t": "profile", "id": "profile-1", "name": "Ana", "email": email, "topic": topic}
    await page.send({**profile, "consent": True})
    await page.came("ack", id="profile-1")
    await page.write(text)


async def answer(site: ChatSite, text: str, **fields: Any) -> UUID:
    """Answer the only conversation as a desk would: to whom its customer's last message says."""
    (conversation,) = await site.conversations()
    theirs = message.c.direction == "in", message.c.conversation_id == conversation.id
    row = (await site.rows(message, *theirs, order=message.c.created_at))[-1]
    (to,) = row.reply_to or [row.sender]
    message_id = new_id()
    command = SendReply(
        message_id=message_id,
        conversation_id=conversation.id,
        to=(Party(to["kind"], to["value"], to["name"]),),
        text=text,
        in_reply_to=row.id,
        **fields,
    )
    done = await do(site, command)
    assert done.outcome == "done", done
    return message_id


async def mails_of(mailbox: Mailbox, count: int) -> list[EmailMessage]:
    """Wait until so many mails have come, and return them in the order in which they were written."""
    await until(lambda: len(mailbox.messages()) >= count, what=f"{count} mails")
    found = [message_from_bytes(raw, policy=policy.default) for raw in mailbox.messages()]
    return sorted(found, key=lambda mail: mail["Date"].datetime)
