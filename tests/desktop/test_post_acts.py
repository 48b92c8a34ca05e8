"""What can be done with posts besides answering them: offered where the account can, and shown as it goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPlainTextEdit
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_acts import let_account
from tests.helpers.sample_posts import make_post
from tests.helpers.until import until
from tests.helpers.views import conversation, settled

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.commands.values import AnyCommand, DeleteReply, EditReply, HidePost, LikePost, ReportPost
from agentdesk.desktop import ask
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.act_words import act_event
from agentdesk.desktop.views.messages.acts import ActsFoot
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.domain.abilities import Abilities, Act
from agentdesk.domain.acts import ActState
from agentdesk.domain.posts import Post, PostKind, Visibility, as_row
from agentdesk.queries.rows import MessageRow

TOM = 4390
ALL = Abilities(acts=tuple(Act))
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk.sample()
    let_account(made, make_post(made, TOM, Visibility.PUBLIC), ALL)
    return made


def _row(desk: FakeDesk, direction: str, **post: Any) -> MessageRow:
    """The last message of that direction in Tom's conversation, as a comment below a work."""
    here = desk.find(TOM)
    rows = [
        row for row in desk.world.messages.values() if row.conversation_id == here and row.kind == "message"
    ]
    row = [row for row in rows if row.direction == direction][-1]
    kind = PostKind.COMMENT if direction == "in" else PostKind.REPLY
    whole = Post(kind=kind, visibility=Visibility.PUBLIC, root="w1", parent="w1", **post)
    sent = {"delivery": "sent", "sent_at": clock.now()} if direction == "out" else {}
    desk.world.messages[row.id] = msgspec.structs.replace(row, post=as_row(whole), **sent)
    return desk.world.messages[row.id]


async def _foot(view: ConversationView, row: MessageRow) -> ActsFoot:
    view.transcript.unfold(row.id)
    await settled()
    card = view.transcript.card(row.id)
    assert card is not None
    assert card.acts is not None
    return card.acts


def _button(foot: ActsFoot, act: Act) -> IconButton:
    button = foot.button(act)
    assert button is not None
    return button


def _offered(foot: ActsFoot) -> list[str]:
    return [act.value for act in Act if foot.button(act) is not None]


async def _menu(view: ConversationView, row: MessageRow) -> QMenu:
    view.transcript.menu_asked.emit(row.id, QPoint(0, 0), "")
    return await until(lambda: view.message_actions.menu)


async def _asked(view: ConversationView, desk: FakeDesk, text: str | None, expected: AnyCommand) -> None:
    """Answer the question that has appeared, with a text where it asks for one."""
    dialog = await until(lambda: view.window().findChild(ask.Question))
    if text is not None:
        dialog.findChild(QPlainTextEdit).setPlainText(text)
    dialog.done(2)
    await until(lambda: expected in desk.commands)
    await until(lambda: not view.window().findChildren(ask.Question))


@pytest.mark.parametrize(
    ("abilities", "direction", "offered"),
    [
        (ALL, "in", ["hide", "like", "report"]),
        (ALL, "out", ["delete", "edit"]),
        (Abilities(acts=(Act.LIKE,), denied={Act.HIDE: msg("Not on this plan.")}), "in", ["like"]),
        (Abilities(acts=(Act.EDIT, Act.DELETE), edit_seconds=0), "out", ["delete"]),
        (Abilities(), "in", []),
    ],
    ids=["theirs", "ours", "denied", "late", "none"],
)
async def test_what_the_account_can_is_offered_at_the_message_and_in_its_menu(
    desk: FakeDesk, abilities: Abilities, direction: str, offered: list[str]
) -> None:
    let_account(desk, desk.find(TOM), abilities)
    row = _row(desk, direction)
    async with conversation(TOM, desk) as view:
        foot = await _foot(view, row)
        assert sorted(_offered(foot)) == offered
        names = {_button(foot, Act(act)).accessibleName() for act in offered}
        menu = await _menu(view, row)
        assert names <= {action.text() for action in menu.actions()}
        assert ("Like" in names) == ("like" in offered)
        menu.close()


async def test_the_menu_does_what_the_button_does(desk: FakeDesk) -> None:
    row = _row(desk, "in")
    async with conversation(TOM, desk) as view:
        await _foot(view, row)
        menu = await _menu(view, row)
        next(one for one in menu.actions() if one.text() == "Hide from others").trigger()
        menu.close()
        hidden = HidePost(conversation_id=row.conversation_id, message_id=row.id, hidden=True)
        await until(lambda: hidden in desk.commands)


async def test_a_like_is_one_key_away_and_taken_back_likewise(desk: FakeDesk) -> None:
    row = _row(desk, "in")
    place = {"conversation_id": row.conversation_id, "message_id": row.id}
    async with conversation(TOM, desk) as view:
        foot = await _foot(view, row)
        like = _button(foot, Act.LIKE)
        assert like.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert like.accessibleName() == "Like"
        QTest.keyClick(like, Qt.Key.Key_Space)
        await until(lambda: LikePost(**place, liked=True) in desk.commands)
        await until(lambda: foot.said() == ["Waiting to be liked"])
        assert foot.button(Act.LIKE) is like, "the keyboard keeps its place"
        assert like.accessibleName() == "Take the like back"
        QTest.keyClick(like, Qt.Key.Key_Space)
        await until(lambda: LikePost(**place, liked=False) in desk.commands)


async def test_a_report_asks_why_and_a_deletion_whether(desk: FakeDesk) -> None:
    theirs, mine = _row(desk, "in"), _row(desk, "out")
    place = {"conversation_id": mine.conversation_id, "message_id": mine.id}
    async with conversation(TOM, desk) as view:
        _button(await _foot(view, theirs), Act.REPORT).click()
        report = ReportPost(conversation_id=theirs.conversation_id, message_id=theirs.id, reason="Threats")
        await _asked(view, desk, " Threats ", report)
        foot = await _foot(view, mine)
        _button(foot, Act.EDIT).click()
        await _asked(view, desk, "Better", EditReply(**place, text="Better"))
        await until(lambda: foot.said() == ["Waiting to be changed to “Better”"])
        _button(foot, Act.DELETE).click()
        await _asked(view, desk, None, DeleteReply(**place))
        await until(lambda: "Waiting to be deleted" in foot.said())
        assert _offered(foot) == []


async def test_a_question_that_is_closed_does_nothing(desk: FakeDesk) -> None:
    row = _row(desk, "in")
    async with conversation(TOM, desk) as view:
        _button(await _foot(view, row), Act.REPORT).click()
        dialog = await until(lambda: view.window().findChild(ask.Question))
        dialog.done(0)
        await until(lambda: not view.window().findChildren(ask.Question))
        await settled()
        assert not [one for one in desk.commands if isinstance(one, ReportPost)]


async def test_a_hidden_post_is_dimmed_and_says_so(desk: FakeDesk) -> None:
    row = _row(desk, "in", hidden=True)
    async with conversation(TOM, desk) as view:
        foot = await _foot(view, row)
        assert foot.said() == ["Hidden from others"]
        card = view.transcript.card(row.id)
        assert card is not None
        assert card.content is not None
        assert card.content.dimmed
        hide = _button(foot, Act.HIDE)
        assert hide.accessibleName() == "Show to others again"
        hide.click()
        shown = HidePost(conversation_id=row.conversation_id, message_id=row.id, hidden=False)
        await until(lambda: shown in desk.commands)


async def test_what_failed_says_why_and_can_be_tried_again(desk: FakeDesk) -> None:
    why = msg("The network refused it.")
    states = {
        Act.LIKE: ActState("failed", clock.now(), False, why=why, words="403"),
        Act.REPORT: ActState("done", clock.now() - timedelta(hours=1)),
        Act.HIDE: ActState("waiting", clock.now(), why=msg("Sign in again.")),
    }
    row = _row(desk, "in", liked=True, acts=states)
    async with conversation(TOM, desk) as view:
        foot = await _foot(view, row)
        said = foot.said()
        assert "The like could not be taken back. The network refused it." in said
        assert "Waiting to be hidden from others: Sign in again." in said
        assert any(line.startswith("Reported ") for line in said)
        assert foot.button(Act.REPORT) is None
        again = foot.again(Act.LIKE)
        assert again is not None
        again.click()
        retried = LikePost(conversation_id=row.conversation_id, message_id=row.id, liked=False)
        await until(lambda: retried in desk.commands)


async def test_what_an_account_can_is_followed(desk: FakeDesk) -> None:
    row = _row(desk, "in")
    async with conversation(TOM, desk) as view:
        foot = await _foot(view, row)
        assert foot.button(Act.HIDE) is not None
        let_account(desk, desk.find(TOM), Abilities(acts=(Act.LIKE,)))
        desk.emit(account_state=set())
        await until(lambda: _offered(foot) == ["like"])


@pytest.mark.parametrize("act", Act)
def test_the_transcript_has_words_for_every_act(act: Act) -> None:
    done = {"act": act.value, "on": True, "state": "done"}
    assert "Maria" in str(act_event(done, "Maria"))
    assert "refused by the network" in str(act_event({**done, "state": "failed"}, "Maria"))
