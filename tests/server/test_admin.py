"""``agentdesk admin``: every verb, and one clear sentence for everything it cannot do."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import insert, select
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import run_aside
from tests.helpers.processes import free_port
from tests.helpers.smtp import SmtpServer

from agentdesk import cli
from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.server import keys
from agentdesk.server.account_context import open_account
from agentdesk.server.admin import channel_id
from agentdesk.server.auth import Authenticator, NotAuthenticated
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.store.facts import put_fact
from agentdesk.store.lock import FolderLock
from agentdesk.store.tables import account_cursor, account_secret, contact, contact_identity, user
from agentdesk.sync.changelog import MOVED_NAME

SETTINGS = ("address=help@desk.test", "imap.host=imap.desk.test", "smtp.host=smtp.desk.test")


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Admin:
    """Runs admin commands on one database inside this process."""

    def __init__(self, url: str, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.url = url
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        status = cli.main(["admin", "--database", self.url, *arguments])
        printed = self._capture.readouterr()
        return Said(status, printed.out, printed.err)

    def works(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must work and return what it printed."""
        said = self(*arguments, stdin=stdin)
        assert said.status == 0, said
        assert said.err == ""
        return said.out

    def refuses(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that must not, and return its one line."""
        said = self(*arguments, stdin=stdin)
        assert said.status == 1, said
        assert said.out == ""
        assert len(said.err.splitlines()) == 1
        assert said.err.rstrip().endswith((".", "now", "all"))
        assert "{" not in said.err
        return said.err

    def add_channel(
        self, *more: str, name: str = "Mail", sets: tuple[str, ...] = SETTINGS
    ) -> tuple[str, ...]:
        """The arguments that add an email account."""
        given = [part for pair in sets for part in ("--set", pair)]
        return ("channel", "add", "email", "--inbox", "Support", "--name", name, *given, *more)

    def channels(self) -> list[dict[str, str | None]]:
        """What ``channel list --json`` says."""
        listed: list[dict[str, str | None]] = json.loads(self.works("channel", "list", "--json"))
        return listed


@pytest.fixture
def admin(
    migrated_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Admin:
    monkeypatch.setattr(keys, "config_dir", lambda: tmp_path / "config")
    return Admin(migrated_url, capsys, monkeypatch)


def add_person(*more: str, email: str = "ana@desk.test") -> tuple[str, ...]:
    return ("user", "add", email, "--name", "Ana", "--password-stdin", *more)


def test_an_empty_database_is_set_up_by_the_first_command(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Admin(database_url, capsys, monkeypatch)
    assert "Support" in admin.works("inbox", "add", "Support")


def test_a_person_can_sign_in_after_being_added(admin: Admin) -> None:
    admin.works(*add_person("--role", "supervisor"), stdin="correct horse\r\n")

    async def role() -> str:
        db = Database(admin.url)
        try:
            token, user_id = await Authenticator(db).sign_in("ana@desk.test", "correct horse", "")
            assert token
            async with db.read() as conn:
                return str(await conn.scalar(select(user.c.role).where(user.c.id == user_id)))
        finally:
            await db.close()

    assert run_aside(role()) == "supervisor"
    assert "already" in admin.refuses(*add_person(email="ANA@desk.test"), stdin="correct horse\n")


def test_addresses_and_passwords_that_are_none_are_refused(admin: Admin) -> None:
    too_long = "a" * 330 + "@b"
    for email in (
        "",
        " ",
        "ana",
        "@desk.test",
        "ana@",
        "a@b@c",
        "a b@desk.test",
        "a\n@b",
        "\udcff@b",
        too_long,
    ):
        assert "no e-mail address" in admin.refuses(*add_person(email=email), stdin="correct horse\n")
    for password, word in (
        ("", "8 characters"),
        ("\n", "8 characters"),
        ("seven77\n", "8 characters"),
        ("x" * 1001, "1000 characters"),  # no desk could send it
        ("correct \udcff horse\n", "can be typed"),
        ("correct\thorse\n", "can be typed"),
    ):
        assert word in admin.refuses(*add_person(), stdin=password)


def test_names_that_cannot_be_shown_are_refused(admin: Admin) -> None:
    admin.works("inbox", "add", "Support")
    for name in ("", "  ", "x" * 201, "two\nlines", "\udcff"):
        admin.refuses("inbox", "add", name)
        admin.refuses("token", "create", "--name", name)
        admin.refuses(*admin.add_channel(name=name))


def test_an_inbox_is_added_once(admin: Admin) -> None:
    admin.works("inbox", "add", "Löschung & 返品")
    assert "already" in admin.refuses("inbox", "add", " Löschung & 返品 ")


def test_a_token_is_the_last_word(admin: Admin) -> None:
    token = admin.works("token", "create", "--name", "shop").split()[-1]

    async def known() -> bool:
        db = Database(admin.url)
        try:
            return await Authenticator(db).user_for(token) is not None
        finally:
            await db.close()

    assert run_aside(known())


def test_a_programs_token_is_listed_and_revoked(admin: Admin) -> None:
    tokens = [admin.works("token", "create", "--name", name).split()[-1] for name in ("shop", "Report")]
    listed = [line.split("\t") for line in admin.works("token", "list").splitlines()]
    assert [line[0] for line in listed] == ["Report", "shop"]
    assert not any(token in str(listed) for token in tokens)
    assert "shop" in admin.works("token", "revoke", listed[1][3])

    async def known() -> list[bool]:
        db = Database(admin.url)
        try:
            return [await Authenticator(db).user_for(token) is not None for token in tokens]
        finally:
            await db.close()

    assert run_aside(known()) == [False, True]
    for which in (listed[1][3], "shop", str(new_id())):
        assert "no token of that id" in admin.refuses("token", "revoke", which)


def test_a_person_gets_another_password(admin: Admin) -> None:
    admin.works(*add_person(), stdin="correct horse\n")

    async def sign_in(password: str) -> str:
        db = Database(admin.url)
        try:
            return (await Authenticator(db).sign_in("ana@desk.test", password, ""))[0]
        finally:
            await db.close()

    async def lets_in(token: str) -> bool:
        db = Database(admin.url)
        try:
            return await Authenticator(db).user_for(token) is not None
        finally:
            await db.close()

    before = run_aside(sign_in("correct horse"))
    change = ("user", "password", "ana@desk.test", "--password-stdin")
    assert "8 characters" in admin.refuses(*change, stdin="short\n")
    assert run_aside(lets_in(before))
    assert "1 sign-in has ended." in admin.works(*change, stdin="battery staple\n")
    assert not run_aside(lets_in(before))
    with pytest.raises(NotAuthenticated):
        run_aside(sign_in("correct horse"))
    assert run_aside(sign_in("battery staple"))
    unknown = ("user", "password", "bo@desk.test", "--password-stdin")
    assert "no person" in admin.refuses(*unknown, stdin="battery staple\n")


def test_a_person_gets_another_role(admin: Admin) -> None:
    admin.works(*add_person("--role", "admin"), stdin="correct horse\n")
    assert "last administrator" in admin.refuses("user", "role", "ana@desk.test", "agent")
    admin.works(*add_person(email="bo@desk.test"), stdin="correct horse\n")
    assert "supervisor" in admin.works("user", "role", "BO@desk.test", "supervisor")
    listed = [line.split("\t") for line in admin.works("user", "list").splitlines()]
    assert [(line[0], line[2]) for line in listed] == [
        ("ana@desk.test", "admin"),
        ("bo@desk.test", "supervisor"),
    ]
    assert "export" in listed[1][5]
    assert "no person" in admin.refuses("user", "role", "cy@desk.test", "admin")


def test_who_works_in_an_inbox_is_said(admin: Admin) -> None:
    admin.works(*add_person(), stdin="correct horse\n")
    admin.works("inbox", "add", "Support")
    assert "has none" in admin.works("inbox", "access", "Support", "members")
    assert "member" in admin.works("inbox", "join", "Support", "ANA@desk.test")
    admin.works("inbox", "join", "Support", "ana@desk.test")  # again: nothing more
    assert "Only its members" in admin.works("inbox", "access", "Support", "members")
    assert admin.works("inbox", "list") == "Support\tmembers\t-\t-\tana@desk.test\n"
    assert "no member" in admin.works("inbox", "leave", "Support", "ana@desk.test")
    assert "no member" in admin.refuses("inbox", "leave", "Support", "ana@desk.test")
    assert "Every agent" in admin.works("inbox", "access", "Support", "everyone")
    assert admin.works("inbox", "list") == "Support\teveryone\t-\t-\t-\n"
    assert "no person" in admin.refuses("inbox", "join", "Support", "bo@desk.test")
    for verb, what in (("access", "members"), ("join", "ana@desk.test"), ("leave", "ana@desk.test")):
        assert "no inbox named Sales" in admin.refuses("inbox", verb, "Sales", what)


def test_a_channel_is_listed_paused_and_resumed(admin: Admin) -> None:
    assert admin.channels() == []
    admin.works("inbox", "add", "Support")
    admin.works(*admin.add_channel())
    (listed,) = admin.channels()
    assert listed == {
        "name": "Mail",
        "channel": "email",
        "inbox": "Support",
        "address": "help@desk.test",
        "state": "starting",
        "problem": "",
        "complete_until": None,
    }
    admin.works("channel", "pause", "Mail")
    assert admin.channels()[0]["state"] == "paused"
    assert admin.works("channel", "list").split("\t")[:5] == [
        "Mail", "email", "Support", "help@desk.test", "paused\n"
    ]  # fmt: skip
    admin.works("channel", "resume", "Mail")
    assert admin.channels()[0]["state"] == "starting"
    assert "already" in admin.refuses(*admin.add_channel())
    for verb in ("pause", "resume", "test"):
        assert "no channel named Other" in admin.refuses("channel", verb, "Other")


def test_a_channel_gets_other_settings_and_another_secret(
    admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.works("inbox", "add", "Support")
    admin.works(*admin.add_channel("--secret", "password=-", "--set", "imap.port=1143"), stdin="first\n")
    before = settings_of(admin.url)
    said = admin.works("channel", "set", "Mail", "--set", "imap.host=new.desk.test", "--set", "imap.port=")
    assert "Mail" in said
    admin.works("channel", "set", "Mail", "--set", "address=New@desk.test")
    assert settings_of(admin.url) == {
        **before,
        "imap.host": "new.desk.test",
        "imap.port": None,
        "address": "New@desk.test",
    }
    assert admin.channels()[0]["address"] == "new@desk.test"
    assert secret_of(admin.url)[0] == "first"
    file = tmp_path / "password"
    file.write_text("second\n", encoding="utf-8")
    monkeypatch.setenv("MAIL_PASSWORD", "fourth")
    for source, stdin, password in ((f"file:{file}", "", "second"), ("-", "third\n", "third")):
        admin.works("channel", "set", "Mail", "--secret", f"password={source}", stdin=stdin)
        opened, sealed = secret_of(admin.url)
        assert opened == password
        assert password.encode() not in sealed
    admin.works("channel", "set", "Mail", "--secret", "password=env:MAIL_PASSWORD", "--set", "imap.port=1")
    assert (secret_of(admin.url)[0], settings_of(admin.url)["imap.port"]) == ("fourth", 1)


def test_a_channel_is_not_changed_by_halves(admin: Admin) -> None:
    admin.works("inbox", "add", "Support")
    admin.works(*admin.add_channel("--secret", "password=-"), stdin="first\n")
    before = settings_of(admin.url)
    for more, word in (
        ((), "--set"),
        (("--set", "imap.port=many"), "imap.port"),
        (("--set", "address="), "address"),
        (("--set", "no.such=setting"), "no.such"),
        (("--set", "password=swordfish"), "secret"),
        (("--set", "imap.host"), "NAME=VALUE"),
        (("--secret", "password=swordfish"), "env:VARIABLE"),
        (("--secret", "pin=-"), "no secret pin"),
        (("--set", "imap.host=other.test", "--secret", "pin=-"), "no secret pin"),
        (("--set", "imap.security=some", "--secret", "password=-"), "imap.security"),
    ):
        said = admin.refuses("channel", "set", "Mail", *more, stdin="second\n")
        assert word in said
        assert "swordfish" not in said
    assert "no channel named Other" in admin.refuses("channel", "set", "Other", "--set", "imap.port=1")
    assert settings_of(admin.url) == before
    assert secret_of(admin.url)[0] == "first"


def settings_of(url: str) -> dict[str, object]:
    """The stored settings of the account."""

    async def read() -> dict[str, object]:
        db = Database(url)
        try:
            async with db.read() as conn:
                found: dict[str, object] = await conn.scalar(select(account_cursor.c.settings))
            return found
        finally:
            await db.close()

    return run_aside(read())


def secret_of(url: str) -> tuple[str | None, bytes]:
    """The password of the account ``Mail``: as a connector gets it, and as it is stored."""

    async def read() -> tuple[str | None, bytes]:
        db = Database(url)
        try:
            account_id = await channel_id(db, "Mail")
            _module, opened, context = await open_account(db, await open_vault(db), account_id)
            await opened.close()
            async with db.read() as conn:
                stored = await conn.scalar(select(account_secret.c.sealed))
            return context.secrets.get("password"), bytes(stored or b"")
        finally:
            await db.close()

    return run_aside(read())


@pytest.mark.parametrize("source", ["env:MAIL_PASSWORD", "file", "-"])
def test_a_secret_comes_from_where_it_is_said_to_be(
    admin: Admin, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = "pässword = with: signs"
    monkeypatch.setenv("MAIL_PASSWORD", password)
    file = tmp_path / "password"
    file.write_text(f"{password}\n", encoding="utf-8")
    admin.works("inbox", "add", "Support")
    given = f"file:{file}" if source == "file" else source
    admin.works(*admin.add_channel("--secret", f"password={given}"), stdin=f"{password}\n")
    opened, sealed = secret_of(admin.url)
    assert opened == password
    assert password.encode() not in sealed


def test_secrets_that_cannot_be_read_are_named(admin: Admin, tmp_path: Path) -> None:
    admin.works("inbox", "add", "Support")
    for given, word in (
        ("password=env:NO_SUCH_VARIABLE", "NO_SUCH_VARIABLE"),
        (f"password=file:{tmp_path}", str(tmp_path)),
        (f"password=file:{tmp_path / 'missing'}", "missing"),
        ("password=swordfish", "env:VARIABLE"),
        ("password=env:", "env:VARIABLE"),
        ("password", "NAME=VALUE"),
        ("pin=-", "no secret pin"),
    ):
        said = admin.refuses(*admin.add_channel("--secret", given))
        assert word in said
        assert "swordfish" not in said
    assert admin.channels() == []


def test_settings_that_cannot_be_used_are_named(admin: Admin) -> None:
    admin.works("inbox", "add", "Support")
    for pair, word in (
        ("imap.port=many", "imap.port"),
        ("imap.port=70000", "imap.port"),
        ("imap.security=some", "imap.security"),
        ("history=days:x", "history"),
        ("history=later", "history"),
        ("address=nobody", "address"),
        ("address=", "address"),
        ("no.such=setting", "no.such"),
        ("password=swordfish", "secret"),
        ("imap.host", "NAME=VALUE"),
        ("=x", "NAME=VALUE"),
    ):
        said = admin.refuses(*admin.add_channel(sets=(*SETTINGS, pair)))
        assert word in said
        assert "swordfish" not in said
    assert admin.channels() == []


def test_unknown_inboxes_and_channels_are_named(admin: Admin) -> None:
    assert "no inbox named Support" in admin.refuses(*admin.add_channel())
    said = admin.refuses("channel", "add", "telepathy", "--inbox", "Support", "--name", "Mind")
    assert "telepathy" in said
    assert "email" in said


def test_who_else_names_a_customer_is_told_before_an_erasure(admin: Admin) -> None:
    who = {"id": new_id(), "ver": 1, "created_at": clock.now()}
    words = dict.fromkeys(("company", "place", "language", "time_zone", "notes"), "")
    address = {"kind": "email", "value": "zelda@x.example", "display": "", "verified": False}

    async def add() -> None:
        db = Database(admin.url)
        await db.migrate()
        async with db.write() as conn:
            await conn.execute(insert(contact).values(**who, **words, name="Zelda", fields={}, blocked=False))
            known = {**address, "id": new_id(), "contact_id": who["id"], "ver": 1}
            await conn.execute(insert(contact_identity).values(**known, created_at=clock.now()))
        await db.close()

    run_aside(add())
    said = admin.works("contact", "erase", "zelda@x.example", "--dry-run")
    assert said == "No conversation with somebody else names this customer.\n"
    assert "cannot be undone" in admin.refuses("contact", "erase", "zelda@x.example")


def test_a_hold_is_for_a_conversation_that_is_there(admin: Admin) -> None:
    assert "no conversation 7" in admin.refuses("conversation", "mark", "7", "--hold", "yes")
    for number in ("x", "²", "9" * 25):
        assert "number or its id" in admin.refuses("conversation", "mark", number, "--hold", "no")
    assert admin.works("conversation", "holds") == ""


def test_how_long_things_are_kept_is_a_number_of_days(admin: Admin) -> None:
    for days in ("abc", "²", "-5", "9" * 20, "1.5", ""):
        assert "number of days" in admin.refuses("retention", "set", "conversations", days)
    for days in ("0", "36501", "999999999"):
        assert "1 to 36500" in admin.refuses("retention", "set", "conversations", days)
    assert "no inbox named Sales" in admin.refuses("retention", "set", "raw", "30", "--inbox", "Sales")
    assert admin.works("retention", "set", "conversations", "36500") == "*\tconversations\t36500\n"
    assert admin.works("retention", "run", "--dry-run") == ""
    assert admin.works("retention", "set", "conversations", "never") == ""


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("mysql://localhost/x", "sqlite:///"),
        ("nonsense", "sqlite:///"),
        ("sqlite://", "sqlite:///"),
        ("sqlite:////dev/null/x.db", "folder"),
        (f"postgresql://nobody@127.0.0.1:{free_port()}/x", "database server"),
        ("postgresql://nobody@127.0.0.1:notaport/x", "sqlite:///"),
    ],
)
def test_databases_that_cannot_be_used_are_told(
    url: str, word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert word in Admin(url, capsys, monkeypatch).refuses("inbox", "add", "Support")


def test_a_database_that_was_moved_is_left_alone(admin: Admin) -> None:
    admin.works(*add_person(), stdin="correct horse\n")

    async def moved() -> None:
        db = Database(admin.url)
        async with db.write() as conn:
            await put_fact(conn, MOVED_NAME, "postgresql://new.test/desk")
        await db.close()

    run_aside(moved())
    for arguments in (("user", "deactivate", "ana@desk.test"), ("inbox", "add", "Sales"), ("user", "list")):
        assert "postgresql://new.test/desk" in admin.refuses(*arguments)
    assert "user add" in admin.works("audit", "list")
    assert "taken up" in admin.works("adopt-restore")
    assert "ana@desk.test" in admin.works("user", "list")


def test_a_database_is_not_taken_up_under_a_running_server(
    migrated_sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Admin(migrated_sqlite_url, capsys, monkeypatch)
    with FolderLock(Path(migrated_sqlite_url.removeprefix("sqlite:///")).parent):
        assert "already running" in admin.refuses("adopt-restore")
        assert "already running" in admin.refuses("move", "--to", "postgresql://nobody@127.0.0.1/x")
    assert "taken up" in admin.works("adopt-restore")


def test_a_file_that_is_no_database_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database at all.\n" * 100)
    said = Admin(f"sqlite:///{file}", capsys, monkeypatch).refuses("channel", "list", "--json")
    assert "not a database" in said
    assert file.read_text().startswith("Not a database")


def test_a_lost_key_is_told(admin: Admin, tmp_path: Path) -> None:
    admin.works("inbox", "add", "Support")
    admin.works(*admin.add_channel("--secret", "password=-"), stdin="secret\n")
    (key,) = tmp_path.rglob("*.key")
    key.unlink()
    assert str(key) in admin.refuses("channel", "test", "Mail")


@pytest.mark.dovecot
def test_the_settings_of_a_channel_are_tried(admin: Admin, mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    smtp_server.post_office.add(mailbox)
    sets = (
        f"address={mailbox.address}",
        "imap.host=127.0.0.1",
        f"imap.port={mailbox.port}",
        "imap.security=none",
        "smtp.host=127.0.0.1",
        f"smtp.port={smtp_server.port}",
        "smtp.security=none",
    )
    admin.works("inbox", "add", "Support")
    admin.works(*admin.add_channel("--secret", "password=-", sets=sets), stdin=f"{mailbox.password}\n")
    lines = admin.works("channel", "test", "Mail").splitlines()
    assert lines
    assert {line.split("\t")[0] for line in lines} == {"ok"}
    mailbox.change_password()
    said = admin("channel", "test", "Mail")
    assert said.status == 1
    assert said.out.splitlines()[-1].startswith("failed\t")
    assert "password" in said.out.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("user",),
        ("user", "add"),
        ("user", "add", "a@b.test", "--name", "A"),
        ("user", "add", "a@b.test", "--name", "A", "--role", "king", "--password-stdin"),
        ("channel", "add", "email", "--name", "Mail"),
        ("token", "create"),
        ("user", "role", "a@b.test", "king"),
        ("inbox", "access", "Support", "nobody"),
        ("audit", "list", "--limit", "-3"),
        ("audit", "list", "--limit", "9" * 30),
        ("audit", "list", "--limit", "²"),
        ("paint",),
    ],
)
def test_a_wrong_call_is_explained(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["admin", "--database", "sqlite:///x.db", *arguments])
    assert ended.value.code == cli.USAGE
    assert "usage:" in capsys.readouterr().err
