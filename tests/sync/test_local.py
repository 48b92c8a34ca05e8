"""The desk over a real WebSocket and real HTTP, as screens use it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import Assign, File, SendReply, SetStatus
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.queries.rows import View
from agentdesk.store import blobs
from agentdesk.store.tables import attachment, audit_entry, blob, message, raw_item
from agentdesk.sync.desk import Draft, Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.older import OlderWish
from tests.helpers.desk_keys import keys
from tests.helpers.until import until
from tests.sync.world import Site, World

Open = Callable[..., Awaitable[LocalDesk]]
ALL = View(kind="all")


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def open_desk(site: Site, world: World, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens desks; ``await open_desk("ada")`` waits until it is in step."""
    async with AsyncExitStack() as stack:

        async def make(token: str, *, wait: bool = True, folder: str = "") -> LocalDesk:
            desk = LocalDesk(tmp_path / (folder or token), site.url, token, keys=keys())
            await desk.start()
            stack.push_async_callback(desk.close)
            if wait:
                await until(lambda: desk.status.link is Link.SYNCED)
            return desk

        yield make


def _reply(conversation_id: UUID, text: str = "Good day", files: tuple[File, ...] = ()) -> SendReply:
    return SendReply(
        message_id=new_id(),
        conversation_id=conversation_id,
        to=(Party("email", "customer@else.test", "Customer"),),
        text=text,
        files=files,
    )


async def _sent(world: World) -> list[str]:
    async with world.db.read() as conn:
        return list(await conn.scalars(select(message.c.text).where(message.c.direction == "out")))


async def test_a_desk_shows_what_the_server_has(world: World, open_desk: Open) -> None:
    me = await world.add_user("ada")
    conversation_id = await world.mail("Where is my parcel?")
    desk = await open_desk("ada")
    await until(lambda: desk.me is not None and desk.me.id == me)  # looked up when the rows are there
    assert await desk.queue_ids(ALL) == [conversation_id]
    assert [row.preview for row in await desk.queue_rows([conversation_id])] == ["Where is my parcel?"]
    assert (await desk.counts()).all == 1
    view = msgspec.structs.replace(ALL, group="channel")
    ids, sections = await desk.queue_sections(view)
    assert (ids, [(one.key, one.count) for one in sections]) == ([conversation_id], [("email", 1)])
    filters = await desk.filter_counts(ALL)
    assert (filters.all, filters.unread, filters.waiting) == (1, 1, 1)
    timeline = await desk.timeline(conversation_id)
    assert [shown.text for shown in timeline.messages] == ["Where is my parcel?"]
    assert await desk.search("parcel") == [conversation_id]
    assert [account.name for account in await desk.accounts()] == ["Support"]


async def test_a_held_reply_is_shown_and_can_be_taken_back(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    await desk.save_draft(Draft(conversation_id=conversation_id, mode="reply", text="Good d"))
    command_id = await desk.do(_reply(conversation_id), hold_seconds=60)
    shown = (await desk.timeline(conversation_id)).messages[-1]
    assert (shown.text, shown.delivery) == ("Good day", "held")
    assert [waiting.state for waiting in await desk.waiting()] == ["held"]
    assert await desk.draft(conversation_id, "reply") is None

    assert await desk.undo_hold(command_id)
    assert len((await desk.timeline(conversation_id)).messages) == 1
    draft = await desk.draft(conversation_id, "reply")
    assert draft is not None
    assert draft.text == "Good day"
    assert not await desk.undo_hold(command_id)
    assert await _sent(world) == []


async def test_the_undo_window_runs_on_in_the_next_start(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    await desk.do(_reply(conversation_id), hold_seconds=0.3)
    await desk.close()
    assert await _sent(world) == []
    again = await open_desk("ada")
    await until(lambda: _sent(world))
    await until(lambda: again.status.waiting == 0)
    assert [shown.delivery for shown in (await again.timeline(conversation_id)).messages] == ["", "queued"]


async def test_work_done_offline_goes_up_later(world: World, site: Site, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    await site.stop()
    await until(lambda: desk.status.link is Link.OFFLINE)
    await desk.do(_reply(conversation_id, "written offline"))
    assert desk.status.waiting == 1
    assert [shown.text for shown in (await desk.timeline(conversation_id)).messages][-1] == "written offline"
    await site.start()
    desk.retry_now()
    await until(lambda: desk.status.link is Link.SYNCED and desk.status.waiting == 0)
    assert await _sent(world) == ["written offline"]


async def test_a_refused_reply_is_kept_and_can_be_offered_again(
    world: World, site: Site, open_desk: Open
) -> None:
    await world.add_user("ada")
    await world.add_user("bob")
    conversation_id = await world.mail()
    ada = await open_desk("ada")
    seen = (await ada.timeline(conversation_id)).messages[-1].id
    await site.stop()
    await until(lambda: ada.status.link is Link.OFFLINE)
    stale = msgspec.structs.replace(_reply(conversation_id, "late"), seen_message_id=seen)
    command_id = await ada.do(stale)
    await world.write(lambda unit: world.new_message(unit, conversation_id, "one more thing"))
    await site.start()
    ada.retry_now()

    async def refused() -> bool:
        return [waiting.state for waiting in await ada.waiting()] == ["refused"]

    await until(refused)
    answer = (await ada.waiting())[0].answer
    assert answer is not None
    assert answer.code == "stale_reply"
    await until(lambda: ada.status.link is Link.SYNCED)
    texts = [shown.text for shown in (await ada.timeline(conversation_id)).messages]
    assert texts == ["Hello", "one more thing"]

    await ada.retry(command_id)
    await until(lambda: _sent(world))
    await until(lambda: ada.status.waiting == 0)
    assert await ada.waiting() == []


async def test_a_discarded_reply_becomes_a_draft(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    # the desk cannot know that the server does not have the file's content any more
    lost = File(id=new_id(), name="lost.txt", media_type="text/plain", size=4, blob="0" * 64)
    command_id = await desk.do(_reply(conversation_id, "with file", (lost,)))

    async def refused() -> bool:
        return [waiting.state for waiting in await desk.waiting()] == ["refused"]

    await until(refused)
    await desk.discard(command_id)
    draft = await desk.draft(conversation_id, "reply")
    assert draft is not None
    assert draft.text == "with file"
    assert await desk.waiting() == []


async def test_what_is_refused_here_is_not_kept(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    with pytest.raises(Refusal):
        await desk.do(Assign(conversation_id=conversation_id, assignee_id=new_id()))
    with pytest.raises(Refusal):
        await desk.do(SetStatus(conversation_id=new_id(), status="resolved"))
    assert await desk.waiting() == []


async def test_files_go_up_before_their_command_and_come_down(
    world: World, open_desk: Open, tmp_path: Path
) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    path = tmp_path / "Übersicht.pdf"
    path.write_bytes(b"%PDF content")
    file = await desk.attach(path)
    assert (file.name, file.media_type, file.size) == ("Übersicht.pdf", "application/pdf", 12)
    await desk.do(_reply(conversation_id, "see attached", (file,)))
    await until(lambda: desk.status.waiting == 0)
    async with world.db.read() as conn:
        assert await blobs.get(conn, file.blob) == b"%PDF content"
        attachment_id = await conn.scalar(select(attachment.c.id))
    assert attachment_id is not None

    other = await open_desk("ada", folder="another computer")
    fetched = await other.file(file.blob, attachment_id)
    assert fetched == b"%PDF content"


async def test_an_original_is_fetched(world: World, site: Site, open_desk: Open) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    original = b"From: customer@else.test\r\n\r\nHello"
    await _keep_original(world, conversation_id, original)
    desk = await open_desk("ada")
    message_id = (await desk.timeline(conversation_id)).messages[0].id
    assert await desk.original(message_id) == original
    with pytest.raises(AgentDeskError):
        await desk.original(new_id())
    await site.stop()
    with pytest.raises(AgentDeskError):
        await desk.original(message_id)


async def test_everything_about_a_customer_is_saved(
    world: World, site: Site, open_desk: Open, tmp_path: Path
) -> None:
    await world.add_user("ada")
    await world.add_user("ben", Role.AGENT, frozenset({world.inbox_id}))
    conversation_id = await world.mail()
    desk = await open_desk("ada")
    head = await desk.conversation(conversation_id)
    assert head is not None
    target, told = tmp_path / "Zelda.zip", list[tuple[int, int | None]]()
    await desk.export_contact(head.contact_id, target, lambda done, total: told.append((done, total)))
    whole = json.loads(zipfile.ZipFile(target).read("export.json"))
    assert [one["id"] for one in whole["conversations"]] == [str(conversation_id)]
    assert told[-1] == (target.stat().st_size, target.stat().st_size)
    async with world.db.read() as conn:
        (entry,) = await conn.execute(select(audit_entry).where(audit_entry.c.kind == "export"))
    assert (entry.contact_id, entry.user_id) == (head.contact_id, world.actors["ada"].user_id)

    target.unlink()
    agent = await open_desk("ben")
    with pytest.raises(AgentDeskError) as refused:
        await agent.export_contact(head.contact_id, target, lambda *_: None)
    assert "left to some of your colleagues" in str(refused.value.message.args)
    await site.stop()
    with pytest.raises(AgentDeskError):
        await desk.export_contact(head.contact_id, target, lambda *_: None)
    assert not list(tmp_path.glob("Zelda*"))


async def test_a_wrong_token_asks_to_sign_in(world: World, open_desk: Open) -> None:
    desk = await open_desk("nobody", wait=False)
    await until(lambda: desk.status.link is Link.SIGN_IN)


async def test_listeners_hear_of_changes_once_they_are_committed(world: World, open_desk: Open) -> None:
    await world.add_user("ada")
    desk = await open_desk("ada")
    heard: list[dict[str, set[UUID]]] = []
    stop = desk.subscribe(heard.append)
    conversation_id = await world.mail()
    await until(lambda: any(conversation_id in changes.get("conversation", ()) for changes in heard))
    assert await desk.queue_ids(ALL) == [conversation_id]
    stop()
    count = len(heard)
    await world.mail()
    await until(lambda: _count_is(desk, 2))
    assert len(heard) == count


async def _count_is(desk: LocalDesk, count: int) -> bool:
    return len(await desk.queue_ids(ALL)) == count


async def _keep_original(world: World, conversation_id: UUID, original: bytes) -> None:
    raw_id, name = new_id(), hashlib.sha256(original).hexdigest()
    async with world.db.write() as conn:
        await blobs.put_many(conn, {name: original}, clock.now())
        assert await conn.scalar(select(blob.c.size).where(blob.c.hash == name)) == len(original)
        await conn.execute(
            raw_item.insert().values(
                id=raw_id,
                account_id=world.account_id,
                source_id="1",
                blob=name,
                facts={},
                state="done",
                attempts=0,
                problem="",
                created_at=clock.now(),
            )
        )
        await conn.execute(
            message.update().where(message.c.conversation_id == conversation_id).values(raw_id=raw_id)
        )


async def test_older_conversations_are_fetched_answered_and_found(
    world: World, site: Site, open_desk: Open
) -> None:
    await world.add_user("ada")
    long_ago = clock.now() - timedelta(days=200)
    old = await world.mail("a walnut desk", at=long_ago, status="resolved")
    desk = await open_desk("ada")
    assert await desk.conversation(old) is None
    page = await desk.older(OlderWish(view=View(kind="resolved")))
    assert page.ids == tuple(await desk.queue_ids(View(kind="resolved"))) == (old,)
    assert await desk.search("walnut") == [old]
    await desk.do(_reply(old, "still here"))
    await until(lambda: desk.status.waiting == 0)
    assert [row.text for row in (await desk.timeline(old)).messages] == ["a walnut desk", "still here"]
    assert await _sent(world) == ["still here"]
    await site.stop()
    with pytest.raises(AgentDeskError, match="cannot be reached"):
        await desk.older(OlderWish(contact_id=world.inbox_id))
