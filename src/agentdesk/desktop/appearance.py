"""How the person wants the desk to look, taken from the settings when the window opens."""

from __future__ import annotations

from typing import cast

from PySide6.QtWidgets import QApplication

from agentdesk.desktop.settings import DeskSettings, SettingsFile
from agentdesk.desktop.theme import DENSITIES, TEXT_SCALES, Wanted, theme

__all__ = ["apply_appearance", "step_text_scale"]


def apply_appearance(app: QApplication, chosen: DeskSettings, scheme: str | None = None) -> None:
    """Dress ``app`` as it was chosen; ``scheme`` (light, dark or system) goes before the chosen one."""
    look = theme()
    look.set_reduced_motion(chosen.less_motion)
    look.set_high_contrast(chosen.more_contrast)
    look.set_text_scale(chosen.text_scale)
    if chosen.density in DENSITIES:
        look.set_density(chosen.density)
    wanted = scheme or chosen.theme
    look.apply(app, cast(Wanted, wanted if wanted in ("light", "dark", "system") else "system"))


def step_text_scale(settings: SettingsFile, step: int) -> None:
    """Make text larger (1), smaller (-1) or normal (0), and remember it."""
    place = TEXT_SCALES.index(min(TEXT_SCALES, key=lambda one: abs(one - theme().text_scale)))
    place = TEXT_SCALES.index(1.0) if step == 0 else min(max(place + step, 0), len(TEXT_SCALES) - 1)
    theme().set_text_scale(TEXT_SCALES[place])
    settings.change(text_scale=TEXT_SCALES[place])
