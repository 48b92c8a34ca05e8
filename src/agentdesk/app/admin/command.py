"""From the words of ``agentdesk admin`` to what is done, and a line of it in the audit trail."""

from __future__ import annotations

import argparse
import asyncio

from agentdesk.app.admin import (
    audit,
    channels,
    copies,
    hours,
    inboxes,
    invitations,
    people,
    privacy,
    routing,
    statuses,
)
from agentdesk.base.errors import AgentDeskError
from agentdesk.server import move as moving
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError


def run(parsed: argparse.Namespace) -> int:
    """Carry out one admin command and return the exit status."""
    return asyncio.run(_run(parsed))


async def _run(parsed: argparse.Namespace) -> int:
    db = Database(parsed.database)
    try:
        if parsed.subject == "backup":  # before an upgrade too: what is copied stays as it is
            return await copies.backup(db, parsed)
        await db.migrate()
        if parsed.subject not in _ON_THE_OLD_ONE:
            await moving.check_not_moved(db)
        return await _recorded(db, parsed)
    finally:
        await db.close()


_ON_THE_OLD_ONE = ("adopt-restore", "audit", "move")
"""What is sensible on a database that was moved; all else would change what nobody works with."""


async def _recorded(db: Database, parsed: argparse.Namespace) -> int:
    """Carry the command out and leave a line of it in the audit trail, also where it is refused."""
    try:
        status = await VERBS[f"{parsed.subject} {parsed.verb}".strip()](db, parsed)
    except AgentDeskError as error:
        if not isinstance(error, DatabaseError):
            await audit.write_down(db, parsed, "refused")
        raise
    await audit.write_down(db, parsed, "done" if status == 0 else "failed")
    return status


VERBS = {
    "user add": people.user_add,
    "user list": people.user_list,
    "user role": people.set_role,
    "user password": people.set_password,
    "user permit": people.permit,
    "user deny": people.deny,
    "user limit": people.set_limit,
    "user picture": people.set_picture,
    "user second-factor": people.second_factor_off,
    "user deactivate": people.deactivate,
    "user activate": people.activate,
    "lease list": people.lease_list,
    "lease end": people.lease_end,
    "session list": people.session_list,
    "session end": people.session_end,
    "inbox add": inboxes.inbox_add,
    "inbox set": inboxes.inbox_set,
    "inbox list": inboxes.inbox_list,
    "inbox access": inboxes.inbox_access,
    "inbox join": inboxes.inbox_join,
    "inbox leave": inboxes.inbox_leave,
    "hours set": hours.hours_set,
    "hours date": hours.hours_date,
    "hours off": hours.hours_off,
    "hours list": hours.hours_list,
    "routing set": routing.routing_set,
    "routing skills": routing.routing_skills,
    "routing units": routing.routing_units,
    "routing list": routing.routing_list,
    "status set": statuses.status_set,
    "status retire": statuses.status_retire,
    "status list": statuses.status_list,
    "invitation add": invitations.invitation_add,
    "invitation set": invitations.invitation_set,
    "invitation remove": invitations.invitation_remove,
    "invitation list": invitations.invitation_list,
    "token create": people.token_create,
    "token list": people.token_list,
    "token revoke": people.token_revoke,
    "channel add": channels.channel_add,
    "channel set": channels.channel_set,
    "channel list": channels.channel_list,
    "channel test": channels.channel_test,
    "channel authorise": channels.channel_authorise,
    "channel pause": channels.channel_pause,
    "channel resume": channels.channel_resume,
    "audit list": audit.audit_list,
    "audit verify": audit.audit_verify,
    "audit head": audit.audit_head,
    "contact mark": privacy.mark,
    "contact export": privacy.export,
    "contact erase": privacy.erase,
    "conversation mark": privacy.hold,
    "conversation holds": privacy.holds,
    "retention set": privacy.retention_set,
    "retention list": privacy.retention_list,
    "retention run": privacy.retention_run,
    "contact erasures": privacy.erasures,
    "adopt-restore": copies.adopt_restore,
    "move": copies.move,
}
