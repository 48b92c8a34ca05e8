"""The desk program with a person's hand on it, as a process that a test can kill.

``python -m tests.helpers.desk_driver PROFILE [--type TEXT | --look]`` runs the program on a profile and
prints what its window shows, a line per change: ``page NAME: title``, ``desk LINK server PID``. With
``--type`` it opens the first conversation, types TEXT as a reply and prints ``typed`` when the draft is safe;
with ``--look`` it opens it and prints ``reply TEXT`` whenever another text stands in the reply. A file
``press`` in the profile presses the main button of the page once. A file ``act`` holds one thing to do:
``menu TITLE`` of the person's menu, ``press BUTTON``, or ``type FIELD=TEXT``; it is gone when that is done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from agentdesk.app.desktop import DeskProgram
from agentdesk.desktop.loop import run_app
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View

_POLL = 0.05


async def _watch(program: DeskProgram, profile: Path) -> None:
    last = ""
    while True:
        shown = _shown(program)
        if shown != last:
            print(shown, flush=True)
            last = shown
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
    seen = [one for one in QApplication.allWidgets() if one.isVisible()]
    if verb == "menu":
        menu = program._window.workspace.my_menu.menu
        next(one for one in menu.actions() if one.text() == what).trigger()
    elif verb == "press":
        found = (one for one in seen if isinstance(one, QPushButton) and one.text() == what)
        button = next(found, None)
        if button is None:
            return  # it comes
        button.click()
    else:
        name, _, text = what.partition("=")
        field = next(
            (one for one in seen if isinstance(one, QLineEdit) and one.accessibleName() == name), None
        )
        if field is None:
            return
        field.setText(text)
    order.unlink()


def _page(program: DeskProgram):  # type: ignore[no-untyped-def]
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
    shown = None
    while True:
        text = panes.conversation.composer.box.reply_text.plain()
        if text != shown:
            print(f"reply {text!r}", flush=True)
            shown = text
        await asyncio.sleep(_POLL)


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
