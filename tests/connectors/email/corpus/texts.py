"""Text bodies: charsets, transfer encodings, flowed text, structure, protection, history."""

from __future__ import annotations

from base64 import b64encode

from tests.connectors.email.corpus.case import Case, case, file_part, mail, multipart, text_part, whole

from agentdesk_connectors.email import notes

RUSSIAN = "Здравствуйте, где моя посылка? Я жду уже неделю."
GERMAN = "Wo ist mein Paket? Ich warte schon über eine Woche, bitte prüfen Sie das. Grüße"


def charset(label: str, body: bytes) -> bytes:
    return mail(f"Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit", body)


def encoded(encoding: str, body: str | bytes) -> bytes:
    return mail(f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}", body)


def flowed(body: str, more: str = "") -> bytes:
    return mail(f"Content-Type: text/plain; charset=utf-8; format=flowed{more}", body)


ALTERNATIVE = multipart(
    "alternative", text_part("plain"), text_part("<p>rich</p>", "text/html; charset=utf-8")
)

CASES: list[Case] = [
    case("utf-8", charset("utf-8", RUSSIAN.encode()), text=RUSSIAN),
    case("koi8-r", charset("koi8-r", RUSSIAN.encode("koi8-r")), text=RUSSIAN),
    case("latin-1 that is windows-1252", charset("iso-8859-1", b"\x80 5 \x96 \x93ok\x94"), text="€ 5 – “ok”"),
    case("windows-1252 in a utf-8 part R11", charset("utf-8", GERMAN.encode("cp1252")), text=GERMAN),
    case("utf-8 in a latin-1 part R11", charset("iso-8859-1", GERMAN.encode()), text=GERMAN),
    case("utf-8 in a us-ascii part", charset("us-ascii", GERMAN.encode()), text=GERMAN),
    case("utf-8 with a few bad bytes", charset("utf-8", RUSSIAN.encode() + b" \xff"), text=RUSSIAN + " \ufffd"),
    case("no charset, utf-8", mail(body=GERMAN), text=GERMAN),
    case("no charset, windows-1251", mail(body=(RUSSIAN * 3).encode("cp1251")), text=RUSSIAN * 3),
    case("no charset, iso-2022-jp", mail(body="日本語の本文".encode("iso-2022-jp")), text="日本語の本文"),
    case("unknown-8bit S14", charset("unknown-8bit", GERMAN.encode()), text=GERMAN),
    case("DEFAULT_CHARSET S14", charset("DEFAULT_CHARSET", GERMAN.encode()), text=GERMAN),
    case("charset with NUL S14", charset('"utf-8\0"', GERMAN.encode()), text=GERMAN),
    case("unicode_escape S14", charset("unicode_escape", b"\\u003cb\\u003e"), text="\\u003cb\\u003e"),
    case("raw_unicode_escape", charset("raw-unicode-escape", b"\\u003c"), text="\\u003c"),
    case("zlib S14", charset("zlib", b"abc"), text="abc"),
    case("idna S14", charset("idna", b"xn--a"), text="xn--a"),
    case("punycode", charset("punycode", b"abc-"), text="abc-"),
    case("rot13", charset("rot13", b"abc"), text="abc"),
    case("base64 as a charset", charset("base64", b"YWJj"), text="YWJj"),
    case("utf-7 refused S15", charset("utf-7", b"+ADw-script+AD4-"), text="+ADw-script+AD4-"),
    case("utf-16 with a mark", charset("utf-16", b64encode("Grüße".encode("utf-16"))), subject="Hello"),
    case("gb2312 that is gb18030", charset("gb2312", "你好，我的包裹在哪里？镕".encode("gb18030")), text="你好，我的包裹在哪里？镕"),
    case("big5", charset("big5", "你好我的包裹".encode("big5")), text="你好我的包裹"),
    case("shift_jis with a vendor character", charset("shift_jis", "①番の荷物".encode("cp932")), text="①番の荷物"),
    case("ks_c_5601-1987", charset("ks_c_5601-1987", "안녕하세요 똠".encode("cp949")), text="안녕하세요 똠"),
    case("iso-8859-8-i", charset("iso-8859-8-i", "שלום".encode("iso8859-8")), text="שלום"),
    case("windows-874", charset("windows-874", "สวัสดี".encode("cp874")), text="สวัสดี"),
    case("byte order mark in a body", charset("utf-8", b"\xef\xbb\xbfHi"), text="Hi"),
    case("binary in a body S20", mail(body=bytes(range(256))), subject="Hello"),
    case("bare CRs in a body S20", mail(body=b"one\rtwo\rthree"), text="one\ntwo\nthree"),
    case("quoted-printable", encoded("quoted-printable", "Gr=C3=BC=\nsse"), text="Grüsse"),
    case("quoted-printable with bad escapes", encoded("quoted-printable", "100=% =ZZ =3D"), text="100=% =ZZ ="),
    case("quoted-printable cut short", encoded("quoted-printable", "abc="), text="abc"),
    case("base64", encoded("base64", b64encode(GERMAN.encode())), text=GERMAN),
    case("base64 with foreign characters", encoded("base64", "SGk*gd!G\nhlcmU="), text="Hi there"),
    case("base64 cut short", encoded("base64", "SGkgdGhlcmUsIA"), text="Hi there,"),
    case("base64 of one stray character", encoded("base64", "SGkgA"), text="Hi"),
    case("base64 in two pieces", encoded("base64", "SGk=\nIHRoZXJl\n"), text="Hi there"),
    case("base64 followed by an advertisement", encoded("base64", "SGk=\n\nThis list is sponsored by: nobody!"), text="Hi"),
    case("encoding unknown", encoded("x-mystery", "Hi"), text="Hi"),
    case("encoding in capitals with spaces", encoded(" BASE64 \t", "SGk="), text="Hi"),
    case("uuencode", encoded("x-uuencode", "begin 644 x\n#0V%T\n`\nend\n"), text="Cat"),
    case("flowed", flowed("This is one \nparagraph.\n\nAnd another."), text="This is one paragraph.\n\nAnd another."),
    case("flowed with DelSp", flowed("これは \n一行\n", "; delsp=yes"), text="これは一行"),
    case("flowed, stuffed", flowed(" >not quoted\n From here"), text=">not quoted\nFrom here"),
    case("flowed signature stays apart", flowed("Hi \nall\n-- \nAnna"), text="Hi all", quoted_has="Anna"),
    case("flowed quotes are not joined with answers", flowed("> a \n> b\nmy answer \nhere"), text_has="my answer here"),
    case("content type without a slash", mail("Content-Type: text"), text="Hi"),
    case("content type unknown but text", mail("Content-Type: text/x-strange"), files=["attachment-1"]),
    case("two content types", mail("Content-Type: text/plain\nContent-Type: image/png"), text="Hi"),
    case("alternative", whole(ALTERNATIVE), text="plain", html="<p>rich</p>\r\n".strip()),
    case("alternative with an empty text", whole(multipart("alternative", text_part(" "), text_part("<p>rich</p>", "text/html"))), text="rich"),
    case("alternative with two different texts loses neither", whole(multipart("alternative", text_part("one"), text_part("two"))), text="one\n\ntwo"),
    case("alternative with enriched text", whole(multipart("alternative", text_part("plain"), text_part("<bold>rich</bold>", "text/enriched"))), text="plain"),
    case("enriched text alone", mail("Content-Type: text/enriched", "<bold>rich</bold>"), text="rich"),
    case("HTML only", mail("Content-Type: text/html", "<p>Hi <b>you</b></p>"), text="Hi you", html="<p>Hi <b>you</b></p>"),
    case("HTML in utf-7 S15", mail("Content-Type: text/html; charset=utf-7", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-"), html_lacks="<script"),
    case("several text parts", whole(multipart("mixed", text_part("one"), file_part("a.pdf"), text_part("two"))), text="one\n\ntwo", files=["a.pdf"]),
    case("text between two HTML parts", whole(multipart("mixed", text_part("<b>1</b>", "text/html"), file_part("a.pdf"), text_part("<b>2", "text/html"))), html_has="<hr>"),
    case("no end of the multipart", whole(multipart("mixed", text_part("Hi")).replace("--=_x--\n", "")), text="Hi"),
    case("no boundary given", whole(multipart("mixed", text_part("Hi")).replace('; boundary="=_x"', "")), text="Hi"),
    case("the boundary is another", whole(multipart("mixed", text_part("Hi")).replace('boundary="=_x"', 'boundary="other"')), text="Hi"),
    case("the boundary never comes", mail('Content-Type: multipart/mixed; boundary="never"', "Just text"), text="Just text", warnings_has=notes.DAMAGED),
    case("an empty multipart", mail('Content-Type: multipart/mixed; boundary="x"', "--x--\n"), subject="Hello"),
    case("one boundary is the beginning of another", whole(multipart("mixed", multipart("alternative", text_part("Hi"), boundary="x1"), boundary="x")), text="Hi"),
    case("inner and outer boundary are one", whole(multipart("mixed", multipart("mixed", text_part("Hi"), boundary="x"), boundary="x")), text_has="Hi"),
    case("epilogue and preamble", whole(multipart("mixed", text_part("Hi")).replace("\n\n--", "\n\nThis is MIME\n--", 1) + "The end\n"), text="Hi"),
    case("lines that look like a boundary", whole(multipart("mixed", text_part("Hi\n-- \n--=_xy\n--\n---"), boundary="=_x")), text_has="Hi"),
    case("digest", whole(multipart("digest", "\nSubject: one\n\none\n", "\nSubject: two\n\ntwo\n")), files=["one.eml", "two.eml"]),
    case("report without anything", whole(multipart("report", text_part("Hi"))), text="Hi"),
    case("OpenPGP signed", whole(multipart("signed", text_part("Hi"), text_part("-----BEGIN", "application/pgp-signature"), parameters='; protocol="application/pgp-signature"')), text="Hi", protection="pgp-signed"),
    case("S/MIME signed", whole(multipart("signed", text_part("Hi"), file_part("smime.p7s", "application/pkcs7-signature"), parameters='; protocol="application/pkcs7-signature"')), protection="smime-signed", files=["smime.p7s"]),
    case("OpenPGP encrypted", whole(multipart("encrypted", text_part("Version: 1", "application/pgp-encrypted"), file_part("msg.asc", "application/octet-stream"))), protection="pgp-encrypted", warnings_has=notes.ENCRYPTED),
    case("S/MIME encrypted", whole(file_part("smime.p7m", "application/pkcs7-mime; smime-type=enveloped-data")), protection="smime-encrypted", files=["smime.p7m"]),
    case("S/MIME opaque signature", whole(file_part("smime.p7m", 'application/pkcs7-mime; smime-type="signed-data"')), protection="smime-signed"),
    case("inline OpenPGP", mail(body="-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----"), protection="pgp-encrypted"),
    case("EFAIL S19", whole(multipart("mixed", text_part('<img src="http://evil.example/', "text/html"), file_part("", "application/pkcs7-mime"), text_part('">', "text/html"))), html_lacks="<img src", protection="smime-encrypted"),
    case("answer above a quote", mail(body="Blue.\n\nOn 5 Jan 2026 at 09:12, S <s@d.example> wrote:\n> Which colour?"), text="Blue.", quoted_has="Which colour?"),
    case("answers between quotes", mail(body="> Which size?\nNine.\n> Which colour?\nBlue."), text_has="> Which size?\nNine.", quoted=""),
    case("German answer", mail(body="Blau.\n\nAm 05.01.26 um 09:12 schrieb Support:\n> Welche Farbe?"), text="Blau."),
    case("Outlook answer", mail(body="Blue.\n\n-----Original Message-----\nFrom: S\nSent: Monday\nTo: A\n\nWhich?"), text="Blue."),
    case("signature", mail(body="Hi\n-- \nAnna\n+49 123"), text="Hi", quoted="-- \nAnna\n+49 123".replace("-- ", "--")),
    case("only a quote", mail(body="> nothing but a quote"), text="> nothing but a quote"),
    case("only a signature", mail(body="-- \nAnna"), text_has="Anna"),
    case("a dash list is no signature", mail(body="I want\n- one\n- two"), text="I want\n- one\n- two"),
]  # fmt: skip
