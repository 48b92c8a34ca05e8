"""A desk in memory: fulfils `DeskPort` from frozen rows, does the simple commands, and records everything.

Nothing in it waits or counts time down: tests say when a held command goes (`release_hold`), when the network
is lost (`set_link`), when a customer writes (`receive`), and which answer a command gets (`refuse`).
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, NotFound
from agentdesk.base.text import msg
from agentdesk.commands.values import (
    Answer,
    AnyCommand,
    File,
    SendReply,
    Text,
)
from agentdesk.domain.chat import Step, joined
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import (
    AccountRow,
    ContactDetail,
    ConversationRow,
    Counts,
    FilterCounts,
    InboxRow,
    MentionRow,
    MessageRow,
    PastConversation,
    Place,
    QueueRow,
    SavedViewRow,
    SectionRow,
    SimilarContact,
    TemplateRow,
    Timeline,
    UserRow,
    View,
)
from agentdesk.queries.team_rows import OwnStatusRow, PortraitRow, TeammateRow
from agentdesk.sync.desk import Changes, Draft, Link, LinkStatus, OlderPage, OlderWish, Waiting
from agentdesk.sync.drafting import as_draft
from agentdesk.sync.presence import Other, Writing
from tests.helpers.fake_commands import apply_command
from tests.helpers.fake_order import place_in, section_rank
from tests.helpers.fake_personal import OfferedChats, SavedLists
from tests.helpers.fake_site import WatchedSite
from tests.helpers.sample_mail import sample_world
from tests.helpers.sample_world import Thread, World

NOW = datetime.fromisoformat("2026-11-25T10:35:00+00:00")
"""When the pictures of screens are taken: a Wednesday."""

OLDER_PAGE = 2
"""How many older conversations an answer has."""


class FakeDesk(SavedLists, OfferedChats, WatchedSite):
    """See the module. ``commands`` are all that was done, oldest first; ``failure`` is raised by the next
    `do` or `older`; ``places`` is where it said to be, the latest last; a conversation whose id is in
    ``gates`` is answered only when its event is set. ``elsewhere`` is what only the server has, ``wishes``
    what `older` was asked; it waits for ``older_gate``, and comes only ``back_to`` there the first time."""

    def __init__(self, world: World, me: UserRow | None) -> None:
        self.world = world
        self.commands: list[AnyCommand] = []
        self.failure: AgentDeskError | None = None
        self.gates: dict[UUID, Any] = {}
        self.undo_seconds = 10
        self.asked_pictures: list[str] = []
        self.places: list[tuple[UUID | None, Writing]] = []
        self.is_watching = False
        """Whether it only looks on where it said to be."""
        self._others: dict[UUID, tuple[Other, ...]] = {}
        self._me = me
        self.begin()
        self.offered = {}
        self.begin_site()
        self._status = LinkStatus(link=Link.SYNCED, since=world.now, synced_at=world.now)
        self._listeners: list[Callable[[Changes], None]] = []
        self._status_listeners: list[Callable[[LinkStatus], None]] = []
        self._waiting: dict[UUID, Waiting] = {}
        self.asides: list[Draft] = []
        self.mentions: list[MentionRow] = []
        self.outsiders: set[UUID] = set()
        self.faces: dict[UUID, bytes] = {}
        self.elsewhere: dict[UUID, ConversationRow] = {}
        self.wishes: list[OlderWish] = []
        self.older_gate: asyncio.Event | None = None
        self.back_to: datetime | None = None
        self.likes: dict[UUID, list[LikeRow]] = {}
        self._drafts: dict[tuple[UUID, str], Draft] = {}

    @classmethod
    def sample(cls, now: datetime | None = None) -> FakeDesk:
        """The desk of Jonas at Larkfield Home, as in the pictures; ``now`` defaults to the real time."""
        world, team = sample_world(now or clock.now())
        return cls(world, team.jonas)

    @classmethod
    def empty(cls, now: datetime | None = None) -> FakeDesk:
        """A desk of a team that nobody has written to yet."""
        world = World(now or clock.now())
        me = world.user("Jonas Weber")
        world.inbox("Support")
        return cls(world, me)

    # --- for tests ---

    def find(self, number: int) -> UUID:
        """The id of conversation ``number``."""
        return next(row.id for row in self.world.conversations.values() if row.number == number)

    def thread(self, conversation_id: UUID) -> Thread:
        """For writing something into a conversation; call :meth:`emit` afterwards."""
        row = self.world.conversations[conversation_id]
        return Thread(self.world, conversation_id, self.world.contacts[row.contact_id])

    def receive(self, conversation_id: UUID, text: str, **details: Any) -> MessageRow:
        """The customer writes, and views hear of it."""
        row = self.thread(conversation_id).customer(0, text, **details)
        self.emit(message={row.id}, conversation={conversation_id})
        return row

    def change_message(self, message_id: UUID, **values: Any) -> None:
        """Change a message, and tell views."""
        row = self.world.messages[message_id]
        self.world.messages[message_id] = msgspec.structs.replace(row, ver=row.ver + 1, **values)
        self.emit(message={message_id}, conversation={row.conversation_id})

    def emit(self, **tables: set[UUID]) -> None:
        """Tell everybody who subscribed; without tables: everything may have changed."""
        for listener in list(self._listeners):
            listener(dict(tables))

    def colleagues(self, conversation_id: UUID, *others: Other) -> None:
        """These colleagues are at a conversation from now on, and nobody else."""
        self._others[conversation_id] = others
        self.emit(presence={conversation_id})

    def set_link(self, link: Link) -> None:
        """Lose or find the server."""
        self.set_status(link=link, since=clock.now())

    def set_status(self, **values: Any) -> None:
        """Let the connection stand otherwise."""
        self._status = msgspec.structs.replace(self._status, **values)
        for listener in list(self._status_listeners):
            listener(self._status)

    def refuse(self, command_id: UUID, code: str, reason: str, newer: Sequence[UUID] = ()) -> None:
        """The server refuses a command that was done."""
        entry = self._waiting.get(command_id)
        assert entry is not None, "only a command that still waits can be refused"
        answer = Answer(
            command_id=command_id, outcome="refused", code=code, reason=Text(text=reason), newer=tuple(newer)
        )
        self._waiting[command_id] = msgspec.structs.replace(entry, state="refused", answer=answer)
        self._take_back(entry.command)
        self.emit(outbox={command_id})

    def keep_elsewhere(self, *numbers: int) -> list[UUID]:
        """Let only the server have these conversations: resolved long ago, each farther back than the one
        before; returns their ids."""
        ids = [self.find(number) for number in numbers]
        for place, conversation_id in enumerate(ids):
            row = self.world.conversations.pop(conversation_id)
            at = self.world.now - timedelta(days=200 + place)
            self.elsewhere[row.id] = msgspec.structs.replace(
                row, status="resolved", last_message_at=at, created_at=at, waiting_since=None, unread=False
            )
        return ids

    def permit(self, **exceptions: bool) -> None:
        """Give (true) or deny (false) permissions to the person at this desk."""
        assert self._me is not None
        self._me = msgspec.structs.replace(self._me, permissions=exceptions)
        self.emit(user={self._me.id})

    # --- DeskPort ---

    @property
    def me(self) -> UserRow | None:
        return self._me

    @property
    def status(self) -> LinkStatus:
        return self._status

    def subscribe(self, on_changes: Callable[[Changes], None]) -> Callable[[], None]:
        self._listeners.append(on_changes)
        return lambda: self._listeners.remove(on_changes)

    def subscribe_status(self, on_status: Callable[[LinkStatus], None]) -> Callable[[], None]:
        self._status_listeners.append(on_status)
        return lambda: self._status_listeners.remove(on_status)

    async def queue_ids(self, view: View) -> list[UUID]:
        rows = [row for row in self.world.conversations.values() if self._belongs(row, view)]
        return [row.id for row in sorted(rows, key=lambda row: place_in(row, view))]

    async def queue_places(self, view: View, among: Collection[UUID] | None = None) -> list[Place]:
        rows = [row for row in self.world.conversations.values() if self._belongs(row, view)]
        ranks = {row.id: section_rank(row, view.group) if view.group else ("",) for row in rows}
        return [
            Place((*ranks[row.id], *place_in(row, view)), row.id, ranks[row.id][-1])
            for row in rows
            if among is None or row.id in among
        ]

    async def filter_counts(self, view: View) -> FilterCounts:
        numbers = {
            only: len(await self.queue_ids(msgspec.structs.replace(view, only=only)))
            for only in ("all", "unread", "waiting")
        }
        return FilterCounts(**numbers)

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        return [
            self._queue_row(self.world.conversations[id_]) for id_ in ids if id_ in self.world.conversations
        ]

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        rows = [self.world.conversations[id_] for id_ in await self.queue_ids(view)]
        rows.sort(key=lambda row: section_rank(row, view.group))  # a stable sort keeps the order within
        keys = [section_rank(row, view.group)[-1] for row in rows]
        sections = [SectionRow(key=key, count=len(list(same))) for key, same in itertools.groupby(keys)]
        return [row.id for row in rows], sections

    async def written_since(self, since: Mapping[UUID, datetime]) -> dict[UUID, int]:
        theirs = [row for row in self.world.messages.values() if row.direction == "in"]
        found = {
            one: sum(row.conversation_id == one and row.created_at > moment for row in theirs)
            for one, moment in since.items()
        }
        return {one: count for one, count in found.items() if count}

    async def counts(self) -> Counts:
        rows = self.world.conversations.values()
        opened = [row for row in rows if row.status == "open"]
        mine = [row for row in opened if self._me and row.assignee_id == self._me.id]
        channels: dict[str, int] = {}
        for row in opened:
            channels[row.channel] = channels.get(row.channel, 0) + 1
        return Counts(
            mine=len(mine),
            unassigned=sum(row.assignee_id is None for row in opened),
            all=len(opened),
            snoozed=sum(row.status == "snoozed" for row in rows),
            mine_unread=sum(row.unread for row in mine),
            mentions=len({one.conversation_id for one in self.mentions}),
            mentions_unseen=len({one.conversation_id for one in self.mentions}),
            channels=channels,
        )

    async def conversation(self, conversation_id: UUID) -> ConversationRow | None:
        if gate := self.gates.get(conversation_id):
            await gate.wait()
        while conversation_id in self.world.merged:
            conversation_id = self.world.merged[conversation_id][1]
        return self.world.conversations.get(conversation_id)

    async def timeline(self, conversation_id: UUID, before: UUID | None = None, limit: int = 40) -> Timeline:
        rows = [row for row in self.world.messages.values() if row.conversation_id == conversation_id]
        rows.sort(key=lambda row: (row.created_at, row.id))
        if before is not None:
            rows = rows[: next(index for index, row in enumerate(rows) if row.id == before)]
        page = rows[-limit:]
        events = [row for row in self.world.events.values() if row.conversation_id == conversation_id]
        events.sort(key=lambda row: (row.created_at, row.id))
        older = len(rows) > len(page)
        if older:
            events = [row for row in events if row.created_at >= page[0].created_at]
        if before is not None:
            end = self.world.messages[before].created_at
            events = [row for row in events if row.created_at < end]
        return Timeline(messages=tuple(page), events=tuple(events), older=older)

    async def joined(self, conversation_id: UUID) -> frozenset[UUID]:
        events = [row for row in self.world.events.values() if row.conversation_id == conversation_id]
        events.sort(key=lambda row: (row.created_at, row.id))
        return joined(Step(row.kind, row.user_id, row.data) for row in events)

    async def contact(self, contact_id: UUID) -> ContactDetail | None:
        if gate := self.gates.get(contact_id):
            await gate.wait()
        detail = self.world.contacts.get(contact_id)
        if detail is None:
            return None
        rows = [row for row in self.world.conversations.values() if row.contact_id == contact_id]
        past = tuple(
            PastConversation(
                id=row.id,
                number=row.number,
                channel=row.channel,
                subject=row.subject,
                status=row.status,
                last_message_at=row.last_message_at,
            )
            for row in sorted(rows, key=lambda row: row.last_message_at, reverse=True)
        )
        return msgspec.structs.replace(detail, conversations=past)

    async def alike(self, contact_id: UUID) -> list[LikeRow]:
        return self.likes.get(contact_id, [])

    async def find_contacts(self, text: str, limit: int = 20) -> list[SimilarContact]:
        found = []
        for row in self.world.contacts.values():
            addresses = [one.display or one.value for one in row.identities]
            known = " ".join([row.name, row.company, *addresses]).casefold()
            if text.strip() and all(word in known for word in text.casefold().split()):
                found.append(SimilarContact(id=row.id, name=row.name, address=min(addresses, default="")))
        return sorted(found, key=lambda one: one.name.casefold())[:limit]

    async def saved_views(self) -> list[SavedViewRow]:
        return sorted(self.saved.values(), key=lambda row: row.name.lower())

    async def rail_keys(self) -> list[str]:
        return list(self.rail)

    async def view_counts(self, views: Sequence[View]) -> list[int]:
        return [0 if view.kind == "search" else len(await self.queue_ids(view)) for view in views]

    async def templates(self) -> list[TemplateRow]:
        return list(self.world.templates.values())

    async def users(self) -> list[UserRow]:
        return list(self.world.users.values())

    async def teammates(self) -> list[TeammateRow]:
        opened = [row.assignee_id for row in self.world.conversations.values() if row.status == "open"]
        rows = [
            TeammateRow(
                **{
                    **msgspec.structs.asdict(row),
                    "load": opened.count(row.id),
                    "count": opened.count(row.id),
                },
                **self.world.standing_of(row.id),
            )
            for row in self.world.users.values()
            if row.active
        ]
        return sorted(rows, key=lambda row: row.name.casefold())

    async def own_statuses(self) -> list[OwnStatusRow]:
        return [one for one in self.world.statuses.values() if one.id not in self.world.retired]

    async def portraits(self) -> list[PortraitRow]:
        return [PortraitRow(one, hashlib.sha256(jpeg).hexdigest(), jpeg) for one, jpeg in self.faces.items()]

    async def inbox_people(self, inbox_id: UUID) -> list[UserRow]:
        return [row for row in self.world.users.values() if row.active and row.id not in self.outsiders]

    async def unseen_mentions(self) -> list[MentionRow]:
        return list(self.mentions)

    async def inboxes(self) -> list[InboxRow]:
        return list(self.world.inboxes.values())

    async def accounts(self) -> list[AccountRow]:
        return list(self.world.accounts.values())

    async def do(self, command: AnyCommand, hold_seconds: float = 0) -> UUID:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.commands.append(command)
        changes = apply_command(self.world, self._me, command, held=hold_seconds > 0)
        changes |= self.arrange(command) | self.answer(command)
        command_id = self.world.new_id()
        held_until = clock.seconds_from_now(hold_seconds) if hold_seconds else None
        offline = self._status.link == Link.OFFLINE
        if hold_seconds or offline:
            self._waiting[command_id] = Waiting(
                id=command_id,
                number=len(self.commands),
                command=command,
                state="held" if hold_seconds else "waiting",
                issued_at=clock.now(),
                held_until=held_until,
            )
        if isinstance(command, SendReply):
            self._drafts.pop((command.conversation_id, "reply"), None)
        self.emit(outbox={command_id}, **changes)
        return command_id

    async def undo_hold(self, command_id: UUID) -> bool:
        entry = self._waiting.get(command_id)
        if entry is None or entry.state != "held":
            return False
        del self._waiting[command_id]
        self._take_back(entry.command)
        await self._to_draft(entry.command)
        self.emit(outbox={command_id})
        return True

    async def release_hold(self, command_id: UUID) -> None:
        entry = self._waiting.get(command_id)
        if entry is None or entry.state != "held":
            return
        if self._status.link == Link.OFFLINE:
            self._waiting[command_id] = msgspec.structs.replace(entry, state="waiting", held_until=None)
            self.emit(outbox={command_id})
            return
        self._waiting[command_id] = msgspec.structs.replace(entry, state="sent", held_until=None)
        if isinstance(entry.command, SendReply):
            self.change_message(entry.command.message_id, delivery="queued")
        self.emit(outbox={command_id})

    async def waiting(self) -> list[Waiting]:
        return list(self._waiting.values())

    async def retry(self, command_id: UUID) -> None:
        entry = self._waiting.pop(command_id)
        command = entry.command
        if isinstance(command, SendReply):
            command = msgspec.structs.replace(command, anyway=True)
        await self.do(command)

    async def discard(self, command_id: UUID) -> None:
        await self._to_draft(self._waiting.pop(command_id).command)
        self.emit(outbox={command_id})

    async def save_draft(self, draft: Draft) -> UUID | None:
        key = (draft.conversation_id, draft.mode)
        edition = self.world.new_id() if draft.text or draft.files else None
        if edition is not None:
            self._drafts[key] = msgspec.structs.replace(draft, saved_at=clock.now(), edition=edition)
        else:
            self._drafts.pop(key, None)
        self.emit(draft={draft.conversation_id})
        return edition

    async def drafts_aside(self, conversation_id: UUID) -> list[Draft]:
        return [draft for draft in self.asides if draft.conversation_id == conversation_id]

    async def drop_draft_aside(self, draft: Draft) -> None:
        self.asides.remove(draft)
        self.emit(draft={draft.conversation_id})

    async def draft(self, conversation_id: UUID, mode: str) -> Draft | None:
        return self._drafts.get((conversation_id, mode))

    async def drafts(self) -> list[Draft]:
        return list(self._drafts.values())

    def be_at(self, conversation_id: UUID | None, writing: Writing = "", *, watching: bool = False) -> None:
        self.is_watching = watching
        self.places.append((conversation_id, writing))

    def others_at(self, conversation_id: UUID) -> tuple[Other, ...]:
        return self._others.get(conversation_id, ())

    def visitor_at(self, conversation_id: UUID, contact_id: UUID) -> bool | None:
        if self._status.link is not Link.SYNCED:
            return None
        return any(other.user_id == contact_id for other in self.others_at(conversation_id))

    async def attach(self, path: Path) -> File:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise AgentDeskError(msg("{name} cannot be read.", name=path.name)) from error
        return await self.attach_bytes(path.name, "application/octet-stream", content)

    async def attach_bytes(self, name: str, media_type: str, content: bytes) -> File:
        blob = hashlib.sha256(content).hexdigest()
        self.world.blobs[blob] = content
        return File(self.world.new_id(), name, media_type, len(content), blob)

    async def file(self, blob: str, attachment_id: UUID) -> bytes:
        if self._status.link == Link.OFFLINE or blob not in self.world.blobs:
            raise AgentDeskError(msg("This file is not on this computer yet."), msg("Try again when online."))
        return self.world.blobs[blob]

    async def original(self, message_id: UUID) -> bytes:
        if self._status.link == Link.OFFLINE or message_id not in self.world.originals:
            raise AgentDeskError(msg("The original lies on the server."), msg("Try again when online."))
        return self.world.originals[message_id]

    async def remote_picture(self, message_id: UUID, url: str) -> bytes:
        self.asked_pictures.append(url)
        if url not in self.world.pictures:
            raise NotFound()
        return self.world.pictures[url]

    async def export_contact(
        self, contact_id: UUID, path: Path, on_progress: Callable[[int, int | None], None]
    ) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        on_progress(0, 4_000_000)
        if gate := self.gates.get(contact_id):
            on_progress(1_000_000, 4_000_000)
            await gate.wait()
        path.write_bytes(b"PK")

    async def search(self, text: str, limit: int = 200) -> list[UUID]:
        wanted = text.casefold()
        found = {
            row.conversation_id
            for row in self.world.messages.values()
            if wanted in f"{row.subject} {row.text} {row.author_name}".casefold()
        }
        found &= self.world.conversations.keys()
        rows = sorted(found, key=lambda id_: self.world.conversations[id_].last_message_at, reverse=True)
        return rows[:limit]

    async def older(self, wish: OlderWish) -> OlderPage:
        self.wishes.append(wish)
        if self.older_gate is not None:
            await self.older_gate.wait()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if self.back_to is not None:
            back_to, self.back_to = self.back_to, None
            return OlderPage(following="further", back_to=back_to)
        found = [row for row in self.elsewhere.values() if self._is_wanted(row, wish)]
        found.sort(key=lambda row: row.last_message_at, reverse=True)
        page = found[:OLDER_PAGE]
        for row in page:
            self.world.conversations[row.id] = self.elsewhere.pop(row.id)
        self.emit(conversation={row.id for row in page})
        following = str(len(self.wishes)) if len(found) > OLDER_PAGE else ""
        return OlderPage(ids=tuple(row.id for row in page), following=following)

    async def close(self) -> None:
        pass

    # --- inside ---

    def _is_wanted(self, row: ConversationRow, wish: OlderWish) -> bool:
        if wish.view is not None and wish.view.kind == "search":
            texts = (m.text for m in self.world.messages.values() if m.conversation_id == row.id)
            return any(wish.view.text.casefold() in text.casefold() for text in texts)
        return wish.view is not None or row.contact_id == wish.contact_id or row.id in wish.ids

    async def _to_draft(self, command: AnyCommand) -> None:
        draft = as_draft(command)
        if draft is not None:
            await self.save_draft(draft)

    def _take_back(self, command: AnyCommand) -> None:
        if isinstance(command, SendReply):
            row = self.world.messages.pop(command.message_id, None)
            if row is not None:
                self.emit(message={row.id}, conversation={row.conversation_id})

    def _belongs(self, row: ConversationRow, view: View) -> bool:
        mine = self._me is not None and row.assignee_id == self._me.id
        kinds = {
            "mine": row.status == "open" and mine,
            "unassigned": row.status == "open" and row.assignee_id is None,
            "all": row.status == "open",
            "resolved": row.status == "resolved",
            "snoozed": row.status == "snoozed",
            "mentions": row.id in {one.conversation_id for one in self.mentions},
            "search": view.text.casefold() in f"{row.subject} {row.preview} {row.contact_name}".casefold(),
        }
        narrowed_to = view.priority in ("", row.priority) and (
            not view.tags or not set(view.tags).isdisjoint(row.tags)
        )
        fits = narrowed_to and view.channel in (None, row.channel) and view.inbox_id in (None, row.inbox_id)
        narrowed = {"all": True, "unread": row.unread, "waiting": row.waiting_since is not None}
        return kinds[view.kind] and fits and narrowed[view.only]

    def _queue_row(self, row: ConversationRow) -> QueueRow:
        mail = [entry for entry in self.world.messages.values() if entry.conversation_id == row.id]
        theirs = [entry.created_at for entry in mail if entry.direction == "in" and entry.kind == "message"]
        shared = {
            name: getattr(row, name)
            for name in QueueRow.__struct_fields__
            if name in ConversationRow.__struct_fields__
        }
        return QueueRow(
            **shared,
            last_customer_at=max(theirs, default=None),
            failed=any(entry.delivery in ("failed", "uncertain") for entry in mail),
        )
