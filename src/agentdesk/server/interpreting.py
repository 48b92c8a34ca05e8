"""From raw input to what it means: small harmless items in a thread, doubtful ones in a worker process.

The worker is killed when it takes too long or too much.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar, cast

from agentdesk.base.log import get_logger
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server.worker import LENGTH, Interpretation, Unreadable, interpret_one

MOST_SECONDS = 20
MOST_MEMORY = 512 * 1024 * 1024
SMALL_BYTES = 1024 * 1024
_THREAD_SECONDS = 30.0
# More of these than any honest small message has: markup, header fields, encoded words, parts.
_SUSPICIOUS = ((b"<", 20_000), (b"\n--", 1_000), (b"=?", 5_000), (b"boundary", 60), (b"message/rfc822", 30))
_LONGEST_HEADER = 128 * 1024

T = TypeVar("T")
_log = get_logger(__name__)


class Raw:
    """One item to be interpreted. ``careful``: it was not finished before the server ended last time."""

    __slots__ = ("careful", "data", "facts")

    def __init__(self, data: bytes, facts: Mapping[str, object], careful: bool = False) -> None:
        self.data = data
        self.facts = facts
        self.careful = careful


class Interpreter:
    """Interprets items of all accounts; one worker process, started when first needed."""

    def __init__(self, *, seconds: int = MOST_SECONDS, memory: int = MOST_MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def interpret(self, module: ConnectorModule, items: Sequence[Raw]) -> list[Interpretation]:
        """Return what each item means, in their order; never raises for what is in them."""
        doubtful = {n for n, item in enumerate(items) if item.careful or is_suspicious(item.data)}
        easy = [n for n in range(len(items)) if n not in doubtful]
        found: dict[int, Interpretation] = {}
        if easy:
            try:
                async with asyncio.timeout(_THREAD_SECONDS):
                    results = await _in_thread(lambda: [_plain(module, items[n]) for n in easy])
                found.update(zip(easy, results, strict=True))
            except TimeoutError:
                _log.warning("interpreting took too long; each message is tried in its own process")
                doubtful.update(easy)
        for n in sorted(doubtful):
            found[n] = await self._guarded(module, items[n])
        for result in found.values():
            if isinstance(result, Unreadable) and result.bug:
                _log.warning("a connector failed to read a message", problem=result.bug)
        return [found[n] for n in range(len(items))]

    async def close(self) -> None:
        """End the worker process."""
        async with self._turn:
            await self._kill()

    async def _guarded(self, module: ConnectorModule, item: Raw) -> Interpretation:
        name = cast(ModuleType, module).__name__
        request = pickle.dumps((name, item.data, dict(item.facts)), protocol=pickle.HIGHEST_PROTOCOL)
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._ask(request)
            except TimeoutError:
                await self._kill()
                return Unreadable("Reading it takes too long.")
            except (OSError, EOFError, pickle.UnpicklingError):
                await self._kill()
                return Unreadable("Reading it needs too much memory or time.")
            except BaseException:  # cancelled while it answers: the next answer would be the wrong one
                await self._kill()
                raise

    async def _ask(self, request: bytes) -> Interpretation:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(LENGTH.pack(len(request)) + request)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        answer = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 - our own process
        return cast(Interpretation, answer)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *_command(),
                str(self._memory),
                str(self._seconds + 5),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.shield(process.wait())


def is_suspicious(raw: bytes) -> bool:
    """Say whether input may cost more time or memory than its size suggests."""
    if len(raw) > SMALL_BYTES:
        return True
    head = raw.find(b"\n\r\n") if b"\n\r\n" in raw else raw.find(b"\n\n")
    if head > _LONGEST_HEADER or (head < 0 and len(raw) > _LONGEST_HEADER):
        return True
    return any(raw.count(mark) > most for mark, most in _SUSPICIOUS)


def _plain(module: ConnectorModule, item: Raw) -> Interpretation:
    return interpret_one(module.interpret, item.data, item.facts)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of its own that keeps nobody from ending the program."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(set_it: Callable[[Any], None], value: Any) -> None:
        if not done.done():
            set_it(value)

    def run() -> None:
        try:
            set_it, value = done.set_result, work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            set_it, value = done.set_exception, error  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(deliver, set_it, value)

    threading.Thread(target=run, name="interpret", daemon=True).start()
    return await done


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "interpret"]
    return [sys.executable, "-m", "agentdesk.server.worker"]
