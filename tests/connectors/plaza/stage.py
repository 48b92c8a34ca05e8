"""Plaza for the suite: what customers do there, and what stands there of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Self

from agentdesk.sdk.discover import connector
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.stage import Said, Stage, Stands

_CIRCLES = {"everybody": Visibility.PUBLIC, "followers": Visibility.LIMITED, "direct": Visibility.PRIVATE}
_MARKS = {"like": "liked", "hidden": "hidden", "reported": "reported"}


class PlazaStage(Stage):
    """One server of Plaza."""

    visibilities = tuple(Visibility)

    def __init__(self, plaza: Any) -> None:
        super().__init__()
        self.module = connector("plaza")
        self.simulator = self.plaza = plaza
        self.settings = {"handle": "@us", "server": plaza.url}
        self.secrets = {"token": plaza.token, "hook_secret": plaza.hook_secret}

    @classmethod
    @asynccontextmanager
    async def served(cls) -> AsyncIterator[Self]:
        """Serve Plaza until the end."""
        simulator = import_module("agentdesk_plaza.simulator").PlazaSimulator()
        async with simulator.served():
            made = cls(simulator)
            try:
                yield made
            finally:
                await made.close()

    async def say(self, said: Said) -> str:
        more: dict[str, Any] = {}
        above = self.plaza.state.posts.get(said.below)
        if above is not None:
            more |= {"answers": said.below, "thread": above.get("thread") or said.below}
            about = {"id": said.below, "text": above["text"], "author": above["author"]["name"]}
            more |= {"relation": "comment", "above": {**about, "url": above["url"], "ours": False}}
        if said.watched:
            more["relation"] = "matched"
        if said.picture:
            more["pictures"] = [{"url": f"{self.plaza.url}/1.png", "alt": said.picture}]
        circles = {visibility: circle for circle, visibility in _CIRCLES.items()}
        post_id: str = self.plaza.post(said.by, said.text, circle=circles[said.visibility], **more)
        return post_id

    async def change(self, external_id: str, text: str) -> None:
        self.plaza.change(external_id, text)

    async def remove(self, external_id: str) -> None:
        self.plaza.remove(external_id)

    def stands(self) -> Sequence[Stands]:
        return [
            Stands(one.id, one.text, _CIRCLES[one.circle], one.answers, one.pictures)
            for one in self.plaza.state.standing.values()
        ]

    def marks(self, external_id: str) -> set[str]:
        return {_MARKS[one] for one in self.plaza.state.marks.get(external_id, ())}

    def calls(self) -> list[HookCall]:
        calls, self.plaza.calls[:] = list(self.plaza.calls), []
        return calls

    async def agree(self, page: str) -> None:
        self.plaza.agree(page)
