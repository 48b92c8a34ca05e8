"""Live chat passes the suite of the connector contract, over a book of pages in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from agentdesk.base import clock
from agentdesk.sdk.discover import connector
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.pages import PageLine
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands


class _Book:
    """The pages' side: what was handed in and not taken yet, and what visitors see."""

    def __init__(self) -> None:
        self.handed: list[RawItem] = []
        self.lines: dict[str, PageLine] = {}
        self._taken: set[str] = set()

    async def waiting(self, most: int) -> Sequence[RawItem]:
        return [item for item in self.handed if item.source_id not in self._taken][:most]

    async def taken(self, items: Sequence[RawItem]) -> None:
        self._taken.update(item.source_id for item in items)

    async def news(self) -> None:
        await asyncio.Event().wait()

    async def show(self, visitor: str, line: PageLine) -> bool:
        self.lines.setdefault(line.key, line)
        return True

    async def end_silent(self, after: timedelta) -> None: ...

    async def shown(self, key: str) -> bool:
        return key in self.lines


class _ChatStage(Stage):
    def __init__(self) -> None:
        super().__init__()
        self.module = connector("chat")
        self.settings = {"site": "shop.example"}
        self.secrets = {}
        self.pages = self.book = _Book()

    def _hand_in(self, kind: str, by: str, **more: Any) -> None:
        visitor = {"identity": by, "name": by.title(), "url": "https://shop.example/"}
        post = {"kind": kind, "visitor": visitor, "at": clock.now().isoformat(), **more}
        self.book.handed.append(RawItem(f"post-{len(self.book.handed)}", json.dumps(post).encode()))

    async def say(self, said: Said) -> str:
        external_id = f"{said.by}/{len(self.book.handed)}"
        file = {"name": said.picture, "media_type": "image/png", "size": 7, "blob": "0" * 64}
        files = [file] if said.picture else []
        self._hand_in("message", said.by, id=external_id, after=said.below, text=said.text, files=files)
        return external_id

    async def change(self, external_id: str, text: str) -> None:
        self._hand_in("edited", external_id.partition("/")[0], id=external_id, text=text)

    async def remove(self, external_id: str) -> None:
        self._hand_in("deleted", external_id.partition("/")[0], id=external_id)

    def stands(self) -> Sequence[Stands]:
        return [Stands(line.key, line.text) for line in self.book.lines.values()]


class TestLiveChat(Conformance):
    package = "agentdesk_connectors.livechat"

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        made = _ChatStage()
        yield made
        await made.close()
