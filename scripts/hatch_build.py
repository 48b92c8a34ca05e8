"""Compiles the message catalogues into the wheel (an editable install reads the .po files itself)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Turns ``i18n/<locale>/agentdesk.po`` into ``agentdesk/i18n/<locale>/agentdesk.mo``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        root = Path(self.root)
        for source in sorted((root / "i18n").glob("*/agentdesk.po")):
            target = root / "build" / "i18n" / source.parent.name / "agentdesk.mo"
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as po, target.open("wb") as mo:
                write_mo(mo, read_po(po))
            build_data["force_include"][str(target)] = f"agentdesk/i18n/{source.parent.name}/agentdesk.mo"
