"""Finding a customer by what they are called and known by, on both databases."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.store.rows import Desk, at, put

from agentdesk.queries import contact as contacts
from agentdesk.store.tables import contact, contact_identity


async def _customer(desk: Desk, name: str, *addresses: str, **values: object) -> UUID:
    row_id = await put(desk.conn, contact, name=name, **values)
    for address in addresses:
        kind = "email" if "@" in address else "x"
        await put(
            desk.conn,
            contact_identity,
            contact_id=row_id,
            kind=kind,
            value=address.lower(),
            display=address,
            bouncing=None,
        )
    return row_id


async def _found(desk: Desk, text: str, limit: int = 20) -> list[str]:
    return [one.name for one in await contacts.find(desk.conn, text, limit)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("müller", ["Anna Müller"]),
        ("MÜLLER ann", ["Anna Müller"]),
        ("anna", ["Anna Müller", "Johanna Berg"]),  # whose names begin with it first
        ("berg@", ["Johanna Berg"]),
        ("@deskfan", ["Kim"]),
        ("werk", ["Kim"]),
        ("+34 600-111 222", ["Luz"]),
        ("100%", []),
        ("anna nobody", []),
        ("  ", []),
    ],
)
async def test_a_customer_is_found_by_name_company_address_and_handle(
    desk: Desk, text: str, names: list[str]
) -> None:
    await _customer(desk, "Johanna Berg", "J.Berg@Example.com")
    await _customer(desk, "Anna Müller", "anna@example.com")
    await _customer(desk, "Kim", "deskfan_88", company="Holzwerk")
    await _customer(desk, "Luz", "+34600111222")
    assert await _found(desk, text) == names


async def test_who_was_merged_or_erased_is_not_found(desk: Desk) -> None:
    stays = await _customer(desk, "Ana Ruiz", "ana@example.com")
    await _customer(desk, "Ana R.", merged_into_id=stays)
    await _customer(desk, "Ana Gone", erased_at=at(1))
    (found,) = await contacts.find(desk.conn, "ana", 20)
    assert (found.id, found.address) == (stays, "ana@example.com")
    await _customer(desk, "Ana Berg")
    assert await _found(desk, "ana", 1) == ["Ana Berg"]
