"""Signing in: a session from the app password, renewed by its refresh token, which changes each time.

Written from the lexicons com.atproto.server.createSession and refreshSession, and https://atproto.com/specs/did
(the document's ``#atproto_pds`` service is where the account lives).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import Access, Transport
from agentdesk_connectors.bluesky.errors import Forbidden, nonsense
from agentdesk_connectors.bluesky.naming import did_of, handle_of
from agentdesk_connectors.bluesky.settings import APP_PASSWORD, SCHEMA, SESSION, BlueskySettings
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import is_loopback, origin

__all__ = ["Session", "Tokens", "home_of", "read_tokens"]

_CHECK_HANDLE = msg("Check the handle, and make a new app password on Bluesky for this account.")
_SPARE = timedelta(seconds=60)
"""For how much longer an access token must hold to be used."""


class Tokens(msgspec.Struct, frozen=True):
    """A session as it is kept. ``made_for`` ties it to the account, server and password that it was made
    with; ``base`` is the origin of the account's own server."""

    did: str
    handle: str
    base: str
    access: str
    refresh: str
    made_for: str = ""


def made_for(settings: BlueskySettings, password: str) -> str:
    """Return what ties a session to how somebody signed in."""
    said = f"{settings.handle}\n{settings.server}\n{password}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


class Session:
    """The sign-in of one account; one at a time renews it."""

    def __init__(self, settings: BlueskySettings, secrets: Secrets, transport: Transport) -> None:
        self._settings = settings
        self._secrets = secrets
        self._transport = transport
        self._turn = asyncio.Lock()
        self._tokens: Tokens | None = None

    @property
    def did(self) -> str:
        """Who we are; "" before the first sign-in."""
        return self._tokens.did if self._tokens else ""

    @property
    def handle(self) -> str:
        """What we are called."""
        return self._tokens.handle if self._tokens else self._settings.handle

    def expires_at(self) -> datetime | None:
        """Return until when the sign-in can be renewed without its password (UTC)."""
        return _ends(self._tokens.refresh) if self._tokens else None

    async def enter(self, stale: str = "") -> Access:
        """Return where to call and with which token: not with ``stale``, which was refused.

        Raises AuthFailed, Unreachable and RateLimited.
        """
        async with self._turn:
            tokens = self._tokens or self._kept()
            if tokens is None:
                tokens = await self._sign_in()
            elif tokens.access == stale or _is_ending(tokens.access):
                tokens = await self._renewed(tokens)
            self._tokens = tokens
            return Access(tokens.base, tokens.access)

    async def sign_in_again(self) -> None:
        """Sign in with the password, whatever is kept. Raises as `enter`."""
        async with self._turn:
            self._tokens = await self._sign_in()

    def _kept(self) -> Tokens | None:
        kept = read_tokens(self._secrets.get(SESSION) or "")
        return kept if kept and kept.made_for == made_for(self._settings, self._password()) else None

    def _password(self) -> str:
        password = self._secrets.get(APP_PASSWORD) or ""
        if not password:
            raise AuthFailed(
                msg("This account has no app password yet."),
                msg("Make an app password on Bluesky, and give it to this account."),
            )
        return password

    async def _renewed(self, tokens: Tokens) -> Tokens:
        """Renew a session; where that is over, make another. The refresh token is good once."""
        try:
            answer = await self._transport.call(
                tokens.base,
                "com.atproto.server.refreshSession",
                body=b"",
                headers={"Authorization": f"Bearer {tokens.refresh}"},
            )
        except (AuthFailed, Rejected):
            return await self._sign_in()
        return await self._keep(answer, tokens.base)

    async def _sign_in(self) -> Tokens:
        said = {"identifier": self._settings.handle, "password": self._password()}
        try:
            answer = await self._transport.call(
                self._settings.server, "com.atproto.server.createSession", body=msgspec.json.encode(said)
            )
        except Forbidden:
            raise
        except Rejected as error:
            raise AuthFailed(error.message, _CHECK_HANDLE) from error
        return await self._keep(answer, self._settings.server)

    async def _keep(self, answer: bytes, base: str) -> Tokens:
        """Take a session in, and keep it: a refresh token that is lost costs a sign-in."""
        try:
            found = fields.inner(fields.parse(answer))
        except Invalid:
            raise nonsense(urlsplit(base).netloc) from None
        did, access = did_of(found.get("did")), fields.text(found, "accessJwt", 10_000)
        refresh = fields.text(found, "refreshJwt", 10_000)
        if not (did and access and refresh):
            raise nonsense(urlsplit(base).netloc)
        self._check_status(found)
        tokens = Tokens(
            did=did,
            handle=handle_of(found.get("handle")) or self._settings.handle,
            base=home_of(fields.inner(found, "didDoc"), base),
            access=access,
            refresh=refresh,
            made_for=made_for(self._settings, self._password()),
        )
        await self._secrets.set(SESSION, msgspec.json.encode(tokens).decode())
        return tokens

    @staticmethod
    def _check_status(found: Json) -> None:
        if found.get("active") is False:
            status = fields.text(found, "status", 50) or "?"
            raise AuthFailed(
                msg("This account is not active: {status}.", status=status),
                msg("Look at the account on Bluesky's own pages."),
            )


def home_of(document: Json, otherwise: str) -> str:
    """Return the server on which an account lives, as its DID's document says; ``otherwise`` where it does
    not, or names an address that is not encrypted."""
    for one in fields.each(document, "service"):
        if fields.text(one, "type", 100) == "AtprotoPersonalDataServer":
            try:
                found = origin(fields.text(one, "serviceEndpoint", 500), SCHEMA.field("server"))
            except Invalid:
                return otherwise
            return otherwise if _is_here(found) and not _is_here(otherwise) else found
    return otherwise


def _is_here(base: str) -> bool:
    return is_loopback(urlsplit(base).hostname or "")


def read_tokens(kept: str) -> Tokens | None:
    """Read a session as it was kept; None where there is none."""
    try:
        return msgspec.json.decode(kept, type=Tokens)
    except (msgspec.DecodeError, ValueError):
        return None


def _ends(token: str) -> datetime | None:
    """Until when a token holds, as it says itself (RFC 7519, ``exp``); the server is who checks it."""
    middle = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        said = fields.inner(fields.parse(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))
        seconds = fields.number(said, "exp")
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (Invalid, ValueError, OverflowError, OSError):
        return None


def _is_ending(token: str) -> bool:
    ends = _ends(token)
    return ends is not None and ends - clock.now() < _SPARE
