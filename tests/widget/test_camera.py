"""Taking a photo, on devices with a camera at hand."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import FileChooser, Page, expect
from tests.helpers.pictures import PNG
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.test_page import AXE, axe

PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
_HAS_CAMERA = "Object.defineProperty(HTMLInputElement.prototype, 'capture', { value: '', writable: true })"
"""What tells browsers of phones from those of desktops, such as this one."""
_PHOTO = {"name": "chair.png", "mimeType": "image/png", "buffer": PNG}


async def _phone(site: Site, **tag: str) -> Visit:
    phone = await site.visitor(**PHONE)
    await phone.add_init_script(_HAS_CAMERA)
    visit = await site.chat(phone, **tag)
    await until(lambda: site.server.sockets)
    return visit


async def _chooser(page: Page, name: str) -> FileChooser:
    async with page.expect_file_chooser() as opened:
        await page.get_by_role("button", name=name, exact=True).click()
    return await opened.value


@in_browser
async def test_a_photo_is_taken_or_a_file_chosen(site: Site) -> None:
    visit = await _phone(site)
    page = visit.page
    attach = page.get_by_role("button", name="Attach a file")
    sources = page.get_by_role("group", name="Attach a file").get_by_role("button")
    await expect(attach).to_have_attribute("aria-expanded", "false")
    await attach.tap()
    await expect(sources).to_have_text(["Take a photo", "Choose a file"])
    await expect(attach).to_have_attribute("aria-expanded", "true")
    if AXE.exists():
        assert await axe(visit) == []
    await site.picture(visit, "camera")
    camera = await _chooser(page, "Take a photo")
    assert await camera.element.get_attribute("capture") == "environment"
    assert await camera.element.get_attribute("accept") == "image/*"
    assert not camera.is_multiple()
    await expect(sources).to_have_count(0)
    await camera.set_files(_PHOTO)
    await expect(page.locator(".waiting .chip")).to_contain_text("chair.png")
    await attach.tap()
    files = await _chooser(page, "Choose a file")
    assert await files.element.get_attribute("capture") is None
    assert files.is_multiple()
    await files.set_files([_PHOTO, {**_PHOTO, "name": "table.png"}])
    await page.get_by_role("button", name="Send").tap()
    await until(lambda: [one["name"] for one in site.server.lines[0]["files"]] if site.server.lines else [])
    assert [one["name"] for one in site.server.lines[0]["files"]] == ["chair.png", "chair.png", "table.png"]


@in_browser
async def test_the_menu_is_reached_by_keys_and_closed_again(site: Site) -> None:
    visit = await _phone(site, lang="ar", dir="rtl", theme="dark")
    page = visit.page
    attach, emoji = (page.locator(".row > button").nth(at) for at in (0, 1))
    sources = page.locator(".write .menu button")
    await attach.focus()
    await page.keyboard.press("Enter")
    await expect(sources).to_have_text(["التقاط صورة", "اختيار ملف"])
    await expect(sources.first).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(sources.last).to_be_focused()
    button, menu = await attach.bounding_box(), await page.locator(".write .menu").bounding_box()
    assert button is not None
    assert menu is not None
    assert menu["x"] >= 0
    assert abs(menu["x"] + menu["width"] - button["x"] - button["width"]) < 24  # at its button
    await site.picture(visit, "camera-arabic-dark")
    await page.keyboard.press("Escape")
    await expect(sources.first).to_be_hidden()
    await expect(attach).to_be_focused()
    await expect(visit.panel).to_be_visible()
    await attach.click()
    await emoji.click()
    await expect(sources.first).to_be_hidden()
    await expect(page.locator(".pick")).to_be_visible()
    await attach.click()
    await expect(page.locator(".pick")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, PHONE])
@in_browser
async def test_without_a_camera_files_are_asked_for_at_once(site: Site, options: dict[str, Any]) -> None:
    visit = await site.chat(await site.visitor(**options))
    await until(lambda: site.server.sockets)
    chooser = await _chooser(visit.page, "Attach a file")
    assert await chooser.element.get_attribute("capture") is None
    await expect(visit.page.get_by_role("button", name="Take a photo")).to_have_count(0)
