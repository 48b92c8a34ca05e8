"""Marks and legal holds over the REST API: who may see and set them, and that it is written down."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from tests.server.test_api import Api, api
from tests.server.trail import entries

from agentdesk.base.ids import new_id
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_inbox
from agentdesk.store.tables import conversation, inbox

__all__ = ["api"]


async def _customer(api: Api) -> tuple[str, UUID]:
    """A conversation and its customer."""
    (made,) = await api.take_in(1)
    async with api.world.db.read() as conn:
        wanted = select(conversation.c.contact_id).where(conversation.c.id == UUID(made))
        return made, (await conn.execute(wanted)).scalar_one()


async def test_marks_are_set_read_and_written_down(api: Api) -> None:
    made, contact_id = await _customer(api)
    of_customer, of_one = f"/contacts/{contact_id}/marks", f"/conversations/{made}/marks"
    assert await api.get(of_customer) == {
        "contact_id": str(contact_id),
        "sensitive": False,
        "legal_hold": False,
    }
    answer = await api.call("PATCH", of_customer, json={"sensitive": True})
    assert (answer.status, (await answer.json())["sensitive"]) == (200, True)
    answer = await api.call("PATCH", of_customer, json={"legal_hold": True})
    assert await answer.json() == await api.get(of_customer)
    assert (await api.get(of_customer))["sensitive"] is True
    answer = await api.call("PUT", of_one, json={"legal_hold": True})
    assert await answer.json() == await api.get(of_one) == {"conversation_id": made, "legal_hold": True}
    assert await api.get("/legal-holds") == {"contacts": [str(contact_id)], "conversations": [made]}
    await api.call("PUT", of_one, json={"legal_hold": False})
    await api.call("PATCH", of_customer, json={"legal_hold": False})
    assert await api.get("/legal-holds") == {"contacts": [], "conversations": []}
    written = [one for one in await entries(api.world.db, "command") if one.what.startswith("mark_")]
    assert [one.what for one in written] == [
        *("mark_contact", "mark_contact", "mark_conversation", "mark_conversation", "mark_contact")
    ]


async def test_who_may_not_set_them_may_see_them(api: Api) -> None:
    made, contact_id = await _customer(api)
    token = await api.token_of(Role.AGENT)
    for method, path, body in (
        ("PATCH", f"/contacts/{contact_id}/marks", {"sensitive": True}),
        ("PUT", f"/conversations/{made}/marks", {"legal_hold": True}),
        ("GET", "/legal-holds", None),
    ):
        assert await api.refused(403, method, path, json=body, token=token) == "not_allowed"
    assert (await api.get(f"/contacts/{contact_id}/marks", token=token))["sensitive"] is False


async def test_what_may_not_be_seen_is_not_there(api: Api) -> None:
    made, contact_id = await _customer(api)
    await add_inbox(api.world.db, "Sales")
    async with api.world.db.write() as conn:
        await conn.execute(inbox.update().where(inbox.c.name != "Sales").values(everyone=False))
    token = await api.token_of(Role.AGENT)
    paths = f"/contacts/{contact_id}/marks", f"/contacts/{new_id()}/marks", f"/conversations/{made}/marks"
    for path in paths:
        assert await api.refused(404, "GET", path, token=token) == "gone"
    assert await api.refused(404, "PATCH", paths[0], json={"sensitive": True}, token=token) == "gone"
    assert await api.refused(400, "PATCH", paths[0], json={"unknown": True}) == "bad_request"
