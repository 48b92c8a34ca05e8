"""What travels about who is on the site: only between a desk and a server that both named ``site``."""

from __future__ import annotations

from uuid import UUID

from agentdesk.commands.values import Text
from agentdesk.sync.frame import Frame
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["SITE", "FromSite", "Invite", "InviteAnswer", "LookAtSite", "OnSite", "ToSite"]

SITE = "site"
"""In ``can`` of hello and welcome: this side knows the frames below."""


class LookAtSite(Frame, frozen=True, tag="look_at_site"):
    """Somebody at this desk looks at who is on the site, or not any more."""

    on: bool


class OnSite(Frame, frozen=True, tag="on_site"):
    """Who came or changed, and who is gone; ``whole``: nobody else is there."""

    visitors: tuple[SiteVisitor, ...] = ()
    gone: tuple[UUID, ...] = ()
    whole: bool = False


class Invite(Frame, frozen=True, tag="invite"):
    """A visitor is to be asked whether they want to chat; answered with the same number."""

    number: int
    visitor_id: UUID
    text: str


class InviteAnswer(Frame, frozen=True, tag="invite_answer"):
    """The visitor's page will ask, or why not."""

    number: int
    refused: Text | None = None


ToSite = LookAtSite | Invite
FromSite = OnSite | InviteAnswer
