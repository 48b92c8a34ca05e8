"""What is done with a chat as a whole, and among several of them."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.desktop.actions.registry import ActionSpec

__all__ = ["CHAT", "CHATS"]

CHATS = (
    ActionSpec(
        id="queue.next_chat",
        title=msg("Next waiting chat"),
        group="queue",
        keys=("W", "Ctrl+Shift+PgDown"),
        icon="message-circle",
        aliases=(msg("Live chat"), msg("Visitor")),
    ),
    ActionSpec(
        id="offer.accept",
        title=msg("Accept the offered chat"),
        group="queue",
        keys=("Ctrl+Shift+O",),
        when="offer",
        icon="check",
        aliases=(msg("Live chat"), msg("Visitor")),
    ),
    ActionSpec(
        id="offer.decline",
        title=msg("Decline the offered chat"),
        group="queue",
        keys=("Ctrl+Shift+D",),
        when="offer",
        icon="x",
        aliases=(msg("Live chat"), msg("Visitor")),
    ),
    ActionSpec(
        id="chat.next",
        title=msg("Next of my chats"),
        group="queue",
        keys=("F8",),
        aliases=(msg("Live chat"), msg("Tab")),
    ),
    ActionSpec(
        id="chat.previous",
        title=msg("Previous of my chats"),
        group="queue",
        keys=("Shift+F8",),
        aliases=(msg("Live chat"), msg("Tab")),
    ),
    ActionSpec(
        id="chat.beside",
        title=msg("Show another of my chats beside this one"),
        group="queue",
        keys=("S", "Ctrl+F8"),
        when="conversation",
        icon="columns-2",
        aliases=(msg("Side by side"), msg("Split"), msg("Live chat")),
    ),
    ActionSpec(
        id="chat.close_pane",
        title=msg("Close this one of the chats side by side"),
        group="queue",
        keys=("Shift+S", "Ctrl+Shift+F8"),
        when="beside",
        icon="x",
        aliases=(msg("Side by side"), msg("Live chat")),
    ),
)

CHAT = (
    ActionSpec(
        id="chat.end",
        title=msg("End the chat"),
        group="conversation",
        keys=("Ctrl+Shift+E",),
        when="chat",
        icon="circle-x",
        aliases=(msg("Close"), msg("Live chat")),
    ),
    ActionSpec(
        id="chat.copy",
        title=msg("Email a copy of the chat…"),
        group="conversation",
        when="chat",
        icon="mail",
        aliases=(msg("Transcript"), msg("Live chat")),
    ),
)
