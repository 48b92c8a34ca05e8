"""Texts that gave way to newer ones of another desk: offered above the composer until they are looked at."""

from __future__ import annotations

from uuid import UUID

from agentdesk.desktop.views.composer_content import ComposerContent
from agentdesk.desktop.views.composer_strips import ComposerStrip
from agentdesk.sync.desk import DeskPort, Draft

__all__ = ["ComposerAsides"]


class ComposerAsides:
    """Shows the oldest of them where no other trouble is shown."""

    def __init__(self, desk: DeskPort, strip: ComposerStrip, content: ComposerContent) -> None:
        self._desk, self._strip, self._content = desk, strip, content
        self._shown: Draft | None = None

    async def refresh(self, conversation_id: UUID) -> None:
        """Look whether there is one."""
        asides = await self._desk.drafts_aside(conversation_id)
        first = asides[0] if asides else None
        if first is None:
            if self._strip.about == "aside":
                self._strip.calm()
        elif self._strip.isHidden() or (self._strip.about == "aside" and first != self._shown):
            self._shown = first
            self._strip.tell_aside(first)

    async def answer(self, key: str) -> bool:
        """Do what was chosen; True where the text was put back, to be kept."""
        aside, self._shown = self._shown, None
        self._strip.calm()
        if aside is None:
            return False
        if key == "insert":
            self._content.add(aside)
        await self._desk.drop_draft_aside(aside)
        return key == "insert"
