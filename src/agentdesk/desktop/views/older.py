"""What a list says and does about conversations that are on the server only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import date_text, tr
from agentdesk.desktop.views.away import AWAY
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.strip import Strip, StripKind
from agentdesk.domain.authority import Permission
from agentdesk.domain.conversation import RETAINED
from agentdesk.queries.rows import ConversationRow, View
from agentdesk.sync.desk import DeskPort, Link, LinkStatus, OlderPage, OlderWish

__all__ = ["OLDER", "RECENT", "OlderPages", "head_of", "wish_of"]

RECENT = plural("Last {count} day", "Last {count} days", RETAINED.days)
OLDER = msg("Older, from the server")
"""The sections of a search: what this computer keeps, and what came besides."""

_HERE = plural(
    "Only the last {count} day is kept here.", "Only the last {count} days are kept here.", RETAINED.days
)
_SEARCH_AFTER_MS = 400
_READY = (Link.SYNCED, Link.FILLING)


def wish_of(view: View) -> OlderWish | None:
    """Return what can be asked from the server for a list; None where it never has more."""
    return OlderWish(view=view) if view.kind in ("resolved", "search") else None


async def head_of(desk: DeskPort, conversation_id: UUID) -> ConversationRow | None:
    """Return the head of a conversation, fetched from the server where the desk does not keep it; None where
    nobody here may see it. Raises AgentDeskError offline."""
    head = await desk.conversation(conversation_id)
    if head is None and (await desk.older(OlderWish(ids=(conversation_id,)))).ids:
        head = await desk.conversation(conversation_id)
    return head


class OlderPages(QObject):
    """Asks for the older conversations of one list after the other, a page at a time, and says in ``strip``
    how that stands. ``arrived`` tells that ``ids`` has more of them: they are on the desk now.

    What lists resolved conversations asks when its button is pressed, a search by itself.
    """

    arrived = Signal()

    def __init__(self, desk: DeskPort, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "older")
        self._wish: OlderWish | None = None
        self._following: str | None = ""  # None: there is nothing more
        self._back_to: datetime | None = None
        self._ids: list[UUID] = []
        self._problem: AgentDeskError | None = None
        self._asking = False
        self._link = desk.status.link
        self._focus: QWidget | None = None
        self.strip = Strip("quiet", parent)
        self.strip.pressed.connect(self._on_pressed)
        self.strip.hide()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SEARCH_AFTER_MS)
        self._soon.timeout.connect(self.ask)
        unsubscribe = desk.subscribe_status(self._on_status)

        def leave() -> None:  # a plain function: a method of this object would not be called any more
            unsubscribe()

        self.destroyed.connect(leave)

    @property
    def ids(self) -> Sequence[UUID]:
        """The conversations that came for the present list, in order."""
        return self._ids

    def show_for(self, wish: OlderWish | None) -> None:
        """Another list is shown: nothing has been asked for it. None: it has nothing on the server."""
        me = self._desk.me
        if me is not None and not me.may(Permission.HISTORY):
            wish = None
        self._tasks.cancel("ask")
        self._soon.stop()
        self._wish, self._following, self._ids, self._problem, self._asking = wish, "", [], None, False
        self._focus = self._back_to = None
        if self._searches and self._link in _READY:
            self._soon.start()
        self._tell()

    def _on_status(self, status: LinkStatus) -> None:
        """Follow the connection: a search that could not ask does so when it can."""
        before, self._link = self._link, status.link
        if before == self._link:
            return
        if self._link in _READY and before not in _READY:
            self._problem = None
            if self._waits:
                self._soon.start()
        self._tell()

    def ask(self) -> None:
        """Ask for the next page."""
        if self._wish is not None and self._following is not None and not self._asking:
            wish = msgspec.structs.replace(self._wish, after=self._following)
            self._asking = True
            self._tasks.start(self._ask(wish), "ask")
            self._tell()

    async def _ask(self, wish: OlderWish) -> None:
        page, problem = OlderPage(), None
        try:
            page = await self._desk.older(wish)
        except AgentDeskError as error:
            problem = error
        if not is_alive(self):
            return
        self._problem = problem
        if problem is None:
            self._following, self._back_to = page.following or None, page.back_to
            self._ids += [one for one in page.ids if one not in self._ids]
        self._asking = False
        if page.ids:
            self.arrived.emit()
        words = self._tell()
        if words is not None:
            announce(self.strip, tr(words))

    @property
    def _waits(self) -> bool:
        """Whether a search has still to be made."""
        return self._searches and self._following == "" and not self._asking

    @property
    def _searches(self) -> bool:
        return self._wish is not None and self._wish.view is not None and self._wish.view.kind == "search"

    def _tell(self) -> Msg | None:
        """Show how it stands, and return the words."""
        if self._wish is None:
            self.strip.hide()
            return None
        kind, title, text, button = self._words()
        self.strip.show_message(kind, title, text)
        if button is not None:
            made = self.strip.add_button("older", button)
            if self._focus is not None and QApplication.focusWidget() is self._focus:
                made.setFocus(Qt.FocusReason.OtherFocusReason)  # it was pressed by a key
        return title

    def _words(self) -> tuple[StripKind, Msg, Msg | None, Msg | None]:
        if self._link in AWAY and self._following is not None:
            return "quiet", self._offline(), msg("Older ones are on the server."), None
        if self._asking or (self._waits and self._problem is None):
            asking = msg("Searching older conversations…") if self._searches else msg("Fetching…")
            return "quiet", asking, None, None
        if self._problem is not None:
            return "warn", self._problem.message, self._problem.hint, msg("Try again")
        if self._following is None:
            return "quiet", self._over(), None, None
        if self._back_to is not None:
            date = date_text(self._back_to, clock.now())
            told = msg("These words are very common: searched back to {date} so far.", date=date)
            return "quiet", told, None, msg("Search further back")
        return "quiet", _HERE, None, msg("Show older")

    def _offline(self) -> Msg:
        days = RETAINED.days
        if self._searches:
            return plural(
                "Offline, so only the last {count} day is searched.",
                "Offline, so only the last {count} days are searched.",
                days,
            )
        return plural(
            "Offline, so only the last {count} day is here.",
            "Offline, so only the last {count} days are here.",
            days,
        )

    def _over(self) -> Msg:
        if self._searches and not self._ids:
            return msg("Nothing older matches.")
        return msg("These are all.") if self._ids else msg("There are no older ones.")

    def _on_pressed(self, _key: str) -> None:
        by_key = self.strip.button("older").hasFocus()
        self._problem = None
        self.ask()
        self._focus = QApplication.focusWidget() if by_key else None
