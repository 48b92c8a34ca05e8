"""Random histories of a mailbox: whatever is delivered is handed over, and once per numbering."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.email.model_server import Habits, Kept, ModelMailbox
from tests.connectors.email.support import MemorySecrets, MemorySink, new_account, receiving
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.sdk.errors import Unreachable
from agentdesk_connectors.email import fetching, reading
from agentdesk_connectors.email.imap import FolderState
from agentdesk_connectors.email.place import Place, place_in, read_place


@dataclass(frozen=True)
class Deliver:
    count: int


@dataclass(frozen=True)
class Expunge:
    index: int


@dataclass(frozen=True)
class Renumber:
    pass


@dataclass(frozen=True)
class Restore:
    lost: int


@dataclass(frozen=True)
class Read:
    cut_after: int | None


@dataclass(frozen=True)
class Restart:
    """The process starts anew: what it knew besides the cursor is gone."""


Step = Deliver | Expunge | Renumber | Restore | Read | Restart
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Deliver, st.integers(1, 9)),
        st.builds(Expunge, st.integers(0, 50)),
        st.just(Renumber()),
        st.builds(Restore, st.integers(1, 3)),
        st.builds(Read, st.none() | st.integers(0, 1500)),
        st.just(Restart()),
    ),
    max_size=12,
)
HABITS = st.builds(
    Habits,
    tells_uidnext=st.booleans(),
    knows_idle=st.booleans(),
    newest_first=st.booleans(),
    speaks_of_flags=st.booleans(),
    refuses_bodies=st.frozensets(st.integers(1, 20), max_size=2),
    leaves_out=st.frozensets(st.integers(1, 20), max_size=2),
    refuses_sizes=st.booleans(),
    lies_about_size=st.integers(-20, 20),
)


class History:
    """Plays steps against an account and keeps account of what must have arrived."""

    def __init__(self, history: str, habits: Habits) -> None:
        self.mailbox = ModelMailbox()
        self.mailbox.habits = habits
        self.sink = MemorySink()
        self.history = history
        self.delivered = 0
        self.started = False
        self.before_start: set[bytes] = set()

    async def play(self, steps: list[Step]) -> None:
        async with self.mailbox.served() as port:
            self.port = port
            self.restart()
            for step in steps:
                await self.take(step)
            while self.mailbox.kept and not self.is_any_readable():
                await self.take(Deliver(1))
            await self.read(None)

    def restart(self) -> None:
        values = {"address": "a@desk.test", "imap.host": "127.0.0.1", "imap.security": "none"}
        given_ = {**values, "imap.port": self.port, "history": self.history}
        self.account = new_account(given_, MemorySecrets(password="secret"))

    async def take(self, step: Step) -> None:
        match step:
            case Deliver(count):
                for _ in range(count):
                    self.delivered += 1
                    raw = b"Message-ID: <%d@x>\r\n\r\n%d\r\n" % (self.delivered, self.delivered)
                    self.mailbox.deliver(raw)
                    if not self.started:
                        self.before_start.add(raw)
            case Expunge(index):
                self.mailbox.expunge(index)
            case Renumber():
                self.mailbox.renumber()
            case Restore(lost) if self.mailbox.habits.tells_uidnext:
                self.mailbox.restore(lost)
                await self.read(None)
            case Read(cut_after):
                await self.read(cut_after)
            case Restart():
                self.restart()

    async def read(self, cut_after: int | None) -> None:
        """Read until nothing is new; with ``cut_after`` the first connection breaks on the way."""
        self.mailbox.cut_after = cut_after
        if cut_after is not None:
            await self.attempt()
            self.mailbox.cut_after = None
            return
        for _ in range(60):
            if await self.attempt():
                return
        assert not self.is_any_readable(), "never caught up"

    def is_any_readable(self) -> bool:
        """Say whether anything shows that it is the messages, and not the server, that are damaged."""
        damaged = self.mailbox.habits.refuses_bodies | self.mailbox.habits.leaves_out
        return any(message.uid not in damaged for message in self.mailbox.kept)

    async def attempt(self) -> bool:
        before = self.sink.times_caught_up
        async with receiving(self.account, self.sink) as task:
            await until(lambda: self.sink.times_caught_up > before or task.done(), what="an end")
            self.started = self.started or self.sink.cursor is not None
            if self.sink.times_caught_up > before:
                return True
            assert isinstance(task.exception(), Unreachable), task.exception()
            return False

    def missing(self) -> set[bytes]:
        """What lies in the mailbox, counts, and was not handed over."""
        counted = [m for m in self.mailbox.kept if self.history != "now" or m.raw not in self.before_start]
        got = set(self.sink.raws)
        return {message.raw for message in counted if message.raw not in got and not self.named(message)}

    def named(self, message: Kept) -> bool:
        """Say whether a message that the server does not give out was handed over by name at least."""
        numbering = re.compile(rf"INBOX/{self.mailbox.uidvalidity}(\.\d+)?/{message.uid}")
        return any(
            "unfetched" in item.facts and numbering.fullmatch(source_id)
            for source_id, item in self.sink.items.items()
        )


@settings(max_examples=150)
@given(steps=STEPS, habits=HABITS, history=st.sampled_from(["now", "days:3", "all"]))
def test_whatever_is_delivered_is_handed_over(steps: list[Step], habits: Habits, history: str) -> None:
    played = History(history, habits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "BATCH_MESSAGES", 3)
        patch.setattr(fetching, "_LISTED_AT_ONCE", 5)
        patch.setattr(reading, "_FEW", 4)
        patch.setattr(reading, "_ASKED_AT_ONCE", 5)
        asyncio.run(played.play(steps))
    assert played.missing() == set()


def test_arriving_while_reading() -> None:
    """Mail that comes between looking and waiting is told at once, not at the next look."""

    async def play() -> None:
        mailbox, sink = ModelMailbox(), MemorySink()
        async with mailbox.served() as port:
            values = {"address": "a@desk.test", "imap.host": "127.0.0.1", "imap.security": "none"}
            account = new_account({**values, "imap.port": port}, MemorySecrets(password="secret"))
            async with receiving(account, sink):
                await until(lambda: sink.times_caught_up)
                for number in range(200):
                    mailbox.deliver(b"%d\r\n\r\n" % number)
                    await asyncio.sleep(0.001 * (number % 3))
                await until(lambda: len(sink.items) == 200)
                await until(lambda: mailbox.commands[-1] == b"IDLE", what="rest")

    asyncio.run(play())


# --- the cursor itself ---


HERE = Place("INBOX", 7, 12, clock.now(), history_to=20, generation=2)


def test_a_cursor_survives_being_stored() -> None:
    stored = json.loads(json.dumps(HERE.cursor()))
    assert read_place(stored, "INBOX", clock.now()) == HERE
    assert read_place(stored, "Other", clock.now()) is None
    assert read_place(None, "INBOX", clock.now()) is None


@pytest.mark.parametrize(
    ("state", "uid", "generation"),
    [
        (FolderState(9, 7, 13), 12, 2),  # nothing new
        (FolderState(9, 7, 99), 12, 2),  # something new
        (FolderState(9, 7, 12), 0, 3),  # numbers are given out again
        (FolderState(9, 8, 13), 0, 0),  # another numbering
    ],
)
def test_where_reading_goes_on(state: FolderState, uid: int, generation: int) -> None:
    place = place_in(HERE, state, "INBOX", "all", clock.now())
    assert (place.uidvalidity, place.uid, place.generation) == (state.uidvalidity, uid, generation)
    assert place.started == HERE.started


# --- servers that do not keep their word ---


async def read_model(mailbox: ModelMailbox) -> MemorySink:
    """Read a model mailbox until nothing is new."""
    sink = MemorySink()
    async with mailbox.served() as port:
        values = {
            "address": "a@desk.test",
            "imap.host": "127.0.0.1",
            "imap.security": "none",
            "history": "all",
        }
        account = new_account({**values, "imap.port": port}, MemorySecrets(password="secret"))
        async with receiving(account, sink) as task:
            await until(lambda: sink.times_caught_up > 1 or task.done())
    return sink


async def test_idle_that_is_promised_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "POLL_SECONDS", 0.02)
    mailbox = ModelMailbox()
    mailbox.habits.refuses_idle = True
    sink = await read_model(mailbox)
    assert sink.times_caught_up > 1
    assert mailbox.commands.count(b"IDLE") == 1


async def test_a_message_far_larger_than_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(fetching, "LARGEST_MESSAGE", 3_000)
    monkeypatch.setattr(fetching, "KEPT_OF_LARGER", 500)
    monkeypatch.setattr("agentdesk_connectors.email.imap_wire.LARGEST_LITERAL", 4_000)
    mailbox = ModelMailbox()
    mailbox.habits.lies_about_size = -9_900
    mailbox.deliver(b"Subject: a\r\n\r\n" + b"x" * 10_000)
    mailbox.deliver(b"Subject: b\r\n\r\n")
    sink = await read_model(mailbox)
    large, small = sink.items.values()
    assert len(large.raw) == 500
    assert large.facts["truncated"] is True
    assert small.raw == b"Subject: b\r\n\r\n"
