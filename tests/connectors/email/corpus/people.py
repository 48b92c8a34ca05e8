"""Senders and recipients: several, none, groups, forged and broken addresses."""

from __future__ import annotations

from tests.connectors.email.corpus.case import Case, case, mail, without

from agentdesk_connectors.email import notes

NO_FROM, NO_TO = without("From"), without("To")


def sent_by(value: str, more: str = "") -> bytes:
    return mail(f"From: {value}\n{more}", head=NO_FROM)


def sent_to(value: str) -> bytes:
    return mail(f"To: {value}", head=NO_TO)


CASES: list[Case] = [
    case("plain address", sent_by("anna@shop.example"), sender="anna@shop.example", sender_name="", verified=True),
    case("quoted name with a comma", sent_by('"Müller, Anna" <A.M@Shop.Example>'), sender="a.m@shop.example", sender_name="Müller, Anna"),
    case("encoded name with a comma inside", sent_by("=?utf-8?Q?M=C3=BCller=2C_Anna?= <a@b.example>"), sender="a@b.example", sender_name="Müller, Anna", verified=True),
    case("encoded name in quotes", sent_by('"=?utf-8?Q?M=C3=BCller?=" <a@b.example>'), sender_name="Müller"),
    case("name in a comment", sent_by("a@b.example (Anna Müller)"), sender="a@b.example", sender_name="Anna Müller"),
    case("nested comments", sent_by("a@b.example (Anna (the (first)))"), sender="a@b.example"),
    case("escaped quotes in a name", sent_by(r'"Anna \"The Boss\" M" <a@b.example>'), sender_name='Anna "The Boss" M'),
    case("line break in a name S01", sent_by("=?utf-8?Q?a=0D=0ABcc:_e@x.example?= <a@b.example>"), sender="a@b.example", sender_name="a Bcc: e@x.example", verified=False),
    case("an address as the name S02", sent_by('"support@bank.example" <evil@x.example>'), sender="evil@x.example", verified=False, warnings_has=notes.SENDER_IMPERSONATES),
    case("its own address as the name", sent_by('"a@b.example" <A@b.example>'), verified=True, warnings=[]),
    case("two From fields S02", sent_by("a@b.example", "From: evil@x.example"), sender="a@b.example", verified=False, warnings_has=notes.SENDER_SEVERAL),
    case("two addresses in From S02", sent_by("a@b.example, c@d.example"), sender="a@b.example", verified=False),
    case("no From S16", mail(head=NO_FROM), sender="", verified=False, warnings_has=notes.SENDER_MISSING),
    case("no From but a Sender", mail("Sender: s@b.example", head=NO_FROM), sender="s@b.example", verified=False),
    case("no From but a Return-Path", mail("Return-Path: <r@b.example>", head=NO_FROM), sender="r@b.example", verified=False),
    case("empty From S16", sent_by(""), sender="", verified=False),
    case("From <> S16", sent_by("<>"), sender="", verified=False),
    case("From with a name only", sent_by("Mail System"), sender="", sender_name="Mail System", verified=False),
    case("From without brackets and with a name", sent_by("Anna a@b.example"), sender="a@b.example"),
    case("From with spaces in brackets", sent_by("Anna < a@b.example >"), sender="a@b.example", sender_name="Anna"),
    case("From with a missing bracket", sent_by("Anna <a@b.example"), sender="a@b.example", sender_name="Anna"),
    case("From with doubled brackets", sent_by("Anna <<a@b.example>>"), sender="a@b.example"),
    case("From as mailto", sent_by("<mailto:a@b.example>"), sender="a@b.example"),
    case("From with a source route", sent_by("<@x.example,@y.example:a@b.example>"), sender="a@b.example"),
    case("quoted local part", sent_by('"anna m"@b.example'), subject="Hello"),
    case("plain quoted local part", sent_by('<"anna"@b.example>'), sender="anna@b.example"),
    case("umlaut domain", sent_by("a@müller.example"), sender="a@xn--mller-kva.example"),
    case("umlaut local part", sent_by("jürgen@b.example"), sender="jürgen@b.example"),
    case("address literal", sent_by("a@[192.0.2.1]"), subject="Hello"),
    case("semicolons between addresses", sent_to("a@b.example; c@d.example"), to=["a@b.example", "c@d.example"]),
    case("direction override in a name S50", sent_by('"evil\u202egnp.exe" <a@b.example>'), sender="a@b.example"),
    case("very long name", sent_by('"' + "x" * 5_000 + '" <a@b.example>'), sender_name="x" * 200),
    case("name with markup S50", sent_by('"<b>Tom</b> & <img src=x>" <a@b.example>'), sender="a@b.example", sender_name="<b>Tom</b> & <img src=x>"),
    case("undisclosed recipients S16", sent_to("undisclosed-recipients:;"), to=[], sender="anna@shop.example"),
    case("a group with people", sent_to("Team: a@b.example, Bob <c@d.example>;, e@f.example"), to=["a@b.example", "c@d.example", "e@f.example"]),
    case("empty entries", sent_to(", ,a@b.example,, <>,"), to=["a@b.example"]),
    case("one recipient twice", sent_to("a@b.example, A@B.example"), to=["a@b.example"]),
    case("several To fields", sent_to("a@b.example\nTo: c@d.example"), to=["a@b.example", "c@d.example"]),
    case("Cc and Reply-To", mail("Cc: C <c@d.example>\nReply-To: r@d.example"), cc=["c@d.example"], reply_to=["r@d.example"]),
    case("reply address only in Cc R10", mail("Cc: support@desk.example", head=NO_TO), cc=["support@desk.example"], to=[]),
    case("delivery fields", mail("Delivered-To: d@x.example\nX-Original-To: o@x.example\nEnvelope-To: <e@x.example>"), delivered_to=["d@x.example", "o@x.example", "e@x.example"]),
    case("an endless quote", sent_by('"Anna <a@b.example>'), sender="a@b.example"),
    case("an endless comment", sent_by("a@b.example (Anna"), sender="a@b.example"),
    case("an endless address", sent_by("a@" + "b" * 50_000), subject="Hello"),
    case("an address of ats", sent_by("@" * 5_000), verified=False),
    case("addresses in raw latin-1", mail("To: J\udcfcrgen <j@b.example>", head=NO_TO), to=["j@b.example"], to_names=["Jürgen"]),
    case("agent's own address is just a customer S05", sent_by("support@desk.example"), sender="support@desk.example"),
    case("evil added to Cc S04", mail("Cc: evil@x.example"), cc=["evil@x.example"]),
]  # fmt: skip
