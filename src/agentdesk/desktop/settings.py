"""What a person chose for this desk on this computer; kept in one small file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from agentdesk.base.files import write_private
from agentdesk.base.log import get_logger

__all__ = ["DeskSettings", "SettingsFile"]

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """``mode`` is ``alone`` (private server), ``team``, or empty before the first choice. ``server`` is the
    team's address, ``authority`` the path of a certificate that is trusted for it; ``session_in_ring`` and
    ``key_in_ring`` tell that the key ring holds the session, and the key of what the desk keeps.
    ``panel_shown`` and ``rail_pinned`` are remembered choices; None: the usual rule. ``orders`` and
    ``groups`` are those of the lists, by list. Widths are pixels, 0 the usual ones; ``drawers`` tells in
    which arrangements the customer panel stands open over the conversation, ``folded`` which of its
    sections are folded, ``menu_bar`` whether the menu bar is always in sight. ``chats_beside`` is how
    many of my chats stand side by side, ``chat_widths`` how wide each is then (``1/2``: the first of two)."""

    mode: str = ""
    server: str = ""
    email: str = ""
    session_in_ring: bool = False
    key_in_ring: bool = False
    authority: str = ""
    language: str = ""
    theme: str = "system"
    text_scale: float = 1.0
    geometry: str = ""
    panel_shown: bool = True
    rail_pinned: bool | None = None
    undo_seconds: int = 10
    orders: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    density: str = "normal"
    more_contrast: bool = False
    less_motion: bool = False
    rail_width: int = 0
    list_width: int = 0
    panel_width: int = 0
    drawers: dict[str, bool] = field(default_factory=dict)
    folded: dict[str, bool] = field(default_factory=dict)
    menu_bar: bool = False
    chats_beside: int = 1
    chat_widths: dict[str, int] = field(default_factory=dict)


class SettingsFile:
    """Reads and writes the settings; a damaged file is set aside and the usual values are taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.now = self._read()

    def change(self, **values: Any) -> DeskSettings:
        """Keep other values from now on, and return them all."""
        self.now = replace(self.now, **values)
        write_private(self._path, json.dumps(asdict(self.now), indent=2, ensure_ascii=False).encode())
        return self.now

    def _read(self) -> DeskSettings:
        try:
            return _decoded(self._path.read_bytes())
        except FileNotFoundError:
            return DeskSettings()
        except (OSError, ValueError) as error:
            _log.warning("settings cannot be read and are set aside", path=str(self._path), why=str(error))
            self._path.replace(self._path.with_suffix(".damaged"))
            return DeskSettings()


def _decoded(content: bytes) -> DeskSettings:
    """Read settings; names of a newer version are passed over. Raises ValueError for anything else.

    With the standard library: the window reads this before it is painted, and msgspec costs 30 ms more.
    """
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    known = {one.name: str(one.type) for one in fields(DeskSettings) if one.name in found}
    for name, kind in known.items():
        whole, of = _KINDS[kind]
        values = found[name].values() if isinstance(found[name], dict) else ()
        if not isinstance(found[name], whole) or not all(isinstance(one, of) for one in values):
            raise ValueError(f"{name} is not {kind}")
    return DeskSettings(**{name: found[name] for name in known})


_KINDS: dict[str, tuple[tuple[type, ...], type]] = {
    "str": ((str,), str),
    "bool": ((bool,), bool),
    "int": ((int,), int),
    "float": ((int, float), float),
    "dict[str, str]": ((dict,), str),
    "dict[str, bool]": ((dict,), bool),
    "dict[str, int]": ((dict,), int),
    "bool | None": ((bool, type(None)), bool),
}
"""What JSON values a field of each type takes, and what the values inside are."""
