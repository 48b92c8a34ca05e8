"""What the window showed last, kept in a small file: the next start paints it before any database is open.

The file lies beside the replica, holds the same kind of content, and is only ever a copy: whatever is wrong
with it, the start merely shows its rows a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import write_private
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.queries.rows import AccountRow, Counts, QueueRow, SavedViewRow, SectionRow, UserRow, View
from agentdesk.sync.desk import Changes, DeskPort

if TYPE_CHECKING:
    from agentdesk.base.secrets import Box

__all__ = ["FIRST_VIEW", "FirstScreen", "FirstScreenFile", "ScreenKeeper"]

FIRST_VIEW = View(kind="mine", order="due")
"""The list that a window opens with, where the person chose no other order or sections for it."""

_VERSION = 1
_PURPOSE = "first screen"
_IDS = 2000
_ROWS = 64
_PAUSE_SECONDS = 60.0

_log = get_logger(__name__)


class FirstScreen(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of the first list (``rows`` are those of the first ``ids``), and what the rail tells.

    ``account`` says whose it is, ``view`` which list; ``drafts`` names the conversations with an unsent text.
    """

    version: int = _VERSION
    account: str = ""
    me: UserRow | None = None
    undo_seconds: int = 0
    view: View = FIRST_VIEW
    ids: tuple[UUID, ...] = ()
    sections: tuple[SectionRow, ...] = ()
    rows: tuple[QueueRow, ...] = ()
    counts: Counts = Counts()
    accounts: tuple[AccountRow, ...] = ()
    drafts: tuple[UUID, ...] = ()
    saved: tuple[SavedViewRow, ...] = ()
    saved_counts: tuple[int, ...] = ()
    rail: tuple[str, ...] = ()


class FirstScreenFile:
    """The file at ``path``, for the person and server that ``account`` names; encrypted where there is a
    ``key`` (32 bytes)."""

    def __init__(self, path: Path, account: str, key: bytes | None = None) -> None:
        self._path = path
        self._account = account
        self._key = key

    def read(self) -> FirstScreen | None:
        """Return what was kept; None where there is nothing, or nothing that fits. Blocks for a few ms."""
        try:
            content = self._path.read_bytes()
            content = content if self._box is None else self._box.open(content, _PURPOSE)
            screen = msgspec.msgpack.decode(content, type=FirstScreen)
        except FileNotFoundError:
            return None
        except (OSError, AgentDeskError, msgspec.MsgspecError) as error:
            _log.info("the last screen cannot be read", why=str(error))
            return None
        return screen if (screen.version, screen.account) == (_VERSION, self._account) else None

    def write(self, screen: FirstScreen) -> None:
        """Keep ``screen``, readable for its owner only. Raises OSError."""
        mine = msgspec.structs.replace(screen, account=self._account)
        content = msgspec.msgpack.encode(mine)
        write_private(self._path, content if self._box is None else self._box.seal(content, _PURPOSE))

    def delete(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)

    @cached_property
    def _box(self) -> Box | None:
        if self._key is None:
            return None
        from agentdesk.base.secrets import Box  # its library costs 20 ms

        return Box(self._key)


class ScreenKeeper:
    """Keeps the file in step with ``desk``: after changes, ``pause_seconds`` apart, and at the end.

    ``view`` tells which list a window would open with now.
    """

    def __init__(
        self,
        file: FirstScreenFile,
        desk: DeskPort,
        view: Callable[[], View] = lambda: FIRST_VIEW,
        *,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        self._file = file
        self._view = view
        self._pause_seconds = pause_seconds
        self._desk = desk
        self._tasks = Tasks("first screen")
        self._changed = asyncio.Event()
        self._changed.set()
        self._unsubscribe = desk.subscribe(self._on_changes)
        self._tasks.start(self._keep(), "keep")

    async def close(self) -> None:
        """Write the last state, and follow the desk no longer."""
        self._unsubscribe()
        await self._tasks.close()
        if self._changed.is_set():
            await self._write()

    async def drop(self) -> None:
        """Forget what was kept, and follow the desk no longer: the person has signed out."""
        self._unsubscribe()
        await self._tasks.close()
        await asyncio.to_thread(self._file.delete)

    def _on_changes(self, _changes: Changes) -> None:
        self._changed.set()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._pause_seconds)
            await self._changed.wait()
            await self._write()

    async def _write(self) -> None:
        self._changed.clear()
        try:
            await asyncio.to_thread(self._file.write, await _shown_by(self._desk, self._view()))
        except (AgentDeskError, OSError) as error:
            _log.info("the screen is not kept", why=str(error))


async def _shown_by(desk: DeskPort, view: View) -> FirstScreen:
    if view.group:
        ids, sections = await desk.queue_sections(view)
    else:
        ids, sections = await desk.queue_ids(view), []
    drafts = await desk.drafts()
    saved = [row for row in await desk.saved_views() if row.view() is not None]
    saved_lists = [found for row in saved if (found := row.view()) is not None]
    return FirstScreen(
        me=desk.me,
        undo_seconds=desk.undo_seconds,
        view=view,
        ids=tuple(ids[:_IDS]),
        sections=tuple(_beginning(sections, _IDS)),
        rows=tuple(await desk.queue_rows(ids[:_ROWS])),
        counts=await desk.counts(),
        accounts=tuple(await desk.accounts()),
        drafts=tuple({draft.conversation_id: None for draft in drafts}),
        saved=tuple(saved),
        saved_counts=tuple(await desk.view_counts(saved_lists)),
        rail=tuple(await desk.rail_keys()),
    )


def _beginning(sections: Sequence[SectionRow], length: int) -> Iterator[SectionRow]:
    """The sections of the first ``length`` rows."""
    for section in sections:
        count = min(section.count, length)
        if count > 0:
            yield SectionRow(key=section.key, count=count)
        length -= count
