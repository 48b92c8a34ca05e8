"""What strangers send: each is answered as the protocol says, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from tests.helpers.chat_page import ORIGIN, SECRET, ChatSite, Page
from tests.helpers.until import until
from yarl import URL

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.server.admin import add_channel, change_channel, set_paused
from agentdesk.server.chat import talking
from agentdesk.server.chat.identity import signature
from agentdesk.server.chat.protocol import BadFrame, Identity, decode
from agentdesk.server.keys import open_vault
from agentdesk.store.tables import account_state, chat_line, chat_post, chat_session, chat_token, message

NewPage = Callable[..., Page]


async def _refused(page: Page) -> tuple[int, str]:
    """How the WebSocket of a page is refused: status and code."""
    headers = {**page.headers, "Connection": "Upgrade", "Upgrade": "websocket"}
    headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with page.http.get(page.path("socket"), headers=headers) as answer:
        return answer.status, (await answer.json())["code"]


async def _nothing(site: ChatSite) -> bool:
    return not any([await site.rows(table) for table in (chat_session, chat_line, chat_post, message)])


# --- S55: origins ---


_FOREIGN = [
    None,
    "null",
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "https://shop.example, https://evil.example",
    "https://shop.example/",
    "javascript://shop.example",
]


async def test_a_page_of_a_foreign_origin_is_not_served(site: ChatSite, new_page: NewPage) -> None:
    for origin in _FOREIGN:
        page = new_page(origin=origin)
        assert await _refused(page) == (403, "origin"), origin
        status, (told,) = await page.poll()
        assert (status, told["code"]) == (403, "origin"), origin
        async with page.http.get(page.path("settings"), headers=page.headers) as answer:
            assert answer.status == (200 if origin is None else 403), origin
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert await _nothing(site)


async def test_a_pattern_covers_subdomains_and_nothing_else(site: ChatSite, new_page: NewPage) -> None:
    vault = await open_vault(site.db)
    await change_channel(site.db, vault, "Shop", {"origins": "https://*.shop.example"}, {})
    assert (await new_page(origin="https://de.shop.example").poll())[0] == 200
    for origin in ("https://shop.example", "https://.shop.example.evil", "https://evilshop.example"):
        assert (await new_page(origin=origin).poll())[0] == 403


async def test_what_is_public_is_told_to_its_pages(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    async with page.http.get(page.path("settings"), headers=page.headers) as answer:
        told = await answer.json()
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert (told["v"], told["name"], told["colour"]) == (1, "shop.example", "#1F6FEB")
    assert SECRET not in json.dumps(told)
    async with page.http.options(page.path("poll"), headers=page.headers) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, ORIGIN)


async def test_an_unknown_widget_is_not_there(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    for widget in ("nothing", "0198f0c2-7a51-7c9e-8f1d-0123456789ab", "..%2f..%2fetc"):
        address = f"{site.address}/chat/v1/{widget}/settings"
        async with page.http.get(address, headers=page.headers) as answer:
            assert answer.status == 404, widget


async def test_a_paused_widget_is_not_there(site: ChatSite, new_page: NewPage) -> None:
    await set_paused(site.db, "Shop", True)

    async def is_paused() -> bool:
        (row,) = await site.rows(account_state)
        return bool(row.state == "paused")

    await until(is_paused)
    assert await _refused(new_page()) == (404, "widget")


# --- S56: other visitors' tokens ---


async def test_an_invented_token_opens_nothing(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    for token in ("", "x", "x" * 43, "\u0000" * 43):
        page.token = token
        assert await page.connect() == {}
        assert page.closed == 4001
        status, frames = await page.poll({"t": "message", "id": "any-id-1", "text": "Hello"})
        assert (status, frames[0]["code"]) == (401, "unauthorized")
    assert await _nothing(site)


async def test_a_token_of_one_widget_opens_no_other(site: ChatSite, new_page: NewPage) -> None:
    vault = await open_vault(site.db)
    settings = {"site": "other.example", "origins": ORIGIN}
    other = await add_channel(site.db, vault, "chat", "Support", "Other", settings, {})
    page = new_page()
    await page.connect()
    site.widget = other
    assert (await page.poll())[0] == 401


async def test_tokens_are_not_kept_as_they_are(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    assert page.token is not None
    assert len(page.token) == 43
    (row,) = await site.rows(chat_token)
    assert page.token not in repr(row)


# --- S57: identity ---


def _claim(site: ChatSite, **changes: Any) -> dict[str, Any]:
    """A claim that stands, and then what is changed in it."""
    expires = int(clock.now().timestamp()) + 600
    given = {"user_id": "42", "expires": expires, "name": "Ana", "email": "ana@else.example"}
    signed = {name: changes.pop(f"signed_{name}", value) for name, value in given.items()}
    widget = changes.pop("widget", site.widget)
    secret = changes.pop("secret", SECRET)
    code = signature(secret, widget, Identity(**signed, hmac=""))
    return {**signed, "hmac": code, **changes}


async def test_a_verified_visitor_has_one_history_everywhere(site: ChatSite, new_page: NewPage) -> None:
    phone, laptop = new_page(), new_page()
    welcome = await phone.connect(identity=_claim(site))
    assert (welcome["verified"], welcome["profile"]["name"]) == (True, "Ana")
    await phone.write("From my phone")
    await laptop.connect(identity=_claim(site))
    await laptop.shows("From my phone")
    assert laptop.token != phone.token
    other = new_page()
    await other.connect(identity=_claim(site, signed_user_id="43"))
    await other.write("Somebody else")
    assert [line["text"] for line in other.lines if line["from"] == "visitor"] in ([], ["Somebody else"])
    assert len(await site.rows(chat_session)) == 2


_FORGED: list[dict[str, Any]] = [
    {"hmac": ""},
    {"hmac": "0" * 64},
    {"hmac": "é" * 64},
    {"user_id": "43"},
    {"name": "Mallory"},
    {"expires": 99_999_999_999},
    {"signed_expires": 1_000_000_000},
    {"signed_expires": 99_999_999_999},
    {"secret": "another key that is long enough, too"},
    {"widget": UUID("0198f0c2-7a51-7c9e-8f1d-0123456789ab")},
    {"signed_user_id": "4\n2"},
]


async def test_a_forged_identity_is_refused(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    for changes in _FORGED:
        assert await page.connect(identity=_claim(site, **changes)) == {}, changes
        assert page.closed == 4003
        status, (told,) = await page.poll(identity=_claim(site, **changes))
        assert (status, told["code"]) == (403, "identity"), changes
    assert await _nothing(site)


async def test_nobody_is_verified_where_there_is_no_key(site: ChatSite, new_page: NewPage) -> None:
    vault = await open_vault(site.db)
    settings = {"site": "other.example", "origins": ORIGIN}
    site.widget = await add_channel(site.db, vault, "chat", "Support", "Other", settings, {})
    assert (await new_page().poll(identity=_claim(site, secret="")))[0] == 403


async def test_a_verified_token_ends_with_its_claim(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect(identity=_claim(site))
    (row,) = await site.rows(chat_token)
    assert row.expires_at <= clock.seconds_from_now(600)
    await page.connect()
    (again,) = await site.rows(chat_token)
    assert again.expires_at == row.expires_at
    async with site.db.write() as conn:
        await conn.execute(chat_token.update().values(expires_at=clock.seconds_from_now(-1)))
    assert await page.connect() == {}
    assert page.closed == 4001


# --- S58 and S66: frames ---


_BAD_FRAMES = [
    ("", "bad_frame"),
    ("hello", "bad_frame"),
    ("[]", "bad_frame"),
    ("null", "bad_frame"),
    ('{"t": "nothing"}', "bad_frame"),
    ('{"t": "message"}', "bad_frame"),
    ("[" * 30_000, "bad_frame"),
    ('{"a":' * 10_000, "bad_frame"),
    ('{"t": "typing", "on": NaN}', "bad_frame"),
    ('{"t": "seen", "upto": 1e999, "state": "read"}', "bad_frame"),
    ('{"t": "seen", "upto": ' + "9" * 5_000 + ', "state": "read"}', "bad_frame"),
    ('{"t": "seen", "upto": -1, "state": "read"}', "bad_frame"),
    ('{"t": "seen", "upto": 1, "state": "bought"}', "bad_frame"),
    ('{"t": "message", "id": "some-id-1", "text": "\\ud800"}', "bad_frame"),
    ('{"t": "message", "t": "ping"}', "bad_frame"),
    ('{"t": "message", "id": "some-id-1", "text": ["x"]}', "invalid"),
    ('{"t": "message", "id": "some-id-1", "text": "' + "x" * 5_001 + '"}', "invalid"),
    ('{"t": "message", "id": "some-id-1", "text": "  \\n "}', "invalid"),
    ('{"t": "message", "id": "short", "text": "x"}', "invalid"),
    ('{"t": "message", "id": "with blanks in it", "text": "x"}', "invalid"),
    ('{"t": "message", "id": "some-id-1\\n", "text": "x"}', "invalid"),
    ('{"t": "message", "id": "some-id-1", "text": "x", "files": ["one"]}', "file"),
    ('{"t": "survey", "id": "some-id-1", "score": 5}', "invalid"),
    ('{"t": "hello", "v": 1}', "bad_frame"),
    ('{"t": "hello", "v": 2}', "version"),
]


async def test_a_bad_frame_is_told_and_nothing_else(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking, "_BAD_FRAMES", 100)
    page = new_page()
    await page.connect()
    assert page._socket is not None
    for text, code in _BAD_FRAMES:
        page.others.clear()
        await page._socket.send_str(text)
        assert (await page.came("error"))["code"] == code, text[:60]
    await page.send({"t": "ping"})
    await page.came("pong")
    assert page.lines == []
    assert await site.rows(chat_post) == []


async def test_who_sends_bad_frames_only_is_closed(new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    assert page._socket is not None
    for _ in range(10):
        await page._socket.send_str("{")
    await until(lambda: page.closed is not None)
    assert page.closed == 1008


async def test_a_flood_is_closed(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    assert page._socket is not None
    try:
        for _ in range(1_000):
            await page.send({"t": "typing", "on": False})
    except (ConnectionError, aiohttp.ClientError):
        pass
    await until(lambda: page.closed is not None)
    assert page.closed == 1008


async def test_messages_come_at_a_pace(site: ChatSite, new_page: NewPage) -> None:
    site.chat._tools.messages._now = lambda: 0.0  # however slow this computer is
    page = new_page()
    await page.connect()
    for number in range(14):
        await page.send({"t": "message", "id": f"number-{number:02}", "text": f"{number}"})
    told = await page.came("error", code="slow_down")
    assert told["retry"] >= 1
    assert told["id"].startswith("number-1")
    assert (await page.came("ack", id="number-09"))["n"] == 10


_FIRST_FRAMES = [
    ('{"t": "ping"}', 1008),
    ("{", 1008),
    ('{"t": "hello", "v": 9}', 4002),
    ('{"t": "hello", "v": 1, "token": "' + "x" * 43 + '"}', 4001),
]


async def test_the_first_frame_must_be_a_hello(site: ChatSite, new_page: NewPage) -> None:
    for first, close in _FIRST_FRAMES:
        socket = await new_page().open()
        await socket.send_str(first)
        async with asyncio.timeout(10):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert socket.close_code == close, first
    assert await _nothing(site)


async def test_a_silent_socket_is_closed(new_page: NewPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "_HELLO_SECONDS", 0.05)
    socket = await new_page().open()
    async with asyncio.timeout(10):
        await socket.receive()
    assert socket.close_code == 4008


def _masked(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0) -> bytes:
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", size)
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


_AGAINST_THE_RULES = [
    (_masked(1, b"x" * 70_000), 1009),
    (_masked(1, b"x" * 40_000, fin=False) + _masked(0, b"x" * 40_000), 1009),
    (_masked(1, b"\xff\xfe"), 1007),
    (_masked(1, b"{}", rsv=0x40), 1002),  # compressed, though nobody agreed to that
    (_masked(3, b""), 1002),
    (_masked(0, b"{}"), 1002),
    (_masked(9, b"", fin=False), 1002),
    (_masked(9, b"x" * 126), 1002),
    (_masked(2, b"{}"), 1003),
]


async def _closed_with(site: ChatSite, data: bytes) -> int:
    """The code with which a socket is closed that begins with ``data``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    request = (
        f"GET /chat/v1/{site.widget}/socket HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode())
    assert b" 101 " in await reader.readline()
    await reader.readuntil(b"\r\n\r\n")
    writer.write(data)
    async with asyncio.timeout(10):
        while True:
            head = await reader.readexactly(2)
            size = head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
            payload = await reader.readexactly(size)
            if head[0] & 0x0F == 8:
                break
    writer.close()
    await writer.wait_closed()
    return int(struct.unpack("!H", payload[:2])[0])


async def test_what_breaks_the_rules_of_rfc_6455_is_closed_as_they_say(site: ChatSite) -> None:
    for data, close in _AGAINST_THE_RULES:
        assert await _closed_with(site, data) == close, data[:20]
    assert await _nothing(site)


async def test_one_byte_fragments_are_one_frame(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    assert page._socket is not None
    writer = page._socket._writer
    text = b'{"t":"ping"}'
    raw = b"".join(
        _masked(1 if n == 0 else 0, text[n : n + 1], fin=n == len(text) - 1) for n in range(len(text))
    )
    writer.transport.write(raw)
    await page.came("pong")


# --- limits of what is open at one time ---


async def test_tabs_of_one_visitor_are_counted(site: ChatSite, new_page: NewPage) -> None:
    first = new_page()
    await first.connect()
    for _ in range(7):
        twin = new_page()
        twin.token = first.token
        assert await twin.connect()
    ninth = new_page()
    ninth.token = first.token
    assert await ninth.connect() == {}
    assert ninth.closed == 4029


async def test_new_sessions_of_one_address_are_counted(site: ChatSite, new_page: NewPage) -> None:
    site.chat._new._now = lambda: 0.0
    for _ in range(10):
        assert (await new_page().poll())[0] == 200
    status, (told,) = await new_page().poll()
    assert (status, told["code"]) == (429, "too_many")
    assert len(await site.rows(chat_session)) == 10


# --- markup, and what a page is served ---


async def test_markup_is_text_everywhere(site: ChatSite, new_page: NewPage) -> None:
    page, evil = new_page(), "<img src=x onerror=alert(1)>"
    await page.connect(page={"url": "javascript:alert(1)", "title": evil, "referrer": evil})
    await page.send({"t": "profile", "id": "profile-1", "name": evil, "topic": evil})
    await page.write(evil)
    await site.texts(1)
    (row,) = await site.rows(message)
    assert (row.text, row.html) == (evil, "")
    await page.connect()
    async with page.http.get(page.path("settings"), headers=page.headers) as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_host_header_decides_nothing(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    headers = {**page.headers, "Host": "evil.example"}
    async with page.http.get(page.path("settings"), headers=headers) as answer:
        assert "evil.example" not in await answer.text()


_ELSEWHERE = [
    "//evil.example",
    "//evil.example/..",
    "/\\evil.example",
    "/%5Cevil.example",
    "/help//evil.example",
    "/help/evil.example",
    "/help/shop.example?next=//evil.example&return_to=https://evil.example&url=//evil.example",
    "/help/c/evil.example?next=//evil.example",
    "/chat/v1/../..//evil.example",
]


async def test_nobody_is_led_elsewhere(site: ChatSite, new_page: NewPage) -> None:
    page, host = new_page(), {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    statuses = []
    for path in _ELSEWHERE:
        address = URL(f"{site.address}{path}", encoded=True)
        async with page.http.get(address, headers=host, allow_redirects=False) as answer:
            statuses.append(answer.status)
            assert "Location" not in answer.headers, path
            assert "evil.example" not in await answer.text(), path
    assert set(statuses) == {200, 404}


_BAD_POLLS = [
    (b"", 400),
    (b"{", 400),
    (b'{"frames": []}', 400),
    (b'{"frames": [{"t": "ping"}]}', 400),
    (b'{"frames": [1]}', 400),
    (b'{"frames": [{"t": "hello", "v": 1}], "wait": 900}', 400),
    (b'{"frames": [' + b'{"t": "ping"},' * 30 + b'{"t": "ping"}]}', 400),
    (b" " * 70_000, 413),
    (b"\xff" * 10, 400),
]


async def test_a_bad_poll_is_refused(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    for body, status in _BAD_POLLS:
        async with page.http.post(page.path("poll"), data=body, headers=page.headers) as answer:
            assert answer.status == status, body[:40]
            assert (await answer.json())["t"] == "error"
    assert await _nothing(site)


def test_a_frame_in_a_language_of_bytes_is_none() -> None:
    with pytest.raises(BadFrame):
        decode(b"\xff\xfe")


async def test_a_new_id_each_time_is_a_new_line(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    for _ in range(2):
        await page.write("Same words", new_id().hex)
    assert await site.texts(2) == ["Same words", "Same words"]
