"""Testing an account's settings step by step, without touching a customer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from agentdesk.base.text import msg
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import AuthFailed, ConnectorError
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.settings import ENTERPRISE

__all__ = ["check"]

SIGN_IN = msg("Sign in")
READ = msg("Read mentions")
STREAM = msg("Hear at once")
WRITE = msg("Answer posts")
_ALLOW_ALL = msg("Sign in to the account again, and allow everything that is asked for.")


async def check(
    client: Client,
    tier: str,
    signed_in: Callable[[], Awaitable[str]],
    me: Callable[[], str],
    lacking: Callable[[], tuple[str, ...]],
) -> AsyncGenerator[CheckStep, None]:
    """Yield each step as it is done; the first failed one is the last. ``signed_in`` returns the name of the
    account, ``me`` its number, ``lacking`` the permissions that it has not been given."""
    step = SIGN_IN
    try:
        yield CheckStep(step, True, msg("Signed in as {user}.", user=await signed_in()))
        step = READ
        await client.get(f"/2/users/{me()}/mentions", {"max_results": 5})
        yield CheckStep(step, True, msg("Mentions can be read. No address of ours must be open to the net."))
        step = STREAM
        if client.has_bearer:
            await client.get("/2/activity/subscriptions", as_app=True)
            yield CheckStep(step, True, msg("What happens is heard at once."))
        else:
            yield CheckStep(step, True, msg("Without the app's bearer token X is asked every two minutes."))
        step = WRITE
        if lacking():
            raise AuthFailed(
                msg("These permissions are missing: {names}.", names=", ".join(lacking())), _ALLOW_ALL
            )
        if tier == ENTERPRISE:
            yield CheckStep(step, True, msg("Answers can be posted everywhere."))
        else:
            found = msg("Answers can be posted where the author mentioned or quoted the account.")
            yield CheckStep(step, True, found)
    except ConnectorError as error:
        yield CheckStep(step, False, error.message, error.hint)
