"""Who is on the site: a screen of its own, live, from which one visitor can be invited."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QSignalSpy
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.fake_site import sample_site
from tests.helpers.until import until
from tests.helpers.views import settled, shown
from tests.helpers.windows import main_window, opened, press

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.desktop.models.site import SiteModel
from agentdesk.desktop.views.site import SiteView
from agentdesk.sync.desk import Link
from agentdesk.sync.visitor import SiteVisitor

ANA = 4417


def _desk() -> FakeDesk:
    desk = FakeDesk.sample()
    desk.permit(see_visitors=True)
    desk.visitors = sample_site(desk.world.now, desk.find(ANA))
    return desk


def _cells(view: SiteView, column: int) -> list[str]:
    model = view.model
    texts = [model.index(row, column).data() for row in range(model.rowCount())]
    return ["".join(char for char in text if char not in "\u2066\u2068\u2069") for text in texts]


def _change(desk: FakeDesk, place: int, **values: object) -> SiteVisitor:
    assert desk.visitors is not None
    desk.visitors[place] = msgspec.structs.replace(desk.visitors[place], **values)
    desk.emit(site=set())
    return desk.visitors[place]


async def test_it_comes_up_by_its_key_and_goes_again(tmp_path: Path) -> None:
    desk = _desk()
    async with main_window(desk, tmp_path) as panes:
        screen, queue = panes.late.site, panes.queue
        assert screen.button.isVisible()
        press(panes, Qt.Key.Key_G)
        press(panes, Qt.Key.Key_V)
        await until(screen.view.isVisible)
        assert (desk.looks, queue.isVisible(), screen.button.isChecked()) == ([True], False, True)
        assert panes.rail.current_view() is None
        assert screen.view.table.hasFocus()
        press(panes, Qt.Key.Key_Escape)
        await until(queue.isVisible)
        assert (desk.looks, screen.view.isVisible()) == ([True, False], False)
        assert panes.rail.current_view() == queue.view
        screen.button.click()
        panes.show_kind("all")
        panes.rail.chosen.emit(panes.queue.view)
        await until(queue.isVisible)


async def test_keys_leave_a_hidden_conversation_alone(tmp_path: Path) -> None:
    desk = _desk()
    async with main_window(desk, tmp_path) as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        panes.late.site.toggle()
        assert not panes.actions_.trigger("conversation.resolve")
        panes.late.site.leave()
        await until(lambda: panes.actions_.action("conversation.resolve").isEnabled())


async def test_who_may_not_look_has_no_way_there(tmp_path: Path) -> None:
    desk = FakeDesk.sample()
    async with main_window(desk, tmp_path) as panes:
        screen = panes.late.site
        assert not screen.button.isVisible()
        assert not panes.actions_.trigger("go.site")
        desk.permit(see_visitors=True)
        await until(screen.button.isVisible)
        assert panes.actions_.trigger("go.site")
        desk.permit(see_visitors=False)
        await until(panes.queue.isVisible)
        assert desk.looks == [True, False]


async def test_rows_say_who_is_there_as_plain_text() -> None:
    desk = _desk()
    async with shown(SiteView(desk), 1180, 600) as view:
        pages = [
            "Walnut desk 140 cm",
            "<b>Delivery</b> and returns",
            "Basket",
            "مصابيح المكتب",
            "larkfield.example",
        ]
        assert _cells(view, 0) == pages
        assert _cells(view, 6) == ["", "Invited by Maria Sol", "Waits for 3m", "Closed an invitation", ""]
        assert _cells(view, 5)[0] == "9 pages, came back"
        assert _cells(view, 3)[0].startswith("Probably Spain · Español · ")
        hostile = view.model.index(1, 0)
        _change(desk, 1, url="<img src=file:///etc/passwd>")
        view.on_changes({"site": set()})
        assert "<img" not in hostile.data(Qt.ItemDataRole.ToolTipRole)
        spoken = QAccessible.queryAccessibleInterface(view.table)
        assert spoken.text(QAccessible.Text.Name) == "Visitors on the site"


async def test_what_changes_moves_no_other_row() -> None:
    desk = _desk()
    assert desk.visitors is not None
    model = SiteModel()
    model.show(desk.visitors)
    resets, inserted = QSignalSpy(model.modelReset), QSignalSpy(model.rowsInserted)
    removed, changed = QSignalSpy(model.rowsRemoved), QSignalSpy(model.dataChanged)
    model.show(desk.visitors)
    assert [spy.count() for spy in (resets, inserted, removed, changed)] == [0, 0, 0, 0]
    first, second, third, *others = desk.visitors
    model.show([first, msgspec.structs.replace(third, title="Paid"), *others])
    assert [spy.count() for spy in (resets, inserted, removed, changed)] == [0, 0, 1, 1]
    model.show([first, second, third, *others])
    assert [spy.count() for spy in (resets, inserted, removed, changed)] == [0, 1, 1, 2]
    assert [model.visitor(row) for row in range(5)] == desk.visitors


async def test_a_visitor_is_invited_from_the_keyboard() -> None:
    desk = _desk()
    assert desk.visitors is not None
    async with shown(SiteView(desk), 1180, 600) as view:
        said = QSignalSpy(view.said)
        view.table.selectRow(0)
        view.table.setFocus()
        press(view, Qt.Key.Key_Return)
        assert view.text.hasFocus()
        press(view, Qt.Key.Key_Return)  # there is no text yet
        assert not view.invite.isEnabled()
        view.text.setText(" Can I help? ")
        press(view, Qt.Key.Key_Return)
        await until(lambda: said.count() == 1)
        assert desk.invited == [(desk.visitors[0].id, "Can I help?")]
        assert view.text.text() == ""
        _change(desk, 0, state="asked", invited_by="Jonas Weber")
        view.on_changes({"site": set()})
        await settled()
        assert (view.invite.isVisible(), _cells(view, 6)[0]) == (False, "Invited by Jonas Weber")


async def test_what_is_refused_is_said_and_the_text_stays() -> None:
    desk = _desk()
    desk.not_invited = AgentDeskError(msg("This visitor has left."))
    async with shown(SiteView(desk), 1180, 600) as view:
        said = QSignalSpy(view.said)
        view.table.selectRow(0)
        view.text.setText("Can I help?")
        view.invite.click()
        await until(lambda: said.count() == 1)
        assert str(said.at(0)[0]) == "This visitor has left."
        await until(view.invite.isEnabled)
        assert view.text.text() == "Can I help?"


async def test_a_running_chat_opens() -> None:
    desk = _desk()
    async with shown(SiteView(desk), 1180, 600) as view:
        wanted = QSignalSpy(view.conversation_wanted)
        view.table.selectRow(2)
        assert (view.open.isVisible(), view.invite.isVisible()) == (True, False)
        view.open.click()
        assert wanted.at(0)[0] == desk.find(ANA)


async def test_the_choice_goes_with_its_visitor() -> None:
    desk = _desk()
    assert desk.visitors is not None
    async with shown(SiteView(desk), 1180, 600) as view:
        view.table.selectRow(0)
        assert view.invite.isVisible()
        del desk.visitors[0]
        view.on_changes({"site": set()})
        assert (view.invite.isVisible(), view.table.selectionModel().hasSelection()) == (False, False)


@pytest.mark.parametrize(
    ("link", "sees", "visitors", "words"),
    [
        (Link.OFFLINE, False, None, "No connection to the server"),
        (Link.SYNCED, False, None, "The server cannot tell yet"),
        (Link.SYNCED, True, None, "Looking who is there…"),
        (Link.SYNCED, True, [], "Nobody is on the site"),
    ],
)
async def test_without_anybody_it_says_why(
    link: Link, sees: bool, visitors: list[SiteVisitor] | None, words: str
) -> None:
    desk = FakeDesk.sample()
    desk.visitors, desk.sees_site = visitors, sees
    desk.set_link(link)
    async with shown(SiteView(desk), 1180, 600) as view:
        assert view.empty.isVisible()
        assert view.empty.accessibleName() == words
        assert not view.table.isVisible()
