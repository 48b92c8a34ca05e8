"""Whom a note is said to: colleagues behind an @, found again when it is added, and the one whom a supervisor
whispers to."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.commands.values import Mention
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.models.supervision import whisper_to
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_strips import ComposerStrip
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.domain.mentions import named_in
from agentdesk.domain.templates import first_name
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import DeskPort

__all__ = ["ComposerMentions"]


class ComposerMentions(QObject):
    """Knows whom a note in an inbox can reach."""

    def __init__(self, desk: DeskPort, box: ComposerBox, strip: ComposerStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._box, self._strip = desk, box, strip
        self._tasks = tasks_of(self, "mentions")
        self._inbox_id: UUID | None = None
        self._whisper: Mention | None = None
        self._chosen: list[Mention] = []
        self._offered: dict[str, Mention] = {}
        self._popup: Popup | None = None
        box.note_text.mentions_wanted.connect(self._on_wanted)

    @property
    def popup(self) -> Popup | None:
        """The list of colleagues, once it was opened."""
        return self._popup

    def follow(self, head: ConversationRow) -> None:
        """The note is for this conversation: names that it can reach are marked while they are written, and
        in a chat that is supervised it is a whisper."""
        inbox_id, whisper = head.inbox_id, whisper_to(head, self._desk.me)
        self._whisper = whisper
        self._box.set_whisper("" if whisper is None else first_name(whisper.name) or whisper.name)
        if inbox_id != self._inbox_id:
            self._inbox_id = inbox_id
            self._tasks.start(self._mark(inbox_id), "names")

    async def _mark(self, inbox_id: UUID) -> None:
        reachable = await self._reachable(inbox_id)
        if is_alive(self) and inbox_id == self._inbox_id:
            self._box.note_text.set_names([one.name for one in reachable])

    async def _offer(self, inbox_id: UUID) -> None:
        """Open the list of those who work in the inbox, and the inbox itself, above the text."""
        offered = await self._reachable(inbox_id)
        if not is_alive(self):
            return
        self._offered = {str(one.id): one for one in offered}
        self._box.note_text.set_names([one.name for one in offered])
        if self._popup is None:
            self._popup = Popup(self._box.window(), msg("Mention a colleague"), width=280)
            self._popup.set_hint(msg("Enter inserts, Esc closes"))
            self._popup.chosen.connect(self._on_chosen)
        self._popup.set_items([_item(one) for one in offered])
        self._popup.open_at(self._box)

    async def in_note(self, inbox_id: UUID) -> tuple[Mention, ...] | None:
        """Return whom the note is said to; None where it would not reach a colleague, which is said."""
        text = self._box.note_text.plain()
        whispered = () if self._whisper is None else (self._whisper,)
        if "@" not in text:
            return whispered
        reachable = await self._reachable(inbox_id)
        by_name: dict[str, Mention] = {}
        for one in (*(one for one in self._chosen if one in reachable), *reachable):
            by_name.setdefault(one.name, one)
        me = self._desk.me.name if self._desk.me else ""
        others = {row.name for row in await self._desk.users() if row.active} - {*by_name, me}
        named = named_in(text, [*by_name, *others])
        for name in sorted(named & others):
            self._strip.tell_problem(
                msg("{name} does not work in this inbox and would not see this note.", name=name)
            )
            return None
        return (*whispered, *(one for name, one in by_name.items() if name in named))

    async def _reachable(self, inbox_id: UUID) -> list[Mention]:
        me = self._desk.me.id if self._desk.me else None
        people = [row for row in await self._desk.inbox_people(inbox_id) if row.id != me]
        inboxes = [row for row in await self._desk.inboxes() if row.id == inbox_id]
        team = [Mention("inbox", row.id, row.name) for row in inboxes]
        return [*(Mention("user", row.id, row.name) for row in people), *team]

    def _on_wanted(self) -> None:
        if self._inbox_id is not None:
            self._tasks.start(self._offer(self._inbox_id), "offer")

    def _on_chosen(self, key: str) -> None:
        one = self._offered.get(key)
        if one is None:
            return
        self._chosen.append(one)
        self._box.note_text.insert_text(f"@{one.name} ", instead_of="@")
        self._box.note_text.setFocus()


def _item(one: Mention) -> PopupItem:
    if one.kind == "user":
        return PopupItem(str(one.id), one.name, person=(one.name, str(one.id)))
    return PopupItem(str(one.id), one.name, msg("everybody in this inbox"), icon="users")
