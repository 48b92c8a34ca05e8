"""The arrangement of the window follows the table of the interface specification."""

from __future__ import annotations

import pytest

from agentdesk.desktop.panes import Panel, Widths, panes_for


@pytest.mark.parametrize(
    ("width", "folded", "panel", "steps"),
    [
        (1440, False, Panel.DOCKED, False),
        (1360, False, Panel.DOCKED, False),
        (1359, True, Panel.DOCKED, False),
        (1180, True, Panel.DOCKED, False),
        (1179, True, Panel.DRAWER, False),
        (1024, True, Panel.DRAWER, False),
        (1023, True, Panel.DRAWER, True),
        (720, True, Panel.DRAWER, True),
    ],
)
def test_each_width_has_its_arrangement(width: int, folded: bool, panel: Panel, steps: bool) -> None:
    panes = panes_for(width)
    assert (panes.rail_folded, panes.panel, panes.steps) == (folded, panel, steps)


@pytest.mark.parametrize(
    ("width", "wanted", "shown", "folded", "panel"),
    [
        (1920, 2, 2, False, Panel.DOCKED),
        (1920, 3, 3, True, Panel.DOCKED),
        (1440, 2, 2, True, Panel.DOCKED),
        (1440, 3, 2, True, Panel.DOCKED),
        (1500, 3, 3, True, Panel.DRAWER),
        (1427, 2, 2, True, Panel.DRAWER),
        (1124, 2, 2, True, Panel.DRAWER),
        (1093, 2, 1, True, Panel.DRAWER),
        (1000, 2, 2, True, Panel.DRAWER),
        (2560, 9, 3, False, Panel.DOCKED),
    ],
)
def test_chats_side_by_side_have_room_before_rail_and_panel(
    width: int, wanted: int, shown: int, folded: bool, panel: Panel
) -> None:
    panes = panes_for(width, chats=wanted)
    assert (panes.chats, panes.rail_folded, panes.panel) == (shown, folded, panel)


def test_what_the_person_made_wider_leaves_less_room() -> None:
    assert panes_for(1440, chats=2, widths=Widths(list=400)).panel is Panel.DRAWER
    assert panes_for(1440, chats=2, widths=Widths(panel=0)).panel is Panel.DOCKED
    assert not panes_for(1440, chats=2, rail_pinned=True).rail_folded
    assert panes_for(1440, chats=2, widths=Widths(chat=540)).chats == 1


def test_a_pinned_rail_takes_the_panels_place() -> None:
    panes = panes_for(1200, rail_pinned=True)
    assert not panes.rail_folded
    assert panes.panel is Panel.DRAWER
    assert panes_for(1440, rail_pinned=False).rail_folded
