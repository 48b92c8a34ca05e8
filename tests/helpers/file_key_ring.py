"""A key ring in a file, which programs under test and the test itself share.

Programs take it by ``PYTHON_KEYRING_BACKEND=tests.helpers.file_key_ring.FileKeyRing`` and find it at the path
in ``TEST_KEY_RING``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyRing(KeyringBackend):
    """Keeps secrets as JSON; an unreadable file makes it fail as a locked key ring does."""

    priority = 5.0

    @property
    def _path(self) -> Path:
        return Path(os.environ["TEST_KEY_RING"])

    def content(self) -> dict[str, str]:
        """Everything it holds."""
        found: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return found

    def get_password(self, service: str, username: str) -> str | None:
        return self.content().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self.content(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        content = self.content()
        del content[f"{service}/{username}"]
        self._write(content)

    def _write(self, content: dict[str, str]) -> None:
        """Put it in place at once: another process never reads half of it."""
        aside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        aside.write_text(json.dumps(content))
        aside.replace(self._path)
