"""A chat that I am asked to take: a strip over the window, with a ring, a countdown and two answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import AnswerOffer
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.doing import Trying
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.queries.team_rows import OfferRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["Offers"]

_TABLES = ("offer", "conversation")
_TICK_MS = 1_000
_RING_AGAIN_SECONDS = 20
_LONGEST = 120


class Offers(Trying):
    """Shows the oldest offer in ``strip``. ``accepted(conversation id)`` tells that I took it, ``rung(id,
    title, text)`` that one is new or still waits, ``said`` why it could not be answered."""

    accepted = Signal(object)
    rung = Signal(object, str, str)

    def __init__(self, desk: DeskPort, deeds: ConversationActions, actions: Actions, owner: QWidget) -> None:
        super().__init__(desk, owner, "offers")
        self._deeds, self._actions = deeds, actions
        self._row: OfferRow | None = None
        self._answered: set[UUID] = set()
        self._rang_at: datetime | None = None
        self.strip = OfferStrip(owner)
        self.strip.hide()
        self.strip.pressed.connect(self._on_pressed)
        actions.bind("offer.accept", self.accept)
        actions.bind("offer.decline", self.decline)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._show(None)

    def on_changes(self, changes: Changes) -> None:
        """Look whether somebody asks, and whether they still do."""
        if not changes or "offer" in changes or (self._row is not None and "conversation" in changes):
            self._tasks.start(self._read(), "read")

    def accept(self) -> None:
        """Take the chat that is offered, and open it."""
        self._answer(True)

    def decline(self) -> None:
        """Let somebody else be asked."""
        self._answer(False)

    def retranslate(self) -> None:
        """Put all words into the language of the window."""
        if self._row is not None:
            self.strip.show_offer(self._row, clock.now())

    async def _read(self) -> None:
        rows = await self._desk.offers()
        if is_alive(self):
            self._answered &= {row.id for row in rows}
            self._show(next((row for row in rows if row.id not in self._answered), None))

    def _show(self, row: OfferRow | None) -> None:
        before, self._row = self._row, row
        self._actions.set_state(offer=row is not None)
        if row is None:
            self._timer.stop()
            self.strip.hide()
        elif before is None or row.id != before.id:
            self.strip.show_offer(row, clock.now())
            self._timer.start()
            self._ring(row)

    def _ring(self, row: OfferRow) -> None:
        self._rang_at = clock.now()
        title = tr(_title(row))
        QApplication.beep()
        announce(self.strip, title)
        self.rung.emit(row.conversation_id, title, row.note or row.preview)

    def _on_tick(self) -> None:
        row, now = self._row, clock.now()
        if row is None or self._rang_at is None:
            return
        self.strip.show_time(row, now)
        if now < row.expires_at and (now - self._rang_at).total_seconds() >= _RING_AGAIN_SECONDS:
            self._ring(row)

    def _on_pressed(self, key: str) -> None:
        self._answer(key == "accept")

    def _answer(self, accepted: bool) -> None:
        row = self._row
        if row is not None:
            self._answered.add(row.id)  # at once: it was heard
            self._show(None)
            self._tasks.start(self._do(row, accepted), "answer")

    async def _do(self, row: OfferRow, accepted: bool) -> None:
        command = AnswerOffer(offer_id=row.id, conversation_id=row.conversation_id, accepted=accepted)
        if not accepted:
            await self._try(command)
            return
        head = await self._desk.conversation(row.conversation_id)
        if head is None or not is_alive(self):
            return
        taken = await self._deeds.do(head, command, msg("Taken: {name}.", name=row.contact_name))
        if taken and is_alive(self):
            self.accepted.emit(row.conversation_id)


class OfferStrip(Strip):
    """Who waits, what they wrote, how long there is to answer; buttons ``accept`` and ``decline``."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("info", parent)
        self.setObjectName("offer")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_offer(self, row: OfferRow, now: datetime) -> None:
        """Show an offer, with all time that is left."""
        self.show_message("info", _title(row), _rest(row, now), icon_name="message-circle")
        self.add_button("accept", msg("Accept"))
        self.add_button("decline", msg("Decline"))

    def show_time(self, row: OfferRow, now: datetime) -> None:
        """Count down; the rest stays as it is."""
        self._text.set_content(_rest(row, now))


def _title(row: OfferRow) -> Msg:
    if row.from_id is not None:
        giver, name = row.from_name or "?", row.contact_name
        return msg("{giver} wants to hand you the chat with {name}. Do you take it?", giver=giver, name=name)
    return msg("{name} is waiting in a chat. Do you take it?", name=row.contact_name)


def _rest(row: OfferRow, now: datetime) -> Msg:
    """How long there is to answer, by this computer's clock, and the note of whoever hands it over, or else
    what the customer wrote."""
    whole = (row.expires_at - row.offered_at).total_seconds()
    left = int(min(max((row.expires_at - now).total_seconds(), 0), whole) + 0.5)
    words = " ".join((row.note or row.preview).split())
    text = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    return plural("{count} second: {text}", "{count} seconds: {text}", left, text=text)
