"""The desk program with a person's hand on it, as a process that a test can kill.

``python -m tests.helpers.desk_driver PROFILE [--type TEXT | --look]`` runs the program on a profile and
prints what its window shows, a line per change: ``page NAME: title``, ``desk LINK server PID``. With
``--type`` it opens the first conversation, types TEXT as a reply and prints ``typed`` when the draft is safe;
with ``--look`` it opens it and prints ``looks``, and then ``reply TEXT``, ``strip TEXT`` (what stands above
the composer) and ``others TEXT`` (who is writing) whenever that changes. A file ``press`` in the profile
presses the main button of the page once. A file ``act`` holds one thing to do: ``menu TITLE`` of the person's
menu, ``press BUTTON``, ``type FIELD=TEXT``, ``reply TEXT`` typed into the reply, or ``do ACTION``; it is gone
when that is done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TypeVar
from uuid import UUID

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from agentdesk.app.desktop import DeskProgram
from agentdesk.desktop.loop import run_app
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View

_POLL = 0.05
_Kind = TypeVar("_Kind", bound=QWidget)


async def _watch(program: DeskProgram, profile: Path) -> None:
    last = None
    while True:
        shown = _shown(program)
        seen = shown, _page(program) if program._window is not None else None
        if seen != last:  # also the same words on another page
            print(shown, flush=True)
            last = seen
        order = profile / "press"
        if order.exists():
            order.unlink()
            buttons = _page(program).findChildren(QPushButton)
            next(one for one in buttons if one.property("kind") == "primary").click()
        _act(program, profile / "act")
        await asyncio.sleep(_POLL)


def _act(program: DeskProgram, order: Path) -> None:
    if not order.exists():
        return
    verb, _, what = order.read_text(encoding="utf-8").partition(" ")
    if _DEEDS[verb](program, what):  # else what it needs is still to come
        order.unlink()


def _choose(program: DeskProgram, title: str) -> bool:
    for action in _panes(program).my_menu.menu.actions():
        if action.text() == title and action.isEnabled():
            action.trigger()
            return True
    return False


def _press(_program: DeskProgram, text: str) -> bool:
    for button in _on_screen(QPushButton):
        if button.text() == text and button.isEnabled():
            button.click()
            return True
    return False


def _fill_in(_program: DeskProgram, what: str) -> bool:
    name, _, text = what.partition("=")
    for field in _on_screen(QLineEdit):
        if field.accessibleName() == name and field.isEnabled():
            field.setText(text)
            return True
    return False


def _write(program: DeskProgram, text: str) -> bool:
    QTest.keyClicks(_panes(program).conversation.composer.box.reply_text, text)
    return True


def _do(program: DeskProgram, action: str) -> bool:
    return _panes(program).actions_.trigger(action)


_DEEDS = {
    "menu": _choose,
    "press": _press,
    "type": _fill_in,
    "reply": _write,
    "do": _do,
    "": lambda *_: False,
}


def _on_screen(kind: type[_Kind]) -> list[_Kind]:
    return [one for one in QApplication.allWidgets() if isinstance(one, kind) and one.isVisible()]


def _panes(program: DeskProgram) -> Workspace:
    assert program._window is not None
    assert program._window.workspace is not None
    return program._window.workspace


def _page(program: DeskProgram) -> QWidget:
    assert program._window is not None
    return program._window.centralWidget()


def _shown(program: DeskProgram) -> str:
    if program._window is None:
        return ""
    if program._window.workspace is not None and program._desk is not None:
        server = program._server._process.pid if program._server is not None else 0
        return f"desk {program._desk.status.link} server {server}"
    titles = [label.text() for label in _page(program).findChildren(Label) if label.text()]
    return f"page {type(_page(program)).__name__}: {' / '.join(titles)}"


async def _open_first(panes: Workspace) -> UUID:
    panes.show_view(View(kind="all", order="newest"))
    while not panes.queue.model.ids:
        await asyncio.sleep(_POLL)
    wanted = panes.queue.model.ids[0]
    panes.open_conversation(wanted)
    while panes.conversation.composer.conversation_id != wanted:
        await asyncio.sleep(_POLL)
    return wanted


async def _look(program: DeskProgram) -> None:
    panes, _desk = await program.ready()
    await _open_first(panes)
    shown: dict[str, str] = {}
    while True:
        for name, text in _at_composer(panes).items():
            if text != shown.get(name, ""):
                print(f"{name} {text!r}", flush=True)
        if not shown:
            print("looks", flush=True)
        shown = _at_composer(panes)
        await asyncio.sleep(_POLL)


def _at_composer(panes: Workspace) -> dict[str, str]:
    composer = panes.conversation.composer
    words = [one.text() for one in composer.strip.findChildren(Label) if one.isVisible()]
    return {
        "reply": composer.box.reply_text.plain(),
        "strip": " / ".join(words),
        "others": panes.conversation.presence.line.text(),
    }


async def _type(program: DeskProgram, text: str) -> None:
    panes, desk = await program.ready()
    wanted = await _open_first(panes)
    panes.actions_.trigger("reply.start")
    QTest.keyClicks(panes.conversation.composer.box.reply_text, text)
    while (draft := await desk.draft(wanted, "reply")) is None or draft.text != text:
        await asyncio.sleep(_POLL)
    print("typed", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("profile", type=Path)
    parser.add_argument("--type", default="")
    parser.add_argument("--look", action="store_true")
    given = parser.parse_args()
    parsed = argparse.Namespace(profile=given.profile, theme="light", language="en", server="", ca=None)
    program = DeskProgram(given.profile, SettingsFile(given.profile / "settings.json"), parsed)

    async def run() -> int:
        beside = [asyncio.ensure_future(_watch(program, given.profile))]
        if given.type:
            beside.append(asyncio.ensure_future(_type(program, given.type)))
        if given.look:
            beside.append(asyncio.ensure_future(_look(program)))
        try:
            return await program.main()
        finally:
            for task in beside:
                task.cancel()

    return run_app(run)


if __name__ == "__main__":
    sys.exit(main())
