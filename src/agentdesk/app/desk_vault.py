"""What opens the files of a team's desk: this computer's half of the key, and the server's as a lease."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import write_private
from agentdesk.base.ids import new_id, parse_id
from agentdesk.base.key_ring import KeyRing, NoKeyRing
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.desktop.settings import SettingsFile
from agentdesk.sync.desk_key import DeskKeys, DeviceKey, Lease, LeaseFile

if TYPE_CHECKING:
    from agentdesk.sync.key_lease import Granted, KeyKeeper

__all__ = ["DeskVault", "DeviceKeyKeeper", "KeyLost", "KeyRingShut"]

_log = get_logger(__name__)


class KeyRingShut(AgentDeskError):
    """The key ring holds this computer's half and does not open."""

    def __init__(self) -> None:
        super().__init__(
            msg("This computer's key ring does not open, and what this desk keeps is locked with it."),
            msg("Unlock the key ring, then try again."),
        )


class KeyLost(AgentDeskError):
    """This computer's half is gone; what lies in ``folder`` opens with nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            msg("The key to what this desk keeps on this computer is gone."),
            msg(
                "All that reached the server is safe, and is fetched again. What was typed here and had not "
                "reached it stays locked in {path}, of which nothing is deleted. If you can bring the key "
                "ring back, from a back-up of this computer for instance, do that and try again. Else begin "
                "anew.",
                path=str(folder),
            ),
        )


class DeviceKeyKeeper:
    """Keeps this computer's half for one person: in the key ring, or a private file where there is none.

    Beside it lies, for everybody to read, the id that it has: so its loss is noticed.
    """

    def __init__(self, profile: Path, settings: SettingsFile, email: str) -> None:
        person = email.strip().lower()
        whose = hashlib.sha256(person.encode()).hexdigest()[:16]
        self._profile = profile
        self._file = profile / f"key-{whose}"
        self._note = profile / f"desk-of-{whose}"
        self._settings = settings
        self._ring = KeyRing()
        self._name = f"key of {profile} for {person}"

    async def get(self) -> DeviceKey:
        """Return the half, made now where there was none. Raises KeyRingShut, and KeyLost where there was one
        and something that it locks."""
        try:
            key = DeviceKey.parse(await self._text())
        except ValueError:  # none, or damaged
            known = await asyncio.to_thread(self._known)
            if known is not None:
                raise KeyLost(known) from None
            return await self.make()
        await asyncio.to_thread(self._note_down, key.id)
        return key

    async def make(self) -> DeviceKey:
        """Return a half made now, which is kept from now on; what another one locks stays where it is."""
        key = DeviceKey.make(new_id())
        if self._file.exists():  # damaged
            await asyncio.to_thread(self._file.replace, self._file.with_name(f"{self._file.name}.damaged"))
        if not await self._to_ring(key.text):
            _log.info("no key ring: the desk's key lies in a file of this account", path=str(self._file))
            await asyncio.to_thread(write_private, self._file, key.text.encode(), durable=True)
        await asyncio.to_thread(self._note_down, key.id)
        return key

    async def _text(self) -> str:
        """What is kept, or an empty string. Raises KeyRingShut."""
        if self._file.exists():
            return await asyncio.to_thread(self._file.read_text, "ascii")
        try:
            return await self._ring.read(self._name) or ""
        except NoKeyRing:
            if self._settings.now.key_in_ring:
                raise KeyRingShut from None
            return ""

    def _known(self) -> Path | None:
        """The folder of what the person's last half locks, where that may hold something unsent. Blocks."""
        from agentdesk.sync.sealing import OUTBOX

        try:
            noted = parse_id(self._note.read_text("ascii"))
        except (OSError, ValueError):
            return None
        folder = _folder(self._profile, noted) if noted is not None else None
        return folder if folder is not None and (folder / OUTBOX).exists() else None

    def _note_down(self, key_id: UUID) -> None:
        """Remember which half is the person's. Blocks."""
        try:
            if not self._note.exists() or parse_id(self._note.read_text("ascii")) != key_id:
                write_private(self._note, str(key_id).encode())
        except (OSError, ValueError) as error:
            _log.warning("which key is whose cannot be noted down", why=str(error))

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
        return _folder(self._profile, self._device.id)

    async def unlock(self) -> None:
        """Open it with the lease that lies here, if it holds; nothing where that does not work."""
        try:
            await self._unlock()
        except AgentDeskError as error:
            _log.info("the desk's files stay locked", why=str(error))

    async def open(self, token: str) -> DeskKeys:
        """Return the keys, asking the servers for their half where the lease does not hold; what an older
        AgentDesk left unencrypted is encrypted then.

        Raises KeyRingShut, KeyLost, and what :func:`agentdesk.sync.key_lease.ask_servers` and
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

    async def begin_anew(self) -> None:
        """Take a new half where the one before is gone. What that locks stays where it is."""
        self._device = await self._keeper.make()

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


def _folder(profile: Path, key_id: UUID) -> Path:
    return profile / f"desk-{key_id.hex}"
