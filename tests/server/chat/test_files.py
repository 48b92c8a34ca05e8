"""Files both ways: what a visitor sends reaches the desk, what an agent attaches reaches the page."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.pictures import PNG, png_head
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Envelope, File, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.chat import files, uploads
from agentdesk.server.housekeeping import keep_house
from agentdesk.store import blobs
from agentdesk.store.tables import attachment, chat_file, contact, message

NewPage = Callable[..., Page]
KEY = "the-file-1"


async def _sent(page: Page, content: bytes = PNG, name: str = "chair.png", **more: str) -> dict[str, Any]:
    """Send a file up that must be taken."""
    status, told = await page.upload(content, name, **more)
    assert status == 200, told
    return told


async def _say(page: Page, text: str, *references: str, key: str = "with-files") -> dict[str, Any]:
    """Send a message with files; returns its answer."""
    await page.send({"t": "message", "id": key, "text": text, "files": list(references)})

    def answered() -> dict[str, Any] | None:
        found = [one for one in page.others if one.get("id") == key]
        return found[-1] if found else None

    return await until(answered)


async def test_a_visitors_files_come_with_their_message(site: ChatSite, new_page: NewPage) -> None:
    page, twin = new_page(), new_page()
    welcome = await page.connect()
    assert "files" in welcome["can"]
    picture = await _sent(page)
    note = await _sent(page, b"Hello", "../../etc/a\u202etxt.note", media_type="text/plain; charset=utf-8")
    assert (picture["type"], note["name"], note["type"]) == ("image/png", "atxt.note", "text/plain")
    assert (await _say(page, "", picture["file"], note["file"]))["t"] == "ack"
    twin.token = page.token
    await twin.connect()
    await until(lambda: page.lines and twin.lines)
    shown = twin.lines[0]["files"]
    assert [(one["name"], one["type"], one["size"], one["picture"]) for one in shown] == [
        ("chair.png", "image/png", len(PNG), True),
        ("atxt.note", "text/plain", 5, False),
    ]
    await site.texts(1)
    rows = await site.rows(attachment, order=attachment.c.position)
    assert [(row.name, row.media_type, row.size) for row in rows] == [
        ("chair.png", "image/png", len(PNG)),
        ("atxt.note", "text/plain", 5),
    ]
    assert rows[0].blob == hashlib.sha256(PNG).hexdigest()
    (conversation,) = await site.conversations()
    assert conversation.preview == "chair.png, atxt.note"
    assert await page.download(shown[0]["url"]) == (200, PNG)


async def test_pictures_are_shown_and_all_else_is_saved(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    references = [
        (await _sent(page))["file"],
        (await _sent(page, b"a,b", "list.csv", media_type="text/csv"))["file"],
    ]
    await _say(page, "Here", *references)
    await until(lambda: page.lines)
    picture, listing = (site.address + one["url"] for one in page.lines[0]["files"])
    async with page.http.get(picture, headers=page.headers) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Access-Control-Allow-Origin"] == page.origin
    async with page.http.get(listing) as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''list.csv"
    async with page.http.get(picture, headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("page.html", "text/plain", b"Hello"),
        ("page.txt", "text/html; charset=utf-8", b"Hello"),
        ("page.txt", "text/plain", b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>"),
        ("drawing.png", "image/svg+xml", b"x"),
        ("drawing.png", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("invoice.pdf.exe", "application/pdf", b"%PDF-1.7"),
        ("photo.jpg", "image/jpeg", b"MZ\x90\x00"),
        ("photo\u202egpj.exe", "image/jpeg", b"x"),
    ],
)
async def test_what_could_run_is_not_taken(
    site: ChatSite, new_page: NewPage, name: str, kind: str, content: bytes
) -> None:
    page = new_page()
    await page.connect()
    status, told = await page.upload(content, name, media_type=kind)
    assert (status, told["code"]) == (415, "media_type")
    assert await site.rows(chat_file) == []


async def test_what_is_empty_or_too_large_is_not_taken(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 1_000_000

    for content, status, code in ((b"", 422, "invalid"), (b"x" * 10_000_001, 413, "too_large")):
        answer, told = await page.upload(content, "a.bin")
        assert (answer, told["code"]) == (status, code)
    answer, told = await page.upload(endless(), "a.bin")  # it does not say how much will come
    assert (answer, told["code"]) == (413, "too_large")
    assert await site.rows(chat_file) == []


async def test_a_picture_that_is_none_or_would_fill_the_memory_is_just_a_file(
    site: ChatSite, new_page: NewPage
) -> None:
    page = new_page()
    await page.connect()
    bomb = await _sent(page, png_head(50_000, 50_000))
    lie = await _sent(page, b"GIF87 but not really", "a.gif", media_type="image/gif")
    assert [bomb["type"], lie["type"]] == ["application/octet-stream"] * 2
    await _say(page, "Look", bomb["file"], lie["file"])
    await until(lambda: page.lines)
    assert [one["picture"] for one in page.lines[0]["files"]] == [False, False]


async def test_a_token_is_needed_and_the_right_one(site: ChatSite, new_page: NewPage) -> None:
    page, other = new_page(), new_page()
    await page.connect()
    await other.connect()
    theirs = await _sent(other)
    own, page.token = page.token, "x" * 43
    for token in ("x" * 43, "", "x" * 500):
        page.token = token
        status, told = await page.upload(PNG, "a.png")
        assert (status, told["code"]) == (401, "unauthorized")
    page.token = own
    for number, reference in enumerate((theirs["file"], "0" * 32, "no id")):
        answer = await _say(page, "Mine", reference, key=f"number-{number}")
        assert (answer["t"], answer["code"]) == ("error", "file")
    stranger = new_page(origin="https://evil.example")
    stranger.token = own
    status, told = await stranger.upload(PNG, "a.png")
    assert (status, told["code"]) == (403, "origin")
    assert page.lines == []
    assert len(await site.rows(chat_file)) == 1


async def test_who_is_blocked_sends_nothing_up(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    async with site.db.write() as conn:
        await conn.execute(update(contact).values(blocked=True))
    status, told = await page.upload(PNG, "a.png")
    assert (status, told["code"]) == (403, "blocked")
    assert await site.rows(chat_file) == []


async def test_the_same_file_sent_twice_is_one(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    first = await _sent(page, key=KEY)
    again = await _sent(page, b"cut off", key=KEY)
    assert again["file"] == first["file"]
    assert len(await site.rows(chat_file)) == 1
    status, told = await page.upload(PNG, "a.png", key="a b")
    assert (status, told["code"]) == (422, "invalid")
    for _ in range(2):
        assert (await _say(page, "Once", first["file"]))["t"] == "ack"
    answer = await _say(page, "Twice", first["file"], key="another-one")
    assert answer["code"] == "file"
    assert await site.texts(1) == ["Once"]


async def test_too_many_are_refused(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    await page.connect()
    monkeypatch.setattr(files, "_MOST_WAITING", 2)
    kept = [(await _sent(page, key=f"number-{number}"))["file"] for number in range(6)]
    left = {row.id.hex for row in await site.rows(chat_file)}
    assert left == set(kept[-2:])  # of those that wait the oldest give way
    answer = await _say(page, "All", *kept)
    assert answer["code"] == "not_here"  # five in one message
    monkeypatch.setattr(uploads, "_BYTES_A_DAY", 10)
    status, told = await page.upload(PNG, "a.png")
    assert (status, told["code"]) == (429, "slow_down")
    assert told["retry"] > 60


async def test_an_upload_that_is_cut_leaves_nothing(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionResetError

    with pytest.raises((OSError, RuntimeError)):
        await page.upload(broken(), "a.bin", key=KEY)
    told = await _sent(page, b"whole", "a.bin", key=KEY)
    assert told["size"] == 5
    assert [row.size for row in await site.rows(chat_file)] == [5]


async def test_an_upload_that_dribbles_is_ended(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    await page.connect()
    monkeypatch.setattr(uploads, "_CHUNK_SECONDS", 0.05)

    async def dribbling() -> AsyncIterator[bytes]:
        yield b"x"
        await until(lambda: not waiting, what="the server to have enough")

    waiting = [True]
    task_status, told = await page.upload(dribbling(), "a.bin", done=waiting.clear)
    assert (task_status, told["code"]) == (503, "busy")
    assert await site.rows(chat_file) == []


async def test_addresses_run_out_and_cannot_be_made(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    await page.connect()
    monkeypatch.setattr(files, "_VALID", timedelta(seconds=-1))
    await _say(page, "Here", (await _sent(page))["file"])
    await until(lambda: page.lines)
    url = page.lines[0]["files"][0]["url"]
    assert (await page.download(url))[0] == 404
    monkeypatch.setattr(files, "_VALID", timedelta(days=7))
    await page.leave()
    page.cursor, page.lines = 0, []
    await page.connect()
    await until(lambda: page.lines)
    url = page.lines[0]["files"][0]["url"]
    assert (await page.download(url))[0] == 200
    head, _, signature = url.rpartition("-")
    forged = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    ahead = url.replace(url.split("-")[-2], "9999999999")
    for bad in (f"{head}-{forged}", ahead, f"{head}-", url.replace(str(site.widget), str(new_id()))):
        assert (await page.download(bad))[0] == 404


async def test_what_was_never_sent_off_is_dropped(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    waiting, used = await _sent(page, b"waiting", "a.bin"), await _sent(page, b"used", "b.bin")
    await _say(page, "Here", used["file"])
    await site.texts(1)
    long_ago = clock.now() - timedelta(days=8)
    async with site.db.write() as conn:
        await conn.execute(update(chat_file).values(created_at=long_ago))
    await keep_house(site.db)
    assert [row.id for row in await site.rows(chat_file)] == [UUID(used["file"])]
    answer = await _say(page, "Too late", waiting["file"], key="too-late")
    assert answer["code"] == "file"


async def test_what_an_agent_attaches_is_on_the_page(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (conversation,) = await site.conversations()
    (row,) = await site.rows(message)
    content = {blobs.hash_of(PNG): PNG, blobs.hash_of(b"<html>"): b"<html>"}
    async with site.db.write() as conn:
        await blobs.put_many(conn, content, clock.now())
    given = tuple(
        File(id=new_id(), name=name, media_type=kind, size=len(data), blob=blobs.hash_of(data))
        for name, kind, data in (("chair.png", "image/png", PNG), ("a.html", "text/html", b"<html>"))
    )
    to = (Party(row.sender["kind"], row.sender["value"], row.sender["name"]),)

    command = SendReply(message_id=new_id(), conversation_id=conversation.id, to=to, text="", files=given)
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"
    await page.shows("Hello", "")
    picture, html = page.lines[1]["files"]
    assert (picture["name"], picture["picture"], html["picture"]) == ("chair.png", True, False)
    assert await page.download(picture["url"]) == (200, PNG)
    async with page.http.get(site.address + html["url"]) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["Content-Type"] == "application/octet-stream"
