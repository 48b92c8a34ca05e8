"""Those who want to hear of something, each on its own: what one raises is nobody else's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Subscribers"]

T = TypeVar("T")


class Subscribers(Generic[T]):
    """Subscribers to one kind of news; they are called from the loop, never from within :meth:`tell`."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[T], None]] = []

    def add(self, subscriber: Callable[[T], None]) -> Callable[[], None]:
        """Add a subscriber; returns what removes it."""
        self._subscribers.append(subscriber)

        def remove() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return remove

    def tell(self, news: T) -> None:
        """Call everybody soon, but nobody who has left by then."""
        for subscriber in self._subscribers:
            asyncio.get_running_loop().call_soon(self._call, subscriber, news)

    def _call(self, subscriber: Callable[[T], None], news: T) -> None:
        if subscriber in self._subscribers:
            subscriber(news)
