"""Acts on posts over the REST API: what is told at once, what when the network has answered."""

from __future__ import annotations

import json
from typing import Any

from tests.helpers.acted import ANA, allow, reaches
from tests.helpers.fake_connector import raw_mail
from tests.helpers.until import until
from tests.server.test_api import Api, api

from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.domain.abilities import Abilities, Act
from agentdesk.domain.posts import Post, PostKind, Visibility, as_row
from agentdesk.domain.team import Role
from agentdesk.sdk.errors import Rejected
from agentdesk.store.tables import message

__all__ = ["api"]


async def _post(api: Api, **more: Any) -> Any:
    """The message of a customer's comment."""
    post = as_row(Post(kind=PostKind.COMMENT, visibility=Visibility.PUBLIC, root="w1", parent="w1"))
    api.world.service.put(raw_mail(ANA, id="p1", post=post, refs=["w1"]))
    await api.world.settled(1)
    await allow(api.world)
    (row,) = await api.world.messages(message.c.external_id == "p1")
    return row


async def test_a_post_is_liked_hidden_and_reported(api: Api) -> None:
    row = await _post(api)
    path, token = f"/messages/{row.id}", await api.token_of(Role.AGENT)
    for method, name, body, act in (
        ("PUT", "liked", {"liked": True}, Act.LIKE),
        ("PUT", "hidden", {"hidden": True}, Act.HIDE),
        ("POST", "report", {"reason": "Spam"}, Act.REPORT),
    ):
        answer = await api.call(method, f"{path}/{name}", json=body, token=token)
        told = await answer.json()
        assert (answer.status, told["id"]) == (200, str(row.id))
        await reaches(api.world, row.id, act, "done" if act is Act.REPORT else None)
    shown = (await api.get(f"/conversations/{row.conversation_id}"))["messages"][0]["post"]
    assert (shown["liked"], shown["hidden"], shown["acts"]["report"]["state"]) == (True, True, "done")
    done = [one[0] for one in api.world.service.acts]
    assert done == ["like", "hide", "report"]


async def test_what_the_network_says_no_to_is_told_with_the_message(api: Api) -> None:
    row = await _post(api)
    api.world.service.act_script.append(Rejected(msg("The network refused it."), "403"))
    await api.call("PUT", f"/messages/{row.id}/hidden", json={"hidden": True})
    await reaches(api.world, row.id, Act.HIDE, "failed")
    shown = (await api.get(f"/conversations/{row.conversation_id}"))["messages"][0]["post"]
    assert shown["acts"]["hide"]["why"]["text"] == "The network refused it."
    assert "hidden" not in shown


async def test_what_cannot_be_done_is_refused(api: Api) -> None:
    row = await _post(api)
    path = f"/messages/{row.id}"
    await allow(api.world, Abilities(acts=(Act.LIKE,)))
    assert await api.refused(409, "PUT", f"{path}/hidden", json={"hidden": True}) == "network"
    assert await api.refused(400, "PUT", f"{path}/liked", json={"liked": "yes"}) == "bad_request"
    assert await api.refused(400, "POST", f"{path}/report", json={"reason": ""}) == "bad_request"
    assert await api.refused(404, "PUT", f"/messages/{new_id()}/liked", json={"liked": True}) == "gone"


async def test_posts_of_the_team_are_changed_and_deleted_without_hurry(api: Api) -> None:
    row = await _post(api)
    reply = {"type": "reply", "text": "It left today", "to": []}
    answer = await api.call("POST", f"/conversations/{row.conversation_id}/messages", json=reply)
    made = (await answer.json())["message"]

    async def last() -> dict[str, Any]:
        return dict((await api.get(f"/conversations/{row.conversation_id}"))["messages"][-1])

    async def sent() -> bool:
        return bool((await last())["delivery"] == "sent")

    await until(sent, what="a sent answer")
    await api.call("PATCH", f"/messages/{made['id']}", json={"text": "It left yesterday"})

    async def changed() -> bool:
        return bool((await last())["text"] == "It left yesterday")

    await until(changed, what="a changed answer")
    await api.call("DELETE", f"/messages/{made['id']}")

    async def deleted() -> bool:
        return json.dumps((await last())["revision"]).find("deleted") > 0

    await until(deleted, what="a deleted answer")
    assert [one[0] for one in api.world.service.acts] == ["edit", "delete"]
