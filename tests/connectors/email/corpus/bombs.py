"""Mails made to exhaust a program: each is read in a process with limits on time and memory."""

from __future__ import annotations

from tests.connectors.email.corpus.case import (
    HEAD,
    Case,
    case,
    file_part,
    mail,
    multipart,
    text_part,
    whole,
    without,
)

from agentdesk_connectors.email import limits, notes

HTML = "Content-Type: text/html; charset=utf-8"


def nested_multiparts(depth: int) -> bytes:
    inner = "\n\nHi, deep\n"
    levels = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return whole("".join(levels) + inner)


def nested_messages(depth: int) -> bytes:
    return whole(
        "Content-Type: message/rfc822\n\n" + "Content-Type: message/rfc822\n\n" * depth + "Subject: x\n\nHi"
    )


def parts(count: int, part: str) -> bytes:
    return whole('Content-Type: multipart/mixed; boundary="b"\n\n' + f"--b\n{part}\n" * count + "--b--\n")


def same_boundary(depth: int) -> bytes:
    return whole('Content-Type: multipart/mixed; boundary="b"\n\n--b\n' * depth + "Hi")


CASES: list[Case] = [
    case("1,000 nested multiparts S07", lambda: nested_multiparts(1_000), subject="Hello", warnings_has=notes.TOO_DEEP),
    case("40 nested multiparts are read", lambda: nested_multiparts(40), text="Hi, deep", warnings=[]),
    case("50,000 nested multiparts", lambda: nested_multiparts(50_000), subject="Hello"),
    case("10,000 multiparts of one boundary", lambda: same_boundary(10_000), subject="Hello"),
    case("2,000 nested messages S08", lambda: nested_messages(2_000), subject="Hello", types=["message/rfc822"]),
    case("100,000 header fields S09", lambda: mail("X-Y: z\n" * 100_000), subject="Hello", text="Hi", warnings_has=notes.TOO_MANY_HEADERS),
    case("one header field of 20 MB", lambda: mail("X-Y: " + "z" * 20_000_000), subject="Hello", text="Hi"),
    case("a header folded 500,000 times", lambda: mail("X-Y: z" + "\n z" * 500_000), subject="Hello"),
    case("20,000 recipients S10", lambda: mail("To: " + ",\n ".join(f"p{n}@x.example" for n in range(20_000)), head=without("To")), subject="Hello", warnings_has=notes.TOO_MANY_RECIPIENTS),
    case("20,000 recipients in broken form", lambda: mail('To: "' + ",".join(f"p{n}@x.example" for n in range(20_000)), head=without("To")), subject="Hello"),
    case("50,000 nested comments", lambda: mail("To: " + "(" * 50_000 + "a@b.example", head=without("To")), subject="Hello"),
    case("50,000 opening brackets", lambda: mail("To: " + "<" * 50_000 + "a@b.example", head=without("To")), subject="Hello"),
    case("50,000 quotes", lambda: mail("To: " + '"' * 49_999 + "a@b.example", head=without("To")), subject="Hello"),
    case("20,000 parameters S11", lambda: mail("Content-Type: text/plain" + "".join(f"; p{n}=v" for n in range(20_000))), text="Hi"),
    case("20,000 pieces of one parameter", lambda: mail("Content-Type: text/plain" + "".join(f"; name*{n}=v" for n in range(20_000))), subject="Hello"),
    case("a boundary of 1 MB S12", lambda: whole('Content-Type: multipart/mixed; boundary="' + "b" * 1_000_000 + '"\n\n--' + "b" * 1_000_000 + "\n\nHi"), subject="Hello"),
    case("10,000 attachments S18", lambda: parts(10_000, file_part("a.pdf")), subject="Hello", warnings_has=notes.TOO_MANY_PARTS),
    case("900 attachments", lambda: parts(900, file_part("a.pdf")), warnings_has=notes.TOO_MANY_FILES),
    case("20,000 empty parts", lambda: parts(20_000, ""), subject="Hello"),
    case("5,000 text parts", lambda: parts(5_000, text_part("Hi there")), text_has="Hi there"),
    case("an attachment of 26 MB S18", lambda: parts(1, file_part("a.pdf", content=b"x" * 26_000_000)), files=["a.pdf"]),
    case("one line of 20 MB S20", lambda: mail(body="x" * 20_000_000), text="x" * limits.TEXT_CHARS, files=["message.txt"], warnings_has=notes.TEXT_LONG),
    case("20 MB of quotes", lambda: mail(body="> x\n" * 5_000_000), subject="Hello"),
    case("20 MB of hyphens", lambda: whole('Content-Type: multipart/mixed; boundary="b"\n\n--b\n\n' + "--\n" * 3_000_000), subject="Hello"),
    case("20 MB of NULs", lambda: mail(body=b"\0" * 20_000_000), subject="Hello"),
    case("1,000,000 quote levels", lambda: mail(body=">" * 1_000_000 + "x"), subject="Hello"),
    case("500,000 attributions", lambda: mail(body="On 5 Jan 2026 at 09:12 x wrote:\n" * 500_000), subject="Hello"),
    case("a subject of 100,000 encoded words", lambda: mail("Subject: " + "=?utf-8?Q?a?= " * 9_000, head=without("Subject")), subject_has="aaa"),
    case("100,000 references", lambda: mail("References: " + "<a@b>" * 25_000 + "x" * 2_000), subject="Hello"),
    case("100,000 nested elements S42", lambda: mail(HTML, "<div>" * 100_000 + "deep"), text="deep"),
    case("30 nested tables S41", lambda: mail(HTML, "<table><tr><td>" * 30 + "deep"), text_has="deep"),
    case("one word of 1 MB in HTML S43", lambda: mail(HTML, "<p>" + "x" * 1_000_000), warnings_has=notes.HTML_LONG),
    case("200,000 attributes S44", lambda: mail(HTML, "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">Hi"), text="Hi"),
    case("200,000 attributes with brackets in them", lambda: mail(HTML, "<p " + " ".join(f'a{n}="<>"' for n in range(200_000)) + ">Hi"), text="Hi"),
    case("5 MB of HTML S45", lambda: mail(HTML, "<p>Hi</p>" * 550_000), html_has="Hi", warnings_has=notes.HTML_LONG),
    case("formatting reopened in every block", lambda: mail(HTML, "".join(f"<font size={n}>" for n in range(3_000)) + "<p>x" * 3_000), text_has="x"),
    case("formatting reopened, small", lambda: mail(HTML, "".join(f"<b class=a{n}>" for n in range(900)) + "<p>x" * 900), text_has="x"),
    case("unclosed comments", lambda: mail(HTML, "Hi" + "<!--" * 500_000), text="Hi"),
    case("unclosed tags without end", lambda: mail(HTML, "Hi" + '<a "' * 500_000), text_has="Hi"),
    case("unclosed quotes in tags", lambda: mail(HTML, "Hi" + "<a b='" * 300_000), text_has="Hi"),
    case("500,000 scripts", lambda: mail(HTML, "Hi" + "<script>" * 500_000), text="Hi"),
    case("entities without end", lambda: mail(HTML, "Hi" + "&#x" * 500_000), text_has="Hi"),
    case("1,000,000 closing tags", lambda: mail(HTML, "Hi" + "</p>" * 1_000_000), text_has="Hi"),
    case("a bounce of 1,000,000 addresses", lambda: mail("Subject: failure notice", "could not be delivered to\n" + "<a@b.example>:\n" * 500_000, head=without("From", "Subject") + "From: MAILER-DAEMON@x.example\n"), automation="bounce"),
    case("a delivery report of 100,000 groups", lambda: whole("Content-Type: message/delivery-status\n\n" + "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n" * 100_000, HEAD), automation="bounce"),
    case("base64 of 20 MB of rubbish", lambda: mail("Content-Transfer-Encoding: base64", "=A" * 10_000_000), subject="Hello"),
    case("quoted-printable of 20 MB", lambda: mail("Content-Transfer-Encoding: quoted-printable", "=3D" * 6_000_000), subject="Hello"),
    case("uuencode of 10 MB of rubbish", lambda: mail("Content-Transfer-Encoding: x-uuencode", "\xff!x\n" * 2_000_000), subject="Hello"),
    case("2,000 header fields in an old charset", lambda: mail("X-Y: \udcfc\udcff long enough to be guessed at, all of it\n" * 2_000), text="Hi"),
    case("thousands of words in a wrong charset", lambda: mail("Subject: " + "=?utf-8?Q?=FC=FF=FE_long_enough_to_be_guessed_at?= x " * 2_500, head=without("Subject")), text="Hi"),
    case("500 text parts in no charset", lambda: parts(500, "\n" + "\udcef\udcf0\udce8\udce2\udce5\udcf2 " * 3_000), subject="Hello"),
    case("500 HTML parts made to be slow", lambda: parts(500, "Content-Type: text/html\n\n<p " + " ".join(f"a{n}" for n in range(2_500)) + ">Hi"), html_has="Hi"),
    case("300 alternatives made to be slow", lambda: parts(300, multipart("alternative", "Content-Type: text/html\n\n" + "<b>" * 1_900 + "Hi", boundary="c")), html_has="Hi"),
    case("500 HTML parts nested deeply", lambda: parts(500, "Content-Type: text/html\n\n" + "<b>" * 1_900 + "Hi"), html_has="Hi"),
    case("flowed lines without end", lambda: mail("Content-Type: text/plain; format=flowed", "a \n" * 3_000_000), subject="Hello"),
]  # fmt: skip
