"""What holds of every interpretation: it is repeatable, deliveries of one mail are equal, limits are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.email.corpus.case import file_part, mail, multipart, text_part, whole, without

from agentdesk.sdk.inbound import Inbound, Party
from agentdesk.sdk.tokens import encode_token
from agentdesk_connectors.email import addresses, charsets, flowed, names, quotes, words
from agentdesk_connectors.email.wire import interpret


def hashed(raw: bytes) -> str:
    return interpret(raw, {}).content_hash


def test_interpreting_again_gives_the_same() -> None:
    raw = whole(multipart("mixed", text_part("Hi"), file_part("a.pdf")))
    assert interpret(raw, {}) == interpret(raw, {})


@pytest.mark.parametrize(
    "way",
    [
        "Received: by mx2.example; Tue, 6 Jan 2026 10:00:00 +0000\nX-Spam: no\nDelivered-To: other@desk.example\n",
        "Return-Path: <anna@shop.example>\nDKIM-Signature: v=1\n",
        "X-GM-THRID: 123\nX-Forwarded-To: x@y.example\n",
    ],
)
def test_two_deliveries_of_one_mail_have_one_hash(way: str) -> None:
    raw = mail("Content-Type: text/plain; charset=utf-8", "Grüße\nAnna\n")
    assert hashed(way.replace("\n", "\r\n").encode() + raw) == hashed(raw)


def test_line_ends_and_encoding_on_the_way_do_not_change_the_hash() -> None:
    plain = mail("Content-Type: text/plain; charset=utf-8", "Grüße\nAnna\n")
    encoded = mail(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
        "Gr=C3=BC=C3=9Fe\nAnna\n",
    )
    assert hashed(plain) == hashed(plain.replace(b"\r\n", b"\n")) == hashed(encoded)


@pytest.mark.parametrize(
    "other",
    [
        mail(body="Hi!\n"),
        mail("Subject: Other", head=without("Subject")),
        mail("From: b@shop.example", head=without("From")),
        mail("Date: Mon, 5 Jan 2026 10:00:01 +0100", head=without("Date")),
        whole(multipart("mixed", text_part("Hi"), file_part("a.pdf"))),
    ],
)
def test_another_mail_has_another_hash(other: bytes) -> None:
    assert hashed(other) != hashed(mail())


def test_the_message_id_is_no_part_of_the_hash() -> None:
    assert hashed(mail(head=without("Message-ID"))) == hashed(mail())


def test_the_time_of_arrival_judges_the_date() -> None:
    raw = mail("Date: Mon, 5 Jan 2026 10:00:00 +0000", head=without("Date"))
    assert interpret(raw, {"received_at": "2026-01-05T10:00:30+00:00"}).sent_at == datetime(
        2026, 1, 5, 10, tzinfo=UTC
    )
    assert interpret(raw, {"received_at": "2025-12-24T10:00:30+00:00"}).sent_at is None
    assert interpret(raw, {"received_at": "nonsense"}).sent_at is not None


@pytest.mark.parametrize("fact", ["truncated", "unfetched"])
def test_a_message_that_is_not_whole_says_so(fact: str) -> None:
    assert len(interpret(mail(), {fact: True, "size": 10**9}).warnings) == 1


def test_our_tokens_are_found_newest_first_and_once() -> None:
    first, second = (encode_token(UUID(int=n), f"{n:020x}") for n in (1, 2))
    raw = mail(
        f"To: s+{first}@desk.example\nReferences: <{first}.1@d> <{second}.2@d>\nIn-Reply-To: <{second}.2@d>",
        head=without("To"),
    )
    found = interpret(raw, {}).tokens
    assert [token.signature for token in found] == [f"{2:020x}", f"{1:020x}"]


@settings(max_examples=150)
@given(st.binary(max_size=2_000))
def test_any_bytes_become_a_message(raw: bytes) -> None:
    assert isinstance(interpret(raw, {}), Inbound)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(
    ["From: a@b.example", "From: ", "To: x", "Subject: =?utf-8?B?", "Subject: =?utf-8?Q?=C3=A4?=", "Date: Mon, ", "Content-Type: ",
     'Content-Type: multipart/mixed; boundary="b"', "Content-Type: text/html", "Content-Transfer-Encoding: base64", "", "--b", "--b--",
     "<p>Hi", "SGk=", "> x", "On 5 Jan 2026 x wrote:", "-- ", "\xff", "\0", "Content-Type: message/delivery-status", "Status: 5.1.1",
     "Final-Recipient: rfc822; a@b", "Content-Type: message/rfc822", "Content-Disposition: attachment; filename*0*=utf-8''%", " folded"]
), max_size=25).map("\r\n".join))  # fmt: skip
def test_any_arrangement_of_mail_becomes_a_message(text: str) -> None:
    interpret(text.encode("latin-1", errors="replace"), {})


@given(st.text(max_size=300))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    found = quotes.split(text)
    halves = f"{found.own}\n{found.history}"
    assert sorted(halves.split()) == sorted(text.split())


@given(st.text(max_size=60), st.sampled_from(["application/pdf", "text/plain", "x/y"]))
def test_names_of_files_are_safe_and_stay_so(declared: str, kind: str) -> None:
    name = names.safe(declared, kind, 1)
    assert name
    assert not set(name) & set('<>:"|?*\\/\r\n\0\u202e\u200b')
    assert not name.endswith((".", " "))
    assert len(name.encode()) <= 255
    assert names.safe(name, kind, 1) == name or "=?" in declared


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "iso-8859-1", "utf-7", "shift_jis", "nonsense", "utf-16", "iso-2022-jp"]),
)
def test_any_bytes_are_text_in_any_charset(data: bytes, label: str) -> None:
    assert "\0" not in charsets.decode(data, label)


@given(st.text(max_size=80).filter(lambda t: "\0" not in t))
def test_encoded_words_are_read_as_the_standard_library_writes_them(text: str) -> None:
    from email.header import Header

    clean = " ".join(text.split())
    written = Header(clean, "utf-8", maxlinelen=40).encode(linesep="\n")
    assert " ".join(words.decode(written.replace("\n", "")).split()) == " ".join(words.plain(clean).split())


@pytest.mark.parametrize("count", [1, 3])
def test_addresses_agree_with_the_standard_library(count: int) -> None:
    from email.utils import getaddresses

    entries = ['"Müller, Anna" <a@b.example>', "c@d.example (Bob)", "Team <e@f.example>"][:count]
    ours = addresses.parties(", ".join(entries))
    assert ours == [Party("email", address, name) for name, address in getaddresses([", ".join(entries)])]


def test_flowed_text_keeps_quoting_levels_apart() -> None:
    assert flowed.unflow("> a \n> b\n>> c \n>> d\ne", False) == "> a b\n>> c d\ne"
