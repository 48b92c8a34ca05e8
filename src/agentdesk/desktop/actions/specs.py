"""Every action of the main window with its title, default keys and icon, in one place."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.desktop.actions.chat_specs import CHAT, CHATS
from agentdesk.desktop.actions.registry import ActionSpec
from agentdesk.desktop.actions.supervising import SUPERVISING

__all__ = ["ALL", "COMPOSER", "CONVERSATION", "CUSTOMER", "GO", "QUEUE", "WINDOW"]

WINDOW = (
    ActionSpec(id="pane.next", title=msg("Next pane"), group="window", keys=("F6",)),
    ActionSpec(id="pane.previous", title=msg("Previous pane"), group="window", keys=("Shift+F6",)),
    ActionSpec(id="rail.toggle", title=msg("Fold or unfold the rail"), group="window", keys=("B",)),
    ActionSpec(
        id="panel.toggle",
        title=msg("Show or hide the customer panel"),
        group="window",
        keys=("I",),
        icon="panel-right",
        checkable=True,
    ),
    ActionSpec(id="search.focus", title=msg("Search"), group="window", keys=("/", "Ctrl+F"), icon="search"),
    ActionSpec(
        id="language.choose",
        title=msg("Language of the app"),
        group="window",
        keys=("Ctrl+Shift+L",),
        icon="languages",
    ),
    ActionSpec(
        id="status.choose",
        title=msg("My status"),
        group="window",
        keys=("Ctrl+Shift+Y",),
        icon="circle-user",
        aliases=(msg("Available"), msg("Busy"), msg("Break"), msg("Offline")),
    ),
    ActionSpec(
        id="theme.choose",
        title=msg("Light or dark"),
        group="window",
        icon="sun",
        aliases=(msg("Theme"), msg("Dark mode")),
    ),
    ActionSpec(id="text.larger", title=msg("Larger text"), group="window", keys=("Ctrl++", "Ctrl+=")),
    ActionSpec(id="text.smaller", title=msg("Smaller text"), group="window", keys=("Ctrl+-",)),
    ActionSpec(id="text.normal", title=msg("Normal text size"), group="window", keys=("Ctrl+0",)),
    ActionSpec(id="window.fullscreen", title=msg("Full screen"), group="window", keys=("F11",)),
    ActionSpec(
        id="window.focus",
        title=msg("Focus mode"),
        group="window",
        when="conversation",
        icon="maximize-2",
        aliases=(msg("Hide everything else"),),
    ),
    ActionSpec(
        id="window.menu_bar",
        title=msg("Show menu bar"),
        group="window",
        icon="menu",
        checkable=True,
        aliases=(msg("Menus"),),
    ),
    ActionSpec(id="help.shortcuts", title=msg("Shortcuts"), group="window", keys=("?",), icon="keyboard"),
    ActionSpec(id="window.back", title=msg("One level back"), group="window", keys=("Esc",)),
    ActionSpec(id="window.close", title=msg("Close the window"), group="window", keys=("Ctrl+W",)),
    ActionSpec(id="app.quit", title=msg("Quit AgentDesk"), group="window", keys=("Ctrl+Q",), icon="log-out"),
)

QUEUE = (
    ActionSpec(id="queue.next", title=msg("Next conversation"), group="queue", keys=("J", "Ctrl+PgDown")),
    ActionSpec(
        id="queue.previous", title=msg("Previous conversation"), group="queue", keys=("K", "Ctrl+PgUp")
    ),
    ActionSpec(id="queue.open", title=msg("Move into the conversation"), group="queue", keys=("O",)),
    ActionSpec(id="queue.select", title=msg("Select or unselect"), group="queue", keys=("X",)),
    ActionSpec(
        id="queue.extend_down", title=msg("Select the next one too"), group="queue", keys=("Shift+J",)
    ),
    ActionSpec(
        id="queue.extend_up", title=msg("Select the one before too"), group="queue", keys=("Shift+K",)
    ),
    ActionSpec(
        id="queue.select_all",
        title=msg("Select all in this view"),
        group="queue",
        keys=("Ctrl+A",),
        scope="list",
    ),
    ActionSpec(
        id="queue.take_next",
        title=msg("Take the next one"),
        group="queue",
        keys=("T",),
        aliases=(msg("Pull"), msg("Claim")),
    ),
    *CHATS,
    ActionSpec(id="queue.refresh", title=msg("Show what is waiting"), group="queue", keys=(".",)),
)

CONVERSATION = (
    ActionSpec(
        id="reply.start",
        title=msg("Reply"),
        group="conversation",
        keys=("R",),
        when="conversation",
        icon="reply",
        aliases=(msg("Answer"),),
    ),
    ActionSpec(
        id="reply.all",
        title=msg("Reply to all"),
        group="conversation",
        keys=("Shift+R",),
        when="conversation",
        icon="reply-all",
    ),
    ActionSpec(
        id="note.start",
        title=msg("Add an internal note"),
        group="conversation",
        keys=("N",),
        when="conversation",
        icon="lock",
        aliases=(msg("Comment"),),
    ),
    ActionSpec(
        id="assign.choose",
        title=msg("Assign to…"),
        group="conversation",
        keys=("A",),
        when="conversation",
        icon="user-plus",
    ),
    ActionSpec(
        id="assign.me",
        title=msg("Assign to me"),
        group="conversation",
        keys=("Shift+A",),
        when="conversation",
        icon="user-check",
        aliases=(msg("Take it"),),
    ),
    ActionSpec(
        id="conversation.hand_over",
        title=msg("Hand over…"),
        group="conversation",
        keys=("Shift+T",),
        when="conversation",
        icon="route",
        aliases=(msg("Transfer"), msg("Give back"), msg("Move to another inbox")),
    ),
    ActionSpec(
        id="conversation.resolve",
        title=msg("Resolve"),
        group="conversation",
        keys=("E",),
        when="conversation",
        icon="check",
        aliases=(msg("Close"), msg("Done")),
    ),
    *CHAT,
    ActionSpec(
        id="conversation.reopen",
        title=msg("Reopen"),
        group="conversation",
        keys=("Shift+E",),
        when="conversation",
        icon="rotate-ccw",
    ),
    ActionSpec(
        id="conversation.snooze",
        title=msg("Snooze…"),
        group="conversation",
        keys=("H",),
        when="conversation",
        icon="alarm-clock",
        aliases=(msg("Later"),),
    ),
    ActionSpec(
        id="conversation.wake",
        title=msg("Wake up now"),
        group="conversation",
        keys=("Shift+H",),
        when="conversation",
        icon="alarm-clock-off",
    ),
    ActionSpec(
        id="conversation.tags",
        title=msg("Tags"),
        group="conversation",
        keys=("L",),
        when="conversation",
        icon="tag",
        aliases=(msg("Labels"),),
    ),
    ActionSpec(
        id="conversation.priority",
        title=msg("Priority"),
        group="conversation",
        keys=("P",),
        when="conversation",
        icon="chevron-up",
    ),
    ActionSpec(
        id="conversation.unread",
        title=msg("Mark unread or read"),
        group="conversation",
        keys=("U",),
        when="conversation",
        icon="mail",
    ),
    ActionSpec(
        id="conversation.merge",
        title=msg("Merge with…"),
        group="conversation",
        keys=("M",),
        when="conversation",
        icon="merge",
        aliases=(msg("Join"), msg("Same conversation")),
    ),
    ActionSpec(id="undo", title=msg("Undo"), group="conversation", keys=("Z", "Ctrl+Z"), icon="undo-2"),
)

CUSTOMER = (
    ActionSpec(
        id="customer.merge",
        title=msg("Merge with another customer…"),
        group="customer",
        when="conversation",
        icon="merge",
        aliases=(msg("Same person"),),
    ),
    ActionSpec(
        id="customer.block",
        title=msg("Block this customer, or let them write again"),
        group="customer",
        when="conversation",
        icon="ban",
        aliases=(msg("Spam"), msg("Unblock")),
    ),
    ActionSpec(
        id="customer.export",
        title=msg("Export everything about this customer…"),
        group="customer",
        when="conversation",
        icon="download",
        aliases=(msg("Personal data"),),
    ),
)

GO = (
    ActionSpec(id="go.queue", title=msg("My queue"), group="go", keys=("G, Q",), icon="inbox"),
    ActionSpec(id="go.unassigned", title=msg("Unassigned"), group="go", keys=("G, U",), icon="user-round-x"),
    ActionSpec(id="go.mentions", title=msg("Mentions"), group="go", keys=("G, M",), icon="at-sign"),
    ActionSpec(id="go.snoozed", title=msg("Snoozed"), group="go", keys=("G, S",), icon="alarm-clock"),
    ActionSpec(id="go.drafts", title=msg("Drafts"), group="go", keys=("G, D",), icon="pencil-line"),
    ActionSpec(id="view.save", title=msg("Filter, and save as a view…"), group="go", icon="list-filter"),
    ActionSpec(
        id="go.site",
        title=msg("On the site"),
        group="go",
        keys=("G, V",),
        when="site",
        icon="globe",
        aliases=(msg("Visitors"), msg("Who is there")),
    ),
    ActionSpec(id="go.open", title=msg("All open"), group="go", keys=("G, A",), icon="layers"),
    *(
        ActionSpec(
            id=f"go.view.{number}",
            title=msg("View {number} in the rail", number=number),
            group="go",
            keys=(f"Ctrl+{number}",),
        )
        for number in range(1, 10)
    ),
)

COMPOSER = (
    ActionSpec(
        id="composer.send",
        title=msg("Send, or add the note"),
        group="composer",
        keys=("Ctrl+Return", "Ctrl+Enter"),
        scope="composer",
        icon="send",
    ),
    ActionSpec(
        id="composer.send_resolve",
        title=msg("Send and resolve"),
        group="composer",
        keys=("Ctrl+Shift+Return", "Ctrl+Shift+Enter"),
        scope="composer",
    ),
    ActionSpec(
        id="composer.switch_mode",
        title=msg("Switch reply and note"),
        group="composer",
        keys=("Ctrl+Shift+N",),
        when="conversation",
    ),
    ActionSpec(
        id="composer.privacy",
        title=msg("Switch public and private reply"),
        group="composer",
        keys=("Ctrl+Shift+P",),
        when="conversation",
        icon="globe",
        aliases=(msg("Move to private"), msg("Direct message")),
    ),
    ActionSpec(
        id="composer.attach",
        title=msg("Attach a file"),
        group="composer",
        keys=("Ctrl+Shift+A",),
        when="conversation",
        icon="paperclip",
    ),
    ActionSpec(
        id="composer.templates",
        title=msg("Templates"),
        group="composer",
        icon="square-slash",
        when="conversation",
    ),
    ActionSpec(
        id="composer.bold",
        title=msg("Bold"),
        group="composer",
        keys=("Ctrl+B",),
        scope="composer",
        icon="bold",
        checkable=True,
    ),
    ActionSpec(
        id="composer.italic",
        title=msg("Italic"),
        group="composer",
        keys=("Ctrl+I",),
        scope="composer",
        icon="italic",
        checkable=True,
    ),
    ActionSpec(
        id="composer.underline",
        title=msg("Underline"),
        group="composer",
        keys=("Ctrl+U",),
        scope="composer",
        icon="underline",
        checkable=True,
    ),
    ActionSpec(
        id="composer.paste_plain",
        title=msg("Paste as plain text"),
        group="composer",
        keys=("Ctrl+Shift+V",),
        scope="composer",
    ),
)

ALL = WINDOW + QUEUE + CONVERSATION + SUPERVISING + CUSTOMER + GO + COMPOSER
