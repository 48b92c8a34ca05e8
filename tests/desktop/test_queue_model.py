"""The queue's model: every change of order is told so that Qt, the selection and the rows stay right."""

from __future__ import annotations

import random
import uuid

import pytest
from msgspec import structs
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.desktop.delegates.queue_rows import chips_of
from agentdesk.desktop.models.queue import ID_ROLE, ROW_ROLE, QueueModel
from agentdesk.desktop.views.queue_listing import LiveList
from agentdesk.queries.rows import Place, QueueRow, View


def _shown(model: QueueModel) -> list[uuid.UUID]:
    return [model.index(row, 0).data(ID_ROLE) for row in range(model.rowCount())]


@pytest.mark.parametrize("seed", range(60))
async def test_any_change_of_order_is_told_rightly(qtbot: QtBot, seed: int) -> None:
    dice = random.Random(seed)
    model = QueueModel(FakeDesk.empty())
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    people = [uuid.UUID(int=number) for number in range(400 if seed % 5 == 0 else 12)]
    model.set_ids(dice.sample(people, dice.randrange(len(people))))
    for _ in range(12):
        new = dice.sample(people, dice.randrange(len(people) + 1))
        if seed % 3 == 0 and model.ids:  # the usual change: one row goes to the top
            new = list(model.ids)
            new.insert(0, new.pop(dice.randrange(len(new))))
        watched = [QPersistentModelIndex(model.index(row, 0)) for row in range(model.rowCount())]
        before = list(model.ids)
        model.set_ids(new)
        assert _shown(model) == new
        for index, conversation_id in zip(watched, before, strict=True):
            if conversation_id in new:
                assert index.data(ID_ROLE) == conversation_id, "the selection would have jumped"
            else:
                assert not index.isValid()
    del tester


@pytest.mark.parametrize("seed", range(3))
async def test_any_single_step_is_told_rightly(qtbot: QtBot, seed: int) -> None:
    dice = random.Random(seed)
    model = QueueModel(FakeDesk.empty())
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    people = [uuid.UUID(int=number) for number in range(12)]
    live = LiveList([])
    for _ in range(60):
        changed = dice.sample(people, 3)
        found = [Place((dice.randrange(9), one.bytes), one) for one in changed if dice.random() < 0.7]
        watched = {one: QPersistentModelIndex(model.index(at, 0)) for at, one in enumerate(model.ids)}
        model.take(live.put(changed, found))
        assert _shown(model) == live.ids
        assert [model.position(one) for one in live.ids] == list(range(len(live.ids)))
        for one, index in watched.items():
            assert index.data(ID_ROLE) == (one if one in live.ids else None), (
                "the selection would have jumped"
            )
    del tester


async def test_one_row_that_jumps_to_the_top_is_one_move(qtbot: QtBot) -> None:
    model = QueueModel(FakeDesk.empty())
    ids = [uuid.UUID(int=number) for number in range(3000)]
    model.set_ids(ids)
    told: list[str] = []
    model.rowsMoved.connect(lambda *_: told.append("moved"))
    model.layoutChanged.connect(lambda *_: told.append("layout"))
    model.modelReset.connect(lambda *_: told.append("reset"))
    model.set_ids([ids[2500], *ids[:2500], *ids[2501:]])
    assert told == ["moved"]


async def test_rows_are_fetched_when_they_are_asked_for(qtbot: QtBot) -> None:
    desk = FakeDesk.sample()
    model = QueueModel(desk)
    model.set_ids(await desk.queue_ids(View(kind="all")))
    first = model.index(0, 0)
    assert first.data(ROW_ROLE) is None
    await until(lambda: first.data(ROW_ROLE) is not None)
    assert first.data(ROW_ROLE).id == model.ids[0]
    assert first.data(ROW_ROLE).contact_name in first.data()


async def test_a_row_says_for_whom_it_waits_only_where_a_person_wrote(qtbot: QtBot) -> None:
    desk = FakeDesk.sample()
    (row,) = await desk.queue_rows((await desk.queue_ids(View(kind="all")))[:1])
    now = clock.now()

    def first_chip(row: QueueRow) -> str:
        words = chips_of(row, now, has_draft=False)[0].text
        return words if isinstance(words, str) else words.text

    row = structs.replace(row, failed=False, status="open")
    assert first_chip(structs.replace(row, waiting_since=now)) == "now"
    assert first_chip(structs.replace(row, waiting_since=None, last_customer_at=now)) == "Waiting for {name}"
    program = structs.replace(row, waiting_since=None, last_customer_at=None)
    assert first_chip(program) == "Written by a program"


async def test_only_rows_that_show_something_of_a_change_are_told_of(qtbot: QtBot) -> None:
    desk = FakeDesk.sample()
    model = QueueModel(desk)
    model.set_ids(await desk.queue_ids(View(kind="all")))
    for place in range(model.rowCount()):
        model.index(place, 0).data(ROW_ROLE)
    await until(lambda: all(model.row(one) for one in model.ids), what="all rows")
    rows = [model.row(one) for one in model.ids]
    told: list[int] = []
    model.dataChanged.connect(lambda first, _last: told.append(first.row()))
    model.follow({"message": {uuid.uuid4()}})
    assert told == [place for place, row in enumerate(rows) if row and row.failed]
    told.clear()
    assert rows[0] is not None
    model.follow({"contact": {rows[0].contact_id}, "conversation": {model.ids[1]}})
    theirs = {place for place, row in enumerate(rows) if row and row.contact_id == rows[0].contact_id}
    assert set(told) == theirs | {1}
