"""The desk itself: what screens ask is answered from the replica, what they do goes through the outbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import AnyCommand, EraseContact, File
from agentdesk.queries.rows import UserRow
from agentdesk.store.errors import DatabaseError
from agentdesk.sync.colleagues import Colleagues
from agentdesk.sync.connection import Connection
from agentdesk.sync.desk import Changes, Draft, Link, LinkStatus, Waiting
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.desk_export import OnProgress, save_whole
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.desk_key import DeskKeys
from agentdesk.sync.desk_reads import DeskReads
from agentdesk.sync.desk_site import DeskSite
from agentdesk.sync.first_screen import FIRST_VIEW
from agentdesk.sync.forgetting import Forgetting
from agentdesk.sync.holds import Holds
from agentdesk.sync.indexing import Indexer
from agentdesk.sync.needs import SUPERVISE
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.protocol import ERASE
from agentdesk.sync.readings import Readings, Watches
from agentdesk.sync.replica import Replica
from agentdesk.sync.sealing import FILES, OUTBOX, REPLICA
from agentdesk.sync.servers import Route, ServersFile
from agentdesk.sync.site_frames import SITE
from agentdesk.sync.subscribers import Subscribers
from agentdesk.sync.upkeep import Upkeep
from agentdesk.sync.visitor import SiteVisitor
from agentdesk.sync.workbench import Workbench

__all__ = ["LocalDesk"]

_CHUNK = 256 * 1024
_PACKING_SECONDS = 900.0
"""How long a server may take to put everything about a customer together."""


class LocalDesk(DeskReads):
    """Fulfils :class:`agentdesk.sync.desk.DeskPort` with a folder on this computer and one server.

    ``token`` is what sign-in gave; ``authority`` the path of a certificate that is trusted besides the
    system's; ``keys`` those that everything in the folder is encrypted with. One folder belongs to one person
    at one server and is used by one process at a time.
    """

    def __init__(
        self, folder: Path, server_url: str, token: str, *, authority: str = "", keys: DeskKeys | None = None
    ) -> None:
        replica = Replica(folder / REPLICA, keys.replica if keys else None)
        self._outbox = Outbox(folder / OUTBOX, keys.outbox if keys else None)
        super().__init__(replica, Workbench(replica, self._outbox, self._changed), DeskArchive())
        self._servers = ServersFile(folder, server_url)
        self._files = DeskFiles(folder / FILES, keys.files if keys else None)
        self._upkeep = Upkeep(self._workbench, self._replica, self._outbox, self._files, self._archive)
        self._colleagues = Colleagues(self._presence_changed)
        self._site = DeskSite(self._site_changed)
        self._route = Route(server_url)
        self._connection = Connection(
            self._route,
            token,
            self._workbench,
            self._files,
            self._status_changed,
            self._colleagues,
            authority=authority,
            forget=Forgetting(self._workbench, self._replica, self._outbox, self._upkeep).forget,
            on_servers=self._keep_servers,
            archive=self._archive,
            site=self._site,
        )
        self._indexer = Indexer(self._replica)
        self._readings = Readings(self._workbench, self._replica)
        self._watches = Watches(self._workbench)
        self._tasks = Tasks("desk")
        self._holds = Holds(self._workbench, self._tasks)
        self._subscribers = Subscribers[Changes]()
        self._status_subscribers = Subscribers[LinkStatus]()
        self._me: UserRow | None = None
        self._was_synced = False

    async def start(self) -> None:
        """Open the files, show what they hold, and connect. Raises AgentDeskError where they are unusable."""
        await self._workbench.open()
        await self._look_up_me()
        self._route.learn(await asyncio.to_thread(self._servers.read))
        for command_id, until in self._workbench.held():
            self._holds.arm(command_id, (until - clock.now()).total_seconds())
        self._connection.start()
        self._tasks.start(self._warm_up(), "warm up")
        self._tasks.start(self._indexer.run(), "index")
        self._tasks.start(self._upkeep.tidy_daily(), "tidy")
        self._tasks.start(self._upkeep.follow_files(), "drop files")

    async def close(self) -> None:
        """Disconnect and close the files."""
        await self._connection.close()
        await self._tasks.close()
        await self._workbench.close()

    def retry_now(self) -> None:
        """Connect at once instead of waiting for the next try."""
        self._connection.retry_now()

    # --- who, and how it stands ---

    @property
    def me(self) -> UserRow | None:
        """Who is signed in; None before the first fill has brought it."""
        return self._me

    @property
    def status(self) -> LinkStatus:
        """How the desk stands with its server."""
        return self._connection.status

    @property
    def undo_seconds(self) -> int:
        """How long a reply is held back, in seconds, as the server wishes it."""
        return self._workbench.standing.undo_seconds

    def subscribe(self, on_changes: Callable[[Changes], None]) -> Callable[[], None]:
        """Hear of changes, once per transaction."""
        return self._subscribers.add(on_changes)

    def subscribe_status(self, on_status: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Hear of the connection's status."""
        return self._status_subscribers.add(on_status)

    # --- what the server has ---

    async def older(self, wish: OlderWish) -> OlderPage:
        """Conversations that are not kept here, from the server. Raises Unavailable."""
        return await self._archive.ask(wish)

    # --- what the agent does ---

    async def do(self, command: AnyCommand, hold_seconds: float = 0) -> UUID:
        """Keep a command and show its effect. Raises Refusal where it is refused here already."""
        if isinstance(command, EraseContact) and ERASE not in self._connection.can:
            raise Refusal("offline", msg("Erasing needs a connection to a server that knows it."))
        until = clock.seconds_from_now(hold_seconds) if hold_seconds > 0 else None
        command_id = await self._workbench.do(command, until)
        if until is not None:
            self._holds.arm(command_id, hold_seconds)
        return command_id

    async def undo_hold(self, command_id: UUID) -> bool:
        """Take a held command back; its text is the draft again. False where it has gone already."""
        taken = await self._workbench.take_back(command_id)
        if taken:
            self._holds.disarm(command_id)
        return taken

    async def release_hold(self, command_id: UUID) -> None:
        """Let a held command go now."""
        self._holds.disarm(command_id)
        await self._workbench.release(command_id)

    async def waiting(self) -> list[Waiting]:
        """What the outbox holds, oldest first, refused ones included."""
        return sorted(self._workbench.waiting(), key=lambda waiting: waiting.issued_at)

    async def retry(self, command_id: UUID) -> None:
        """Offer a refused command again as a new one, meant in spite of what came between."""
        await self._workbench.retry(command_id)

    async def discard(self, command_id: UUID) -> None:
        """Drop a refused command; its text goes back to the draft first."""
        await self._workbench.discard(command_id)

    async def save_draft(self, draft: Draft) -> UUID | None:
        """Keep a draft, an empty one removes it; returns its edition. Safe against kill -9 on return."""
        edition = await self._workbench.drafts.save(draft)
        self._changed({"draft": {draft.conversation_id}})
        return edition

    async def draft(self, conversation_id: UUID, mode: str) -> Draft | None:
        """The draft of a conversation."""
        return await self._workbench.drafts.one(conversation_id, mode)

    async def drafts(self) -> list[Draft]:
        """All drafts, the latest first."""
        return await self._workbench.drafts.all()

    async def drafts_aside(self, conversation_id: UUID) -> list[Draft]:
        """The texts that were put aside in a conversation, oldest first."""
        return await self._workbench.drafts.aside(conversation_id)

    async def drop_draft_aside(self, draft: Draft) -> None:
        """A text that was put aside has been looked at."""
        if draft.edition is not None:
            await self._workbench.drafts.drop_aside(draft.edition)
            self._changed({"draft": {draft.conversation_id}})

    # --- together ---

    def be_at(self, conversation_id: UUID | None, writing: Writing = "", *, watching: bool = False) -> None:
        """Let colleagues know which conversation is open here, and what is being written there."""
        self._colleagues.be_at(conversation_id, writing, watching=watching)
        if conversation_id is None:
            return
        if self._readings.is_new(conversation_id):
            self._tasks.start(self._readings.note(conversation_id), f"reading {conversation_id}")
        too_old = bool(self._connection.can) and SUPERVISE not in self._connection.can
        if watching and not too_old and self._watches.is_new(conversation_id):
            self._tasks.start(self._watches.note(conversation_id), f"watch {conversation_id}")

    def others_at(self, conversation_id: UUID) -> tuple[Other, ...]:
        """Who else is at a conversation, as far as is known."""
        return self._colleagues.others_at(conversation_id)

    def visitor_at(self, conversation_id: UUID, contact_id: UUID) -> bool | None:
        """Whether the customer of a chat has their page open; None where that is not known."""
        return self._colleagues.visitor_at(conversation_id, contact_id)

    # --- who is on the site ---

    def look_at_site(self, on: bool) -> None:
        """Somebody here looks at who is on the site, or not any more."""
        self._site.look(on)

    def site_visitors(self) -> tuple[SiteVisitor, ...] | None:
        """Who is there, as far as is known."""
        return self._site.visitors

    @property
    def sees_site(self) -> bool:
        """Whether the server tells who is on the site."""
        return SITE in self._connection.can

    async def invite_visitor(self, visitor_id: UUID, text: str) -> None:
        """Ask a visitor whether they want to chat. Raises AgentDeskError."""
        await self._site.invite(visitor_id, text)

    # --- files ---

    async def attach(self, path: Path) -> File:
        """Take a file to be sent. Raises AgentDeskError where it is too large or cannot be read."""
        return await self._files.take(path)

    async def attach_bytes(self, name: str, media_type: str, content: bytes) -> File:
        """Take content to be sent as a file."""
        return await self._files.take_bytes(name, media_type, content)

    async def file(self, blob: str, attachment_id: UUID) -> bytes:
        """The content of an attachment, fetched if need be. Raises AgentDeskError."""
        if await self._files.has(blob):
            return await self._files.read(blob)
        async with self._connection.fetched(f"desk/attachments/{attachment_id}") as answer:
            return await self._files.receive(blob, answer.content.iter_chunked(_CHUNK))

    async def original(self, message_id: UUID) -> bytes:
        """A message as it came. Raises AgentDeskError offline."""
        async with self._connection.fetched(f"desk/messages/{message_id}/original") as answer:
            return await answer.read()

    async def remote_picture(self, message_id: UUID, url: str) -> bytes:
        """A remote picture of a message, fetched by the server. Raises AgentDeskError."""
        path = f"desk/messages/{message_id}/picture"
        async with self._connection.fetched(path, {"url": url}) as answer:
            return await answer.read()

    async def export_contact(self, contact_id: UUID, path: Path, on_progress: OnProgress) -> None:
        """Save everything about a customer as a ZIP. Raises AgentDeskError; nothing is left then."""
        source = f"api/v1/contacts/{contact_id}/export"
        async with self._connection.fetched(source, silence=_PACKING_SECONDS) as answer:
            chunks = answer.content.iter_chunked(_CHUNK)
            await save_whole(path, chunks, answer.content_length, on_progress)

    # --- inside ---

    async def _warm_up(self) -> None:
        """Ask once what opening a conversation asks: its statements are made before somebody waits."""
        with contextlib.suppress(DatabaseError):
            for conversation_id in (await self.queue_ids(FIRST_VIEW))[:1]:
                head = await self.conversation(conversation_id)
                await self.timeline(conversation_id)
                if head is not None:
                    await self.contact(head.contact_id)

    def _changed(self, changes: Changes) -> None:
        self._rows.forget(changes)
        if not changes or self._my_id in changes.get("user", ()):
            self._tasks.start(self._look_up_me(), "me")
        self._connection.recount()
        if self.status.link is Link.SYNCED:
            self._indexer.look(changes)
        self._upkeep.on_changes(changes)
        self._subscribers.tell(changes)

    def _presence_changed(self, conversation_ids: set[UUID]) -> None:
        self._subscribers.tell({"presence": conversation_ids})

    def _site_changed(self) -> None:
        self._subscribers.tell({"site": set()})

    def _keep_servers(self, addresses: tuple[str, ...]) -> None:
        """Keep where else to go, for a start at which the usual server is gone."""
        self._tasks.start(asyncio.to_thread(self._servers.write, addresses), "keep servers")

    def _status_changed(self, status: LinkStatus) -> None:
        synced = status.link is Link.SYNCED
        if synced and not self._was_synced:
            self._indexer.look({})
        self._was_synced = synced
        self._status_subscribers.tell(status)

    async def _look_up_me(self) -> None:
        before = self._me
        self._me = next((user for user in await self.users() if user.id == self._my_id), None)
        if self._me is not None and self._me != before:
            self._subscribers.tell({"user": {self._me.id}})
