"""From raw input to what it means, off the event loop.

A few small harmless items are interpreted in a thread. Doubtful ones, and many at once, go to a worker
process: it is killed when it takes too long or too much, and uses another core meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import cast

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg
from agentdesk.base.threads import in_daemon_thread
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server.meaning import Interpretation, Unreadable, interpret_one
from agentdesk.server.worker import LENGTH

MOST_SECONDS = 20
MOST_MEMORY = 512 * 1024 * 1024
SMALL_BYTES = 1024 * 1024
_THREAD_SECONDS = 30.0
_FEW = 4
_IDLE_SECONDS = 60.0
_BUFFER = 1024 * 1024
_GROUP_BYTES = 512 * 1024
# More of these than any honest small message has: markup, header fields, encoded words, parts.
_SUSPICIOUS = ((b"<", 20_000), (b"\n--", 1_000), (b"=?", 5_000), (b"boundary", 60), (b"message/rfc822", 30))
_LONGEST_HEADER = 128 * 1024

_log = get_logger(__name__)


class Raw:
    """One item to be interpreted. ``careful``: it was not finished before the server ended last time."""

    __slots__ = ("careful", "data", "facts")

    def __init__(self, data: bytes, facts: Mapping[str, object], careful: bool = False) -> None:
        self.data = data
        self.facts = facts
        self.careful = careful


class Interpreter:
    """Interprets items of all accounts. The worker process is started when first needed and ends when there
    was nothing to do for a while."""

    def __init__(self, *, seconds: int = MOST_SECONDS, memory: int = MOST_MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._tasks = Tasks("interpreter")

    async def interpret(self, module: ConnectorModule, items: Sequence[Raw]) -> list[Interpretation]:
        """Return what each item means, in their order; never raises for what is in them."""
        if len(items) <= _FEW and not any(item.careful or is_suspicious(item.data) for item in items):
            results = await self._in_thread(module, items)
        else:
            results = await self._in_worker(module, items)
        for result in results:
            if isinstance(result, Unreadable) and result.bug:
                _log.warning("a connector failed to read a message", problem=result.bug)
        return results

    async def close(self) -> None:
        """End the worker process."""
        await self._tasks.close()
        async with self._turn:
            await self._end()

    async def _in_thread(self, module: ConnectorModule, items: Sequence[Raw]) -> list[Interpretation]:
        """Without starting a process for a message or two."""
        try:
            async with asyncio.timeout(_THREAD_SECONDS):
                return await in_daemon_thread(
                    lambda: [interpret_one(module.interpret, item.data, item.facts) for item in items],
                    "interpret",
                )
        except TimeoutError:
            _log.warning("interpreting took too long; each message is tried in a process of its own")
            return await self._in_worker(module, items)

    async def _in_worker(self, module: ConnectorModule, items: Sequence[Raw]) -> list[Interpretation]:
        """Have all items interpreted by the worker; one that is too much for it costs nobody else."""
        name = cast(ModuleType, module).__name__
        results: list[Interpretation] = []
        async with self._turn:
            self._tasks.cancel("retire")
            for group in _groups(items):
                results.extend(await self._group(name, group))
        self._tasks.start(self._retire(), "retire")
        return results

    async def _group(self, name: str, items: Sequence[Raw]) -> list[Interpretation]:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(name, items)
        except TimeoutError:
            problem = Unreadable(msg("Reading it takes too long.").text)
            await self._end()
        except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
            problem = Unreadable(msg("Reading it takes too much memory or time.").text)
            await self._end()
        except BaseException:  # cancelled in between: the next answer would belong to somebody else
            await self._end()
            raise
        if len(items) == 1:
            return [problem]
        return [result for item in items for result in await self._group(name, [item])]

    async def _ask(self, name: str, items: Sequence[Raw]) -> list[Interpretation]:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        content = [(item.data, dict(item.facts)) for item in items]
        request = pickle.dumps((name, content), protocol=pickle.HIGHEST_PROTOCOL)
        process.stdin.write(LENGTH.pack(len(request)))
        process.stdin.write(request)
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        answer = await process.stdout.readexactly(length)
        return cast(list[Interpretation], pickle.loads(answer))  # noqa: S301 - our own process

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *_command(),
                str(self._memory),
                str(self._seconds + 5),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_BUFFER,
            )
        return self._process

    async def _retire(self) -> None:
        await asyncio.sleep(_IDLE_SECONDS)
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.shield(process.wait())


def _groups(items: Sequence[Raw]) -> Iterator[list[Raw]]:
    """Cut ``items`` into portions for one request each; what is doubtful goes alone."""
    group: list[Raw] = []
    size = 0
    for item in items:
        alone = item.careful or len(item.data) > SMALL_BYTES
        if group and (alone or size > _GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += len(item.data)
        if alone:
            yield group
            group, size = [], 0
    if group:
        yield group


def is_suspicious(raw: bytes) -> bool:
    """Say whether input may cost more time or memory than its size suggests."""
    if len(raw) > SMALL_BYTES:
        return True
    head = raw.find(b"\n\r\n") if b"\n\r\n" in raw else raw.find(b"\n\n")
    if head > _LONGEST_HEADER or (head < 0 and len(raw) > _LONGEST_HEADER):
        return True
    return any(raw.count(mark) > most for mark, most in _SUSPICIOUS)


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "interpret"]
    return [sys.executable, "-m", "agentdesk.server.worker"]
