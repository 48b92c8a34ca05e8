"""Handing the open conversation over from the window, and hearing what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import AnyCommand, CancelTransfer, Transfer
from agentdesk.desktop.doing import Trying
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.teammates import by_room, standing_text, state_words
from agentdesk.desktop.views.handing_panel import HandingPanel, Target
from agentdesk.desktop.widgets.popup_list import PopupItem
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.desktop.world_names import language_name
from agentdesk.domain.authority import Permission
from agentdesk.domain.availability import Availability
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import HandingOver, Status
from agentdesk.queries.rows import (
    ConversationRow,
    InboxRow,
    UserRow,
)
from agentdesk.queries.team_rows import TeammateRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["Handing"]

Do = Callable[[ConversationRow, AnyCommand, Msg], Awaitable[bool]]
"""Does a command to a conversation, says so, and offers to undo it; returns whether it was done."""

_QUEUE = "queue"
_LOOKED_AT = 10
"""Among so many of the last messages it is looked for what became of a question."""
_PERSON, _INBOX = "person:", "inbox:"
_NOT_TAKEN = {
    HandingOver.DECLINED: msg("{person} declined. {name} is still with you."),
    HandingOver.MISSED: msg("{person} did not answer in time. {name} is still with you."),
    HandingOver.WITHDRAWN: msg("{person} is not there any more. {name} is still with you."),
}


class Handing(Trying):
    """``left(id)``: the conversation went away from this person; ``rung(id, title, text)``: one came back.

    ``show_wanted(id)`` wants it shown. ``strip`` says whom the conversation on screen is being handed to.
    """

    left = Signal(object)
    show_wanted = Signal(object)
    rung = Signal(object, str, str)

    def __init__(self, desk: DeskPort, do: Do, owner: QWidget) -> None:
        super().__init__(desk, owner, "handing over")
        self._do, self._owner = do, owner
        self._row: ConversationRow | None = None
        self._mine: Collection[UUID] = ()
        self._asked: dict[UUID, UUID] = {}
        self.panel: HandingPanel | None = None
        self.strip = Strip("info", owner)
        self.strip.hide()
        self.strip.pressed.connect(self._on_cancel)

    def show(self, row: ConversationRow | None) -> None:
        """This conversation is on screen now."""
        before, self._row = self._row, row
        asked = row.asked_id if row is not None and row.status == Status.OPEN else None
        if row is None or asked is None:
            self.strip.hide()
        elif before is None or before.id != row.id or before.asked_id != asked or self.strip.isHidden():
            title = msg("{person} is asked to take this over.", person=row.asked_name or "?")
            self.strip.show_message("info", title, icon_name="hourglass")
            self.strip.add_button("cancel", msg("Ask no more"))

    def choose(self, row: ConversationRow, anchor: QWidget) -> None:
        """Ask to whom ``row`` is handed."""
        self._tasks.start(self._choose(row, anchor), "choose")

    def on_changes(self, changes: Changes) -> None:
        """Tell what became of conversations that were handed to somebody here."""
        for one in self._asked.keys() & changes.get("conversation", set()) if changes else set(self._asked):
            self._tasks.start(self._look(one), f"look {one}")

    def take_from(self, other: Handing) -> None:
        """Tell from now on what becomes of those that ``other`` handed over."""
        self._asked.update(other._asked)
        other._asked.clear()

    # --- to whom ---

    async def _choose(self, row: ConversationRow, anchor: QWidget) -> None:
        everybody = await self._desk.teammates()
        seeing = {person.id for person in await self._desk.inbox_people(row.inbox_id)}
        inboxes = await self._desk.inboxes()
        me = self._desk.me
        mine = [one.id for one in inboxes if await self._is_mine(one)]
        if not is_alive(self):
            return
        self._row, self._mine = row, mine
        people = [one for one in everybody if one.id in seeing - {row.assignee_id, me.id if me else None}]
        if self.panel is None:
            self.panel = HandingPanel(self._owner.window())
            self.panel.sent.connect(self._on_sent)
        title = msg("Hand over {name}", name=row.contact_name)
        self.panel.open_for(title, self._targets(row, people, inboxes), anchor)

    async def _is_mine(self, inbox: InboxRow) -> bool:
        me = self._desk.me
        return me is not None and any(one.id == me.id for one in await self._desk.inbox_people(inbox.id))

    def _targets(
        self, row: ConversationRow, people: Sequence[TeammateRow], inboxes: Sequence[InboxRow]
    ) -> list[Target]:
        me = self._desk.me
        allowed = me is None or me.may(Permission.ASSIGN_OTHERS)
        targets = [_person(one, row, enabled=allowed) for one in by_room(people, clock.now())]
        here = next((one.name for one in inboxes if one.id == row.inbox_id), "")
        if row.assignee_id is not None:
            targets.append(_queue(here, enabled=allowed or _holds(row, me)))
        targets += [
            _inbox(one, enabled=allowed, mine=one.id in self._mine)
            for one in inboxes
            if one.id != row.inbox_id
        ]
        return targets

    # --- doing it ---

    def _on_sent(self, key: str, note: str) -> None:
        if self._row is not None:
            self._tasks.start(self._hand(self._row, key, note), "hand over")

    async def _hand(self, row: ConversationRow, key: str, note: str) -> None:
        person = await self._teammate(key)
        asks = person is not None and _asks(person, row)
        command = Transfer(
            conversation_id=row.id,
            user_id=person.id if person is not None else None,
            inbox_id=UUID(key.removeprefix(_INBOX)) if key.startswith(_INBOX) else None,
            ask=asks,
            seen_assignee_id=row.assignee_id,
            note=note,
            note_id=new_id() if note else None,
        )
        if await self._carry_out(row, command, _said(row, command, person)) and is_alive(self):
            if person is not None and asks:
                self._asked[row.id] = person.id
            else:
                self.left.emit(row.id)

    async def _carry_out(self, row: ConversationRow, command: Transfer, said: Msg) -> bool:
        """Do it; where it goes out of this person's sight, it cannot be taken back."""
        if command.inbox_id is None or command.inbox_id in self._mine:
            return await self._do(row, command, said)
        done = await self._try(command)
        if done and is_alive(self):
            self.said.emit(said, None, None)
        return done

    async def _teammate(self, key: str) -> TeammateRow | None:
        if not key.startswith(_PERSON):
            return None
        wanted = UUID(key.removeprefix(_PERSON))
        return next((one for one in await self._desk.teammates() if one.id == wanted), None)

    def _on_cancel(self, _key: str) -> None:
        if self._row is not None:
            self._asked.pop(self._row.id, None)
            self._tasks.start(self._try(CancelTransfer(conversation_id=self._row.id)), "cancel")

    # --- what became of it ---

    async def _look(self, conversation_id: UUID) -> None:
        row = await self._desk.conversation(conversation_id)
        asked = self._asked.get(conversation_id)
        if asked is None or not is_alive(self) or (row is not None and row.asked_id == asked):
            return
        timeline = await self._desk.timeline(conversation_id, limit=_LOOKED_AT) if row is not None else None
        if self._asked.pop(conversation_id, None) is None or row is None or not is_alive(self):
            return
        if row.assignee_id == asked:
            took = msg("{person} took over {name}.", person=row.assignee_name, name=row.contact_name)
            self.said.emit(took, None, None)
            return
        steps = [one for one in timeline.events if one.kind == "transfer"] if timeline is not None else []
        data = steps[-1].data if steps else {}
        words = _NOT_TAKEN.get(data.get("step", ""))
        if words is None:
            return
        told = Msg(words.text, {"person": str(data.get("person") or "?"), "name": row.contact_name})
        self.said.emit(told, msg("Show it"), partial(self.show_wanted.emit, row.id))
        self.rung.emit(row.id, tr(told), row.preview)


def _holds(row: ConversationRow, me: UserRow | None) -> bool:
    return me is not None and row.assignee_id == me.id


def _asks(person: TeammateRow, row: ConversationRow) -> bool:
    """Whether somebody is asked first: for a chat, where they are there to answer."""
    there = person.unreachable_since is None and person.now_is(clock.now()) is Availability.AVAILABLE
    return there and row.channel == CHANNEL and row.status == Status.OPEN


def _person(person: TeammateRow, row: ConversationRow, *, enabled: bool) -> Target:
    now, name = clock.now(), person.name
    spoken = ", ".join(language_name(code) for code in person.languages or ())
    standing = standing_text(person, now)
    item = PopupItem(
        f"{_PERSON}{person.id}",
        name,
        f"{standing} · {spoken}" if spoken else standing,
        person=(name, str(person.id)),
        enabled=enabled,
        quiet=not person.takes(now),
    )
    if _asks(person, row):
        follows = msg("{name} is asked, and it stays with you until they take it.", name=name)
        if not person.takes(now):
            follows = msg("{name} has as many as they may have. They are asked all the same.", name=name)
        return Target(item, follows, msg("Ask {name}", name=name), warns=not person.takes(now))
    if person.now_is(now) is not Availability.AVAILABLE:
        state = state_words(person, now)
        follows = msg(
            "{name} is not available ({status}). It waits until they look.", name=name, status=state
        )
    elif person.unreachable_since is not None:
        follows = msg("{name} is not reachable. It waits until they are back.", name=name)
    else:
        return Target(item, msg("{name} has it at once.", name=name), msg("Assign to {name}", name=name))
    return Target(item, follows, msg("Assign to {name} anyway", name=name), warns=True)


def _queue(inbox_name: str, *, enabled: bool) -> Target:
    item = PopupItem(_QUEUE, msg("Back to the queue"), inbox_name, icon="rotate-ccw", enabled=enabled)
    return Target(item, msg("Somebody else gets it from there."), msg("Give back"))


def _inbox(inbox: InboxRow, *, enabled: bool, mine: bool) -> Target:
    item = PopupItem(
        f"{_INBOX}{inbox.id}", inbox.name, msg("Inbox"), icon="inbox", enabled=enabled, words=inbox.name
    )
    follows = msg("It waits in {inbox} for somebody.", inbox=inbox.name)
    if not mine:
        follows = msg("It waits in {inbox} for somebody. You do not see it any more then.", inbox=inbox.name)
    return Target(item, follows, msg("Move to {inbox}", inbox=inbox.name), warns=not mine)


def _said(row: ConversationRow, command: Transfer, person: TeammateRow | None) -> Msg:
    name = row.contact_name
    if person is not None and command.ask:
        return msg("{person} is asked to take over {name}.", person=person.name, name=name)
    if person is not None:
        return msg("Assigned to {person}: {name}.", person=person.name, name=name)
    if command.inbox_id is not None:
        return msg("Moved: {name}.", name=name)
    return msg("Back in the queue: {name}.", name=name)
