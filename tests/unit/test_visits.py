"""Trails of visitors: what is kept of the pages they open, and what their browsers call themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentdesk.domain.browsers import browser_of, system_of
from agentdesk.domain.visits import Trail, read_trail, went_to, written

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


def _trail(*steps: tuple[str, int]) -> Trail:
    """Pages, each so many minutes after the one before."""
    trail, at = Trail(), NOW
    for url, minutes in steps:
        at += timedelta(minutes=minutes)
        trail = went_to(trail, url, url.title(), f"from {url}", at)
    return trail


def _urls(trail: Trail) -> list[list[str]]:
    return [[page.url for page in visit.pages] for visit in trail.visits]


def test_pages_follow_each_other_in_a_visit() -> None:
    trail = _trail(("a", 0), ("b", 5), ("b", 5), ("a", 30))
    assert _urls(trail) == [["a", "b"], ["a"]], "the same page is one; half an hour after it began is no gap"
    assert (trail.count, trail.visits[0].referrer, trail.visits[1].referrer) == (2, "from a", "from a")
    assert trail.page is not None
    assert (trail.page.url, trail.page.title, trail.page.at) == ("a", "A", NOW + timedelta(minutes=40))
    assert Trail().page is None


def test_it_stays_small_however_much_is_opened() -> None:
    trail = _trail(*((f"page-{number}", 40 if number % 7 == 0 else 1) for number in range(200)))
    assert len(trail.visits) <= 5
    assert sum(len(visit.pages) for visit in trail.visits) == 20
    assert trail.count == 29
    assert trail.page is not None
    assert trail.page.url == "page-199"
    long = went_to(Trail(), "u" * 5_000, "t" * 5_000, "r" * 5_000, NOW)
    assert len(str(written(long))) < 1_500


def test_it_travels_and_what_a_newer_program_writes_is_passed_over() -> None:
    trail = _trail(("a", 0), ("b", 40))
    assert read_trail(written(trail)) == trail
    assert read_trail(None) is None
    assert read_trail({"visits": "many"}) is None
    assert read_trail({**written(trail), "mood": "good"}) == trail


_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        ("(X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox 132", "Linux"),
        (f"(Windows NT 10.0; Win64) {_CHROME} Safari/537.36", "Chrome 131", "Windows"),
        (f"(Windows NT 10.0) {_CHROME} Safari/537.36 Edg/130.0", "Edge 130", "Windows"),
        (
            f"(iPhone; CPU iPhone OS 18_1 like Mac OS X) {_SAFARI} Mobile/15E Safari/604",
            "Safari 18",
            "iOS 18",
        ),
        (f"(Linux; Android 14; Pixel) {_CHROME} Mobile Safari/537.36", "Chrome 131", "Android 14"),
        (f"(Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15", "Safari 18", "macOS"),
        ("", "", ""),
        ("<b>Firefox/</b>" + "(" * 10_000, "", ""),
        ("x" * 500 + "Firefox/132", "", ""),
    ],
)
def test_a_browser_by_its_name(agent: str, browser: str, system: str) -> None:
    told = f"Mozilla/5.0 {agent}"
    assert (browser_of(told), system_of(told)) == (browser, system)
