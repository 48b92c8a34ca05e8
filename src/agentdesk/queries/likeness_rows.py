"""What leaves the database of customers who may be one person."""

from __future__ import annotations

from agentdesk.domain.likeness import Evidence
from agentdesk.queries.rows import Row, SimilarContact

__all__ = ["LikeRow"]


class LikeRow(Row, frozen=True):
    """A customer who may be the same person, and what speaks for it, the weightiest first."""

    other: SimilarContact
    evidence: tuple[Evidence, ...]
