"""What the rules of intake look up, read for a whole batch with a few queries."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.secrets import Vault
from agentdesk.commands.arrival import Arrival, Person, Sent, Source, Thread
from agentdesk.domain.message import Direction
from agentdesk.domain.recipients import mailbox_of
from agentdesk.domain.threading import Address
from agentdesk.sdk.inbound import ThreadToken
from agentdesk.server.flood import FloodGate
from agentdesk.server.signing import verify
from agentdesk.server.threads import Threads, addressed_in
from agentdesk.store.fixed import Among, Asked, Fixed, look_ahead
from agentdesk.store.tables import (
    account,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    ingest_ledger,
    message,
)

_MOST_REFERENCES = 60
"""How many of the ids that one message names are looked up: the first one and the last ones."""

_EARLIEST_ANSWER = timedelta(hours=6)
"""How long before a message one that answers it may have come: mail servers deliver out of order."""


class _MessageRow(NamedTuple):
    """A message that something in the batch names; the fields are columns."""

    id: UUID
    external_id: str
    conversation_id: UUID
    origin_id: UUID | None
    inbox_id: UUID
    account_id: UUID | None
    direction: str
    delivery: str

    @property
    def home(self) -> UUID:
        """The conversation it belongs to, also where that was merged into another one."""
        return self.origin_id or self.conversation_id


_INBOX = bindparam("inbox_id", type_=contact_inbox.c.inbox_id.type)
_ADDRESSES = Fixed(select(account.c.address))
_LEDGER = Among(
    select(ingest_ledger.c.key_hash).where(ingest_ledger.c.inbox_id == _INBOX), ingest_ledger.c.key_hash
)
_MESSAGES = Among(select(*(message.c[name] for name in _MessageRow._fields)), message.c.external_id)
_PEOPLE = Among(
    select(
        contact.c.id,
        contact_identity.c.id.label("identity_id"),
        contact_identity.c.value,
        contact_identity.c.display,
        contact_identity.c.profile,
        contact.c.name,
        contact.c.blocked,
        select(contact_inbox.c.id)
        .where(contact_inbox.c.contact_id == contact.c.id, contact_inbox.c.inbox_id == _INBOX)
        .exists()
        .label("in_inbox"),
    )
    .join(contact_identity, contact_identity.c.contact_id == contact.c.id)
    .where(contact_identity.c.kind == bindparam("kind", type_=contact_identity.c.kind.type)),
    contact_identity.c.value,
)


class Lookup:
    """Facts for one batch of one account, within the transaction that will record it.

    What the rules decide about one message is remembered for those after it.
    """

    def __init__(self, source: Source, vault: Vault, gate: FloodGate) -> None:
        self.source = source
        self.gate = gate
        self.own_mailboxes: frozenset[str] = frozenset()
        self._vault = vault
        self._ledger: set[str] = set()
        self._messages: dict[str, list[_MessageRow]] = {}
        self._threads = Threads(source)
        self._people: dict[Address, Person] = {}
        self._early_answers: dict[str, Thread] = {}
        self._new_by_id: dict[str, tuple[Thread, UUID]] = {}
        self._new_by_reference: dict[str, Thread] = {}
        self._flood_threads: dict[Address, Thread] = {}
        self._rooted: dict[tuple[UUID | Address, str], Thread] = {}

    # --- reading ---

    async def load(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Read everything that the rules may ask about ``arrivals``."""
        await self._look_ahead(conn, arrivals)
        self.own_mailboxes = frozenset(mailbox_of(row["address"]) for row in await _ADDRESSES.rows(conn, {}))
        await self._load_ledger(conn, arrivals)
        await self._load_messages(conn, arrivals)
        await self._threads.load(conn, self._wanted_threads(arrivals))
        await self._load_people(conn, {a.identity for a in arrivals})
        await self._load_early_answers(conn, arrivals)
        await self._load_participants(conn, arrivals)
        await self._load_rooted(conn, arrivals)

    async def _look_ahead(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Ask in one trip what :meth:`load` asks of one message."""
        if len(arrivals) != 1:
            return
        (arrival,) = arrivals
        here = {"inbox_id": self.source.inbox_id}
        asked: list[Asked] = [(_ADDRESSES, {}), _LEDGER.of({arrival.key_hash}, here)]
        if wanted := self._wanted_messages(arrivals):
            asked.append(_MESSAGES.of(wanted))
        kind, value = arrival.identity
        asked.append(_PEOPLE.of([value], {**here, "kind": kind}))
        await look_ahead(conn, *asked)

    @staticmethod
    def _wanted_messages(arrivals: Sequence[Arrival]) -> list[str]:
        return sorted({name for arrival in arrivals for name in _named(arrival) if name})

    async def _load_ledger(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        keys = {a.key_hash for a in arrivals}
        keys |= {key_of_deleted(a.external_id) for a in arrivals if a.inbound.post is not None}
        keys |= {key_of_deleted(r) for a in arrivals if a.inbound.happening for r in a.references[:1]}
        known = await _LEDGER.rows(conn, keys, {"inbox_id": self.source.inbox_id})
        self._ledger = {row["key_hash"] for row in known}

    async def _load_messages(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        wanted = self._wanted_messages(arrivals)
        if not wanted:
            return
        for row in await _MESSAGES.rows(conn, wanted):
            self._messages.setdefault(row["external_id"], []).append(_MessageRow(**row))

    def _wanted_threads(self, arrivals: Sequence[Arrival]) -> set[UUID]:
        named = {row.home for rows in self._messages.values() for row in rows}
        for arrival in arrivals:
            named.update(i for t in arrival.inbound.tokens if (i := verify(self._vault, t)) is not None)
            if arrival.sender and (flood := self.gate.conversation(arrival.sender)):
                named.add(flood)
        return named

    async def thread_in(self, conn: AsyncConnection, conversation_id: UUID) -> Thread | None:
        """Return a conversation that a message of this account is in already, read where it is not known."""
        return await self._threads.load_one(conn, conversation_id)

    async def _load_people(self, conn: AsyncConnection, addresses: Collection[Address]) -> None:
        if not addresses:
            return
        for kind in {kind for kind, _value in addresses}:
            values = [value for one, value in addresses if one == kind]
            about = {"inbox_id": self.source.inbox_id, "kind": kind}
            for row in await _PEOPLE.rows(conn, values, about):
                blocked, enters = row["blocked"], not row["in_inbox"]
                self._people[kind, row["value"]] = Person(
                    row["id"], kind, row["value"], row["name"], row["display"], blocked=blocked, enters=enters
                )
                self._people[kind, row["value"]].identity_id = row["identity_id"]
                self._people[kind, row["value"]].profile = row["profile"]

    async def _load_early_answers(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Conversations of the same customers whose first message came lately and names one that had not."""
        begins = [a for a in arrivals if a.external_id and a.sender and not self.named_threads(a)]
        writers = {self._people[a.identity].id for a in begins if a.identity in self._people}
        if not writers:
            return
        lately = min(a.received_at for a in begins) - _EARLIEST_ANSWER
        rows = await conn.execute(
            select(message.c.references, message.c.conversation_id, message.c.direction)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(conversation.c.contact_id.in_(writers), conversation.c.last_message_at > lately)
            .where(conversation.c.inbox_id == self.source.inbox_id)
            .where(message.c.created_at == conversation.c.created_at, message.c.created_at > lately)
            # Asking for the direction too would make the database scan all messages.
            .where(cast(message.c.references, Text) != "[]")
            .order_by(message.c.created_at.desc())  # the first one that names it counts
        )
        came = [row for row in rows if row.direction == Direction.IN]
        ids = {a.external_id for a in begins}
        found = {name: row.conversation_id for row in came for name in row.references if name in ids}
        await self._threads.load(conn, set(found.values()))
        threads = {name: self._threads.of(one) for name, one in found.items()}
        self._early_answers = {name: thread for name, thread in threads.items() if thread is not None}

    async def _load_participants(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Addresses that the team wrote to and that the first message had in To or Cc; read only where the
        sender is not the customer anyway."""
        unsure = {
            thread.id: thread
            for a in arrivals
            for thread in self.named_threads(a)
            if a.sender is not None and a.sender not in thread.participants and not thread.is_new
        }
        for conversation_id, parties in await addressed_in(conn, unsure):
            self._add_participants(unsure[conversation_id], parties)

    async def _load_rooted(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
        """Conversations of the same people that began below the same posts."""
        posts = [a for a in arrivals if a.root and a.identity in self._people]
        if not posts:
            return
        c = conversation.c
        rows = await conn.execute(
            select(c.id, c.root, c.contact_id)
            .where(c.contact_id.in_({self._people[a.identity].id for a in posts}))
            .where(c.root.in_({a.root for a in posts}), c.account_id == self.source.account_id)
            .order_by(c.created_at)
        )
        found = {(row.contact_id, row.root): row.id for row in rows}
        await self._threads.load(conn, set(found.values()))
        for (contact_id, root), conversation_id in found.items():
            thread = self._threads.of(conversation_id)
            if thread is not None:
                self._rooted[contact_id, root] = thread

    def _add_participants(self, thread: Thread, parties: Iterable[Mapping[str, str]]) -> None:
        for party in parties:
            self._add_participant(thread, party["kind"], party["value"])

    def _add_participant(self, thread: Thread, kind: str, value: str) -> None:
        if mailbox_of(value) not in self.own_mailboxes:
            thread.participants.add((kind, value.lower()))

    # --- answers for the rules ---

    def is_known(self, arrival: Arrival) -> bool:
        """Whether this very message was taken in before, by whatever way it came."""
        return arrival.key_hash in self._ledger

    def same_id(self, external_id: str) -> bool:
        """Whether another message of this inbox has the same id."""
        rows = self._messages.get(external_id, ())
        return any(row.inbox_id == self.source.inbox_id for row in rows) or external_id in self._new_by_id

    def is_ours(self, external_id: str) -> bool:
        """Whether we sent the message of that id ourselves."""
        return any(row.direction == Direction.OUT for row in self._messages.get(external_id, ()))

    def sent(self, external_ids: Iterable[str]) -> Sent | None:
        """Return our message among ``external_ids``, if there is one in this inbox."""
        for external_id in external_ids:
            for row in self._messages.get(external_id, ()):
                thread = self._threads.of(row.home)
                if row.direction == Direction.OUT and thread is not None:
                    return Sent(row.id, row.delivery, thread)
        return None

    def signed_threads(self, arrival: Arrival) -> list[tuple[Thread, UUID, str]]:
        """Conversations of this inbox whose signed token the message carries, each with its home and the
        evidence (for homes see :meth:`thread_of`)."""
        found = []
        for token in arrival.inbound.tokens:
            home = verify(self._vault, token)
            thread = self._threads.of(home) if home is not None else None
            if home is not None and thread is not None:
                found.append((thread, home, token.conversation))
        return found

    def thread_of(self, external_id: str) -> tuple[Thread, UUID] | None:
        """The conversation of this inbox that holds the message of that id, and the message's home: the
        conversation it belongs to, another one where that was merged into this one."""
        if external_id in self._new_by_id:
            return self._new_by_id[external_id]
        for row in self._messages.get(external_id, ()):
            thread = self._threads.of(row.home)
            if thread is not None:
                return thread, row.home
        return None

    def sibling_of(self, reference: str) -> Thread | None:
        """The conversation, begun in this batch, of a message that names the same one."""
        return self._new_by_reference.get(reference)

    def thread_of_post(self, external_id: str) -> Thread | None:
        """The conversation that holds the customer's post of that id, of this account."""
        if external_id in self._new_by_id:
            return self._new_by_id[external_id][0]
        for row in self._messages.get(external_id, ()):
            if row.direction == Direction.IN and row.account_id == self.source.account_id:
                return self._threads.of(row.home)
        return None

    def was_deleted(self, external_id: str) -> bool:
        """Whether the network has told that a post is gone."""
        return key_of_deleted(external_id) in self._ledger

    def rooted(self, arrival: Arrival) -> Thread | None:
        """The conversation of the same person below the same post."""
        if not arrival.root or arrival.sender is None:
            return None
        person = self._people.get(arrival.sender)
        by_person = self._rooted.get((person.id, arrival.root)) if person is not None else None
        return self._rooted.get((arrival.sender, arrival.root)) or by_person

    def answered_early(self, external_id: str) -> Thread | None:
        """The conversation of a message that names this one and came before it."""
        return self._early_answers.get(external_id)

    def named_threads(self, arrival: Arrival) -> list[Thread]:
        """All conversations that the message has some claim to."""
        by_reference = (self.thread_of(r) for r in arrival.references)
        signed = [thread for thread, _, _ in self.signed_threads(arrival)]
        return signed + [found[0] for found in by_reference if found is not None]

    def flood_thread(self, sender: Address) -> Thread | None:
        """The conversation that takes up what a flooding sender writes."""
        if sender in self._flood_threads:
            return self._flood_threads[sender]
        known = self.gate.conversation(sender)
        return self._threads.of(known) if known else None

    def person(self, address: Address) -> Person | None:
        """The contact of an address."""
        return self._people.get(address)

    def add_person(self, person: Person) -> None:
        """Remember a contact that this batch makes."""
        self._people[person.kind, person.value] = person

    def signed_by_us(self, token: ThreadToken) -> bool:
        """Whether a token bears our signature."""
        return verify(self._vault, token) is not None

    def add_addressed(self, arrival: Arrival) -> None:
        """Let those whom the first message of a conversation was addressed to take part in it."""
        if arrival.thread is not None:
            for party in (*arrival.inbound.to, *arrival.inbound.cc):
                self._add_participant(arrival.thread, party.kind, party.value)

    def remember(self, arrival: Arrival) -> None:
        """Let the messages after this one know of it."""
        if arrival.key_hash:
            self._ledger.add(arrival.key_hash)
        thread = arrival.thread
        if thread is None or arrival.settled:
            return
        if arrival.external_id:
            self._new_by_id.setdefault(arrival.external_id, (thread, arrival.origin_id or thread.id))
        for reference in arrival.references:
            self._new_by_reference.setdefault(reference, thread)
        if arrival.root and arrival.sender is not None:
            self._rooted.setdefault((arrival.sender, arrival.root), thread)
        if thread.is_new and arrival.sender and arrival.sender not in self._flood_threads:
            self._flood_threads[arrival.sender] = thread

    @property
    def flood_threads(self) -> Mapping[Address, Thread]:
        """The conversations begun in this batch, by sender."""
        return self._flood_threads


def key_of_deleted(external_id: str) -> str:
    """Return the name under which it is remembered that a post is gone."""
    return hashlib.sha256(f"deleted\0{external_id}".encode()).hexdigest()


def _named(arrival: Arrival) -> list[str]:
    references = list(arrival.references)
    if len(references) > _MOST_REFERENCES:
        references = [references[0], *references[1 - _MOST_REFERENCES :]]
    reported = [i for report in arrival.inbound.reports for i in report.external_ids]
    return [arrival.external_id, *references, *reported[:_MOST_REFERENCES]]
