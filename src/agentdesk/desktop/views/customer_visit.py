"""A visitor of our pages, in the customer panel: where they are, where they were, and with what.

All of it is what their browser says. It is shown as plain text, and no address is opened from here: it can
be copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import age_text, date_text, isolate_ltr, native_name, time_text, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.customer_lines import local_time
from agentdesk.desktop.widgets.button import IconButton, LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.section import Section
from agentdesk.desktop.world_names import country_of_zone
from agentdesk.domain.visits import Page, Trail, Visit
from agentdesk.queries.rows import ContactDetail

__all__ = ["CustomerVisit", "PageLine", "place_of"]

_NAME_WIDTH = 86
_EARLIER = 4


def place_of(url: str) -> str:
    """Return an address without scheme, query and fragment: what people call a page. Anything else comes
    back as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return url
    return (parts.netloc.rpartition("@")[2] + parts.path).rstrip("/")


class CustomerVisit(Section):
    """Hidden for customers who never were on a page of ours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(msg("On your pages"), parent)
        self._trail: Trail | None = None
        self._whole = False
        self.page = PageLine()
        self.facts = {
            "referrer": _Fact(msg("Came from")),
            "program": _Fact(msg("With")),
            "language": _Fact(msg("Language")),
            "country": _Fact(msg("Where")),
            "time": _Fact(msg("Their time")),
            "visits": _Fact(msg("Visits")),
        }
        self._earlier = QVBoxLayout()
        self._earlier.setSpacing(2)
        self.more = LinkButton(msg("Show all pages"), self)
        self.more.clicked.connect(self._show_all)
        self.body.addWidget(self.page)
        for fact in self.facts.values():
            self.body.addWidget(fact)
        self.body.addLayout(self._earlier)
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeading)
        self.hide()

    def show_contact(self, detail: ContactDetail, *, same: bool) -> None:
        """Belong to this customer from now on; ``same``: it is the one who was shown."""
        trail = detail.trail()
        self._whole = self._whole and same
        if trail == self._trail and same:
            return
        self._trail = trail
        page = trail.page if trail is not None else None
        self.setVisible(page is not None)
        if trail is not None and page is not None:
            self.page.show_page(page)
            self._show_facts(trail)
            self._show_earlier(trail)

    def tick(self) -> None:
        """Tell the time there anew."""
        if self._trail is not None:
            there = local_time(self._trail.time_zone, clock.now())
            self.facts["time"].show_value(isolate_ltr(there) if there else "")

    def _show_facts(self, trail: Trail) -> None:
        visit = trail.visits[-1]
        program = ", ".join(one for one in (trail.browser, trail.system) if one)
        language = (native_name(trail.language) or trail.language) if trail.language else ""
        self.facts["referrer"].show_value(isolate_ltr(place_of(visit.referrer)) if visit.referrer else "")
        self.facts["program"].show_value(program)
        self.facts["language"].show_value(language)
        self._show_country(trail.time_zone)
        before = _day(trail.visits[-2].pages[-1].at) if len(trail.visits) > 1 else ""
        known = msg("{count}, the one before: {day}", count=trail.count, day=before)
        self.facts["visits"].show_value(tr(known) if before else "")
        self.tick()

    def _show_country(self, zone: str) -> None:
        """Say in which country they are, as far as their time zone tells."""
        country, fact = country_of_zone(zone), self.facts["country"]
        fact.show_value(tr(msg("Probably {country}", country=country)) if country else "")
        why = tr(msg("By their time zone, {zone}", zone=isolate_ltr(zone)))
        fact.setToolTip(tip(why))
        fact.setAccessibleDescription(why)

    def _show_earlier(self, trail: Trail) -> None:
        while (item := self._earlier.takeAt(0)) is not None:
            if (line := item.widget()) is not None:
                line.hide()
                line.deleteLater()
        pages = _earlier(trail.visits)
        for page in pages if self._whole else pages[:_EARLIER]:
            line = PageLine()
            line.show_page(page, when=age_text(page.at, clock.now()))
            self._earlier.addWidget(line)
        self.more.setVisible(len(pages) > _EARLIER and not self._whole)

    def _show_all(self) -> None:
        self._whole = True
        if self._trail is not None:
            self._show_earlier(self._trail)


class PageLine(QWidget):
    """A page by its title and place; its whole address can be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._url = ""
        self._title = ElidedLabel("", "body", parent=self)
        self._place = ElidedLabel("", "caption", "text.muted", middle=True, parent=self)
        self._when = Label("", "caption", "text.muted", parent=self)
        self.copy = IconButton("copy", msg("Copy the address"), "text.muted", self)
        self.copy.clicked.connect(self._copy)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._place)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        row.addLayout(words, 1)
        row.addWidget(self._when)
        row.addWidget(self.copy)

    def show_page(self, page: Page, when: str = "") -> None:
        """Show a page, and how long ago it was opened."""
        self._url = page.url
        place = place_of(page.url)
        self._title.set_content(page.title or place or tr(msg("A page")))
        self._place.set_content(isolate_ltr(place) if page.title else "")
        self._place.setVisible(bool(page.title and place))
        self._when.set_content(when)
        self._when.setVisible(bool(when))
        self.copy.setVisible(bool(page.url))
        self.setToolTip(tip(page.url))
        self.setAccessibleName(", ".join(one for one in (page.title, place, when) if one))

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._url)


class _Fact(QWidget):
    """A name and a value; without a value it takes no place."""

    def __init__(self, name: Msg, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = Label(name, "body", "text.muted", parent=self)
        label.setMinimumWidth(_NAME_WIDTH)
        self.value = ElidedLabel("", "body", parent=self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme().space(2))
        grid.setColumnStretch(1, 1)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.value, 0, 1)

    def show_value(self, value: str) -> None:
        """Show ``value``."""
        self.value.set_content(value)
        self.setVisible(bool(value))


def _earlier(visits: Sequence[Visit]) -> list[Page]:
    """The pages before the present one, the latest first."""
    pages = [page for visit in visits for page in visit.pages]
    return pages[-2::-1]


def _day(moment: datetime) -> str:
    """The day of ``moment``, or the time of day where that is today."""
    here = moment.astimezone().date() == clock.now().astimezone().date()
    return time_text(moment) if here else date_text(moment, clock.now())
