"""How the panes of the window share its width: what folds, what becomes a drawer, what is shown alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["MOST_CHATS", "Panel", "Panes", "Widths", "panes_for"]

MOST_CHATS = 3


class Panel(StrEnum):
    """Where the customer panel is."""

    DOCKED = "docked"
    DRAWER = "drawer"


@dataclass(frozen=True, slots=True)
class Panes:
    """The arrangement for a width. ``steps``: list and conversation take turns, with a way back. ``chats`` is
    how many conversations there is room for, of those that are wanted."""

    rail_folded: bool
    list_width: int
    panel: Panel
    steps: bool
    chats: int = 1

    @property
    def name(self) -> str:
        """What an open drawer is remembered under."""
        return "steps" if self.steps else ("narrow" if self.list_width == _LIST_NARROW else "wide")


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide the person made the open rail, the list (0: as usual) and the panel (0: it is hidden), and how
    wide each of several conversations side by side has to be at least."""

    rail: int = 208
    list: int = 0
    panel: int = 304
    chat: int = 360


_OPEN = 1360
_FOLDED = 1180
_DRAWER = 1024
_LIST = 344
_LIST_NARROW = 316


_RAIL_FOLDED = 56
_LINE = 1
_USUAL = Widths()


def panes_for(
    width: int, *, rail_pinned: bool | None = None, chats: int = 1, widths: Widths = _USUAL
) -> Panes:
    """Return the arrangement for a window ``width`` pixels wide.

    ``rail_pinned`` is the person's own choice (True: open, False: folded), or None for the usual rule. Where
    several ``chats`` are wanted side by side, the rail folds for them unless it is pinned, then the panel
    becomes a drawer; those for which there is no room even then are left out.
    """
    usual = _usual(width, rail_pinned)
    for count in range(min(chats, MOST_CHATS), 1, -1):
        for one in _giving_way(usual, rail_pinned):
            if _room(one, width, widths) >= count * (widths.chat + _LINE) - _LINE:
                return replace(one, chats=count)
    return usual


def _usual(width: int, rail_pinned: bool | None) -> Panes:
    if width >= _OPEN:
        return Panes(rail_pinned is False, _LIST, Panel.DOCKED, steps=False)
    if width >= _FOLDED:
        panel = Panel.DRAWER if rail_pinned else Panel.DOCKED
        return Panes(not rail_pinned, _LIST, panel, steps=False)
    if width >= _DRAWER:
        return Panes(not rail_pinned, _LIST_NARROW, Panel.DRAWER, steps=False)
    return Panes(not rail_pinned, width, Panel.DRAWER, steps=True)


def _giving_way(usual: Panes, rail_pinned: bool | None) -> Iterator[Panes]:
    """The arrangement, and those in which ever more gives way to the conversations."""
    folded = usual if rail_pinned else replace(usual, rail_folded=True)
    yield from (usual, folded, replace(folded, panel=Panel.DRAWER))


def _room(panes: Panes, width: int, widths: Widths) -> int:
    """How wide the place for conversations is."""
    rail = _RAIL_FOLDED if panes.rail_folded else widths.rail
    beside = 0 if panes.steps else (widths.list or panes.list_width) + _LINE
    panel = widths.panel + _LINE if widths.panel and panes.panel is Panel.DOCKED else 0
    return width - rail - beside - panel - _LINE
