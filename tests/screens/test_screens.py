"""Every registered screen can be built in every language, cuts no text and has a name for every control."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.theme import theme
from tests.screens import runner
from tests.screens.checks import complaints

runner.load_screens()
SCREENS = sorted(runner.SCREENS)
LANGUAGES = ("en", "de", "ar", "en-XA")


@pytest.fixture(autouse=True)
def app(qapp: QApplication) -> Iterator[QApplication]:
    theme().apply(qapp, "light")
    yield qapp
    apply_locale(qapp, "en")


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
async def test_nothing_is_cut_nameless_or_too_small(app: QApplication, name: str, locale: str) -> None:
    one = runner.SCREENS[name]
    apply_locale(app, locale)
    built = one.build()
    widget = await built if inspect.isawaitable(built) else built
    widget.resize(*one.sizes[0])
    widget.show()
    await runner.settle()
    found = complaints(widget)
    widget.close()
    widget.deleteLater()
    assert found == []


async def test_a_picture_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    one = runner.SCREENS["widgets-chips"]
    await runner.shoot(one, one.sizes[0], "dark", "en", target)
    assert target.stat().st_size > 1000
    page = runner.write_contact_sheet(tmp_path)
    assert "picture.png" in page.read_text(encoding="utf-8")
