"""What belongs to an object ends with it; questions are awaited and never block."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton, QWidget
from tests.helpers.until import until

from agentdesk.base.text import msg
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import connect, is_alive, later, tasks_of


class Bus(QObject):
    rang = Signal(int)


class Owner(QObject):
    """Holds what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []


def really_delete(thing: QObject) -> None:
    thing.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_a_function_is_called_while_its_owner_lives_and_not_after(qapp: QApplication) -> None:
    bus, owner, heard = Bus(), Owner(), []
    connect(bus.rang, owner, lambda number: heard.append(number))
    bus.rang.emit(1)
    really_delete(owner)
    assert not is_alive(owner)
    bus.rang.emit(2)
    assert heard == [1]


def test_a_connection_does_not_keep_its_owner_after_deletion(qapp: QApplication) -> None:
    bus = Bus()
    owner = Owner()
    connect(bus.rang, owner, lambda number, owner=owner: owner.heard.append(number))
    gone = weakref.ref(owner)
    really_delete(owner)
    del owner
    gc.collect()
    assert gone() is None
    bus.rang.emit(1)


async def test_a_timer_ends_with_its_owner() -> None:
    owner, gone, seen = Owner(), Owner(), []
    later(owner, 5, lambda: seen.append("kept"))
    later(gone, 1, lambda: seen.append("gone"))
    really_delete(gone)
    await until(lambda: seen == ["kept"])


async def test_tasks_are_cancelled_with_their_owner() -> None:
    owner = Owner()
    task = tasks_of(owner, "owner").start(asyncio.sleep(3600), name="wait")
    await asyncio.sleep(0)
    really_delete(owner)
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


def open_dialog() -> QDialog:
    """The question on screen."""
    found = [
        widget
        for widget in QApplication.topLevelWidgets()
        if isinstance(widget, QDialog) and widget.isVisible()
    ]
    return found[0] if found else QDialog()


def press(label: str) -> None:
    buttons = {button.text(): button for button in open_dialog().findChildren(QPushButton)}
    buttons[label].click()


async def asked() -> None:
    await until(lambda: open_dialog().isVisible())


@pytest.mark.parametrize(("pressed", "answer"), [("Merge", True), ("Cancel", False)])
async def test_a_question_is_answered_by_its_buttons(pressed: str, answer: bool) -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.confirm(window, msg("Merge two customers?"), msg("It can be undone."), msg("Merge"))
    )
    await asked()
    press(pressed)
    assert await asking is answer
    window.close()


async def test_the_window_goes_on_while_a_question_is_open() -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.confirm(window, msg("Merge two customers?"), msg("It can be undone."), msg("Merge"))
    )
    await asked()
    ticks = 0
    for _ in range(5):
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks == 5
    assert not asking.done()
    QTest.keyClick(open_dialog(), Qt.Key.Key_Escape)
    assert await asking is False
    window.close()


async def test_enter_gives_the_last_choice() -> None:
    window = QWidget()
    window.show()
    choices = [ask.Choice("keep", msg("Keep as draft")), ask.Choice("send", msg("Send now"), "primary")]
    asking = asyncio.ensure_future(
        ask.choose(window, msg("Not sent yet"), msg("One message waits."), choices)
    )
    await asked()
    QTest.keyClick(open_dialog(), Qt.Key.Key_Return)
    assert await asking == "send"
    window.close()


async def test_enter_never_gives_a_dangerous_answer() -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.confirm(window, msg("Erase Ana?"), msg("For good."), msg("Erase"), danger=True)
    )
    await asked()
    QTest.keyClick(open_dialog(), Qt.Key.Key_Return)
    assert await asking is False
    window.close()


async def test_a_line_of_text_is_asked_for() -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.text(window, msg("New tag"), msg("One word."), msg("Create"), value="ref")
    )
    await asked()
    field = open_dialog().findChild(QLineEdit)
    assert field is not None
    QTest.keyClick(field, Qt.Key.Key_End)
    QTest.keyClicks(field, "und ")
    press("Create")
    assert await asking == "refund"
    window.close()


async def test_a_cancelled_question_closes_itself() -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.confirm(window, msg("Merge two customers?"), msg("It can be undone."), msg("Merge"))
    )
    await asked()
    asking.cancel()
    await asyncio.wait([asking])
    await until(lambda: not open_dialog().isVisible())
    window.close()


async def test_a_question_goes_with_its_window() -> None:
    window = QWidget()
    window.show()
    asking = asyncio.ensure_future(
        ask.confirm(window, msg("Merge two customers?"), msg("It can be undone."), msg("Merge"))
    )
    await asked()
    window.deleteLater()
    assert await asyncio.wait_for(asking, 5) is False


async def test_files_are_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tmp_path / "invoice.pdf"
    chosen.write_bytes(b"%PDF")

    def open_and_choose(self: QFileDialog) -> None:
        self.filesSelected.emit([str(chosen)])
        self.done(1)

    monkeypatch.setattr(QFileDialog, "open", open_and_choose)
    assert await ask.open_files(QWidget(), msg("Attach a file")) == [chosen]
