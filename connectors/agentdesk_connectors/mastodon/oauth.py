"""Signing in: AgentDesk makes itself known to the server, and a person allows it in (RFC 6749, 7636, 8252).

Written from https://docs.joinmastodon.org/methods/apps/ and /methods/oauth/. Tokens of these servers do not
end by themselves, and are not renewed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed
from agentdesk_connectors import fields
from agentdesk_connectors.email.oauth import SIGN_IN_SECONDS, loopback
from agentdesk_connectors.fields import Json
from agentdesk_connectors.mastodon.client import Client
from agentdesk_connectors.mastodon.errors import nonsense

__all__ = ["SCOPES", "SEARCH", "sign_in"]

SEARCH = "read:search"
SCOPES = (
    "read:accounts",
    "read:notifications",
    SEARCH,
    "read:statuses",
    "write:favourites",
    "write:media",
    "write:reports",
    "write:statuses",
)
"""What is asked for; each is for one thing that the connector does."""
_APP = {"client_name": "AgentDesk", "scopes": " ".join(SCOPES)}


async def sign_in(
    client: Client, show: Callable[[str], Awaitable[None]], timeout: float = SIGN_IN_SECONDS
) -> str:
    """Return the access token that a person gives us on the server's page, whose address ``show`` gets.

    Raises AuthFailed where they decline or ``timeout`` seconds pass, Unreachable, RateLimited and Rejected.
    """
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    async with loopback("127.0.0.1", state) as (redirect_uri, answered):
        app = await _register(client, redirect_uri)
        question = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": redirect_uri,
            "scope": _APP["scopes"],
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "force_login": "true",
        }
        await show(f"{client.base_url}/oauth/authorize?{urlencode(question)}")
        try:
            answer = await asyncio.wait_for(answered, timeout)
        except TimeoutError:
            raise AuthFailed(msg("Nobody signed in within the time allowed."), msg("Try again.")) from None
        if "code" not in answer:
            raise AuthFailed(
                msg("AgentDesk was not allowed in on {host}.", host=client.host),
                msg("Sign in to the account again, and allow everything that is asked for."),
            )
        return await _redeem(client, app, answer["code"], verifier, redirect_uri)


async def _register(client: Client, redirect_uri: str) -> dict[str, str]:
    """Make this program known for one sign-in: the address that the browser returns to is new each time."""
    found = fields.inner(
        await client.post("/api/v1/apps", {**_APP, "redirect_uris": redirect_uri}, anonymous=True)
    )
    app = {name: fields.text(found, name, 500) for name in ("client_id", "client_secret")}
    if not all(app.values()):
        raise nonsense(client.host)
    return app


async def _redeem(client: Client, app: Json, code: str, verifier: str, redirect_uri: str) -> str:
    question = {
        **app,
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    found = fields.inner(await client.post("/oauth/token", question, anonymous=True))
    token = fields.text(found, "access_token", 1_000)
    if not token:
        raise nonsense(client.host)
    return token
