"""Who may be the same person as a customer, and why, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.store.rows import Desk, at, put

from agentdesk.domain.likeness import Clue, Evidence
from agentdesk.queries.likeness import alike
from agentdesk.store.search import index_messages
from agentdesk.store.tables import contact, contact_identity

PAGE = "https://social.example/@anaruiz"


async def _customer(desk: Desk, name: str, kind: str, value: str, **profile: Any) -> UUID:
    row_id = await put(desk.conn, contact, name=name)
    await put(
        desk.conn,
        contact_identity,
        contact_id=row_id,
        kind=kind,
        value=value.lower(),
        display=value,
        bouncing=None,
        profile=profile or None,
    )
    return row_id


async def _says(desk: Desk, contact_id: UUID, text: str, direction: str = "in") -> None:
    here = await desk.conversation(contact_id=contact_id)
    written = await desk.message(here, contact_id=contact_id, direction=direction, text=text)
    await index_messages(desk.conn, [(written, here, desk.inbox_id, text)])


async def _found(desk: Desk, contact_id: UUID) -> dict[str, tuple[Evidence, ...]]:
    return {one.other.name: one.evidence for one in await alike(desk.conn, contact_id)}


async def test_who_names_an_address_a_number_or_a_page_may_be_its_owner(desk: Desk) -> None:
    tom = await _customer(desk, "tom_b", "mastodon", "@tom_b@social.example")
    await _customer(desk, "T. Baker", "email", "Tom@Example.com")
    await _customer(desk, "Tommy", "whatsapp", "+447700900123")
    await _customer(desk, "Ana", "x", "@ana_x", url=PAGE)
    await _says(desk, tom, f"Write to TOM@example.com, call +44 7700 900 123. I am not {PAGE}/")
    await _says(desk, tom, "Write to nobody@example.com", direction="out")
    assert await _found(desk, tom) == {
        "T. Baker": (Evidence(Clue.MAIL, "Tom@Example.com"),),
        "Tommy": (Evidence(Clue.PHONE, "+447700900123"),),
        "Ana": (Evidence(Clue.PAGE, PAGE, "x"),),
    }


@pytest.mark.parametrize(
    "other", ["@AnaRuiz", "anaruiz", "@anaruiz@elsewhere.example", "anaruiz.bsky.social"]
)
async def test_the_same_handle_elsewhere_is_a_sign(desk: Desk, other: str) -> None:
    ana = await _customer(desk, "Ana", "mastodon", "@anaruiz@social.example")
    await _customer(desk, "A. Ruiz", "other", other)
    await _customer(desk, "Somebody else", "mastodon", "@anaruiz@third.example")  # of the same network
    await _customer(desk, "Mail", "email", "anaruiz@example.com")
    assert await _found(desk, ana) == {"A. Ruiz": (Evidence(Clue.HANDLE, other, "other"),)}


async def test_who_wrote_this_customers_address_may_be_them(desk: Desk) -> None:
    mail = await _customer(desk, "T. Baker", "email", "Tom@Example.com")
    tom = await _customer(desk, "tom_b", "mastodon", "@tom_b@social.example")
    await _says(desk, tom, "I wrote from tom@example.com last week")
    stranger = await _customer(desk, "Ann", "x", "@ann_x")
    await _says(desk, stranger, "I know tom.example.com well")
    team = await _customer(desk, "Ben", "x", "@ben_x")
    await _says(desk, team, "We wrote to tom@example.com", direction="out")
    assert await _found(desk, mail) == {"tom_b": (Evidence(Clue.MAIL, "Tom@Example.com"),)}


async def test_names_count_least_and_signs_add_up(desk: Desk) -> None:
    ana = await _customer(desk, "Ana Ruiz", "mastodon", "@anaruiz@social.example")
    await _customer(desk, "Ana Ruiz", "email", "other@example.com")
    await _customer(desk, "Ana Ruiz", "x", "@anaruiz")
    await _customer(desk, "A. R.", "email", "ana@example.com")
    await _says(desk, ana, "my mail: ana@example.com")
    found = await alike(desk.conn, ana)
    assert [[sign.clue for sign in one.evidence] for one in found] == [
        [Clue.MAIL],
        [Clue.HANDLE, Clue.NAME],
        [Clue.NAME],
    ]


async def test_who_is_gone_or_known_as_somebody_is_not_suggested(desk: Desk) -> None:
    ana = await _customer(desk, "Ana Ruiz", "x", "@anaruiz")
    await put(desk.conn, contact, name="Ana Ruiz", merged_into_id=ana)
    await put(desk.conn, contact, name="Ana Ruiz", erased_at=at(1))
    assert await _found(desk, ana) == {}
    nobody = await put(desk.conn, contact, name="")
    await put(desk.conn, contact, name="")
    assert await _found(desk, nobody) == {}
