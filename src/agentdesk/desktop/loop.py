"""Running the desk: the one application on its event loop, coroutines as slots, and one way to end."""

from __future__ import annotations

import asyncio
import functools
import inspect
import signal
import sys
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, qInstallMessageHandler
from shiboken6 import isValid

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import report_error
from agentdesk.desktop.application import application
from agentdesk.desktop.event_loop import DeskEventLoop

__all__ = [
    "DeskEventLoop",
    "application",
    "new_loop",
    "request_shutdown",
    "run_app",
    "shutdown_requested",
    "slot",
]

_log = get_logger(__name__)


def slot(method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., asyncio.Task[Any]]:
    """Make a coroutine method usable as a Qt slot: ``button.clicked.connect(self.on_send)``.

    Arguments of the signal that the method does not take are left out. The task is kept until it ends; an
    error in it is reported once, except when its object is gone by then, and a cancelled one ends silently.
    """
    taken = _positional_count(method)

    @functools.wraps(method)
    def start(*args: Any) -> asyncio.Task[Any]:
        owner = args[0] if args else None
        task = asyncio.get_running_loop().create_task(method(*args[:taken]), name=method.__qualname__)
        _slot_tasks.add(task)
        task.add_done_callback(functools.partial(_slot_finished, owner))
        return task

    return start


_slot_tasks: set[asyncio.Task[Any]] = set()


def _positional_count(function: Callable[..., Any]) -> int | None:
    """How many positional arguments ``function`` takes; ``None`` for any number."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in positional for parameter in parameters)


def _slot_finished(owner: object, task: asyncio.Task[Any]) -> None:
    _slot_tasks.discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if error is None:
        return
    gone = isinstance(owner, QObject) and not isValid(owner)
    if not (gone and isinstance(error, RuntimeError)):
        report_error(error, task.get_name())


_shutdown: asyncio.Future[str] | None = None


def request_shutdown(reason: str) -> None:
    """Ask the program to end: what waits in :func:`shutdown_requested` goes on. Asking again changes
    nothing.
    """
    if _shutdown is not None and not _shutdown.done():
        _shutdown.set_result(reason)


async def shutdown_requested() -> str:
    """Wait until the program is asked to end; returns the reason (``closed``, ``signal``, ``session``)."""
    if _shutdown is None:
        raise RuntimeError("shutdown_requested() belongs inside run_app()")
    return await asyncio.shield(_shutdown)


def run_app(main: Callable[[], Coroutine[Any, Any, int | None]]) -> int:
    """Run ``main`` on Qt's event loop and return its exit status when it returns; nothing else ends the
    program.

    Closing the last window does not. A signal (SIGINT, SIGTERM) or the end of the desktop session only wakes
    :func:`shutdown_requested`, so that ``main`` closes what it opened.
    """
    previous_hook, sys.excepthook = sys.excepthook, _report_uncaught
    previous_messages = qInstallMessageHandler(_log_qt_message)
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(_supervised(main)) or 0
    finally:
        sys.excepthook = previous_hook
        qInstallMessageHandler(previous_messages)


def new_loop() -> DeskEventLoop:
    """A fresh event loop on the one Qt application, which is made if there is none yet."""
    return DeskEventLoop(application())


async def _supervised(main: Callable[[], Coroutine[Any, Any, int | None]]) -> int | None:
    global _shutdown
    app = application()
    loop = asyncio.get_running_loop()
    _shutdown = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        _watch_signal(loop, number)
    app.commitDataRequest.connect(_session_ends)
    try:
        return await main()
    finally:
        app.commitDataRequest.disconnect(_session_ends)
        _shutdown = None


def _watch_signal(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    try:
        loop.add_signal_handler(number, request_shutdown, "signal")
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(request_shutdown, "signal"))


def _session_ends(_manager: object) -> None:
    request_shutdown("session")


def _report_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception in a plain Qt slot or an override lands here."""
    if isinstance(error, KeyboardInterrupt):
        request_shutdown("signal")
    else:
        report_error(error.with_traceback(trace), f"slot: {kind.__name__}")


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    chatter = kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
    if chatter or text.startswith("This plugin does not support"):  # what the offscreen platform cannot do
        _log.debug("qt", message=text)
    else:
        _log.warning("qt", message=text, category=context.category)
