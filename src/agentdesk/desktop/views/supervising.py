"""A supervisor at a colleague's chat: looking on, whispering, joining, taking over."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.commands.authority import refusal
from agentdesk.commands.values import JoinChat, LeaveChat, TakeOver
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.actions.supervising import DEEDS
from agentdesk.desktop.doing import Doing
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.supervision import is_colleagues_chat, is_supervised
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.composer import Composer
from agentdesk.desktop.views.seeing import mark_seen
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.domain.authority import Permission
from agentdesk.domain.templates import first_name
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import DeskPort, Link

__all__ = ["Part", "Supervising"]

_NEEDS_CONNECTION = msg("This needs a connection to the server.")


class Part(Enum):
    """What I am in a conversation besides who may have it: nothing, or a supervisor of a colleague's chat."""

    NONE = 0
    WATCHES = 1
    JOINED = 2


class Supervising(Doing):
    """``strip`` says that I watch, or have joined, and offers what else can be done. Who watches reads
    quietly and writes nothing but whispers. ``said`` is as in its base."""

    def __init__(self, desk: DeskPort, composer: Composer, done: UndoStack, owner: QWidget) -> None:
        super().__init__(desk, done, owner, "supervising")
        self._composer = composer
        self._actions: Actions | None = None
        self._row: ConversationRow | None = None
        self.part = Part.NONE
        self.strip = SupervisingStrip(owner)
        self.strip.pressed.connect(self._on_pressed)

    def offer_in(self, actions: Actions | None) -> None:
        """Say in ``actions`` which of them are possible; None: another conversation does."""
        self._actions = actions
        self._offer()

    async def part_in(self, row: ConversationRow | None) -> Part:
        """Return what I am in a conversation."""
        me = self._desk.me
        if row is None or me is None or not is_supervised(row, me):
            return Part.NONE
        return Part.JOINED if me.id in await self._desk.joined(row.id) else Part.WATCHES

    def show(self, row: ConversationRow | None, part: Part) -> None:
        """This is the conversation on screen now, and what I am in it; None: none is."""
        before, self.part = self.part, part
        same = _standing(self._row) == _standing(row) and before is part
        self._row = row
        if not same:
            self._bar(before)
            self._refresh()

    def on_status(self) -> None:
        """Follow the connection: the visitor is told at once, or not at all."""
        self._refresh()

    async def mark_seen(self, row: ConversationRow) -> None:
        """Note that I have seen what is new in the conversation on screen, as far as it is for me."""
        await mark_seen(self._desk, row, quiet=self.part is Part.WATCHES)

    # --- doing ---

    def whisper(self) -> None:
        """Write to the agent."""
        self._composer.start("note")

    def join(self) -> None:
        """Come into the chat."""
        if self._row is not None:
            self._tasks.start(self._try(JoinChat(conversation_id=self._row.id)), "join")

    def leave(self) -> None:
        """Leave the chat, and look on again."""
        if self._row is not None:
            self._tasks.start(self._try(LeaveChat(conversation_id=self._row.id)), "leave")

    def take_over(self) -> None:
        """Take the chat from the colleague who has it."""
        if self._row is not None:
            self._tasks.start(self._take_over(self._row), "take over")

    async def _take_over(self, row: ConversationRow) -> None:
        me = self._desk.me
        if row.assignee_id is None or me is None:
            return
        command = TakeOver(conversation_id=row.id, seen_assignee_id=row.assignee_id)
        back = TakeOver(conversation_id=row.id, seen_assignee_id=me.id, back_to=row.assignee_id)
        name = row.assignee_name
        await self._do(command, back, msg("You have taken the chat over from {name}.", name=name))

    def _on_pressed(self, key: str) -> None:
        deeds: dict[str, Callable[[], None]] = {
            "whisper": self.whisper,
            "join": self.join,
            "leave": self.leave,
            "take_over": self.take_over,
        }
        deeds[key]()

    # --- showing ---

    def _bar(self, before: Part) -> None:
        """Who only looks on does not write to the visitor; who has just joined does."""
        watches = self.part is Part.WATCHES
        self._composer.box.bar_replies(msg("Join the chat to write to the visitor.") if watches else None)
        if before is Part.WATCHES and self.part is Part.JOINED and self._composer.box.note_text.is_blank():
            self._composer.box.set_mode("reply")

    def _refresh(self) -> None:
        self._offer()
        self.strip.show_part(self._row, self.part, can_do=self._is_connected())

    def _is_connected(self) -> bool:
        return self._desk.status.link is Link.SYNCED

    def _offer(self) -> None:
        if self._actions is None:
            return
        supervised, connected = self.part is not Part.NONE, self._is_connected()
        self._actions.set_state(
            supervised=supervised,
            joinable=self.part is Part.WATCHES and connected,
            joined=self.part is Part.JOINED and connected,
            takeable=supervised and connected,
        )
        why = self._why_not()
        for action_id in DEEDS:
            self._actions.explain(action_id, why)

    def _why_not(self) -> Msg | None:
        """Why nothing can be done in a colleague's chat."""
        row, me = self._row, self._desk.me
        if row is None or not is_colleagues_chat(row, me):
            return None
        if me is not None and not me.may(Permission.SUPERVISE):
            return refusal(Permission.SUPERVISE).message
        return None if self._is_connected() else _NEEDS_CONNECTION


def _standing(row: ConversationRow | None) -> tuple[object, ...]:
    """What my part in a conversation hangs on, besides whether I have joined."""
    return () if row is None else (row.id, row.assignee_id, row.channel, row.status)


class SupervisingStrip(Strip):
    """Buttons ``whisper``, ``join`` or ``leave``, and ``take_over``."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("quiet", parent)
        self.setObjectName("supervising")
        self.hide()

    def show_part(self, row: ConversationRow | None, part: Part, *, can_do: bool) -> None:
        """Say what I am in the chat ``row``; nothing where that is nothing."""
        if row is None or part is Part.NONE:
            self.hide()
            return
        name = first_name(row.assignee_name) or row.assignee_name
        title = msg("You are watching {name}'s chat", name=name)
        text = msg("The visitor does not know it, and nothing is marked read. {name} sees it.", name=name)
        if part is Part.JOINED:
            title = msg("You have joined {name}'s chat", name=name)
            text = msg("The visitor sees your name.")
        is_news = self.isHidden() or self._title.text() != tr(title)
        self.show_message("quiet", title, text, icon_name="eye" if part is Part.WATCHES else "users")
        self.add_button("whisper", msg("Whisper"))
        come = ("leave", msg("Leave the chat")) if part is Part.JOINED else ("join", msg("Join the chat"))
        for key, words in (come, ("take_over", msg("Take over"))):
            button = self.add_button(key, words)
            button.setEnabled(can_do)
            button.setToolTip("" if can_do else tr(_NEEDS_CONNECTION))
        if is_news:
            announce(self, tr(title))
