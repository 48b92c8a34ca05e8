"""A browser for all tests of the widget, and for each test a shop with the simulated server beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.processes import need
from tests.widget.browser import Chromium, Site, find_chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A running Chromium without a window."""
    program = find_chromium()
    need(program, "Chromium (Debian's package chromium)")
    assert program is not None
    browser = Chromium(program)
    yield browser
    browser.close()


@pytest.fixture
def site(chromium: Chromium) -> Iterator[Site]:
    """The shop's page with the widget. Complaints of the page and breaches of the protocol fail the test."""
    pictures = os.environ.get("AGENTDESK_WIDGET_PICTURES")
    site = chromium.thread.run(Site.start(chromium, Path(pictures) if pictures else None), timeout=60)
    yield site
    complaints = chromium.thread.run(site.close(), timeout=60)
    assert not complaints
