"""What a person chose for this desk on this computer; kept in one small file."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agentdesk.base.log import get_logger

__all__ = ["DeskSettings", "SettingsFile"]

_log = get_logger(__name__)


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``mode`` is ``alone`` (private server), ``team``, or empty before the first choice. ``server`` is the
    team's address. ``panel_shown`` and ``rail_pinned`` are remembered choices; None: the usual rule."""

    mode: str = ""
    server: str = ""
    email: str = ""
    language: str = ""
    theme: str = "system"
    text_scale: float = 1.0
    geometry: str = ""
    panel_shown: bool = True
    rail_pinned: bool | None = None
    undo_seconds: int = 10


class SettingsFile:
    """Reads and writes the settings; a damaged file is set aside and the usual values are taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.now = self._read()

    def change(self, **values: object) -> DeskSettings:
        """Keep other values from now on, and return them all."""
        self.now = msgspec.structs.replace(self.now, **values)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(self.now)))
        os.replace(temporary, self._path)
        return self.now

    def _read(self) -> DeskSettings:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=DeskSettings)
        except FileNotFoundError:
            return DeskSettings()
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("settings cannot be read and are set aside", path=str(self._path), why=str(error))
            self._path.replace(self._path.with_suffix(".damaged"))
            return DeskSettings()
