"""The second factor: set up with a code, asked for after the password, each code once, and a lost phone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.helpers.authenticator import code_of
from tests.helpers.program import Programs

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.secrets import Vault
from agentdesk.domain.team import Role
from agentdesk.server import people
from agentdesk.server.admin import add_user
from agentdesk.server.auth import Authenticator, CodeWanted, NotAuthenticated
from agentdesk.server.second_factor import SecondFactors, Standing, WrongCode
from agentdesk.server.throttle import TooManyAttempts
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, recovery_code, second_factor
from agentdesk.sync import account
from agentdesk.sync.account import ServerAccount
from agentdesk.sync.sign_in import CodeWanted as CodeWantedHere
from agentdesk.sync.sign_in import sign_in

EMAIL, WORD = "ana@desk.test", "correct horse"
START = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)


@pytest.fixture
def factors(db: Database, tmp_path: Path) -> SecondFactors:
    return SecondFactors(db, Vault.at(tmp_path / "key"))


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await add_user(db, EMAIL, "Ana", Role.AGENT, WORD)


class _Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, steps: int) -> None:
        self.now += timedelta(seconds=30 * steps)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    standing = _Clock()
    monkeypatch.setattr(clock, "now", standing)
    return standing


async def test_it_counts_once_it_was_confirmed(
    db: Database, factors: SecondFactors, ana: UUID, time: _Clock
) -> None:
    authenticator = Authenticator(db, factors)
    secret = (await factors.begin(ana)).secret
    await authenticator.sign_in(EMAIL, WORD, "")
    with pytest.raises(WrongCode):
        await factors.confirm(ana, "000000")
    assert await factors.standing(ana) == Standing(False, 0)
    codes = await factors.confirm(ana, code_of(secret))
    assert len(set(codes)) == 10
    assert await factors.standing(ana) == Standing(True, 10)
    with pytest.raises(CodeWanted):
        await authenticator.sign_in(EMAIL, WORD, "")
    with pytest.raises(Invalid):
        await factors.begin(ana)
    with pytest.raises(Invalid):
        await factors.confirm(ana, code_of(secret, 1))
    time.move(1)
    token, _ = await authenticator.sign_in(EMAIL, WORD, "", f" {code_of(secret)[:3]} {code_of(secret)[3:]}")
    assert await authenticator.user_for(token) is not None


async def test_the_address_for_the_app_says_whose_it_is(factors: SecondFactors, ana: UUID) -> None:
    enrolment = await factors.begin(ana)
    address = urlsplit(enrolment.uri)
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/AgentDesk:ana%40desk.test")
    given = parse_qs(address.query)
    assert given["secret"] == [enrolment.secret]
    assert given["issuer"] == ["AgentDesk"]


@pytest.mark.parametrize(("steps", "valid"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_one_step_off(
    factors: SecondFactors, ana: UUID, time: _Clock, steps: int, valid: bool
) -> None:
    secret = (await factors.begin(ana)).secret
    await factors.confirm(ana, code_of(secret))
    time.move(10)
    assert await factors.accept(ana, code_of(secret, steps)) is valid


async def test_a_code_that_was_used_is_not_accepted_again(
    factors: SecondFactors, ana: UUID, time: _Clock
) -> None:
    secret = (await factors.begin(ana)).secret
    await factors.confirm(ana, code_of(secret))
    assert not await factors.accept(ana, code_of(secret))
    time.move(10)
    later = code_of(secret, 1)
    assert await factors.accept(ana, later)
    assert not await factors.accept(ana, later)
    assert not await factors.accept(ana, code_of(secret))  # one from before it
    time.move(2)
    both = await asyncio.gather(*(factors.accept(ana, code_of(secret)) for _ in range(4)))
    assert sorted(both) == [False, False, False, True]


async def test_a_recovery_code_counts_once_however_it_is_written(
    db: Database, factors: SecondFactors, ana: UUID
) -> None:
    secret = (await factors.begin(ana)).secret
    first, second, *_ = await factors.confirm(ana, code_of(secret))
    authenticator = Authenticator(db, factors)
    await authenticator.sign_in(EMAIL, WORD, "", first.upper().replace("-", " "))
    with pytest.raises(CodeWanted):
        await authenticator.sign_in(EMAIL, WORD, "", first)
    assert await factors.standing(ana) == Standing(True, 9)
    await factors.turn_off(ana, second)
    async with db.read() as conn:
        trail = (await conn.execute(select(audit_entry).order_by(audit_entry.c.seq))).all()
    assert [(entry.what, entry.outcome) for entry in trail] == [
        ("second_factor_on", "done"),
        ("password", "done"),
        ("password", "failed"),
        ("second_factor_off", "done"),
    ]
    assert await factors.standing(ana) == Standing(False, 0)
    await authenticator.sign_in(EMAIL, WORD, "")


async def test_only_who_knows_the_password_learns_of_it(
    db: Database, factors: SecondFactors, ana: UUID
) -> None:
    secret = (await factors.begin(ana)).secret
    await factors.confirm(ana, code_of(secret))
    words = set()
    for email in (EMAIL, "nobody@desk.test"):
        for number, code in enumerate(("", "123456", code_of(secret, 1))):
            with pytest.raises(NotAuthenticated) as refused:
                await Authenticator(db, factors).sign_in(email, "wrong", f"192.0.2.{number}", code)
            words.add((refused.value.message, refused.value.hint))
    assert len(words) == 1
    await Authenticator(db, factors).sign_in(EMAIL, WORD, "192.0.2.1", code_of(secret, 1))  # was not used up


async def test_codes_are_throttled_like_passwords(db: Database, factors: SecondFactors, ana: UUID) -> None:
    secret = (await factors.begin(ana)).secret
    await factors.confirm(ana, code_of(secret))
    authenticator = Authenticator(db, factors)
    for _ in range(8):  # to be asked for the code is no failure
        with pytest.raises(CodeWanted):
            await authenticator.sign_in(EMAIL, WORD, "192.0.2.1")
    for number in range(5):
        with pytest.raises(CodeWanted):
            await authenticator.sign_in(EMAIL, WORD, f"192.0.2.{number}", "wrong")
    with pytest.raises(TooManyAttempts):
        await authenticator.sign_in(EMAIL, WORD, "192.0.2.9", code_of(secret, 1))
    for _ in range(5):
        with pytest.raises(WrongCode):
            await factors.turn_off(ana, "000000")
    with pytest.raises(TooManyAttempts):
        await factors.turn_off(ana, code_of(secret, 1))


async def test_who_cannot_be_asked_for_a_code_is_not_let_in(
    db: Database, factors: SecondFactors, ana: UUID
) -> None:
    secret = (await factors.begin(ana)).secret
    await factors.confirm(ana, code_of(secret))
    with pytest.raises(CodeWanted):
        await Authenticator(db).sign_in(EMAIL, WORD, "", code_of(secret, 1))


async def test_the_database_alone_gives_no_codes_away(
    db: Database, factors: SecondFactors, ana: UUID, tmp_path: Path
) -> None:
    secret = (await factors.begin(ana)).secret
    codes = await factors.confirm(ana, code_of(secret))
    async with db.read() as conn:
        sealed = await conn.scalar(select(second_factor.c.sealed))
        hashes = set(await conn.scalars(select(recovery_code.c.code_hash)))
    assert sealed is not None
    assert secret.encode() not in sealed
    assert not hashes & {code.replace("-", "") for code in codes}
    with pytest.raises(AgentDeskError):
        Vault.at(tmp_path / "another key").open(sealed, f"second factor:{ana}")


async def test_on_and_off_over_the_wire_and_from_the_command_line(
    programs: Programs, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AGENTDESK_KEY_FILE", str(tmp_path / "server.key"))
    db = Database(migrated_url)
    await add_user(db, EMAIL, "Ana", Role.AGENT, WORD)
    arguments = ("--database", migrated_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    address = await programs.start("server", *arguments).ready()
    mine = ServerAccount(address, await sign_in(address, EMAIL, WORD))
    assert await mine.second_factor() == account.SecondFactor(on=False, recovery_codes=0)
    secret = (await mine.begin_second_factor()).secret
    with pytest.raises(AgentDeskError):
        await mine.confirm_second_factor("000000")
    first = code_of(secret)
    codes = await mine.confirm_second_factor(first)
    assert await mine.second_factor() == account.SecondFactor(on=True, recovery_codes=10)
    with pytest.raises(CodeWantedHere):
        await sign_in(address, EMAIL, WORD)
    with pytest.raises(CodeWantedHere):
        await sign_in(address, EMAIL, WORD, code=first)  # it confirmed, and is used up
    again = ServerAccount(address, await sign_in(address, EMAIL, WORD, code=code_of(secret, 1)))
    with pytest.raises(AgentDeskError):
        await ServerAccount(address, "no token of ours").second_factor()
    admin = ("admin", "--database", migrated_url, "user")
    assert "\tsecond-factor\t" in await asyncio.to_thread(programs.run, *admin, "list")
    await asyncio.to_thread(programs.run, *admin, "second-factor", EMAIL, "--off")
    assert await again.second_factor() == account.SecondFactor(on=False, recovery_codes=0)
    assert not await people.drop_second_factor(db, EMAIL)
    await db.close()
    assert len(codes) == 10
    assert await sign_in(address, EMAIL, WORD)
    await again.sign_out()
    with pytest.raises(AgentDeskError):
        await again.second_factor()
