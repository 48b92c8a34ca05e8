"""Email: IMAP in, SMTP out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk_connectors.email.settings import SCHEMA
from agentdesk_connectors.email.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.email.connector import EmailAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="email",
    name=msg("Email"),
    description=msg("A mailbox that is read over IMAP and answered over SMTP."),
    identity_kind="email",
    tile="mail",
    settings=SCHEMA,
    address_setting="address",
)


def create(context: AccountContext) -> EmailAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.email.connector import EmailAccount  # the reading worker does without it

    return EmailAccount(context)
