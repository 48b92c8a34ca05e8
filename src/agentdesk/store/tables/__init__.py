"""All tables, a file per family. Import from here, so that every table is known to the metadata."""

from __future__ import annotations

from agentdesk.store.tables.audit import audit_entry, audit_seal
from agentdesk.store.tables.channels import account, account_cursor, account_secret, account_state
from agentdesk.store.tables.chat import (
    chat_file,
    chat_guest,
    chat_invitation,
    chat_line,
    chat_link,
    chat_post,
    chat_session,
    chat_token,
)
from agentdesk.store.tables.conversations import attachment, conversation, event, message, placement
from agentdesk.store.tables.customers import contact, contact_identity, contact_inbox
from agentdesk.store.tables.mail import blob, delivery_attempt, ingest_ledger, outbox, post_act, raw_item
from agentdesk.store.tables.personal import draft, mention, offer, rail_order, saved_view
from agentdesk.store.tables.privacy import erasure, erasure_desk, retention_rule
from agentdesk.store.tables.search import search_entry
from agentdesk.store.tables.system import (
    applied_command,
    change_log,
    counter,
    desk,
    desk_key,
    lease,
    server_info,
)
from agentdesk.store.tables.team import (
    api_token,
    availability,
    channel_weight,
    credential,
    inbox,
    inbox_member,
    own_status,
    portrait,
    recovery_code,
    second_factor,
    sign_in_try,
    template,
    user,
)

__all__ = [
    "account",
    "account_cursor",
    "account_secret",
    "account_state",
    "api_token",
    "applied_command",
    "attachment",
    "audit_entry",
    "audit_seal",
    "availability",
    "blob",
    "change_log",
    "channel_weight",
    "chat_file",
    "chat_guest",
    "chat_invitation",
    "chat_line",
    "chat_link",
    "chat_post",
    "chat_session",
    "chat_token",
    "contact",
    "contact_identity",
    "contact_inbox",
    "conversation",
    "counter",
    "credential",
    "delivery_attempt",
    "desk",
    "desk_key",
    "draft",
    "erasure",
    "erasure_desk",
    "event",
    "inbox",
    "inbox_member",
    "ingest_ledger",
    "lease",
    "mention",
    "message",
    "offer",
    "outbox",
    "own_status",
    "placement",
    "portrait",
    "post_act",
    "rail_order",
    "raw_item",
    "recovery_code",
    "retention_rule",
    "saved_view",
    "search_entry",
    "second_factor",
    "server_info",
    "sign_in_try",
    "template",
    "user",
]
