"""The picture of whoever answers: in the head, at the lines, and while they type."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, expect
from tests.helpers.pictures import photo
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.test_page import AXE, axe

MARIA = {"name": "Maria Sol", "picture": "/chat/v1/pictures/maria"}
_TOP = """canvas => [...canvas.getContext("2d").getImageData(canvas.width / 2, 4, 1, 1).data]"""


async def _is_a_photo(face: Locator) -> None:
    """Wait until the picture is there, upright."""
    canvas = face.locator("canvas")
    await expect(canvas).to_be_visible()
    red, green, blue, _ = await canvas.evaluate(_TOP)
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


async def _talk(site: Site, **tag: str) -> Visit:
    visit = await site.chat(**tag)
    await until(lambda: site.server.sockets)
    return visit


def _typing(**agent: Any) -> dict[str, Any]:
    return {"t": "typing", "on": True, "agent": agent}


@in_browser
async def test_it_is_shown_wherever_they_are_and_loaded_once(site: Site) -> None:
    site.server.faces["maria"] = photo(size=(128, 128))
    visit = await _talk(site)
    await visit.write("Hello")
    await site.server.tell({"t": "status", "online": True, "back": None, "agent": MARIA})
    await _is_a_photo(visit.page.locator(".head .face"))
    await site.server.says("Good morning", agent=MARIA)
    await _is_a_photo(visit.page.locator(".agent .foot .face"))
    await site.server.tell(_typing(**MARIA))
    await _is_a_photo(visit.page.locator(".dots .face"))
    await expect(visit.page.locator(".dots i")).to_have_count(3)
    assert site.server.faces_given == ["maria"]
    await expect(visit.page.get_by_role("status").first).to_have_text("Maria Sol is typing")
    await site.picture(visit, "faces-light")
    if AXE.exists():
        assert await axe(visit) == []
    # The same person has another picture; in an Arabic page, in the dark.
    site.server.faces["other"] = photo(size=(128, 128))
    other = {**MARIA, "picture": "/chat/v1/pictures/other"}
    arabic = await _talk(site, lang="ar", dir="rtl", theme="dark")
    await site.server.tell({"t": "status", "online": True, "back": None, "agent": other})
    await _is_a_photo(arabic.page.locator(".head .face"))
    await until(lambda: "other" in site.server.faces_given)
    await site.server.tell(_typing(**other))
    await _is_a_photo(arabic.page.locator(".dots .face"))
    await site.picture(arabic, "faces-arabic-dark")


@in_browser
async def test_letters_stand_where_there_is_none(site: Site) -> None:
    visit = await _talk(site)
    for name, picture in (
        ("Maria Sol", "/chat/v1/pictures/gone"),  # taken away meanwhile
        ("Bo Adler", None),
        (
            "Cy Dee",
            f"http://localhost:{site.server.port}/chat/v1/pictures/foreign",
        ),  # another origin
        ("Di Eff", "javascript:alert(1)"),
    ):
        agent = {"name": name, "picture": picture}
        await site.server.says("Hello", agent=agent)
        await site.server.tell(_typing(**agent))
        letters = "".join(word[0] for word in name.split())
        for place in (".head", ".agent:last-child .foot", ".dots"):
            await expect(visit.page.locator(f"{place} .face")).to_have_text(letters)
    assert set(site.server.faces_given) == {"gone"}
    await site.server.tell(_typing(name="", picture=None))
    await expect(visit.page.locator(".dots .face")).to_have_count(0)
