"""What opens the files of a team's desk: this computer's half of the key, and the server's as a lease."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import write_private
from agentdesk.base.ids import new_id
from agentdesk.base.key_ring import KeyRing, NoKeyRing
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.desktop.settings import SettingsFile
from agentdesk.sync.desk_key import DeskKeys, DeviceKey, Lease, LeaseFile

if TYPE_CHECKING:
    from agentdesk.sync.key_lease import Granted, KeyKeeper

__all__ = ["DeskVault", "DeviceKeyKeeper", "KeyRingShut"]

_log = get_logger(__name__)


class KeyRingShut(AgentDeskError):
    """The key ring holds this computer's half and does not open."""

    def __init__(self) -> None:
        super().__init__(
            msg("This computer's key ring does not open, and what this desk keeps is locked with it."),
            msg("Unlock the key ring, then try again."),
        )


class DeviceKeyKeeper:
    """Keeps this computer's half for one person: in the key ring, or a private file where there is none."""

    def __init__(self, profile: Path, settings: SettingsFile, email: str) -> None:
        person = email.strip().lower()
        self._file = profile / f"key-{hashlib.sha256(person.encode()).hexdigest()[:16]}"
        self._settings = settings
        self._ring = KeyRing()
        self._name = f"key of {profile} for {person}"

    async def get(self) -> DeviceKey:
        """Return the half, made now where there is none. Raises KeyRingShut."""
        if self._file.exists():
            return DeviceKey.parse(await asyncio.to_thread(self._file.read_text, "ascii"))
        try:
            text = await self._ring.read(self._name)
        except NoKeyRing:
            if self._settings.now.key_in_ring:
                raise KeyRingShut from None
            text = None
        if text is not None:
            return DeviceKey.parse(text)
        key = DeviceKey.make(new_id())
        if not await self._to_ring(key.text):
            _log.info("no key ring: the desk's key lies in a file of this account", path=str(self._file))
            await asyncio.to_thread(write_private, self._file, key.text.encode(), durable=True)
        return key

    async def move_to_ring(self) -> None:
        """Move a half that lies in the file; it stays there where there is no key ring."""
        if self._file.exists():
            text = await asyncio.to_thread(self._file.read_text, "ascii")
            if await self._to_ring(text):
                await asyncio.to_thread(self._file.unlink, missing_ok=True)

    async def _to_ring(self, text: str) -> bool:
        try:
            await self._ring.write(self._name, text)
        except NoKeyRing:
            return False
        self._settings.change(key_in_ring=True)
        return True


class DeskVault:
    """The keys of one person's desk on this computer, at one server."""

    def __init__(
        self, profile: Path, settings: SettingsFile, server: str, email: str, authority: str = ""
    ) -> None:
        self._profile = profile
        self._server = server
        self._authority = authority
        self._keeper = DeviceKeyKeeper(profile, settings, email)
        self._reading = asyncio.Lock()
        self._device: DeviceKey | None = None
        self._lease: Lease | None = None
        self.keys: DeskKeys | None = None
        """Where it is open."""

    @property
    def folder(self) -> Path:
        """Where the desk keeps its files, once this computer's half is known."""
        assert self._device is not None
        return self._profile / f"desk-{self._device.id.hex}"

    async def unlock(self) -> None:
        """Open it with the lease that lies here, if it holds; nothing where that does not work."""
        try:
            await self._unlock()
        except AgentDeskError as error:
            _log.info("the desk's files stay locked", why=str(error))

    async def open(self, token: str) -> DeskKeys:
        """Return the keys, asking the servers for their half where the lease does not hold; what an older
        AgentDesk left unencrypted is encrypted then.

        Raises KeyRingShut, and what :func:`agentdesk.sync.key_lease.ask_servers` and
        :func:`agentdesk.sync.sealing.take_over` raise.
        """
        from agentdesk.sync.sealing import take_over

        file = await self._unlock()
        if self.keys is None:
            from agentdesk.sync.key_lease import lease_from

            assert self._device is not None
            granted = await self._ask(token, None)
            self._lease = lease_from(granted, clock.now())
            self.keys = DeskKeys(self._device, granted.half)
            await asyncio.to_thread(file.write, self._lease)
        await asyncio.to_thread(take_over, self._profile, self.folder, self.keys)
        return self.keys

    def keeper(self, token: str, on_over: Callable[[AgentDeskError], None]) -> KeyKeeper:
        """Return what renews the lease of the open vault; ``on_over`` hears why the desk must be closed."""
        from agentdesk.sync.key_lease import KeyKeeper

        assert self._lease is not None
        return KeyKeeper(self._lease_file(), self._lease, partial(self._ask, token), on_over)

    async def lock(self) -> None:
        """Forget the server's half, here and on the disk."""
        self.keys = self._lease = None
        if self._device is not None:
            await asyncio.to_thread(self._lease_file().delete)

    async def move_to_ring(self) -> None:
        """Move this computer's half to the key ring where it lies in a file."""
        await self._keeper.move_to_ring()

    async def _unlock(self) -> LeaseFile:
        async with self._reading:
            if self._device is None:
                self._device = await self._keeper.get()
            file = self._lease_file()
            if self.keys is None:
                self._lease = await asyncio.to_thread(file.read, clock.now())
                if self._lease is not None:
                    self.keys = DeskKeys(self._device, self._lease.half)
            return file

    async def _ask(self, token: str, half: bytes | None) -> Granted:
        from agentdesk.sync.key_lease import ask_servers
        from agentdesk.sync.servers import ServersFile

        assert self._device is not None
        file = ServersFile(self.folder, self._server)
        return await ask_servers(file, self._server, token, self._device.id, half, self._authority)

    def _lease_file(self) -> LeaseFile:
        assert self._device is not None
        return LeaseFile(self.folder / "lease", self._device)
