"""A supervisor at a colleague's chat: a note is a whisper to whoever has it; watching, joining, taking it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from tests.helpers.fake_commands import apply_command
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import make_chat
from tests.helpers.until import until
from tests.helpers.views import conversation, settled
from tests.helpers.windows import main_window, opened

from agentdesk.base.i18n import render
from agentdesk.commands.values import AddNote, JoinChat, LeaveChat, MarkRead, Mention, TakeOver
from agentdesk.desktop.views import whispers
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.words import event_words
from agentdesk.queries.rows import MentionedRow, MessageRow, UserRow
from agentdesk.sync.desk import Link
from agentdesk.sync.presence import Other

ANA, TOM = 4417, 4390
DEEDS = ("chat.whisper", "chat.join", "chat.leave", "chat.take_over")


@pytest.fixture
def desk() -> FakeDesk:
    """Ana's conversation is a chat of Maria's, and I supervise; Tom's is mail."""
    made = FakeDesk.sample()
    maria = _maria(made)
    make_chat(made, ANA, assignee_id=maria.id, assignee_name=maria.name)
    made.permit(supervise=True)
    return made


def _maria(desk: FakeDesk) -> UserRow:
    return next(row for row in desk.world.users.values() if row.name == "Maria Costa")


def _whispered(desk: FakeDesk, by: UserRow, to: UserRow, text: str) -> MessageRow:
    """Somebody whispers in Ana's chat; views hear of it."""
    here = desk.find(ANA)
    row = desk.thread(here).note(by, 0, text)
    row = msgspec.structs.replace(row, mentions=(MentionedRow(kind="whisper", id=to.id, name=to.name),))
    desk.world.messages[row.id] = row
    desk.emit(message={row.id}, conversation={here})
    return row


async def test_a_note_in_a_colleagues_chat_is_a_whisper(desk: FakeDesk) -> None:
    maria = _maria(desk)
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        view.composer.start("note")
        assert box.note_text.accessibleName() == "Whisper to Maria, only your team"
        assert box._only.text() == "To Maria and your team, never to the visitor"
        assert box.send.text() == "Whisper"
        box.note_text.insertPlainText("Offer a refund")
        await view.composer.send()
        (note,) = [one for one in desk.commands if isinstance(one, AddNote)]
        assert note.mentions == (Mention("whisper", maria.id, maria.name),)
        await until(lambda: view.transcript.card(note.message_id))
        card = view.transcript.card(note.message_id)
        assert card is not None
        assert card.accessibleName().startswith("Jonas Weber whispers to Maria Costa, only your team")
        await view.open(desk.find(TOM))
        view.composer.start("note")
        assert box.note_text.accessibleName() == "Internal note"
        assert box.send.text() == "Add note"


@pytest.mark.parametrize("theirs", [False, True])
async def test_it_stays_a_note_where_nobody_has_the_chat_or_i_may_not(desk: FakeDesk, theirs: bool) -> None:
    if theirs:
        desk.permit(supervise=False)
    else:
        make_chat(desk, ANA, assignee_id=None)
    async with conversation(ANA, desk) as view:
        view.composer.start("note")
        view.composer.box.note_text.insertPlainText("Ask Elif")
        await view.composer.send()
        (note,) = [one for one in desk.commands if isinstance(one, AddNote)]
        assert note.mentions == ()


async def test_it_follows_who_has_the_chat(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        view.composer.start("note")
        box = view.composer.box
        make_chat(desk, ANA, assignee_id=None)
        desk.emit(conversation={desk.find(ANA)})
        await until(lambda: box.note_text.accessibleName() == "Internal note")


async def test_a_screen_reader_says_what_is_whispered_to_me(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(whispers, "announce", lambda _widget, text: said.append(text))
    me, maria = desk.me, _maria(desk)
    assert me is not None
    make_chat(desk, ANA, assignee_id=me.id, assignee_name=me.name)
    async with conversation(ANA, desk) as view:

        async def shows(row: UUID) -> None:
            await until(lambda: view.transcript.card(row))
            await settled()

        for row in (
            _whispered(desk, maria, me, "Offer\na refund"),
            _whispered(desk, me, maria, "No"),
            desk.thread(desk.find(ANA)).note(maria, 0, "A note"),
        ):
            desk.emit(message={row.id}, conversation={desk.find(ANA)})
            await shows(row.id)
        assert said == ["Maria Costa whispers to you: Offer a refund"]


# --- watching, joining, taking over ---


@asynccontextmanager
async def _looking(desk: FakeDesk, number: int = ANA) -> AsyncIterator[ConversationView]:
    """The conversation in the active window."""
    async with conversation(number, desk) as view:
        view.activateWindow()
        await until(lambda: view.isActiveWindow())
        await settled()
        yield view


def _reads(desk: FakeDesk) -> list[MarkRead]:
    return [one for one in desk.commands if isinstance(one, MarkRead)]


async def test_watching_is_quiet_and_says_so(desk: FakeDesk) -> None:
    make_chat(desk, ANA, unread=True)
    async with _looking(desk) as view:
        assert desk.is_watching
        assert desk.places[-1] == (desk.find(ANA), "")
        strip = view.supervising.strip
        assert strip.isVisible()
        assert strip._title.text() == "You are watching Maria's chat"
        box = view.composer.box
        assert box.mode == "note"
        assert not box.switch._buttons["reply"].isEnabled()
        assert "Join the chat" in box.switch._buttons["reply"].toolTip()
        view.deeds.start_reply()
        assert box.mode == "note"
        desk.receive(desk.find(ANA), "Are you there?")
        await settled(20)
        assert _reads(desk) == []
        await view.open(desk.find(TOM))
        await settled()
        assert not desk.is_watching
        assert not strip.isVisible()
        assert box.switch._buttons["reply"].isEnabled()


@pytest.mark.parametrize("why", ["mine", "nobodys", "mail", "resolved", "may not"])
async def test_only_a_colleagues_running_chat_is_watched(desk: FakeDesk, why: str) -> None:
    assert desk.me is not None
    if why == "may not":
        desk.permit(supervise=False)
    values: dict[str, dict[str, object]] = {
        "mine": {"assignee_id": desk.me.id},
        "nobodys": {"assignee_id": None},
        "mail": {"channel": "email"},
        "resolved": {"status": "resolved"},
    }
    make_chat(desk, ANA, unread=True, **values.get(why, {}))
    async with _looking(desk) as view:
        assert not desk.is_watching
        assert not view.supervising.strip.isVisible()
        assert view.composer.box.switch._buttons["reply"].isEnabled()
        await until(lambda: _reads(desk))


async def test_joining_lets_one_write_and_leaving_watches_again(desk: FakeDesk) -> None:
    here = desk.find(ANA)
    async with _looking(desk) as view:
        strip, box = view.supervising.strip, view.composer.box
        strip.button("join").click()
        await until(lambda: strip._title.text() == "You have joined Maria's chat")
        assert desk.commands[-1] == JoinChat(conversation_id=here)
        assert box.mode == "reply"
        assert not desk.is_watching
        view.composer.start("note")
        assert box.send.text() == "Whisper", "still a colleague's chat"
        strip.button("leave").click()
        await until(lambda: strip._title.text() == "You are watching Maria's chat")
        assert desk.commands[-1] == LeaveChat(conversation_id=here)
        assert desk.is_watching
        assert not box.switch._buttons["reply"].isEnabled()


async def test_taking_over_makes_it_mine_and_is_undone(desk: FakeDesk) -> None:
    here, maria, me = desk.find(ANA), _maria(desk), desk.me
    assert me is not None
    async with _looking(desk) as view:
        said: list[Callable[[], None]] = []
        view.said.connect(lambda _text, _undo, do: said.append(do))
        view.supervising.strip.button("take_over").click()
        await until(lambda: said)
        assert desk.commands[-1] == TakeOver(conversation_id=here, seen_assignee_id=maria.id)
        await until(lambda: not view.supervising.strip.isVisible())
        assert view.composer.box.switch._buttons["reply"].isEnabled()
        said[0]()
        await until(lambda: view.supervising.strip.isVisible())
        assert desk.commands[-1] == TakeOver(conversation_id=here, seen_assignee_id=me.id, back_to=maria.id)


async def test_without_a_connection_the_visitor_cannot_be_told(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        possible = {one: panes.actions_.action(one).isEnabled for one in DEEDS}
        strip = panes.conversation.supervising.strip
        assert [one() for one in possible.values()] == [True, True, False, True]
        desk.set_link(Link.OFFLINE)
        assert [one() for one in possible.values()] == [True, False, False, False]
        assert panes.actions_.action("chat.join").toolTip() == "This needs a connection to the server."
        assert not strip.button("join").isEnabled()
        assert strip.button("whisper").isEnabled()
        desk.set_link(Link.SYNCED)
        assert strip.button("join").isEnabled()
        panes.actions_.trigger("chat.join")
        await until(lambda: [one() for one in possible.values()] == [True, False, True, True])


async def test_who_may_not_is_told_why(desk: FakeDesk, tmp_path: Path) -> None:
    desk.permit(supervise=False)
    async with main_window(desk, tmp_path, kind="all") as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        row = desk.world.conversations[desk.find(ANA)]
        menu = panes.conversation.deeds.menu(row)
        assert menu.toolTipsVisible()
        deeds = [one for one in menu.actions() if one.objectName() in DEEDS]
        assert [one.isEnabled() for one in deeds] == [False] * 4
        assert {one.toolTip() for one in deeds} == {
            "Watching colleagues' chats and helping in them is left to supervisors."
        }
        menu.deleteLater()


async def test_the_agent_sees_that_somebody_watches(desk: FakeDesk) -> None:
    me = desk.me
    assert me is not None
    make_chat(desk, ANA, assignee_id=me.id, assignee_name=me.name)
    async with conversation(ANA, desk) as view:
        desk.colleagues(desk.find(ANA), Other(_maria(desk).id, watching=True))
        await until(lambda: view.head.others.isVisible())
        assert view.head.others.accessibleName() == "Maria is watching"
        assert view.presence.line.text() == ""
        desk.colleagues(desk.find(ANA), Other(_maria(desk).id, "note", watching=True))
        await settled()
        assert view.head.others.accessibleName() == "Maria is writing a note"


async def test_whose_chat_was_taken_over_is_told(desk: FakeDesk, tmp_path: Path) -> None:
    me, maria, here = desk.me, _maria(desk), desk.find(ANA)
    assert me is not None
    make_chat(desk, ANA, assignee_id=me.id, assignee_name=me.name)
    async with main_window(desk, tmp_path, kind="all") as panes:
        said: list[str] = []
        panes.late.taken.said.connect(lambda text, _show, _do: said.append(render(text)))
        change = apply_command(
            desk.world, maria, TakeOver(conversation_id=here, seen_assignee_id=me.id), held=False
        )
        event = next(row for row in desk.world.events.values() if row.data.get("taken_from"))
        for _ in range(2):
            desk.emit(**{**change, "event": {event.id}})
            await settled(10)
        await until(lambda: said)
        assert said == ["Maria Costa took over your chat with Ana Ruiz."]
        assert render(event_words(event)) == f"Maria Costa took the chat over from {me.name}"
