"""What a list shows, asked of the desk: ids in order, and the sections they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from agentdesk.desktop.models.queue_sections import SectionHeading, Sections
from agentdesk.desktop.views.older import OLDER, RECENT
from agentdesk.desktop.views.view_names import section_words
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort

__all__ = ["Listing", "drafts_of", "listing_of"]


class Listing(NamedTuple):
    """The ids of a list in order, and its sections."""

    ids: list[UUID]
    sections: Sections


async def drafts_of(desk: DeskPort) -> frozenset[UUID]:
    """Ask ``desk`` which conversations have an unsent text of this person."""
    return frozenset(draft.conversation_id for draft in await desk.drafts())


async def listing_of(desk: DeskPort, view: View, older: Sequence[UUID] = ()) -> Listing:
    """Ask ``desk`` for all that is in ``view``; ``older`` came from the server for it."""
    if view.kind == "drafts":
        drafts = await desk.drafts()
        return Listing(list(dict.fromkeys(draft.conversation_id for draft in drafts)), Sections())
    if view.kind == "search":
        recent = [one for one in await desk.search(view.text) if one not in older]
        sections = [SectionHeading(RECENT, len(recent)), SectionHeading(OLDER, len(older))]
        return Listing([*recent, *older], Sections(sections if older else ()))
    if not view.group:
        return Listing(await desk.queue_ids(view), Sections())
    ids, rows = await desk.queue_sections(view)
    headings = [SectionHeading(section_words(view.group, row.key), row.count) for row in rows]
    return Listing(ids, Sections(headings))
