"""Signing in at a provider's page, against a strict simulator and real servers that check the tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from tests.connectors.email.support import (
    MemorySecrets,
    MemorySink,
    imap_settings,
    new_account,
    outbound,
    receiving,
    smtp_settings,
)
from tests.helpers.dovecot import Mailbox
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk_connectors.email.connector import EmailAccount
from agentdesk_connectors.email.oauth import PROVIDERS, AccessTokens, Provider, TokenEndpoint, authorise
from agentdesk_connectors.email.simulator import OAuthSimulator


@pytest.fixture
async def provider() -> AsyncIterator[OAuthSimulator]:
    async with OAuthSimulator("desk", "hush").served() as simulator:
        yield simulator


def place_of(simulator: OAuthSimulator) -> Provider:
    return Provider(f"{simulator.url}/authorize", f"{simulator.url}/token", simulator.scope)


def endpoint_of(simulator: OAuthSimulator) -> TokenEndpoint:
    return TokenEndpoint(place_of(simulator), simulator.client_id, simulator.client_secret)


def tokens_of(simulator: OAuthSimulator) -> tuple[AccessTokens, MemorySecrets]:
    secrets = MemorySecrets(oauth_refresh_token=simulator.new_refresh_token())
    return AccessTokens(endpoint_of(simulator), secrets), secrets


async def browse(url: str) -> None:
    """Do as a browser does: follow to the page, and back to the loopback address."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200, await response.text()


# --- access tokens ---


async def test_many_askers_cause_one_request(provider: OAuthSimulator) -> None:
    tokens, _ = tokens_of(provider)
    got = await asyncio.gather(*(tokens.get() for _ in range(20)))
    assert len(set(got)) == 1
    assert len(provider.requests) == 1


async def test_a_token_is_renewed_before_it_ends(
    provider: OAuthSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, _ = tokens_of(provider)
    now = 1000.0
    monkeypatch.setattr("agentdesk_connectors.email.oauth.time.monotonic", lambda: now)
    first = await tokens.get()
    now += provider.lifetime - 120
    assert await tokens.get() == first
    now += 60
    assert await tokens.get() != first


async def test_a_refused_token_is_renewed(provider: OAuthSimulator) -> None:
    tokens, _ = tokens_of(provider)
    first = await tokens.get()
    tokens.forget("another one")
    assert await tokens.get() == first
    tokens.forget(first)
    assert await tokens.get() != first


async def test_a_new_refresh_token_is_kept(provider: OAuthSimulator) -> None:
    provider.rotates = True
    tokens, secrets = tokens_of(provider)
    for _ in range(3):
        tokens.forget(await tokens.get())
    assert secrets.written == ["oauth_refresh_token"] * 3
    assert provider.refresh_tokens == {secrets.values["oauth_refresh_token"]}


async def test_a_revoked_refresh_token(provider: OAuthSimulator) -> None:
    tokens, _ = tokens_of(provider)
    provider.refresh_tokens.clear()
    with pytest.raises(AuthFailed, match="expired or revoked") as caught:
        await tokens.get()
    assert caught.value.hint is not None


async def test_nobody_signed_in_yet(provider: OAuthSimulator) -> None:
    with pytest.raises(AuthFailed, match="Nobody has signed in"):
        await AccessTokens(endpoint_of(provider), MemorySecrets()).get()


async def test_a_wrong_client(provider: OAuthSimulator) -> None:
    tokens, _ = tokens_of(provider)
    provider.client_secret = "changed"
    with pytest.raises(AuthFailed, match="does not know this program"):
        await tokens.get()


@pytest.mark.parametrize(("status", "kind"), [(500, Unreachable), (503, Unreachable), (429, RateLimited)])
async def test_a_provider_out_of_order(provider: OAuthSimulator, status: int, kind: type[Exception]) -> None:
    tokens, _ = tokens_of(provider)
    provider.down = status
    with pytest.raises(kind):
        await tokens.get()
    provider.down = 0
    assert await tokens.get()


async def test_a_provider_that_is_gone() -> None:
    simulator = OAuthSimulator("desk")
    async with simulator.served():
        tokens, _ = tokens_of(simulator)
    with pytest.raises(Unreachable, match="does not answer"):
        await tokens.get()


# --- signing in ---


async def test_signing_in(provider: OAuthSimulator) -> None:
    shown: list[str] = []

    async def show(url: str) -> None:
        shown.append(url)
        asyncio.get_running_loop().call_soon(lambda: browsing.append(asyncio.ensure_future(browse(url))))

    browsing: list[asyncio.Future[None]] = []
    tokens = await authorise(place_of(provider), "desk", endpoint_of(provider), show)
    await browsing[0]
    assert tokens.refresh in provider.refresh_tokens
    assert tokens.access
    query = parse_qs(urlsplit(shown[0]).query)
    assert query["code_challenge_method"] == ["S256"]
    (redirect_uri,) = query["redirect_uri"]
    with pytest.raises(aiohttp.ClientConnectionError):  # nobody listens any more
        await browse(redirect_uri)


async def test_declining(provider: OAuthSimulator) -> None:
    provider.declines = True
    with pytest.raises(AuthFailed, match="The person said no"):
        await authorise(place_of(provider), "desk", endpoint_of(provider), browse)


async def test_nobody_comes(provider: OAuthSimulator) -> None:
    async def look_away(_url: str) -> None:
        pass

    with pytest.raises(AuthFailed, match="within the time"):
        await authorise(place_of(provider), "desk", endpoint_of(provider), look_away, timeout=0.05)


@pytest.mark.parametrize("forged", ["?code=a", "?code=a&state=guess", "?state=guess", "", "?error=no"])
async def test_a_forged_return_is_not_taken(provider: OAuthSimulator, forged: str) -> None:
    async def show(url: str) -> None:
        (redirect_uri,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        async with aiohttp.ClientSession() as session, session.get(redirect_uri + forged) as response:
            assert response.status == 400
        await browse(url)

    tokens = await authorise(place_of(provider), "desk", endpoint_of(provider), show)
    assert tokens.access
    assert len(provider.requests) == 1


@pytest.mark.parametrize("name", ["google", "microsoft"])
def test_the_known_providers(name: str) -> None:
    known = PROVIDERS[name]
    assert {urlsplit(url).scheme for url in (known.authorize_url, known.token_url)} == {"https"}
    assert known.scope


# --- with the servers that take the tokens ---


def oauth_settings(simulator: OAuthSimulator) -> dict[str, object]:
    return {
        "auth": "xoauth2",
        "oauth.provider": "custom",
        "oauth.client_id": simulator.client_id,
        "oauth.authorize_url": f"{simulator.url}/authorize",
        "oauth.token_url": f"{simulator.url}/token",
        "oauth.scope": simulator.scope,
    }


def account_with_tokens(
    simulator: OAuthSimulator, settings: dict[str, object]
) -> tuple[EmailAccount, MemorySecrets]:
    secrets = MemorySecrets(
        oauth_refresh_token=simulator.new_refresh_token(), oauth_client_secret=simulator.client_secret
    )
    return new_account(settings | oauth_settings(simulator), secrets), secrets


async def test_reading_a_mailbox_with_a_token(provider: OAuthSimulator, mailbox: Mailbox) -> None:
    provider.new_access_token = mailbox.access_token
    mailbox.deliver(b"Subject: hello\r\n\r\nhello\r\n")
    account, _ = account_with_tokens(provider, imap_settings(mailbox))
    sink = MemorySink()
    async with receiving(account, sink):
        await until(lambda: sink.items)


async def test_a_token_that_ended_early_is_renewed_at_sign_in(
    provider: OAuthSimulator, mailbox: Mailbox
) -> None:
    given = iter([mailbox.access_token(expires_in=-600)])
    provider.new_access_token = lambda: next(given, None) or mailbox.access_token()
    account, _ = account_with_tokens(provider, imap_settings(mailbox))
    sink = MemorySink()
    async with receiving(account, sink):
        await until(lambda: sink.times_caught_up)
    assert len(provider.requests) == 2


async def test_a_mailbox_that_takes_no_token_of_ours(provider: OAuthSimulator, mailbox: Mailbox) -> None:
    account, _ = account_with_tokens(provider, imap_settings(mailbox))
    with pytest.raises(AuthFailed, match="did not accept the sign-in"):
        await account.receive(None, MemorySink())
    assert len(provider.requests) == 2


async def test_sending_with_a_token(provider: OAuthSimulator, smtp_server: SmtpServer) -> None:
    def new_token() -> str:
        token = f"token-{len(smtp_server.access_tokens)}"
        smtp_server.access_tokens[token] = smtp_server.user
        return token

    provider.new_access_token = new_token
    settings = smtp_settings(smtp_server, address=smtp_server.user, save_sent="no")
    account, _ = account_with_tokens(provider, settings | {"imap.host": "127.0.0.1"})
    await account.send(outbound())
    smtp_server.access_tokens.clear()  # revoked: a new one is fetched by itself
    await account.send(outbound())
    assert len(smtp_server.received) == 2
    assert len(provider.requests) == 2


async def test_signing_in_for_an_account(provider: OAuthSimulator, mailbox: Mailbox) -> None:
    provider.new_access_token = mailbox.access_token
    secrets = MemorySecrets(oauth_client_secret=provider.client_secret)
    account = new_account(imap_settings(mailbox) | oauth_settings(provider), secrets)
    browsing: list[asyncio.Future[None]] = []

    async def show(url: str) -> None:
        browsing.append(asyncio.ensure_future(browse(url)))

    await account.authorise(show)
    await browsing[0]
    assert secrets.values["oauth_refresh_token"] in provider.refresh_tokens
    sink = MemorySink()
    async with receiving(account, sink):
        await until(lambda: sink.times_caught_up)
    assert len(provider.requests) == 1, "the first access token is used"


async def test_an_account_with_a_password_has_no_page(mailbox: Mailbox) -> None:
    with pytest.raises(Invalid):
        await new_account(imap_settings(mailbox), MemorySecrets(password="x")).authorise(browse)


def test_a_custom_provider_needs_addresses(mailbox: Mailbox) -> None:
    settings = imap_settings(mailbox) | {"auth": "xoauth2", "oauth.provider": "custom"}
    with pytest.raises(Invalid) as caught:
        new_account(settings, MemorySecrets())
    assert caught.value.field == "oauth.authorize_url"
