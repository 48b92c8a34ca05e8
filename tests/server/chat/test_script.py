"""The widget's file, and with it the settings of the widget that its address names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.chat_page import ORIGIN, ChatSite
from tests.server.chat.conftest import NewPage

from agentdesk.server.admin import set_paused
from agentdesk.server.chat import script
from agentdesk.server.chat.script import Script, with_settings

AHEAD = "document.currentScript.agentdesk="


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the script is built."""
    file = tmp_path / "widget.js"
    file.write_text("void 0")
    monkeypatch.setattr(script, "resource", lambda _: file)
    return file


async def test_the_script_is_served_where_it_was_built(
    site: ChatSite, new_page: NewPage, built: Path
) -> None:
    built.unlink()
    page = new_page(origin=None)
    address = f"{site.address}/chat/v1/widget.js"
    async with page.http.get(address) as answer:
        assert answer.status == 404
    built.write_text("void 0")
    async with page.http.get(address) as answer:
        assert (answer.status, answer.content_type) == (200, "text/javascript")
        tag = answer.headers["ETag"]
        assert answer.headers["Content-Encoding"] == "gzip"
        assert await answer.text() == "void 0"
    async with page.http.get(address, headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.text() == "void 0"
    async with page.http.get(address, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


async def _told(site: ChatSite, page: Any, language: str = "", **headers: str) -> tuple[dict[str, Any], str]:
    """The settings that come with the script, and its ETag."""
    query = {"language": language} if language else {}
    address = f"{site.address}/chat/v1/{site.widget}/widget.js"
    async with page.http.get(address, params=query, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "text/javascript")
        assert answer.headers["Vary"] == "Origin, Accept-Encoding, Accept-Language"
        assert answer.headers["Cache-Control"] == "max-age=60"
        ahead, own = (await answer.text()).split(";\n")
        assert own == "void 0"
        return json.loads(ahead.removeprefix(AHEAD)), answer.headers["ETag"]


@pytest.mark.usefixtures("built")
async def test_the_settings_come_with_it(site: ChatSite, new_page: NewPage) -> None:
    page = new_page(origin=None)
    told, tag = await _told(site, page)
    assert (told["widget"], told["language"], told["words"]) == (str(site.widget), "en", {})
    assert (told["labels"]["en"], told["labels"]["de"]) == ("Open chat", "Chat öffnen")
    async with page.http.get(page.path("settings")) as answer:
        asked = await answer.json()
    assert {**told, "labels": 0} == {**asked, "labels": 0}
    assert (await _told(site, page, **{"Accept-Encoding": "identity"})) == (told, tag)
    async with page.http.get(page.path("widget.js"), headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    german = await _told(site, page, **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})
    assert (german[0]["language"], german[0]["words"]["open"]) == ("de-AT", "Chat öffnen")
    assert german[1] != tag
    assert (await _told(site, page, "fr", **{"Accept-Language": "de"}))[0]["language"] == "fr"


@pytest.mark.usefixtures("built")
async def test_pages_that_may_not_use_it_are_not_given_a_launcher(site: ChatSite, new_page: NewPage) -> None:
    page = new_page(origin=None)
    address = page.path("widget.js")
    for name, value, status in (
        ("Referer", f"{ORIGIN}/cart", 200),
        ("Referer", "https://evil.example/", 403),
        ("Origin", ORIGIN, 200),
        ("Origin", "https://evil.example", 403),
    ):
        async with page.http.get(address, headers={name: value}) as answer:
            assert (answer.status, "agentdesk=" in await answer.text()) == (status, status == 200)
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            assert allowed == (ORIGIN if (name, status) == ("Origin", 200) else None)
    await set_paused(site.db, "Shop", True)
    async with page.http.get(address) as answer:
        assert answer.status == 404


def test_what_is_packed_is_the_same_text() -> None:
    """One file with one part, as browsers pass over a second one."""
    plain = b"console.log('x');" * 500
    bare = Script(plain, gzip.compress(plain, 9, mtime=0), '"abc"')
    for settings in ({}, {"name": "Läden; */ </script>", "words": {str(n): "word" * n for n in range(99)}}):
        made = with_settings(bare, settings)
        assert gzip.decompress(made.packed) == made.plain
        assert made.plain.startswith(AHEAD.encode())
        assert made.plain.endswith(b";\n" + plain)
        assert len(made.packed) < len(bare.packed) + len(json.dumps(settings)) / 2 + 60
