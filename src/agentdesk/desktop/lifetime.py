"""Connections, timers and tasks that end with the object they belong to.

A bound method of a QObject is disconnected by Qt when the object goes; a lambda or partial is not, keeps its
object alive, and goes on being called. So bound methods are connected directly, and anything else through
here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer, SignalInstance
from shiboken6 import isValid

from agentdesk.base.tasks import Tasks

__all__ = ["connect", "end_tasks", "finish_tasks", "is_alive", "later", "tasks_of"]


def is_alive(thing: QObject) -> bool:
    """Whether the Qt object behind ``thing`` still exists; ask after every ``await`` before touching a
    widget.
    """
    return isValid(thing)


def connect(signal: SignalInstance, owner: QObject, function: Callable[..., Any]) -> None:
    """Call ``function`` on ``signal`` as long as ``owner`` exists; for functions that are no methods of a
    QObject.
    """
    signal.connect(_Relay(owner, function).call)


def later(owner: QObject, milliseconds: int, function: Callable[[], Any]) -> QTimer:
    """Call ``function`` once after ``milliseconds`` if ``owner`` still exists; the timer can be stopped."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.timeout.connect(_Relay(timer, function).call)
    timer.timeout.connect(timer.deleteLater)
    timer.start(milliseconds)
    return timer


def tasks_of(owner: QObject, name: str) -> Tasks:
    """A scope for the tasks of ``owner``: they are cancelled when it is destroyed."""
    tasks = Tasks(name)

    def cancel() -> None:  # holds the tasks, not their owner; a method of a plain object would be held weakly
        tasks.cancel_all()

    owner.destroyed.connect(cancel)
    _scopes[owner] = tasks
    return tasks


async def end_tasks(root: QObject) -> None:
    """Cancel the tasks of ``root`` and of everything below it, and wait until they have ended."""
    for owner, tasks in list(_scopes.items()):
        if is_alive(owner) and _is_below(owner, root):
            await tasks.close()


async def finish_tasks(root: QObject) -> None:
    """Wait until the tasks of ``root`` and of everything below it have ended by themselves."""
    for owner, tasks in list(_scopes.items()):
        if is_alive(owner) and _is_below(owner, root):
            await tasks.drain()


_scopes: WeakKeyDictionary[QObject, Tasks] = WeakKeyDictionary()


def _is_below(thing: QObject | None, root: QObject) -> bool:
    while thing is not None:
        if thing is root:
            return True
        thing = thing.parent()
    return False


class _Relay(QObject):
    """Stands between a signal and a plain function, and goes with its parent."""

    def __init__(self, parent: QObject, function: Callable[..., Any]) -> None:
        super().__init__(parent)
        self._function = function

    def call(self, *args: Any) -> None:
        self._function(*args)
