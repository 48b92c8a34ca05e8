"""How an account proves to its servers who it is: a password, or an access token that is renewed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agentdesk.base.text import msg
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed
from agentdesk_connectors.email.errors import access_refused
from agentdesk_connectors.email.oauth import CLIENT_SECRET, AccessTokens, TokenEndpoint, provider_of
from agentdesk_connectors.email.settings import EmailSettings

PASSWORD = "password"  # noqa: S105 - the name of a secret


class Credentials:
    """What one account signs in with, the same for both of its servers."""

    def __init__(self, settings: EmailSettings, secrets: Secrets) -> None:
        self._secrets = secrets
        self._tokens: AccessTokens | None = None
        if settings.auth == "xoauth2":
            oauth = settings.oauth
            endpoint = TokenEndpoint(provider_of(oauth), oauth.client_id, secrets.get(CLIENT_SECRET))
            self._tokens = AccessTokens(endpoint, secrets)

    @property
    def tokens(self) -> AccessTokens | None:
        """The account's access tokens, where it signs in with such."""
        return self._tokens

    async def sign_in(self, attempt: Callable[[str], Awaitable[None]]) -> None:
        """Call ``attempt`` with the password or a token; a refused token is renewed and tried once more.

        Raises AuthFailed where there is nothing to sign in with or the server wants none of it, and whatever
        ``attempt`` raises else.
        """
        if self._tokens is None:
            await attempt(self._password())
            return
        token = await self._tokens.get()
        try:
            await attempt(token)
            return
        except AuthFailed:
            self._tokens.forget(token)
        token = await self._tokens.get()
        try:
            await attempt(token)
        except AuthFailed as error:
            self._tokens.forget(token)
            raise access_refused(error) from error

    def _password(self) -> str:
        password = self._secrets.get(PASSWORD)
        if not password:
            raise AuthFailed(
                msg("The account has no password yet."), msg("Give it as the secret named password.")
            )
        return password
