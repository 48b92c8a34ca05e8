"""Who the account is, and what was written by it."""

from __future__ import annotations

from dataclasses import dataclass

from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["Ourselves"]


@dataclass
class Ourselves:
    """One account: its ``number``, and its ``username``, which is "" until it was asked for.
    ``human_agent``: the app may let people answer for seven days."""

    number: str
    human_agent: bool = False
    username: str = ""

    def facts(self) -> dict[str, object]:
        """Return what the items of this account have to be understood with."""
        return {"me": self.number, "username": self.username, "human_agent": self.human_agent}

    def wrote(self, found: Json) -> bool:
        """Say whether a comment or message, as it was read, is ours. Comments may name another number of the
        same account."""
        author = fields.inner(found, "from")
        username = fields.text(author, "username", 200) or fields.text(found, "username", 200)
        return graph_id(author, "id") == self.number or (username == self.username != "")
