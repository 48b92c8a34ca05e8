"""What the people of the team look like, for whoever paints them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.queries.team_rows import PortraitRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["FacesOfDesk", "face_of", "show_faces"]

_TABLE = "portrait"


def face_of(seed: object) -> PortraitRow | None:
    """Return the picture of a person by their id; None where there is none."""
    return _known().get(str(seed))


def show_faces(rows: Iterable[PortraitRow]) -> None:
    """From now on these are the pictures."""
    _known().clear()
    _known().update({str(row.id): row for row in rows})


@cache
def _known() -> dict[str, PortraitRow]:
    return {}


class FacesOfDesk(QObject):
    """Keeps the pictures of a desk in step; the window of ``owner`` is painted anew with them."""

    def __init__(self, desk: DeskPort, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk = desk
        self._owner = owner
        self._tasks = tasks_of(self, "faces")

    def on_changes(self, changes: Changes) -> None:
        """Follow who has another picture."""
        if not changes or _TABLE in changes:
            self._tasks.start(self._read(), "read")

    async def _read(self) -> None:
        rows = await self._desk.portraits()
        if is_alive(self):
            show_faces(rows)
            self._owner.window().update()
