"""The desk as a program of its own: first start, working alone, a second start, what goes wrong, kill -9."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.conftest import NewCompany
from tests.helpers.authenticator import code_of
from tests.helpers.certificates import Certificates
from tests.helpers.company import Company, write
from tests.helpers.desk_process import Start, make_profile
from tests.helpers.dovecot import Mailbox
from tests.helpers.processes import stop
from tests.helpers.program import Programs
from tests.helpers.until import until

from agentdesk.app.desk_vault import DeskVault
from agentdesk.base.errors import AgentDeskError
from agentdesk.desktop.settings import DeskSettings, SettingsFile
from agentdesk.sync.account import ServerAccount
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_empty_profile_offers_three_ways(start: Start, tmp_path: Path) -> None:
    desk = start(tmp_path / "desk")
    await desk.shows("page WelcomePage: .*Connect my email")
    assert stop(desk.process) == 0


async def test_alone_the_server_comes_and_goes_with_the_desk(start: Start, tmp_path: Path) -> None:
    make_profile(tmp_path / "desk", DeskSettings(mode="alone"))
    desk = start(tmp_path / "desk")
    server = int((await desk.shows(r"desk synced server (\d+)"))[1])
    assert _lives(server)
    desk.kill()
    await until(lambda: not _lives(server), timeout=30, what="the private server ended with the desk")


async def test_a_second_start_says_so_in_its_window(start: Start, tmp_path: Path) -> None:
    make_profile(tmp_path / "desk", DeskSettings(mode="alone"))
    first = start(tmp_path / "desk")
    await first.shows("desk synced")
    second = start(tmp_path / "desk")
    await second.shows("page TroublePage: AgentDesk is already running on this folder.")
    assert "Traceback" not in second.output()
    assert stop(second.process) == 1
    assert first.process.poll() is None


async def test_a_server_that_does_not_start_is_told_and_tried_again(start: Start, tmp_path: Path) -> None:
    profile = tmp_path / "desk"
    make_profile(profile, DeskSettings(mode="alone"))
    (profile / "server").mkdir()
    (profile / "server" / "agentdesk.db").write_bytes(b"This is no database." * 200)
    desk = start(profile)
    await desk.shows("page TroublePage: The private server did not start: .*database")
    assert "Traceback" not in desk.output(), desk.output()
    (profile / "server" / "agentdesk.db").unlink()
    (profile / "press").touch()
    await desk.shows("desk synced")


async def test_what_is_typed_at_one_desk_stands_in_the_reply_at_the_other(
    start: Start, new_company: NewCompany, sqlite_url: str, tmp_path: Path, mailbox: Mailbox
) -> None:
    company = new_company(sqlite_url)
    company.start()
    write(mailbox, "grace@example.com", "Screws")
    for name in ("office", "home"):
        token = await sign_in(company.address, "ana@desk.test", "correct horse")
        make_profile(tmp_path / name, DeskSettings(mode="team", server=company.address))
        (tmp_path / name / "session").write_text(token)
    home = start(tmp_path / "home", "--look")
    await home.shows("looks")
    office = start(tmp_path / "office", "--type", "Take 6 mm anch")
    await office.shows("typed")
    await home.shows("reply 'Take 6 mm anch'")
    office.kill()
    again = start(tmp_path / "office", "--look")
    await again.shows("reply 'Take 6 mm anch'")


async def test_what_was_typed_survives_a_power_cut(
    start: Start, new_company: NewCompany, sqlite_url: str, tmp_path: Path, mailbox: Mailbox
) -> None:
    company = new_company(sqlite_url)
    company.start()
    write(mailbox, "grace@example.com", "Screws")
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    profile = tmp_path / "desk"
    make_profile(profile, DeskSettings(mode="team", server=company.address))
    (profile / "session").write_text(token)
    desk = start(profile, "--type", "Take 6 mm anch")
    await desk.shows("typed")
    desk.kill()

    vault = DeskVault(profile, SettingsFile(profile / "settings.json"), company.address, "")
    keys = await vault.open(token)
    again = LocalDesk(vault.folder, company.address, token, keys=keys)
    await again.start()
    try:
        assert [draft.text for draft in await again.drafts()] == ["Take 6 mm anch"]
    finally:
        await again.close()


class Ringed(NamedTuple):
    """A profile whose session is in a key ring: a file with this entry, found by this environment."""

    profile: Path
    ring: Path
    name: str
    env: dict[str, str]


def _signed_in(company: Company, folder: Path, token: str) -> Ringed:
    """Make a profile of Ana's with her session in a key ring."""
    profile, ring = folder / "desk", folder / "ring.json"
    chosen = DeskSettings(mode="team", server=company.address, email="ana@desk.test", session_in_ring=True)
    make_profile(profile, chosen)
    name = f"AgentDesk/session of {profile}"
    ring.write_text(json.dumps({name: token}))
    env = {"PYTHON_KEYRING_BACKEND": "tests.helpers.file_key_ring.FileKeyRing", "TEST_KEY_RING": str(ring)}
    return Ringed(profile, ring, name, env)


async def test_a_session_in_the_key_ring_opens_the_desk(
    start: Start, new_company: NewCompany, sqlite_url: str, tmp_path: Path
) -> None:
    company = new_company(sqlite_url)
    company.start()
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    ringed = _signed_in(company, tmp_path, token)
    desk = start(ringed.profile, **ringed.env)
    await desk.shows("desk synced")
    assert stop(desk.process) == 0
    ringed.ring.write_text("locked")
    desk = start(ringed.profile, **ringed.env)
    await desk.shows("page SignInPage: Sign in to your team")
    assert stop(desk.process) == 0
    assert "Traceback" not in desk.output(), desk.output()


async def test_signing_out_ends_the_session_and_signing_in_asks_for_the_code(
    start: Start, new_company: NewCompany, sqlite_url: str, tmp_path: Path
) -> None:
    company = new_company(sqlite_url)
    company.start()
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    mine = ServerAccount(company.address, token)
    secret = (await mine.begin_second_factor()).secret
    await mine.confirm_second_factor(code_of(secret))
    ringed = _signed_in(company, tmp_path, token)
    desk = start(ringed.profile, **ringed.env)
    await desk.shows("desk synced")
    typed = "type Code from the app, or a recovery code="
    await desk.acts("menu Two-step sign-in…", typed + code_of(secret, 1), "press Turn off")

    async def is_off() -> bool:
        return not (await mine.second_factor()).on

    await until(is_off, what="two-step sign-in is off")
    secret = (await mine.begin_second_factor()).secret
    await mine.confirm_second_factor(code_of(secret))
    await desk.acts("menu Sign out…", "press Sign out")
    await desk.shows("page SignInPage: Sign in to your team")
    await until(
        lambda: ringed.name not in json.loads(ringed.ring.read_text()), what="the key ring has forgotten it"
    )
    with pytest.raises(AgentDeskError):
        await mine.second_factor()

    before = desk.output().count("desk synced")
    await desk.acts("type Password=correct horse", "press Sign in")
    await desk.shows("page SignInPage: .*asks for a code")
    await desk.acts(typed + code_of(secret, 1), "press Sign in")
    await until(lambda: desk.output().count("desk synced") > before, timeout=60, what="the desk is back")
    await until(lambda: json.loads(ringed.ring.read_text()).get(ringed.name) not in (None, token))
    assert stop(desk.process) == 0
    assert "Traceback" not in desk.output(), desk.output()


async def test_a_desk_works_over_tls_with_the_company_s_authority(
    start: Start, programs: Programs, sqlite_url: str, tmp_path: Path, certificates: Certificates
) -> None:
    person = ("user", "add", "ana@desk.test", "--name", "Ana", "--role", "admin", "--password-stdin")
    programs.run("admin", "--database", sqlite_url, *person, stdin="correct horse\n")
    files = ("--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key))
    served = ("--database", sqlite_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    address = await programs.start("server", *served, *files).ready()
    authority = str(certificates.authority)
    token = await sign_in(address, "ana@desk.test", "correct horse", authority)
    for name, trusted, shown in (
        ("trusting", authority, "desk synced"),
        ("doubting", "", "page TroublePage: This desk is locked until it reaches its server again."),
    ):
        profile = tmp_path / name
        make_profile(profile, DeskSettings(mode="team", server=address, authority=trusted))
        (profile / "session").write_text(token)
        desk = start(profile)
        await desk.shows(shown)
        assert stop(desk.process) == 0
