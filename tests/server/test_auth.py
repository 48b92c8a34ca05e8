"""Signing in and tokens: who is let in, who is held back, and what each may see."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import extract_parameters
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server import auth, members, throttle
from agentdesk.server.admin import add_inbox, add_user
from agentdesk.server.auth import Authenticator, NotAuthenticated
from agentdesk.server.people import set_role
from agentdesk.server.throttle import Throttle, TooManyAttempts, forget_old_tries
from agentdesk.store.engine import Database
from agentdesk.store.tables import api_token, change_log, credential, sign_in_try, user

PASSWORD = "correct horse"
EMAIL = "ana@desk.test"


async def test_the_right_password_lets_in_whatever_the_case_of_the_address(db: Database) -> None:
    user_id = await add_user(db, EMAIL, "Ana", Role.ADMIN, PASSWORD)
    token, found = await Authenticator(db).sign_in("  ANA@desk.test ", PASSWORD, "192.0.2.1")
    actor = await Authenticator(db).user_for(token)
    assert found == user_id
    assert actor is not None
    assert (actor.user_id, actor.role, actor.kind) == (user_id, Role.ADMIN, Author.USER)


async def test_every_refusal_sounds_the_same(db: Database) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    gone = await add_user(db, "gone@desk.test", "Gone", Role.AGENT, PASSWORD)
    broken = await add_user(db, "broken@desk.test", "Broken", Role.AGENT, PASSWORD)
    async with db.write() as conn:
        await conn.execute(update(user).where(user.c.id == gone).values(active=False))
        await conn.execute(
            update(credential).where(credential.c.user_id == broken).values(password_hash="no hash")
        )
    words = set()
    tries = (
        (EMAIL, "wrong"),
        (EMAIL, ""),
        ("nobody@desk.test", PASSWORD),
        ("gone@desk.test", PASSWORD),
        ("broken@desk.test", PASSWORD),
        ("with\x00nul@desk.test", PASSWORD),
        ("surrogate\udcff@desk.test", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    )
    for number, (email, password) in enumerate(tries):
        with pytest.raises(NotAuthenticated) as refused:
            await Authenticator(db).sign_in(email, password, f"192.0.2.{number}")
        words.add((refused.value.message, refused.value.hint))
    assert len(words) == 1


async def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    verified: list[str] = []

    def counted(stored: str, password: str) -> bool:
        verified.append(stored)
        return False

    monkeypatch.setattr(auth, "_verify", counted)
    for email in (EMAIL, "nobody@desk.test"):
        with pytest.raises(NotAuthenticated):
            await Authenticator(db).sign_in(email, "x", "192.0.2.1")
    assert len(verified) == 2
    known, nobody = map(extract_parameters, verified)
    assert nobody == known


async def test_five_failures_hold_an_address_back_and_a_network_peer(db: Database) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    authenticator = Authenticator(db)
    for number in range(5):
        with pytest.raises(NotAuthenticated):
            await authenticator.sign_in(EMAIL, "wrong", f"192.0.2.{number}")
    with pytest.raises(TooManyAttempts):
        await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.99")
    for number in range(5):
        with pytest.raises(NotAuthenticated):
            await authenticator.sign_in(f"nobody{number}@desk.test", "wrong", "198.51.100.1")
    with pytest.raises(TooManyAttempts):
        await authenticator.sign_in("somebody@desk.test", "wrong", "198.51.100.1")


async def test_many_tries_at_once_are_held_back_like_many_in_turn(db: Database) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    authenticator = Authenticator(db)
    tries = (authenticator.sign_in(EMAIL, "wrong", f"192.0.2.{n}") for n in range(12))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(end, NotAuthenticated) for end in ends) == 5
    assert sum(isinstance(end, TooManyAttempts) for end in ends) == 7


async def test_successes_do_not_count_and_a_minute_heals(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    authenticator = Authenticator(db)
    monkeypatch.setattr(auth, "_verify", lambda _stored, password: password == PASSWORD)
    for _ in range(7):
        await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.1")
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            await authenticator.sign_in(EMAIL, "wrong", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.1")
    monkeypatch.setattr(throttle, "_WINDOW_SECONDS", -1.0)
    await Authenticator(db).sign_in(EMAIL, PASSWORD, "192.0.2.1")


async def test_servers_on_one_database_count_together(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    monkeypatch.setattr(auth, "_verify", lambda _stored, password: password == PASSWORD)
    one, other = Authenticator(db), Authenticator(db)
    for number in range(5):
        with pytest.raises(NotAuthenticated):
            await (one, other)[number % 2].sign_in(EMAIL, "wrong", f"192.0.2.{number}")
    for server in (one, other, Authenticator(db)):
        for _ in range(2):  # the second time from memory
            with pytest.raises(TooManyAttempts):
                await server.sign_in(EMAIL, PASSWORD, "192.0.2.99")
        with pytest.raises(NotAuthenticated):  # others are not held back with them
            await server.sign_in("bob@desk.test", "wrong", "192.0.2.99")


async def test_tries_leave_no_words_and_do_not_stay(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_REMEMBERED", 2)
    tries = Throttle(db)
    for _ in range(5):
        await tries.begin("address:my-secret-word", "peer:192.0.2.1")
    for number in range(4):
        with pytest.raises(TooManyAttempts):
            await tries.begin("address:my-secret-word", f"peer:{number}")
    assert len(tries._refused) <= 2
    async with db.write() as conn:
        rows = (await conn.execute(select(sign_in_try))).all()
        assert [len(row.tries) for row in rows] == [5, 5]  # a refused one counts for nothing
        assert "secret" not in str(rows)
        assert await forget_old_tries(conn) == 0
        monkeypatch.setattr(throttle, "_WINDOW_SECONDS", -1.0)
        assert await forget_old_tries(conn) == 2


async def test_neither_tokens_nor_passwords_are_stored_in_clear(db: Database) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    session, _ = await Authenticator(db).sign_in(EMAIL, PASSWORD, "192.0.2.1")
    program = await Authenticator(db).issue("api", "shop", None)
    async with db.read() as conn:
        stored = [str(tuple(row)) for row in await conn.execute(select(api_token))]
        hashed = await conn.scalar(select(credential.c.password_hash))
    assert len(stored) == 2
    assert not any(session in row or program in row for row in stored)
    assert str(hashed).startswith("$argon2id$")
    assert PASSWORD not in str(hashed)


async def test_a_session_ends_after_thirty_days_or_when_it_is_signed_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    authenticator = Authenticator(db)
    one, _ = await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.1")
    two, _ = await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.1")
    await authenticator.sign_out(one)
    assert await authenticator.user_for(one) is None
    assert await authenticator.user_for(two) is not None
    later = clock.now() + timedelta(days=auth.SESSION_DAYS, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await authenticator.user_for(two) is None


async def test_a_deactivated_person_is_out_at_once(db: Database) -> None:
    user_id = await add_user(db, EMAIL, "Ana", Role.AGENT, PASSWORD)
    authenticator = Authenticator(db)
    token, _ = await authenticator.sign_in(EMAIL, PASSWORD, "192.0.2.1")
    async with db.write() as conn:
        await conn.execute(update(user).where(user.c.id == user_id).values(active=False))
    assert await authenticator.user_for(token) is None


@pytest.mark.parametrize("token", ["", "x", "\udcff\udcfe", "é" * 40, "x\x00y", "x" * 100_000])
async def test_a_strange_token_belongs_to_nobody(db: Database, token: str) -> None:
    assert await Authenticator(db).user_for(token) is None
    await Authenticator(db).sign_out(token)


async def test_a_programs_token_sees_everything_and_does_not_expire(db: Database) -> None:
    authenticator = Authenticator(db)
    actor = await authenticator.user_for(await authenticator.issue("api", "shop", None))
    assert actor is not None
    assert (actor.kind, actor.user_id, actor.role, actor.inboxes) == (Author.API, None, Role.ADMIN, None)


async def test_an_agent_sees_open_inboxes_and_their_own(db: Database) -> None:
    everyone, mine, closed = [await add_inbox(db, name) for name in ("Everyone", "Mine", "Closed")]
    agent = await add_user(db, "agent@desk.test", "Agent", Role.AGENT, PASSWORD)
    boss = await add_user(db, "boss@desk.test", "Boss", Role.SUPERVISOR, PASSWORD)
    authenticator = Authenticator(db)
    tokens = [await authenticator.issue("session", "test", user_id) for user_id in (agent, boss)]

    async def seen() -> list[frozenset[UUID] | None]:
        actors = [await authenticator.user_for(token) for token in tokens]
        return [actor.inboxes for actor in actors if actor is not None]

    for name in ("Mine", "Closed"):
        await members.open_to_everyone(db, name, False)
    await members.join(db, "Mine", "agent@desk.test")
    assert await seen() == [frozenset({everyone, mine}), None]
    await members.leave(db, "Mine", "agent@desk.test")
    assert await seen() == [frozenset({everyone}), None]
    await members.open_to_everyone(db, "Closed", True)
    assert await seen() == [frozenset({everyone, closed}), None]
    await set_role(db, "agent@desk.test", Role.SUPERVISOR)
    assert await seen() == [None, None]
    async with db.read() as conn:  # what desks hear of, and servers ask again for
        told = set(await conn.scalars(select(change_log.c.table_name)))
    assert {"inbox", "inbox_member", "user"} <= told


async def test_the_last_use_of_a_token_is_noted_now_and_then(db: Database) -> None:
    authenticator = Authenticator(db)
    token = await authenticator.issue("api", "shop", None)

    async def last_used() -> object:
        async with db.read() as conn:
            return await conn.scalar(select(api_token.c.last_used_at))

    assert await last_used() is None
    await authenticator.user_for(token)
    first = await last_used()
    await authenticator.user_for(token)
    assert first is not None
    assert await last_used() == first


def test_what_stands_for_nobody_is_a_hash_that_is_computed_and_does_not_match() -> None:
    with pytest.raises(VerifyMismatchError):
        auth._hasher.verify(auth._hash_of_nobody(), PASSWORD)
    assert auth._hash_of_nobody() != auth._hash_of_nobody()
