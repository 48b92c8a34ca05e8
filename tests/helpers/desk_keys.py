"""Keys for desks under test, and the search for what must not be readable on a disk."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from agentdesk.sync.desk_key import DeskKeys, DeviceKey

DEVICE = DeviceKey(UUID(int=7), bytes(range(32)))
SERVER_HALF = bytes(reversed(range(32)))


def keys() -> DeskKeys:
    """Return the same keys each time."""
    return DeskKeys(DEVICE, SERVER_HALF)


def files_with(folder: Path, *texts: str) -> dict[str, list[str]]:
    """Return which of ``texts`` stand in which file below ``folder``, in UTF-8 or UTF-16; in names too."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        content += str(path.relative_to(folder)).encode()
        seen = [one for one in texts if one.encode() in content or one.encode("utf-16-le") in content]
        if seen:
            found[str(path.relative_to(folder))] = seen
    return found
