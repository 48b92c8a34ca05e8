"""What a supervisor whispers is said to a screen reader at once: nobody looks for it while they write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.announce import announce
from agentdesk.queries.rows import MessageRow, UserRow

__all__ = ["announce_whispers"]

_LONGEST = 300


def announce_whispers(
    view: QWidget, known: Collection[UUID], rows: Sequence[MessageRow], me: UserRow | None
) -> None:
    """Say those of ``rows`` that are not ``known`` yet and whispered to ``me``."""
    for row in rows:
        whom = row.whispered_to
        if row.id not in known and whom is not None and me is not None and whom.id == me.id:
            text = " ".join(row.text.split())[:_LONGEST]
            announce(view, tr(msg("{name} whispers to you: {text}", name=row.author_name, text=text)))
