"""What is known of a message beside its words: people, times, why it is where it is, how it went out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import day_text, isolate_ltr, time_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.words import PROTECTION, delivery_words, reason_words
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.party import Party
from agentdesk.queries.rows import MessageRow

__all__ = ["DetailsDialog"]


class DetailsDialog(QDialog):
    """A form of labels whose texts can be selected and copied."""

    def __init__(self, row: MessageRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr(msg("Details")))
        self.setMinimumWidth(520)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(theme().space(4))
        self._form.setVerticalSpacing(theme().space(2))
        for name, value in _lines(row):
            self._add(name, value)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, parent=self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        margin = theme().space(5)
        column.setContentsMargins(margin, margin, margin, margin - 4)
        column.setSpacing(theme().space(4))
        column.addLayout(self._form)
        column.addStretch()
        column.addWidget(buttons)

    def _add(self, name: Msg, value: Msg | str) -> None:
        label = Label(value, "body", wrap=True, parent=self)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setAccessibleName(tr(name))
        self._form.addRow(Label(name, "body", "text.muted", parent=self), label)


def _lines(row: MessageRow) -> list[tuple[Msg, Msg | str]]:
    moment = row.sent_at or row.created_at
    delivery = delivery_words(row)
    known: list[tuple[Msg, Msg | str | None]] = [
        (msg("From"), _people((row.sender,)) if row.sender else None),
        (msg("Reply to"), _people(row.reply_to)),
        (msg("To"), _people(row.to)),
        (msg("Cc"), _people(row.cc)),
        (msg("Bcc"), _people(row.bcc)),
        (msg("Subject"), row.subject),
        (msg("Sent"), f"{day_text(moment)} {time_text(moment)}"),
        (msg("Arrived"), f"{day_text(row.created_at)} {time_text(row.created_at)}"),
        (msg("Why it is here"), reason_words(row)),
        (msg("Delivery"), delivery.text if delivery else None),
        (msg("The server said"), str((row.delivery_detail or {}).get("words") or "")),
        (msg("Protection"), PROTECTION[row.protection][1] if row.protection in PROTECTION else None),
        (msg("Message-ID"), isolate_ltr(row.external_id) if row.external_id else None),
    ]
    return [(name, value) for name, value in known if value]


def _people(people: Sequence[Party]) -> str:
    return ", ".join(f"{party.name} <{party.value}>" if party.name else party.value for party in people)
