"""Where a desk keeps its session with the team's server: the key ring, or a file where there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agentdesk.base.files import write_private
from agentdesk.base.key_ring import KeyRing, NoKeyRing
from agentdesk.base.log import get_logger
from agentdesk.desktop.settings import SettingsFile

__all__ = ["SessionKeeper"]

_log = get_logger(__name__)


class SessionKeeper:
    """Keeps the session of one profile. The settings remember which of the two places holds it: a desk knows
    at once whether anybody is signed in, without waiting for the key ring."""

    def __init__(self, profile: Path, settings: SettingsFile) -> None:
        self._file = profile / "session"
        self._settings = settings
        self._ring = KeyRing()
        self._name = f"session of {profile}"
        self._one_by_one = asyncio.Lock()  # the key ring may take its time, and the last word counts

    @property
    def exists(self) -> bool:
        """Whether a session was kept; the key ring may still refuse to give it."""
        return self._settings.now.session_in_ring or self._file.exists()

    async def read(self) -> str:
        """Return the session, or an empty string where there is none or the key ring does not open."""
        if self._file.exists():
            return await asyncio.to_thread(self._file.read_text, "utf-8")
        if not self._settings.now.session_in_ring:
            return ""
        try:
            return await self._ring.read(self._name) or ""
        except NoKeyRing:
            _log.warning("the key ring does not give the session; it takes a new sign-in")
            return ""

    async def keep(self, session: str) -> None:
        """Keep the session from now on."""
        async with self._one_by_one:
            await self._keep(session)

    async def _keep(self, session: str) -> None:
        try:
            await self._ring.write(self._name, session)
        except NoKeyRing:
            _log.info("no key ring: the session lies in a file of this account", path=str(self._file))
            await asyncio.to_thread(write_private, self._file, session.encode())
            self._settings.change(session_in_ring=False)
            return
        self._settings.change(session_in_ring=True)
        await asyncio.to_thread(self._file.unlink, missing_ok=True)

    def drop(self) -> None:
        """Take up no kept session any more; what the key ring holds is replaced by the next one."""
        self._file.unlink(missing_ok=True)
        self._settings.change(session_in_ring=False)

    async def forget(self) -> None:
        """Forget the session here, in the key ring too; where that does not open, what it holds is taken up
        no more."""
        self.drop()
        async with self._one_by_one:
            try:
                await self._ring.forget(self._name)
            except NoKeyRing:
                _log.info("no key ring: no session to forget in it")
            self.drop()

    async def move_to_ring(self) -> None:
        """Move a session that lies in the file; it stays there where there is no key ring."""
        session = await self.read() if self._file.exists() else ""
        if session:
            await self.keep(session)
