"""Names: people and posts have numbers of the network's own; a talk is named after who takes part."""

from __future__ import annotations

from agentdesk_connectors.meta.ids import graph_id

__all__ = ["KIND", "is_message", "is_post", "person_of", "talk_id"]

KIND = "facebook"
"""The kind of address that people have towards a page: a number that only this page knows them by."""
_TALK = "talk/"


def talk_id(page: str, person: str) -> str:
    """Return the name of the private talk of a person with the page."""
    return f"{_TALK}{page}/{person}"


def person_of(talk: str) -> str:
    """Return whose talk it is; "" where it is none."""
    return graph_id(talk.rpartition("/")[2]) if talk.startswith(_TALK) else ""


def is_post(page: str, external_id: str) -> bool:
    """Say whether this names a post on the page; comments begin with the number of their post alone."""
    return external_id.startswith(f"{page}_")


def is_message(external_id: str) -> bool:
    """Say whether this names a private message."""
    return external_id.startswith(("m_", "mid.", _TALK))
