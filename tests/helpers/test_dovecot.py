from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from tests.conftest import NewMailbox
from tests.helpers.dovecot import DovecotServer, Mailbox

LETTER = b"From: ada@example.org\r\nSubject: Hello\r\n\r\nGood morning.\r\n"


@contextmanager
def logged_in(mailbox: Mailbox) -> Iterator[IMAPClient]:
    client = IMAPClient(mailbox.host, port=mailbox.port, ssl=False, timeout=20)
    client.login(mailbox.user, mailbox.password)
    try:
        yield client
    finally:
        client.shutdown()


def trust(mailbox: Mailbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(mailbox.certificate_authority))


def test_delivered_mail_is_there_and_idle_reports_it(mailbox: Mailbox) -> None:
    with logged_in(mailbox) as client:
        client.select_folder("INBOX")
        client.idle()
        begun = time.monotonic()
        mailbox.deliver(LETTER)
        assert (1, b"EXISTS") in client.idle_check(timeout=10)
        assert time.monotonic() - begun < 4, "found by the slow poll: inotify does not work here"
        client.idle_done()
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == LETTER
    assert mailbox.messages() == [LETTER]


def test_special_folders_are_named_as_such(mailbox: Mailbox) -> None:
    with logged_in(mailbox) as client:
        special = {name: flags[-1] for flags, _, name in client.list_folders() if name != "INBOX"}
        assert special == {"Drafts": b"\\Drafts", "Sent": b"\\Sent", "Trash": b"\\Trash"}
        client.append("Sent", LETTER)
    assert mailbox.messages("Sent") == [LETTER]


def test_changed_uidvalidity_gives_other_uids_to_the_same_mail(mailbox: Mailbox) -> None:
    mailbox.deliver(LETTER)
    with logged_in(mailbox) as client:
        before = client.select_folder("INBOX")[b"UIDVALIDITY"]
        uids = client.search()
    mailbox.change_uidvalidity()
    with logged_in(mailbox) as client:
        after = client.select_folder("INBOX")[b"UIDVALIDITY"]
        assert after > before
        assert client.search() != uids
        assert len(client.search()) == 1


def test_tls_holds_only_for_who_trusts_the_authority(mailbox: Mailbox) -> None:
    with IMAPClient(mailbox.host, port=mailbox.tls_port, ssl_context=trust(mailbox)) as client:
        client.login(mailbox.user, mailbox.password)
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(mailbox.host, port=mailbox.tls_port, ssl_context=ssl.create_default_context())


def test_starttls(mailbox: Mailbox) -> None:
    client = IMAPClient(mailbox.host, port=mailbox.port, ssl=False)
    client.starttls(trust(mailbox))
    client.login(mailbox.user, mailbox.password)
    client.logout()


def test_a_changed_password_refuses_the_old_one(mailbox: Mailbox) -> None:
    old = mailbox.password
    mailbox.change_password()
    client = IMAPClient(mailbox.host, port=mailbox.port, ssl=False)
    with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
        client.login(mailbox.user, old)
    client.login(mailbox.user, mailbox.password)
    client.logout()


def test_a_closed_account_lets_nobody_in(mailbox: Mailbox) -> None:
    assert mailbox.server.lets_in(mailbox.user, mailbox.password)
    mailbox.remove()
    assert not mailbox.server.lets_in(mailbox.user, mailbox.password)


def test_access_tokens(mailbox: Mailbox) -> None:
    client = IMAPClient(mailbox.host, port=mailbox.port, ssl=False)
    with pytest.raises(LoginError):
        client.oauth2_login(mailbox.user, mailbox.access_token(expires_in=-100))
    client.oauth2_login(mailbox.user, mailbox.access_token())
    client.logout()


def test_mail_outlives_a_restart(dovecot: DovecotServer, new_mailbox: NewMailbox) -> None:
    support = new_mailbox("support")
    support.deliver(LETTER)
    dovecot.stop()
    with pytest.raises(OSError, match="refused"):
        IMAPClient(support.host, port=support.port, ssl=False)
    dovecot.start()
    with logged_in(support) as client:
        assert client.select_folder("INBOX")[b"EXISTS"] == 1
