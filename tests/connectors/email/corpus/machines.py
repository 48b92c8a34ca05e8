"""What programs write: answers of absence, lists, notices, bounces; and what only looks like it."""

from __future__ import annotations

from tests.connectors.email.corpus.case import Case, case, mail, multipart, text_part, whole, without

DAEMON = (
    without("From", "Subject") + "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nReturn-Path: <>\n"
)
FAILED = DAEMON + "Subject: Undelivered Mail Returned to Sender\n"
STATUS = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
ORIGINAL = (
    "Content-Type: message/rfc822\n\nMessage-ID: <ours@desk.example>\nTo: bob@gone.example\nSubject: x\n\nx\n"
)


def titled(subject: str, more: str = "") -> bytes:
    return mail(f"Subject: {subject}\n{more}", head=without("Subject"))


def report(fields: str, words: str = "It failed.", original: str = ORIGINAL) -> bytes:
    content = multipart(
        "report", text_part(words), STATUS + fields, original, parameters="; report-type=delivery-status"
    )
    return whole(content, FAILED)


def told(words: str, subject: str = "failure notice") -> bytes:
    return mail(f"Subject: {subject}", words, head=DAEMON)


GONE = "Final-Recipient: rfc822; bob@gone.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"

CASES: list[Case] = [
    case("a person", mail(), automation="no", reports=[]),
    case("Auto-Submitted: no S21", mail("Auto-Submitted: no"), automation="no"),
    case("Auto-Submitted: no with a comment", mail("Auto-Submitted: No (by hand)"), automation="no"),
    case("auto-replied S21", mail("Auto-Submitted: auto-replied; owner-email=x"), automation="auto_reply"),
    case("auto-generated S21", mail("Auto-Submitted: auto-generated"), automation="auto_generated"),
    case("auto-notified", mail("Auto-Submitted: auto-notified"), automation="auto_generated"),
    case("Exchange suppression S21", mail("X-Auto-Response-Suppress: All"), automation="auto_generated"),
    case("Precedence: bulk S21", mail("Precedence: bulk"), automation="bulk"),
    case("Precedence: auto_reply S21", mail("Precedence: auto_reply"), automation="auto_reply"),
    case("Precedence: first-class", mail("Precedence: first-class"), automation="no"),
    case("mailing list S21", mail("List-Id: <x.lists.example>"), automation="bulk"),
    case("newsletter", mail("List-Unsubscribe: <https://x.example/u>"), automation="bulk"),
    case("X-Autoreply", mail("X-Autoreply: yes"), automation="auto_reply"),
    case("X-Autorespond", mail("X-Autorespond: 1"), automation="auto_reply"),
    case("X-Autoreply: no", mail("X-Autoreply: no"), automation="no"),
    case("null return path S21", mail("Return-Path: <>"), automation="auto_generated"),
    case("Automated Response S22", titled("Automated Response: Re: your ticket"), automation="auto_reply"),
    case("Out of office", titled("Out of Office: holidays"), automation="auto_reply"),
    case("Automatic reply", titled("Automatic reply: x"), automation="auto_reply"),
    case("Abwesenheitsnotiz", titled("Abwesenheitsnotiz: Urlaub"), automation="auto_reply"),
    case("Automatische Antwort", titled("Automatische Antwort: x"), automation="auto_reply"),
    case("Réponse automatique", titled("=?utf-8?Q?R=C3=A9ponse_automatique_:_x?="), automation="auto_reply"),
    case("自动回复", titled("=?utf-8?B?6Ieq5Yqo5Zue5aSNOiB4?="), automation="auto_reply"),
    case("a subject about automatic things", titled("Automatic gearbox broken"), automation="no"),
    case("a subject about the office", titled("Delivery to my office"), automation="no"),
    case("noreply", mail("From: no-reply@shop.example", head=without("From")), automation="auto_generated"),
    case("bounce of the standard form S25", report(GONE), automation="bounce", reports=[("failed", "bob@gone.example", True)], report_ids=["ours@desk.example"], statuses=["5.1.1"]),
    case("mailbox full is not for ever", report(GONE.replace("5.1.1 User unknown", "5.2.2 mailbox full").replace("5.1.1", "5.2.2")), reports=[("failed", "bob@gone.example", False)]),
    case("delayed", report(GONE.replace("failed", "delayed").replace("5.1.1", "4.4.1")), reports=[("delayed", "bob@gone.example", False)]),
    case("delivered", report(GONE.replace("failed", "delivered").replace("5.1.1", "2.0.0")), reports=[("delivered", "bob@gone.example", False)]),
    case("two recipients", report(GONE + "\n" + GONE.replace("bob@gone", "eve@full").replace("5.1.1 User unknown", "5.2.2 over quota").replace("5.1.1", "5.2.2")), reports=[("failed", "bob@gone.example", True), ("failed", "eve@full.example", False)]),
    case("original recipient where the final one is no address", report(GONE.replace("bob@gone.example", "|/bin/x") + "Original-Recipient: rfc822;bob@gone.example\n"), reports=[("failed", "bob@gone.example", True)]),
    case("only the header of the original", report(GONE, original="Content-Type: text/rfc822-headers\n\nMessage-ID: <ours@desk.example>\n"), report_ids=["ours@desk.example"]),
    case("status with words", report(GONE.replace("Status: 5.1.1", "Status: 5.1.1 (bad mailbox)")), statuses=["5.1.1"]),
    case("status part without fields", report("X-Nothing: 1\n", "<bob@gone.example>: user unknown"), reports=[("failed", "bob@gone.example", True)]),
    case("bounce without our id S26", report(GONE, original=text_part("x")), report_ids=[], automation="bounce"),
    case("qmail", told("Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n<bob@gone.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <ours@desk.example>\nTo: bob@gone.example\n"), reports=[("failed", "bob@gone.example", True)], report_ids=["ours@desk.example"]),
    case("exim", mail("Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: bob@gone.example", "A message that you sent could not be delivered.\n\n  bob@gone.example\n    Unrouteable address\n\n------ This is a copy of your message ------\n\nMessage-Id: <ours@desk.example>\n", head=DAEMON), reports=[("failed", "bob@gone.example", True)], report_ids=["ours@desk.example"]),
    case("sendmail", told("   ----- The following addresses had permanent fatal errors -----\n<bob@gone.example>\n\n   ----- Transcript of session follows -----\n550 5.1.1 <bob@gone.example>... User unknown\n", "Returned mail: see transcript for details"), reports=[("failed", "bob@gone.example", True)]),
    case("Exchange", mail("Subject: Undeliverable: x", "Delivery has failed to these recipients or groups:\n\nbob@gone.example\nThe email address you entered couldn't be found.\n", head=DAEMON), reports=[("failed", "bob@gone.example", True)]),
    case("a warning of delay", told("This is a warning message only.\nYou do not need to resend your message.\n\nDelivery to <bob@slow.example> has been delayed: connection timed out\n", "Warning: could not send message for past 4 hours"), reports=[("delayed", "bob@slow.example", False)]),
    case("German bounce", told("Ihre Nachricht konnte nicht zugestellt werden:\n\n<bob@gone.example>: 550 Unbekannter Empfänger\n", "Unzustellbar: x"), reports=[("failed", "bob@gone.example", True)]),
    case("complaint of a provider is no bounce", whole(multipart("report", text_part("x"), "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n", parameters="; report-type=feedback-report"), FAILED), reports=[], automation="auto_generated"),
    case("receipt of reading is no bounce", whole(multipart("report", text_part("Your message was displayed."), "Content-Type: message/disposition-notification\n\nDisposition: x; displayed\n", parameters="; report-type=disposition-notification")), reports=[]),
    case("a person about an undelivered parcel", mail("Subject: Undelivered parcel", "My parcel could not be delivered, the driver said the address is unknown.\nanna@shop.example", head=without("Subject")), reports=[], automation="no"),
    case("a person shows us a bounce", mail("Subject: Fwd: Undelivered Mail Returned to Sender", "Why?\n\n<support@desk.example>: 550 user unknown\n--- Below this line is a copy of the message.\n", head=without("Subject")), reports=[], automation="no"),
    case("a person answers to a bounce", mail("Subject: Re: Mail delivery failed", "Did you get my mail?", head=without("Subject")), reports=[]),
]  # fmt: skip
