"""Replies that are often needed."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.values import SaveTemplate
from agentdesk.domain.cleaning import storable
from agentdesk.store.tables import template

_SHORTCUT = re.compile(r"[\w.-]{1,60}\Z")
_LONGEST_BODY = 100_000


async def save_template(context: Context, command: SaveTemplate) -> None:
    """Add a template or change it; a shortcut belongs to one template per language."""
    values = _checked(command)
    same = template.c.shortcut == values["shortcut"], template.c.language == values["language"]
    holder = await context.conn.scalar(select(template.c.id).where(*same))
    if holder is not None and holder != command.template_id:
        raise Refusal("invalid", msg("The shortcut {name} is taken.", name=values["shortcut"]))
    found = await context.conn.execute(select(template).where(template.c.id == command.template_id))
    row = found.mappings().first()
    if row is None:
        new = {"id": command.template_id, "files": [], "created_at": context.now}
        await context.unit.insert(template, [{**values, **new}])
    elif any(row[name] != value for name, value in values.items()):
        await context.unit.update(template, command.template_id, values)


def _checked(command: SaveTemplate) -> dict[str, Any]:
    values = {
        "name": storable(command.name).strip()[:200],
        "shortcut": storable(command.shortcut).strip().lstrip("/"),
        "folder": storable(command.folder).strip()[:200],
        "language": storable(command.language).strip()[:35],
        "body": storable(command.body),
    }
    if not values["name"] or not values["body"].strip():
        raise Refusal("invalid", msg("A template needs a name and a text."))
    if not _SHORTCUT.match(values["shortcut"]):
        raise Refusal("invalid", msg("A shortcut is one word of letters, digits, dots and hyphens."))
    if len(values["body"]) > _LONGEST_BODY:
        raise Refusal("invalid", msg("The text is too long."))
    return values
