"""The small world as a whole: post office, website, networks, customers, and a shop that answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import func, select

from agentdesk.app.demo.customers import Book, Customers
from agentdesk.app.demo.letters import SUPPORT, SUPPORT_NAME, shop
from agentdesk.app.demo.networks import networks
from agentdesk.app.demo.post_office import PASSWORD, USER, PostOffice
from agentdesk.app.demo.shop_page import ShopPage
from agentdesk.app.demo.visitors import Visitors
from agentdesk.app.private_server import database_url
from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.invitations import Rule
from agentdesk.domain.message import Direction
from agentdesk.domain.team import Role
from agentdesk.sdk.discover import connector
from agentdesk.server import admin, invitation_settings
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, message, raw_item, template
from agentdesk.store.unit import ServerUnit

AGENT_NAME = "Jonas Weber"
_INBOX = "Support"
_CHAT = f"{SUPPORT_NAME} (chat)"
_INVITATION = {
    "": "Not sure which desk fits your room?",
    "de": "Nicht sicher, welcher Schreibtisch passt?",
    "ar": "ألست متأكدًا أي مكتب يناسب غرفتك؟",
}
_INVITED_AFTER = 20


class World:
    """``folder`` is the desk's profile; the shop's server lives below it, as for anybody who works alone."""

    def __init__(self, folder: Path) -> None:
        self._server_folder = folder / "server"
        self._customers = Customers()
        self._visitors = Visitors()
        self._office = PostOffice(folder, self._customers.take)
        self._site = ShopPage()
        self._networks = networks()
        self._widget = ""

    @property
    def books(self) -> Mapping[str, Book]:
        """What the customers really sent and received, by channel."""
        own = {"email": self._customers.book, "chat": self._visitors.book}
        return own | {network.channel: network.book for network in self._networks}

    @property
    def page(self) -> str:
        """The address of the shop's website."""
        return self._site.address

    async def start(self) -> None:
        """Open the post office and the website, set the shop up, and let the customers write."""
        self._server_folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._office.start)
        await self._site.open()
        for network in self._networks:
            await network.open()
        await self._set_up()
        for network in self._networks:
            network.start()
        self._customers.start(self._office.smtp_port)

    def open_chat(self, server: str) -> None:
        """The shop's server has started: put the chat into the website, and let visitors come."""
        self._site.put_in(server, self._widget)
        self._visitors.start(server, self._widget, self._site.address)

    async def hush(self) -> None:
        """Let the customers write no more; mail that they are sent still reaches them."""
        await asyncio.to_thread(self._customers.stop)
        await self._visitors.stop()
        for network in self._networks:
            await network.hush()

    async def has_unread(self) -> bool:
        """Whether the shop's server has yet to take in something of what the customers wrote."""
        db = Database(database_url(self._server_folder))
        try:
            async with db.read() as conn:
                mails = await conn.scalar(
                    select(func.count())
                    .select_from(raw_item.join(account, account.c.id == raw_item.c.account_id))
                    .where(raw_item.c.state != "new", account.c.channel == "email")
                )
                came_in = select(message.c.external_id).where(message.c.direction == Direction.IN)
                lines = {str(one).rpartition("/")[2] for one in await conn.scalars(came_in)}
        finally:
            await db.close()
        others = [one for name, book in self.books.items() if name != "email" for one in book.written]
        return (mails or 0) < len(self.books["email"].written) or not lines.issuperset(others)

    async def stop(self) -> None:
        """Close everything."""
        await self.hush()
        await self._site.close()
        for network in self._networks:
            await network.close()
        await asyncio.to_thread(self._office.stop)

    async def _set_up(self) -> None:
        db = Database(database_url(self._server_folder))
        try:
            await db.migrate()
            vault = await open_vault(db)
            await admin.add_user(db, "jonas@larkfield.example", AGENT_NAME, Role.ADMIN, "practice only")
            await admin.add_user(db, "maria@larkfield.example", "Maria Costa", Role.AGENT, "practice only")
            await admin.add_inbox(db, _INBOX)
            settings = {
                "address": SUPPORT,
                "display_name": SUPPORT_NAME,
                "imap.host": "127.0.0.1",
                "imap.port": str(self._office.imap_port),
                "imap.security": "none",
                "imap.user": USER,
                "smtp.host": "127.0.0.1",
                "smtp.port": str(self._office.smtp_port),
                "smtp.security": "none",
                "history": "all",
            }
            secrets = {"password": PASSWORD}
            await admin.add_channel(db, vault, "email", _INBOX, SUPPORT_NAME, settings, secrets)
            page = {
                "site": "larkfield.example",
                "origins": self._site.address,
                "name": SUPPORT_NAME,
                "colour": "#22523F",
                "presence": "yes",
            }
            widget = await admin.add_channel(db, vault, "chat", _INBOX, _CHAT, page, {})
            self._widget = str(widget)
            for one in self._networks:
                name = f"{SUPPORT_NAME} ({connector(one.channel).manifest.name})"
                await admin.add_channel(db, vault, one.channel, _INBOX, name, one.settings, one.secrets)
            await invitation_settings.add(db, _CHAT, "Furniture", _INVITATION, Rule(after=_INVITED_AFTER))
            await _add_templates(db)
        finally:
            await db.close()


async def _add_templates(db: Database) -> None:
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "name": one.name,
            "shortcut": one.shortcut,
            "folder": "",
            "language": one.language,
            "body": one.body,
            "files": [],
            "created_at": now,
        }
        for one in shop().templates
    ]
    async with db.write() as conn:
        unit = ServerUnit(conn)
        await unit.insert(template, rows)
        await unit.flush()
