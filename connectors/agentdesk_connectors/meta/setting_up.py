"""Being told of what happens: subscribing to it, and whether our address is reached from outside.

Written from https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps and
/docs/graph-api/reference/application/subscriptions.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from uuid import UUID

import aiohttp

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Unreachable
from agentdesk.sdk.hooks import hook_path
from agentdesk_connectors import fields
from agentdesk_connectors.http import read_whole, translated
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.ids import graph_id, in_path
from agentdesk_connectors.meta.token import app_token

__all__ = ["address_answers", "announce", "subscribe", "subscribed_to"]

_MOST = 4_096
_NEEDED = msg(
    "Let a reverse proxy or a tunnel lead to this server, with https, and give its address in the settings."
)


async def subscribed_to(graph: Graph, profile: str, app_id: str) -> frozenset[str]:
    """Return which fields of a page or account the app is told of. Raises as `Graph.call`."""
    found = await graph.get(f"/{in_path(profile)}/subscribed_apps")
    for app in fields.each(found, "data"):
        if graph_id(app, "id") == app_id:
            return frozenset(fields.texts(app, "subscribed_fields"))
    return frozenset()


async def subscribe(graph: Graph, profile: str, wanted: Collection[str]) -> None:
    """Let the app be told of these fields of a page or account. Raises as `Graph.call`."""
    await graph.post(
        f"/{in_path(profile)}/subscribed_apps", {}, (("subscribed_fields", ",".join(sorted(wanted))),)
    )


async def announce(
    graph: Graph,
    app: tuple[str, str],
    of_object: str,
    address: str,
    verify_token: str,
    wanted: Collection[str],
) -> None:
    """Tell the network at which address the ``app`` (its id and secret) is called; it asks there at once.

    Raises as `Graph.call`: Rejected where the network does not reach the address.
    """
    values = {
        "object": of_object,
        "callback_url": address,
        "verify_token": verify_token,
        "fields": ",".join(sorted(wanted)),
    }
    await graph.post(f"/{in_path(app[0])}/subscriptions", values, token=app_token(*app))


async def address_answers(graph: Graph, public_address: str, account_id: UUID, verify_token: str) -> str:
    """Ask at our own address what the network asks there, and return that address.

    Raises Unreachable where something else answers, or nothing.
    """
    address = f"{public_address.rstrip('/')}{hook_path(account_id)}"
    asked = secrets.token_hex(8)
    question = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": asked}
    try:
        with translated(public_address):
            async with graph.session.get(address, params=question, allow_redirects=False) as response:
                body = await read_whole(response, _MOST)
                status = response.status
    except aiohttp.InvalidURL:
        status, body = 0, None
    except Unreachable as error:
        raise Unreachable(error.message, _NEEDED) from error
    if status != 200 or body != asked.encode():
        raise Unreachable(
            msg(
                "At {address} something else answers, with the status {status}.",
                address=address,
                status=status,
            ),
            _NEEDED,
        )
    return address
