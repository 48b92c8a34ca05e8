"""Signing in with the dialog of Facebook, for pages and for the accounts of Instagram that belong to them.

Written from https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow and
/docs/facebook-login/guides/access-tokens/get-long-lived. The dialog returns to this computer
(``http://localhost``), which the network allows for apps in development mode; others need the token as a
secret.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed
from agentdesk_connectors import fields
from agentdesk_connectors.email.oauth import SIGN_IN_SECONDS, loopback
from agentdesk_connectors.meta.client import SERVER, VERSION, Graph, Params
from agentdesk_connectors.meta.errors import nonsense
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.token import app_token

__all__ = ["PageToken", "sign_in"]

_DIALOG = "https://www.facebook.com"
_MOST_PAGES = 20
_AGAIN = msg("Sign in to the account again, and allow everything that is asked for.")


@dataclass(frozen=True, slots=True)
class PageToken:
    """A page that whoever signed in manages: its number, name and token, and the account on Instagram that
    belongs to it ("": none)."""

    id: str
    name: str
    token: str
    instagram: str = ""


async def sign_in(
    graph: Graph,
    app: tuple[str, str],
    scopes: Collection[str],
    show: Callable[[str], Awaitable[None]],
    timeout: float = SIGN_IN_SECONDS,
) -> tuple[PageToken, ...]:
    """Return the pages of whoever signs in at the dialog, whose address ``show`` gets. ``app`` is its id and
    secret. Their tokens do not expire, being made with a long-lived one.

    Raises AuthFailed where they decline or ``timeout`` seconds pass; Unreachable, RateLimited, Rejected.
    """
    state = secrets.token_urlsafe(24)
    async with loopback("localhost", state) as (redirect_uri, answered):
        question = {
            "client_id": app[0],
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
            "scope": ",".join(sorted(scopes)),
        }
        origin = _DIALOG if graph.base_url == SERVER else graph.base_url
        await show(f"{origin}/{VERSION}/dialog/oauth?{urlencode(question)}")
        answer = await _returned(answered, timeout)
        code = (("redirect_uri", redirect_uri), ("code", answer["code"]))
        short = await _token(graph, app, code)
        exchange = (("grant_type", "fb_exchange_token"), ("fb_exchange_token", short))
        return await _pages(graph, await _token(graph, app, exchange))


async def _returned(answered: asyncio.Future[Mapping[str, str]], timeout: float) -> Mapping[str, str]:
    try:
        answer = await asyncio.wait_for(answered, timeout)
    except TimeoutError:
        raise AuthFailed(msg("Nobody signed in within the time allowed."), msg("Try again.")) from None
    if "code" not in answer:
        raise AuthFailed(msg("AgentDesk was not allowed in."), _AGAIN)
    return answer


async def _token(graph: Graph, app: tuple[str, str], params: Params) -> str:
    about = (("client_id", app[0]), ("client_secret", app[1]))
    found = await graph.get("/oauth/access_token", (*about, *params), token=app_token(*app))
    token = fields.text(found, "access_token", 1_000)
    if not token:
        raise nonsense(graph.host)
    return token


async def _pages(graph: Graph, token: str) -> tuple[PageToken, ...]:
    found: list[PageToken] = []
    after = ""
    for _ in range(_MOST_PAGES):
        asked = [("fields", "id,name,access_token,instagram_business_account"), ("limit", "100")]
        answer = await graph.get(
            "/me/accounts", [*asked, *([("after", after)] if after else [])], token=token
        )
        for one in fields.each(answer, "data"):
            page, own = graph_id(one, "id"), fields.text(one, "access_token", 1_000)
            if page and own:
                business = graph_id(fields.inner(one, "instagram_business_account"), "id")
                found.append(PageToken(page, fields.text(one, "name", 200), own, business))
        paging = fields.inner(answer, "paging")
        after = fields.text(fields.inner(paging, "cursors"), "after", 1_000)
        if not after or "next" not in paging:
            break
    return tuple(found)
