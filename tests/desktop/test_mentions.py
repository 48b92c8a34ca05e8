"""Mentioning colleagues: offered behind an @, sent by id, and told to who is meant."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation, shown

from agentdesk.base import clock
from agentdesk.commands.values import AddNote, SeeMentions
from agentdesk.desktop.models.rail import RailModel
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.queries.rows import Counts, MentionRow, UserRow, View

ANA = 4417


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _colleague(desk: FakeDesk) -> UserRow:
    return next(row for row in desk.world.users.values() if desk.me and row.id != desk.me.id)


def _notes(desk: FakeDesk) -> list[AddNote]:
    return [command for command in desk.commands if isinstance(command, AddNote)]


async def test_an_at_in_a_note_offers_colleagues_and_the_note_names_them(desk: FakeDesk) -> None:
    colleague = _colleague(desk)
    async with conversation(ANA, desk) as view:
        composer = view.composer
        composer.start("note")
        QTest.keyClicks(composer.box.note_text, "Look, @")
        popup = await until(lambda: composer.mentions.popup, what="the list")
        await until(popup.isVisible)
        QTest.keyClicks(popup.focusWidget(), colleague.name.split()[0])
        QTest.keyClick(popup.focusWidget(), Qt.Key.Key_Return)
        await until(lambda: composer.box.note_text.plain() == f"Look, @{colleague.name} ")
        await composer.send()
        (note,) = _notes(desk)
        assert [(one.kind, one.id) for one in note.mentions] == [("user", colleague.id)]


async def test_a_reply_offers_nobody(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        QTest.keyClicks(view.composer.box.reply_text, "@")
        assert view.composer.mentions.popup is None


async def test_a_note_that_would_not_reach_somebody_is_not_added(desk: FakeDesk) -> None:
    colleague = _colleague(desk)
    desk.outsiders.add(colleague.id)
    async with conversation(ANA, desk) as view:
        composer = view.composer
        composer.start("note")
        composer.box.note_text.insertPlainText(f"@{colleague.name} look")
        await composer.send()
        assert _notes(desk) == []
        assert composer.strip.isVisible()
        assert composer.box.note_text.plain() == f"@{colleague.name} look"


async def test_opening_a_conversation_says_that_mentions_were_seen(desk: FakeDesk) -> None:
    where = desk.find(ANA)
    desk.mentions.append(
        MentionRow(
            id=desk.world.new_id(), conversation_id=where, created_at=clock.now(), author_name="Jo", text="x"
        )
    )
    async with conversation(ANA, desk):
        await until(lambda: SeeMentions(conversation_id=where) in desk.commands)


def _marked(document: QTextDocument) -> list[str]:
    """What has another colour than the rest."""
    found, block = [], document.firstBlock()
    while block.isValid():
        ranges = [(one.start, one.length) for one in block.layout().formats()]
        text = block.text().encode("utf-16-le")
        found += [text[2 * start : 2 * (start + length)].decode("utf-16-le") for start, length in ranges]
        block = block.next()
    return found


async def test_names_are_marked_while_they_are_written(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.start("note")
        text = view.composer.box.note_text
        text.insertPlainText("\N{SLIGHTLY SMILING FACE} @Maria Costa and @Nobody, look")
        await until(lambda: _marked(text.document()) == ["@Maria Costa"])


async def test_who_is_mentioned_is_marked_in_the_transcript(desk: FakeDesk) -> None:
    where, colleague = desk.find(ANA), _colleague(desk)
    me = desk.me
    assert me is not None
    words = "Hi \N{SLIGHTLY SMILING FACE} @Jonas Weber, @Maria Costa."
    note = desk.thread(where).note(colleague, 0, words, mentions=[me])
    async with conversation(ANA, desk) as view:
        card = view.transcript.card(note.id)
        assert card is not None
        assert card.content is not None
        document = card.content.body.document()
        cursor = document.find("Jonas")
        assert cursor.charFormat().foreground().color() == theme().color("accent.text")
        for words in ("Hi", "Maria", ", @"):
            assert document.find(words).charFormat().foreground().color() != theme().color("accent.text")


async def test_a_row_says_that_somebody_is_mentioned_until_it_was_seen(desk: FakeDesk) -> None:
    where = desk.find(ANA)
    mention = MentionRow(
        id=desk.world.new_id(), conversation_id=where, created_at=clock.now(), author_name="Jo", text="x"
    )
    async with shown(QueuePane(desk), 344, 600) as pane:
        stop = desk.subscribe(pane.on_changes)
        pane.show_view(View(kind="all"))
        place = await until(lambda: pane.model.position(where), what="the list is there")

        def says() -> str:
            return str(pane.model.index(place, 0).data(Qt.ItemDataRole.AccessibleTextRole))

        await until(lambda: "Ana Ruiz" in says())
        assert "you are mentioned" not in says()
        desk.mentions.append(mention)
        desk.emit(mention={mention.id})
        await until(lambda: "you are mentioned" in says())
        desk.mentions.clear()
        desk.emit(mention={mention.id})
        await until(lambda: "you are mentioned" not in says())
        stop()


def test_the_rail_counts_mentions_and_marks_those_not_seen() -> None:
    model = RailModel()
    model.set_counts(Counts(mentions=3, mentions_unseen=1), 0)
    place = model.position_of(View(kind="mentions"))
    assert place is not None
    entry = model.entries[place]
    assert (entry.count, entry.unread) == (3, True)
