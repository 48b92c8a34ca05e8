"""What the network says of a token: whose it is, what it may do, and until when it holds.

Written from https://developers.facebook.com/docs/graph-api/reference/debug_token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed
from agentdesk_connectors import fields
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.hooks import moment_of
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["TokenState", "app_token", "read_token"]


@dataclass(frozen=True, slots=True)
class TokenState:
    """``expires_at`` is None where the token holds for ever, as those of pages usually do; ``data_until`` is
    when people's data is closed to the app unless somebody signs in again. ``profile`` is the page's id."""

    app_id: str = ""
    kind: str = ""
    profile: str = ""
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    data_until: datetime | None = None

    @property
    def holds_until(self) -> datetime | None:
        """When somebody has to sign in again, at the latest."""
        return min((one for one in (self.expires_at, self.data_until) if one is not None), default=None)


def app_token(app_id: str, app_secret: str) -> str:
    """Return the token with which an app asks about itself."""
    return f"{app_id}|{app_secret}"


async def read_token(graph: Graph, token: str, app_id: str, app_secret: str) -> TokenState:
    """Ask what ``token`` is. Raises AuthFailed where it is none, or of another app."""
    answer = await graph.get("/debug_token", (("input_token", token),), token=app_token(app_id, app_secret))
    found = fields.inner(answer, "data")
    if not fields.flag(found, "is_valid"):
        raise AuthFailed(
            msg("The access token is not valid any more."),
            msg("Sign in to the account again, or give a new access token."),
        )
    if graph_id(found, "app_id") != app_id:
        raise AuthFailed(
            msg("The access token belongs to another app."),
            msg("Give the number and the secret of the app that the token was made for."),
        )
    return TokenState(
        app_id=app_id,
        kind=fields.text(found, "type", 50),
        profile=graph_id(found, "profile_id"),
        scopes=frozenset(fields.texts(found, "scopes")),
        expires_at=moment_of(found.get("expires_at")),
        data_until=moment_of(found.get("data_access_expires_at")),
    )
