"""What desks fetch and bring besides their WebSocket: who may, what is checked, and how large it may be."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from sqlalchemy import insert, select, update
from tests.sync.world import Site, World

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.posts import Media, Post, PostKind, Visibility, as_row
from agentdesk.domain.team import Role
from agentdesk.server import sync_endpoint
from agentdesk.server.fetcher import Fetcher, Picture
from agentdesk.store import blobs
from agentdesk.store.tables import attachment, message
from agentdesk.sync.desk_files import DeskFiles, FileUnusable
from agentdesk.sync.protocol import PROTOCOL, Goodbye, Hello, Welcome, decode_from_server, encode

URL = "https://pictures.test/a.png?x=1&y=2"


@pytest.fixture
async def site(migrated_sqlite_url: str) -> AsyncIterator[Site]:
    """A server with ada, who sees everything, and cat, who sees one inbox."""
    world = await World.start(migrated_sqlite_url)
    made = Site(world)
    await made.start()
    await world.add_user("ada")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    yield made
    await made.stop()
    await world.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _put(http: aiohttp.ClientSession, site: Site, name: str, content: Any, token: str = "ada") -> int:
    async with http.put(f"{site.url}/desk/blobs/{name}", data=content, headers=_as(token)) as answer:
        return answer.status


async def test_a_file_is_kept_under_its_own_name_only(site: Site, http: aiohttp.ClientSession) -> None:
    content = b"some content"
    assert await _put(http, site, _name(b"other"), content) == 422
    assert await _put(http, site, "../../etc/passwd", content) in (400, 404)
    assert await _put(http, site, "A" * 64, content) == 400
    assert await _put(http, site, _name(content), content, "nobody") == 401
    assert await _put(http, site, _name(content), content) == 201
    assert await _put(http, site, _name(content), content) == 204
    async with site.world.db.read() as conn:
        assert await blobs.get(conn, _name(content)) == content
        assert await blobs.missing(conn, {_name(b"other")}) == {_name(b"other")}


async def test_a_file_may_not_be_too_large(
    site: Site, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_endpoint, "MAX_BLOB_BYTES", 1000)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(100)

    assert await _put(http, site, _name(bytes(2000)), bytes(2000)) == 413
    assert await _put(http, site, _name(bytes(2000)), endless()) == 413
    assert await _put(http, site, _name(bytes(1000)), bytes(1000)) == 201


async def _with_attachment(world: World, inbox_id: UUID, account_id: UUID) -> tuple[UUID, UUID]:
    """A conversation whose message has a file and shows a picture; returns the ids of both."""
    conversation_id = await world.mail(inbox_id=inbox_id, account_id=account_id)
    attachment_id, content = new_id(), b"attached"
    async with world.db.write() as conn:
        message_id = await conn.scalar(
            select(message.c.id).where(message.c.conversation_id == conversation_id)
        )
        html = f'<img data-src="{URL.replace("&", "&amp;")}">'
        await conn.execute(update(message).where(message.c.id == message_id).values(html=html))
        await blobs.put_many(conn, {_name(content): content}, clock.now())
        await conn.execute(
            insert(attachment).values(
                id=attachment_id,
                message_id=message_id,
                conversation_id=conversation_id,
                inbox_id=inbox_id,
                position=0,
                name='x"; filename="evil.html',
                media_type="text/html",
                size=len(content),
                blob=_name(content),
                content_id="",
                inline=False,
                note="",
                ver=1,
            )
        )
    assert message_id is not None
    return attachment_id, message_id


async def test_an_attachment_goes_to_those_who_may_see_its_inbox(
    site: Site, http: aiohttp.ClientSession
) -> None:
    inbox_id, account_id = await site.world.add_inbox("Sales")
    attachment_id, _ = await _with_attachment(site.world, inbox_id, account_id)
    url = f"{site.url}/desk/attachments/{attachment_id}"
    async with http.get(url, headers=_as("ada")) as answer:
        assert await answer.read() == b"attached"
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for token, status in (("cat", 404), ("nobody", 401)):
        async with http.get(url, headers=_as(token)) as answer:
            assert answer.status == status
    async with http.get(f"{site.url}/desk/attachments/nonsense", headers=_as("ada")) as answer:
        assert answer.status == 404


class _FakeFetcher(Fetcher):
    asked: list[str]

    async def picture(self, url: str) -> Picture:
        self.asked.append(url)
        return Picture(b"picture", "image/png")


async def test_only_pictures_of_the_message_are_fetched(site: Site, http: aiohttp.ClientSession) -> None:
    world = site.world
    inbox_id, account_id = await world.add_inbox("Sales")
    _, message_id = await _with_attachment(world, inbox_id, account_id)
    fetcher = _FakeFetcher()
    fetcher.asked = []
    site.endpoint._fetcher = fetcher

    async def ask(url: str, token: str = "ada") -> int:
        place = f"{site.url}/desk/messages/{message_id}/picture"
        async with http.post(place, json={"url": url}, headers=_as(token)) as answer:
            return answer.status

    assert await ask(URL) == 200
    assert await ask("http://169.254.169.254/") == 422
    assert await ask(URL[:-1]) == 422
    assert await ask("") == 422
    assert await ask(URL, "cat") == 404
    assert await ask(URL, "nobody") == 401
    assert fetcher.asked == [URL]


async def test_pictures_that_a_post_shows_are_fetched_too(site: Site, http: aiohttp.ClientSession) -> None:
    world = site.world
    inbox_id, account_id = await world.add_inbox("Sales")
    _, message_id = await _with_attachment(world, inbox_id, account_id)
    photo, page, film = "https://files.example/1.png", "https://page.example/", "https://films.example/1"
    media = (
        Media("image", photo),
        Media("link", page, preview=f"{page}card.png"),
        Media("video", film, preview=f"{film}.png"),
    )
    post = Post(kind=PostKind.MENTION, visibility=Visibility.PUBLIC, media=media)
    async with world.db.write() as conn:
        await conn.execute(update(message).where(message.c.id == message_id).values(post=as_row(post)))
    fetcher = _FakeFetcher()
    fetcher.asked = []
    site.endpoint._fetcher = fetcher
    found = []
    for url in (photo, f"{page}card.png", f"{film}.png", page, film, ""):
        place = f"{site.url}/desk/messages/{message_id}/picture"
        async with http.post(place, json={"url": url}, headers=_as("ada")) as answer:
            found.append(answer.status)
    assert found == [200, 200, 200, 422, 422, 422]
    assert fetcher.asked == [photo, f"{page}card.png", f"{film}.png"]


async def test_a_desk_has_one_connection(site: Site, http: aiohttp.ClientSession) -> None:
    hello = Hello(token="ada", desk_id=new_id(), protocol=PROTOCOL, program="test")
    async with http.ws_connect(f"{site.url}/desk/sync") as first:
        await first.send_bytes(encode(hello))
        assert isinstance(decode_from_server(await first.receive_bytes()), Welcome)
        async with http.ws_connect(f"{site.url}/desk/sync") as second:
            await second.send_bytes(encode(hello))
            assert isinstance(decode_from_server(await second.receive_bytes()), Welcome)
            async with asyncio.timeout(10):
                frame = decode_from_server(await first.receive_bytes())
                while not isinstance(frame, Goodbye):
                    frame = decode_from_server(await first.receive_bytes())
            assert frame.code == "closing"
            assert site.endpoint.connected == 1


@pytest.mark.parametrize("noise", [b"", b"\xc1", b"\x81\xa1t\xa4push", bytes(1000)])
async def test_noise_ends_the_connection_politely(
    noise: bytes, site: Site, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(f"{site.url}/desk/sync") as socket:
        await socket.send_bytes(noise)
        assert isinstance(decode_from_server(await socket.receive_bytes()), Goodbye)


async def test_a_desks_own_files(tmp_path: Path) -> None:
    files = DeskFiles(tmp_path / "files")
    source = tmp_path / "a.txt"
    source.write_bytes(b"content")
    file = await files.take(source)
    source.unlink()
    assert files.path(file.blob).read_bytes() == b"content"
    assert (await files.take_bytes("b.txt", "text/plain", b"content")).blob == file.blob
    with pytest.raises(FileUnusable):
        await files.take(source)

    async def damaged() -> AsyncIterator[bytes]:
        yield b"not that"

    with pytest.raises(FileUnusable):
        await files.receive("0" * 64, damaged())
    assert not await files.has("0" * 64)
    assert [path.name for path in (tmp_path / "files").iterdir()] == [file.blob[:2]]
