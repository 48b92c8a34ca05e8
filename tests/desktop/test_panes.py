"""The arrangement of the window follows the table of the interface specification."""

from __future__ import annotations

import pytest

from agentdesk.desktop.panes import Panel, panes_for


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


def test_a_pinned_rail_takes_the_panels_place() -> None:
    panes = panes_for(1200, rail_pinned=True)
    assert not panes.rail_folded
    assert panes.panel is Panel.DRAWER
    assert panes_for(1440, rail_pinned=False).rail_folded
