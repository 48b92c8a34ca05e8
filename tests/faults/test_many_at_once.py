"""Very much mail in one mailbox at once, and a server that is killed meanwhile: all of it is there once, and
nobody else waits for it."""

from __future__ import annotations

import os
import random
import re
import time
import urllib.request
from collections import Counter
from pathlib import Path

from tests.conftest import NewMailbox
from tests.helpers.company import Company, found_company, letter
from tests.helpers.dovecot import Mailbox
from tests.helpers.program import Programs
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until_sync

FULL = os.environ.get("AGENTDESK_FAULTS") == "full"
FLOOD = 10_000 if FULL else 4_000
KILLS = 5 if FULL else 2
LONGEST = 1_800.0 if FULL else 240.0


def test_a_flood_is_taken_in_once_and_starves_nobody(
    programs: Programs,
    database_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    new_mailbox: NewMailbox,
    smtp_server: SmtpServer,
) -> None:
    quiet = new_mailbox()
    company = found_company(programs, database_url, tmp_path / "data", mailbox, smtp_server)
    add_channel(company, quiet)
    for number in range(FLOOD):
        write(mailbox, f"Letter {number:05}", f"customer{number}@shop.test")
    dice = random.Random()
    begun = time.monotonic()
    company.start()
    for kill in range(KILLS):
        at = FLOOD * (kill + 1) // (KILLS + 2)
        until_sync(lambda at=at: taken_in(company) >= at, LONGEST, what=f"{at} messages")
        subject = f"Quiet {kill}"
        write(quiet, subject, "grace@customer.test")
        written = time.monotonic()
        until_sync(lambda subject=subject: is_there(company, subject), 60, what=subject)
        print(f"{subject} was there after {time.monotonic() - written:.1f} s")
        assert taken_in(company) < FLOOD, "the quiet account waited for the flood"
        time.sleep(dice.uniform(0.0, 1.0))
        company.kill()
        company.start()
    until_sync(lambda: taken_in(company) >= FLOOD + KILLS, LONGEST, what="all messages")
    took = time.monotonic() - begun
    print(f"{FLOOD} messages, {KILLS} kills, {took:.0f} s, {resident_megabytes(company):.0f} MB")
    found = Counter(row["subject"] for row in company.conversations())
    wanted = [f"Letter {number:05}" for number in range(FLOOD)] + [f"Quiet {n}" for n in range(KILLS)]
    assert found == Counter(wanted)
    assert company.stop() == 0


def add_channel(company: Company, mailbox: Mailbox) -> None:
    """Let the company read a second mailbox, into an inbox of its own."""
    settings = {
        "address": mailbox.address,
        "imap.host": mailbox.host,
        "imap.port": mailbox.port,
        "imap.security": "none",
        "smtp.host": "127.0.0.1",
        "smtp.port": company.smtp.port,
        "smtp.security": "none",
        "history": "all",
    }
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    admin, secret = ("admin", "--database", company.database), ("--secret", "password=-")
    company.programs.run(*admin, "inbox", "add", "Quiet")
    channel = ("channel", "add", "email", "--inbox", "Quiet", "--name", "Quiet")
    company.programs.run(*admin, *channel, *sets, *secret, stdin=f"{mailbox.password}\n")


def write(mailbox: Mailbox, subject: str, sender: str) -> None:
    """A customer writes."""
    mailbox.deliver(letter(sender, subject, "Where is my parcel? " * 50, to=mailbox.address).as_bytes())


def taken_in(company: Company) -> int:
    """How many messages of customers the server has."""
    with urllib.request.urlopen(f"{company.address}/metrics", timeout=30) as answer:
        found = re.search(rb"^agentdesk_messages_in_total ([\d.e+]+)$", answer.read(), re.MULTILINE)
    return int(float(found[1])) if found else 0


def is_there(company: Company, subject: str) -> bool:
    """Whether a message is in the inbox of the second mailbox."""
    (inbox,) = [row["id"] for row in company.api("GET", "/inboxes")["inboxes"] if row["name"] == "Quiet"]
    rows = company.api("GET", f"/conversations?inbox={inbox}")["conversations"]
    return subject in {row["subject"] for row in rows}


def resident_megabytes(company: Company) -> float:
    """The memory of the server's process (Linux)."""
    assert company.program is not None
    statm = Path(f"/proc/{company.program.pid}/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0.0
