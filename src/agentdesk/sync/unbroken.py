"""Work that runs to its end once it has begun, also when whoever asked for it has left meanwhile."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.tasks import Tasks

__all__ = ["Unbroken", "whole"]

P = ParamSpec("P")
S = TypeVar("S", bound="Unbroken")
T = TypeVar("T")


class Unbroken:
    """Owns the tasks in which such work runs."""

    def __init__(self, name: str) -> None:
        self._tasks = Tasks(name)
        self._numbers = itertools.count()

    async def to_its_end(self, work: Coroutine[Any, Any, T], name: str) -> T:
        """Run ``work`` in a task of its own, which a cancelled caller does not take along."""
        task = self._tasks.start(_settled(work), f"{name} {next(self._numbers)}")
        value, error = await asyncio.shield(task)
        if error is not None:
            raise error
        return cast(T, value)


def whole(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Let a method that has begun run to its end, also when its caller is cancelled meanwhile."""

    @functools.wraps(method)
    async def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.to_its_end(method(self, *args, **kwargs), method.__name__)

    return run


async def _settled(work: Coroutine[Any, Any, T]) -> tuple[T | None, AgentDeskError | None]:
    """The result of ``work``, or the known error that it ended with, for a caller who may have left."""
    try:
        return await work, None
    except AgentDeskError as error:
        return None, error
