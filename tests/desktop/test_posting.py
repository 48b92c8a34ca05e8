"""Writing answers to posts: how long, how dear, until when, who reads it, and how it becomes private."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import time_machine
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.sample_posts import able, change_post, customer_posts, follow, make_post
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.commands.values import SendReply
from agentdesk.desktop.ask import Question
from agentdesk.desktop.views.composer_answer import PostAnswer, price_words, window_words
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.domain.abilities import Answering, FileLimit, Price, abilities_of
from agentdesk.domain.lengths import TextLimit
from agentdesk.domain.posts import Post, PostKind, Visibility, Way, as_row
from agentdesk.queries.rows import MessageRow

TOM = 4390
PUBLIC, LIMITED, PRIVATE = Visibility.PUBLIC, Visibility.LIMITED, Visibility.PRIVATE
ROOM = TextLimit(40, url=23)
FILES = FileLimit(2, {"image/": 2_000, "video/": 9_000}, alt=30)
_POST = Post(kind=PostKind.MENTION, visibility=PUBLIC)
BOTH = (Answering(PUBLIC, text=ROOM, files=FILES), Answering(PRIVATE, text=TextLimit(1_000)))


def _desk(
    visibility: Visibility = PUBLIC, answers: Sequence[Answering] = BOTH, ways: tuple[Way, ...] = ()
) -> tuple[FakeDesk, list[MessageRow]]:
    desk = FakeDesk.sample()
    here = make_post(desk, TOM, visibility)
    if answers:
        able(desk, here, *answers)
    rows = customer_posts(desk, here)
    change_post(desk, rows[-1].id, ways=ways)
    return desk, rows


def _type(view: ConversationView, text: str) -> None:
    QTest.keyClicks(view.composer.box.reply_text, text)


def _band(view: ConversationView) -> list[str]:
    return [label.text() for label in (view.composer.box.readers._title, view.composer.box.readers._text)]


def _sent(desk: FakeDesk) -> list[SendReply]:
    return [one for one in desk.commands if isinstance(one, SendReply)]


async def _send(view: ConversationView) -> None:
    await view.composer.send()
    await settled()


# --- length ---


async def test_the_room_that_is_left_is_counted_as_the_network_counts() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        counter = view.composer.box.foot.counter
        assert counter.words.text() == "40 left"
        _type(view, "Look: https://larkfield.example/refunds/4390")
        assert counter.words.text() == "11 left"
        assert view.composer.box.send.is_possible()
        _type(view, " and wait a bit")
        assert counter.words.text() == "4 too many"
        marked = [one.cursor.selectedText() for one in view.composer.box.reply_text.extraSelections()]
        assert marked == [" bit"]
        assert counter.accessibleName() == "4 too many"
        assert not view.composer.box.send.is_possible()


async def test_the_surplus_begins_behind_signs_of_two_units_too() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        text = view.composer.box.reply_text
        text.setPlainText("\U0001f600" * 40 + "abc")
        assert [one.cursor.selectedText() for one in text.extraSelections()] == ["abc"]
        text.setPlainText("short")
        assert text.extraSelections() == []


async def test_what_is_too_long_is_refused_in_the_words_of_the_server() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        _type(view, "x" * 41)
        await _send(view)
        assert _sent(desk) == []
        said = [label.text() for label in (view.composer.strip._title,)]
        assert said == ["The text is too long: 41 of 40."]
        assert view.composer.box.reply_text.plain() == "x" * 41


async def test_a_far_limit_and_an_unknown_one_show_nothing() -> None:
    desk, _ = _desk(answers=(Answering(PUBLIC, text=TextLimit(10_000)),))
    async with conversation(TOM, desk) as view:
        assert not view.composer.box.foot.counter.isVisibleTo(view)
    desk, _ = _desk(answers=())
    async with conversation(TOM, desk) as view:
        assert not view.composer.box.foot.counter.isVisibleTo(view)
        _type(view, "x" * 500)
        assert view.composer.box.send.is_possible()


async def test_notes_have_no_limit_of_a_network() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        view.composer.start("note")
        QTest.keyClicks(view.composer.box.note_text, "x" * 80)
        assert view.composer.box.send.is_possible()
        assert not view.composer.box.foot.counter.isVisibleTo(view)
        assert view.composer.box.facts.said() == []


# --- price, window, once, reach ---


@pytest.mark.parametrize(
    ("price", "text", "words"),
    [
        (Price("0.01", "USD"), "Hello", "Costs $0.01"),
        (Price("0.01", "USD", "0.20"), "Hello", "Costs $0.01, $0.20 with a link"),
        (Price("0.01", "USD", "0.20"), "See https://a.example", "Costs $0.20 with a link"),
        (Price("0.015", "EUR"), "Hello", "Costs €0.015"),
        (Price("free", "USD"), "Hello", "Costs free USD"),
    ],
)
def test_what_it_costs_is_said(price: Price, text: str, words: str) -> None:
    assert str(price_words(price, text)) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(minutes=1), "Can be answered until 10:36, 1 minute left"),
        (timedelta(seconds=20), "Can be answered until 10:35, 1 minute left"),
        (timedelta(minutes=27), "Can be answered until 11:02, 25 minutes left"),
        (timedelta(hours=3, minutes=30), "Can be answered until 14:05, 3 hours left"),
        (timedelta(hours=10), "Can be answered until 20:35"),
        (timedelta(days=2), "Can be answered until 27 Nov 10:35"),
    ],
)
def test_the_time_that_is_left_is_told_roughly(left: timedelta, words: str) -> None:
    assert str(window_words(NOW + left, NOW)) == words


async def test_price_window_and_reach_stand_below_the_text() -> None:
    answers = (Answering(PUBLIC, price=Price("0.01", "USD", "0.20")),)
    desk, rows = _desk(answers=answers)
    change_post(
        desk, rows[-1].id, ways=(Way(PUBLIC, until=clock.seconds_from_now(3 * 3600 + 60), once=True),)
    )
    change_post(desk, rows[-1].id, warning="Spiders")
    follow(desk, rows[-1], 12_400)
    async with conversation(TOM, desk) as view:
        facts = view.composer.box.facts
        said = await until(lambda: len(facts.said()) == 5 and facts.said())
        await settled()
        assert said[0].endswith("3 hours left")
        assert said[1:] == [
            "The network takes one answer only",
            "Costs $0.01, $0.20 with a link",
            "12,400 people follow Tom Baker",
            "Goes out behind “\u2068Spiders\u2069”",
        ]
        inside = facts.rect()
        assert all(inside.contains(one.geometry()) for one in facts.children() if isinstance(one, QWidget))
        _type(view, "https://a.example")
        assert "Costs $0.20 with a link" in facts.said()


async def test_a_window_that_closes_while_one_writes_bars_the_button_and_keeps_the_text() -> None:
    end = clock.seconds_from_now(600)
    desk, _ = _desk(answers=(), ways=(Way(PUBLIC, until=end),))
    async with conversation(TOM, desk) as view:
        _type(view, "On its way.")
        assert view.composer.box.send.is_possible()
        with time_machine.travel(end + timedelta(seconds=1), tick=True):
            view.composer.posting.refresh()
            assert not view.composer.box.send.is_possible()
            title, remedy = _band(view)
            assert title == "The time in which this can be answered is over."
            assert "It can still be answered in private." in remedy
            assert view.composer.box.reply_text.plain() == "On its way."
            await _send(view)
            assert _sent(desk) == []
            view.composer.box.readers.button("private").click()
            assert view.composer.box.send.is_possible()
            await _send(view)
        assert [one.visibility for one in _sent(desk)] == ["private"]


async def test_a_way_that_the_network_refuses_says_why_and_offers_a_note() -> None:
    why = msg("They take no messages from people they do not follow.")
    desk, _ = _desk(PRIVATE, ways=(Way(PRIVATE, refused=why),))
    async with conversation(TOM, desk) as view:
        title, remedy = _band(view)
        assert title == str(why)
        assert remedy == "Your text is kept. Your team sees notes."
        view.composer.box.readers.button("note").click()
        assert view.composer.box.mode == "note"
        assert not view.composer.box.readers.isVisibleTo(view.composer.box)


async def test_what_takes_one_answer_takes_no_second() -> None:
    desk, rows = _desk(ways=(Way(PUBLIC, once=True),))
    async with conversation(TOM, desk) as view:
        assert "The network takes one answer only" in view.composer.box.facts.said()
        assert desk.me is not None
        ours = desk.thread(desk.find(TOM)).ours(desk.me, 0, "Here you are")
        reply = Post(kind=PostKind.REPLY, visibility=PUBLIC, parent=rows[-1].external_id)
        desk.change_message(ours.id, post=_row(reply), delivery="sent")
        await until(lambda: _band(view)[0].startswith("This was answered already"))
        _type(view, "Once more")
        assert not view.composer.box.send.is_possible()
        desk.change_message(ours.id, delivery="failed")
        await until(lambda: view.composer.box.send.is_possible())


async def test_what_an_account_can_do_is_followed() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        account = able(desk, desk.find(TOM), Answering(PUBLIC, refused=msg("The plan is used up.")))
        desk.emit(account_state={account.id}, conversation={desk.find(TOM)})
        await until(lambda: _band(view)[0] == "The plan is used up.")


# --- public and private ---


async def test_one_key_makes_an_answer_private_and_public_again() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        box = view.composer.box
        _type(view, "Which order is it?")
        view.composer.posting.switch()
        assert (box.visibility, box.send.text()) == (PRIVATE, "Send message")
        assert box.reply_text.plain() == "Which order is it?"
        assert _band(view) == [
            "Only Tom Baker can read this.",
            "What comes back may begin a conversation of its own.",
        ]
        assert box.reply_text.accessibleName() == "Private message on Mastodon"
        assert box.foot.counter.words.text() == "982 left"
        view.composer.posting.switch()
        assert (box.visibility, box.send.text()) == (PUBLIC, "Reply publicly")
        box.readers.button("private").click()
        await _send(view)
        assert [(one.visibility, one.text) for one in _sent(desk)] == [("private", "Which order is it?")]


async def test_what_was_private_is_never_made_public() -> None:
    desk, _ = _desk(PRIVATE)
    async with conversation(TOM, desk) as view:
        view.composer.posting.switch()
        assert view.composer.box.visibility is PRIVATE
        assert view.composer.strip._title.text().startswith("The customer wrote in private.")


async def test_private_is_offered_only_where_it_goes() -> None:
    desk, _ = _desk(
        answers=(Answering(PUBLIC), Answering(PRIVATE, refused=msg("No permission for messages.")))
    )
    async with conversation(TOM, desk) as view:
        assert view.composer.box.readers.findChildren(QPushButton) == []
        view.composer.posting.switch()
        assert view.composer.box.visibility is PUBLIC
        assert view.composer.strip._title.text() == "This cannot be answered in private."
        assert view.composer.strip._text.text() == "No permission for messages."


async def test_a_private_draft_stays_private() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        view.composer.posting.switch()
        _type(view, "Which order?")
        await view.composer.leave()
        assert [one.visibility for one in await desk.drafts()] == ["private"]
        await view.open(desk.find(4417))
        await view.open(desk.find(TOM))
        assert view.composer.box.visibility is PRIVATE
        assert view.composer.box.reply_text.plain() == "Which order?"


async def test_taken_back_it_is_as_private_as_it_was() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        view.composer.posting.switch()
        _type(view, "Which order?")
        await _send(view)
        assert view.composer.box.visibility is PUBLIC
        await view.composer.undo()
        assert view.composer.box.visibility is PRIVATE


async def test_a_public_post_that_comes_does_not_open_a_private_answer() -> None:
    desk, _ = _desk(PRIVATE)
    async with conversation(TOM, desk) as view:
        _type(view, "Your order 4390")
        here = desk.find(TOM)
        came = desk.thread(here).customer(0, "Hello?")
        post = Post(kind=PostKind.MENTION, visibility=PUBLIC)
        head = desk.world.conversations[here]
        desk.world.conversations[here] = _replaced(head, visibility="public", last_message_id=came.id)
        desk.change_message(came.id, post=_row(post), external_id="came")
        await settled()
        assert view.composer.box.visibility is PRIVATE
        await view.composer.send(anyway=True)
        assert [one.visibility for one in _sent(desk)] == ["private"]


async def test_a_private_post_that_comes_makes_the_answer_private() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        _type(view, "Hello Tom")
        here = desk.find(TOM)
        came = desk.thread(here).customer(0, "Psst")
        head = desk.world.conversations[here]
        desk.world.conversations[here] = _replaced(head, visibility="private", last_message_id=came.id)
        desk.change_message(
            came.id, post=_row(Post(kind=PostKind.MESSAGE, visibility=PRIVATE)), external_id="c"
        )
        await until(lambda: view.composer.box.visibility is PRIVATE)
        assert view.composer.box.send.text() == "Send message"


@pytest.mark.parametrize(("key", "visibility"), [("private", "private"), ("anyway", "public")])
async def test_what_belongs_to_one_person_is_not_published_unasked(key: str, visibility: str) -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        strip = view.composer.strip
        _type(view, "Order #4390 is on its way")
        await _send(view)
        assert _sent(desk) == []
        assert strip._title.text() == "This looks like an order number."
        strip.button(key).click()
        await until(lambda: _sent(desk))
        assert [one.visibility for one in _sent(desk)] == [visibility]


async def test_in_private_anything_can_be_said() -> None:
    desk, _ = _desk(PRIVATE)
    async with conversation(TOM, desk) as view:
        _type(view, "Order #4390 is on its way")
        await _send(view)
        assert len(_sent(desk)) == 1


# --- files ---


@pytest.mark.parametrize(
    ("name", "media_type", "size", "others", "words"),
    [
        ("a.png", "image/png", 2_000, 0, None),
        ("a.png", "image/png", 48_000, 0, "a.png is 48 kB, Mastodon takes 2 kB."),
        ("a.pdf", "application/pdf", 1, 0, "Mastodon does not take files such as a.pdf."),
        ("a.png", "image/png", 1, 2, "Mastodon takes 2 files with an answer."),
    ],
)
def test_files_are_refused_before_they_are_taken_in(
    name: str, media_type: str, size: int, others: int, words: str | None
) -> None:
    desk, _ = _desk()
    account = next(one for one in desk.world.accounts.values() if one.abilities is not None)
    answer = PostAnswer(_POST, PUBLIC, "mastodon", abilities_of(account.abilities))
    why = answer.file_refused(name, media_type, size, others)
    assert (None if why is None else str(why)) == words


async def test_a_file_that_is_too_large_is_never_read(tmp_path: Path) -> None:
    desk, _ = _desk()
    large = tmp_path / "photo.png"
    large.write_bytes(bytes(2_500))
    async with conversation(TOM, desk) as view:
        await view.composer.tools.attach([large, ("small.png", "image/png", b"small")])
        assert [one.name for one in view.composer.box.files()] == ["small.png"]
        assert view.composer.strip._title.text().startswith("photo.png is ")
        view.composer.posting.switch()
        assert not view.composer.box.send.is_possible()
        assert view.composer.posting.problem() is not None


async def test_pictures_are_described_within_the_limit() -> None:
    desk, _ = _desk()
    async with conversation(TOM, desk) as view:
        box = view.composer.box
        await view.composer.tools.attach([("a.png", "image/png", b"a")])
        [chip] = [one for one in box.file_row.children() if hasattr(one, "describe")]
        assert chip.describe.text() == "Describe"
        chip.describe.click()
        await _describe(view, "A very long description of a picture of a desk")
        await _describe(view, "A desk with a scratch", hint="The description is too long: 46 of 30.")
        await until(lambda: box.files()[0].alt == "A desk with a scratch")
        [chip] = [one for one in box.file_row.children() if hasattr(one, "describe") and one.isVisibleTo(box)]
        assert chip.describe.text() == "Described"
        await _send(view)
        assert [one.alt for one in _sent(desk)[0].files] == ["A desk with a scratch"]


async def test_mail_asks_for_no_descriptions() -> None:
    async with conversation(TOM, FakeDesk.sample()) as view:
        await view.composer.tools.attach([("a.png", "image/png", b"a")])
        [chip] = [one for one in view.composer.box.file_row.children() if hasattr(one, "describe")]
        assert not chip.describe.isVisibleTo(view)


# --- helpers ---


async def _describe(view: ConversationView, text: str, hint: str = "") -> None:
    dialog = await until(lambda: [one for one in view.findChildren(Question) if one.isVisible()])
    area = dialog[0].findChild(QPlainTextEdit)
    assert area is not None
    if hint:
        assert any(label.text() == hint for label in dialog[0].findChildren(QLabel))
    area.setPlainText(text)
    button = next(one for one in dialog[0].findChildren(QPushButton) if one.text() == "Keep it")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await until(lambda: not dialog[0].isVisible())
    await settled()


def _row(post: Post) -> dict[str, Any]:
    row = as_row(post)
    assert row is not None
    return row


def _replaced(row: Any, **values: Any) -> Any:
    return msgspec.structs.replace(row, **values)
