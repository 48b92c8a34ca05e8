"""What helps while writing: templates, files, links."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import File
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.composer_extras import ComposerExtras, as_fits
from agentdesk.desktop.views.composer_strips import ComposerStrip
from agentdesk.desktop.views.composer_templates import TemplatePicker
from agentdesk.domain.richtext import link_address
from agentdesk.domain.templates import Values, values_for
from agentdesk.sync.desk import DeskPort

__all__ = ["ComposerTools", "Entry"]

Entry = Path | tuple[str, str, bytes]
"""A file to attach: where it lies, or its name, type and content."""


class ComposerTools(QObject):
    """Works on the composer's box; ``touched`` is called when it has changed what is being written."""

    def __init__(
        self,
        desk: DeskPort,
        box: ComposerBox,
        strip: ComposerStrip,
        touched: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._desk, self._box, self._strip, self._touched = desk, box, strip, touched
        self._picker: TemplatePicker | None = None
        self._tasks = tasks_of(self, "composer tools")
        self.refused: Callable[[str, str, int], Msg | None] = _nothing
        """Says why a file of a name, a type and a size cannot go with what is being written."""
        box.attach_wanted.connect(self._on_attach)
        box.files_dropped.connect(self._on_dropped)
        box.file_removed.connect(self._on_file_removed)
        box.link_wanted.connect(self._on_link)
        self.extras = ComposerExtras(box, strip, touched, parent)

    @property
    def picker(self) -> TemplatePicker | None:
        """The templates' popover, once it was opened."""
        return self._picker

    async def offer_templates(self, context: Context) -> None:
        """Open the templates above the text, filled in for the customer."""
        rows = await self._desk.templates()
        values = await self._values(context)
        if not is_alive(self):
            return
        if self._picker is None:
            self._picker = TemplatePicker(self._box.window())
            self._picker.picked.connect(self._on_template)
            self._picker.failed.connect(self._on_template_failed)
        self._picker.open_at(self._box, rows, values, context.head.language)

    async def attach(self, entries: Sequence[Entry]) -> None:
        """Take files in. What cannot be taken is said, the rest is kept."""
        mode = self._box.mode
        for entry in entries:
            why = self.refused(*_measured(entry))
            if why is not None:
                self._strip.tell_problem(why)
                continue
            try:
                file = await self._take(entry)
            except AgentDeskError as error:
                self._strip.tell_problem(error.message, error.hint)
                continue
            if not is_alive(self):
                return
            self._box.set_files((*self._box.files(mode), file), mode)
            self._touched()

    async def choose_files(self) -> None:
        """Let the person choose files to attach."""
        await self.attach(await ask.open_files(self._box, msg("Attach files")))

    async def insert_link(self) -> None:
        """Ask where the selected words should lead."""
        question = msg("Where should it lead? For example https://www.example.com")
        address = await ask.text(self._box, msg("Link"), question, msg("Insert"))
        link = link_address(address or "")
        if link:
            self._box.reply_text.insert_link(link)
        elif address:
            self._strip.tell_problem(msg("This is not an address that a link can have."))

    async def _values(self, context: Context) -> Values:
        contact = await self._desk.contact(context.head.contact_id)
        inboxes = {row.id: row.name for row in await self._desk.inboxes()}
        customer = context.last_customer
        return values_for(
            contact_name=context.head.contact_name,
            contact_email=customer.sender.value if customer and customer.sender else "",
            contact_company=contact.company if contact else "",
            agent_name=self._desk.me.name if self._desk.me else "",
            number=context.head.number,
            subject=context.head.subject,
            inbox_name=inboxes.get(context.head.inbox_id, ""),
        )

    async def _take(self, entry: Entry) -> File:
        if isinstance(entry, Path):
            return await self._desk.attach(entry)
        return await self._desk.attach_bytes(*entry)

    def _on_attach(self) -> None:
        self._tasks.start(self.choose_files(), "attach")

    def _on_dropped(self, entries: Sequence[Entry]) -> None:
        self._tasks.start(self.attach(entries), "attach dropped")

    def _on_file_removed(self, file_id: UUID) -> None:
        self._box.set_files([file for file in self._box.files() if file.id != file_id])
        self._touched()

    def _on_link(self) -> None:
        self._tasks.start(self.insert_link(), "link")

    def _on_template(self, text: str) -> None:
        self._box.text.insert_text(as_fits(text, self._box))
        self._box.text.setFocus()

    def _on_template_failed(self, error: Invalid) -> None:
        self._strip.tell_problem(error.message, error.hint)


def _nothing(_name: str, _media_type: str, _size: int) -> Msg | None:
    return None


def _measured(entry: Entry) -> tuple[str, str, int]:
    """Name, type and size of a file before it is taken in; no size where it cannot be read."""
    if not isinstance(entry, Path):
        name, media_type, content = entry
        return name, media_type, len(content)
    try:
        size = entry.stat().st_size
    except OSError:
        size = 0  # taking it in says why
    return entry.name, mimetypes.guess_type(entry.name)[0] or "application/octet-stream", size
