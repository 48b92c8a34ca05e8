"""Pictures of people: what becomes one, what does not and why, and who may give one."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from sqlalchemy import select
from tests.helpers.pictures import PNG, photo, png_head

from agentdesk.app.admin import command
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.events import Bell
from agentdesk.cli import parse
from agentdesk.commands.context import Actor
from agentdesk.domain.message import Author
from agentdesk.domain.portraits import MOST_BYTES
from agentdesk.domain.team import Role
from agentdesk.server import portrait_routes
from agentdesk.server.admin import add_user
from agentdesk.server.app import _known_errors
from agentdesk.server.portraits import made_portrait
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, portrait
from agentdesk.sync.account import ServerAccount, Told

EMAIL = "ana@desk.test"
SCRIPT = b"<script>alert(1)</script>"
_RED, _BLUE = (254, 0, 0), (0, 0, 254)


def _frames(kind: str) -> bytes:
    """Two pictures in one file, which a browser would show in turn."""
    written = io.BytesIO()
    first, second = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))
    first.save(written, kind, save_all=True, append_images=[second])
    return written.getvalue()


def _two_sizes() -> bytes:
    """A JPEG that names its size a second time, and another one (ITU T.81, B.2.2)."""
    good = photo(size=(40, 40))
    at = good.index(b"\xff\xc0")
    length = 2 + int.from_bytes(good[at + 2 : at + 4], "big")
    head = bytearray(good[at : at + length])
    head[5:9] = (30_000).to_bytes(2, "big") * 2
    return good[: at + length] + bytes(head) + good[at + length :]


async def _drawn(content: bytes) -> Image.Image:
    made = await made_portrait(content)
    assert len(made) < 20_000
    return Image.open(io.BytesIO(made), formats=["JPEG"])


def _about(colour: object, wanted: tuple[int, ...]) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(one - other) < 12 for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is no picture that can be used."),
        (b"MZ" + bytes(500), "This file is no picture."),
        (b"<!doctype html>" + SCRIPT, "This file is no picture."),
        (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "A drawing (SVG) cannot be used.",
        ),
        (_frames("GIF"), "A GIF cannot be used."),
        (_frames("PNG"), "Moving pictures cannot be used."),
        (_frames("WEBP"), "Moving pictures cannot be used."),
        (photo("PNG")[:200], "The picture is damaged or cut off."),
        (photo("JPEG")[:-300], "The picture is damaged or cut off."),
        (photo("WEBP")[:60], "The picture is damaged or cut off."),
        (png_head(30_000, 30_000), "The picture has too many pixels."),
        (_two_sizes(), "The picture is damaged or cut off."),
        (PNG + bytes(MOST_BYTES), "A picture can have 2 MB at most."),
    ],
)
async def test_what_cannot_become_one_is_told_why(content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        await made_portrait(content)
    assert str(refused.value) == sentence
    assert refused.value.hint is not None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_nothing_stays_but_pixels(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()  # the description
    told: dict[str, Any] = {"exif": exif, **({"comment": SCRIPT} if kind == "JPEG" else {})}
    content = photo(kind, **told) + SCRIPT  # and something else behind it
    assert content.count(SCRIPT) == (3 if kind == "JPEG" else 2)
    made = await _drawn(content)
    assert (made.size, made.mode) == ((128, 128), "RGB")
    assert not made.getexif()
    assert SCRIPT not in await made_portrait(content)
    assert _about(made.getpixel((64, 20)), _RED)
    assert _about(made.getpixel((64, 110)), _BLUE)


async def test_a_photo_of_a_phone_that_was_turned_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # what is above lies to the right
    made = await _drawn(photo(exif=exif))
    assert _about(made.getpixel((110, 64)), _RED)
    assert _about(made.getpixel((20, 64)), _BLUE)


async def test_the_middle_is_cut_out_and_nothing_shines_through() -> None:
    drawn = Image.new("RGBA", (300, 100), "red")
    drawn.paste((0, 0, 0, 0), (100, 0, 200, 50))
    drawn.paste("blue", (100, 50, 200, 100))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    made = await _drawn(written.getvalue())
    assert _about(made.getpixel((4, 20)), (255, 255, 255))
    assert _about(made.getpixel((123, 110)), _BLUE)


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await add_user(db, EMAIL, "Ana", Role.AGENT, "correct horse")


async def _theirs(db: Database, person: UUID) -> bytes | None:
    """A person's picture; its hash is that of its content."""
    async with db.read() as conn:
        row = (await conn.execute(select(portrait).where(portrait.c.id == person))).one()
    assert row.digest == (None if row.content is None else blobs.hash_of(row.content))
    content: bytes | None = row.content
    return content


async def test_the_administrator_gives_one_and_takes_it_away(
    db: Database, ana: UUID, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ana.jpg"
    file.write_bytes(photo("PNG"))  # the name does not matter

    async def do(*arguments: str) -> None:
        parsed = parse(["admin", "--database", "unused", "user", "picture", *arguments])
        assert await command._recorded(db, parsed) == 0

    await do(EMAIL, str(file))
    assert await _theirs(db, ana) == await made_portrait(photo("PNG"))
    await do(EMAIL, "--none")
    assert await _theirs(db, ana) is None
    said = ["ana@desk.test has a new picture.", "ana@desk.test has no picture."]
    assert capsys.readouterr().out.splitlines() == said
    file.write_bytes(b"%PDF-1.7")
    for path in (file, tmp_path / "missing.png"):
        with pytest.raises(Invalid):
            await do(EMAIL, str(path))
    with pytest.raises(Invalid):
        await do("nobody@desk.test", "--none")
    async with db.read() as conn:
        entries = (await conn.execute(select(audit_entry).order_by(audit_entry.c.seq))).all()
    assert {entry.what for entry in entries} == {"user picture"}
    assert [entry.outcome for entry in entries] == ["done", "done", "refused", "refused", "refused"]
    assert entries[0].data["email"] == EMAIL


@pytest.fixture
async def served(db: Database, ana: UUID) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The routes of a person's own picture; Ana's token is ``ana``, a program's ``program``."""
    people = {
        "ana": Actor(Author.USER, ana, Role.AGENT, frozenset()),
        "program": Actor(Author.API, None, Role.AGENT, frozenset()),
    }

    async def authenticate(token: str) -> Actor | None:
        return people.get(token)

    app = web.Application(middlewares=[_known_errors])
    portrait_routes.add_routes(app, db, authenticate, Bell())
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_people_give_their_own(
    db: Database, ana: UUID, served: TestClient[web.Request, web.Application]
) -> None:
    def account(token: str, path: str = "") -> ServerAccount:
        return ServerAccount(str(served.make_url(path)), token)

    await account("ana").set_picture(photo())
    assert await _theirs(db, ana) == await made_portrait(photo())
    for bad in (b"no picture", photo("PNG") + bytes(MOST_BYTES)):
        with pytest.raises(Told) as refused:
            await account("ana").set_picture(bad)
        assert refused.value.hint is not None
        assert refused.value.hint.text == "Choose a PNG, JPEG or WebP file."
    for token in ("", "program"):
        with pytest.raises(Told, match="sign in again"):
            await account(token).set_picture(photo())
    with pytest.raises(AgentDeskError, match="cannot keep pictures yet"):
        await account("ana", "/an-older-server").set_picture(photo())
    assert await _theirs(db, ana) is not None
    await account("ana").take_picture_away()
    assert await _theirs(db, ana) is None
    async with db.read() as conn:
        entries = (await conn.execute(select(audit_entry).order_by(audit_entry.c.seq))).all()
    done = [(one.what, one.outcome, one.actor, one.user_id) for one in entries]
    assert done == [
        ("set_picture", "done", "user", ana),
        ("take_picture_away", "done", "user", ana),
    ]
