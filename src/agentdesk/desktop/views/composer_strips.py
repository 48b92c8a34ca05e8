"""What stands above the composer: somebody was faster, a change was refused, something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import Answer, AnyCommand, SendReply
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.widgets.strip import Strip
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.revealing import Personal
from agentdesk.queries.rows import MessageRow, UserRow
from agentdesk.sync.desk import Draft, Waiting

_MOST_WORDS = 120
"""Characters of a text that a strip quotes."""

_REVEALED = {
    Personal.CARD: msg("This looks like a card number."),
    Personal.ACCOUNT: msg("This looks like the number of a bank account."),
    Personal.MAIL: msg("This looks like somebody's mail address."),
    Personal.PHONE: msg("This looks like somebody's telephone number."),
    Personal.ORDER: msg("This looks like an order number."),
}

__all__ = ["ComposerStrip", "concerns", "newer_than", "reason_of"]


class ComposerStrip(Strip):
    """One strip for all troubles of writing.

    ``answered(about, key)`` names the trouble (``faster``, ``refused``, ``aside``, ``gap``, ``recipients``,
    ``revealing`` or nothing)
    and the button: ``fix`` shows the place, ``dismiss`` closes.
    """

    answered = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.about = ""
        self.pressed.connect(self._on_pressed_key)
        self.hide()

    def calm(self) -> None:
        """Show nothing."""
        self.about = ""
        self.hide()

    def tell_faster(self, newer: Sequence[MessageRow]) -> None:
        """Say that somebody wrote in between, and offer what can be done."""
        self.about = "faster"
        last = newer[-1] if newer else None
        if last is not None and last.direction == "out":
            title = msg("{name} answered while you were writing.", name=last.author_name)
        elif last is not None:
            title = msg("{name} wrote again while you were writing.", name=last.author_name)
        else:
            title = msg("Somebody wrote while you were writing.")
        self.show_message(
            "info", title, _quoted(newer, msg("Nothing was sent. Your text is kept.")), icon_name="users"
        )
        self.add_button("show", msg("Show reply"))
        self.add_button("anyway", msg("Send anyway"))
        self.add_button("edit", msg("Edit"))
        self.add_button("discard", msg("Discard"))

    def tell_problem(self, problem: Msg, hint: Msg | None = None, *, about: str = "") -> None:
        """Say why something did not happen; ``about`` names a place that can be shown."""
        self.about = about
        self.show_message("warn", problem, hint)
        if about:
            self.add_button("fix", msg("Show it"))
        self.add_button("dismiss", msg("Close"))

    def tell_revealing(self, found: Personal, *, private: bool) -> None:
        """Say that others could read what belongs to one person; ``private``: it can be said in private."""
        self.about = "revealing"
        others = msg("Others could read it. Nothing was sent.")
        self.show_message("warn", _REVEALED[found], others, icon_name="eye")
        if private:
            self.add_button("private", msg("Send in private"))
        self.add_button("anyway", msg("Send anyway"))
        self.add_button("edit", msg("Edit"))

    def tell_refused(self, waiting: Waiting, newer: Sequence[MessageRow] = ()) -> None:
        """Say that the server did not take a change, and offer to edit, repeat or drop it; ``newer`` is what
        its author had not seen."""
        self.about = "refused"
        answer = waiting.answer
        is_reply = isinstance(waiting.command, SendReply)
        title = msg("Your reply was not sent.") if is_reply else msg("Your change was not saved.")
        self.show_message("warn", title, reason_of(answer) if not is_reply else _quoted(newer, _kept(answer)))
        if is_reply and answer is not None and answer.newer:
            self.add_button("show", msg("Show reply"))
        stale = answer is not None and answer.code == "stale_reply"
        self.add_button("retry", msg("Send anyway") if stale else msg("Try again"))
        if is_reply:
            self.add_button("edit", msg("Edit"))
        self.add_button("discard", msg("Discard"))

    def tell_aside(self, aside: Draft) -> None:
        """Say that another text of the same person is kept, and offer to use it."""
        self.about = "aside"
        self.show_message(
            "info",
            msg("You wrote another text on another computer. It is kept."),
            msg("{words}", words=_shortened(aside.text)),
            icon_name="pencil-line",
        )
        self.add_button("insert", msg("Add it to this one"))
        self.add_button("drop", msg("Discard it"))

    def _on_pressed_key(self, key: str) -> None:
        self.answered.emit(self.about, key)


def newer_than(context: Context, seen: UUID | None, me: UserRow | None) -> tuple[MessageRow, ...]:
    """Return what the customer or a colleague wrote after the message ``seen``: what one would answer over.

    Notes and automatic messages do not count, nor what the visitor of a chat writes, where both write at
    once. Nothing where it is not known what was seen.
    """
    messages, chat = context.messages, context.head.channel == CHANNEL
    places = {row.id: position for position, row in enumerate(messages)}
    if seen is None or seen not in places:
        return ()
    mine = me.id if me else None
    later = (row for row in messages[places[seen] + 1 :] if _is_answerable(row, mine))
    return tuple(row for row in later if row.direction == "out" or not chat)


def concerns(command: AnyCommand, conversation_id: UUID, message_ids: set[UUID]) -> bool:
    """Say whether a command is about the conversation, or about a message of it."""
    if getattr(command, "conversation_id", None) == conversation_id:
        return True
    return getattr(command, "message_id", None) in message_ids


def _is_answerable(row: MessageRow, mine: UUID | None) -> bool:
    if row.kind != "message":
        return False
    return row.automatic == "no" if row.direction == "in" else row.author_id != mine


def _quoted(newer: Sequence[MessageRow], kept: Msg) -> Msg:
    """``kept`` below the words of the last of what came meanwhile, as far as they are here."""
    words = _shortened(newer[-1].text) if newer else ""
    return msg("“{words}”\n{kept}", words=words, kept=kept) if words else kept


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > _MOST_WORDS:
        words = words[:_MOST_WORDS].rstrip() + "…"
    return visible(words)


def _kept(answer: Answer | None) -> Msg:
    reason = reason_of(answer)
    kept = msg("Your text is kept.")
    return msg("{reason} {kept}", reason=reason, kept=kept) if reason is not None else kept


def reason_of(answer: Answer | None) -> Msg | None:
    """Return why the server refused something, where it said so."""
    if answer is None or answer.reason is None:
        return None
    text = answer.reason
    return Msg(text.text, dict(text.args), text.many, text.count)
