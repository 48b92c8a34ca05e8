"""Header fields: encodings, damage, ids, dates."""

from __future__ import annotations

from tests.connectors.email.corpus.case import Case, case, mail, without

from agentdesk_connectors.email import notes

NO_SUBJECT, NO_DATE, NO_ID = without("Subject"), without("Date"), without("Message-ID")


def subject(value: str) -> bytes:
    return mail(f"Subject: {value}", head=NO_SUBJECT)


def dated(value: str) -> bytes:
    return mail(f"Date: {value}", head=NO_DATE)


CASES: list[Case] = [
    case("word in utf-8 base64", subject("=?utf-8?B?R3LDvMOfZQ==?="), subject="Grüße"),
    case(
        "word in latin quoted-printable",
        subject("=?iso-8859-1?Q?Gr=FC=DFe?= an alle"),
        subject="Grüße an alle",
    ),
    case(
        "two words split inside a character",
        subject("=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?="),
        subject="Grüße",
    ),
    case(
        "three words split, folded",
        subject("=?utf-8?Q?a=E2?=\n =?utf-8?Q?=82?=\n =?utf-8?Q?=AC?="),
        subject="a€",
    ),
    case("words of two charsets", subject("=?iso-8859-1?Q?=FC?= =?utf-8?Q?=C3=A4?="), subject="üä"),
    case("word beside text without a space", subject("Re:=?utf-8?Q?_=C3=A4?=x"), subject="Re: äx"),
    case("word with a language", subject("=?utf-8*de?Q?=C3=A4?="), subject="ä"),
    case("word in an unknown charset", subject("=?x-unknown?Q?abc?="), subject="abc"),
    case("word in a refused codec S14", subject("=?unicode_escape?Q?=5Cu0041?="), subject="\\u0041"),
    case("word in zlib S14", subject("=?zlib?B?eJxLBAAAYgBi?="), subject_lacks="Error"),
    case("word in utf-7 S15", subject("=?utf-7?Q?+ADw-b+AD4-?="), subject="+ADw-b+AD4-"),
    case("word never closed", subject("=?utf-8?Q?abc"), subject="=?utf-8?Q?abc"),
    case("word with broken base64", subject("=?utf-8?B?R3L?="), subject="Gr"),
    case("word with spaces inside", subject("=?utf-8?Q?two words?="), subject="two words"),
    case(
        "word with a line break in it S01",
        subject("=?utf-8?B?YQ0KQmNjOiBlQHguZXhhbXBsZQ==?="),
        subject="a Bcc: e@x.example",
    ),
    case("word with NUL in it", subject("=?utf-8?Q?a=00b?="), subject="ab"),
    case("word in shift-jis", subject("=?shift_jis?B?k/qWe4zq?="), subject="日本語"),
    case("word in iso-2022-jp", subject("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), subject="日本"),
    case("word in gb2312", subject("=?gb2312?B?xOO6ww==?="), subject="你好"),
    case("word in koi8-r", subject("=?koi8-r?B?0NLJ18XU?="), subject="привет"),
    case("raw utf-8 subject", subject("Grüße 日本"), subject="Grüße 日本"),
    case("raw latin-1 subject S20", mail("Subject: Gr\udcfc\udcdfe", head=NO_SUBJECT), subject="Grüße"),
    case("raw iso-2022-jp subject", mail("Subject: \x1b$BF|K\\\x1b(B", head=NO_SUBJECT), subject="日本"),
    case("no subject", mail(head=NO_SUBJECT), subject=""),
    case("empty subject", subject(""), subject=""),
    case("two subjects", subject("one\nSubject: two"), subject="one"),
    case("folded subject", subject("one\n two\n\tthree"), subject="one two three"),
    case("bare CR in a subject S20", subject("one\rtwo"), subject_has="one"),
    case("tabs and controls in a subject", subject("a\tb\x01\x02c"), subject="a b c"),
    case("very long subject", subject("x" * 50_000), subject="x" * 1_000),
    case("subject all spaces", subject("   "), subject=""),
    case("lower-case field names", mail("subject: low", head=NO_SUBJECT), subject="low"),
    case("space before the colon", mail("Subject : spaced", head=NO_SUBJECT), subject="spaced"),
    case("subject says Re many times", subject("Re: Re: AW: x"), subject="Re: Re: AW: x"),
    case("ticket number in a subject threads nothing", subject("[#123] x"), references=[], tokens=[]),
    case("no date S13", mail(head=NO_DATE), date=None, warnings_has=notes.DATE_MISSING),
    case("absurd year S13", dated("Mon, 5 Jan 99999999999999999999 10:00:00 +0000"), date=None),
    case(
        "year 2050 S13", dated("Mon, 5 Jan 2050 10:00:00 +0000"), date=None, warnings_has=notes.DATE_MISSING
    ),
    case("year 1900 S13", dated("Mon, 5 Jan 1900 10:00:00 +0000"), date=None),
    case("zone +9999 S13", dated("Mon, 5 Jan 2026 10:00:00 +9999"), date=None),
    case("zone by name", dated("Mon, 5 Jan 2026 10:00:00 EST"), date="2026-01-05T15:00:00+00:00"),
    case("no zone", dated("Mon, 5 Jan 2026 10:00:00"), date="2026-01-05T10:00:00+00:00"),
    case("zone -0000", dated("Mon, 5 Jan 2026 10:00:00 -0000"), date="2026-01-05T10:00:00+00:00"),
    case(
        "zone with a comment", dated("Mon, 5 Jan 2026 10:00:00 +0100 (CET)"), date="2026-01-05T09:00:00+00:00"
    ),
    case("leap second", dated("Sat, 31 Dec 2016 23:59:60 +0000"), date="2016-12-31T23:59:59+00:00"),
    case("two-digit year", dated("5 Jan 26 10:00 GMT"), date="2026-01-05T10:00:00+00:00"),
    case("31 February", dated("Mon, 31 Feb 2026 10:00:00 +0000"), date=None),
    case("date in words", dated("yesterday"), date=None),
    case("date as ISO", dated("2026-01-05T10:00:00Z"), subject="Hello"),
    case("date of digits only", dated("9" * 5_000), date=None),
    case("date empty", dated(""), date=None),
    case(
        "date judged by the newest Received",
        mail("Received: by x; Tue, 6 Jan 2004 10:00:00 +0000"),
        date=None,
    ),
    case("no Message-ID S16", mail(head=NO_ID), id=""),
    case("empty Message-ID S16", mail("Message-ID: <>", head=NO_ID), id=""),
    case("two Message-IDs S16", mail("Message-ID: <a@x>\nMessage-ID: <b@x>", head=NO_ID), id="a@x"),
    case("Message-ID without brackets", mail("Message-ID: a@x.example", head=NO_ID), id="a@x.example"),
    case(
        "Message-ID with square brackets", mail("Message-ID: <[a]@x.example>", head=NO_ID), id="[a]@x.example"
    ),
    case("Message-ID folded", mail("Message-ID:\n <folded@x.example>", head=NO_ID), id="folded@x.example"),
    case(
        "Message-ID of Outlook",
        mail("Message-ID: <AB12@CD.prod.outlook.com>", head=NO_ID),
        id="AB12@CD.prod.outlook.com",
    ),
    case(
        "References and In-Reply-To",
        mail("References: <a@x> <b@x>\n <c@x>\nIn-Reply-To: <d@x>"),
        references=["a@x", "b@x", "c@x", "d@x"],
    ),
    case("In-Reply-To with words", mail("In-Reply-To: Your message of Monday <a@x>"), references=["a@x"]),
    case("References glued together", mail("References: <a@x><b@x>"), references=["a@x", "b@x"]),
    case("References with commas", mail("References: <a@x>, <b@x>"), references=["a@x", "b@x"]),
    case(
        "thousands of References",
        mail("References: " + "\n ".join(f"<{n}@x>" for n in range(3_000))),
        references=["0@x", *(f"{n}@x" for n in range(2_901, 3_000))],
    ),
    case(
        "our token in References",
        mail(f"References: <{'ad-' + '0' * 32 + '-' + 'a' * 20}.m@desk.example>"),
        tokens=["a" * 20],
    ),
    case(
        "our token in a plus-address",
        mail(f"Cc: support+AD-{'1' * 32}-{'b' * 20}@desk.example"),
        tokens=["b" * 20],
    ),
    case(
        "our token in Delivered-To R10",
        mail(f"Delivered-To: s+ad-{'2' * 32}-{'c' * 20}@d.example"),
        tokens=["c" * 20],
    ),
    case("a token in the subject counts nothing", subject(f"ad-{'3' * 32}-{'d' * 20}"), tokens=[]),
    case("loop marker S24", mail("X-AgentDesk-Loop: abc123"), loop="abc123"),
    case(
        "mbox From line S20",
        b"From anna@shop.example Mon Jan  5 10:00:00 2026\n" + mail(),
        subject="Hello",
        text="Hi",
    ),
    case(
        "quoted mbox From line", b">From anna@shop.example Mon Jan  5\n" + mail(), sender="anna@shop.example"
    ),
    case("byte order mark S20", b"\xef\xbb\xbf" + mail(), sender="anna@shop.example", text="Hi"),
    case(
        "utf-16 with byte order mark", mail().decode().encode("utf-16"), sender="anna@shop.example", text="Hi"
    ),
    case("blank lines before the header", b"\r\n\r\n" + mail(), sender="anna@shop.example", text="Hi"),
    case("bare CR line ends S20", mail().replace(b"\r\n", b"\r"), sender="anna@shop.example", text="Hi"),
    case("bare LF line ends", mail().replace(b"\r\n", b"\n"), sender="anna@shop.example", text="Hi"),
    case("doubled CR line ends", mail().replace(b"\r\n", b"\r\r\n"), sender="anna@shop.example", text="Hi"),
    case(
        "NUL bytes everywhere S20",
        mail(body="a\0b\0c").replace(b"Hello", b"He\0llo"),
        subject="Hello",
        text="abc",
    ),
    case(
        "no empty line after the header",
        mail(head="From: a@b.example\n", body=b"")[:-2] + b"Hi there",
        sender="a@b.example",
        text="Hi there",
    ),
    case(
        "no header at all",
        b"Hi there,\r\nwhere is my parcel?",
        text="Hi there,\nwhere is my parcel?",
        sender="",
        verified=False,
    ),
    case("no body", mail(body=b""), text="", subject="Hello"),
    case("nothing at all", b"", text="", sender=""),
    case("only line ends", b"\r\n\r\n\r\n", text=""),
    case("only a colon", b":", sender=""),
    case("one NUL", b"\0", sender=""),
    case("only bytes above 127", bytes(range(128, 256)) * 4, sender=""),
    case("a field without a name", mail(": x"), text_has="Hi"),
]
