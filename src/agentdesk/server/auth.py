"""Who is there: passwords (argon2id) and second factors, session tokens of desks, tokens of programs.

Only hashes of tokens are stored. Known and unknown addresses get the same answer in the same time.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.peers import counted_as
from agentdesk.server.second_factor import SecondFactors, WrongCode
from agentdesk.server.throttle import Attempt, Throttle
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import api_token, credential, inbox, inbox_member, second_factor, user

SESSION_DAYS = 30
MIN_PASSWORD, MAX_PASSWORD = 8, 1000
_TOUCH_EVERY = timedelta(minutes=5)

_hasher = PasswordHasher()  # argon2id with the library's present recommendation


class NotAuthenticated(AgentDeskError):
    """The address and password do not belong together, or the token is none of ours."""


class CodeWanted(AgentDeskError):
    """The password is right, and the person has a second factor whose code is missing or not valid."""


def hash_password(password: str) -> str:
    """Return the argon2id hash of a new password, to be stored. Raises Invalid for one that is too short, or
    that could not be typed at a desk. Blocks for a moment."""
    if len(password) < MIN_PASSWORD:
        raise Invalid(
            msg("The password needs at least {count} characters.", count=MIN_PASSWORD), field="password"
        )
    if len(password) > MAX_PASSWORD or not password.isprintable():
        raise Invalid(
            msg("The password may have {count} characters, all of which can be typed.", count=MAX_PASSWORD),
            field="password",
        )
    return _hasher.hash(password)


def hash_token(token: str) -> str:
    """Return what is stored of a token. Tokens are long and random: one round of SHA-256 is enough."""
    # What a header holds besides ASCII comes as surrogates: no token of ours, and no reason to fail.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Authenticator:
    """Signs people and programs in, and tells who a token belongs to. ``second_factors`` checks the codes of
    those who have one; where it is None, these people are not let in."""

    def __init__(self, db: Database, second_factors: SecondFactors | None = None) -> None:
        self._db = db
        self._second_factors = second_factors
        self._throttle = Throttle(db)

    async def sign_in(self, email: str, password: str, peer: str, code: str = "") -> tuple[str, UUID]:
        """Return a session token and the person's id.

        Raises TooManyAttempts after five failed tries in a minute for one address or one network peer, and
        NotAuthenticated alike for an unknown address, a wrong password and a deactivated person. Only who
        knows the password learns that a code is asked for besides (CodeWanted); a wrong one is a failed try.
        """
        address = "".join(c for c in email.strip().lower() if c.isprintable())
        attempt = await self._throttle.begin(f"address:{address}", f"peer:{counted_as(peer)}")
        async with self._db.read() as conn:
            found = (
                await conn.execute(
                    select(
                        user.c.id,
                        user.c.active,
                        credential.c.password_hash,
                        second_factor.c.confirmed_at.label("second_since"),
                    )
                    .join(credential, credential.c.user_id == user.c.id)
                    .outerjoin(second_factor, second_factor.c.user_id == user.c.id)
                    .where(user.c.email == address)
                )
            ).first()
        stored = found.password_hash if found else _hash_of_nobody()
        right = await asyncio.to_thread(_verify, stored, password)
        if not (right and found and found.active):
            await self._write_down("failed", address, peer, found.id if found else None)
            raise NotAuthenticated(
                msg("The server did not accept this address and password."),
                msg("Check both, or ask your supervisor."),
            )
        if found.second_since is not None and not await self._has_code(found.id, code, attempt):
            await self._write_down("failed", address, peer, found.id)
            wrong = WrongCode()
            raise CodeWanted(wrong.message, wrong.hint)
        await self._throttle.forget(attempt)
        token = await self.issue("session", address, found.id, clock.now() + timedelta(days=SESSION_DAYS))
        await self._write_down("done", address, peer, found.id)
        return token, found.id

    async def _write_down(self, outcome: str, address: str, peer: str, user_id: UUID | None) -> None:
        """Leave a trace of a try to sign in. What an unknown person typed may be a password: only a hash of
        it is kept, which tells whether it was the same again."""
        data = {"peer": peer}
        if user_id is None:
            data["unknown"] = hash_token(address)[:16]
        entry = Entry("sign_in", "password", outcome, Author.USER.value, user_id=user_id, data=data)
        async with self._db.write() as conn:
            await record(conn, [entry])

    async def _has_code(self, user_id: UUID, code: str, attempt: Attempt) -> bool:
        """Whether the code is valid, which is used up by that. Raises CodeWanted where none was given."""
        if not code.strip():
            await self._throttle.forget(attempt)
            raise CodeWanted(
                msg("This account asks for a code besides the password."),
                msg("Open your authenticator app. Without it, a recovery code will do."),
            )
        return self._second_factors is not None and await self._second_factors.accept(user_id, code)

    async def issue(
        self, kind: str, name: str, user_id: UUID | None, expires_at: datetime | None = None
    ) -> str:
        """Make a token of ``kind`` (``session`` or ``api``) and return it; it is not kept in clear."""
        token = secrets.token_urlsafe(32)
        await self.register(token, kind, name, user_id, expires_at)
        return token

    async def register(
        self, token: str, kind: str, name: str, user_id: UUID | None, expires_at: datetime | None = None
    ) -> None:
        """Accept ``token``, made by somebody else, from now on; a known one is left as it is."""
        hashed = hash_token(token)
        async with self._db.write() as conn:
            known = await conn.scalar(select(api_token.c.id).where(api_token.c.token_hash == hashed))
            if known is not None:
                return
            await conn.execute(
                insert(api_token).values(
                    id=new_id(),
                    kind=kind,
                    name=name,
                    user_id=user_id,
                    token_hash=hashed,
                    created_at=clock.now(),
                    expires_at=expires_at,
                )
            )

    async def forget_all(self, kind: str, name: str) -> None:
        """Forget every token of a kind and name."""
        async with self._db.write() as conn:
            mine = (api_token.c.kind == kind, api_token.c.name == name)
            await conn.execute(delete(api_token).where(*mine))

    async def sign_out(self, token: str) -> None:
        """Forget a token."""
        async with self._db.write() as conn:
            await conn.execute(delete(api_token).where(api_token.c.token_hash == hash_token(token)))

    async def user_for(self, token: str) -> Actor | None:
        """Return who holds ``token`` and what they may see, or None."""
        async with self._db.read() as conn:
            row = (
                await conn.execute(
                    select(
                        api_token.c.id,
                        api_token.c.user_id,
                        api_token.c.last_used_at,
                        user.c.role,
                        user.c.active,
                        user.c.permissions,
                    )
                    .outerjoin(user, user.c.id == api_token.c.user_id)
                    .where(api_token.c.token_hash == hash_token(token))
                    .where(or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > clock.now()))
                )
            ).first()
            if row is None or (row.user_id is not None and not row.active):
                return None
            inboxes = await self._inboxes(conn, row.user_id, row.role) if row.user_id else None
        await self._touch(row.id, row.last_used_at)
        if row.user_id is None:
            return Actor(kind=Author.API, user_id=None, role=Role.ADMIN, inboxes=None)
        return Actor(Author.USER, row.user_id, Role(row.role), inboxes, exceptions=row.permissions)

    async def _inboxes(self, conn: AsyncConnection, user_id: UUID, role: str) -> frozenset[UUID] | None:
        """An agent sees the inboxes open to everyone and those of which they are a member."""
        if role != Role.AGENT:
            return None
        mine = select(inbox_member.c.inbox_id).where(inbox_member.c.user_id == user_id)
        found = await conn.scalars(
            select(inbox.c.id).where(or_(inbox.c.everyone.is_(True), inbox.c.id.in_(mine)))
        )
        return frozenset(found)

    async def _touch(self, token_id: UUID, last_used: datetime | None) -> None:
        now = clock.now()
        if last_used is not None and now - last_used < _TOUCH_EVERY:
            return
        with contextlib.suppress(DatabaseError):  # who asks is known all the same
            async with self._db.write() as conn:
                await conn.execute(
                    update(api_token).where(api_token.c.id == token_id).values(last_used_at=now)
                )


def _hash_of_nobody() -> str:
    """Return what looks like a stored hash and has no password: to check one against it takes as long."""
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    salt, digest = (_in_base64(secrets.token_bytes(size)) for size in (_hasher.salt_len, _hasher.hash_len))
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
