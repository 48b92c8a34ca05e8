"""Testing an account's settings step by step, without touching a customer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from agentdesk.base.text import msg
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import AuthFailed, ConnectorError
from agentdesk_connectors.mastodon.client import Client
from agentdesk_connectors.mastodon.instance import Instance

__all__ = ["REACH", "READ", "SIGN_IN", "WRITE", "check"]

REACH = msg("Reach the server")
SIGN_IN = msg("Sign in")
READ = msg("Read mentions and private messages")
WRITE = msg("Answer posts")
_ALLOW_ALL = msg("Sign in to the account again, and allow everything that is asked for.")


async def check(
    client: Client,
    rules: Callable[[], Awaitable[Instance]],
    signed_in: Callable[[], Awaitable[str]],
    lacking: Callable[[], tuple[str, ...]],
) -> AsyncGenerator[CheckStep, None]:
    """Yield each step as it is done; the first failed one is the last. ``signed_in`` returns the address of
    the account, ``lacking`` the permissions that it has not been given."""
    step = REACH
    try:
        found = await rules()
        named = found.title or client.host
        yield CheckStep(step, True, msg("{name} runs version {version}.", name=named, version=found.version))
        step = SIGN_IN
        address = await signed_in()
        yield CheckStep(step, True, msg("Signed in as {user}.", user=address))
        step = READ
        await client.listed("/api/v1/notifications", (("limit", "1"), ("types[]", "mention")))
        yield CheckStep(step, True, msg("Mentions can be read. No address of ours must be open to the net."))
        step = WRITE
        missing = [one for one in lacking() if one.startswith("write")]
        if missing:
            raise AuthFailed(
                msg("These permissions are missing: {names}.", names=", ".join(missing)), _ALLOW_ALL
            )
        most = msg(
            "A post may have {count} characters and {files} files.",
            count=found.characters,
            files=found.files,
        )
        yield CheckStep(step, True, most)
    except ConnectorError as error:
        yield CheckStep(step, False, error.message, error.hint)
