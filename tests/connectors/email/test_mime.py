"""Our cutter and the standard library's parser find the same structure wherever both can read the mail."""

from __future__ import annotations

import email
import random
import re
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk_connectors.email import headers, mime

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the project")

BETTER = {
    # where we read more than the standard library does, and why
    "rhost-franceptt-07.eml": "boundary declared in a way that does not match, shown by the content",
    "rhost-google-02.eml": "the same",
    "lhost-office365-09.eml": "the same",
    "lhost-office365-10.eml": "the same",
    "lhost-office365-11.eml": "the same",
    "lhost-office365-12.eml": "the same",
    "012.eml": "the same",
    "017.eml": "a semicolon is missing before the boundary",
    "019.eml": "a header torn to pieces",
    "002.eml": "foreign characters inside base64",
    "003.eml": "white space after the name of the encoding",
    "000.eml": "a part without a header",
    "005.eml": "an unfinished multipart inside another with a like boundary",
    "lhost-dragonfly-01.eml": "carriage returns inside lines",
    "lhost-x1-02.eml": "a folded type without a semicolon",
}

Leaf = tuple[str, bytes | None]


def by_stdlib(raw: bytes) -> list[Leaf]:
    """The leaves as the standard library sees them; enclosed messages by their kind only."""
    found: list[Leaf] = []

    def walk(part: Message) -> None:
        if part.get_content_maintype() == "message":
            found.append((part.get_content_type(), None))
        elif part.is_multipart():
            for child in part.get_payload():
                assert isinstance(child, Message)
                walk(child)
        else:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found.append((part.get_content_type(), normal(payload)))

    walk(email.message_from_bytes(raw))
    return found


def by_us(raw: bytes) -> list[Leaf]:
    return [
        (leaf.kind, None if leaf.kind.startswith("message/") else normal(leaf.content()))
        for leaf in mime.cut(raw).leaves()
    ]


def normal(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n ")


def corpus() -> list[Path]:
    return sorted([*CORPORA.glob("mime/*/*.eml"), *CORPORA.glob("bounces/*.eml")])


@needs_corpora
def test_agrees_with_the_standard_library_on_real_mail() -> None:
    differing = {path.name for path in corpus() if by_us(path.read_bytes()) != by_stdlib(path.read_bytes())}
    assert len(corpus()) == 640
    assert differing <= set(BETTER)


@needs_corpora
def test_header_fields_agree_with_the_standard_library_on_real_mail() -> None:
    for path in corpus():
        raw = path.read_bytes()
        if raw[:3] == b"\xef\xbb\xbf" or path.name == "019.eml":
            continue
        ours = [(name, squeezed(value)) for name, value in mime.cut(raw).headers.fields]
        theirs = [(n.lower(), squeezed(str(v))) for n, v in email.message_from_bytes(raw).items()]
        assert [n for n, _ in ours] == [n for n, _ in theirs], path.name
        assert [v for _, v in ours if v.isascii()] == [
            v for (_, v), (_, o) in zip(theirs, ours, strict=True) if o.isascii()
        ]


def squeezed(value: str) -> str:
    return re.sub(r"\s+", "", value)


WORDS = st.sampled_from(
    ["hello", "a=3D b", "aGVsbG8gd29ybGQ=", "--", "-- ", "--x", "", "From me", "Content-Type: x/y", "é"]
)
BODY = st.lists(WORDS, max_size=6).map("\n".join)
KIND = st.sampled_from(
    ["text/plain", "text/html; charset=utf-8", "image/png", "", "TEXT/Plain", "application/pdf"]
)
ENCODING = st.sampled_from(["", "7bit", "8bit", "base64", "quoted-printable", "BASE64"])
BOUNDARY = st.sampled_from(["b", "b1", "=_x'y", "--", "b--", "a b", "0" * 70])


@st.composite
def leaves(draw: st.DrawFn) -> str:
    head = ""
    kind, encoding, body = draw(KIND), draw(ENCODING), draw(BODY)
    if kind:
        head += f"Content-Type: {kind}\n"
    if encoding:
        head += f"Content-Transfer-Encoding: {encoding}\n"
        if encoding.lower() == "base64":
            body = "aGVsbG8gd29ybGQ=\n"
    return f"{head}\n{body}"


def multiparts(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def build(draw: st.DrawFn) -> str:
        boundary = draw(BOUNDARY)
        parts = draw(st.lists(children, min_size=1, max_size=4))
        preamble, epilogue = (
            draw(st.sampled_from(["", "This is MIME.\n"])),
            draw(st.sampled_from(["", "bye\n"])),
        )
        closed = draw(st.booleans())
        body = "".join(f"--{boundary}\n{part}\n" for part in parts)
        end = f"--{boundary}--\n{epilogue}" if closed else ""
        return f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{preamble}{body}{end}'

    return build()


MAIL = st.recursive(leaves(), multiparts, max_leaves=12)


@settings(max_examples=400)
@given(MAIL, st.sampled_from(["\n", "\r\n"]))
def test_agrees_with_the_standard_library_on_any_structure(mail: str, line_end: str) -> None:
    raw = ("From: a@b.example\nSubject: x\n" + mail).replace("\n", line_end).encode()
    assert by_us(raw) == by_stdlib(raw)


@given(st.binary(max_size=400))
def test_any_bytes_are_cut_without_failing(raw: bytes) -> None:
    root = mime.cut(raw)
    for leaf in root.leaves():
        leaf.content()
        assert 0 <= leaf.start <= leaf.end <= len(leaf.raw)


@settings(max_examples=200)
@given(st.integers(0, 2**32))
def test_a_damaged_mail_is_cut_without_failing(seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; "
        b"boundary=y\n\n--y\n\nhi\n--y\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\naGk=\n--y--\n--x\n"
        b'Content-Disposition: attachment; filename="a"\n\nfile\n--x--\n'
    )
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(raw))
        if chance.random() < 0.5:
            del raw[at : at + chance.randrange(1, 20)]
        else:
            raw[at:at] = bytes(chance.choices(b"\r\n-=:;xy \0\xff", k=chance.randrange(1, 6)))
    for leaf in mime.cut(bytes(raw)).leaves():
        leaf.content()


def test_parameters_are_put_together_from_their_pieces() -> None:
    value = "attachment; filename*0*=utf-8''a%C3; filename*1*=%A9; filename*2=.pdf; size=3; filename=old"
    assert headers.parameters(value) == {"filename": "aé.pdf", "size": "3"}


def test_a_quoted_parameter_keeps_its_semicolons_and_loses_its_backslashes() -> None:
    assert headers.parameters('text/plain; name="a;b\\"c.txt" ; charset = x') == {
        "name": 'a;b"c.txt',
        "charset": "x",
    }
