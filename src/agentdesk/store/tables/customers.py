"""Contacts and the addresses they are known by."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Text, UniqueConstraint, false, text

from agentdesk.store.base import MERGED, synced
from agentdesk.store.types import Id, Json, Moment

contact = synced(
    "contact",
    Column("name", String(300), nullable=False),
    Column("company", String(300), nullable=False),
    Column("place", String(300), nullable=False),
    Column("language", String(35), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("notes", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("blocked", Boolean, nullable=False),
    # The contact that this one was merged into, and what moved there: see commands/merging_contacts.py.
    Column("merged_into_id", Id, nullable=True),
    Column("merge", Json, nullable=True),
    # Who reads of this customer is written down.
    Column("sensitive", Boolean, nullable=False, server_default=false()),
    # Nothing of this customer is dropped or erased, whatever the rules say.
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("erased_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index(
        "ix_contact_merged_into_id",
        "merged_into_id",
        postgresql_where=text(MERGED),
        sqlite_where=text(MERGED),
    ),
)

contact_identity = synced(
    "contact_identity",
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    # The comparable form (email: lower case); unique, so a repeat finds the same contact.
    Column("value", String(320), nullable=False),
    Column("display", String(320), nullable=False),
    Column("verified", Boolean, nullable=False),
    # The address itself does not work: {"text", "args"} of why, or null.
    Column("bouncing", Json, nullable=True),
    # Visitors of pages only: where they are and were, see server/chat/trail.py.
    Column("visit", Json, nullable=True),
    # Accounts on networks only: {"url", "picture", "followers", "verified"}.
    Column("profile", Json, nullable=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("kind", "value"),
)

# Where a contact has written to: decides which desks may see it.
contact_inbox = synced(
    "contact_inbox",
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False, index=True),
    UniqueConstraint("contact_id", "inbox_id"),
)
