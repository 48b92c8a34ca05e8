"""Together on a conversation: what colleagues are told of this window, and what it shows of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, settled, shown
from tests.helpers.windows import list_loaded, main_window

from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.models.queue import WRITERS_ROLE
from agentdesk.desktop.theme import Density, theme
from agentdesk.desktop.views import presence
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.queries.rows import View
from agentdesk.sync.presence import Other

ANA, TOM = 4417, 4390


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a screen reader was told."""
    words: list[str] = []
    monkeypatch.setattr(presence, "announce", lambda _widget, text: words.append(text))
    return words


def _user(desk: FakeDesk, name: str) -> UUID:
    return next(user.id for user in desk.world.users.values() if user.name.startswith(name))


def _place(desk: FakeDesk) -> tuple[UUID | None, str]:
    """Where colleagues were told last that this desk is."""
    return desk.places[-1]


@asynccontextmanager
async def _looking(number: int, desk: FakeDesk) -> AsyncIterator[ConversationView]:
    """The conversation in the active window."""
    async with conversation(number, desk) as view:
        view.activateWindow()
        await until(lambda: view.isActiveWindow())
        await settled()
        yield view


# --- what colleagues are told ---


async def test_colleagues_are_told_what_is_open(desk: FakeDesk) -> None:
    async with _looking(ANA, desk) as view:
        assert _place(desk) == (desk.find(ANA), "")
        await view.open(desk.find(TOM))
        await settled()
        assert _place(desk) == (desk.find(TOM), "")
        view.clear()
        assert _place(desk) == (None, "")
        await view.open(UUID(int=1))
        assert _place(desk) == (None, "")
        await view.open(desk.find(ANA))
    assert _place(desk) == (None, ""), "closing the window ends it"


async def test_typing_a_reply_or_a_note_is_told_once(desk: FakeDesk) -> None:
    async with _looking(ANA, desk) as view:
        here = desk.find(ANA)
        desk.places.clear()
        QTest.keyClicks(view.composer.box.text, "Good day")
        assert desk.places == [(here, "reply")]
        view.composer.switch_mode()
        assert _place(desk) == (here, "")
        QTest.keyClicks(view.composer.box.text, "Ask Elif")
        assert desk.places == [(here, "reply"), (here, ""), (here, "note")]
        view.composer.box.text.selectAll()
        QTest.keyClick(view.composer.box.text, Qt.Key.Key_Delete)
        assert _place(desk) == (here, ""), "nothing is left of it"


async def test_sending_and_leaving_end_writing(desk: FakeDesk) -> None:
    async with _looking(ANA, desk) as view:
        here = desk.find(ANA)
        view.composer.start("note")
        QTest.keyClicks(view.composer.box.text, "Called her")
        assert _place(desk) == (here, "note")
        await view.composer.send()
        assert _place(desk) == (here, "")
        QTest.keyClicks(view.composer.box.text, "Good day")
        assert _place(desk) == (here, "reply")
        await view.composer.send()
        assert _place(desk) == (here, "")
        view.composer.start("note")
        QTest.keyClicks(view.composer.box.text, "More")
        await view.open(desk.find(TOM))
        await settled()
        assert _place(desk) == (desk.find(TOM), "")


async def test_a_draft_that_is_only_there_is_not_writing(desk: FakeDesk) -> None:
    async with _looking(ANA, desk) as view:
        QTest.keyClicks(view.composer.box.text, "Good day")
        await view.open(desk.find(TOM))
        await view.open(desk.find(ANA))
        await settled()
        assert not view.composer.box.text.is_blank()
        assert _place(desk) == (desk.find(ANA), "")


async def test_who_types_no_more_is_not_writing_any_more(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_QUIET_MS", 50)
    async with _looking(ANA, desk) as view:
        QTest.keyClicks(view.composer.box.text, "Good")
        assert _place(desk) == (desk.find(ANA), "reply")
        await until(lambda: _place(desk) == (desk.find(ANA), ""))


async def test_only_the_active_window_counts(desk: FakeDesk) -> None:
    async with _looking(ANA, desk) as view:
        here = desk.find(ANA)
        dialog = QDialog(view)
        dialog.open()
        dialog.activateWindow()
        await until(lambda: dialog.isActiveWindow())
        await settled()
        assert _place(desk) == (here, ""), "a dialog of the window is the window"
        dialog.close()
        async with shown(QWidget()) as other:
            other.activateWindow()
            await until(lambda: other.isActiveWindow())
            await settled()
            assert QApplication.activeWindow() is other
            assert _place(desk) == (None, "")
        view.activateWindow()
        await until(lambda: _place(desk) == (here, ""))


# --- what is shown of colleagues ---


async def test_the_head_shows_who_else_is_there(desk: FakeDesk, said: list[str]) -> None:
    async with conversation(ANA, desk) as view:
        here, maria, elif_ = desk.find(ANA), _user(desk, "Maria"), _user(desk, "Elif")
        faces = view.head.others
        assert faces.isHidden()
        desk.colleagues(here, Other(maria))
        await until(lambda: faces.isVisible())
        assert faces.accessibleName() == "Maria is viewing"
        assert view.presence.line.text() == ""
        desk.colleagues(here, Other(elif_, "note"), Other(maria))
        await settled()
        assert faces.accessibleName() == "Elif is writing a note, Maria is viewing"
        assert faces.toolTip() == "Elif is writing a note\nMaria is viewing"
        assert view.presence.line.text() == "Elif is writing a note"
        desk.colleagues(here, Other(elif_, "note"), Other(maria, "reply"))
        assert view.presence.line.text() == "Elif, Maria are writing"
        desk.colleagues(here, Other(maria, "reply"))
        assert view.presence.line.text() == "Maria is writing a reply"
        desk.colleagues(here)
        assert faces.isHidden()
        assert view.presence.line.text() == ""
        assert said == [
            "Maria is viewing",
            "Elif is writing a note",
            "Maria is writing a reply",
            "Nobody else is here now",
        ]


async def test_it_follows_the_conversation_and_says_nothing_of_others(
    desk: FakeDesk, said: list[str]
) -> None:
    async with conversation(ANA, desk) as view:
        desk.colleagues(desk.find(TOM), Other(_user(desk, "Maria"), "reply"))
        await settled()
        assert view.head.others.isHidden()
        await view.open(desk.find(TOM))
        await until(lambda: view.head.others.isVisible())
        assert view.presence.line.text() == "Maria is writing a reply"
        await view.open(desk.find(ANA))
        await settled()
        assert view.head.others.isHidden()
        assert view.presence.line.text() == ""
        assert said == ["Maria is writing a reply"]


async def test_more_faces_than_there_is_room_for_are_a_number(desk: FakeDesk) -> None:
    people = [desk.world.user(f"Person{number}") for number in range(5)]
    async with conversation(ANA, desk) as view:
        faces = view.head.others
        desk.colleagues(desk.find(ANA), *(Other(person.id) for person in people))
        await until(lambda: faces.isVisible())
        view.resize(900, 700)
        await settled()
        wide = faces.width()
        view.resize(480, 700)
        await settled()
        assert view.width() < 560
        assert faces.width() < wide
        assert faces.accessibleName().count("is viewing") == 5
        assert view.head.resolve.isVisible()
        assert view.head.resolve.geometry().right() <= view.head.width()


async def test_somebody_unknown_is_left_out_and_asked_for_once(desk: FakeDesk) -> None:
    asked = 0
    original = desk.users

    async def counted() -> list:  # type: ignore[type-arg]
        nonlocal asked
        asked += 1
        return await original()

    desk.users = counted  # type: ignore[method-assign]
    async with conversation(ANA, desk) as view:
        for _ in range(3):
            desk.colleagues(desk.find(ANA), Other(UUID(int=7)))
            await settled()
        assert view.head.others.isHidden()
        assert asked == 1
        desk.world.users[UUID(int=7)] = type(desk.me)(  # type: ignore[misc]
            id=UUID(int=7), email="", name="Nora Lind", role="agent", active=True
        )
        desk.emit(user={UUID(int=7)})
        await until(lambda: view.head.others.accessibleName() == "Nora is viewing")


@pytest.mark.parametrize("density", ["roomy", "normal", "compact"])
async def test_a_row_of_the_list_says_who_writes_but_not_who_looks(
    desk: FakeDesk, tmp_path: Path, density: Density
) -> None:
    ana, maria = desk.find(ANA), _user(desk, "Maria")
    async with main_window(desk, tmp_path) as panes:
        panes.show_view(View(kind="all"))
        await list_loaded(panes, desk)
        theme().set_density(density)
        try:
            await settled(20)
            model, table = panes.queue.model, panes.queue.table
            place = model.position(ana)
            assert place is not None
            index = model.index(place, 0)
            before = table.viewport().grab().toImage()
            plain = index.data(Qt.ItemDataRole.AccessibleDescriptionRole)
            desk.colleagues(ana, Other(maria))
            await settled(20)
            assert index.data(WRITERS_ROLE) == ()
            desk.colleagues(ana, Other(maria, "reply"))
            await until(lambda: index.data(WRITERS_ROLE) == ((maria, "Maria Costa", "reply"),))
            spoken = index.data(Qt.ItemDataRole.AccessibleDescriptionRole)
            assert spoken == f"Maria is writing a reply, {plain}"
            await until(lambda: table.viewport().grab().toImage() != before)
            desk.colleagues(ana)
            await until(lambda: table.viewport().grab().toImage() == before)
        finally:
            theme().set_density("normal")


async def test_the_words_follow_the_language(desk: FakeDesk) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    async with conversation(ANA, desk) as view:
        desk.colleagues(desk.find(ANA), Other(_user(desk, "Maria"), "reply"))
        await until(lambda: view.head.others.isVisible())
        try:
            apply_locale(app, "de")
            await settled()
            assert view.head.others.accessibleName() == "Maria schreibt eine Antwort"
            assert view.presence.line.text() == "Maria schreibt eine Antwort"
        finally:
            apply_locale(app, "en")
