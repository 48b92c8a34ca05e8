"""What an older AgentDesk left unencrypted here becomes encrypted, and nothing typed is lost on the way.

A kill at any instant leaves what the next start goes on from: the plain outbox is moved aside first, copied
into an encrypted file of another name, and goes only when that one is in its place. What can be fetched again
is deleted.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import sync_folder
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.store.sqlite_file import PAGE_BYTES, as_sqlite, driver, is_plain, key_literal, open_file
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.desk_key import DeskKeys

__all__ = ["FILES", "OUTBOX", "REPLICA", "SCREEN", "take_over"]

OUTBOX, REPLICA, FILES, SCREEN = "outbox.sqlite", "replica.sqlite", "files", "screen"

_log = get_logger(__name__)


def take_over(profile: Path, folder: Path, keys: DeskKeys) -> None:
    """Bring what lies unencrypted in ``profile`` into ``folder``, encrypted. Blocks.

    Raises AgentDeskError where that does not work; then it goes on the next time.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _seal_outbox(profile / OUTBOX, folder / OUTBOX, keys.outbox)
        if (profile / FILES).is_dir():
            DeskFiles(folder / FILES, keys.files).adopt(profile / FILES)
        _forget(profile / REPLICA)
        (profile / SCREEN).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise AgentDeskError(
            msg("What this desk keeps could not be encrypted: {reason}", reason=str(error)),
            msg("Make some room on the disk, then try again. Nothing was lost."),
        ) from error


def _seal_outbox(plain: Path, sealed: Path, key: bytes) -> None:
    aside = plain.with_name(f"{plain.name}.sealing")
    if is_plain(plain) and not aside.exists():
        if sealed.exists():
            _log.warning("an older AgentDesk was used meanwhile; its outbox stays as it is", path=str(plain))
            return
        _gather(plain)
        plain.rename(aside)
    if not aside.exists():
        return
    if not sealed.exists():
        copy = sealed.with_name(f"{sealed.name}.new")
        _forget(copy)
        _copy(aside, copy, key)
        copy.replace(sealed)
        sync_folder(sealed.parent)
    _forget(aside)


def _gather(path: Path) -> None:
    """Bring everything into the one file: none beside it belongs to it any more."""
    with closing(open_file(path, ("journal_mode=DELETE",))):
        pass


def _copy(plain: Path, copy: Path, key: bytes) -> None:
    """Write an encrypted copy, which is on the disk on return."""
    open_file(copy, ("journal_mode=DELETE",), key).close()
    module = driver(key)
    try:
        with closing(module.connect(plain, isolation_level=None)) as database:
            database.execute(f"ATTACH DATABASE ? AS sealed KEY {key_literal(key)}", (str(copy),))
            database.execute(f"PRAGMA sealed.cipher_page_size={PAGE_BYTES}")
            database.execute("PRAGMA sealed.synchronous=FULL")
            database.execute("SELECT sqlcipher_export('sealed')")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute(f"PRAGMA sealed.user_version={version}")
            database.execute("DETACH DATABASE sealed")
    except module.Error as error:
        raise as_sqlite(error) from error


def _forget(path: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
