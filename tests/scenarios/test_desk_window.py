"""An agent at a real window: a customer's mail appears, is answered, and the customer gets the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, answer_to, letter, write
from tests.helpers.until import until

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in


@pytest.fixture
def company(new_company: NewCompany, sqlite_url: str) -> Company:
    made = new_company(sqlite_url)
    made.start()
    return made


@asynccontextmanager
async def agent_at_work(company: Company, folder: Path) -> AsyncIterator[tuple[Workspace, LocalDesk]]:
    """A signed-in desk with its window. No fixture: between fixtures the loop stands still, Qt does not."""
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    desk = LocalDesk(folder / "desk", company.address, token)
    await desk.start()
    window = MainWindow(SettingsFile(folder / "settings.json"))
    panes = window.attach(desk, workspace="Larkfield Home")
    window.show()
    panes.show_view(View(kind="all", order="newest"))
    try:
        await until(lambda: desk.status.link is Link.SYNCED, timeout=30)
        yield panes, desk
    finally:
        await panes.release()
        await desk.close()
        window.hide()
        window.deleteLater()


async def _row(workspace: Workspace, subject: str) -> QueueRow:
    """The painted row with this subject, as soon as it is there."""

    def found() -> QueueRow | None:
        rows = (workspace.queue.model.row(one) for one in workspace.queue.model.ids)
        return next((row for row in rows if row is not None and row.subject == subject), None)

    return await until(found, timeout=30)


async def test_a_mail_is_read_and_answered_at_the_window(
    company: Company, new_mailbox: NewMailbox, tmp_path: Path
) -> None:
    async with agent_at_work(company, tmp_path) as (workspace, _desk):
        customer = new_mailbox("grace")
        mail = letter(f"Grace <{customer.address}>", "Which screws?", "Which?", to=company.mailbox.address)
        company.mailbox.deliver(mail.as_bytes())
        row = await _row(workspace, "Which screws?")
        assert row.unread

        workspace.queue.select(row.id)
        workspace.open_conversation(row.id)
        composer = workspace.conversation.composer
        await until(lambda: composer.conversation_id == row.id)
        assert [m.text.strip() for m in workspace.conversation.transcript.rows()] == ["Which?"]
        assert workspace.actions_.trigger("reply.start")
        composer.box.reply_text.insert_text("Take 6 mm anchors.")
        QTest.keyClick(composer.box.reply_text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: composer.box.reply_text.is_blank())
        assert not customer.messages(), "the undo window holds it back"
        await composer.send_now()

        await until(customer.messages, timeout=30)
        received = message_from_bytes(customer.messages()[0], policy=policy.default)
        assert received["In-Reply-To"] == mail["Message-ID"]
        await until(lambda: workspace.conversation.transcript.rows()[-1].delivery == "sent", timeout=30)

        again = answer_to(customer.messages()[0], f"Grace <{customer.address}>", "That solved it!")
        company.mailbox.deliver(again.as_bytes())
        await until(lambda: len(workspace.conversation.transcript.rows()) == 3, timeout=30)
        assert len(workspace.queue.model.ids) == 1


async def test_work_goes_on_without_the_server(
    company: Company, new_mailbox: NewMailbox, tmp_path: Path
) -> None:
    async with agent_at_work(company, tmp_path) as (workspace, desk):
        customer = new_mailbox()
        write(company.mailbox, customer.address, "Hello")
        row = await _row(workspace, "Hello")
        port = company.address.rpartition(":")[2]
        company.kill()
        await until(lambda: desk.status.link is Link.OFFLINE, timeout=30)

        workspace.open_conversation(row.id)
        composer = workspace.conversation.composer
        await until(lambda: composer.conversation_id == row.id)
        assert workspace.actions_.trigger("note.start")
        composer.box.note_text.insert_text("Ask the warehouse.")
        await composer.send()
        await until(lambda: len(workspace.conversation.transcript.rows()) == 2)
        assert desk.status.waiting >= 1

        arguments = ("server", "--database", company.database, "--data", str(company.data))
        company.program = company.programs.start(*arguments, "--listen", f"127.0.0.1:{port}")
        await asyncio.to_thread(company.program.ready_sync)
        desk.retry_now()
        await until(lambda: desk.status.link is Link.SYNCED and not desk.status.waiting, timeout=60)
        texts = [m["text"].strip() for m in company.conversation(str(row.id))["messages"]]
        assert texts == ["Hi", "Ask the warehouse."]
