"""A customer on Mastodon and an agent at a real window: what one writes the other reads, publicly or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtWidgets import QPlainTextEdit
from tests.connectors.mastodon.support import ANA
from tests.helpers.agents_window import agent_at, answer_in, row_of
from tests.helpers.chat_page import ChatSite
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.desktop import ask
from agentdesk.desktop.views.messages.acts import ActsFoot
from agentdesk.desktop.workspace import Workspace
from agentdesk.domain.abilities import Act
from agentdesk.server.admin import add_channel
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.mastodon.simulator_shapes import Status


@asynccontextmanager
async def _at_work(url: str, folder: Path) -> AsyncIterator[tuple[MastodonSimulator, Workspace]]:
    """A Mastodon server, a server of ours that its account is connected to, and Maria at her window."""
    async with MastodonSimulator().served() as sim:
        site = await ChatSite.make(url, folder)
        try:
            vault, secrets = Vault.at(folder / "key"), {"access_token": sim.token}
            await add_channel(site.db, vault, "mastodon", "Support", "Mastodon", sim.settings(), secrets)
            async with agent_at(site, folder) as panes:
                await until(lambda: any(len(one) == 3 for one in sim.sockets.values()), what="the stream")
                yield sim, panes
        finally:
            await site.stop()


def _ours(sim: MastodonSimulator) -> list[Status]:
    return [one for one in sim.world.statuses.values() if one.author is sim.world.owner]


async def test_a_mention_and_a_private_message_are_answered_where_they_stand(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        ana = sim.world.person(ANA, "Ana")
        mention = sim.world.post(ana, "@support Where is my order?", warning="Rant")
        row = await row_of(panes, "Rant")  # what it warns of stays out of lists
        assert row.contact_name == "Ana"
        await answer_in(panes, row, "It leaves today.")
        await until(lambda: _ours(sim))
        (posted,) = _ours(sim)
        assert (posted.text, posted.parent) == (f"@{ANA} It leaves today.", mention)
        assert (posted.visibility, posted.warning) == ("public", "Rant")
        await until(lambda: panes.conversation.transcript.rows()[-1].delivery == "sent")

        sim.world.post(ana, "@support Thank you!", reply_to=posted)
        await until(lambda: len(panes.conversation.transcript.rows()) == 3)
        assert len(panes.queue.model.ids) == 1, "it is one conversation"

        sim.world.post(ana, "@support My number is 4417", visibility="direct")
        await answer_in(panes, await row_of(panes, "My number is 4417"), "Thank you, found it.")
        await until(lambda: len(_ours(sim)) == 2)
        assert _ours(sim)[-1].visibility == "direct"
        assert len(panes.queue.model.ids) == 2


def _foot(panes: Workspace, place: int) -> ActsFoot:
    """What can be done with a message of the open conversation; the oldest is the first."""
    row = panes.conversation.transcript.rows()[place]
    panes.conversation.transcript.unfold(row.id)
    card = panes.conversation.transcript.card(row.id)
    assert card is not None
    assert card.acts is not None
    return card.acts


async def _press(panes: Workspace, place: int, act: Act, text: str = "") -> None:
    """Press a button at a message, and answer what it asks."""
    button = await until(lambda: _foot(panes, place).button(act), what=f"a button to {act}")
    button.click()
    if act in (Act.LIKE, Act.HIDE):
        return
    dialog = await until(lambda: panes.conversation.window().findChild(ask.Question))
    if text:
        dialog.findChild(QPlainTextEdit).setPlainText(text)
    dialog.done(2)
    await until(lambda: not panes.conversation.window().findChildren(ask.Question))


async def test_a_mention_is_liked_and_reported_and_the_answer_changed_and_deleted(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        ana = sim.world.person(ANA, "Ana")
        mention = sim.world.post(ana, "@support Where is my order?")
        await answer_in(panes, await row_of(panes, "Where is my order?"), "It leaves todat.")
        rows = panes.conversation.transcript.rows
        await until(lambda: len(rows()) == 2 and rows()[-1].delivery == "sent")
        (posted,) = _ours(sim)

        await _press(panes, 0, Act.LIKE)
        await until(lambda: mention.favourites == {sim.world.owner.id}, what="a like at the network")
        await until(lambda: _foot(panes, 0).said() == [], what="a like that is noted")
        await _press(panes, 0, Act.LIKE)
        await until(lambda: not mention.favourites, what="a like that was taken back")

        await _press(panes, 0, Act.REPORT, "Spam")
        await until(lambda: [one["comment"] for one in sim.world.reports] == ["Spam"])
        await until(lambda: any(line.startswith("Reported") for line in _foot(panes, 0).said()))
        assert _foot(panes, 0).button(Act.HIDE) is None, "Mastodon cannot"

        await _press(panes, 1, Act.EDIT, "It leaves today.")
        await until(lambda: posted.text == f"@{ANA} It leaves today.", what="a changed post")
        await until(lambda: rows()[-1].text == "It leaves today.", what="a changed message")
        assert rows()[-1].revision is not None

        await _press(panes, 1, Act.DELETE)
        await until(lambda: not _ours(sim), what="a deleted post")
        await until(lambda: rows()[-1].text == "", what="a deleted message")


async def test_what_the_network_refuses_is_taken_back_with_its_reason(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _at_work(migrated_sqlite_url, tmp_path) as (sim, panes):
        ana = sim.world.person(ANA, "Ana")
        mention = sim.world.post(ana, "@support Where is my order?")
        row = await row_of(panes, "Where is my order?")
        panes.queue.select(row.id)
        panes.open_conversation(row.id)
        await until(lambda: panes.conversation.transcript.rows())
        del sim.world.statuses[mention.id]  # it is gone, and nobody has told us yet
        await _press(panes, 0, Act.LIKE)

        def refused() -> bool:
            return any(line.startswith("It could not be liked.") for line in _foot(panes, 0).said())

        await until(refused, what="a refusal")
        like = _foot(panes, 0).button(Act.LIKE)
        assert like is not None
        assert like.accessibleName() == "Like"
