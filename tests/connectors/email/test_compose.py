"""Messages on their way out: what a strict reader finds in them is what was meant, whatever people type."""

from __future__ import annotations

import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connectors.email.support import TOKEN, MemorySecrets, new_account, outbound

from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import Automation, Party
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.sdk.tokens import find_tokens
from agentdesk_connectors.email.compose import Letter, compose, text_to_html
from agentdesk_connectors.email.header_lines import address, chosen_references, clean
from agentdesk_connectors.email.settings import EmailSettings, read_settings
from agentdesk_connectors.email.wire import interpret

VALUES: dict[str, object] = {"address": "support@desk.test", "imap.host": "mail.desk.test"}
ADA = Party("email", "ada@example.org", "Ada")


def settings_with(**more: object) -> EmailSettings:
    return read_settings(VALUES | more)


def composed(message: Outbound, **more: object) -> Letter:
    return compose(message, settings_with(**more), "marker")


def parsed(message: Outbound, **more: object) -> EmailMessage:
    mail = email.message_from_bytes(composed(message, **more).content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def people_in(mail: EmailMessage, name: str) -> list[tuple[str, str]]:
    header = mail[name]
    assert isinstance(header, AddressHeader)
    assert not header.defects  # type: ignore[attr-defined]
    return [(person.display_name, person.addr_spec) for person in header.addresses]


# --- the shape ---


def test_the_headers_of_a_reply() -> None:
    message = outbound(
        sender_name="Grace Hopper",
        cc=(Party("email", "bob@example.org"),),
        subject="Re: Hello",
        in_reply_to="last@example.org",
        references=("first@example.org", "last@example.org"),
        thread_token=TOKEN,
        created_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    )
    mail = parsed(message, plus_address=True)
    assert mail["Message-ID"] == f"<{message.key}>"
    assert mail["Date"] == "Wed, 04 Mar 2026 05:06:07 +0000"
    assert people_in(mail, "From") == [("Grace Hopper", "support@desk.test")]
    assert people_in(mail, "To") == [("Ada Lovelace", "ada@example.org")]
    assert people_in(mail, "Cc") == [("", "bob@example.org")]
    assert people_in(mail, "Reply-To") == [("Grace Hopper", f"support+{TOKEN}@desk.test")]
    assert mail["In-Reply-To"] == "<last@example.org>"
    assert mail["References"].split() == ["<first@example.org>", "<last@example.org>"]
    assert mail["X-AgentDesk-Loop"] == "marker"
    assert mail["Auto-Submitted"] is None
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_no_field_stands_twice_and_none_is_empty() -> None:
    content = composed(outbound(cc=(ADA,), subject="", automatic=True)).content
    header = content.partition(b"\r\n\r\n")[0]
    names = re.findall(rb"^([A-Za-z-]+):", header, re.MULTILINE)
    assert len(names) == len({name.lower() for name in names})


def test_an_automatic_message_says_so() -> None:
    letter = composed(outbound(automatic=True))
    assert interpret(letter.content, {}).automation is not Automation.NO
    assert interpret(composed(outbound()).content, {}).automation is Automation.NO


def test_our_own_reader_finds_the_way_back() -> None:
    letter = composed(outbound(thread_token=TOKEN))
    found = interpret(letter.content, {})
    assert found.loop_marker == "marker"
    assert find_tokens(found.external_id) == find_tokens(TOKEN)
    assert found.text.strip() == "Good morning."


def test_a_plus_address_that_would_be_too_long_is_left_out() -> None:
    mail = parsed(outbound(thread_token=TOKEN), plus_address=True, address="a-rather-long-name@desk.test")
    assert mail["Reply-To"] is None


def test_only_hidden_recipients() -> None:
    letter = composed(outbound(to=(), bcc=(ADA,)))
    assert letter.recipients == ("ada@example.org",)
    assert b"ada@" not in letter.content
    assert b"To: undisclosed-recipients:;\r\n" in letter.content


def test_each_recipient_is_named_once_to_the_server() -> None:
    letter = composed(outbound(to=(ADA,), cc=(ADA,), bcc=(ADA, Party("email", "bob@example.org"))))
    assert letter.recipients == ("ada@example.org", "bob@example.org")


def test_everything_is_ascii_with_short_lines_and_whole_line_ends() -> None:
    attachment = OutboundAttachment("Übersicht.pdf", "application/pdf", b"\xff\n\r" * 999)
    message = outbound(text="ß" * 5_000 + "\n" + "x" * 5_000, subject="語" * 300, attachments=(attachment,))
    content = composed(message).content
    assert content.isascii()
    assert b"\0" not in content
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.endswith(b"\r\n")


# --- whatever people type ---


def squeezed(people: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without spaces: Python 3.11 leaves those between two encoded words in names."""
    return [(name.replace(" ", ""), where) for name, where in people]


def name_in(content: bytes, field: bytes) -> str:
    """The name before the address as it is written, quotation marks and folds undone."""
    match = re.search(rb"^%s: (.*?)\r\n(?! )" % field, content, re.MULTILINE | re.DOTALL)
    assert match is not None
    name = re.sub(r"\r\n ", " ", match[1].decode()).rpartition("<")[0].rstrip(" ")
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


ANYTHING = st.text(max_size=200)
NASTY = st.sampled_from(
    [
        "a\r\nBcc: eve@example.org",
        '"x, eve@example.org',
        "x\0y",
        "=?utf-8?q?hidden?=",
        "Doe, Jane (office) <eve@example.org>",
        "\u202egnp.exe",
        "x" * 500,
        "語" * 500,
        "a\u2028b",
        "\ud800",
        " leading and  double  ",
        "Ünï: cödé; \\ \" '",
        "",
    ]
)
WORDS = ANYTHING | NASTY


@given(name=WORDS, sender=WORDS)
def test_a_name_is_only_a_name(name: str, sender: str) -> None:
    message = outbound(to=(Party("email", "ada@example.org", name),), sender_name=sender)
    letter = composed(message)
    assert letter.recipients == ("ada@example.org",)
    mail = email.message_from_bytes(letter.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert squeezed(people_in(mail, "To")) == squeezed([(clean(name)[:500], "ada@example.org")])
    assert squeezed(people_in(mail, "From")) == squeezed([(clean(sender)[:500], "support@desk.test")])
    assert str(make_header(decode_header(name_in(letter.content, b"From")))) == clean(sender)[:500]
    assert mail["Bcc"] is None


@given(subject=WORDS)
def test_a_subject_is_only_a_subject(subject: str) -> None:
    mail = parsed(outbound(subject=subject))
    assert mail["Subject"] == clean(subject)
    assert mail["Bcc"] is None


@given(text=WORDS | st.lists(WORDS).map("\n".join))
def test_a_text_stays_as_it_is(text: str) -> None:
    body = parsed(outbound(text=text)).get_body(("plain",))
    assert body is not None
    meant = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    meant = meant.encode("utf-8", "replace").decode()
    got = body.get_content().replace("\r\n", "\n")
    assert got.removesuffix("\n") == meant.removesuffix("\n")


@given(name=WORDS)
def test_a_file_keeps_its_name(name: str) -> None:
    attachment = OutboundAttachment(name, "text/plain", b"content")
    (part,) = parsed(outbound(attachments=(attachment,))).iter_attachments()
    assert (part.get_filename() or "") == clean(name)
    assert part.get_payload(decode=True) == b"content"
    found = interpret(composed(outbound(attachments=(attachment,))).content, {})
    assert [a.content for a in found.attachments] == [b"content"]


@given(ids=st.lists(WORDS | st.from_regex(r"[a-z0-9.]{1,90}@[a-z]{1,20}\.org", fullmatch=True), max_size=30))
def test_references_are_only_ids(ids: list[str]) -> None:
    mail = parsed(outbound(references=tuple(ids), in_reply_to="last@example.org"))
    marked = str(mail["References"]).split()
    assert marked[-1] == "<last@example.org>"
    assert all(re.fullmatch(r"<[!-;=?-~]+>", an_id) for an_id in marked)
    assert len(marked) <= 11
    raw = composed(outbound(references=tuple(ids), in_reply_to="last@example.org")).content
    field = re.search(rb"References: (?:.*\r\n )*.*\r\n", raw)
    assert field is not None
    assert len(field[0]) <= 998


@given(value=WORDS | st.emails() | st.builds("{}@{}".format, WORDS, WORDS))
def test_an_address_is_one_address_or_refused(value: str) -> None:
    try:
        letter = composed(outbound(to=(Party("email", value),)))
    except Rejected:
        return
    (recipient,) = letter.recipients
    assert not re.search(r"[\r\n\0<>]", recipient.rpartition("@")[2])
    mail = email.message_from_string(letter.content.decode(), policy=email.policy.default)
    assert [person.addr_spec for person in mail["To"].addresses] == [recipient]


# --- addresses ---


@pytest.mark.parametrize(
    ("given_", "sent"),
    [
        ("ada@example.org", "ada@example.org"),
        (" ada@example.org ", "ada@example.org"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("a..b@example.org", '"a..b"@example.org'),
        ("o'neil+x@example.org", "o'neil+x@example.org"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ],
)
def test_addresses_as_they_are_sent(given_: str, sent: str) -> None:
    assert address(given_) == sent


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ada",
        "ada lovelace@example.org",
        "ada@example.org, bob@example.org",
        "@example.org",
        "ada@",
        "ada@a b",
        "ada@a>b",
        "ada@a,b@c",
        "ada\n@example.org",
        "ada@example.org\r\nRCPT TO:<eve@example.org>",
        "ada@exa\0mple.org",
        "a" * 250 + "@example.org",
        "ada@-",
        "ada@a..b",
        "(x)é@example.org",
        "ada@\u202eexample.org",
    ],
)
def test_what_is_no_address(value: str) -> None:
    with pytest.raises(Rejected):
        address(value)


# --- references ---


def test_of_many_references_the_first_and_the_newest_stay() -> None:
    ids = tuple(f"{number}@example.org" for number in range(50))
    kept = chosen_references(ids, "49@example.org")
    assert kept == ("0@example.org", *(f"{number}@example.org" for number in range(40, 50)))


def test_long_references_stay_within_a_line_that_everybody_reads() -> None:
    ids = tuple(f"{number}{'x' * 200}@example.org" for number in range(50))
    kept = chosen_references(ids, ids[-1])
    assert kept[0] == ids[0]
    assert kept[-1] == ids[-1]
    assert sum(len(an_id) + 5 for an_id in kept) < 998


# --- the formatted half ---


def test_text_becomes_simple_html() -> None:
    assert text_to_html("Hi <b> & co\nsecond line\n\nשלום") == (
        "<!DOCTYPE html>\n<html><body>\n"
        '<p dir="auto">Hi &lt;b&gt; &amp; co<br>\nsecond line</p>\n'
        '<p dir="auto">שלום</p>\n'
        "</body></html>\n"
    )


def test_links_become_links_and_nothing_else_does() -> None:
    html = text_to_html('See https://a.example/x?y=1&z="2". And javascript:alert(1)')
    assert '<a href="https://a.example/x?y=1&amp;z=">' in html
    assert html.count("<a ") == 1


def test_pictures_inside_the_text_travel_with_it() -> None:
    inline = OutboundAttachment("logo.png", "image/png", b"png", content_id="logo@desk")
    unused = OutboundAttachment("b.png", "image/png", b"other", content_id="unused@desk")
    message = outbound(html='<p><img src="cid:logo@desk"></p>', attachments=(inline, unused))
    mail = parsed(message)
    shape = [(part.get_content_type(), part.get_content_disposition()) for part in mail.walk()]
    assert shape == [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("multipart/related", None),
        ("text/html", None),
        ("image/png", "inline"),
        ("image/png", "attachment"),
    ]
    assert b"Content-ID: <logo@desk>\r\n" in composed(message).content


@pytest.mark.parametrize("media_type", ["", "nonsense", "message/rfc822", "multipart/mixed", "a/b\r\nX: y"])
def test_a_media_type_that_cannot_be(media_type: str) -> None:
    attachment = OutboundAttachment("a", media_type, b"content")
    (part,) = parsed(outbound(attachments=(attachment,))).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"


# --- the id ---


def test_the_id_is_the_same_for_ever() -> None:
    account = new_account(VALUES, MemorySecrets())
    message_id = UUID("01890000-0000-7000-8000-000000000001")
    key = account.key_for(message_id, TOKEN)
    assert key == f"01890000000070008000000000000001.{TOKEN}@desk.test"
    assert key == account.key_for(message_id, TOKEN)
    assert f"Message-ID: <{key}>\r\n".encode() in composed(outbound(key=key)).content
