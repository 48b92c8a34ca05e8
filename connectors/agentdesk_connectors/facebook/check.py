"""Testing a page's settings step by step, without touching a customer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from uuid import UUID

from agentdesk.base.text import Msg, msg
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.errors import AuthFailed, ConnectorError, Unreachable
from agentdesk_connectors.facebook.limits import PERMISSIONS, TELLS
from agentdesk_connectors.facebook.settings import APP_SECRET, VERIFY_TOKEN, FacebookSettings
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.setting_up import address_answers, announce, subscribe, subscribed_to
from agentdesk_connectors.meta.token import TokenState

__all__ = ["ADDRESS", "MAY", "SIGN_IN", "TOLD", "check"]

SIGN_IN = msg("Sign in")
MAY = msg("Read and answer")
TOLD = msg("Be told of what happens")
ADDRESS = msg("Be reached from outside")
_ALLOW_ALL = msg("Sign in to the account again, and allow everything that is asked for.")
_LOOK = msg("Look at the settings of the page's app at developers.facebook.com.")


async def check(
    graph: Graph,
    settings: FacebookSettings,
    account_id: UUID,
    secrets: Mapping[str, str],
    signed_in: Callable[[], Awaitable[TokenState]],
) -> AsyncGenerator[CheckStep, None]:
    """Yield each step as it is done; the first failed one is the last."""

    async def sign_in() -> Msg:
        return _holds(await signed_in())

    async def may() -> Msg:
        state = await signed_in()
        return await _may(graph, settings.page, state)

    async def told() -> Msg:
        return await _told(graph, settings)

    async def reached() -> Msg:
        return await _reached(graph, settings, account_id, secrets)

    for title, step in ((SIGN_IN, sign_in), (MAY, may), (TOLD, told), (ADDRESS, reached)):
        try:
            yield CheckStep(title, True, await step())
        except ConnectorError as error:
            yield CheckStep(title, False, error.message, error.hint or _LOOK)
            return


def _holds(state: TokenState) -> Msg:
    if state.holds_until is None:
        return msg("The token is the page's, and does not expire.")
    return msg("The token is the page's, and holds until {day}.", day=state.holds_until.date().isoformat())


async def _may(graph: Graph, page: str, state: TokenState) -> Msg:
    missing = [one for one in PERMISSIONS if one not in state.scopes]
    if missing:
        raise AuthFailed(msg("These permissions are missing: {names}.", names=", ".join(missing)), _ALLOW_ALL)
    await graph.get(f"/{page}/feed", (("fields", "id"), ("limit", "1")))
    return msg("Comments and messages can be read and answered.")


async def _told(graph: Graph, settings: FacebookSettings) -> Msg:
    """Subscribe the page to its app where it is not yet."""
    told = await subscribed_to(graph, settings.page, settings.app)
    if not set(TELLS) <= told:
        await subscribe(graph, settings.page, {*told, *TELLS})
        return msg("The page tells its app of messages and comments from now on.")
    return msg("The page tells its app of messages and comments.")


async def _reached(
    graph: Graph, settings: FacebookSettings, account_id: UUID, secrets: Mapping[str, str]
) -> Msg:
    """Ask at our own address, and let Facebook ask there."""
    if not settings.public_address:
        return msg("No public address is given: Facebook is asked every minute, and receipts are not seen.")
    verify_token = secrets.get(VERIFY_TOKEN, "")
    if not verify_token:
        raise Unreachable(
            msg("Calls by Facebook cannot be told from others: there is no verify token."),
            msg("Think of a long word, and give it as the verify token."),
        )
    address = await address_answers(graph, settings.public_address, account_id, verify_token)
    app = (settings.app, secrets.get(APP_SECRET, ""))
    await announce(graph, app, "page", address, verify_token, TELLS)
    return msg("Facebook reaches this server at {address}.", address=address)
