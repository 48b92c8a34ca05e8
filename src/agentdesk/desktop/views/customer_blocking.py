"""Blocking a customer, and letting them write again."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.commands.values import BlockContact
from agentdesk.desktop.doing import Doing
from agentdesk.queries.rows import ContactDetail

__all__ = ["CustomerBlocking"]


class CustomerBlocking(Doing):
    """Blocks customers, and takes that back."""

    def toggle(self, detail: ContactDetail) -> None:
        """Block a customer; let one who is blocked write again."""
        blocked = BlockContact(contact_id=detail.id, blocked=True)
        free = BlockContact(contact_id=detail.id, blocked=False)
        if detail.blocked:
            work = self._do(free, blocked, msg("May write again: {name}.", name=detail.name))
        else:
            work = self._do(blocked, free, msg("Blocked: {name}.", name=detail.name))
        self._tasks.start(work, "block")
