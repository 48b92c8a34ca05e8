"""A list that is followed row by row is always the one that would be read whole."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytestqt.qtbot import QtBot
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.desktop.models.queue import QueueModel
from agentdesk.desktop.views.queue_listing import Lister, can_follow
from agentdesk.desktop.views.queue_loading import QueueLoader
from agentdesk.queries.rows import View
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.desk_reads import DeskReads
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.protocol import PROTOCOL, Batch, Departure, Rows, Welcome
from agentdesk.sync.replica import Replica
from agentdesk.sync.wire_rows import microseconds
from agentdesk.sync.workbench import Workbench

_ME, _OTHER, _INBOX = new_id(), new_id(), new_id()
_ORDERS = ("newest", "due", "priority", "customer")
_GROUPS = ("", "channel", "priority", "assignee")
_KINDS = ("all", "mine", "unassigned", "snoozed", "resolved", "mentions")
VIEWS = [
    *(View(kind="all", order=order, group=group) for order, group in product(_ORDERS, _GROUPS)),
    *(View(kind=kind, order="due") for kind in _KINDS),
    *(View(kind="all", order="newest", only=only) for only in ("unread", "waiting")),
    View(kind="all", channel="chat", order="newest", priority="high", tags=("a", "b")),
]


class _Desk(DeskReads):
    """What screens ask of a replica, into which a test writes as the server would."""

    def __init__(self, folder: Path) -> None:
        replica = Replica(folder / "replica.sqlite")
        self.bench = Workbench(replica, Outbox(folder / "outbox.sqlite"), self._rows_forget)
        super().__init__(replica, self.bench, DeskArchive())
        self._ver = 0

    def _rows_forget(self, changes: dict[str, set[UUID]]) -> None:
        self._rows.forget(changes)

    async def take(self, table: str, *rows: dict[str, Any], gone: tuple[UUID, ...] = ()) -> None:
        self._ver += 1
        made = tuple({**row, "ver": self._ver} for row in rows)
        departures = tuple(Departure("conversation", one) for one in gone)
        await self.bench.take_in([Batch(cursor="c", rows=(Rows(table, made),), departures=departures)])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[_Desk]:
    made = _Desk(tmp_path)
    await made.bench.open()
    names = {"program": "", "epoch": "e", "workspace": "", "fresh": True, "last_number": 0}
    await made.bench.welcome(Welcome(protocol=PROTOCOL, user_id=_ME, **names))
    await made.take("user", {"id": _ME.bytes, "name": "ada"}, {"id": _OTHER.bytes, "name": "Zoë"})
    yield made
    await made.bench.close()


def _conversation(dice: random.Random, row_id: UUID, contacts: list[UUID]) -> dict[str, Any]:
    moments = [microseconds(clock.seconds_from_now(-dice.randrange(5))), None]
    return {
        "id": row_id.bytes,
        "inbox_id": _INBOX.bytes,
        "contact_id": dice.choice(contacts).bytes,
        "channel": dice.choice(("chat", "email")),
        "status": dice.choice(("open", "open", "open", "snoozed", "resolved")),
        "priority": dice.choice(("urgent", "high", "normal", "low", "strange")),
        "tags": dice.choice(([], ["a"], ["b", "c"])),
        "unread": dice.random() < 0.5,
        "assignee_id": dice.choice((_ME.bytes, _OTHER.bytes, None)),
        "waiting_since": dice.choice(moments),
        "snoozed_until": dice.choice(moments),
        "last_message_at": moments[0],
        "updated_at": 0,
    }


@pytest.mark.parametrize("seed", range(2))
async def test_a_list_that_is_followed_is_the_one_that_is_read_whole(
    qtbot: QtBot, desk: _Desk, seed: int
) -> None:
    dice = random.Random(seed)
    contacts = [new_id() for _ in range(8)]
    names = ("", "Älva", "ada", "Zoë", "ÉMILE", "日本", "bo", "Bo")
    await desk.take("contact", *({"id": c.bytes, "name": n} for c, n in zip(contacts, names, strict=True)))
    ids = [new_id() for _ in range(30)]
    await desk.take("conversation", *(_conversation(dice, one, contacts) for one in ids[:20]))
    mentions = [{"id": new_id().bytes, "user_id": _ME.bytes, "conversation_id": one.bytes} for one in ids[:9]]
    await desk.take("mention", *mentions)
    followed = [(view, Lister(desk), QueueModel(FakeDesk.empty())) for view in VIEWS]  # type: ignore[arg-type]
    for view, lister, model in followed:
        model.set_ids((await lister.following(view, set())).ids)
    for _ in range(5):
        changed = dice.sample(ids, dice.randrange(1, 5))
        gone = tuple(changed[:1]) if dice.random() < 0.2 else ()
        rows = (_conversation(dice, one, contacts) for one in changed if one not in gone)
        await desk.take("conversation", *rows, gone=gone)
        for view, lister, model in followed:
            listing = await lister.following(view, set(changed))
            assert listing.steps is not None
            model.take(listing.steps)
            whole = await Lister(desk).whole(view)  # type: ignore[arg-type]
            assert listing[:2] == whole[:2], view
            assert list(model.ids) == whole.ids, view
    for _view, _lister, model in followed:
        model.deleteLater()
    await settled()


async def test_only_lists_whose_places_do_not_change_by_themselves_are_followed() -> None:
    assert all(can_follow(view) for view in VIEWS)
    assert not can_follow(View(kind="search", text="x"))
    assert not can_follow(View(kind="drafts"))
    assert not can_follow(View(kind="snoozed", group="due"))


async def test_what_changes_while_a_list_is_read_is_read_after(qtbot: QtBot) -> None:
    """Changes of all kinds, one upon the other, at any moment of reading."""
    desk, dice = FakeDesk.sample(), random.Random(5)
    view = View(kind="all", order="newest")
    model = QueueModel(desk)
    loader = QueueLoader(desk, model, list, model)
    loader.loaded.connect(lambda listing: model.set_ids(listing.ids))
    loader.show(view)
    desk.subscribe(loader.on_changes)
    ids = list(desk.world.conversations)
    for _ in range(40):
        desk.receive(dice.choice(ids), "anything new")
        if dice.random() < 0.3:
            await until(lambda: bool(model.ids))
    expected = await desk.queue_ids(view)
    await until(lambda: list(model.ids) == expected, what="the list is the one that is read whole")
    model.deleteLater()
    await settled()
