"""What can be done with a post besides answering it, and how far that is.

A post keeps in ``acts`` what was wished of it and is not done yet, or could not be done
(:class:`agentdesk.domain.posts.Post`). What text it shows and whether it stands is as the network has it:
it changes once the network has said yes.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from agentdesk.base.text import Msg

__all__ = ["DONE", "FAILED", "WAITING", "Act", "ActState"]

WAITING = "waiting"
FAILED = "failed"
DONE = "done"
"""Only of reports: nothing else shows that there was one."""


class Act(StrEnum):
    """What can be done with a post besides answering it. The values are stored: never renamed."""

    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    LIKE = "like"
    REPORT = "report"


class ActState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an act is: ``waiting`` for the network, ``failed``, or ``done``, since ``at`` (UTC).

    ``on`` false takes a like or a hiding back. ``text`` is what an edit shall say, or why a post is reported.
    ``why`` says what went wrong, ``words`` are the network's own.
    """

    state: str
    at: datetime
    on: bool = True
    text: str = ""
    why: Msg | None = None
    words: str = ""
