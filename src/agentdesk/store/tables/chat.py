"""Visitors of pages that this server serves: their sessions, what they see, and what they handed in."""

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
    UniqueConstraint,
    text,
)

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Json, Moment

GOES_ON = "spoke_at IS NOT NULL"

chat_session = Table(
    "chat_session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    # The visitor's address in this channel: the value of a contact's identity.
    Column("identity", String(320), nullable=False),
    # The company's own server signed who this is.
    Column("verified", Boolean, nullable=False),
    # What the visitor said of themselves: {"name", "email", "topic", "consent"}.
    Column("profile", Json, nullable=False),
    # Where they are: {"url", "title", "referrer", "language", "time_zone"}.
    Column("place", Json, nullable=False),
    # Where they were before, and with which program: see server/chat/trail.py.
    Column("trail", Json, nullable=True),
    # The external id of what they wrote last; empty before they write.
    Column("last", String(400), nullable=False),
    # The number of the last line, and up to which of them the visitor's page has what and has shown what.
    Column("lines", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, index=True),
    # When either side wrote last; nothing before anybody writes, and once the chat has ended.
    Column("spoke_at", Moment, nullable=True),
    UniqueConstraint("account_id", "identity"),
    Index(
        "ix_chat_session_spoke_at",
        "account_id",
        "spoke_at",
        postgresql_where=text(GOES_ON),
        sqlite_where=text(GOES_ON),
    ),
)

chat_token = Table(
    "chat_token",
    metadata,
    # SHA-256 of what the page keeps.
    Column("hash", String(64), primary_key=True),
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# Links in mails that open a session's chat in a browser that does not have its token.
chat_link = Table(
    "chat_link",
    metadata,
    # SHA-256 of what stands in the mail.
    Column("hash", String(64), primary_key=True),
    # The mail that it stands in.
    Column("message_id", Id, nullable=False, unique=True),
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

chat_line = Table(
    "chat_line",
    metadata,
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    # The page's own id of a visitor's message, the idempotency key of one of ours.
    Column("key", String(400), nullable=False),
    # message | ended | edited | deleted | joined | left
    Column("kind", String(20), nullable=False, server_default="message"),
    # visitor | agent | system
    Column("origin", String(10), nullable=False),
    Column("text", Text, nullable=False),
    # Who of us wrote it.
    Column("name", String(300), nullable=False),
    # The key of the line that this one is about, where it is about another.
    Column("about", String(400), nullable=True),
    # The ids of the files that it shows, in their order.
    Column("files", Json, nullable=True),
    # What it offers besides text, as in messages.
    Column("extras", Json, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_chat_line_key", "key", "session_id", unique=True),
)

# What a session's lines show besides text, and what its visitor has sent up for a message to come.
chat_file = Table(
    "chat_file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), nullable=False),
    # The page's own id of what it sends up, the id of an attachment of ours.
    Column("key", String(64), nullable=False),
    Column("blob", String(64), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("size", Integer, nullable=False),
    # The line that shows it.
    Column("n", Integer, nullable=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("session_id", "key"),
)

# Until the account's connector has taken it: then it is a raw item.
chat_post = Table(
    "chat_post",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), nullable=False),
    Column("source_id", String(400), nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_chat_post_account", "account_id", "seq"),
    Index("ix_chat_post_session_id", "session_id"),
    sqlite_autoincrement=True,
)

# What pages say to visitors by themselves, and how often that was seen, taken up and closed: counts alone.
chat_invitation = Table(
    "chat_invitation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("name", String(200), nullable=False),
    # By language tag; under an empty one the text for all others.
    Column("texts", Json, nullable=False),
    # When: see domain/invitations.py.
    Column("rule", Json, nullable=False),
    Column("shown", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("closed", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "name"),
)

# Who is on a site now and agreed to be seen. Short-lived: a row goes with its visit, or minutes later.
chat_guest = Table(
    "chat_guest",
    metadata,
    # What desks call it; the page does not know it.
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    # SHA-256 of what the page calls its visit.
    Column("key", String(64), nullable=False),
    # The visitor's chat, where they have one.
    Column("session_id", Id, ForeignKey("chat_session.id", ondelete="CASCADE"), nullable=True),
    # Where they are, with what: {"url", "title", "referrer", "language", "time_zone", "browser", "system"}.
    Column("place", Json, nullable=False),
    # Whether this is not their first visit.
    Column("was_here", Boolean, nullable=False),
    Column("pages", Integer, nullable=False),
    # When the visit, and when the page that they look at, began, and when it was last heard of.
    Column("came_at", Moment, nullable=False),
    Column("page_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, index=True),
    # What an agent has asked them: {"id", "text", "user_id", "name", "state"}.
    Column("invited", Json, nullable=True),
    UniqueConstraint("account_id", "key"),
    Index("ix_chat_guest_session_id", "session_id"),
)
