"""A second factor for signing in: codes of an authenticator app (TOTP, RFC 6238), and codes for a lost phone.

The secret is sealed with the server's key. A code is accepted one step of 30 seconds early or late, and no
code that was accepted, or an older one, is accepted again. Recovery codes are random and long, stored as
hashes, and count once each.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.domain.message import Author
from agentdesk.server.throttle import Throttle
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.tables import recovery_code, second_factor, user

__all__ = ["Enrolment", "SecondFactors", "Standing", "WrongCode", "forget"]

STEP_SECONDS = 30
_DIGITS = 6
_SECRET_BYTES = 20  # what RFC 4226 asks for
_RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_GROUP = 4
_ISSUER = "AgentDesk"


class WrongCode(AgentDeskError):
    """The code is not valid now, or was used before."""

    def __init__(self) -> None:
        super().__init__(
            msg("This code is not valid."),
            msg("Wait for the next one, and check the clock of your phone. Each code works once."),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person has a second factor, and how many recovery codes are left."""

    on: bool
    recovery_codes: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the secret (base32), and the same as an ``otpauth`` address."""

    secret: str
    uri: str


class SecondFactors:
    """Sets second factors up and checks their codes; ``vault`` seals the secrets."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._throttle = Throttle(db)

    async def standing(self, user_id: UUID) -> Standing:
        """Return how a person stands."""
        async with self._db.read() as conn:
            since = await conn.scalar(
                select(second_factor.c.confirmed_at).where(second_factor.c.user_id == user_id)
            )
            left = await conn.scalar(
                select(func.count()).select_from(recovery_code).where(recovery_code.c.user_id == user_id)
            )
        return Standing(since is not None, left or 0)

    async def begin(self, user_id: UUID) -> Enrolment:
        """Make a secret that counts once it is confirmed. Raises Invalid where one counts already."""
        secret = secrets.token_bytes(_SECRET_BYTES)
        async with self._db.write() as conn:
            await _not_yet(conn, user_id)
            email = await conn.scalar(select(user.c.email).where(user.c.id == user_id))
            await forget(conn, user_id)
            await conn.execute(
                insert(second_factor).values(
                    user_id=user_id,
                    sealed=self._vault.seal(secret.hex(), _purpose(user_id)),
                    last_step=0,
                    created_at=clock.now(),
                )
            )
        uri = _totp(secret).get_provisioning_uri(str(email), _ISSUER)
        return Enrolment(base64.b32encode(secret).decode(), uri)

    async def confirm(self, user_id: UUID, code: str) -> tuple[str, ...]:
        """Let the secret count, shown by a code of it, and return the recovery codes, which are not kept.

        Raises WrongCode, TooManyAttempts, and Invalid where nothing was begun or one counts already.
        """
        attempt = await self._throttle.begin(f"code:{user_id}")
        async with self._db.write() as conn:
            await _not_yet(conn, user_id)
            step = await self._step(conn, user_id, _digits(code))
            if step is None:
                raise WrongCode
            mine = second_factor.c.user_id == user_id
            values = {"confirmed_at": clock.now(), "last_step": step}
            await conn.execute(update(second_factor).where(mine).values(**values))
            codes = [_new_recovery_code() for _ in range(_RECOVERY_CODES)]
            rows = [{"user_id": user_id, "code_hash": _hash(_digits(one))} for one in codes]
            await conn.execute(insert(recovery_code), rows)
            await _write_down(conn, user_id, "second_factor_on")
        await self._throttle.forget(attempt)
        return tuple(codes)

    async def accept(self, user_id: UUID, code: str) -> bool:
        """Say whether ``code`` is valid now, and use it up: one of the app, or a recovery code."""
        given = _digits(code)
        async with self._db.write() as conn:
            step = await self._step(conn, user_id, given)
            if step is None:
                used = recovery_code.c.user_id == user_id, recovery_code.c.code_hash == _hash(given)
                return (await conn.execute(delete(recovery_code).where(*used))).rowcount == 1
            mine = second_factor.c.user_id == user_id
            await conn.execute(update(second_factor).where(mine).values(last_step=step))
        return True

    async def turn_off(self, user_id: UUID, code: str) -> None:
        """Ask for the password alone from now on. Raises WrongCode and TooManyAttempts."""
        attempt = await self._throttle.begin(f"code:{user_id}")
        if not await self.accept(user_id, code):
            raise WrongCode
        await self._throttle.forget(attempt)
        async with self._db.write() as conn:
            await forget(conn, user_id)
            await _write_down(conn, user_id, "second_factor_off")

    async def _step(self, conn: AsyncConnection, user_id: UUID, given: str) -> int | None:
        """The time step whose code was given, none that was used before; the row stays locked."""
        statement = select(second_factor).where(second_factor.c.user_id == user_id).with_for_update()
        row = (await conn.execute(statement)).first()
        if row is None:
            return None
        totp = _totp(bytes.fromhex(self._vault.open(row.sealed, _purpose(user_id))))
        present = int(clock.now().timestamp()) // STEP_SECONDS
        for step in (present - 1, present, present + 1):
            valid = totp.generate(step * STEP_SECONDS)
            if constant_time.bytes_eq(valid, given.encode()) and step > row.last_step:
                return step
        return None


async def forget(conn: AsyncConnection, user_id: UUID) -> bool:
    """Forget a person's second factor and recovery codes; returns whether there was one."""
    await conn.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    gone = await conn.execute(delete(second_factor).where(second_factor.c.user_id == user_id))
    return gone.rowcount > 0


async def _write_down(conn: AsyncConnection, user_id: UUID, what: str) -> None:
    await record(conn, [Entry("sign_in", what, "done", Author.USER.value, user_id=user_id)])


async def _not_yet(conn: AsyncConnection, user_id: UUID) -> None:
    mine = second_factor.c.user_id == user_id
    row = (await conn.execute(select(second_factor.c.confirmed_at).where(mine).with_for_update())).first()
    if row is not None and row.confirmed_at is not None:
        raise Invalid(msg("The second step is on already."))


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what authenticator apps know


def _purpose(user_id: UUID) -> str:
    return f"second factor:{user_id}"


def _digits(code: str) -> str:
    """A code without the blanks and hyphens that it is written with."""
    return "".join(c for c in code if c.isalnum()).lower()


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _hash(code: str) -> str:
    """What is stored of a recovery code: 80 random bits need no slow hash."""
    return hashlib.sha256(code.encode()).hexdigest()
