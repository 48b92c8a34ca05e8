"""The sections of a list: where each begins and what its header says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import tr

__all__ = ["SectionHeading", "Sections"]


@dataclass(frozen=True, slots=True)
class SectionHeading:
    """What a header says; somebody's name is a plain text."""

    words: Msg | str
    count: int

    def text(self) -> str:
        """The words in the language of the window."""
        return tr(self.words) if isinstance(self.words, Msg) else self.words


class Sections:
    """The sections of a list in its order; a header stands above the first row of each."""

    def __init__(self, headings: Sequence[SectionHeading] = ()) -> None:
        self._headings = tuple(heading for heading in headings if heading.count)
        self.starts: list[int] = []
        row = 0
        for heading in self._headings:
            self.starts.append(row)
            row += heading.count
        self._at = dict(zip(self.starts, self._headings, strict=True))

    def __bool__(self) -> bool:
        return bool(self._headings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sections) and self._headings == other._headings

    def __hash__(self) -> int:
        return hash(self._headings)

    def starting_at(self, row: int) -> SectionHeading | None:
        """Return the section whose first row is ``row``."""
        return self._at.get(row)

    def of(self, row: int) -> SectionHeading:
        """Return the section that ``row`` belongs to."""
        return self._headings[max(0, bisect_right(self.starts, row) - 1)]

    def next_start(self, row: int) -> int | None:
        """Return the first row of the section after that of ``row``."""
        place = bisect_right(self.starts, row)
        return self.starts[place] if place < len(self.starts) else None
