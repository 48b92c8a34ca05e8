"""Attached files: names, kinds, inline pictures, containers."""

from __future__ import annotations

from tests.connectors.email.corpus.case import Case, case, file_part, multipart, text_part, whole

from agentdesk_connectors.email import notes


def named(name: str, kind: str = "application/pdf") -> bytes:
    return whole(multipart("mixed", text_part("Hi"), file_part(name, kind)))


def disposed(disposition: str, kind: str = "application/pdf") -> bytes:
    part = f"Content-Type: {kind}\nContent-Disposition: {disposition}\n\nx\n"
    return whole(multipart("mixed", text_part("Hi"), part))


HTML = text_part('<p>See <img src="cid:p1@x"></p>', "text/html; charset=utf-8")
PICTURE = file_part("p.png", "image/png", b"\x89PNG", "Content-ID: <p1@x>\n")
RELATED = multipart("related", HTML, PICTURE, boundary="rel")

CASES: list[Case] = [
    case("a file", named("Rechnung.pdf"), files=["Rechnung.pdf"], types=["application/pdf"], contents=[b"%PDF"]),
    case("an empty file S18", whole(multipart("mixed", text_part("Hi"), file_part("a.pdf", content=b""))), files=["a.pdf"], contents=[b""]),
    case("path up S17", named("..\\\\..\\\\con.txt:ads"), files=["_con.txt_ads"]),
    case("path of Unix S17", named("/etc/passwd"), files=["passwd"]),
    case("reserved name S17", named("NUL"), files=["_NUL"]),
    case("reserved name with an extension", named("com1.pdf"), files=["_com1.pdf"]),
    case("direction override S17", named("invoice\u202efdp.exe"), files=["invoice[U+202E]fdp.exe"], notes=[notes.NAME_HIDES]),
    case("invisible characters", named("a\u200b\u2060b.pdf"), files=["a[U+200B][U+2060]b.pdf"]),
    case("two extensions S17", named("a.pdf .exe"), files=["a.pdf .exe"], notes=[notes.ATTACHED_CODE]),
    case("300 characters S17", named("x" * 300 + ".pdf"), files=["x" * 196 + ".pdf"]),
    case("300 characters of three bytes", named("語" * 300 + ".pdf"), files=["語" * 73 + ".pdf"]),
    case("trailing dots and spaces S17", named("a.pdf. . "), files=["a.pdf"]),
    case("only dots", named("..."), files=["attachment-1.pdf"]),
    case("line break in a name S17", disposed("attachment; filename*=utf-8''a%0D%0Ab.pdf"), files=["a b.pdf"]),
    case("NUL in a name", disposed("attachment; filename*=utf-8''a%00.pdf"), files=["a.pdf"]),
    case("wildcards", named("a*b?c|d<e>.pdf"), files=["a_b_c_d_e_.pdf"]),
    case("no name", whole(multipart("mixed", text_part("Hi"), file_part("", "image/png"))), files=["attachment-1.png"]),
    case("name of RFC 2231", disposed("attachment; filename*=utf-8'de'Gr%C3%BC%C3%9Fe.pdf"), files=["Grüße.pdf"]),
    case("name of RFC 2231 in pieces split inside a character", disposed("attachment; filename*0*=utf-8''Gr%C3; filename*1*=%BC%C3%9Fe.pdf"), files=["Grüße.pdf"]),
    case("name of RFC 2231 in the wrong order", disposed("attachment; filename*1=b.pdf; filename*0=a"), files=["ab.pdf"]),
    case("name of RFC 2231 with a broken charset", disposed("attachment; filename*=nonsense''a%C3%A4.pdf"), files=["aä.pdf"]),
    case("name of RFC 2231 with bad escapes", disposed("attachment; filename*=utf-8''a%ZZ%.pdf"), files=["a%ZZ%.pdf"]),
    case("name both ways", disposed("attachment; filename=\"alt.pdf\"; filename*=utf-8''neu.pdf"), files=["neu.pdf"]),
    case("name as an encoded word", disposed('attachment; filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe.pdf?="'), files=["Grüße.pdf"]),
    case("name as two encoded words", disposed('attachment; filename="=?utf-8?B?R3LD?= =?utf-8?B?vMOfZS5wZGY=?="'), files=["Grüße.pdf"]),
    case("name in raw utf-8", named("Grüße.pdf"), files=["Grüße.pdf"]),
    case("name in raw latin-1", disposed('attachment; filename="Gr\udcfc\udcdfe.pdf"'), files=["Grüße.pdf"]),
    case("name without quotes and with spaces", disposed("attachment; filename=my file.pdf"), files=["my file.pdf"]),
    case("name with a semicolon", disposed('attachment; filename="a;b.pdf"'), files=["a;b.pdf"]),
    case("name with quotes inside", disposed(r'attachment; filename="a\"b.pdf"'), files=["a_b.pdf"]),
    case("name never closed", disposed('attachment; filename="a.pdf'), files=["a.pdf"]),
    case("name only in Content-Type", whole(multipart("mixed", text_part("Hi"), 'Content-Type: application/pdf; name="t.pdf"\n\nx\n')), files=["t.pdf"]),
    case("markup in a name S50", named("<img src=x>.pdf"), files=["_img src=x_.pdf"]),
    case("a text file is a file", disposed('attachment; filename="a.txt"', "text/plain"), text="Hi", files=["a.txt"]),
    case("an HTML file is a file", disposed('attachment; filename="a.html"', "text/html"), html="", files=["a.html"], notes=[notes.ATTACHED_CODE]),
    case("a program", named("setup.exe", "application/octet-stream"), notes=[notes.ATTACHED_CODE]),
    case("winmail.dat S18", named("winmail.dat", "application/ms-tnef"), files=["winmail.dat"], notes=[notes.TNEF]),
    case("winmail.dat as octets", named("WINMAIL.DAT", "application/octet-stream"), notes=[notes.TNEF]),
    case("a zip is never opened S18", named("42.zip", "application/zip"), files=["42.zip"], contents=[b"%PDF"]),
    case("an invitation", whole(multipart("alternative", text_part("Hi"), text_part("BEGIN:VCALENDAR", "text/calendar; method=REQUEST"))), text="Hi", files=["attachment-1.ics"], notes=[notes.INVITATION]),
    case("an enclosed mail", whole(multipart("mixed", text_part("Hi"), "Content-Type: message/rfc822\n\nSubject: =?utf-8?Q?=C3=84?= b/c\n\nx\n")), files=["Ä b_c.eml"], notes=[notes.ENCLOSED_MAIL], text="Hi"),
    case("a file elsewhere", whole(multipart("mixed", text_part("Hi"), 'Content-Type: message/external-body; access-type=URL; URL="http://evil.example/x"\n\nContent-Type: image/png\n\n')), notes=[notes.ELSEWHERE]),
    case("a piece of a message", whole('Content-Type: message/partial; id="x"; number=2\n\nrest\n'), notes=[notes.PIECE]),
    case("nothing but a file", whole(file_part("a.pdf")), text="", files=["a.pdf"]),
    case("a picture shown R9", whole(RELATED), files=["p.png"], inline=[True], html_has='src="cid:p1@x"'),
    case("a picture that no text shows R9", whole(RELATED.replace("cid:p1@x", "cid:other@x")), inline=[False], html_lacks="<img"),
    case("a picture outside the related part R9", whole(multipart("mixed", HTML, PICTURE)), inline=[True], html_has="cid:p1@x"),
    case("a picture inline without HTML", whole(multipart("mixed", text_part("Hi"), PICTURE)), inline=[False]),
    case("a cid with escapes", whole(RELATED.replace("cid:p1@x", "cid:p1%40x")), html_has='src="cid:p1@x"'),
    case("a cid with brackets missing", whole(RELATED.replace("<p1@x>", "p1@x")), inline=[True]),
    case("a cid with quotes", whole(RELATED.replace("<p1@x>", '<"p1@x">')), files=["p.png"]),
    case("SVG posing as PNG S40", whole(multipart("mixed", text_part("Hi"), file_part("x.png", "image/png", b"<svg/>"))), files=["x.png"], html=""),
    case("AppleDouble", whole(multipart("mixed", text_part("Hi"), multipart("appledouble", file_part("%r", "application/applefile"), file_part("a.pdf"), boundary="ad"))), files=["%r", "a.pdf"]),
    case("base64 damaged in a file", whole(multipart("mixed", text_part("Hi"), file_part("a.bin").replace("JVBE", "J!VB*E"))), contents=[b"%PDF"]),
    case("disposition nonsense", disposed("%%%; = ; ;filename"), subject="Hello"),
]  # fmt: skip
