"""Testing an account's settings step by step, without touching a customer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from agentdesk.base.text import msg
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import ConnectorError
from agentdesk_connectors.bluesky.client import Client
from agentdesk_connectors.bluesky.composing import FILES, POST

__all__ = ["MESSAGES", "REACH", "READ", "SIGN_IN", "WRITE", "check"]

REACH = msg("Reach the server")
SIGN_IN = msg("Sign in")
READ = msg("Read mentions")
WRITE = msg("Answer posts")
MESSAGES = msg("Read private messages")


async def check(
    client: Client,
    reached: Callable[[], Awaitable[str]],
    signed_in: Callable[[], Awaitable[str]],
    messages: Callable[[], Awaitable[object]] | None,
) -> AsyncGenerator[CheckStep, None]:
    """Yield each step as it is done; the first failed one is the last. ``reached`` returns the name of the
    server, ``signed_in`` the handle of the account; ``messages`` reads private ones (None: not wanted)."""
    step = REACH
    try:
        yield CheckStep(step, True, msg("{host} can be reached.", host=await reached()))
        step = SIGN_IN
        yield CheckStep(step, True, msg("Signed in as {user}.", user=await signed_in()))
        step = READ
        await client.query("app.bsky.notification.listNotifications", (("limit", "1"),))
        yield CheckStep(step, True, msg("Mentions can be read. No address of ours must be open to the net."))
        step = WRITE
        most = msg("A post may have {count} characters and {files} files.", count=POST.most, files=FILES.most)
        yield CheckStep(step, True, most)
        step = MESSAGES
        if messages is not None:
            await messages()
            yield CheckStep(step, True, msg("Private messages can be read and written."))
    except ConnectorError as error:
        yield CheckStep(step, False, error.message, error.hint)
