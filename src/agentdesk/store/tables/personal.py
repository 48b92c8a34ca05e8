"""What belongs to one person, and travels to nobody else's desks unless it is shared."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Text

from agentdesk.store.base import synced
from agentdesk.store.types import Id, Json, Moment

draft = synced(
    "draft",
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    Column("conversation_id", Id, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", Id, nullable=False),
    # reply | note
    Column("mode", String(10), nullable=False),
    # A new one with every text that was saved, given by the desk that saved it.
    Column("edition", Id, nullable=False),
    # True: another text was newer when both met; this one waits to be looked at.
    Column("aside", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("to", Json, nullable=False),
    Column("cc", Json, nullable=False),
    Column("bcc", Json, nullable=False),
    Column("subject", Text, nullable=False),
    Column("files", Json, nullable=False),
    Column("seen_message_id", Id, nullable=True),
    Column("saved_at", Moment, nullable=False),
    # Who may read an answer to a post, where fewer may than could read that.
    Column("visibility", String(10), nullable=True),
    Index("ix_draft_place", "user_id", "conversation_id", "mode"),
    Index("ix_draft_conversation_id", "conversation_id"),
    private=True,
)

mention = synced(
    "mention",
    # Who was mentioned; by whom, and in which words, says the note.
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", Id, ForeignKey("message.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", Id, nullable=False),
    Column("inbox_id", Id, nullable=False),
    Column("seen_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_mention_person", "user_id", "conversation_id", "seen_at"),
    private=True,
)

# A conversation that somebody was asked to take: one that waits, or one that somebody hands them.
offer = synced(
    "offer",
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", Id, nullable=False, index=True),
    Column("inbox_id", Id, nullable=False),
    # open | accepted | declined | missed | withdrawn
    Column("state", String(20), nullable=False),
    Column("offered_at", Moment, nullable=False),
    # Until when they may answer; then somebody else is asked.
    Column("expires_at", Moment, nullable=False),
    # Who hands it over, and the note for whoever gets it; null: it waits for somebody.
    Column("from_id", Id, nullable=True),
    Column("note_id", Id, nullable=True),
    private=True,
)

# A list that somebody saved. Removed ones stay, so that it can be undone on any desk.
saved_view = synced(
    "saved_view",
    # Whose it is; null: it is shared, with those who see the inbox, or, that being null too, with everybody.
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("inbox_id", Id, ForeignKey("inbox.id", ondelete="CASCADE"), nullable=True),
    Column("name", String(80), nullable=False),
    Column("icon", String(40), nullable=False),
    # What it selects: see commands/values.py.
    Column("query", Json, nullable=False),
    Column("removed_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    shareable=True,
)

# One row per person, whose id it bears: in which order they have the entries of the rail.
rail_order = synced(
    "rail_order",
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("keys", Json, nullable=False),
    shareable=True,
)
