"""My own status: chosen at my picture, shown there and where colleagues are given conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation
from tests.helpers.windows import main_window, press

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.paths import resource
from agentdesk.base.text import msg
from agentdesk.commands.values import AnyCommand, SetAvailability
from agentdesk.desktop.locale import time_text
from agentdesk.desktop.models.teammates import by_room, dot_of, return_times, standing_text, state_words
from agentdesk.desktop.my_status import MyStatus
from agentdesk.desktop.widgets.popup_list import PopupList
from agentdesk.desktop.workspace import Workspace
from agentdesk.domain.availability import OWN_ICONS, Availability
from agentdesk.queries.team_rows import OwnStatusRow, TeammateRow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _stand(desk: FakeDesk, name: str, **values: object) -> None:
    """A colleague, or this person on another desk, chooses something."""
    one = next(row.id for row in desk.world.users.values() if row.name == name)
    desk.world.standings[one] = {**desk.world.standings.get(one, {}), **values}
    desk.emit(availability={one})


@asynccontextmanager
async def shown(desk: FakeDesk, folder: Path) -> AsyncIterator[tuple[Workspace, MyStatus]]:
    async with main_window(desk, folder) as panes:
        status = panes.rail.findChild(MyStatus)
        assert isinstance(status, MyStatus)
        await until(lambda: _checked(status) == [Availability.AVAILABLE], what="my status is known")
        yield panes, status


def _checked(status: MyStatus) -> list[Availability]:
    return [state for state, action in status.choices.items() if action.isChecked()]


def _said(desk: FakeDesk) -> list[AnyCommand]:
    return [one for one in desk.commands if isinstance(one, SetAvailability)]


def _spoken(panes: Workspace) -> list[str]:
    return [button.accessibleName() for button in panes.rail.findChildren(QToolButton)]


async def test_my_status_is_chosen_by_its_key_and_shown_at_my_picture(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, status):
        assert "My menu, Jonas Weber, Available" in _spoken(panes)
        press(panes, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert QApplication.activePopupWidget() is status.menu
        status.choices[Availability.BREAK].trigger()
        status.menu.close()
        await until(lambda: "My menu, Jonas Weber, Break" in _spoken(panes))
        assert _checked(status) == [Availability.BREAK]
        (command,) = _said(desk)
        assert isinstance(command, SetAvailability)
        assert (command.state, command.back_at) == ("break", None)
        assert clock.now() - command.chosen_at < timedelta(minutes=1)


async def test_the_same_choices_open_my_menu(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, status):
        offered = panes.my_menu.menu.actions()
        assert offered[:4] == list(status.choices.values())
        assert [action.text() for action in offered[:4]] == ["Available", "Busy", "Break", "Offline"]
        _stand(desk, "Jonas Weber", capacity=60)
        load = next(row.load for row in await desk.teammates() if row.name == "Jonas Weber")
        assert load > 0
        await until(lambda: status.load.text() == f"{load} of 60 conversations")


async def test_who_says_when_they_are_back_takes_a_break_until_then(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (_panes, status):
        status.back.aboutToShow.emit()
        status.back.actions()[1].trigger()
        await until(lambda: "until" in status.choices[Availability.BREAK].text())
        (command,) = _said(desk)
        assert isinstance(command, SetAvailability)
        assert command.back_at is not None
        left = command.back_at - clock.now()
        assert timedelta(minutes=28) < left <= timedelta(minutes=30)
        text = status.choices[Availability.BREAK].text()
        assert text.startswith("Break until ")
        assert text.endswith(time_text(command.back_at))


async def test_another_desk_of_mine_and_the_clock_change_it_here_too(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (_panes, status):
        _stand(desk, "Jonas Weber", state="offline")
        await until(lambda: _checked(status) == [Availability.OFFLINE])
        _stand(desk, "Jonas Weber", back_at=clock.now() + timedelta(milliseconds=300))
        await until(lambda: _checked(status) == [Availability.AVAILABLE])


async def test_what_cannot_be_chosen_is_told_and_not_shown(desk: FakeDesk, tmp_path: Path) -> None:
    async with shown(desk, tmp_path) as (panes, status):
        desk.failure = AgentDeskError(msg("The disk is full."))
        status.choices[Availability.BUSY].trigger()
        await until(lambda: panes.queue.toasts.current_text() == "The disk is full.")
        assert _checked(status) == [Availability.AVAILABLE]


async def test_the_picker_shows_who_has_room_first_and_lets_the_others_be_chosen(desk: FakeDesk) -> None:
    now = clock.now()
    for row in await desk.teammates():
        _stand(desk, row.name, capacity=60)
    _stand(desk, "Elif Demir", state="break")
    maria = next(row for row in await desk.teammates() if row.name.startswith("Maria"))
    _stand(desk, maria.name, capacity=maria.load)
    async with conversation(5118, desk) as view:
        view.deeds.choose_assignee()
        popup = await until(lambda: view.deeds.menus.popup("assign"))
        loads = {row.name: row.load for row in await desk.teammates()}
        shown_rows = popup.findChild(PopupList)
        assert isinstance(shown_rows, PopupList)
        items = shown_rows.rows.items[1:-1]  # between me and nobody
        assert [item.quiet for item in items] == sorted(item.quiet for item in items)
        assert {item.text for item in items if item.quiet} == {"Elif Demir", maria.name}
        assert all(item.enabled for item in items)
        shown_loads = {item.text: item.detail for item in items}
        assert shown_loads["Elif Demir"] == f"Break, {loads['Elif Demir']}/60"
        assert shown_loads[maria.name] == f"At limit, {maria.load}/{maria.load}"
    away = msgspec.structs.replace(maria, unreachable_since=now)
    assert standing_text(away, now) == f"Not reachable, {maria.load}/60"


async def test_people_are_sorted_by_who_takes_one_more_and_how_much_they_have(desk: FakeDesk) -> None:
    now = clock.now()
    row = (await desk.teammates())[0]

    def like(name: str, **values: object) -> TeammateRow:
        return msgspec.structs.replace(row, name=name, **values)

    rows = [
        like("away", load=0, state="offline"),
        like("full", load=2, capacity=2),
        like("much", load=9),
        like("some", load=3, capacity=4),
        like("Else", load=3),
    ]
    assert [one.name for one in by_room(rows, now)] == ["Else", "some", "much", "away", "full"]


def _define(desk: FakeDesk, name: str, kind: str, icon: str, minutes: int | None = None) -> OwnStatusRow:
    """The team has a status of its own."""
    made = OwnStatusRow(id=desk.world.new_id(), name=name, kind=kind, icon=icon, minutes=minutes)
    desk.world.statuses[made.id] = made
    desk.emit(own_status={made.id})
    return made


async def test_a_status_of_the_team_is_chosen_shown_and_kept(desk: FakeDesk, tmp_path: Path) -> None:
    _define(desk, "On a call", "busy", "phone")
    lunch = _define(desk, "Lunch & rest", "break", "moon", 30)
    async with shown(desk, tmp_path) as (panes, status):
        for menu in (status.menu, panes.my_menu.menu):
            words = [action.text() for action in menu.actions()[:6]]
            assert words == ["Available", "Busy", "Break", "Offline", "On a call", "Lunch && rest"]
        status.own[lunch.id].trigger()
        await until(lambda: _said(desk), what="chosen")
        (command,) = _said(desk)
        assert isinstance(command, SetAvailability)
        assert (command.state, command.status_id) == ("break", lunch.id)
        assert command.back_at is not None
        assert timedelta(minutes=29) < command.back_at - clock.now() <= timedelta(minutes=30)
        until_then = time_text(command.back_at)  # which may be tomorrow

        def is_told() -> bool:
            begins = "My menu, Jonas Weber, Lunch & rest until "
            return any(one.startswith(begins) and one.endswith(until_then) for one in _spoken(panes))

        await until(is_told, what="it is shown")
        assert status.own[lunch.id].isChecked()
        assert _checked(status) == []
        desk.world.retired.add(lunch.id)
        desk.emit(own_status={lunch.id})
        call = next(one for one in desk.world.statuses.values() if one.name == "On a call")
        desk.world.retired.add(call.id)
        desk.emit(own_status={call.id})
        await until(lambda: list(status.own) == [lunch.id], what="who has it keeps it")
        assert is_told()
        status.choices[Availability.AVAILABLE].trigger()
        await until(lambda: not status.own, what="nobody can choose it any more")
        assert _checked(status) == [Availability.AVAILABLE]


async def test_colleagues_see_the_team_s_words_and_who_is_at_their_limit(desk: FakeDesk) -> None:
    now, call = clock.now(), _define(desk, "On a call", "busy", "phone")
    _stand(desk, "Elif Demir", state="busy", status_id=call.id)
    rows = {row.name: row for row in await desk.teammates()}
    elif_ = rows["Elif Demir"]
    assert standing_text(elif_, now) == f"On a call, {elif_.load}"
    assert not elif_.takes(now)
    over = msgspec.structs.replace(elif_, back_at=now)  # it has ended: available again
    assert standing_text(over, now) == f"{elif_.load}"
    full = msgspec.structs.replace(over, capacity=elif_.load, back_at=None, own_name="", state="available")
    assert str(state_words(full, now)) == "At limit"
    assert dot_of(full, now) == "warn.mark"


def test_all_icons_of_statuses_are_there() -> None:
    assert all(resource(f"icons/{name}.svg").is_file() for name in OWN_ICONS)


def test_return_times_lie_ahead_in_their_order() -> None:
    now = clock.now().astimezone()
    times = [at for _, at in return_times(now)]
    assert times == sorted(times)
    assert all(at > now for at in times)
