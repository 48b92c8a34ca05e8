"""For each test of the widget a shop with the simulated server beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.widget.browser import Chromium, Site


@pytest.fixture
def site(chromium: Chromium) -> Iterator[Site]:
    """The shop's page with the widget. Complaints of the page and breaches of the protocol fail the test."""
    pictures = os.environ.get("AGENTDESK_WIDGET_PICTURES")
    site = chromium.thread.run(Site.start(chromium, Path(pictures) if pictures else None), timeout=60)
    yield site
    complaints = chromium.thread.run(site.close(), timeout=60)
    assert not complaints
