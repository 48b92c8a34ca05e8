"""The key ring of the operating system: short secrets that only the signed-in person's programs can read.

Windows has the Credential Manager, macOS the Keychain, Linux the Secret Service (GNOME Keyring, KWallet). A
key ring may ask the person to unlock it and wait for the answer, and on a broken desktop it never answers:
every call runs in a thread of its own, which the end of the program does not wait for.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.base.threads import in_daemon_thread

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["KeyRing", "NoKeyRing"]

_log = get_logger(__name__)

_SERVICE = "AgentDesk"
_PROTECTS = 1
"""What the library ranks lower is a plain file, or nothing."""
_SECONDS = 60.0
"""How long a person may take to unlock it."""

_T = TypeVar("_T")

_one_at_a_time = threading.Lock()
"""Not every key ring takes two questions at once."""


class NoKeyRing(AgentDeskError):
    """There is no key ring that protects what it holds, or it does not open."""

    def __init__(self) -> None:
        super().__init__(msg("This computer's key ring cannot be used."))


class KeyRing:
    """Keeps secrets by name. Every method raises NoKeyRing where there is none, it stays locked, or it does
    not answer within a minute."""

    async def read(self, name: str) -> str | None:
        """Return the secret ``name``, or None."""
        return await _aside(lambda: _backend().get_password(_SERVICE, name))

    async def write(self, name: str, secret: str) -> None:
        """Keep ``secret``, and make sure that it can be read again."""

        def keep() -> None:
            ring = _backend()
            ring.set_password(_SERVICE, name, secret)
            if ring.get_password(_SERVICE, name) != secret:
                raise NoKeyRing

        await _aside(keep)

    async def forget(self, name: str) -> None:
        """Forget the secret ``name``, if it is there."""

        def drop() -> None:
            ring = _backend()
            if ring.get_password(_SERVICE, name) is not None:
                ring.delete_password(_SERVICE, name)

        await _aside(drop)


def _backend() -> KeyringBackend:
    """Return the key ring to use. The library is imported here: it takes 0.1 s, and looks around first."""
    import keyring

    ring = keyring.get_keyring()
    if ring.priority < _PROTECTS:
        raise NoKeyRing
    return ring


async def _aside(work: Callable[[], _T]) -> _T:
    """Run ``work`` in a thread that nobody has to wait for, and return what it returns."""

    def alone() -> _T:
        with _one_at_a_time:
            return work()

    try:
        async with asyncio.timeout(_SECONDS):
            return await in_daemon_thread(alone, "key ring")
    except (NoKeyRing, TimeoutError):
        raise NoKeyRing from None
    except Exception as error:
        _log.info("the key ring does not work", why=type(error).__name__)
        raise NoKeyRing from error
