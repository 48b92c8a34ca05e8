"""Whatever a visitor of a page says of themselves, and wherever the desk shows it, is text: markup is never
interpreted, and nothing is opened or loaded for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from PySide6 import QtGui
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtGui import QAction, QTextDocument
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLabel, QTextEdit, QWidget
from tests.desktop.test_notify import _Banners
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.fake_site import sample_site
from tests.helpers.opened_files import OpenedFiles
from tests.helpers.sample_chats import be_on_page, make_chat
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened

from agentdesk.base.ids import new_id
from agentdesk.desktop import notify
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.presence import Other

ANA, TOM = 4417, 4390
MARKER = "marker.png"
might_be_rich = QtGui.Qt.mightBeRichText  # type: ignore[attr-defined]
FIELDS = (
    *("name", "address", "topic", "text", "file", "changed", "before", "survey", "invitation", "typed"),
    *("url", "title", "referrer", "browser", "system"),
)
PLACES: Mapping[str, set[str]] = {
    "list": {"name", "topic"},
    "conversation": {"name", "topic", "text", "file", "changed", "survey", "invitation", "typed"},
    "tabs": {"name"},
    "customer": {"name", "address", "url", "title", "referrer", "browser", "system"},
    "site": {"url", "title", "referrer", "browser", "system"},
    "banner": {"name", "text"},
}
"""Where visitors' words stand, and which of :data:`FIELDS` are read there."""
_ROLES = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole


class _Hostile:
    """Words for each field: markup that loads a picture when anything takes it for markup."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / MARKER).write_bytes(b"not opened")

    def __getitem__(self, field: str) -> str:
        return f'<img src="file://{self._folder}/{MARKER}"><b>{field}</b>'


def _desk(evil: _Hostile) -> FakeDesk:
    """A chat of mine in which everything is hostile, and a second one beside it."""
    desk = FakeDesk.sample()
    assert desk.me is not None
    mine = {"assignee_id": desk.me.id, "assignee_name": desk.me.name}
    make_chat(desk, TOM, **mine)
    here = make_chat(desk, ANA, contact_name=evil["name"], subject=evil["topic"], **mine)
    head = desk.world.conversations[here]
    pages = (f"https://shop.example/{evil['url']}", "Desks"), ("https://shop.example/", evil["title"])
    be_on_page(desk, ANA, *pages, browser=evil["browser"], system=evil["system"])
    contact = desk.world.contacts[head.contact_id]
    first = contact.identities[0]
    assert first.visit is not None
    visits = [
        {**one, "referrer": f"https://search.example/{evil['referrer']}"} for one in first.visit["visits"]
    ]
    first = msgspec.structs.replace(first, visit={**first.visit, "visits": visits})
    mail = {"id": new_id(), "kind": "email", "value": evil["address"], "display": "", "visit": None}
    address = msgspec.structs.replace(first, **mail)
    contact = msgspec.structs.replace(contact, name=evil["name"], identities=(first, address))
    desk.world.contacts[contact.id] = contact
    thread = desk.thread(here)
    thread.event(3, "invited", text=evil["invitation"])
    thread.customer(2, evil["text"], files=[(evil["file"], "text/plain", b"x")])
    row = thread.customer(2, evil["changed"])
    earlier = [{"text": evil["before"], "at": desk.world.now.isoformat()}]
    revision = {"state": "edited", "at": desk.world.now.isoformat(), "earlier": earlier}
    desk.world.messages[row.id] = msgspec.structs.replace(row, revision=revision)
    thread.event(1, "rated", score=1, text=evil["survey"])
    desk.colleagues(here, Other(contact.id, "reply", text=evil["typed"]))
    desk.permit(see_visitors=True)
    visitors = sample_site(desk.world.now)
    words = {name: evil[name] for name in ("title", "browser", "system")}
    paths = {name: f"https://shop.example/{evil[name]}" for name in ("url", "referrer")}
    desk.visitors = [msgspec.structs.replace(visitors[0], **words, **paths)]
    desk.visitors += [msgspec.structs.replace(visitors[1], title="", **paths)]
    return desk


def _plain(text: str) -> str:
    """What a text says where Qt decides whether it is markup."""
    if not might_be_rich(text):
        return text
    document = QTextDocument()
    document.setHtml(text)
    return document.toPlainText()


def _is_taken_for_markup(text: str) -> bool:
    return "<img" in text and "<img" not in _plain(text)


def _words(top: QWidget) -> Iterator[str]:
    """Everything that can be read in a widget or below it, by eye or by ear, as it is read."""
    for widget in [top, *top.findChildren(QWidget)]:
        yield from (widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle())
        yield _plain(widget.toolTip())
        yield from (_plain(action.toolTip()) for action in widget.actions())
        if isinstance(widget, QLabel):
            chosen = widget.textFormat() == Qt.TextFormat.PlainText
            yield widget.text() if chosen else _plain(widget.text())
        elif isinstance(widget, QAbstractButton):
            yield widget.text().replace("&&", "&")
        elif isinstance(widget, QTextEdit):
            yield widget.toPlainText()
        elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from _cells(widget.model())


def _cells(model: QAbstractItemModel) -> Iterator[str]:
    for row in range(model.rowCount(QModelIndex())):
        for column in range(model.columnCount(QModelIndex())):
            index = model.index(row, column)
            yield from (str(index.data(role) or "") for role in _ROLES)
            yield _plain(str(index.data(Qt.ItemDataRole.ToolTipRole) or ""))


async def _show(place: str, panes: Workspace, desk: FakeDesk) -> QWidget:
    panes.open_conversation(desk.find(ANA))
    await opened(panes, ANA, desk)
    if place == "site":
        panes.late.site.toggle()
        await until(panes.late.site.view.isVisible)
    shown: Mapping[str, Callable[[], QWidget]] = {
        "list": lambda: panes.queue,
        "conversation": lambda: panes.conversation,
        "tabs": lambda: panes.late.tabs,
        "customer": lambda: panes.panel,
        "site": lambda: panes.late.site.view,
    }
    return shown[place]()


@pytest.mark.parametrize("place", [place for place in PLACES if place != "banner"])
async def test_they_are_text_in_every_place(place: str, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    evil = _Hostile(watched)
    desk = _desk(evil)
    with OpenedFiles(watched) if sys.platform == "linux" else nullcontext() as files:
        async with main_window(desk, tmp_path) as panes:
            top = await _show(place, panes, desk)

            def missing() -> set[str]:
                read = "".join(_words(top)).translate({0x2068: None, 0x2069: None, 0x200B: None})
                return {field for field in PLACES[place] if evil[field] not in read}

            await until(lambda: not missing(), what=lambda: f"{missing()} in {place}")
            top.grab()
            for widget in [panes.window(), *panes.window().findChildren(QWidget)]:
                assert not _is_taken_for_markup(widget.toolTip()), widget
                if isinstance(widget, QLabel) and "<" in widget.text():
                    assert widget.textFormat() == Qt.TextFormat.PlainText, widget
            for action in panes.window().findChildren(QAction):
                assert not _is_taken_for_markup(action.toolTip()), action.text()
            await settled()
        assert files is None or MARKER not in files.names()


def test_each_field_is_read_somewhere() -> None:
    """What was said before a change is told by its tooltip alone."""
    assert set().union(*PLACES.values()) | {"before"} == set(FIELDS)


async def test_a_banner_has_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What shows it belongs to the system, and may take markup for markup."""
    monkeypatch.setattr(notify, "_JOIN_MS", 50)
    monkeypatch.setattr(notify, "QSystemTrayIcon", banners := _Banners())
    evil = _Hostile(tmp_path)
    desk = _desk(evil)
    for one, row in desk.world.conversations.items():  # there is no other news
        desk.world.conversations[one] = msgspec.structs.replace(row, unread=False)
    async with main_window(desk, tmp_path / "settings", kind="all"):
        here = desk.find(TOM)
        row = desk.world.conversations[here]
        desk.world.conversations[here] = msgspec.structs.replace(row, contact_name=evil["name"])
        desk.world.now += timedelta(seconds=1)
        desk.receive(here, evil["text"])
        await until(lambda: banners.shown)
    (told,) = banners.shown
    for said in told:
        assert said.startswith("‹img")
        assert "<" not in said
