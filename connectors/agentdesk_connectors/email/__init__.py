"""Email: IMAP in, SMTP out."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk_connectors.email.connector import EmailAccount
from agentdesk_connectors.email.settings import SCHEMA
from agentdesk_connectors.email.wire import interpret

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
    return EmailAccount(context)
