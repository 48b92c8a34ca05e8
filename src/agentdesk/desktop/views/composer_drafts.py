"""Drafts between the box and the desk's own file: saved 300 ms after the last key and at every switch, and
taken up where the same person has typed on another desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.views.composer_words import Mode
from agentdesk.sync.desk import DeskPort, Draft

__all__ = ["DraftKeeper"]

_DELAY_MS = 300
_MODES: tuple[Mode, Mode] = ("reply", "note")


class DraftKeeper(QObject):
    """``saved`` tells that what was typed last is safe."""

    saved = Signal()

    def __init__(self, desk: DeskPort, take: Callable[[Mode], Draft | None], parent: QObject) -> None:
        """``take`` answers with the draft of a mode as it stands now."""
        super().__init__(parent)
        self._desk, self._take = desk, take
        self._tasks = tasks_of(self, "drafts")
        self._changed: set[Mode] = set()
        self._editions: dict[tuple[UUID, str], UUID | None] = {}
        self._saving = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._on_time)

    @property
    def is_pending(self) -> bool:
        """Whether something was typed that is not saved yet."""
        return self._timer.isActive()

    async def load(self, conversation_id: UUID) -> dict[Mode, Draft | None]:
        """Return the drafts of a conversation, to be shown."""
        drafts = {mode: await self._desk.draft(conversation_id, mode) for mode in _MODES}
        for mode, draft in drafts.items():
            self._editions[conversation_id, mode] = draft.edition if draft else None
        return drafts

    async def news(self, conversation_id: UUID) -> dict[Mode, Draft | None]:
        """Return the drafts that are not those shown or saved last; nothing while something is being typed
        here, which then is the newer text."""
        drafts = {mode: await self._desk.draft(conversation_id, mode) for mode in _MODES}
        if self.is_pending or self._saving:
            return {}
        came: dict[Mode, Draft | None] = {}
        for mode, draft in drafts.items():
            edition = draft.edition if draft else None
            if edition != self._editions.get((conversation_id, mode)):
                self._editions[conversation_id, mode] = edition
                came[mode] = draft
        return came

    def touch(self, mode: Mode) -> None:
        """Something was typed: save soon."""
        self._changed.add(mode)
        self._timer.start()

    async def drop(self, mode: Mode, conversation_id: UUID | None) -> None:
        """The text was handed over or thrown away: there is no draft of it any more."""
        self._changed.discard(mode)
        if not self._changed:
            self._timer.stop()
        if conversation_id is not None:
            await self._save(Draft(conversation_id=conversation_id, mode=mode, text=""))

    async def flush(self) -> None:
        """Save now what waits to be saved."""
        if self._timer.isActive():
            self._timer.stop()
            await self._save_changed()

    async def save(self, draft: Draft) -> None:
        """Keep a draft that takes the place of whatever is there."""
        await self._save(draft)

    def hand_over(self) -> None:
        """Save what waits to be saved, as it is now: the box is about to be cleared."""
        if self._timer.isActive():
            self._timer.stop()
            self._tasks.start(self._save_all(self._taken()), "hand over")

    def _on_time(self) -> None:
        self._tasks.start(self._save_changed(), "save")

    async def _save_changed(self) -> None:
        await self._save_all(self._taken())

    def _taken(self) -> list[Draft]:
        """The drafts that have changed, each with the edition that it grew out of."""
        modes = sorted(self._changed)
        self._changed.clear()
        drafts = [draft for draft in map(self._take, modes) if draft is not None]
        return [
            msgspec.structs.replace(draft, edition=self._editions.get((draft.conversation_id, draft.mode)))
            for draft in drafts
        ]

    async def _save_all(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            await self._save(draft)
        if drafts:
            self.saved.emit()

    async def _save(self, draft: Draft) -> None:
        self._saving += 1
        try:
            edition = await self._desk.save_draft(draft)
            self._editions[draft.conversation_id, draft.mode] = edition
        finally:
            self._saving -= 1
