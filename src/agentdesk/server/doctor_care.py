"""What wears out unless somebody takes care of it: back-ups and the certificate."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg, plural
from agentdesk.server.backup import BACKED_UP_NAME
from agentdesk.server.findings import Finding, moment_text
from agentdesk.server.tls import valid_until
from agentdesk.store.facts import fact
from agentdesk.store.tables import user

_BACKUP_EVERY = timedelta(days=7)
_RENEW_BEFORE = timedelta(days=14)


async def check_backup(conn: AsyncConnection) -> list[Finding]:
    """Say where ``agentdesk admin backup`` has not been run for days; other ways to copy are not known."""
    last = await fact(conn, BACKED_UP_NAME)
    since = datetime.fromisoformat(last) if last else await conn.scalar(select(func.min(user.c.created_at)))
    if since is None or clock.now() - since < _BACKUP_EVERY:
        return []
    words = (
        msg("The last back-up was made on {when}.", when=moment_text(since))
        if last
        else msg("No back-up of this database is known.")
    )
    remedy = msg("Run agentdesk admin backup every day, unless you copy the database in another way.")
    return [Finding("backup", words, remedy, wrong=False)]


def check_certificate(path: Path) -> list[Finding]:
    """Say where the certificate that the server shows is unusable, or about to run out."""
    try:
        until = valid_until(path)
    except Invalid as error:
        return [Finding("certificate", error.message, error.hint)]
    left = until - clock.now()
    if left > _RENEW_BEFORE:
        return []
    remedy = msg("Renew it; the server takes the new file up by itself.")
    if left <= timedelta():
        words = msg("The certificate in {path} has run out: no desk can connect.", path=str(path))
        return [Finding("certificate", words, remedy)]
    words = plural(
        "The certificate in {path} runs out in {count} day.",
        "The certificate in {path} runs out in {count} days.",
        left.days,
        path=str(path),
    )
    return [Finding("certificate", words, remedy)]
