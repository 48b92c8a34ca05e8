"""Everything about a customer saved as a file: who may, how far it is, cancelling, and what fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.windows import main_window, opened

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.views.customer_export import CustomerExport
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.desk import Link

ANA = 4417


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk.sample()
    made.permit(export=True)
    return made


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the person wants it; the name that is suggested comes from the customer."""
    folder = tmp_path / "saved"
    folder.mkdir()

    async def save_file(parent: QWidget, title: Msg, *, name: str, pattern: str) -> Path:
        return folder / name

    monkeypatch.setattr("agentdesk.desktop.ask.save_file", save_file)
    return folder / "Ana Ruiz.zip"


@asynccontextmanager
async def _ana(desk: FakeDesk, folder: Path) -> AsyncIterator[Workspace]:
    async with main_window(desk, folder, kind="all") as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        yield panes


def _said(widget: CustomerExport) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


async def test_it_is_saved_where_the_person_wants_it(desk: FakeDesk, target: Path, tmp_path: Path) -> None:
    async with _ana(desk, tmp_path) as panes:
        export = panes.panel.privacy.export
        assert export.isVisible()
        assert not panes.panel.privacy.button.isVisible()  # erasing is another permission
        export.button.click()
        await until(lambda: panes.queue.toasts.current_text() == "Saved Ana Ruiz.zip.")
        assert target.read_bytes() == b"PK"
        assert not export.bar.isVisible()
        desk.permit()
        await until(lambda: not panes.panel.privacy.isVisible())
        panes.actions_.trigger("customer.export")
        await until(lambda: "left to some of your colleagues" in panes.queue.toasts.current_text())


async def test_how_far_it_is_and_cancelling(desk: FakeDesk, target: Path, tmp_path: Path) -> None:
    async with _ana(desk, tmp_path) as panes:
        export, contact_id = panes.panel.privacy.export, panes.panel.contact_id
        assert contact_id is not None
        panes.actions_.trigger("panel.toggle")
        panes.actions_.trigger("customer.export")
        await until(lambda: panes.queue.toasts.current_text() == "Saved Ana Ruiz.zip.")
        target.unlink()
        desk.gates[contact_id] = asyncio.Event()
        export.button.click()
        await until(lambda: "Exporting Ana Ruiz: 1.0 MB of 4.0 MB" in _said(export))
        assert export.isVisible()
        assert (export.bar.value(), export.bar.accessibleName()) == (250, "Exporting Ana Ruiz")
        assert not export.button.isEnabled()
        export.cancel_button.click()
        cancelled = "The export was cancelled. Nothing was saved."
        await until(lambda: panes.queue.toasts.current_text() == cancelled)
        assert export.button.isEnabled()
        assert not export.bar.isVisible()
        assert not target.exists()


async def test_why_it_failed_stands_below(desk: FakeDesk, target: Path, tmp_path: Path) -> None:
    async with _ana(desk, tmp_path) as panes:
        export = panes.panel.privacy.export
        desk.failure = AgentDeskError(msg("Ana Ruiz.zip could not be saved: No space left on device"))
        export.button.click()
        await until(lambda: any("No space left" in text for text in _said(export)))
        assert export.button.isEnabled()
        assert not export.bar.isVisible()
        desk.set_link(Link.OFFLINE)
        export.button.click()
        await until(lambda: any("Try again when you are connected." in text for text in _said(export)))
        assert not target.exists()
