"""Operations of the REST API about what is known of customers."""

from __future__ import annotations

import tempfile
from typing import Any
from uuid import UUID

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.authority import refusal
from agentdesk.domain.authority import Permission
from agentdesk.queries.contact import is_sensitive
from agentdesk.server.api.operations import ApiError, Call, FileAnswer
from agentdesk.server.api.values import Nothing
from agentdesk.server.exporting import export_contact
from agentdesk.store.audit import Entry, record


async def note_reading(call: Call[Any, Any], conversation_id: UUID, what: str) -> None:
    """Write down that something of a sensitive customer is given out; nothing for all others."""
    async with call.services.db.read() as conn:
        if not await is_sensitive(conn, conversation_id):
            return
    actor = call.actor
    entry = Entry("read", what, "done", actor.kind.value, actor.user_id, conversation_id=conversation_id)
    async with call.services.db.write() as conn:
        await record(conn, [entry])


async def export(call: Call[Nothing, Nothing]) -> FileAnswer:
    """Everything about a customer, in one ZIP."""
    if not call.actor.may(Permission.EXPORT):
        refused = refusal(Permission.EXPORT)
        raise ApiError(403, refused.code, refused.message, refused.hint)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        await export_contact(call.services.db, call.id, call.actor, file)
    except NotFound:
        file.close()
        raise ApiError(404, "gone", msg("There is no such customer.")) from None
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileAnswer(f"customer-{call.id}.zip", file)
