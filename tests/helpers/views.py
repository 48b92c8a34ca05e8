"""Views on a fake desk: shown for the length of a test, and gone afterwards with all they started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from agentdesk.desktop.views.conversation import ConversationView
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until

Shown = TypeVar("Shown", bound=QWidget)


@asynccontextmanager
async def shown(widget: Shown, width: int = 584, height: int = 836) -> AsyncIterator[Shown]:
    """Show ``widget`` as a window of its own; it is destroyed at the end, and what it had begun has ended."""
    widget.resize(width, height)
    widget.show()
    await settled()
    try:
        yield widget
    finally:
        widget.close()
        widget.deleteLater()
        await until(lambda: not isValid(widget), what="the view is destroyed")
        await settled()


@asynccontextmanager
async def conversation(
    number: int, desk: FakeDesk, opened: list[QUrl] | None = None
) -> AsyncIterator[ConversationView]:
    """A view on ``desk`` that has conversation ``number`` open and follows the desk's changes; what it opens
    outside goes to ``opened``."""
    outside = [] if opened is None else opened
    async with shown(ConversationView(desk, opener=outside.append)) as view:
        stop = desk.subscribe(view.on_changes)
        stop_status = desk.subscribe_status(view.on_status)
        try:
            await view.open(desk.find(number))
            await settled()
            yield view
        finally:
            stop()
            stop_status()


async def settled(rounds: int = 5) -> None:
    """Let posted events, layouts and ready tasks run."""
    for _ in range(rounds):
        QApplication.processEvents()
        await asyncio.sleep(0)
