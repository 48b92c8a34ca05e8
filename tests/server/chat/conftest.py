"""A running server with a chat widget, and visitors' pages, closed in the right order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk

NewPage = Callable[..., Page]


@pytest.fixture
async def site(migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[ChatSite]:
    """A server on SQLite."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path)
    yield made
    await made.stop()


@pytest.fixture
async def new_page(site: ChatSite) -> AsyncIterator[NewPage]:
    """Opens tabs: each is another visitor's until it is given a token."""
    async with AsyncExitStack() as stack:

        def make(**options: str | None) -> Page:
            page = Page(site, **options)
            stack.push_async_callback(page.close)
            return page

        yield make


@pytest.fixture
async def desk(site: ChatSite, tmp_path: Path) -> AsyncIterator[LocalDesk]:
    """Maria's desk, in step."""
    opened = LocalDesk(tmp_path / "desk", site.address, "maria", keys=keys())
    await opened.start()
    await until(lambda: opened.status.link is Link.SYNCED)
    yield opened
    await opened.close()
