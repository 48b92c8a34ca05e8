"""A shop with live chat on real parts: a server process, a visitor's Chromium, Maria at her window, and the
mailbox and SMTP server of the shop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from agentdesk.base.paths import resource
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.messages.lines import EventLine
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.domain.team import Role
from agentdesk.queries.rows import QueueRow, View
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in
from tests.helpers.company import mail_settings
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import run_aside
from tests.helpers.program import Program, Programs
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.widget.browser import Chromium, Site, Visit

__all__ = ["Agent", "LiveShop", "typed", "widget_words"]

T = TypeVar("T")

_MARIA = ("maria@desk.test", "Maria Sol", "correct horse")


class LiveShop:
    """The pages of the shop, and its server on one database and one port; both last for several visitors.

    ``pictures`` is where screens are kept, if anywhere.
    """

    def __init__(
        self, chromium: Chromium, folder: Path, pictures: Path | None, mailbox: Mailbox, smtp: SmtpServer
    ) -> None:
        self._chromium, self._programs, self._pictures = chromium, Programs(folder), pictures
        self._mailbox, self.smtp = mailbox, smtp
        self._folder, self._database = folder, f"sqlite:///{folder / 'agentdesk.db'}"
        self.site = chromium.thread.run(Site.start(chromium, pictures), timeout=60)
        self.widget = run_aside(self._found())
        self._program = self._serve("127.0.0.1:0")
        self.address = self._program.ready_sync()
        self.site.server.real = (self.address, self.widget)

    async def _found(self) -> str:
        """Put inbox, widget and agent into the database; returns the widget's id."""
        db = Database(self._database)
        try:
            await db.migrate()
            await add_inbox(db, "Support")
            address, name, password = _MARIA
            await add_user(db, address, name, Role.AGENT, password)
            settings = {
                "site": "larkfield.example",
                "origins": f"http://localhost:{self.site.server.port}",
                "colour": "#22523f",
                "ask.name": "required",
                "ask.email": "optional",
                "mail": self._mailbox.address,
            }
            vault = await open_vault(db)
            given, secret = mail_settings(self._mailbox, self.smtp), {"password": self._mailbox.password}
            await add_channel(db, vault, "email", "Support", "Mail", given, secret)
            widget = await add_channel(db, vault, "chat", "Support", "Larkfield Home", settings, {})
            return str(widget)
        finally:
            await db.close()

    def _serve(self, where: str) -> Program:
        data = str(self._folder / "data")
        return self._programs.start("server", "--database", self._database, "--data", data, "--listen", where)

    # --- what befalls the server ---

    def freeze(self) -> None:
        """Let the server do nothing any more; what is sent to it waits in its sockets."""
        os.kill(self._program.pid, signal.SIGSTOP)

    async def kill(self) -> None:
        """Kill the server without a word."""
        await asyncio.to_thread(self._program.kill)

    async def restart(self) -> None:
        """Start it again on the same database and port."""
        self._program = self._serve(self.address.partition("://")[2])
        await self._program.ready()

    def mail_to(self, address: str) -> EmailMessage | None:
        """The only mail that was sent to an address; None while there is none."""
        found = [one.content for one in self.smtp.received if address in one.recipients]
        assert len(found) <= 1, "sent once"
        return message_from_bytes(found[0], policy=policy.default) if found else None

    # --- the two sides ---

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Let something be done or looked at in the browser, which has a loop of its own."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._chromium.thread.loop))

    async def picture(self, visit: Visit, agent: Agent, name: str) -> None:
        """Keep both screens where somebody asked for pictures (``AGENTDESK_WIDGET_PICTURES``)."""
        if self._pictures:
            await settled()
            await self.there(self.site.picture(visit, f"{name}-page"))
            agent.panes.window().grab().save(str(self._pictures / f"{name}-desk.png"))

    @asynccontextmanager
    async def agent(self, folder: Path) -> AsyncIterator[Agent]:
        """Maria, signed in, with all conversations on her list."""
        address, _name, password = _MARIA
        token = await sign_in(self.address, address, password)
        desk = LocalDesk(folder / "desk", self.address, token)
        await desk.start()
        window = MainWindow(SettingsFile(folder / "settings.json"))
        window.resize(1440, 900)
        panes = window.attach(desk, workspace="Larkfield Home")
        try:
            await panes.complete()
            window.show()
            window.activateWindow()
            panes.show_view(View(kind="all", order="newest"))
            await until(lambda: desk.status.link is Link.SYNCED and window.isActiveWindow())
            yield Agent(panes, desk)
        finally:
            await panes.release()
            await desk.close()
            window.hide()
            window.deleteLater()
            await until(lambda: not isValid(window), what="the window is destroyed")
            await settled()

    def close(self) -> list[str]:
        """End it all; returns what pages complained of."""
        self._programs.close()
        return self._chromium.thread.run(self.site.close(), timeout=60)


class Agent:
    """What Maria sees."""

    def __init__(self, panes: Workspace, desk: LocalDesk) -> None:
        self.panes, self.desk = panes, desk

    async def row(self, preview: str) -> QueueRow:
        """The row of the list that shows this, as soon as it is there."""
        model = self.panes.queue.model

        def found() -> QueueRow | None:
            rows = (model.row(one) for one in model.ids)
            return next((row for row in rows if row is not None and preview in row.preview), None)

        return await until(found, what=f"a row with {preview!r}")

    def has_it(self) -> bool:
        """Whether the open conversation is hers."""
        row, me = self.panes.conversation.deeds.row, self.desk.me
        return row is not None and me is not None and row.assignee_id == me.id

    def texts(self) -> list[str]:
        """What the transcript shows, but for messages that are files alone."""
        return [row.text.strip() for row in self.panes.conversation.transcript.rows() if row.text.strip()]

    def files(self) -> list[str]:
        """The names of the files in the transcript."""
        rows = self.panes.conversation.transcript.rows()
        return [file.name for row in rows for file in row.attachments]

    def events(self) -> list[str]:
        """The lines of the transcript between the messages."""
        return [line.words() for line in self.panes.conversation.transcript.findChildren(EventLine)]

    def knows_the_last_word(self) -> bool:
        """Whether head and transcript are of one moment: who has not seen the last word ends no chat."""
        row, rows = self.panes.conversation.deeds.row, self.panes.conversation.transcript.rows()
        said = [one.id for one in rows if one.automatic == "no"]  # a copy by mail is no word of either
        return row is not None and row.last_message_id in said[-1:]

    def tells(self, *beginnings: str) -> bool:
        """Whether for each there is one line between the messages that begins so."""
        told = self.events()
        return all(sum(line.startswith(words) for line in told) == 1 for words in beginnings)

    def deliveries(self) -> list[str]:
        """How far her own messages have come."""
        rows = self.panes.conversation.transcript.rows()
        return [row.delivery for row in rows if row.direction == "out"]


def typed(text: str) -> None:
    """Press keys that make ``text``, in whatever letters, where the focus is."""
    for letter in text:
        target = QApplication.focusWidget()
        assert isinstance(target, QWidget)
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, letter)
            QApplication.sendEvent(target, event)


def widget_words(language: str) -> dict[str, str]:
    """The widget's own words in a language."""
    texts: dict[str, str] = json.loads(resource(f"widget/texts/{language}.json").read_bytes())
    return texts
