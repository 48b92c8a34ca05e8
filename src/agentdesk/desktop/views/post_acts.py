"""What a person does with posts besides answering them: the questions before it, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import DeleteReply, EditReply, HidePost, LikePost, ReportPost
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.messages.act_words import act_buttons
from agentdesk.desktop.views.messages.acts import asked_act
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.transcript import TranscriptView
from agentdesk.domain.abilities import Act
from agentdesk.domain.acts import ActState
from agentdesk.domain.posts import Post, post_of
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["PostActs"]


class PostActs(QObject):
    """Does what is asked for with posts in ``transcript``. ``failed(text, hint)`` says what could not be
    done."""

    failed = Signal(object, object)

    def __init__(self, desk: DeskPort, transcript: TranscriptView, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk, self._transcript, self._owner = desk, transcript, owner
        self._able = transcript.tools.able
        self._tasks = tasks_of(self, "acts on posts")
        transcript.asked.connect(self._on_asked)
        self._able.changed.connect(self._on_able)

    def on_changes(self, changes: Changes) -> None:
        """Follow what accounts can do."""
        self._able.on_changes(changes)

    def entries(self, row: MessageRow) -> list[tuple[Msg, str, Callable[[], object]]]:
        """Return what the menu of a message offers: words, icon, and what happens."""
        post = post_of(row.post)
        if post is None:
            return []
        buttons = act_buttons(row, post, self._able.of(row.account_id), clock.now())
        return [(one.name, one.icon, partial(self.run, one.key, row)) for one in buttons]

    def run(self, act: Act, row: MessageRow, before: ActState | None = None) -> None:
        """Do ``act`` with a post, or, with ``before``, what was wished then and failed."""
        post = post_of(row.post)
        if post is not None:
            self._tasks.start(self._told(self._do(act, row, post, before)), f"{act} {row.id}")

    def _on_asked(self, action: str, message_id: UUID) -> None:
        asked = asked_act(action)
        row = next((row for row in self._transcript.rows() if row.id == message_id), None)
        post = post_of(row.post) if row is not None else None
        if asked is None or row is None or post is None:
            return
        act, again = asked
        self.run(act, row, post.acts.get(act) if again else None)

    def _on_able(self) -> None:
        for entry in self._transcript.entries():
            if isinstance(entry, MessageCard):
                entry.show_acts()

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it; what cannot be done is said."""
        try:
            await work
        except AgentDeskError as error:
            if is_alive(self):
                self.failed.emit(error.message, error.hint)

    async def _do(self, act: Act, row: MessageRow, post: Post, before: ActState | None) -> None:
        place = {"conversation_id": row.conversation_id, "message_id": row.id}
        match act:
            case Act.LIKE:
                liked = before.on if before is not None else not post.liked
                await self._desk.do(LikePost(**place, liked=liked))
            case Act.HIDE:
                hidden = before.on if before is not None else not post.hidden
                await self._desk.do(HidePost(**place, hidden=hidden))
            case Act.REPORT:
                reason = await self._reason(before.text if before is not None else "")
                if reason:
                    await self._desk.do(ReportPost(**place, reason=reason))
            case Act.EDIT:
                text = await self._new_text(before.text if before is not None else row.text)
                if text and (before is not None or text != row.text):
                    await self._desk.do(EditReply(**place, text=text))
            case Act.DELETE:
                if before is not None or await self._is_sure():
                    await self._desk.do(DeleteReply(**place))

    async def _reason(self, value: str) -> str:
        said = await ask.passage(
            self._owner,
            msg("Report this post"),
            msg("Say why. The network reads it, and decides what becomes of the post."),
            msg("Report it"),
            value=value,
        )
        return (said or "").strip()

    async def _new_text(self, value: str) -> str:
        said = await ask.passage(
            self._owner,
            msg("Change the post"),
            msg("Everybody who can read the post sees the new text, and perhaps what it said before."),
            msg("Change it"),
            value=value,
        )
        return (said or "").strip()

    async def _is_sure(self) -> bool:
        return await ask.confirm(
            self._owner,
            msg("Delete the post?"),
            msg("It disappears at the network and here. That it was there stays visible to the team."),
            msg("Delete"),
            danger=True,
        )
