"""What the composer knows of the conversation it writes into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentdesk.domain.addressing import Addressed, to_all, to_sender
from agentdesk.domain.chat import CHANNEL, EMAIL
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post, Visibility, is_wider, post_of
from agentdesk.domain.recipients import without_repeats
from agentdesk.queries.rows import ConversationRow, MessageRow

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """A conversation's head, what is loaded of its messages (oldest first), and our own addresses."""

    head: ConversationRow
    messages: tuple[MessageRow, ...] = ()
    own: tuple[str, ...] = ()

    def channel_to(self, people: Sequence[Party]) -> str:
        """The channel by which a reply to ``people`` goes: a chat goes on by email where they are written to
        there."""
        if self.head.channel == CHANNEL and any(party.kind == EMAIL for party in people):
            return EMAIL
        return self.head.channel

    @property
    def has_ways(self) -> bool:
        """Whether the customer of this chat was there by email too, so that it has to be said which way a
        reply goes."""
        theirs = (row for row in self.messages if row.kind == "message" and row.direction == "in")
        people = (party for row in theirs for party in (row.sender, *row.reply_to) if party is not None)
        return self.head.channel == CHANNEL and any(party.kind == EMAIL for party in people)

    @property
    def visibility(self) -> Visibility | None:
        """As many as can read a reply on a network at most; None where this is none."""
        if self.head.visibility is None:
            return None
        known, post = Visibility(self.head.visibility), self.answered_post
        return post.visibility if post is not None and is_wider(known, post.visibility) else known

    @property
    def answered_post(self) -> Post | None:
        """The post that a reply answers, as far as it is here."""
        row = self.answered_row
        return post_of(row.post) if row is not None else None

    @property
    def answered_row(self) -> MessageRow | None:
        """The message of the post that a reply answers: what it answers, else the customer's last one that
        still stands."""
        last = self.last_customer
        theirs = [row for row in self.messages if row.direction == "in" and row.post is not None]
        return last if last in theirs else theirs[-1] if theirs else None

    @property
    def last_customer(self) -> MessageRow | None:
        """The message that a reply answers: the customer's last one that a person wrote, if there is one."""
        theirs = [row for row in self.messages if row.kind == "message" and row.direction == "in"]
        written = [row for row in theirs if row.automatic == "no"] or theirs
        return written[-1] if written else None

    def addressed(self, *, everybody: bool) -> Addressed:
        """Whom a reply goes to."""
        row = self.last_customer
        if row is None:
            mail = [entry for entry in self.messages if entry.kind == "message"]
            return Addressed(to=mail[-1].to, cc=mail[-1].cc) if mail else Addressed()
        if everybody:
            return to_all(row.sender, row.reply_to, row.to, row.cc, self.own)
        return to_sender(row.sender, row.reply_to, self.own, row.to)

    def known(self) -> set[str]:
        """All addresses of the conversation so far."""
        people = (
            party
            for row in self.messages
            for party in (*row.to, *row.cc, *row.bcc, *row.reply_to, *((row.sender,) if row.sender else ()))
        )
        return {party.value.lower() for party in people}

    def others(self) -> int:
        """How many people more a reply to everybody would reach."""
        plain, everybody = self.addressed(everybody=False), self.addressed(everybody=True)
        more = without_repeats((*everybody.to, *everybody.cc), (*plain.to, *plain.cc))
        return len(more)

    def party(self, address: str) -> Party:
        """The person known by ``address``, with the name that the conversation has for it."""
        everyone = (
            party
            for row in self.messages
            for party in (*row.to, *row.cc, *row.reply_to, *((row.sender,) if row.sender else ()))
        )
        found = next((party for party in everyone if party.value.lower() == address.lower()), None)
        return found or Party("email", address)
