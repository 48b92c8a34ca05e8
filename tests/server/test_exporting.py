"""The export of everything about a customer: complete, harmless to open, and written into the audit trail."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.conftest import NewCompany
from tests.helpers.company import http_status, write
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.program import Programs
from tests.server.trail import entries

from agentdesk.base.clock import now
from agentdesk.base.errors import NotFound
from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM, Actor
from agentdesk.commands.values import AddNote
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.exporting import export_contact
from agentdesk.server.privacy import find_contact
from agentdesk.store.tables import chat_file, chat_line, chat_session

ZELDA = "zelda@customer.example"
NASTY = '</pre><script src="//evil.test/x.js"></script><img src="\\\\evil.test\\s">&lt;'
NAMES = ["../../x.html", "C:\\con.txt", "a\u202egpj.exe", "=cmd|' /C calc'!A0", ""]


@pytest.fixture
async def zipped(world: FakeWorld) -> zipfile.ZipFile:
    """The export of Zelda, who wrote what would be code, with files of nasty names."""
    core = await world.started()
    files = [(name, f"content {number}") for number, name in enumerate(NAMES)]
    world.service.put(raw_mail(ZELDA, name=f"Zelda {NASTY}", subject=NASTY, text=NASTY, files=files))
    world.service.put(raw_mail("alice@customer.example", text="not for Zelda"))
    await world.settled(2)
    who = await find_contact(world.db, ZELDA)
    (row,) = [one for one in await world.conversations() if one.contact_id == who]
    note = AddNote(message_id=new_id(), conversation_id=row.id, text="=1+1 about her")
    assert (await world.do(core, note)).outcome == "done"
    await _visit(world, ZELDA)
    await _visit(world, "alice@customer.example")
    file = io.BytesIO()
    counts = await export_contact(world.db, who, SYSTEM, file)
    assert counts == {"conversations": 1, "messages": 2, "files": 6}
    (entry,) = await entries(world.db, "export")
    assert (entry.contact_id, entry.data) == (who, counts)
    return zipfile.ZipFile(file)


async def _visit(world: FakeWorld, identity: str) -> None:
    """Somebody was on a page with a chat."""
    said = {"name": f"{identity} {NASTY}", "email": "", "topic": "", "consent": "2026-01"}
    place = {"url": f"https://shop.test/{identity}", "title": NASTY}
    row = {"id": new_id(), "account_id": world.account_id, "identity": identity, "verified": True}
    numbers = {"last": "", "lines": 0, "delivered": 0, "seen": 0, "created_at": now(), "seen_at": now()}
    file_id = new_id()
    line = {"session_id": row["id"], "n": 1, "key": f"key of {identity}", "origin": "visitor", "name": ""}
    file = {"id": file_id, "session_id": row["id"], "key": "file", "blob": "", "media_type": "image/png"}
    async with world.db.write() as conn:
        await conn.execute(insert(chat_session).values(**row, **numbers, profile=said, place=place))
        words = {"text": f"{identity} wrote {NASTY}", "files": [file_id.hex, "gone"], "created_at": now()}
        await conn.execute(insert(chat_line).values(**line, **words))
        await conn.execute(insert(chat_file).values(**file, name=NASTY, size=7, n=1, created_at=now()))


async def test_it_holds_everything_and_nothing_of_others(zipped: zipfile.ZipFile) -> None:
    whole = json.loads(zipped.read("export.json"))
    assert [one["value"] for one in whole["identities"]] == [ZELDA]
    ((first, second),) = [one["messages"] for one in whole["conversations"]]
    assert first["text"] == NASTY
    assert (second["text"], second["by"]) == ("=1+1 about her", "Maria")
    assert [zipped.read(file["place"]).decode() for file in first["files"]] == [
        f"content {number}" for number in range(len(NAMES))
    ]
    assert first["files"][0]["name"] == NAMES[0]
    assert b"script src" in zipped.read(first["original"])
    assert not any(b"not for Zelda" in zipped.read(name) for name in zipped.namelist())
    (visit,) = whole["visits"]
    assert (visit["profile"]["consent"], visit["place"]["url"]) == ("2026-01", f"https://shop.test/{ZELDA}")
    (line,) = visit["lines"]
    assert (line["origin"], line["text"]) == ("visitor", f"{ZELDA} wrote {NASTY}")
    assert line["files"] == [{"name": NASTY, "media_type": "image/png", "size": 7}]
    page = zipped.read("index.html").decode()
    assert f"{ZELDA} wrote &lt;/pre&gt;" in page
    assert "alice@customer.example wrote" not in page
    assert f"https://shop.test/{ZELDA}" in page
    assert "shop.test/alice" not in page


async def test_nothing_in_it_runs_or_lands_elsewhere(zipped: zipfile.ZipFile) -> None:
    page = zipped.read("index.html").decode()
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "small", "strong", "bdi",
        "dl", "dt", "dd", "pre", "ul", "li", "article", "a",
    }  # fmt: skip
    assert "default-src 'none'" in page
    assert "&lt;script src=" in page
    links = re.findall(r'href="([^"]*)"', page)
    assert links
    assert all(re.fullmatch(r"(files|mails)/[\w.%-]+", link) for link in links)
    for name in zipped.namelist():
        assert re.fullmatch(r"(export\.json|index\.html|(files|mails)/[\w.-]+)", name), name
        assert ".." not in name


async def test_whoever_sees_nothing_of_a_customer_exports_nothing(
    world: FakeWorld, zipped: zipfile.ZipFile
) -> None:
    stranger = Actor(Author.USER, world.user_id, Role.ADMIN, frozenset({new_id()}))
    who = await find_contact(world.db, ZELDA)
    for actor, contact_id in ((stranger, who), (SYSTEM, new_id())):
        with pytest.raises(NotFound):
            await export_contact(world.db, contact_id, actor, io.BytesIO())
    assert len(await entries(world.db, "export")) == 1


def test_over_the_api_and_on_the_command_line(
    new_company: NewCompany, sqlite_url: str, programs: Programs, tmp_path: Path
) -> None:
    company = new_company(sqlite_url)
    company.start()
    write(company.mailbox, ZELDA, "A question", "Where is it?")
    (row,) = company.wait_for_conversations(1)
    path = f"{company.address}/api/v1/contacts/{row['contact_id']}/export"
    request = urllib.request.Request(path, headers={"Authorization": f"Bearer {company.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    assert "Where is it?" in archive.read("export.json").decode()
    with pytest.raises(urllib.error.HTTPError) as unknown:
        company.api("GET", f"/contacts/{new_id()}/export")
    assert http_status(unknown.value) == 404

    admin = ("admin", "--database", company.database)
    company.conversation(row["id"])
    programs.run(*admin, "contact", "mark", ZELDA, "--sensitive", "yes")
    company.conversation(row["id"])
    target = tmp_path / "zelda.zip"
    said = programs.run(*admin, "contact", "export", ZELDA, "--to", str(target))
    assert "Exported 1 message." in said
    assert target.stat().st_mode & 0o077 == 0
    assert zipfile.ZipFile(target).testzip() is None
    listed = programs.run(*admin, "audit", "list")
    assert listed.count("export\tcontact\tdone") == 2
    assert listed.count("read\tconversation\tdone") == 1
    assert ZELDA not in listed
