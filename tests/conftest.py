"""Fixtures for every test: databases, mail servers, programs, and the watch for what a test leaves behind."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # never the key ring of who tests
os.environ["PGSSLMODE"] = "disable"  # the server of the tests has no TLS: nobody needs to ask it
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False  # else each of the programs started here compiles all it imports anew

import pytest
from hypothesis import settings

from tests.helpers.accepting import mend_accepting
from tests.helpers.certificates import Certificates, make_certificates
from tests.helpers.cheap_hashes import cheapen_hashes
from tests.helpers.company import Company, found_company
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot
from tests.helpers.leftovers import ErrorLog, LoopWatch, leftover_threads, threads_now
from tests.helpers.pgbouncer import PgBouncer, find_pgbouncer
from tests.helpers.postgres import PostgresServer, find_binaries, run_aside
from tests.helpers.processes import need
from tests.helpers.program import Programs
from tests.helpers.proxy import Proxy
from tests.helpers.scratch import keep_files_in_memory
from tests.helpers.smtp import PostOffice, SmtpServer

if TYPE_CHECKING:
    from tests.widget.browser import Chromium

mend_accepting()
cheapen_hashes()
keep_files_in_memory()
settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

_ON_THE_QT_LOOP = {"desktop", "scenarios", "screens"}
_HERE = Path(__file__).parent


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Run the tests of everything with a window on the Qt loop, all others on plain asyncio."""
    if _room(item.path) in _ON_THE_QT_LOOP:
        return {"qt": _new_qt_loop}
    return {"asyncio": asyncio.new_event_loop}


def _new_qt_loop() -> asyncio.AbstractEventLoop:
    from PySide6.QtWidgets import QApplication

    from agentdesk.desktop.loop import DeskEventLoop

    app = QApplication.instance() or QApplication(["agentdesk-tests"])
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)
    _qt_applications.add(app)
    return DeskEventLoop(app)


_qt_applications: set[object] = set()  # Qt's application lives as long as somebody in Python holds it


def _room(path: Path) -> str:
    return path.relative_to(_HERE).parts[0] if path.is_relative_to(_HERE) else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use and where they live, so that ``-m`` can choose among them."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "postgres" in names:
            item.add_marker("postgres")
        if "dovecot_server" in names:
            item.add_marker("dovecot")
        if "chromium" in names:
            item.add_marker("chromium")
        room = _room(item.path)
        if room == "scenarios":
            item.add_marker("scenario")
        elif room == "faults":
            item.add_marker("faults")


# --- databases ---


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test run."""
    binaries = find_binaries()
    need(binaries, "PostgreSQL (Debian's package postgresql)")
    assert binaries is not None
    server = PostgresServer(binaries)
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The ``postgresql://`` URL of an empty database.

    Ask for it before what connects to it in this process: a desk that still is, while its loop waits for the
    database to be dropped, may be in the middle of signing in, which PostgreSQL gives a minute.
    """
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["transaction", "session"])
def pgbouncer_url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """The URL of an empty database behind a PgBouncer in either mode."""
    program = find_pgbouncer()
    need(program, "PgBouncer (Debian's package pgbouncer)")
    assert program is not None
    bouncer = PgBouncer(program, postgres_url, request.param)
    yield bouncer.url
    bouncer.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The ``sqlite:///`` URL of a database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'agentdesk.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_template(postgres: PostgresServer) -> str:
    name = postgres.create_database()
    _migrate(postgres.url(name))
    return name


def _migrate(url: str) -> None:
    from agentdesk.store.engine import Database

    async def migrate() -> None:
        database = Database(url)
        await database.migrate()
        await database.close()

    run_aside(migrate())


@pytest.fixture
def migrated_sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """Like `sqlite_url`, with all tables in place already: a copy, which is much quicker than migrating."""
    copy = tmp_path / "agentdesk.db"
    shutil.copyfile(_sqlite_template, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def migrated_postgres_url(_postgres_template: str, postgres: PostgresServer) -> Iterator[str]:
    """Like `postgres_url`, with all tables in place already."""
    name = postgres.create_database(_postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Like `database_url`, with all tables in place already."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


# --- mail ---


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority nobody trusts by itself, and a certificate for the loopback address signed by it."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[DovecotServer]:
    program = find_dovecot()
    need(program, "Dovecot (Debian's package dovecot-imapd)")
    assert program is not None
    server = DovecotServer(program)
    yield server
    server.close()


@pytest.fixture
def dovecot(dovecot_server: DovecotServer) -> DovecotServer:
    """The Dovecot server of this test run; started again when the test before stopped it."""
    if not dovecot_server.running:
        dovecot_server.start()
    return dovecot_server


@pytest.fixture
def post_office() -> PostOffice:
    """Knows which address of the local domain belongs to which mailbox of this test."""
    return PostOffice()


class NewMailbox(Protocol):
    """Makes mailboxes: ``new_mailbox("support")`` has the address ``support@desk.test``."""

    def __call__(self, name: str | None = None) -> Mailbox: ...


@pytest.fixture
def new_mailbox(dovecot: DovecotServer, post_office: PostOffice) -> NewMailbox:
    """Makes further mailboxes on Dovecot; mail sent to their addresses through `smtp_server` arrives."""

    def make(name: str | None = None) -> Mailbox:
        mailbox = dovecot.new_mailbox(name)
        post_office.add(mailbox)
        return mailbox

    return make


@pytest.fixture
def mailbox(new_mailbox: NewMailbox) -> Mailbox:
    """An empty mailbox of a new user on a real Dovecot."""
    return new_mailbox()


@pytest.fixture
def smtp_server(certificates: Certificates, post_office: PostOffice) -> Iterator[SmtpServer]:
    """A real SMTP server; its `faults` break things, its `received` tells what it took."""
    server = SmtpServer(certificates, post_office)
    yield server
    server.close()


@pytest.fixture
def new_proxy() -> Iterator[Callable[[int], Proxy]]:
    """Makes proxies in front of a port of 127.0.0.1, to disturb what passes."""
    proxies: list[Proxy] = []

    def make(target_port: int) -> Proxy:
        proxies.append(Proxy(target_port))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


# --- a browser ---


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A running Chromium without a window."""
    from tests.widget.browser import Chromium, find_chromium

    program = find_chromium()
    need(program, "Chromium (Debian's package chromium)")
    assert program is not None
    browser = Chromium(program)
    yield browser
    browser.close()


# --- programs ---


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Starts ``agentdesk`` programs; whatever still runs after the test is killed."""
    started = Programs(tmp_path)
    yield started
    started.close()


class NewCompany(Protocol):
    """Founds a company: ``new_company(url)`` has its data on that database; its server is not started yet."""

    def __call__(self, database: str) -> Company: ...


@pytest.fixture
def new_company(programs: Programs, tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer) -> NewCompany:
    """Founds a company that reads `mailbox`, sends by `smtp_server`, and has Ana as its agent."""

    def found(database: str) -> Company:
        return found_company(programs, database, tmp_path / "data", mailbox, smtp_server)

    return found


# --- what a test leaves behind ---


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what the tests that inject faults have counted."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    for report in reports:
        counted = dict(getattr(report, "user_properties", ())).get("counted")
        if counted is not None and report.when == "call":
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {counted}")


@pytest.fixture(autouse=True)
def _no_logged_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test when an error was logged; ``@pytest.mark.logs_error("pattern")`` says that one must be."""
    log = ErrorLog()
    logging.getLogger().addHandler(log)
    yield
    logging.getLogger().removeHandler(log)
    expected = [marker.args[0] for marker in request.node.iter_markers("logs_error")]
    if complaint := log.complaint(expected):
        pytest.fail(complaint, pytrace=False)


@pytest.fixture(autouse=True)
def _no_leftover_threads(_no_logged_errors: None) -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = threads_now()
    yield
    if left := leftover_threads(before):
        pytest.fail(f"threads still run after the test: {left}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_leftover_tasks(request: pytest.FixtureRequest, _no_leftover_threads: None) -> Iterator[None]:
    """Fail an async test that leaves a task running, or in which a callback or a forgotten task failed.

    It asks for pytest-asyncio's runner by name, so that it ends after every other fixture of the test but
    before the runner cancels what is left.
    """
    if request.node.get_closest_marker("asyncio") is None:
        yield
        return
    runner: asyncio.Runner = request.getfixturevalue("_function_scoped_runner")
    watch = LoopWatch(runner.get_loop())
    yield
    if complaint := runner.run(watch.complaint()):
        pytest.fail(f"left behind on the event loop:\n{complaint}", pytrace=False)
