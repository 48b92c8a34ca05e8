"""Conversations on networks: who can read what is written is said wherever one looks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_posts import make_post
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.commands.values import SendReply
from agentdesk.desktop.delegates.queue_rows import chips_of
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.posts import Visibility

TOM = 4390


def _said(view: ConversationView) -> list[str]:
    return [label.text() for label in view.findChildren(ElidedLabel)]


@pytest.mark.parametrize(
    ("visibility", "warning", "button", "spoken", "chip"),
    [
        (
            Visibility.PUBLIC,
            "Everyone on Mastodon can read this.",
            "Reply publicly",
            "Public reply on Mastodon",
            "Public",
        ),
        (
            Visibility.LIMITED,
            "Followers can read this too.",
            "Reply to followers",
            "Reply on Mastodon, followers can read it",
            "Followers",
        ),
        (Visibility.PRIVATE, "", "Send message", "Private message on Mastodon", ""),
    ],
)
async def test_who_can_read_an_answer_is_said(
    visibility: Visibility, warning: str, button: str, spoken: str, chip: str
) -> None:
    desk = FakeDesk.sample()
    here = make_post(desk, TOM, visibility)
    async with conversation(TOM, desk) as view:
        box = view.composer.box
        assert box.readers.isVisibleTo(box) == bool(warning)
        assert any(label.text().startswith(warning) for label in box.readers.findChildren(Label))
        assert box.send.text() == button
        assert box.text.accessibleName() == spoken
        assert not box.edit_recipients.isVisibleTo(box)
        box.set_mode("note")
        assert not box.readers.isVisibleTo(box)
        assert box.send.text() == "Add note"
    [row] = await desk.queue_rows([here])
    said = [one.words() for one in chips_of(row, desk.world.now, has_draft=False)]
    assert [one for one in said if one in ("Public", "Followers")] == ([chip] if chip else [])


@pytest.mark.parametrize(
    ("visibility", "words"),
    [
        (Visibility.PUBLIC, "Public post on Mastodon. Anyone can read it."),
        (Visibility.LIMITED, "Post on Mastodon, for followers"),
        (Visibility.PRIVATE, "Private message on Mastodon"),
    ],
)
async def test_who_can_read_a_post_stands_at_it(visibility: Visibility, words: str) -> None:
    desk = FakeDesk.sample()
    make_post(desk, TOM, visibility)
    async with conversation(TOM, desk) as view:
        assert words in _said(view)


async def test_an_answer_goes_to_those_who_were_named() -> None:
    desk = FakeDesk.sample()
    make_post(desk, TOM, Visibility.PUBLIC)
    async with conversation(TOM, desk) as view:
        box = view.composer.box
        QTest.keyClicks(box.text, "On its way.")
        QTest.keyClick(box.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        sent = await until(lambda: [one for one in desk.commands if isinstance(one, SendReply)])
        await settled()
        assert (sent[0].visibility, sent[0].html, sent[0].text) == ("public", "", "On its way.")
        assert "by email" not in view.composer.hold.text()
        assert view.composer.hold.text().startswith("Sending to Tom in")


async def test_mail_says_nothing_of_it() -> None:
    async with conversation(TOM, FakeDesk.sample()) as view:
        box = view.composer.box
        assert not box.readers.isVisibleTo(box)
        assert box.send.text() == "Send"
        assert box.edit_recipients.isVisibleTo(box)
