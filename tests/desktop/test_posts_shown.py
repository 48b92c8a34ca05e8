"""What the card of a post shows: who reads it, what it stands below, what came of it, what it hides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.pictures import photo
from tests.helpers.sample_posts import PICTURES, change_post, customer_posts, full_post, make_post
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.messages.folded import FoldedCard
from agentdesk.desktop.views.messages.post_media import MediaCard, PictureView
from agentdesk.desktop.views.messages.post_parts import PostParts
from agentdesk.domain.posts import Media, Poll, PollOption, PostKind, Visibility, Work
from agentdesk.domain.revising import after_edit
from agentdesk.queries.rows import MessageRow

TOM = 4390
PICTURE = f"{PICTURES}/desk.png"


def _desk(visibility: Visibility = Visibility.PUBLIC) -> tuple[FakeDesk, list[MessageRow]]:
    desk = FakeDesk.sample()
    return desk, customer_posts(desk, make_post(desk, TOM, visibility))


def _card(view: ConversationView, row: MessageRow) -> MessageCard:
    view.transcript.unfold(row.id)
    card = view.transcript.card(row.id)
    assert card is not None
    return card


def _post(view: ConversationView, row: MessageRow) -> PostParts:
    post = _card(view, row).post
    assert post is not None
    return post


async def test_a_comment_says_what_it_stands_below_once() -> None:
    desk, rows = _desk()
    work = Work(
        "w1", text="Back in stock. " * 40, author="Larkfield", url="https://social.example/7", ours=True
    )
    for row in rows:
        change_post(desk, row.id, kind=PostKind.COMMENT, below=work)
    opened: list[QUrl] = []
    async with conversation(TOM, desk, opened) as view:
        first, last = _post(view, rows[0]), _post(view, rows[-1])
        await settled()
        assert first.work.isVisibleTo(view)
        assert not last.work.isVisibleTo(view)
        said = [label.text() for label in first.work.findChildren(type(first.veil.words))]
        assert any(one.startswith("Back in stock.") and one.endswith("…") for one in said)
        first.work.link.click()
        await until(lambda: opened)
        assert [url.toString() for url in opened] == ["https://social.example/7"]


async def test_the_way_to_the_original_is_opened_only_where_it_is_a_page() -> None:
    desk, rows = _desk()
    change_post(desk, rows[-1].id, url="https://social.example/@tom/1")
    change_post(desk, rows[0].id, url="file:///etc/passwd")
    opened: list[QUrl] = []
    async with conversation(TOM, desk, opened) as view:
        post = _post(view, rows[-1])
        assert post.band.link.text() == "Open on Mastodon"
        post.band.link.click()
        await until(lambda: opened)
        assert opened[0].toString() == "https://social.example/@tom/1"
        assert not _post(view, rows[0]).band.link.isVisibleTo(view)


async def test_what_is_answered_is_named_and_can_be_gone_to() -> None:
    desk, rows = _desk()
    change_post(desk, rows[-1].id, parent=rows[0].external_id)
    async with conversation(TOM, desk) as view:
        line = _post(view, rows[-1]).answered
        assert line.isVisibleTo(view)
        assert line.words.text().startswith("In answer to \u2068Tom Baker\u2069: “")
        line.link.click()
        await settled()
        card = view.transcript.card(rows[0].id)
        assert card is not None
        assert card.visibleRegion().boundingRect().height() > 0
        change_post(desk, rows[-1].id, parent="somewhere else")
        await until(lambda: not line.isVisibleTo(view))


async def test_counters_are_shown_and_spoken() -> None:
    desk, rows = _desk()
    full_post(desk, rows[-1].id)
    async with conversation(TOM, desk) as view:
        figures = _post(view, rows[-1]).figures
        assert figures.spoken() == ["1,204 likes", "3 answers", "1 share", "48,210 views"]
        change_post(desk, rows[-1].id, counters=None)
        await until(lambda: not figures.isVisibleTo(view))


async def test_an_edited_post_says_what_it_said_before() -> None:
    desk, rows = _desk()
    row = rows[-1]
    revision = after_edit(None, "I want my mony back", desk.world.ago(9), desk.world.ago(3))
    desk.change_message(row.id, revision=revision)
    async with conversation(TOM, desk) as view:
        content = _card(view, row).content
        assert content is not None
        assert content.mark.words.text().startswith("Edited ")
        content.mark.button.click()
        assert [one for one in content.mark.shown() if one.endswith("I want my mony back")]


async def test_a_poll_shows_its_votes_and_its_end() -> None:
    desk, rows = _desk()
    full_post(desk, rows[-1].id)
    async with conversation(TOM, desk) as view:
        poll = _post(view, rows[-1]).poll
        assert poll.words.text().startswith("1,516 votes, ends ")
        bars = [one.accessibleName() for one in poll.children() if getattr(one, "accessibleName", str)()]
        assert "Answer Send it back: 1,204 votes, 79 %" in bars
        hidden = Poll((PollOption("Yes"), PollOption("No")), desk.world.now - timedelta(minutes=1))
        change_post(desk, rows[-1].id, poll=hidden)
        await until(lambda: poll.words.text().startswith("Votes are not shown yet, ended "))


async def test_what_is_behind_a_warning_comes_when_it_is_asked_for() -> None:
    desk, rows = _desk()
    full_post(desk, rows[-1].id)
    change_post(desk, rows[-1].id, warning="Spiders")
    async with conversation(TOM, desk) as view:
        card, post = _card(view, rows[-1]), _post(view, rows[-1])
        assert card.content is not None
        assert post.veil.words.text() == "Content warning: \u2068Spiders\u2069"
        assert not card.content.isVisibleTo(card)
        assert not post.media.isVisibleTo(card)
        assert not post.poll.isVisibleTo(card)
        post.veil.button.setFocus()
        QTest.keyClick(post.veil.button, Qt.Key.Key_Space)
        assert card.content.isVisibleTo(card)
        assert post.media.isVisibleTo(card)
        assert post.veil.button.text() == "Hide"
        desk.change_message(rows[-1].id, text="Said otherwise")
        await settled()
        assert card.content.isVisibleTo(card)
        post.veil.button.click()
        assert not card.content.isVisibleTo(card)


async def test_an_older_post_shows_its_warning_alone() -> None:
    desk, rows = _desk()
    for number in range(4):
        desk.receive(desk.find(TOM), f"One more {number}")
    change_post(desk, rows[0].id, warning="Spiders")
    async with conversation(TOM, desk) as view:
        folded = [one for one in view.transcript.entries() if isinstance(one, FoldedCard)]
        said = [one.accessibleDescription() for one in folded if one.row.id == rows[0].id]
        assert said == ["Content warning: \u2068Spiders\u2069"]


async def test_pictures_come_through_the_server_when_they_are_asked_for() -> None:
    desk, rows = _desk()
    full_post(desk, rows[-1].id)
    desk.world.pictures = {PICTURE: photo(), f"{PICTURES}/card.png": photo()}
    async with conversation(TOM, desk) as view:
        media = _post(view, rows[-1]).media
        described, bare, page, film = media.entries
        assert isinstance(described, PictureView)
        assert isinstance(bare, PictureView)
        assert described.words.text() == "A walnut desk with a scratch along its front edge"
        assert described.accessibleName().startswith("Picture: \u2068A walnut desk")
        assert bare.accessibleName() == "A picture without a description"
        assert desk.asked_pictures == []
        media.bar.load.click()
        await until(lambda: described.has_picture and page.has_picture)
        assert desk.asked_pictures == [PICTURE, f"{PICTURES}/box.png", f"{PICTURES}/card.png"]
        assert not bare.has_picture
        assert not film.has_picture
        await until(lambda: media.bar.load.text() == "Try again")
        desk.world.pictures[f"{PICTURES}/box.png"] = photo()
        media.bar.load.click()
        await until(lambda: bare.has_picture)
        await until(lambda: not media.bar.isVisibleTo(media))
        assert desk.asked_pictures.count(PICTURE) == 1


async def test_signs_that_are_joined_stay_whole_in_descriptions() -> None:
    desk, rows = _desk()
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 at the desk"
    change_post(desk, rows[-1].id, media=(Media("image", PICTURE, alt=family),))
    async with conversation(TOM, desk) as view:
        [picture] = _post(view, rows[-1]).media.entries
        assert isinstance(picture, PictureView)
        assert picture.words.text() == family


async def test_pages_and_films_are_cards_that_open_outside() -> None:
    desk, rows = _desk()
    full_post(desk, rows[-1].id)
    opened: list[QUrl] = []
    async with conversation(TOM, desk, opened) as view:
        cards = [one for one in _post(view, rows[-1]).media.entries if isinstance(one, MediaCard)]
        assert [one.accessibleName() for one in cards] == [
            "Page: \u2068Walnut desks\u2069",
            "Video: \u2068The drawer does not close\u2069",
        ]
        cards[1].setFocus()
        QTest.keyClick(cards[1], Qt.Key.Key_Return)
        await until(lambda: opened)
        assert opened[0].toString() == "https://films.example/42"


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "javascript:alert(1)", "//host/share", "http://"])
async def test_a_card_that_leads_nowhere_cannot_be_pressed(url: str) -> None:
    desk, rows = _desk()
    change_post(desk, rows[-1].id, media=(Media("link", url, title="Win"),))
    opened: list[QUrl] = []
    async with conversation(TOM, desk, opened) as view:
        [card] = _post(view, rows[-1]).media.entries
        card.setFocus()
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
        QTest.keyClick(card, Qt.Key.Key_Return)
        await settled()
        assert opened == []


@pytest.mark.parametrize(
    ("visibility", "words"),
    [
        (Visibility.PUBLIC, "posted in public"),
        (Visibility.LIMITED, "posted for followers"),
        (Visibility.PRIVATE, "wrote in private"),
    ],
)
async def test_screen_readers_say_who_could_read_it(visibility: Visibility, words: str) -> None:
    desk, rows = _desk(visibility)
    async with conversation(TOM, desk) as view:
        assert words in _card(view, rows[-1]).accessibleName()


@pytest.mark.qt_log_ignore("This plugin does not support")
async def test_the_menu_leads_to_the_original() -> None:
    desk, rows = _desk()
    change_post(desk, rows[-1].id, url="https://social.example/@tom/1")
    opened: list[QUrl] = []
    async with conversation(TOM, desk, opened) as view:
        card = _card(view, rows[-1])
        view.message_actions.show_menu(card.row, card, view.mapToGlobal(view.rect().center()), "")
        menu = view.message_actions.menu
        assert menu is not None
        [action] = [one for one in menu.actions() if one.text() == "Open on Mastodon"]
        action.trigger()
        await until(lambda: opened)
        menu.close()


async def test_mail_has_nothing_of_it() -> None:
    async with conversation(TOM, FakeDesk.sample()) as view:
        cards = [one for one in view.transcript.entries() if isinstance(one, MessageCard)]
        assert cards
        assert all(one.post is None for one in cards)
