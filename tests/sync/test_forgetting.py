"""An erased customer leaves every desk: rows, search, files, drafts, commands; and each desk says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import AddNote, Assign, EraseContact, File, SaveView, ViewQuery
from agentdesk.domain.team import Role
from agentdesk.server import privacy
from agentdesk.store.tables import attachment, contact, conversation
from agentdesk.sync import erasures
from agentdesk.sync.desk import Draft, Link
from agentdesk.sync.local import LocalDesk
from tests.helpers.until import until
from tests.sync.world import Site, World

MARKERS = (b"heliotrope", b"quagmire")


@pytest.fixture
async def site(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(erasures, "LOOK_SECONDS", 0.2)
    made = Site(world)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def opened(site: Site, folder: Path, name: str) -> LocalDesk:
    desk = LocalDesk(folder / name, site.url, name)
    await desk.start()
    await until(lambda: desk.status.link is Link.SYNCED)
    return desk


async def sent_all(desk: LocalDesk) -> bool:
    return not await desk.waiting()


def note(conversation_id: UUID, text: str, files: tuple[File, ...] = ()) -> AddNote:
    return AddNote(message_id=new_id(), conversation_id=conversation_id, text=text, files=files)


def search_for(name: str, text: str) -> SaveView:
    query = ViewQuery(kind="search", text=text)
    return SaveView(view_id=new_id(), name=name, icon="star", query=query)


def found_in(folder: Path) -> list[tuple[str, bytes]]:
    """Which markers occur in which files of a desk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [(p.name, marker) for p in files for marker in MARKERS if marker in p.read_bytes().lower()]


async def customer_of(world: World, conversation_id: UUID) -> UUID:
    async with world.db.read() as conn:
        wanted = select(conversation.c.contact_id).where(conversation.c.id == conversation_id)
        found: UUID = (await conn.execute(wanted)).scalar_one()
        return found


async def open_ones(world: World) -> list[str]:
    """Whose desks have not confirmed the first erasure."""
    return [one.person for one in (await privacy.list_erasures(world.db))[0].open_ones]


async def test_an_erased_customer_leaves_every_desk(
    world: World, site: Site, stack: AsyncExitStack, tmp_path: Path
) -> None:
    for name in ("ada", "bo"):
        await world.add_user(name)
    hers = await world.mail("heliotrope question")
    others = await world.mail("harmless")
    ada, bo = [await opened(site, tmp_path, name) for name in ("ada", "bo")]
    stack.push_async_callback(ada.close)
    await until(lambda: found_in(tmp_path / "bo"))
    file = await ada.attach_bytes("quagmire.txt", "text/plain", b"a quagmire of heliotrope")
    await ada.do(note(hers, "heliotrope note", (file,)))
    await ada.save_draft(Draft(conversation_id=hers, mode="reply", text="dear quagmire"))
    await ada.save_draft(Draft(conversation_id=others, mode="reply", text="dear other"))
    address = f"{(await customer_of(world, hers)).hex}@else.test"
    await ada.do(search_for("Quagmires", f"from:{address}"))
    await ada.do(search_for("harmless", "lamp"))
    me = await until(lambda: ada.me)
    await ada.do(Assign(conversation_id=others, assignee_id=me.id))
    await until(lambda: sent_all(ada))
    async with world.db.read() as conn:
        attachment_id = (await conn.execute(select(attachment.c.id))).scalar_one()
    await until(lambda: bo.search("note"), what="the note at the other desk")
    await bo.file(file.blob, attachment_id)
    await bo.close()

    done = await privacy.erase(world.db, await customer_of(world, hers), "test:1")
    world.bell.ring()

    async def only_bo() -> bool:
        return await open_ones(world) == ["bo@desk.test"]

    await until(only_bo)
    assert done.desks == 2
    assert found_in(tmp_path / "ada") == [], "nothing may be left once the desk has said so"
    assert await ada.search("heliotrope") == []
    assert [draft.text for draft in await ada.drafts()] == ["dear other"]
    assert [view.name for view in await ada.saved_views()] == ["harmless"]
    assert [row.preview for row in await ada.queue_rows([hers, others])] == ["", "harmless"]

    assert found_in(tmp_path / "bo")
    bo = await opened(site, tmp_path, "bo")
    stack.push_async_callback(bo.close)

    async def nobody() -> bool:
        return not await open_ones(world)

    await until(nobody)
    assert found_in(tmp_path / "bo") == []
    assert await bo.search("harmless") == [others]


async def test_what_waits_about_an_erased_customer_goes_too(
    world: World, site: Site, stack: AsyncExitStack, tmp_path: Path
) -> None:
    await world.add_user("ada")
    hers = await world.mail("heliotrope question")
    ada = await opened(site, tmp_path, "ada")
    stack.push_async_callback(ada.close)
    await ada.do(note(hers, "heliotrope, held"), hold_seconds=600)
    await privacy.erase(world.db, await customer_of(world, hers), "test:1")
    world.bell.ring()

    async def confirmed() -> bool:
        return not (await privacy.list_erasures(world.db))[0].open_ones

    await until(confirmed)
    assert await ada.waiting() == []
    assert found_in(tmp_path / "ada") == []
    async with world.db.read() as conn:
        assert (await conn.execute(select(contact.c.erased_at))).scalar_one() is not None


async def test_a_desk_erases_only_while_a_server_that_knows_it_is_there(
    world: World, site: Site, stack: AsyncExitStack, tmp_path: Path
) -> None:
    await world.add_user("ada", Role.ADMIN)
    hers = await world.mail("heliotrope question")
    who = await customer_of(world, hers)
    alone = LocalDesk(tmp_path / "alone", "http://127.0.0.1:9", "ada")
    await alone.start()
    with pytest.raises(Refusal) as refused:
        await alone.do(EraseContact(contact_id=who))
    assert refused.value.code == "offline"
    await alone.close()
    ada = await opened(site, tmp_path, "ada")
    stack.push_async_callback(ada.close)
    await ada.do(EraseContact(contact_id=who))
    assert (await shown_name(ada, who)) == ""
    await until(lambda: sent_all(ada))
    (ordered,) = await privacy.list_erasures(world.db)
    assert ordered.contact_id == who


async def shown_name(desk: LocalDesk, contact_id: UUID) -> str | None:
    detail = await desk.contact(contact_id)
    return detail.name if detail is not None else None
