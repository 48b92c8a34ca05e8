"""Testing an account's settings step by step, without touching a customer.

Written from https://developers.facebook.com/docs/instagram-platform/: reference/me and webhooks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

from agentdesk.base.text import Msg, msg
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import ConnectorError, Rejected
from agentdesk_connectors import fields
from agentdesk_connectors.instagram.calling import FIELDS
from agentdesk_connectors.instagram.permissions import Permissions
from agentdesk_connectors.instagram.settings import InstagramSettings
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.setting_up import address_answers, subscribe

__all__ = ["CALLS", "COMMENTS", "MESSAGES", "PUBLIC", "SIGN_IN", "check"]

SIGN_IN = msg("Sign in")
COMMENTS = msg("Read comments")
MESSAGES = msg("Read private messages")
CALLS = msg("Be told of what happens")
PUBLIC = msg("Be reached from outside")
_BY_HAND = msg("Give the address and the verify token to the app's dashboard, under Webhooks.")


async def check(
    graph: Graph,
    settings: InstagramSettings,
    account_id: UUID,
    verify_token: str,
    signed_in: Callable[[], Awaitable[str]],
    permissions: Permissions,
) -> AsyncGenerator[CheckStep, None]:
    """Yield each step as it is done; the first failed one is the last. ``signed_in`` returns the name of the
    account. Where the app is told of less than it needs, that is changed."""
    step = SIGN_IN
    try:
        yield CheckStep(step, True, msg("Signed in as {user}.", user=f"@{await signed_in()}"))
        step = COMMENTS
        await permissions.read_comments()
        yield CheckStep(step, True, msg("Comments below the account's posts can be read."))
        step = MESSAGES
        await permissions.read_talks()
        yield CheckStep(step, True, msg("Private messages can be read."))
        step = CALLS
        yield CheckStep(step, True, await _told(graph, settings))
        step = PUBLIC
        yield CheckStep(step, True, await _reached(graph, settings, account_id, verify_token))
    except ConnectorError as error:
        yield CheckStep(step, False, error.message, error.hint)


async def _told(graph: Graph, settings: InstagramSettings) -> Msg:
    lacking = sorted({*FIELDS} - await _subscribed(graph, settings))
    if lacking:
        await subscribe(graph, settings.account, FIELDS)
        lacking = sorted({*FIELDS} - await _subscribed(graph, settings))
    if lacking:
        raise Rejected(
            msg("The app is not told of: {names}.", names=", ".join(lacking)),
            hint=msg("Subscribe to these fields in the app's dashboard, under Webhooks."),
        )
    return msg("The app is told of comments, mentions and messages.")


async def _subscribed(graph: Graph, settings: InstagramSettings) -> set[str]:
    """What the app is told of; Instagram may name an app by its number or not at all."""
    found: set[str] = set()
    for app in fields.each(await graph.get(f"/{settings.account}/subscribed_apps"), "data"):
        number = graph_id(app, "app_id") or graph_id(app, "id")
        names = app.get("subscribed_fields")
        if number in ("", settings.app) and isinstance(names, list):
            found |= {one for one in names if isinstance(one, str)}
    return found


async def _reached(graph: Graph, settings: InstagramSettings, account_id: UUID, verify_token: str) -> Msg:
    if not settings.public_address:
        return msg("There is no public address: the account is asked every few minutes instead.")
    if not verify_token:
        raise Rejected(msg("There is no verify token yet."), hint=_BY_HAND)
    address = await address_answers(graph, settings.public_address, account_id, verify_token)
    return msg("Instagram reaches {address}. It must stand in the app's dashboard.", address=address)
