"""Where things lie: our own resources and catalogues, and the folders of the person who runs the program."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

__all__ = ["catalogue_dirs", "config_dir", "data_dir", "resource"]

APP_NAME = "AgentDesk"
HOME_VARIABLE = "AGENTDESK_HOME"
"""When set, all folders of the person lie below this one (portable installations, tests, the sandbox)."""

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def _source_root() -> Path | None:
    """The root of a source checkout, or ``None`` in an installed wheel."""
    root = _PACKAGE.parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "i18n").is_dir() else None


def resource(path: str) -> Path:
    """The file ``path`` (for instance ``theme/tokens.json``) that came with the program.

    Looks into the package first, then into the source checkout. Raises ``FileNotFoundError``.
    """
    for base in _resource_roots():
        candidate = base / path
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"resource {path} is missing from the installation")


@cache
def _resource_roots() -> tuple[Path, ...]:
    root = _source_root()
    candidates = [_PACKAGE / "resources", *([root / "resources"] if root else [])]
    return tuple(base for base in candidates if base.is_dir())


@cache
def catalogue_dirs() -> tuple[Path, ...]:
    """Folders with one folder per locale, holding ``agentdesk.mo`` or ``agentdesk.po``; the first wins."""
    root = _source_root()
    candidates = [_PACKAGE / "i18n", *([root / "i18n"] if root else [])]
    return tuple(base for base in candidates if base.is_dir())


def data_dir() -> Path:
    """What must survive: databases, drafts, attachments. Not created by asking."""
    return _own("data") or _usual("data")


def config_dir() -> Path:
    """Settings of this person on this computer. Not created by asking."""
    return _own("config") or _usual("config")


def _own(part: str) -> Path | None:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser() / part if home else None


def _usual(kind: str) -> Path:
    import platformdirs  # not needed where the folder is given, and a start can spare the time

    folder: str = getattr(platformdirs, f"user_{kind}_dir")(APP_NAME, appauthor=False)
    return Path(folder)
