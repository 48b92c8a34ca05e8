"""An asyncio event loop on Qt's: qasync, with the timers, task keeping and error reports that the desk needs.

What differs from qasync 0.28: timers are precise, never early, and gone once cancelled; callbacks run in the
order they were made; a task is kept until it ends; a nested Qt loop inside a callback delays tasks instead
of losing them; every error reaches :func:`agentdesk.base.tasks.report_error`.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any, cast

os.environ.setdefault("QT_API", "pyside6")  # another binding in the environment must not be picked up

import qasync
from PySide6.QtCore import QObject, Qt, QTimerEvent, Signal
from PySide6.QtWidgets import QApplication

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import report_error
from agentdesk.desktop.garbage import Collector

__all__ = ["DeskEventLoop"]

_log = get_logger(__name__)

_LONGEST_TIMER = 86_400_000
"""Milliseconds; Qt's own limit is 24 days, longer waits are armed again."""
_SLOW_CALLBACK = 0.05
"""Seconds that a callback may hold the window up before a debug run names it."""


class _TimerHandle(asyncio.TimerHandle):
    """A timer handle that knows its Qt timer."""

    __slots__ = ("timer_id",)
    timer_id: int


class _Clockwork(QObject):
    """The Qt side of the loop: timers, the pump that runs what is ready, the bell that other threads ring."""

    bell = Signal()

    def __init__(self, loop: DeskEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._handles: dict[int, _TimerHandle] = {}
        self._pump = 0
        self.bell.connect(self._on_bell, Qt.ConnectionType.QueuedConnection)

    @property
    def timers(self) -> int:
        """How many timers are armed."""
        return len(self._handles)

    def arm(self, handle: _TimerHandle) -> None:
        """Start a Qt timer for ``handle``."""
        wait = math.ceil((handle.when() - self._loop.time()) * 1000)
        timer = self.startTimer(min(max(wait, 0), _LONGEST_TIMER), Qt.TimerType.PreciseTimer)
        if not timer:
            raise RuntimeError("a timer can be set only in the thread of the window")
        handle.timer_id = timer
        self._handles[timer] = handle

    def disarm(self, handle: _TimerHandle) -> None:
        """Stop the Qt timer of a cancelled handle."""
        if self._handles.pop(handle.timer_id, None) is not None:
            self.killTimer(handle.timer_id)

    def start_pump(self) -> None:
        """Have ready callbacks run in the next round of Qt's loop."""
        if not self._pump:
            self._pump = self.startTimer(0)

    def stop_pump(self) -> None:
        """Nothing is ready."""
        if self._pump:
            self.killTimer(self._pump)
            self._pump = 0

    def stop_all(self) -> None:
        """The loop closes: forget everything."""
        self.stop_pump()
        for timer in self._handles:
            self.killTimer(timer)
        self._handles.clear()

    def timerEvent(self, event: QTimerEvent) -> None:
        timer = event.timerId()
        if timer == self._pump:
            self._loop.run_ready()
            return
        self.killTimer(timer)
        handle = self._handles.pop(timer, None)
        if handle is None:
            return
        if handle.when() > self._loop.time():
            self.arm(handle)
        else:
            self._loop.enqueue(handle)
            self._loop.run_ready()

    def _on_bell(self) -> None:
        self._loop.take_from_threads()


class DeskEventLoop(qasync.QEventLoop):  # type: ignore[misc]
    """The event loop of the desk. One per process, in the main thread."""

    def __init__(self, app: QApplication) -> None:
        self._queue: deque[asyncio.Handle] = deque()
        self._from_threads: deque[asyncio.Handle] = deque()
        self._kept: set[asyncio.Task[Any]] = set()
        self._in_callback = False
        self._fatal: BaseException | None = None
        self._exception_handler: Callable[[Any, dict[str, Any]], object] | None = None
        self._clockwork = _Clockwork(self)
        self._collector = Collector()
        super().__init__(app)
        self.slow_callback_duration = _SLOW_CALLBACK
        self.set_default_executor(ThreadPoolExecutor(max_workers=4, thread_name_prefix="desk"))

    @property
    def armed_timers(self) -> int:
        """How many timers wait to fire; a cancelled one is not among them."""
        return self._clockwork.timers

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run ``callback`` in the next round, after what was asked for before."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self.enqueue(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Like :meth:`call_soon`, from any thread. Raises ``RuntimeError`` once the loop is closed."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._from_threads.append(handle)
        self._clockwork.bell.emit()
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run ``callback`` after ``delay`` seconds, never earlier."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run ``callback`` when the loop's clock shows ``when``, never earlier."""
        self._check_closed()
        handle = _TimerHandle(when, callback, args, self, context)
        self._clockwork.arm(handle)
        return handle

    def create_task(self, coro: Coroutine[Any, Any, Any], **kwargs: Any) -> asyncio.Task[Any]:
        """Start ``coro`` as a task that is kept until it ends; asyncio itself holds tasks only weakly."""
        task = cast(asyncio.Task[Any], super().create_task(coro, **kwargs))
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    def set_exception_handler(self, handler: Callable[[Any, dict[str, Any]], object] | None) -> None:
        """Let ``handler`` hear of errors that nobody awaited, instead of the reporter."""
        super().set_exception_handler(handler)
        self._exception_handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Report an error that nobody awaited; one without an exception is logged."""
        if self._exception_handler is not None:
            super().call_exception_handler(context)
            return
        message = str(context.get("message", "unhandled error"))
        error = context.get("exception")
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return  # it ends the loop and is raised by whoever runs it
        if isinstance(error, BaseException):
            report_error(error, f"event loop: {message}")
        else:
            _log.warning("event loop", message=message)

    def run_forever(self) -> int:
        """Run Qt's loop until it is stopped; an exit asked for by a callback is raised here."""
        self._fatal = None
        self._collector.start()
        try:
            result = cast(int, super().run_forever())
        finally:
            self._collector.stop()
        self._raise_fatal()
        return result

    def close(self) -> None:
        """Let go of timers and threads. The loop cannot be used again."""
        if not self.is_closed():
            super().close()
            self._clockwork.stop_all()
            self._queue.clear()

    def enqueue(self, handle: asyncio.Handle) -> None:
        """Put ``handle`` behind what is ready to run."""
        self._queue.append(handle)
        if not self._in_callback:
            self._clockwork.start_pump()

    def take_from_threads(self) -> None:
        """Make ready what other threads handed in."""
        while self._from_threads:
            self.enqueue(self._from_threads.popleft())

    def run_ready(self) -> None:
        """Run what was ready when the round began.

        Inside a callback this does nothing: a nested Qt loop (a dialog's ``exec``) must not enter a second
        task on the stack of the first. What waits runs when the callback returns.
        """
        self._clockwork.stop_pump()
        if self._in_callback:
            return
        self._in_callback = True
        try:
            for _ in range(len(self._queue)):
                handle = self._queue.popleft()
                if not handle.cancelled():
                    self._run(handle)
        except (KeyboardInterrupt, SystemExit) as fatal:
            self._fatal = fatal
            self.stop()
        finally:
            self._in_callback = False
            if self._queue:
                self._clockwork.start_pump()

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            fatal, self._fatal = self._fatal, None
            raise fatal

    def _run(self, handle: asyncio.Handle) -> None:
        if not self.get_debug():
            handle._run()
            return
        begin = time.perf_counter()
        handle._run()
        took = time.perf_counter() - begin
        if took >= self.slow_callback_duration:
            _log.warning("a callback held the window up", callback=repr(handle), seconds=round(took, 3))

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        """What asyncio's signal handling and qasync's own parts use to make a handle ready."""
        if delay > 0:
            return self.call_later(delay, handle._run)
        self.enqueue(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._clockwork.disarm(cast(_TimerHandle, handle))
