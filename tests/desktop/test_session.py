"""Where a desk keeps its session: the key ring, or a file where there is none, and how it moves."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.core
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtWidgets import QWidget
from tests.helpers.file_key_ring import FileKeyRing
from tests.helpers.until import until
from tests.helpers.views import shown

from agentdesk.app.desk_vault import DeviceKeyKeeper, KeyLost
from agentdesk.app.session import SessionKeeper
from agentdesk.base import key_ring
from agentdesk.base.key_ring import KeyRing, NoKeyRing
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.settings import SettingsFile
from agentdesk.sync.desk_key import DeviceKey


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileKeyRing:
    """A key ring that works."""
    monkeypatch.setenv("TEST_KEY_RING", str(tmp_path / "ring.json"))
    made = FileKeyRing()
    monkeypatch.setattr(keyring.core, "_keyring_backend", made)
    return made


@pytest.fixture
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer as the tests run on: the library finds no key ring."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


def _keeper(profile: Path) -> SessionKeeper:
    """As after a start of the program: the settings are read anew."""
    return SessionKeeper(profile, SettingsFile(profile / "settings.json"))


async def test_a_session_goes_into_the_key_ring_and_nowhere_else(tmp_path: Path, ring: FileKeyRing) -> None:
    profile = tmp_path / "desk"
    assert not _keeper(profile).exists
    await _keeper(profile).keep("the token")
    assert _keeper(profile).exists
    assert await _keeper(profile).read() == "the token"
    assert list(ring.content().values()) == ["the token"]
    assert not any("the token" in path.read_text() for path in profile.iterdir())


@pytest.mark.usefixtures("no_ring")
async def test_without_a_key_ring_it_lies_in_a_file_of_this_account(tmp_path: Path) -> None:
    profile = tmp_path / "desk"
    await _keeper(profile).keep("the token")
    assert stat.S_IMODE((profile / "session").stat().st_mode) == 0o600
    assert _keeper(profile).exists
    assert await _keeper(profile).read() == "the token"


@pytest.mark.usefixtures("no_ring")
async def test_an_open_file_is_closed_to_others_when_a_new_session_is_kept(tmp_path: Path) -> None:
    profile = tmp_path / "desk"
    profile.mkdir()
    (profile / "session").write_text("the old one")
    (profile / "session").chmod(0o644)
    await _keeper(profile).keep("the token")
    assert stat.S_IMODE((profile / "session").stat().st_mode) == 0o600
    assert (profile / "session").read_text() == "the token"


async def test_a_session_in_a_file_moves_once_there_is_a_key_ring(tmp_path: Path, ring: FileKeyRing) -> None:
    profile = tmp_path / "desk"
    profile.mkdir()
    (profile / "session").write_text("the token")
    await _keeper(profile).move_to_ring()
    assert not (profile / "session").exists()
    assert await _keeper(profile).read() == "the token"
    await _keeper(profile).move_to_ring()
    assert list(ring.content().values()) == ["the token"]


@pytest.mark.usefixtures("no_ring")
async def test_a_session_in_a_file_stays_where_there_is_no_key_ring(tmp_path: Path) -> None:
    profile = tmp_path / "desk"
    profile.mkdir()
    (profile / "session").write_text("the token")
    await _keeper(profile).move_to_ring()
    assert await _keeper(profile).read() == "the token"


async def test_a_dropped_session_is_not_taken_up_again(tmp_path: Path, ring: FileKeyRing) -> None:
    profile = tmp_path / "desk"
    await _keeper(profile).keep("the token")
    _keeper(profile).drop()
    assert not _keeper(profile).exists
    assert await _keeper(profile).read() == ""


async def test_a_forgotten_session_is_in_no_place(tmp_path: Path, ring: FileKeyRing) -> None:
    profile = tmp_path / "desk"
    keeper = _keeper(profile)
    await asyncio.gather(keeper.keep("the token"), keeper.forget())
    assert ring.content() == {}
    assert not _keeper(profile).exists
    await keeper.keep("the next one")
    assert await _keeper(profile).read() == "the next one"


async def test_without_a_key_ring_a_forgotten_session_is_gone_too(tmp_path: Path, no_ring: None) -> None:
    profile = tmp_path / "desk"
    await _keeper(profile).keep("the token")
    await _keeper(profile).forget()
    assert not (profile / "session").exists()
    assert not _keeper(profile).exists


def test_the_library_is_not_imported_before_it_is_asked() -> None:
    """The window must be there first, and the library takes a tenth of a second."""
    look = "import sys, agentdesk.app.desktop, agentdesk.app.session; print('keyring' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


async def test_two_profiles_have_two_sessions(tmp_path: Path, ring: FileKeyRing) -> None:
    await _keeper(tmp_path / "one").keep("first")
    await _keeper(tmp_path / "two").keep("second")
    assert await _keeper(tmp_path / "one").read() == "first"
    assert await _keeper(tmp_path / "two").read() == "second"


async def test_a_key_ring_that_fails_later_asks_for_a_new_sign_in(tmp_path: Path, ring: FileKeyRing) -> None:
    profile = tmp_path / "desk"
    await _keeper(profile).keep("the token")
    (tmp_path / "ring.json").write_text("locked")
    assert await _keeper(profile).read() == ""
    await _keeper(profile).keep("a new one")
    assert await _keeper(profile).read() == "a new one"
    assert (profile / "session").exists()


async def test_what_is_forgotten_is_gone(ring: FileKeyRing) -> None:
    await KeyRing().write("name", "secret")
    await KeyRing().forget("name")
    await KeyRing().forget("name")
    assert await KeyRing().read("name") is None


@pytest.mark.parametrize(
    ("mode", "in_ring", "told"), [("team", False, True), ("team", True, False), ("alone", False, False)]
)
async def test_the_menu_says_when_a_sign_in_lies_in_a_file(
    tmp_path: Path, mode: str, in_ring: bool, told: bool
) -> None:
    settings = SettingsFile(tmp_path / "settings.json")
    settings.change(mode=mode)
    async with shown(QWidget(), 200, 100) as window:
        menu = MyMenu(window, settings).menu
        settings.change(session_in_ring=in_ring)
        menu.aboutToShow.emit()
        seen = [action.text() for action in menu.actions() if action.isVisible()]
        assert ("Your sign-in and this desk's key are kept in files: no key ring is used" in seen) is told


class _Silent(KeyringBackend):
    """A key ring that waits for somebody to unlock it."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.unlocked.wait()
        return "late"

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait()

    def delete_password(self, service: str, username: str) -> None:
        self.unlocked.wait()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Silent]:
    made = _Silent()
    monkeypatch.setattr(keyring.core, "_keyring_backend", made)
    yield made
    made.unlocked.set()


def _asking() -> bool:
    return any(thread.name == "key ring" for thread in threading.enumerate())


async def test_a_key_ring_that_waits_holds_nothing_up(silent: _Silent) -> None:
    reading = asyncio.ensure_future(KeyRing().read("name"))
    await until(_asking)
    assert not reading.done()  # and this line was reached: the loop goes on
    silent.unlocked.set()
    assert await reading == "late"


async def test_a_key_ring_that_never_answers_counts_as_none(
    silent: _Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "_SECONDS", 0.05)
    with pytest.raises(NoKeyRing):
        await KeyRing().read("name")
    silent.unlocked.set()
    await until(lambda: not _asking(), what="the thread ends")


def _put(ring: FileKeyRing, name: str, secret: str) -> None:
    service, account = name.split("/", 1)
    ring.set_password(service, account, secret)


class TestTheKey:
    """This computer's half of the key of what a desk keeps."""

    @staticmethod
    def _of(profile: Path, person: str = "ana@desk.test") -> DeviceKeyKeeper:
        return DeviceKeyKeeper(profile, SettingsFile(profile / "settings.json"), person)

    @staticmethod
    def _unsent(profile: Path, key: DeviceKey) -> Path:
        """Something that only this key opens."""
        outbox = profile / f"desk-{key.id.hex}" / "outbox.sqlite"
        outbox.parent.mkdir(parents=True)
        outbox.write_bytes(b"locked")
        return outbox

    async def test_a_key_ring_that_lost_it_is_told_and_nothing_is_made_in_its_place(
        self, tmp_path: Path, ring: FileKeyRing
    ) -> None:
        key = await self._of(tmp_path).get()
        outbox = self._unsent(tmp_path, key)
        (name, text) = next(iter(ring.content().items()))
        for loss in ("", text[:-2]):  # gone, or damaged
            _put(ring, name, loss)
            for _ in range(2):
                with pytest.raises(KeyLost) as lost:
                    await self._of(tmp_path).get()
            assert str(outbox.parent) in str(lost.value.hint)
        other = await self._of(tmp_path, "bo@desk.test").get()  # nothing of theirs is lost
        assert other != key
        _put(ring, name, text)  # from a back-up
        assert await self._of(tmp_path).get() == key

    async def test_who_begins_anew_gets_another_and_what_was_locked_stays(
        self, tmp_path: Path, ring: FileKeyRing
    ) -> None:
        key = await self._of(tmp_path).get()
        outbox = self._unsent(tmp_path, key)
        _put(ring, next(iter(ring.content())), "")
        new = await self._of(tmp_path).make()
        assert new != key
        assert await self._of(tmp_path).get() == new
        assert outbox.read_bytes() == b"locked"

    async def test_where_nothing_is_locked_nothing_is_lost(self, tmp_path: Path, ring: FileKeyRing) -> None:
        key = await self._of(tmp_path).get()
        _put(ring, next(iter(ring.content())), "")
        assert await self._of(tmp_path).get() != key

    @pytest.mark.usefixtures("no_ring")
    async def test_a_file_that_is_damaged_is_set_aside(self, tmp_path: Path) -> None:
        key = await self._of(tmp_path).get()
        (file,) = tmp_path.glob("key-*")
        text = file.read_text()
        file.write_text(text[:40])
        self._unsent(tmp_path, key)
        with pytest.raises(KeyLost):
            await self._of(tmp_path).get()
        new = await self._of(tmp_path).make()
        assert await self._of(tmp_path).get() == new
        assert file.with_name(f"{file.name}.damaged").read_text() == text[:40]
