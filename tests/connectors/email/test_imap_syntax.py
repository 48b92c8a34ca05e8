"""IMAP's grammar: what servers may write, and that nothing they write takes long or does harm."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk_connectors.email.imap_syntax import (
    LARGEST_TEXT,
    Literal,
    SyntaxTrouble,
    astring,
    date_time,
    decode_mailbox,
    encode_mailbox,
    internal_date,
    literal_size,
    parse,
    parse_fetch,
    parse_status,
    search_date,
    uid_set,
)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("Fälle & Fragen", b"F&AOQ-lle &- Fragen"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("&", b"&-"),
        ("😀", b"&2D3eAA-"),
    ],
)
def test_folder_names(name: str, wire: bytes) -> None:
    assert encode_mailbox(name) == wire
    assert decode_mailbox(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_folder_name_comes_back(name: str) -> None:
    wire = encode_mailbox(name)
    assert wire.isascii()
    assert decode_mailbox(wire) == name


@given(st.binary())
def test_any_name_from_a_server_is_read_somehow(wire: bytes) -> None:
    assert isinstance(decode_mailbox(wire), str)


@given(st.binary())
def test_an_argument_cannot_break_out(value: bytes) -> None:
    written = astring(value)
    if isinstance(written, Literal):
        assert written.content == value
        return
    assert parse([written]) == [value]
    assert b"\r" not in written
    assert b"\n" not in written


@given(st.sets(st.integers(1, 2**32 - 1)))
def test_sets_of_uids(uids: set[int]) -> None:
    wire = uid_set(sorted(uids))
    back: set[int] = set()
    for part in filter(None, wire.split(b",")):
        first, _, last = part.partition(b":")
        back.update(range(int(first), int(last or first) + 1))
    assert back == uids


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"* 1 FETCH (BODY[] {12}\r\n", 12),
        (b"* 1 FETCH (BODY[] {12+}\r\n", 12),
        (b"* 1 FETCH (BODY[] ~{7}\r\n", 7),
        (b"{0}\n", 0),
        (b"* OK {}\r\n", None),
        (b"* OK {x}\r\n", None),
        (b"* OK {-1}\r\n", None),
        (b"* OK {12} \r\n", None),
        (b"* OK {" + b"9" * 30 + b"}\r\n", None),
    ],
)
def test_announced_literals(line: bytes, size: int | None) -> None:
    assert literal_size(line) == size


def test_an_answer_with_everything_in_it() -> None:
    parts = [
        b'* 3 FETCH (FLAGS (\\Seen $Junk) uid 7 BODY[HEADER.FIELDS ("A")] ',
        b"A: b\r\n\r\n",
        b' INTERNALDATE " 7-Feb-2026 22:04:31 +0530" BODY[]<0> ',
        b"whole (\r\n)",
        b' ENVELOPE (NIL "a \\"quoted\\" \\\\ word" (("Ada" NIL "ada" "x.org"))) MODSEQ (9))',
    ]
    items = parse_fetch(parts)
    assert items[b"UID"] == b"7"
    assert items[b"FLAGS"] == [b"\\Seen", b"$Junk"]
    assert items[b'BODY[HEADER.FIELDS ("A")]'] == b"A: b\r\n\r\n"
    assert items[b"BODY[]"] == b"whole (\r\n)"
    assert items[b"ENVELOPE"] == [None, b'a "quoted" \\ word', [[b"Ada", None, b"ada", b"x.org"]]]
    assert internal_date(items[b"INTERNALDATE"]) == datetime(2026, 2, 7, 16, 34, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", [b"* 1 FETCH (UID 1", b"* 1 FETCH UID 1)", b"* 1 FETCH (UID)", b"* 1 FETCH x"]
)
def test_answers_that_are_none(text: bytes) -> None:
    with pytest.raises(SyntaxTrouble):
        parse_fetch([text])


@given(st.lists(st.binary(max_size=60), min_size=1))
def test_nothing_else_is_ever_raised(parts: list[bytes]) -> None:
    try:
        parse(parts)
        parse_fetch(parts)
    except SyntaxTrouble:
        pass
    parse_status(parts[0])
    literal_size(parts[0])
    internal_date(parts[0])


@pytest.mark.parametrize(
    "piece", [b'"', b"\\", b'"\\', b"(", b"[", b"a[", b"<0>", b"{1}", b" ", b'""', b'\\"']
)
def test_no_answer_takes_long_to_read(piece: bytes) -> None:
    text = (piece * LARGEST_TEXT)[:LARGEST_TEXT]
    started = time.process_time()
    with contextlib.suppress(SyntaxTrouble):
        parse([text])
    parse_status(text)
    assert time.process_time() - started < 2, "far more than linear"


def test_an_answer_without_measure() -> None:
    with pytest.raises(SyntaxTrouble):
        parse([b"x" * (LARGEST_TEXT + 1)])


@pytest.mark.parametrize(
    ("text", "kind", "code", "words"),
    [
        (b"OK [UIDVALIDITY 7] fine", b"OK", b"UIDVALIDITY 7", "fine"),
        (b"no [AUTHENTICATIONFAILED] Wrong", b"NO", b"AUTHENTICATIONFAILED", "Wrong"),
        (b"BYE", b"BYE", b"", ""),
        (b"BAD \xff\xfe", b"BAD", b"", "\ufffd\ufffd"),
    ],
)
def test_status(text: bytes, kind: bytes, code: bytes, words: str) -> None:
    status = parse_status(text)
    assert status is not None
    assert (status.kind, status.code, status.words) == (kind, code, words)


@given(st.integers(0, 7_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_dates_there_and_back(second: int, offset: int) -> None:
    aware = datetime.fromtimestamp(second, timezone(timedelta(minutes=offset)))
    assert internal_date(date_time(aware).strip(b'"')) == aware
    assert search_date(aware).startswith(str(aware.day).encode() + b"-")


@pytest.mark.parametrize(
    "text", [b"", b"yesterday", b"31-Feb-2026 00:00:00 +0000", b"1-Jan-2026 00:00:00", None, []]
)
def test_dates_that_are_none(text: bytes | None) -> None:
    assert internal_date(text) is None
