"""What stands where no conversation is shown."""

from __future__ import annotations

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.widgets.empty import EmptyState

__all__ = ["ConversationEmpty"]


class ConversationEmpty(EmptyState):
    """Says why there is none."""

    def say_nothing_open(self) -> None:
        """None was chosen yet."""
        self.show_message(
            "messages-square",
            msg("No conversation is open"),
            msg("Choose one from the list to read it."),
            kind="accent",
        )

    def say_trouble(self, title: Msg, hint: Msg | None) -> None:
        """One was chosen and cannot be shown."""
        self.show_message("triangle-alert", title, hint, msg("Try again"), kind="warn")

    def say_departed(self) -> None:
        """The open one has left the desk; what was typed stays a draft."""
        self.show_message(
            "inbox",
            msg("This conversation has left your inboxes"),
            msg("It was moved or removed, or you do not see its inbox any more. What you typed is kept."),
            kind="warn",
        )
