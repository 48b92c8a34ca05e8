"""Customers who write and agents who answer, all the while, whatever happens to the servers."""

from __future__ import annotations

import threading
import time
import urllib.error
import uuid
from collections import Counter
from email import message_from_bytes, policy
from typing import Any

from tests.helpers.company import Company, customer_address, http_status, letter
from tests.helpers.dovecot import Mailbox
from tests.helpers.until import until_sync

_OPEN_ENDS = {"verify", "uncertain"}


class Traffic(threading.Thread):
    """``company`` is asked by the agents and may be replaced at any time; it ends when all is answered."""

    def __init__(self, company: Company, customer: Mailbox, total: int) -> None:
        super().__init__(name="traffic")
        self.company, self.customer, self.total = company, customer, total
        self.written: list[str] = []
        self.posted: dict[str, str] = {}
        self.statuses: set[int] = set()
        self.stopping = threading.Event()

    def run(self) -> None:
        keys: dict[str, str] = {}
        while not self.stopping.is_set() and len(self.posted) < self.total:
            if len(self.written) < self.total:
                self._write()
            for row in self._conversations():
                if row["id"] not in self.posted:
                    self._answer(row["id"], keys.setdefault(row["id"], uuid.uuid4().hex))
            time.sleep(0.05)

    def _write(self) -> None:
        number = len(self.written)
        sender = customer_address(self.customer, number)
        mail = letter(sender, f"Letter {number}", "Hi", to=self.company.mailbox.address)
        self.company.mailbox.deliver(mail.as_bytes())
        self.written.append(str(mail["Message-ID"]).strip("<>"))

    def _conversations(self) -> list[dict[str, Any]]:
        try:
            return self.company.conversations()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return []

    def _answer(self, conversation_id: str, key: str) -> None:
        try:
            message = self.company.reply(conversation_id, f"Answer {key}", key=key)
        except urllib.error.HTTPError as error:
            self.statuses.add(http_status(error))
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return
        else:
            self.posted[conversation_id] = message["id"]


def check_traffic(company: Company, customer: Mailbox, traffic: Traffic) -> None:
    """Fail unless each letter is there once, and each answer has arrived once or is visibly in doubt."""
    messages = {row["id"]: company.conversation(row["id"])["messages"] for row in company.conversations()}
    came_in = Counter(m["external_id"] for ms in messages.values() for m in ms if m["direction"] == "in")
    assert sorted(came_in) == sorted(traffic.written), "a customer's mail is missing"
    assert set(came_in.values()) == {1}, "a customer's mail is shown twice"

    def settled() -> bool:
        states = [_state(company, one, two) for one, two in traffic.posted.items()]
        return all(state == "sent" or state in _OPEN_ENDS for state in states)

    until_sync(settled, 60, what="every reply sent, or in doubt and visible")
    parsed = [message_from_bytes(raw, policy=policy.default) for raw in customer.messages()]
    arrived = Counter(str(mail["Message-ID"]).strip("<>") for mail in parsed)
    assert max(arrived.values()) == 1, "a reply arrived twice"
    states = Counter(_state(company, one, two) for one, two in traffic.posted.items())
    print(f"{len(traffic.written)} letters, {len(arrived)} replies arrived, states {dict(states)}")
    for conversation_id, message_id in traffic.posted.items():
        message = _message(company, conversation_id, message_id)
        if message["delivery"] == "sent":
            assert arrived[message["external_id"]] == 1, "a reply that counts as sent is missing"


def _message(company: Company, conversation_id: str, message_id: str) -> dict[str, Any]:
    messages = company.conversation(conversation_id)["messages"]
    found: dict[str, Any] = next(m for m in messages if m["id"] == message_id)
    return found


def _state(company: Company, conversation_id: str, message_id: str) -> str:
    return str(_message(company, conversation_id, message_id)["delivery"])
