"""An invented company: people, customers, conversations with messages, written straight into a database."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.search import Entry, index_messages, search_text
from agentdesk.store.tables import (
    account,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    event,
    inbox,
    message,
    user,
)

__all__ = ["World", "build", "new_message"]

_ENGLISH = "order parcel invoice refund delivery address broken screen battery account password login cancel"
_MORE = "voucher shipping return exchange colour size the a is my to and of for not please when where still"
_OTHERS = "Größe Straße Rechnung kaputt commande facture pedido заказ возврат посылка طلب فاتورة شحن استرداد"
_UNSPACED = "退款申请 订单状态 配送時間 請求書 주문취소 환불요청 สินค้าเสีย"
_WORDS = f"{_ENGLISH} {_MORE} {_OTHERS} {_UNSPACED}".split()
_NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Katherine", "Ken", "Radia", "Hedy")
_DAYS = 85  # within what desks keep of closed conversations
_PORTION = 1000


class World:
    """What was put into the database, to ask for. ``open_share`` of the ``count`` conversations are open."""

    def __init__(self, count: int, messages: int, *, people: int = 12, open_share: float = 0.3) -> None:
        self.choose = random.Random(11)
        self.now = clock.now()
        self.count = count
        self.messages = messages
        self.open_share = open_share
        self.inboxes = [new_id() for _ in range(4)]
        self.accounts = [new_id() for _ in range(4)]
        self.users = [new_id() for _ in range(people)]
        self.contacts = [new_id() for _ in range(max(1, count // 4))]
        self.conversations = [new_id() for _ in range(count)]
        self.open: list[UUID] = []
        self.heads: list[dict[str, Any]] = []
        self.indexing = 0.0

    def sentence(self, words: int) -> str:
        """Words that some customer might write."""
        return " ".join(self.choose.choices(_WORDS, k=words))


async def build(db: Database, world: World, *, searchable: bool = True) -> None:
    """Fill the database; ``searchable``: with the full-text index, which takes most of the time."""
    await db.migrate()
    async with db.write() as conn:
        await insert_many(conn, inbox, [_inbox(world, n) for n in range(4)])
        await insert_many(conn, account, [_account(world, n) for n in range(4)])
        await insert_many(conn, user, [_user(world, n) for n in range(len(world.users))])
    for start in range(0, len(world.contacts), _PORTION):
        ids = world.contacts[start : start + _PORTION]
        async with db.write() as conn:
            await insert_many(conn, contact, [_contact(world, i) for i in ids])
            await insert_many(conn, contact_identity, [_identity(world, i) for i in ids])
            await insert_many(
                conn, contact_inbox, [_link(i, inbox_id) for i in ids for inbox_id in world.inboxes]
            )
    for start in range(0, world.count, _PORTION):
        await _add_conversations(db, world, start, searchable)
    async with db.write() as conn:
        await conn.execute(text("ANALYZE"))


async def _add_conversations(db: Database, world: World, start: int, searchable: bool) -> None:
    ids = world.conversations[start : start + _PORTION]
    heads = [_conversation(world, row_id, start + n) for n, row_id in enumerate(ids)]
    world.heads += heads
    world.open += [head["id"] for head in heads if head["status"] == "open"]
    bodies = [_message(world, head, n) for head in heads for n in range(world.messages)]
    lines = [_event(world, head) for head in heads]
    async with db.write() as conn:
        for table, rows in ((conversation, heads), (message, bodies), (event, lines)):
            await insert_many(conn, table, rows)
        began = time.perf_counter()
        if searchable:
            await index_messages(conn, [_entry(row) for row in bodies])
        world.indexing += time.perf_counter() - began


def new_message(world: World, number: int) -> dict[str, Any]:
    """What a customer writes now, as a unit of work takes it, into the conversation of that number."""
    head = world.heads[number]
    row = _message(world, head | {"last_message_at": clock.now()}, 0)
    del row["ver"]
    return row


def _entry(row: dict[str, Any]) -> Entry:
    words = search_text(row["subject"], row["text"])
    return row["id"], row["conversation_id"], row["inbox_id"], words


def _inbox(world: World, number: int) -> dict[str, Any]:
    row = {"id": world.inboxes[number], "name": f"Inbox {number}", "everyone": True}
    return row | {"created_at": world.now, "ver": 1}


def _account(world: World, number: int) -> dict[str, Any]:
    return {
        "id": world.accounts[number],
        "inbox_id": world.inboxes[number],
        "channel": "email" if number < 3 else "chat",
        "name": f"Account {number}",
        "address": f"support{number}@desk.test",
        "paused": False,
        "created_at": world.now,
        "ver": 1,
    }


def _user(world: World, number: int) -> dict[str, Any]:
    return {
        "id": world.users[number],
        "email": f"agent{number}@desk.test",
        "name": f"Agent {number}",
        "role": "agent",
        "permissions": {},
        "active": True,
        "created_at": world.now,
        "ver": 1,
    }


def _contact(world: World, row_id: UUID) -> dict[str, Any]:
    names = ("company", "place", "language", "time_zone", "notes")
    name = f"{world.choose.choice(_NAMES)} {world.choose.choice(_NAMES)}"
    filled = dict.fromkeys(names, "")
    return filled | {
        "id": row_id,
        "name": name,
        "fields": {},
        "blocked": False,
        "sensitive": False,
        "legal_hold": False,
        "created_at": world.now,
        "ver": 1,
    }


def _identity(world: World, contact_id: UUID) -> dict[str, Any]:
    address = f"{contact_id.hex}@example.org"
    row = {"id": new_id(), "contact_id": contact_id, "kind": "email", "value": address, "display": address}
    return row | {"verified": True, "created_at": world.now, "ver": 1}


def _link(contact_id: UUID, inbox_id: UUID) -> dict[str, Any]:
    return {"id": new_id(), "contact_id": contact_id, "inbox_id": inbox_id, "ver": 1}


def _conversation(world: World, row_id: UUID, number: int) -> dict[str, Any]:
    choose = world.choose
    at = world.now - timedelta(seconds=choose.random() * _DAYS * 86_400)
    kind = choose.randrange(4)
    shares = [world.open_share, 0.05, max(0.0, 0.95 - world.open_share)]
    return {
        "id": row_id,
        "inbox_id": world.inboxes[kind],
        "account_id": world.accounts[kind],
        "channel": "email" if kind < 3 else "chat",
        "contact_id": choose.choice(world.contacts),
        "number": number + 1,
        "subject": world.sentence(6),
        "preview": world.sentence(16),
        "status": choose.choices(["open", "snoozed", "resolved"], shares)[0],
        "priority": "normal",
        "assignee_id": choose.choice([None, *world.users]),
        "tags": ["vip", "returns"],
        "language": "en",
        "unread": choose.random() < 0.2,
        "watched": False,
        "waiting_since": at if choose.random() < 0.5 else None,
        "last_message_at": at,
        "last_customer_at": at,
        "created_at": at,
        "updated_at": at,
        "ver": 1,
    }


def _message(world: World, head: dict[str, Any], number: int) -> dict[str, Any]:
    ours = number % 2 == 1
    party = {"kind": "email", "value": "ada@example.org", "name": "Ada Lovelace"}
    body = world.sentence(world.choose.choice((20, 40, 80, 200)))
    nothing: dict[str, Any] = {name: [] for name in ("cc", "bcc", "reply_to", "references", "warnings")}
    blank = dict.fromkeys(("quoted_text", "quoted_html", "protection"), "")
    return (
        nothing
        | blank
        | {
            "id": new_id(),
            "conversation_id": head["id"],
            "inbox_id": head["inbox_id"],
            "account_id": head["account_id"],
            "kind": "message",
            "direction": "out" if ours else "in",
            "author": "user" if ours else "contact",
            "contact_id": None if ours else head["contact_id"],
            "user_id": world.users[0] if ours else None,
            "sender": party,
            "to": [party],
            "subject": head["subject"],
            "text": body,
            "html": f"<p>{body}</p>",
            "external_id": str(new_id()),
            "reason": {},
            "automatic": "no",
            "remote_images": 0,
            "delivery": world.choose.choices(["sent", "failed"], [99, 1])[0] if ours else "",
            "created_at": head["last_message_at"] - timedelta(hours=world.messages - number),
            "ver": 1,
        }
    )


def _event(world: World, head: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "conversation_id": head["id"],
        "inbox_id": head["inbox_id"],
        "kind": "assigned",
        "author": "user",
        "user_id": world.users[0],
        "data": {},
        "created_at": head["last_message_at"],
        "ver": 1,
    }
