"""The event loop of the desk: timers, tasks, threads, errors, shutdown."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from tests.helpers.until import until

from agentdesk.base import tasks
from agentdesk.desktop.loop import DeskEventLoop, request_shutdown, run_app, shutdown_requested, slot


def desk_loop() -> DeskEventLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, DeskEventLoop)
    return loop


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[tuple[BaseException, str]]:
    """The errors that were reported, and where they showed."""
    heard: list[tuple[BaseException, str]] = []

    class Log:
        def error(self, _event: str, *, where: str, exc_info: BaseException) -> None:
            heard.append((exc_info, where))

    monkeypatch.setattr(tasks, "_log", Log())
    return heard


class Sender(QObject):
    pressed = Signal(bool)
    chosen = Signal(str, int)


async def test_a_timer_never_fires_early() -> None:
    loop = desk_loop()
    for delay in (0.0, 0.0004, 0.001, 0.0099, 0.05):
        done = loop.create_future()
        due = loop.time() + delay
        loop.call_at(due, lambda done=done: done.set_result(loop.time()))
        assert await done >= due


async def test_a_cancelled_timer_is_gone_at_once() -> None:
    loop = desk_loop()
    before = loop.armed_timers
    handles = [loop.call_later(3600, print) for _ in range(1000)]
    assert loop.armed_timers == before + 1000
    for handle in handles:
        handle.cancel()
        handle.cancel()
    assert loop.armed_timers == before


async def test_a_timeout_that_did_not_fire_leaves_no_timer() -> None:
    loop = desk_loop()
    before = loop.armed_timers
    for _ in range(100):
        async with asyncio.timeout(300):
            await asyncio.sleep(0)
    assert loop.armed_timers == before


async def test_a_timer_handle_tells_when() -> None:
    loop = desk_loop()
    handle = loop.call_at(loop.time() + 60, print)
    assert isinstance(handle, asyncio.TimerHandle)
    assert handle.when() > loop.time() + 59
    handle.cancel()


async def test_a_wait_longer_than_qt_can_count_is_taken() -> None:
    handle = desk_loop().call_later(400 * 86_400, print)
    handle.cancel()


async def test_callbacks_run_in_the_order_they_were_made() -> None:
    loop = desk_loop()
    seen: list[int] = []
    for number in range(200):
        loop.call_soon(seen.append, number)
    await until(lambda: len(seen) == 200)
    assert seen == list(range(200))


async def test_a_callback_can_be_cancelled_before_it_runs() -> None:
    seen: list[int] = []
    desk_loop().call_soon(seen.append, 1).cancel()
    await asyncio.sleep(0.01)
    assert seen == []


async def test_a_task_survives_collection_though_nobody_holds_it() -> None:
    finished: list[bool] = []
    wake: list[weakref.ref[asyncio.Future[None]]] = []

    async def wait_for_own_future() -> None:
        future = asyncio.get_running_loop().create_future()
        wake.append(weakref.ref(future))
        await future
        finished.append(True)

    desk_loop().create_task(wait_for_own_future())
    await until(lambda: bool(wake))
    gc.collect()
    future = wake[0]()
    assert future is not None
    future.set_result(None)
    await until(lambda: finished == [True])


async def test_another_thread_hands_in_work_with_its_context() -> None:
    loop = desk_loop()
    variable = contextvars.ContextVar("variable", default="outer")
    seen: list[tuple[str, bool]] = []
    done = asyncio.Event()

    def record() -> None:
        seen.append((variable.get(), threading.current_thread() is threading.main_thread()))
        done.set()

    def hand_in() -> None:
        context = contextvars.copy_context()
        context.run(variable.set, "inner")
        assert isinstance(loop.call_soon_threadsafe(record, context=context), asyncio.Handle)

    await asyncio.to_thread(hand_in)
    await done.wait()
    assert seen == [("inner", True)]


def test_a_closed_loop_refuses_work(qapp: object) -> None:
    from agentdesk.desktop.loop import new_loop

    loop = new_loop()
    loop.close()
    with pytest.raises(RuntimeError):
        loop.call_soon_threadsafe(print)
    with pytest.raises(RuntimeError):
        loop.call_later(1, print)


async def test_a_nested_qt_loop_delays_tasks_but_loses_none() -> None:
    steps: list[str] = []

    async def other() -> None:
        for number in range(3):
            await asyncio.sleep(0.001)
            steps.append(f"other {number}")

    running = asyncio.ensure_future(other())
    await asyncio.sleep(0)
    nested = QEventLoop()
    QTimer.singleShot(50, nested.quit)
    nested.exec()
    steps.append("nested over")
    await running
    assert steps == ["nested over", "other 0", "other 1", "other 2"]


async def test_an_http_request_is_answered() -> None:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/") as response:
        assert await response.text() == "hello"
    await runner.cleanup()


async def test_a_sub_process_is_run() -> None:
    process = await asyncio.create_subprocess_exec("echo", "hello", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.strip() == b"hello"


async def test_blocking_work_runs_in_a_thread_and_in_an_executor_of_ones_own() -> None:
    assert await asyncio.to_thread(threading.current_thread) is not threading.main_thread()
    with ThreadPoolExecutor(1, thread_name_prefix="own") as pool:
        name = await desk_loop().run_in_executor(pool, lambda: threading.current_thread().name)
    assert name.startswith("own")


async def test_an_error_nobody_awaits_is_reported(reported: list[tuple[BaseException, str]]) -> None:
    loop = desk_loop()
    loop.set_exception_handler(None)
    loop.call_soon(lambda: 1 / 0)
    await until(lambda: len(reported) == 1)
    assert isinstance(reported[0][0], ZeroDivisionError)


class Receiver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []

    @slot
    async def without_arguments(self) -> None:
        await asyncio.sleep(0)
        self.heard.append("pressed")

    @slot
    async def with_one(self, name: str) -> None:
        await asyncio.sleep(0)
        self.heard.append(name)

    @slot
    async def failing(self) -> None:
        await asyncio.sleep(0)
        raise LookupError("on purpose")

    @slot
    async def touching_itself_late(self) -> None:
        await asyncio.sleep(0.01)
        self.objectName()


async def test_a_coroutine_slot_takes_what_it_asks_for() -> None:
    sender, receiver = Sender(), Receiver()
    sender.pressed.connect(receiver.without_arguments)
    sender.chosen.connect(receiver.with_one)
    sender.pressed.emit(True)
    sender.chosen.emit("green", 3)
    await until(lambda: len(receiver.heard) == 2)
    assert receiver.heard == ["pressed", "green"]


async def test_an_error_in_a_slot_is_reported_once(reported: list[tuple[BaseException, str]]) -> None:
    sender, receiver = Sender(), Receiver()
    sender.pressed.connect(receiver.failing)
    sender.pressed.emit(True)
    await until(lambda: bool(reported))
    await asyncio.sleep(0.01)
    assert [(type(error), where) for error, where in reported] == [(LookupError, "Receiver.failing")]


async def test_a_slot_whose_object_is_gone_ends_silently(reported: list[tuple[BaseException, str]]) -> None:
    receiver = Receiver()
    task = receiver.touching_itself_late()
    receiver.deleteLater()
    await asyncio.wait([task])
    assert isinstance(task.exception(), RuntimeError)
    assert reported == []


async def test_a_cancelled_slot_is_not_an_error(reported: list[tuple[BaseException, str]]) -> None:
    task = Receiver().touching_itself_late()
    task.cancel()
    await asyncio.wait([task])
    assert reported == []


def test_the_program_ends_with_main_and_gives_its_status(qapp: object) -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 3

    assert run_app(main) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_the_end_and_main_closes_what_it_opened(
    qapp: object, number: signal.Signals
) -> None:
    closed: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), number)
        closed.append(await shutdown_requested())

    assert run_app(main) == 0
    assert closed == ["signal"]


def test_the_end_of_the_session_asks_for_the_end_once(qapp: object) -> None:
    reasons: list[str] = []

    async def main() -> None:
        request_shutdown("session")
        request_shutdown("closed")
        reasons.append(await shutdown_requested())

    run_app(main)
    assert reasons == ["session"]


def test_an_exit_asked_for_inside_a_task_leaves_the_loop(qapp: object) -> None:
    async def main() -> None:
        raise SystemExit(5)

    with pytest.raises(SystemExit) as stopped:
        run_app(main)
    assert stopped.value.code == 5
