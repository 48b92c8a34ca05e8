"""Following an address of a stranger out of the window: only where it really leads, after asking where it
pretends."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop import ask
from agentdesk.desktop.views.messages.links import LinkTarget, Verdict

__all__ = ["Opener", "follow"]

Opener = Callable[[QUrl], object]
"""Opens a web, mail or telephone address outside."""


async def follow(owner: QWidget, opener: Opener, target: LinkTarget) -> None:
    """Open ``target``, after asking where it pretends to lead elsewhere; never anything but the web, mail and
    telephone."""
    if target.verdict is Verdict.NEVER:
        return
    if target.verdict is Verdict.ASK and not await ask.confirm(
        owner, msg("Open this link?"), _warning(target), msg("Open {host}", host=target.host)
    ):
        return
    opener(QUrl(target.url, QUrl.ParsingMode.StrictMode))


def _warning(target: LinkTarget) -> Msg:
    if target.claimed:
        return msg(
            "The text names {claimed}, but the link leads to {host}. Open it only if you expected that.",
            claimed=target.claimed,
            host=target.host,
        )
    return msg("The link leads to {host}, whatever stands before it.", host=target.host)
