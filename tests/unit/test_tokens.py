"""The design tokens: every pair of text and surface is readable, and nothing the code asks for is missing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agentdesk.base.paths import resource

TOKENS: dict[str, Any] = json.loads(resource("theme/tokens.json").read_text(encoding="utf-8"))
SCHEMES = ("light", "dark")

PAIRS = (
    ("text.primary", "bg.canvas", 4.5),
    ("text.primary", "bg.window", 4.5),
    ("text.primary", "bg.selected", 4.5),
    ("text.primary", "bubble.in", 4.5),
    ("text.primary", "bubble.out", 4.5),
    ("text.primary", "note.tint", 4.5),
    ("text.primary", "bg.raised", 4.5),
    ("text.secondary", "bg.canvas", 4.5),
    ("text.secondary", "bg.window", 4.5),
    ("text.secondary", "bg.selected", 4.5),
    ("text.secondary", "bubble.out", 4.5),
    ("text.muted", "bg.canvas", 4.5),
    ("text.muted", "bg.list", 4.5),
    ("text.muted", "bg.window", 4.5),
    ("text.muted", "bg.hover", 4.5),
    ("text.muted", "bg.selected", 4.5),
    ("text.muted", "bg.sunken", 4.5),
    ("text.muted", "bubble.in", 4.5),
    ("text.muted", "bubble.out", 4.5),
    ("text.muted", "bg.raised", 4.5),
    ("text.onFill", "accent.fill", 4.5),
    ("text.onFill", "accent.fillHover", 4.5),
    ("text.onFill", "bad.fill", 4.5),
    ("accent.text", "bg.canvas", 4.5),
    ("accent.text", "bg.list", 4.5),
    ("accent.text", "accent.tint", 4.5),
    ("accent.text", "bg.selected", 4.5),
    ("accent.text", "bg.window", 4.5),
    ("ok.text", "ok.tint", 4.5),
    ("ok.text", "bg.canvas", 4.5),
    ("ok.text", "bg.window", 4.5),
    ("warn.text", "warn.tint", 4.5),
    ("warn.text", "bg.canvas", 4.5),
    ("warn.text", "bg.selected", 4.5),
    ("warn.text", "bg.window", 4.5),
    ("bad.text", "bad.tint", 4.5),
    ("bad.text", "bg.canvas", 4.5),
    ("bad.text", "bg.selected", 4.5),
    ("bad.text", "bg.window", 4.5),
    ("note.text", "note.tint", 4.5),
    ("note.onFill", "note.fill", 4.5),
    ("text.secondary", "chip.bg", 4.5),
    ("public.text", "public.tint", 4.5),
    ("public.text", "bg.canvas", 4.5),
    ("bot.text", "bot.tint", 4.5),
    ("bot.text", "bg.canvas", 4.5),
    ("line.strong", "bg.canvas", 3),
    ("line.strong", "bg.list", 3),
    ("line.strong", "bg.raised", 3),
    ("line.strong", "bg.sunken", 3),
    ("focus.ring", "bg.canvas", 3),
    ("focus.ring", "bg.window", 3),
    ("focus.ring", "bg.selected", 3),
    ("focus.ring", "note.tint", 3),
    ("accent.fill", "bg.canvas", 3),
    ("accent.mark", "bg.canvas", 3),
    ("accent.mark", "bg.list", 3),
    ("accent.mark", "bg.selected", 3),
    ("ok.mark", "bg.canvas", 3),
    ("ok.mark", "bg.window", 3),
    ("warn.mark", "bg.canvas", 3),
    ("warn.mark", "bg.window", 3),
    ("bad.fill", "bg.canvas", 3),
    ("bad.fill", "bg.window", 3),
    ("chart.1", "bg.canvas", 3),
    ("chart.2", "bg.canvas", 3),
    ("chart.3", "bg.canvas", 3),
    ("chart.4", "bg.canvas", 3),
    ("chart.5", "bg.canvas", 3),
)
"""Text or mark, what it stands on, and the contrast WCAG 2.2 asks for (1.4.3: 4.5; 1.4.11: 3)."""


def luminance(color: str) -> float:
    """The relative luminance of ``#RRGGBB`` (WCAG 2.2)."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back", "needed"), PAIRS)
def test_pairs_are_readable(front: str, back: str, needed: float, scheme: str) -> None:
    colors = TOKENS["color"]
    assert contrast(colors[front][scheme], colors[back][scheme]) >= needed


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("channel", TOKENS["channel"])
def test_channel_tiles_are_readable(channel: str, scheme: str) -> None:
    background, glyph = TOKENS["channel"][channel][scheme]
    assert contrast(background, glyph) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_avatars_are_readable(scheme: str) -> None:
    assert len(TOKENS["avatar"]) == 8
    assert min(contrast(*pair[scheme]) for pair in TOKENS["avatar"]) >= 6.2


def test_every_colour_has_both_schemes_and_is_well_formed() -> None:
    for role, pair in TOKENS["color"].items():
        assert set(pair) == set(SCHEMES), role
        assert all(re.fullmatch(r"#([0-9A-F]{2})?[0-9A-F]{6}", color) for color in pair.values()), role


def test_nothing_is_smaller_than_eleven_pixels_and_lines_hold_their_letters() -> None:
    for role, (size, line, weight) in TOKENS["type"].items():
        assert size >= 11, role
        assert line >= size * 1.2, role
        assert weight in (400, 500, 600), role


def test_the_style_sheet_names_only_colours_that_exist_and_writes_none_down() -> None:
    sheet = resource("theme/agentdesk.qss").read_text(encoding="utf-8")
    named = set(re.findall(r"@([a-z]+\.[A-Za-z]+)", sheet))
    assert named <= set(TOKENS["color"])
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b", sheet) == []


def test_every_icon_has_one_colour_that_can_be_replaced() -> None:
    icons = [icon for icon in resource("icons").glob("*.svg") if icon.stem != "agentdesk"]
    assert len(icons) > 100
    for icon in icons:
        text = icon.read_text(encoding="utf-8")
        assert "currentColor" in text, icon.name
        assert 'stroke="currentColor"' not in text or 'stroke-width="2"' in text, icon.name


def test_icons_that_channels_use_are_there() -> None:
    for channel in TOKENS["channel"].values():
        assert "text" in channel or resource(f"icons/{channel['icon']}.svg").is_file()
