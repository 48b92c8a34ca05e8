"""What a team's desk keeps: unreadable for others, and for its own person once they are sent away."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from tests.conftest import NewCompany
from tests.helpers.company import Company, write
from tests.helpers.desk_keys import files_with
from tests.helpers.desk_process import DeskProcess, Start, make_profile
from tests.helpers.dovecot import Mailbox
from tests.helpers.proxy import Proxy
from tests.helpers.until import until

from agentdesk.app.desk_vault import DeskVault, DeviceKeyKeeper
from agentdesk.base import clock
from agentdesk.desktop.settings import DeskSettings, SettingsFile
from agentdesk.sync.desk import Draft
from agentdesk.sync.desk_key import LeaseFile
from agentdesk.sync.key_lease import SignedOut
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.outbox import OutboxFile
from agentdesk.sync.sign_in import sign_in

PERSON, WORD = "ana@desk.test", "correct horse"
RECEIVED, TYPED = "Kaffeemaschine", "Take 6 mm anchors"
LOCKED = "page TroublePage: This desk is locked until it reaches its server again."


@dataclass
class Place:
    """A profile of Ana's, and the company whose server it belongs to."""

    company: Company
    profile: Path
    env: dict[str, str]

    @property
    def admin(self) -> tuple[str, ...]:
        return "admin", "--database", self.company.database

    @property
    def vault(self) -> DeskVault:
        settings = SettingsFile(self.profile / "settings.json")
        return DeskVault(self.profile, settings, self.company.address, PERSON)

    async def send_away(self) -> None:
        await asyncio.to_thread(self.company.programs.run, *self.admin, "session", "end", PERSON)

    async def drafts(self) -> list[str]:
        """What Ana has typed, as she sees it after a new sign-in."""
        token = await sign_in(self.company.address, PERSON, WORD)
        vault = self.vault
        keys = await vault.open(token)
        desk = LocalDesk(vault.folder, self.company.address, token, keys=keys)
        await desk.start()
        try:
            return [draft.text for draft in await desk.drafts()]
        finally:
            await desk.close()

    def readable(self) -> dict[str, list[str]]:
        """Where something of what was received or typed can be read."""
        return files_with(self.profile, RECEIVED, TYPED, "grace@example.com", "SQLite format 3")


@pytest.fixture
def company(new_company: NewCompany, sqlite_url: str, mailbox: Mailbox) -> Company:
    made = new_company(sqlite_url)
    made.start()
    write(mailbox, "grace@example.com", RECEIVED, f"My {RECEIVED} leaks")
    made.wait_for_conversations(1)
    return made


async def _place(company: Company, tmp_path: Path, *, ring: bool = False, server: str = "") -> Place:
    token = await sign_in(company.address, PERSON, WORD)
    profile, secrets = tmp_path / "desk", tmp_path / "ring.json"
    chosen = DeskSettings(mode="team", server=server or company.address, email=PERSON, session_in_ring=ring)
    make_profile(profile, chosen)
    if not ring:
        (profile / "session").write_text(token)
        return Place(company, profile, {})
    secrets.write_text(json.dumps({f"AgentDesk/session of {profile}": token}))
    env = {"PYTHON_KEYRING_BACKEND": "tests.helpers.file_key_ring.FileKeyRing", "TEST_KEY_RING": str(secrets)}
    return Place(company, profile, env)


async def _desk_with_a_draft(start: Start, place: Place) -> DeskProcess:
    """Start the desk and have a reply typed, which is kept as a draft."""
    desk = start(place.profile, "--type", TYPED, **place.env)
    await desk.shows("typed")
    return desk


async def _is_shown_out(desk: DeskProcess, place: Place) -> None:
    """Wait until the desk asks for a new sign-in and has forgotten the server's half of the key."""
    await desk.shows("page SignInPage: Sign in to your team")
    await until(lambda: not list(place.profile.glob("desk-*/lease")), what="the lease is gone")


async def _is_told_that_the_key_is_lost(start: Start, place: Place, ring: Path) -> None:
    """Lose the key: the desk says so and begins anew when it is told to, and what the key locks stays."""
    (outbox,) = place.profile.glob("desk-*/outbox.sqlite")
    locked = outbox.read_bytes()
    held = json.loads(ring.read_text())
    ring.write_text(json.dumps({name: value for name, value in held.items() if "/key of" not in name}))
    desk = start(place.profile, **place.env)
    await desk.shows("page TroublePage: The key to what this desk keeps on this computer is gone.")
    await desk.acts("press Begin anew")
    await desk.shows("desk synced")
    assert desk.end() == 0
    assert outbox.read_bytes() == locked
    assert len(list(place.profile.glob("desk-*/outbox.sqlite"))) == 2


@pytest.mark.parametrize("ring", [True, False])
async def test_nothing_of_it_can_be_read(start: Start, company: Company, tmp_path: Path, ring: bool) -> None:
    place = await _place(company, tmp_path, ring=ring)
    desk = await _desk_with_a_draft(start, place)
    assert place.readable() == {}
    desk.kill()
    assert place.readable() == {}
    desk = start(place.profile, **place.env)
    await desk.shows("desk synced")
    assert desk.end() == 0
    assert place.readable() == {}
    kept = {path.name for path in place.profile.glob("desk-*/*")}
    assert {"replica.sqlite", "outbox.sqlite", "screen", "lease"} <= kept
    in_files = {path.name.split("-")[0] for path in place.profile.iterdir()}
    assert ({"key", "session"} <= in_files) is not ring
    if ring:
        assert len(json.loads((tmp_path / "ring.json").read_text())) == 2
        await _is_told_that_the_key_is_lost(start, place, tmp_path / "ring.json")
        (tmp_path / "ring.json").write_text("locked")
        desk = start(place.profile, **place.env)
        await desk.shows("page SignInPage")
        assert desk.end() == 0


async def test_who_is_sent_away_is_shown_out_and_finds_the_draft_when_back(
    start: Start, company: Company, tmp_path: Path
) -> None:
    place = await _place(company, tmp_path)
    desk = await _desk_with_a_draft(start, place)
    old = (place.profile / "session").read_text()
    await place.send_away()
    await _is_shown_out(desk, place)
    assert not list(place.profile.glob("desk-*/screen"))
    assert not (place.profile / "session").exists()
    assert desk.end() == 0
    assert place.readable() == {}
    vault = place.vault
    await vault.unlock()
    assert vault.keys is None
    with pytest.raises(SignedOut):
        await vault.open(old)
    assert await place.drafts() == [TYPED]


async def test_who_was_sent_away_while_offline_is_shown_out_at_the_next_start(
    start: Start, company: Company, tmp_path: Path
) -> None:
    place = await _place(company, tmp_path)
    desk = await _desk_with_a_draft(start, place)
    desk.kill()
    await place.send_away()
    desk = start(place.profile)
    await _is_shown_out(desk, place)
    assert desk.end() == 0
    assert place.readable() == {}
    assert await place.drafts() == [TYPED]


async def test_offline_it_opens_until_the_lease_is_over(
    start: Start, company: Company, tmp_path: Path
) -> None:
    place = await _place(company, tmp_path)
    desk = await _desk_with_a_draft(start, place)
    assert desk.end() == 0
    company.stop()
    desk = start(place.profile)
    await desk.shows("desk offline")
    assert desk.end() == 0

    device = await DeviceKeyKeeper(place.profile, SettingsFile(place.profile / "settings.json"), PERSON).get()
    path = next(place.profile.glob("desk-*/lease"))
    lease = LeaseFile(path, device).read(clock.now())
    assert lease is not None
    assert timedelta(days=6, hours=23) < lease.expires_at - clock.now() < timedelta(days=7, minutes=5)
    over = type(lease)(lease.half, clock.now(), lease.seen_at)
    LeaseFile(path, device).write(over)
    desk = start(place.profile)
    await desk.shows(LOCKED)
    assert not path.exists()
    assert place.readable() == {}
    (place.profile / "press").touch()
    await desk.shows(f"(?s){LOCKED}.*{LOCKED}")
    assert desk.end() == 0
    company.start()
    assert await place.drafts() == [TYPED]


async def test_who_is_sent_away_in_the_middle_of_a_pull_keeps_nothing(
    start: Start, company: Company, tmp_path: Path, new_proxy: type[Proxy], mailbox: Mailbox
) -> None:
    for number in range(20):
        write(mailbox, "grace@example.com", f"{RECEIVED} {number}", f"{RECEIVED} " * 200)
    company.wait_for_conversations(2)
    proxy = new_proxy(urlsplit(company.address).port or 0)
    place = await _place(company, tmp_path, server=f"http://127.0.0.1:{proxy.port}")
    proxy.trouble.piece, proxy.trouble.delay = 300, 0.1
    desk = start(place.profile)
    await desk.shows("desk filling")
    proxy.trouble.stall = proxy.trouble.refuse = True
    await place.send_away()
    proxy.cut()
    proxy.heal()
    await _is_shown_out(desk, place)
    assert "desk synced" not in desk.output()
    assert desk.end() == 0
    assert place.readable() == {}


async def test_what_an_older_desk_kept_is_taken_over(start: Start, company: Company, tmp_path: Path) -> None:
    place = await _place(company, tmp_path)
    first = company.conversations()[0]["id"]
    outbox = OutboxFile(place.profile / "outbox.sqlite")
    outbox.open()
    draft = Draft(conversation_id=UUID(first), mode="reply", text=TYPED)
    outbox.drafts.save(draft)
    outbox.close()
    (place.profile / "replica.sqlite").write_text(RECEIVED)
    (place.profile / "screen").write_text(RECEIVED)
    assert set(place.readable()) == {"outbox.sqlite", "replica.sqlite", "screen"}
    desk = start(place.profile)
    await desk.shows("desk synced")
    assert place.readable() == {}
    assert desk.end() == 0
    assert await place.drafts() == [TYPED]
