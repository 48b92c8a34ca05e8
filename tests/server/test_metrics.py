"""The figures for Prometheus say what happened, from the database."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk import __version__
from agentdesk.base import clock
from agentdesk.domain.delivery import DeliveryState
from agentdesk.server.metrics import exposition
from agentdesk.store.tables import account, account_state


async def figures(world: FakeWorld) -> dict[tuple[str, str], float]:
    """Every sample as Prometheus reads it, by name and the value of its label."""
    text = (await exposition(world.db)).decode()
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, next(iter(sample.labels.values()), "")] = sample.value
    return found


async def set_state(world: FakeWorld, **values: Any) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(account_state).where(account_state.c.id == world.account_id).values(values))


async def test_an_empty_desk_has_all_figures_at_zero(world: FakeWorld) -> None:
    found = await figures(world)
    assert found["agentdesk_messages_in_total", ""] == 0
    assert found["agentdesk_intake_quarantined_total", ""] == 0
    assert found["agentdesk_intake_backlog", ""] == 0
    states = {label for name, label in found if name == "agentdesk_messages_out_total"}
    assert states == {state.value for state in DeliveryState}
    assert found["agentdesk_build_info", __version__] == 1


async def test_messages_are_counted_by_direction_and_state(world: FakeWorld) -> None:
    core = await world.started()
    for number in range(3):
        world.service.put(raw_mail(id=f"{number}@x.example", text=f"Number {number}"))
    await world.settled(3)
    conversation = (await world.conversations())[0]
    message_id = await world.reply(core, conversation.id)
    await world.delivered(message_id, "sent")
    found = await figures(world)
    assert found["agentdesk_messages_in_total", ""] == 3
    assert found["agentdesk_messages_out_total", "sent"] == 1
    assert found["agentdesk_messages_out_total", "failed"] == 0

    async def well() -> bool:
        return (await figures(world))["agentdesk_account_up", "Support mail"] == 1

    await until(well)


async def test_the_lag_grows_from_the_last_complete_moment(world: FakeWorld) -> None:
    name = "Support mail"
    hour_ago = clock.seconds_from_now(-3600)
    async with world.db.write() as conn:
        await conn.execute(update(account).values(created_at=clock.seconds_from_now(-7200)))
    await set_state(world, state="unreachable")
    never = await figures(world)
    assert never["agentdesk_account_up", name] == 0
    assert never["agentdesk_account_lag_seconds", name] >= 7200
    await set_state(world, state="unreachable", complete_until=hour_ago)
    assert 3600 <= (await figures(world))["agentdesk_account_lag_seconds", name] < 7200
    await set_state(world, state="reading")
    catching_up = await figures(world)
    assert catching_up["agentdesk_account_up", name] == 1
    assert catching_up["agentdesk_account_lag_seconds", name] >= 3600
    await set_state(world, state="ok")
    assert (await figures(world))["agentdesk_account_lag_seconds", name] == 0


async def test_a_name_of_any_kind_breaks_no_line(world: FakeWorld) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(account).values(name='Ö "quoted" \\ {x="1"} 2'))
    assert ("agentdesk_account_up", 'Ö "quoted" \\ {x="1"} 2') in await figures(world)
