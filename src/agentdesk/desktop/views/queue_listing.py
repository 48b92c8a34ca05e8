"""What a list shows, asked of the desk: whole at first, and then only where what changed stands now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from agentdesk.desktop.models.queue_sections import SectionHeading, Sections
from agentdesk.desktop.models.queue_steps import Step
from agentdesk.desktop.views.older import OLDER, RECENT
from agentdesk.desktop.views.view_names import section_words
from agentdesk.queries.rows import Place, SectionRow, View
from agentdesk.sync.desk import DeskPort

__all__ = ["Lister", "Listing", "LiveList", "can_follow", "drafts_of"]


class Listing(NamedTuple):
    """The ids of a list in order, and its sections; ``steps`` lead here from the listing before, None where
    anything may be different."""

    ids: list[UUID]
    sections: Sections
    steps: Sequence[Step] | None = None


def can_follow(view: View) -> bool:
    """Say whether a list can be kept in step by asking where single conversations stand in it. What is due
    today is another thing tomorrow."""
    return view.kind not in ("search", "drafts") and view.group != "due"


class LiveList:
    """The places of all that is listed, in order."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = sorted(places)
        self._known = {place.id: place for place in self._places}

    @property
    def ids(self) -> list[UUID]:
        """The conversations in order."""
        return [place.id for place in self._places]

    def sections(self) -> list[SectionRow]:
        """The sections in order, with their lengths."""
        names = groupby(place.section for place in self._places)
        return [SectionRow(key=name, count=len(list(same))) for name, same in names]

    def put(self, changed: Iterable[UUID], found: Iterable[Place]) -> list[Step]:
        """Let those of ``changed`` that were ``found`` stand where they stand now, and the others leave;
        returns the steps of it."""
        now = {place.id: place for place in found}
        steps = [self._step(one, self._known.get(one), now.get(one)) for one in changed]
        return [step for step in steps if step.old != step.new]

    def _step(self, conversation_id: UUID, before: Place | None, after: Place | None) -> Step:
        old = new = None
        if before is not None:
            old = bisect_left(self._places, before)
            del self._places[old], self._known[conversation_id]
        if after is not None:
            new = bisect_left(self._places, after)
            self._places.insert(new, after)
            self._known[conversation_id] = after
        return Step(conversation_id, old, new)


class Lister:
    """Asks ``desk`` for lists. The first time that something changes in one it is read once more, with the
    places; from then on only what changed is."""

    def __init__(self, desk: DeskPort) -> None:
        self._desk = desk
        self._live: LiveList | None = None
        self._view: View | None = None

    async def whole(self, view: View, older: Sequence[UUID] = ()) -> Listing:
        """All that is in ``view``; ``older`` came from the server for it."""
        self._live = None
        desk = self._desk
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
        return Listing(ids, _headed(view, rows))

    async def following(self, view: View, changed: Collection[UUID]) -> Listing:
        """What is in ``view`` now that these conversations have changed since it was asked for last."""
        live, steps = self._live, None
        if live is None or view != self._view:
            live = LiveList(await self._desk.queue_places(view))
        else:
            steps = live.put(changed, await self._desk.queue_places(view, changed))
        self._live, self._view = live, view
        return Listing(live.ids, _headed(view, live.sections()) if view.group else Sections(), steps)


async def drafts_of(desk: DeskPort) -> frozenset[UUID]:
    """Ask ``desk`` which conversations have an unsent text of this person."""
    return frozenset(draft.conversation_id for draft in await desk.drafts())


def _headed(view: View, rows: Iterable[SectionRow]) -> Sections:
    return Sections([SectionHeading(section_words(view.group, row.key), row.count) for row in rows])
