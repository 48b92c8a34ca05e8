"""Conversations and what is in them. Children carry their inbox: it is the scope in which they travel.

Only the nearest parent is a foreign key: each one more costs PostgreSQL about a tenth of an insert, and the
conversation vouches for its inbox and its account.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    text,
)

from agentdesk.store.base import MERGED, metadata, synced
from agentdesk.store.types import Id, Json, Moment

TROUBLE = "delivery IN ('failed', 'uncertain')"
"""A message of ours that did not go out, or may not have. Queries say it in these very words: SQLite takes a
partial index only for the condition it was made with."""

conversation = synced(
    "conversation",
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=True),
    Column("channel", String(40), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    # Given by the server, one after the other over the whole workspace.
    Column("number", BigInteger, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("preview", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("priority", String(20), nullable=False),
    Column("assignee_id", Id, ForeignKey("user.id"), nullable=True),
    # Whom the one who has it has asked to take it over, until they have answered.
    Column("asked_id", Id, nullable=True),
    Column("tags", Json, nullable=False),
    Column("language", String(35), nullable=False),
    # The customer wrote and nobody of the team has opened it since.
    Column("unread", Boolean, nullable=False),
    # The customer's oldest unanswered message; null while we wait for them.
    Column("waiting_since", Moment, nullable=True),
    Column("last_message_id", Id, nullable=True),
    Column("last_message_at", Moment, nullable=False),
    Column("last_customer_at", Moment, nullable=True),
    Column("first_reply_at", Moment, nullable=True),
    Column("resolved_at", Moment, nullable=True),
    Column("snoozed_until", Moment, nullable=True),
    # A conversation this one may belong to, without proof enough to join them.
    Column("related_id", Id, nullable=True),
    # The conversation that this one was merged into, and what it and that one were like before: see
    # commands/merging.py.
    Column("merged_into_id", Id, nullable=True),
    Column("merge", Json, nullable=True),
    # Posts of networks only: who can read what the customer wrote last, and the external id of the post with
    # which it began; see domain/posts.py.
    Column("visibility", String(10), nullable=True),
    Column("root", String(998), nullable=True),
    # It speaks of us, not to us: nobody waits for an answer.
    Column("watched", Boolean, nullable=False, server_default=false()),
    # Retention leaves it alone.
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    # Set by the unit of work with each write.
    Column("updated_at", Moment, nullable=False),
    Index("ix_conversation_assignee", "assignee_id", "status"),
    Index("ix_conversation_updated", "updated_at", "id"),
    Index("ix_conversation_status_updated", "status", "updated_at", "id"),
    Index(
        "ix_conversation_merged_into_id",
        "merged_into_id",
        postgresql_where=text(MERGED),
        sqlite_where=text(MERGED),
    ),
)

# Holds all that the lists of the queue ask for, so that a list never touches the rows.
Index(
    "ix_conversation_queue",
    conversation.c.status,
    conversation.c.last_message_at.desc(),
    conversation.c.id,
    conversation.c.inbox_id,
    conversation.c.channel,
    conversation.c.assignee_id,
    conversation.c.unread,
    conversation.c.waiting_since,
)

message = synced(
    "message",
    Column("conversation_id", Id, ForeignKey("conversation.id"), nullable=False),
    # The conversation it belongs to where that one was merged into this one; null: it belongs here.
    Column("origin_id", Id, nullable=True),
    Column("inbox_id", Id, nullable=False),
    Column("account_id", Id, nullable=True),
    Column("kind", String(20), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("author", String(20), nullable=False),
    Column("contact_id", Id, nullable=True),
    Column("user_id", Id, nullable=True),
    # Parties as lists of {"kind", "value", "name"}.
    Column("sender", Json, nullable=True),
    Column("to", Json, nullable=False),
    Column("cc", Json, nullable=False),
    Column("bcc", Json, nullable=False),
    Column("reply_to", Json, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("quoted_text", Text, nullable=False),
    Column("quoted_html", Text, nullable=False),
    Column("external_id", String(998), nullable=False, index=True),
    Column("references", Json, nullable=False),
    # Why it is in this conversation: {"rule", "evidence"}.
    Column("reason", Json, nullable=False),
    Column("automatic", String(20), nullable=False),
    Column("remote_images", Integer, nullable=False),
    Column("protection", String(40), nullable=False),
    Column("warnings", Json, nullable=False),
    # Outgoing only: see domain/delivery.py; the detail is {"text", "args", "words"}.
    Column("delivery", String(20), nullable=False),
    Column("delivery_detail", Json, nullable=True),
    Column("delivery_at", Moment, nullable=True),
    Column("raw_id", Id, nullable=True),
    # Notes only: who was meant by an @, as {"kind": "user" | "inbox" | "whisper", "id", "name"}.
    Column("mentions", Json, nullable=True),
    # Who wrote it has changed it, or taken it back: see domain/revising.py.
    Column("revision", Json, nullable=True),
    # What it offers besides text: see domain/extras.py.
    Column("extras", Json, nullable=True),
    # What a post of a network has besides text: see domain/posts.py.
    Column("post", Json, nullable=True),
    Column("sent_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_message_conversation", "conversation_id", "created_at", "id"),
    Index("ix_message_figures", "direction", "kind", "delivery"),
    # The few that somebody has to look at.
    Index(
        "ix_message_trouble",
        "conversation_id",
        postgresql_where=text(TROUBLE),
        sqlite_where=text(TROUBLE),
    ),
)

attachment = synced(
    "attachment",
    Column("message_id", Id, ForeignKey("message.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", Id, nullable=False, index=True),
    Column("inbox_id", Id, nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("blob", String(64), nullable=False),
    Column("content_id", Text, nullable=False),
    Column("inline", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    # What is to be seen or heard in it, in its author's words.
    Column("alt", Text, nullable=True),
)

# Who was given a conversation automatically, until that is settled: they began to work on it, it is closed,
# or a person gave it to somebody.
placement = Table(
    "placement",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    Column("given_at", Moment, nullable=False),
    # Those who had it before and did not open it, or gave it back.
    Column("tried", Json, nullable=False),
    # Whether it was seen to have been opened since.
    Column("opened", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Index("ix_placement_settled", "settled"),
)

event = synced(
    "event",
    Column("conversation_id", Id, ForeignKey("conversation.id"), nullable=False),
    Column("origin_id", Id, nullable=True),  # as in messages
    Column("inbox_id", Id, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("author", String(20), nullable=False),
    Column("user_id", Id, nullable=True),
    Column("data", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_event_conversation", "conversation_id", "created_at", "id"),
)
