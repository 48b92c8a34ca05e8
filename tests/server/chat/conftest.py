"""A running server with a chat widget, and visitors' pages, closed in the right order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.helpers.chat_page import ChatSite, Page

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
