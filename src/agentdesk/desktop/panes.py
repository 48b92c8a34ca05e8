"""How the panes of the window share its width: what folds, what becomes a drawer, what is shown alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Panel", "Panes", "panes_for"]


class Panel(StrEnum):
    """Where the customer panel is."""

    DOCKED = "docked"
    DRAWER = "drawer"


@dataclass(frozen=True, slots=True)
class Panes:
    """The arrangement for a width. ``steps``: list and conversation take turns, with a way back."""

    rail_folded: bool
    list_width: int
    panel: Panel
    steps: bool

    @property
    def name(self) -> str:
        """What an open drawer is remembered under."""
        return "steps" if self.steps else ("narrow" if self.list_width == _LIST_NARROW else "wide")


_OPEN = 1360
_FOLDED = 1180
_DRAWER = 1024
_LIST = 344
_LIST_NARROW = 316


def panes_for(width: int, *, rail_pinned: bool | None = None) -> Panes:
    """Return the arrangement for a window ``width`` pixels wide.

    ``rail_pinned`` is the person's own choice (True: open, False: folded), or None for the usual rule.
    """
    if width >= _OPEN:
        return Panes(rail_pinned is False, _LIST, Panel.DOCKED, steps=False)
    if width >= _FOLDED:
        panel = Panel.DRAWER if rail_pinned else Panel.DOCKED
        return Panes(not rail_pinned, _LIST, panel, steps=False)
    if width >= _DRAWER:
        return Panes(not rail_pinned, _LIST_NARROW, Panel.DRAWER, steps=False)
    return Panes(not rail_pinned, width, Panel.DRAWER, steps=True)
