"""Very much mail in one mailbox at once, and a server that is killed meanwhile: all of it is there once, and
nobody else waits for it."""

from __future__ import annotations

import random
import re
import time
import urllib.request
from collections import Counter

from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, add_mailbox, write
from tests.helpers.dovecot import Mailbox
from tests.helpers.faults import FULL
from tests.helpers.processes import resident_megabytes
from tests.helpers.until import until_sync

FLOOD = 10_000 if FULL else 4_000
KILLS = 5 if FULL else 2
LONGEST = 1_800.0 if FULL else 240.0
TEXT = "Where is my parcel? " * 50


def test_a_flood_is_taken_in_once_and_starves_nobody(
    new_company: NewCompany, database_url: str, mailbox: Mailbox, new_mailbox: NewMailbox
) -> None:
    quiet = new_mailbox()
    company = new_company(database_url)
    add_mailbox(company, quiet, "Quiet")
    for number in range(FLOOD):
        write(mailbox, f"customer{number}@shop.test", f"Letter {number:05}", TEXT)
    dice = random.Random()
    begun = time.monotonic()
    company.start()
    for kill in range(KILLS):
        at = FLOOD * (kill + 1) // (2 * (KILLS + 1))
        until_sync(lambda at=at: taken_in(company) >= at, LONGEST, what=f"{at} messages")
        subject = f"Quiet {kill}"
        write(quiet, "grace@customer.test", subject, TEXT)
        written = time.monotonic()
        until_sync(lambda subject=subject: is_there(company, subject), 60, what=subject)
        print(f"{subject} was there after {time.monotonic() - written:.1f} s")
        assert taken_in(company) < FLOOD, "the quiet account waited for the flood"
        time.sleep(dice.uniform(0.0, 1.0))
        company.kill()
        company.start()
    until_sync(lambda: taken_in(company) >= FLOOD + KILLS, LONGEST, what="all messages")
    took = time.monotonic() - begun
    assert company.program is not None
    print(f"{FLOOD} messages, {KILLS} kills, {took:.0f} s, {resident_megabytes(company.program.pid):.0f} MB")
    found = Counter(row["subject"] for row in company.conversations())
    wanted = [f"Letter {number:05}" for number in range(FLOOD)] + [f"Quiet {n}" for n in range(KILLS)]
    assert found == Counter(wanted)
    assert company.stop() == 0


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
