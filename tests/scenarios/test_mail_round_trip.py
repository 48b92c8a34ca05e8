"""The main job on real mail: in over IMAP, answered over SMTP, threaded on both sides."""

from __future__ import annotations

import urllib.error
from email import message_from_bytes, policy

import pytest
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, answer_to, http_status, letter
from tests.helpers.until import until_sync


@pytest.fixture
def company(new_company: NewCompany, database_url: str) -> Company:
    made = new_company(database_url)
    made.start()
    return made


def test_a_customers_mail_is_answered_in_its_thread(company: Company, new_mailbox: NewMailbox) -> None:
    customer = new_mailbox("grace")
    first = letter(
        f"Grace Okafor <{customer.address}>", "Which screws?", "Which ones?", to=company.mailbox.address
    )
    company.mailbox.deliver(first.as_bytes())
    row = company.wait_for_conversations(1)[0]
    assert row["contact_name"] == "Grace Okafor"
    assert row["subject"] == "Which screws?"

    message = company.reply(row["id"], "Take 6 mm anchors.")
    sent = company.wait_for_delivery(row["id"], message["id"], "sent")
    received = until_sync(customer.messages)[0]
    parsed = message_from_bytes(received, policy=policy.default)
    assert parsed["In-Reply-To"] == first["Message-ID"]
    assert first["Message-ID"] in parsed["References"]
    assert parsed["Message-ID"] == f"<{sent['external_id']}>"
    assert parsed["Subject"] == "Re: Which screws?"

    company.mailbox.deliver(answer_to(received, f"Grace <{customer.address}>", "That solved it!").as_bytes())
    until_sync(lambda: len(company.conversation(row["id"])["messages"]) == 3)
    assert len(company.conversations()) == 1
    assert company.stop() == 0


def test_a_repeated_key_sends_once(company: Company, new_mailbox: NewMailbox) -> None:
    customer = new_mailbox()
    company.mailbox.deliver(letter(customer.address, "Hello", "Hi", to=company.mailbox.address).as_bytes())
    row = company.wait_for_conversations(1)[0]
    one = company.reply(row["id"], "Once.", key="the-key")
    two = company.reply(row["id"], "Once.", key="the-key")
    assert one["id"] == two["id"]
    company.wait_for_delivery(row["id"], one["id"], "sent")
    assert len(company.conversation(row["id"])["messages"]) == 2
    assert len([r for r in company.smtp.received if customer.address in r.recipients]) == 1
    with pytest.raises(urllib.error.HTTPError) as refused:
        company.reply(row["id"], "Something else.", key="the-key")
    assert http_status(refused.value) == 409


def test_a_restart_loses_nothing(company: Company, new_mailbox: NewMailbox) -> None:
    customer = new_mailbox()
    for number in range(20):
        mail = letter(customer.address, f"Mail {number}", "Hi", to=company.mailbox.address)
        company.mailbox.deliver(mail.as_bytes())
        if number == 10:
            company.kill()
            company.start()
    rows = company.wait_for_conversations(20)
    assert sorted(row["subject"] for row in rows) == sorted(f"Mail {number}" for number in range(20))
