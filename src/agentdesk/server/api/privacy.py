"""Operations of the REST API about what is known of customers."""

from __future__ import annotations

import tempfile

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.authority import refusal
from agentdesk.domain.authority import Permission
from agentdesk.server.api.operations import ApiError, Call, FileAnswer
from agentdesk.server.api.values import Nothing
from agentdesk.server.exporting import export_contact


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
