"""What a customer is known by, in the customer panel, and with whom they can be merged."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.customer_lines import IdentityLine
from agentdesk.desktop.views.messages.links import examine
from agentdesk.desktop.views.messages.outside import Opener, follow
from agentdesk.desktop.views.same_person import OtherLine, SamePerson, reason_words
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.desktop.widgets.section import Section
from agentdesk.domain.authority import Permission
from agentdesk.domain.likeness import Clue, Evidence
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import ContactDetail, IdentityRow, SimilarContact
from agentdesk.sync.desk import DeskPort

__all__ = ["ContactFinder", "CustomerIdentities"]

_FOUND = 20
_NAMESAKE = (Evidence(Clue.NAME),)
_BEGIN = msg("Type to search among all customers.")


class CustomerIdentities(Section):
    """Addresses, customers who look the same, those who are known as this one, and a search for another."""

    def __init__(self, desk: DeskPort, same: SamePerson, parent: QWidget | None = None) -> None:
        super().__init__(msg("Identities"), parent)
        self._desk, self._same = desk, same
        self._detail: ContactDetail | None = None
        self._likes: dict[UUID, LikeRow] = {}
        self.opener: Opener = QDesktopServices.openUrl
        self._tasks = tasks_of(self, "identities")
        self._lines: list[QWidget] = []
        self.finder = ContactFinder(desk, self)
        self.finder.chosen.connect(self._on_same)
        self.merge_button = LinkButton(msg("Merge with another customer…"), self)
        self.merge_button.clicked.connect(self.choose)
        self.body.addWidget(self.merge_button)

    @property
    def may_merge(self) -> bool:
        """Whether the customer that is shown can be merged by this person."""
        me, detail = self._desk.me, self._detail
        allowed = me is None or me.may(Permission.MERGE)
        return allowed and detail is not None and detail.erased_at is None

    def show_contact(self, detail: ContactDetail) -> None:
        """Belong to this customer from now on."""
        before, self._detail = self._detail, detail
        self.merge_button.setVisible(self.may_merge)
        if before is None or before.id != detail.id:
            self._likes = {}
        if before is None or before.id != detail.id or _people(before) != _people(detail):
            self._fill(detail)
        if self.may_merge and (before is None or _known_of(before) != _known_of(detail)):
            self._tasks.start(self._look_for_likes(detail.id), "look for the same person")

    def choose(self) -> None:
        """Ask with whom the customer is merged; who may not is told so."""
        if self._detail is not None and self.may_merge:
            self.finder.open(self._detail.id, self.merge_button)
        elif self._detail is not None and self._detail.erased_at is None:
            self._same.said.emit(msg("Merging is left to some of your colleagues."), None, None)

    def _fill(self, detail: ContactDetail) -> None:
        for line in self._lines:
            self.body.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = [self._identity(identity) for identity in detail.identities]
        if self.may_merge:
            likes = self._likes or {one.id: LikeRow(other=one, evidence=_NAMESAKE) for one in detail.similar}
            known = {one.id for one in detail.merged}
            others = [one for one in likes.values() if one.other.id not in known]
            self._lines += [self._other(one.other, merged=False, evidence=one.evidence) for one in others]
            self._lines += [self._other(other, merged=True) for other in detail.merged]
        for place, line in enumerate(self._lines):
            self.body.insertWidget(place, line)

    async def _look_for_likes(self, contact_id: UUID) -> None:
        """See what speaks for others being the same person; shown when it is known."""
        found = {one.other.id: one for one in await self._desk.alike(contact_id)}
        detail = self._detail
        if is_alive(self) and detail is not None and detail.id == contact_id and found != self._likes:
            self._likes = found
            self._fill(detail)

    def _identity(self, row: IdentityRow) -> IdentityLine:
        line = IdentityLine(row)
        line.open_wanted.connect(self._on_open)
        return line

    def _on_open(self, url: str) -> None:
        self._tasks.start(follow(self, self.opener, examine(url, "")), "open")

    def _other(self, other: SimilarContact, *, merged: bool, evidence: Sequence[Evidence] = ()) -> OtherLine:
        line = OtherLine(other, merged=merged, evidence=evidence)
        line.pressed.connect(self._on_other if merged else self._on_same)
        return line

    def _on_same(self, other: SimilarContact) -> None:
        if self._detail is not None:
            like = self._likes.get(other.id)
            reasons = [reason_words(sign) for sign in like.evidence] if like is not None else []
            self._same.merge(self._detail, other, reasons)

    def _on_other(self, other: SimilarContact) -> None:
        if self._detail is not None:
            self._same.part(self._detail, other)


class ContactFinder(QObject):
    """Looks for a customer by name, address or handle; ``chosen(SimilarContact)``."""

    chosen = Signal(object)

    def __init__(self, desk: DeskPort, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk, self._owner = desk, owner
        self._tasks = tasks_of(self, "find customer")
        self._but: UUID | None = None
        self._found: dict[str, SimilarContact] = {}
        self.popup: Popup | None = None

    def open(self, but: UUID, anchor: QWidget) -> None:
        """Begin to look, at ``anchor``, for anybody but the customer ``but``."""
        self._but, self._found = but, {}
        if self.popup is None:
            self.popup = Popup(self._owner.window(), msg("Name, address or handle of a customer"), width=360)
            self.popup.chosen.connect(self._on_chosen)
            self.popup.typed.connect(self._on_typed)
        self.popup.set_finder(self._items)
        self.popup.set_hint(_BEGIN)
        self.popup.open_at(anchor)

    def _items(self, _query: str) -> list[PopupItem]:
        return [
            PopupItem(key, one.name or one.address, one.address if one.name else "", person=(one.name, key))
            for key, one in self._found.items()
        ]

    def _on_typed(self, query: str) -> None:
        self._tasks.start(self._search(query), "search")

    async def _search(self, query: str) -> None:
        try:
            found = await self._desk.find_contacts(query, _FOUND + 1)
        except AgentDeskError as error:
            found, hint = [], error.message
        else:
            found = [one for one in found if one.id != self._but][:_FOUND]
            hint = msg("No customer matches “{words}”.", words=query.strip())
        popup = self.popup
        if not is_alive(self) or popup is None or popup.field.text() != query:
            return
        self._found = {str(one.id): one for one in found}
        popup.set_finder(self._items)
        if found:
            popup.set_hint(None)
        else:
            popup.set_hint(hint if query.strip() else _BEGIN)

    def _on_chosen(self, key: str) -> None:
        self.chosen.emit(self._found[key])


def _people(detail: ContactDetail) -> tuple[object, ...]:
    known = [msgspec.structs.replace(one, visit=None) for one in detail.identities]
    return known, detail.similar, detail.merged


def _known_of(detail: ContactDetail) -> tuple[object, ...]:
    """What is looked at for signs: they may be others when it has changed."""
    latest = max((one.last_message_at for one in detail.conversations), default=None)
    return detail.id, detail.name, latest, *_people(detail)
