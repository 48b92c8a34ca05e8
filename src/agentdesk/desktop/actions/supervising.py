"""What a supervisor can do in a colleague's chat; as :mod:`agentdesk.desktop.actions.specs`."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu

from agentdesk.base.text import msg
from agentdesk.desktop.actions.registry import Actions, ActionSpec

__all__ = ["DEEDS", "SUPERVISING", "add_deeds"]

SUPERVISING = (
    ActionSpec(
        id="chat.whisper",
        title=msg("Whisper to the agent"),
        group="conversation",
        keys=("Ctrl+Shift+W",),
        when="supervised",
        icon="lock",
        aliases=(msg("Coach"), msg("Supervisor")),
    ),
    ActionSpec(
        id="chat.join",
        title=msg("Join the chat"),
        group="conversation",
        keys=("Ctrl+Shift+J",),
        when="joinable",
        icon="user-plus",
        aliases=(msg("Watch"), msg("Supervisor")),
    ),
    ActionSpec(
        id="chat.leave",
        title=msg("Leave the chat"),
        group="conversation",
        keys=("Ctrl+Shift+K",),
        when="joined",
        icon="log-out",
        aliases=(msg("Supervisor"),),
    ),
    ActionSpec(
        id="chat.take_over",
        title=msg("Take the chat over"),
        group="conversation",
        keys=("Ctrl+Shift+T",),
        when="takeable",
        icon="user-check",
        aliases=(msg("Supervisor"),),
    ),
)

DEEDS = tuple(spec.id for spec in SUPERVISING)


def add_deeds(menu: QMenu, actions: Actions) -> None:
    """Offer them in a menu; those that are not possible say why."""
    menu.setToolTipsVisible(True)
    for action_id in DEEDS:
        menu.addAction(actions.action(action_id))
