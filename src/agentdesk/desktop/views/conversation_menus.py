"""The popovers of a conversation: who gets it, until when it sleeps, its tags and its priority."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import date_text, time_text
from agentdesk.desktop.models.teammates import by_room, standing_text
from agentdesk.desktop.views.view_names import PRIORITIES
from agentdesk.desktop.widgets.popup import Popup, PopupItem
from agentdesk.domain.authority import Permission
from agentdesk.domain.snooze import SnoozeKind, choices, typed
from agentdesk.queries.rows import (
    UserRow,
)
from agentdesk.queries.team_rows import TeammateRow

__all__ = ["ConversationMenus"]

_NOBODY = "nobody"
_SNOOZES: dict[SnoozeKind, tuple[Msg, str]] = {
    SnoozeKind.LATER_TODAY: (msg("Later today"), "sunset"),
    SnoozeKind.TOMORROW: (msg("Tomorrow morning"), "sunrise"),
    SnoozeKind.NEXT_WEEK: (msg("Next week"), "calendar"),
    SnoozeKind.NEXT_MONTH: (msg("In a month"), "calendar-days"),
}


class ConversationMenus(QObject):
    """``assigned(user id or None)``, ``snoozed(until)``, ``tagged(tuple)`` and ``prioritised(str)`` tell what
    was chosen."""

    assigned = Signal(object)
    snoozed = Signal(object)
    tagged = Signal(object)
    prioritised = Signal(str)

    def __init__(self, owner: QWidget, now: Callable[[], datetime]) -> None:
        super().__init__(owner)
        self._owner, self._now = owner, now
        self._tags: tuple[str, ...] = ()
        self._popups: dict[str, Popup] = {}

    def popup(self, name: str) -> Popup | None:
        """The popover ``assign``, ``snooze``, ``tags`` or ``priority``, once it was opened."""
        return self._popups.get(name)

    def choose_assignee(
        self,
        anchor: QWidget,
        users: Sequence[TeammateRow],
        me: UserRow | None,
        current: UUID | None,
        *,
        can_clear: bool = False,
    ) -> None:
        """Offer me, the others of the team, who has room first, and nobody, where somebody has it
        (``can_clear``: where somebody may have it). Who is full or away is greyed, but possible; what this
        person may not do is shown, but cannot be chosen."""
        popup = self._get("assign", msg("Person"), self._on_assign)
        now = self._now()
        others = by_room([row for row in users if me is None or row.id != me.id], now)
        whole = me is None or me.may(Permission.ASSIGN_OTHERS)
        own = me is not None and current in (None, me.id)
        items = [
            PopupItem(
                str(row.id),
                row.name,
                standing_text(row, now),
                person=(row.name, str(row.id)),
                enabled=whole,
                quiet=not row.takes(now),
            )
            for row in others
        ]
        if me is not None:
            person = (me.name, str(me.id))
            mine = PopupItem(
                str(me.id), msg("Me"), "Shift+A", person=person, words=me.name, enabled=whole or own
            )
            items.insert(0, mine)
        possible = (whole or own) and (can_clear or current is not None)
        items.append(PopupItem(_NOBODY, msg("Nobody"), icon="user-round-x", enabled=possible))
        popup.set_items(items)
        popup.open_at(anchor)

    def choose_snooze(self, anchor: QWidget) -> None:
        """Offer the usual moments, and understand what is typed."""
        popup = self._get("snooze", msg("When?"), self._on_snooze)
        popup.set_hint(msg("Try “in 2 hours”, “fri 8am”, “in 3 weeks”"))
        popup.set_finder(self._find_snooze)
        popup.open_at(anchor)

    def choose_tags(self, anchor: QWidget, tags: Sequence[str]) -> None:
        """Take tags away or add one."""
        self._tags = tuple(tags)
        popup = self._get("tags", msg("Tag"), self._on_tag)
        popup.set_finder(self._find_tags)
        popup.open_at(anchor)

    def choose_priority(self, anchor: QWidget, current: str) -> None:
        """Offer the four priorities."""
        popup = self._get("priority", msg("Priority"), self._on_priority)
        popup.set_items(
            [
                PopupItem(key, words, icon=icon, detail="✓" if key == current else "")
                for key, (words, icon) in PRIORITIES.items()
            ]
        )
        popup.open_at(anchor)

    def _get(self, name: str, placeholder: Msg, on_chosen: Callable[[str], object]) -> Popup:
        popup = self._popups.get(name)
        if popup is None:
            popup = self._popups[name] = Popup(self._owner.window(), placeholder, width=280)
            popup.chosen.connect(on_chosen)
        return popup

    def _on_assign(self, key: str) -> None:
        self.assigned.emit(None if key == _NOBODY else UUID(key))

    def _on_priority(self, key: str) -> None:
        self.prioritised.emit(key)

    def _find_snooze(self, query: str) -> list[PopupItem]:
        now = self._now().astimezone()
        items = []
        moment = typed(query, now)
        if moment is not None:
            items.append(PopupItem(moment.isoformat(), _moment_words(moment, now), icon="calendar-clock"))
        for choice in choices(now):
            words, icon = _SNOOZES[choice.kind]
            item = PopupItem(choice.until.isoformat(), words, _moment_words(choice.until, now), icon)
            if not query or item.matches(query):
                items.append(item)
        return items

    def _on_snooze(self, key: str) -> None:
        self.snoozed.emit(datetime.fromisoformat(key))

    def _find_tags(self, query: str) -> list[PopupItem]:
        wanted = " ".join(query.split())
        shown = [tag for tag in self._tags if wanted.casefold() in tag.casefold()]
        items = [PopupItem(tag, tag, msg("Remove"), "check") for tag in shown]
        if wanted and wanted.casefold() not in (tag.casefold() for tag in self._tags):
            items.insert(0, PopupItem(wanted, msg("Add “{tag}”", tag=wanted), icon="plus"))
        return items

    def _on_tag(self, key: str) -> None:
        without = tuple(tag for tag in self._tags if tag != key)
        self.tagged.emit(without if key in self._tags else (*self._tags, key))


def _moment_words(moment: datetime, now: datetime) -> str:
    if moment.date() == now.date():
        return time_text(moment)
    return f"{date_text(moment, now)} {time_text(moment)}"
