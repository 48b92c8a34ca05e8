"""Two servers on one PostgreSQL: who was stopped or cut off, and replaced, sends and stores nothing more."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, write
from tests.helpers.faults import FULL
from tests.helpers.postgres import run_aside
from tests.helpers.proxy import Proxy, Trouble
from tests.helpers.smtp import SmtpServer
from tests.helpers.traffic import Traffic, check_traffic
from tests.helpers.until import until_sync

ROUNDS = 40 if FULL else 3
LEASE_SECONDS = 30.0 if FULL else 1.5
LONGEST_SECONDS = 60.0 if FULL else 3.5
_KINDS = ("stop", "stop in the middle of sending", "stall", "cut", "halve", "delay")

_HISTORY = """
CREATE TABLE lease_taken (name text, token bigint, holder text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO lease_taken (name, token, holder) VALUES (NEW.name, NEW.token, NEW.holder); RETURN NULL;
END $$;
CREATE TRIGGER note_lease AFTER UPDATE OF token ON lease FOR EACH ROW
    WHEN (OLD.token <> NEW.token) EXECUTE FUNCTION note_lease();
"""


@dataclass
class Pair:
    """Two servers of one company, each behind a proxy of its own before the database."""

    url: str
    servers: tuple[Company, Company]
    proxies: tuple[Proxy, Proxy]
    smtp: SmtpServer

    def ask(self, question: str) -> list[Any]:
        """The rows that the database answers, asked past all trouble."""

        async def asked() -> list[Any]:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(question))
            finally:
                await connection.close()

        return run_aside(asked())

    def holder(self) -> int:
        """Which of the servers runs the mailbox; waits until one does."""
        ask = "SELECT holder FROM lease WHERE name LIKE 'account:%' AND expires_at > clock_timestamp()"
        (row,) = until_sync(lambda: self.ask(ask), what="a holder")
        names = [(one.data / "holder").read_text() for one in self.servers]
        return names.index(row["holder"])

    def token(self) -> int:
        """The token of the mailbox's lease."""
        return int(self.ask("SELECT token FROM lease WHERE name LIKE 'account:%'")[0]["token"])

    def signal(self, number: int, what: signal.Signals) -> None:
        """Signal one server."""
        program = self.servers[number].program
        assert program is not None
        os.kill(program.pid, what)


@pytest.fixture
def pair(
    new_company: NewCompany,
    postgres_url: str,
    new_proxy: Callable[[int], Proxy],
    smtp_server: SmtpServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Pair:
    monkeypatch.setenv("AGENTDESK_LEASE_SECONDS", str(LEASE_SECONDS))
    company = new_company(postgres_url)
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    proxies = new_proxy(port), new_proxy(port)
    urls = [postgres_url.replace(f":{port}/", f":{one.port}/") for one in proxies]
    servers = [replace(company, data=tmp_path / f"data-{n}", database=url) for n, url in enumerate(urls)]
    for server in servers:
        server.start()
    made = Pair(postgres_url, (servers[0], servers[1]), proxies, smtp_server)
    _run(postgres_url, _HISTORY)
    return made


def _run(url: str, script: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    run_aside(run())


def test_a_server_that_is_replaced_while_it_sends_keeps_the_last_byte_back(
    pair: Pair, new_mailbox: NewMailbox
) -> None:
    customer = new_mailbox()
    write(pair.servers[0].mailbox, customer.address, "A question")
    (row,) = pair.servers[0].wait_for_conversations(1)
    victim = pair.holder()
    other = pair.servers[1 - victim]
    stopped = threading.Event()

    def stop_it() -> None:
        pair.smtp.faults.on_data = None
        pair.signal(victim, signal.SIGSTOP)
        stopped.set()

    pair.smtp.faults.on_data = stop_it
    before = pair.token()
    message = other.reply(row["id"], "An answer")
    assert stopped.wait(30)
    until_sync(lambda: pair.token() > before, 30 + LEASE_SECONDS, what="the other server's turn")
    pair.signal(victim, signal.SIGCONT)
    lost = "another server runs an account now"
    until_sync(lambda: lost in pair.servers[victim].output(), what="the first one's notice")
    other.wait_for_delivery(row["id"], message["id"], "verify")
    assert pair.smtp.received == []


def test_servers_that_are_stopped_or_cut_off_lose_and_double_nothing(
    pair: Pair, new_mailbox: NewMailbox
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}, {ROUNDS} rounds, leases of {LEASE_SECONDS} s")
    customer = new_mailbox()
    traffic = Traffic(pair.servers[0], customer, ROUNDS * 8)
    pair.smtp.faults.byte_delay = 0.001
    traffic.start()
    done: Counter[str] = Counter()
    try:
        for number in range(ROUNDS):
            victim = pair.holder()
            traffic.company = pair.servers[1 - victim]
            time.sleep(dice.uniform(0.0, 0.5))
            kind = _KINDS[number % len(_KINDS)] if FULL else _KINDS[(number + seed) % len(_KINDS)]
            _harm(pair, victim, kind, dice.uniform(min(1.0, LONGEST_SECONDS), LONGEST_SECONDS))
            done[kind] += 1
        pair.smtp.heal()
        until_sync(lambda: not traffic.is_alive(), 60 + ROUNDS * 6, what="all letters answered")
    finally:
        traffic.stopping.set()
        traffic.join()
    assert traffic.statuses <= {409, 503}
    check_traffic(traffic.company, customer, traffic)
    turns = _check_turns(pair)
    print(f"{dict(done)}, {turns} turns of the lease, {len(pair.smtp.received)} mails sent")
    state = "SELECT 1 FROM account_state WHERE state = 'ok'"
    until_sync(lambda: pair.ask(state), what="an account in order")


def _harm(pair: Pair, victim: int, kind: str, seconds: float) -> None:
    """Do harm to the server that runs the mailbox for a while."""
    proxy = pair.proxies[victim]
    if kind.startswith("stop"):
        if kind != "stop":
            _wait_for_data(pair)
        pair.signal(victim, signal.SIGSTOP)
        time.sleep(seconds)
        pair.signal(victim, signal.SIGCONT)
        return
    proxy.trouble = {
        "stall": Trouble(stall=True, refuse=True),
        "cut": Trouble(refuse=True),
        "halve": Trouble(cut_after=1000),
        "delay": Trouble(delay=LEASE_SECONDS / 3, piece=100),
    }[kind]
    if kind == "cut":
        proxy.cut()
    time.sleep(seconds)
    proxy.heal()
    proxy.cut()


def _wait_for_data(pair: Pair) -> None:
    """Wait until somebody is about to send a message, or a moment where nobody is."""
    sending = threading.Event()
    pair.smtp.faults.on_data = sending.set
    sending.wait(1.0)
    pair.smtp.faults.on_data = None


def _check_turns(pair: Pair) -> int:
    """Fail where an attempt began, or a mail arrived, after the lease had gone to the next holder."""
    taken = {row["token"]: row["at"] for row in pair.ask("SELECT token, at FROM lease_taken ORDER BY token")}
    attempts = pair.ask(
        "SELECT o.key, a.lease_token, a.started_at FROM delivery_attempt a"
        " JOIN outbox o ON o.message_id = a.message_id ORDER BY a.started_at"
    )
    for attempt in attempts:
        over = taken.get(attempt["lease_token"] + 1)
        assert over is None or attempt["started_at"] < over, "an attempt began after the lease was lost"
    for mail in pair.smtp.received:
        key = str(message_from_bytes(mail.content, policy=policy.default)["Message-ID"]).strip("<>")
        at = datetime.fromtimestamp(mail.at, UTC)
        mine = [one for one in attempts if one["key"] == key and one["started_at"] <= at]
        over = taken.get(mine[-1]["lease_token"] + 1)
        assert over is None or at < over, "a mail left after the lease was lost"
    keys = Counter(message_from_bytes(mail.content)["Message-ID"] for mail in pair.smtp.received)
    assert max(keys.values()) == 1, "a mail left twice"
    return len(taken)
