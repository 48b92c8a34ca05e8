"""Widgets: the accounts whose pages this server serves, and what strangers may know of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import parse_id
from agentdesk.base.log import get_logger
from agentdesk.base.secrets import Vault
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.hours import Hours, hours_from, is_open, next_opening
from agentdesk.sdk.pages import Hosted, PageField, PageSettings
from agentdesk.server.account_context import open_account
from agentdesk.server.chat.mailing import mail_account
from agentdesk.server.chat.protocol import CAN, LONGEST_FRAME, LONGEST_TEXT, VERSION
from agentdesk.server.chat.words import choose, words
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account, inbox

__all__ = ["Standing", "Widget", "Widgets", "abilities", "allows", "public"]

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?")
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody answers now; ``back`` is when the inbox opens again, where it is closed."""

    online: bool
    back: datetime | None


@dataclass(frozen=True, slots=True)
class Widget:
    """One account, as its pages need it."""

    id: UUID
    inbox_id: UUID
    page: PageSettings
    hours: Hours | None = None
    mail: str = ""
    """The address of the account by which left messages are answered; empty where they are not."""
    site: str = ""

    def standing(self, there: bool, now: datetime) -> Standing:
        """Say how its inbox stands at ``now``, ``there`` being whether somebody of the team is."""
        return Standing(there and is_open(self.hours, now), next_opening(self.hours, now))


class Widgets:
    """Finds widgets by their id."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    async def named(self, name: str) -> Widget | None:
        """Return a widget by its id or its website; None as below. Raises DatabaseError."""
        widget_id = parse_id(name)
        if widget_id is None and name.isprintable():  # no database takes NUL, or half a character
            which = account.c.channel == CHANNEL, account.c.address == name.lower()
            async with self._db.read() as conn:
                first = select(account.c.id).where(*which, ~account.c.paused).order_by(account.c.created_at)
                widget_id = await conn.scalar(first.limit(1))
        return await self.find(widget_id) if widget_id is not None else None

    async def find(self, widget_id: UUID) -> Widget | None:
        """Return a widget; None where there is none, it is paused, or its settings cannot be used. Raises
        DatabaseError."""
        async with self._db.read() as conn:
            columns = account.c.inbox_id, account.c.paused, account.c.address, inbox.c.hours
            found = select(*columns).join(inbox, inbox.c.id == account.c.inbox_id)
            row = (await conn.execute(found.where(account.c.id == widget_id))).first()
        if row is None or row.paused:
            return None
        try:
            _module, opened, _context = await open_account(self._db, self._vault, widget_id)
            try:
                if not isinstance(opened, Hosted):
                    return None
                page = opened.page()
            finally:
                await opened.close()
            mail = None
            if page.mail:
                async with self._db.read() as conn:
                    mail = await mail_account(conn, widget_id, page.mail)
            address = "" if mail is None else mail.address
            return Widget(widget_id, row.inbox_id, page, hours_from(row.hours), address, row.address)
        except DatabaseError:
            raise
        except AgentDeskError as error:
            _log.warning("a widget cannot be used", widget=str(widget_id), problem=str(error))
            return None


def allows(page: PageSettings, origin: str) -> bool:
    """Say whether pages of ``origin`` (as browsers send it, RFC 6454) may use a widget."""
    origin = origin.lower()
    if not _ORIGIN.fullmatch(origin):
        return False  # also "null": a file, a sandboxed frame
    if not page.origins or origin == page.server:  # our own help pages may
        return True
    return any(_covers(allowed, origin) for allowed in page.origins)


def _covers(allowed: str, origin: str) -> bool:
    scheme, _, host = allowed.partition("://")
    if not host.startswith("*."):
        return allowed == origin
    start, end = f"{scheme}://", host[1:]
    return origin.startswith(start) and origin.endswith(end) and len(origin) > len(start) + len(end)


def abilities(widget: Widget) -> tuple[str, ...]:
    """Return what the pages of a widget can do beyond text."""
    page = widget.page
    missing = {
        "preview": not page.preview,
        "files": not page.files,
        "survey": not page.survey,
        "transcript": not widget.mail,
        "presence": not page.presence,
    }
    return tuple(one for one in CAN if not missing.get(one))


def _asked(widget: Widget, standing: Standing) -> list[PageField]:
    """The questions before the first message: who is to be answered by email has to say where."""
    asked = list(widget.page.pre_chat)
    if standing.online or not widget.mail:
        return asked
    return [*(one for one in asked if one.key != "email"), PageField("email", required=True)]


def public(widget: Widget, standing: Standing, wished: Sequence[str] = ()) -> Mapping[str, object]:
    """Return what every page may know of a widget, and its words in the dearest language of ``wished``."""
    page = widget.page
    language = choose(wished, page.languages)
    return {
        "v": VERSION,
        "widget": str(widget.id),
        "name": page.name,
        "colour": page.colour,
        "position": page.position,
        "theme": page.theme,
        "languages": list(page.languages),
        "language": language,
        "words": words(language),
        "texts": dict(page.texts),
        "pre_chat": [
            {"key": one.key, "type": "email" if one.key == "email" else "text", "required": one.required}
            for one in _asked(widget, standing)
        ],
        "consent": page.consent,
        "online": standing.online,
        "back": standing.back,
        "can": list(abilities(widget)),
        "limits": {
            "text": LONGEST_TEXT,
            "file": page.file_bytes,
            "files": page.files,
            "frame": LONGEST_FRAME,
        },
    }
