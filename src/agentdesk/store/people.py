"""Who may see an inbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from agentdesk.domain.team import Role
from agentdesk.store.tables import inbox, inbox_member, user

__all__ = ["people_of"]


def people_of(inbox_id: UUID) -> Select[Any]:
    """Select everybody who may see an inbox, by name: who works in it, and who sees all of them."""
    member = select(inbox_member.c.user_id).where(inbox_member.c.inbox_id == inbox_id)
    for_all = select(inbox.c.id).where(inbox.c.id == inbox_id, inbox.c.everyone).exists()
    sees = or_(user.c.role != Role.AGENT.value, user.c.id.in_(member), for_all)
    return select(user).where(user.c.active, sees).order_by(func.lower(user.c.name), user.c.id)
