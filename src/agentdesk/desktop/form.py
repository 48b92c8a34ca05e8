"""A form made from a connector's settings: one control per field, errors under the field they speak of."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.button import LinkButton, set_kind
from agentdesk.desktop.widgets.label import Label
from agentdesk.sdk.schema import Field, FieldType, Schema

__all__ = ["Form"]

_HISTORY: dict[str, Msg] = {
    "now": msg("From now on"),
    "days:30": msg("The last 30 days"),
    "all": msg("Everything"),
}


class Form(QWidget):
    """``submitted`` tells that Enter was pressed in a field."""

    submitted = Signal()

    def __init__(self, schema: Schema, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._schema = schema
        self._controls: dict[str, QWidget] = {}
        self._errors: dict[str, Label] = {}
        self._groups: dict[QFormLayout, Msg] = {}
        self._rows = QFormLayout()
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self._rows.setVerticalSpacing(10)
        self._more = QWidget(self)
        self._more_rows = QFormLayout(self._more)
        self._more_rows.setContentsMargins(0, 0, 0, 0)
        self._more_rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self._more_button = LinkButton(msg("More settings"), self)
        self._more_button.clicked.connect(self._show_more)
        self._more.hide()
        for field in schema.fields:
            self._add(field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows)
        column.addWidget(self._more_button, 0, Qt.AlignmentFlag.AlignLeading)
        column.addWidget(self._more)
        self._more_button.setVisible(any(field.advanced for field in schema.fields))

    def settings(self) -> dict[str, str]:
        """Return what was given for the plain fields; empty ones are left out."""
        plain = (f for f in self._schema.fields if f.type is not FieldType.SECRET)
        given = {f.key: self._value(f) for f in plain}
        return {key: value for key, value in given.items() if value}

    def secrets(self) -> dict[str, str]:
        """Return the secrets that were typed."""
        given = {f.key: self._value(f) for f in self._schema.secrets()}
        return {key: value for key, value in given.items() if value}

    def set_value(self, key: str, value: str) -> None:
        """Fill in a field."""
        control = self._controls[key]
        if isinstance(control, QLineEdit):
            control.setText(value)
        elif isinstance(control, QComboBox):
            control.setCurrentIndex(max(0, control.findData(value)))
        elif isinstance(control, QCheckBox):
            control.setChecked(value == "true")

    def control(self, key: str) -> QWidget:
        """Return the control of a field."""
        return self._controls[key]

    def show_error(self, key: str | None, text: Msg) -> bool:
        """Show ``text`` under the field ``key`` and go there; False where there is no such field."""
        self.clear_errors()
        if key is None or key not in self._controls:
            return False
        if self._schema.field(key).advanced:
            self._show_more()
        self._errors[key].set_content(text)
        self._errors[key].show()
        self._controls[key].setProperty("error", "true")
        self._controls[key].style().polish(self._controls[key])
        self._controls[key].setAccessibleDescription(tr(text))
        self._controls[key].setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def clear_errors(self) -> None:
        """Take all errors away."""
        for key, label in self._errors.items():
            label.hide()
            self._controls[key].setProperty("error", "")
            self._controls[key].style().polish(self._controls[key])

    def _add(self, field: Field) -> None:
        control = self._make(field)
        control.setAccessibleName(tr(field.title))
        self._controls[field.key] = control
        error = self._errors[field.key] = Label("", "small", "bad.text", wrap=True)
        error.hide()
        rows = self._more_rows if field.advanced else self._rows
        if field.group is not None and self._groups.get(rows) != field.group:
            self._groups[rows] = field.group
            rows.addRow(Label(field.group, "body", "text.primary", weight=600))
        title = Label(field.title, "small", "text.secondary", weight=500)
        title.setBuddy(control)
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(control)
        if field.hint is not None and field.type is not FieldType.HISTORY:  # its choices say it all
            column.addWidget(Label(field.hint, "small", "text.muted", wrap=True))
        column.addWidget(error)
        rows.addRow(title, box)

    def _make(self, field: Field) -> QWidget:
        if field.type is FieldType.BOOLEAN:
            check = QCheckBox(tr(field.title), self)
            check.setChecked(field.default is True)
            return check
        if field.type in (FieldType.CHOICE, FieldType.HISTORY):
            choices = field.choices or _HISTORY
            combo = QComboBox(self)
            for value, title in choices.items():
                combo.addItem(tr(title), value)
            combo.setCurrentIndex(max(0, combo.findData(field.default)))
            return combo
        line = QLineEdit(self)
        line.returnPressed.connect(self.submitted)
        if field.type is FieldType.SECRET:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            set_kind(line, "")
        if field.default is not None and field.type is not FieldType.SECRET:
            line.setPlaceholderText(str(field.default))
        return line

    def _value(self, field: Field) -> str:
        control = self._controls[field.key]
        if isinstance(control, QCheckBox):
            return "true" if control.isChecked() else "false"
        if isinstance(control, QComboBox):
            return str(control.currentData() or "")
        return control.text().strip() if isinstance(control, QLineEdit) else ""

    def _show_more(self) -> None:
        self._more.show()
        self._more_button.hide()
