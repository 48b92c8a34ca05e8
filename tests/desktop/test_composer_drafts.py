"""Drafts of the same person's other desk, in the composer: shown where nothing is being typed, and the text
that gave way can be used again."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import conversation

from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.sync.desk import Draft

ANA = 4417


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _draft(desk: FakeDesk, text: str, mode: str = "reply") -> Draft:
    return Draft(conversation_id=desk.find(ANA), mode=mode, text=text)


async def _saved(desk: FakeDesk, text: str) -> bool:
    draft = await desk.draft(desk.find(ANA), "reply")
    return draft is not None and draft.text == text


async def _changed_elsewhere(desk: FakeDesk, view: ConversationView, draft: Draft) -> None:
    await desk.save_draft(draft)
    view.on_changes({"draft": {draft.conversation_id}})


async def test_a_draft_that_came_is_shown_and_goes_when_it_was_sent_elsewhere(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        box = view.composer.box
        QTest.keyClicks(box.text, "Good")
        await until(lambda: _saved(desk, "Good"))
        cursor = box.text.textCursor()
        cursor.setPosition(2)
        box.text.setTextCursor(cursor)
        await _changed_elsewhere(desk, view, _draft(desk, "Good day, Ana"))
        await until(lambda: box.reply_text.plain() == "Good day, Ana")
        assert box.reply_text.textCursor().position() == 2
        await _changed_elsewhere(desk, view, _draft(desk, ""))
        await until(lambda: box.reply_text.is_blank())


async def test_what_is_being_typed_stays_and_says_what_it_grew_out_of(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.save_draft(_draft(desk, "First"))
    first = await desk.draft(desk.find(ANA), "reply")
    assert first is not None
    given: list[Draft] = []
    save = desk.save_draft

    async def noting(draft: Draft) -> object:
        given.append(draft)
        return await save(draft)

    async with conversation(ANA, desk) as view:
        QTest.keyClicks(view.composer.box.text, ", and more")
        await _changed_elsewhere(desk, view, _draft(desk, "Second"))
        monkeypatch.setattr(desk, "save_draft", noting)
        await until(lambda: given)
        assert (given[0].text, given[0].edition) == ("First, and more", first.edition)
        assert view.composer.box.reply_text.plain() == "First, and more"


@pytest.mark.parametrize(("key", "text"), [("insert", "Newer\n\nOlder, from the train"), ("drop", "Newer")])
async def test_the_text_that_gave_way_is_offered(desk: FakeDesk, key: str, text: str) -> None:
    await desk.save_draft(_draft(desk, "Newer"))
    aside = msgspec.structs.replace(_draft(desk, "Older, from the train"), edition=desk.world.new_id())
    desk.asides.append(aside)
    async with conversation(ANA, desk) as view:
        strip = view.composer.strip
        await until(strip.isVisible)
        assert strip.about == "aside"
        strip.pressed.emit(key)
        await until(lambda: not desk.asides)
        await until(lambda: _saved(desk, text))
        assert view.composer.box.reply_text.plain() == text
        assert strip.isHidden()


async def test_what_is_only_looked_at_leaves_no_draft(desk: FakeDesk) -> None:
    async with conversation(ANA, desk) as view:
        typed: list[None] = []
        view.composer.box.typed.connect(lambda: typed.append(None))
        view.composer.box.note_text.set_names(["Somebody who came to the inbox"])
        assert not typed
        QTest.keyClicks(view.composer.box.text, "G")
        assert typed
