"""Delivery reports: the standard form (RFC 3464) and what servers of all ages write instead.

Nothing in a report is proof: anybody can write one. It names external ids; only where one of them is the
id of a message that we sent does the core take the report for that message.
"""

from __future__ import annotations

import re
from itertools import islice

from agentdesk.sdk.inbound import DeliveryReport, Report
from agentdesk_connectors.email import addresses, bounce_text, charsets, headers, limits
from agentdesk_connectors.email.bounce_reasons import is_permanent
from agentdesk_connectors.email.headers import Headers
from agentdesk_connectors.email.mime import Part

_DAEMON = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_]?daemon|po?ost[-_]?master|mail\.delivery\.system|mdaemon|mailmaster|"
    r"mailadmin|bounces?|mailer|"
    r"microsoftexchange[0-9a-f]{1,40}|maildeliverysystem|mail[-_.]delivery|delivery|admin(?:istrator)?|"
    r"root|system|info-mailadmin|no-?reply)\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"(?:mailer[-_.]?daemon|post_master)\b", re.IGNORECASE)
_REFUSAL = re.compile(r"^\W{0,10}5[0-5]\d[ -]", re.MULTILINE)
_SUBJECT = re.compile(
    r"undeliver|non[- ]?deliver|not delivered|un(?:able|successful)[^\n]{0,30}deliver|"
    r"deliver\w{0,6}[ :(]{0,3}(?:status )?(?:failure|fail|notification|error|problem|report|delayed|"
    r"warning)|"
    r"(?:fail|could not|couldn't|cannot|can't|unable)\w{0,6}[^\n]{0,30}(?:deliver|send|sent)|"
    r"delivery (?:has )?(?:been )?(?:fail|delay)|failure notice|"
    r"returned (?:mail|to sender|message|email)|mail (?:system error|failure|delivery|returned|error|"
    r"failure)|mail could not|message (?:delivery|status|you sent|not|blocked|rejected)|"
    r"user unknown|unknown (?:user|address|recipient)|nondeliverable|warning: (?:could not|message)|"
    r"undelivered|bounce|rejected mail|"
    r"unzustellbar|nicht zustellbar|zustell(?:ung|fehler)|non (?:remis|distribu|recapit)|échec de|"
    r"no se puede entregar|no entregado|devuelto|"
    r"mancato recapito|onbestelbaar|kan ej levereras|olevererbart|не доставлен|недоставлен|配信不能|"
    r"配信できません|"
    r"エラー|退信|系统退信|投递失败|배달|반송|postmaster notify|"
    r"delivery status|email feedback|error (?:sending|mail|notification)|there was an error sending|"
    r"permanent error|no such user|mail refused|mdaemon|fehlgeschlagen|problem delivering",
    re.IGNORECASE,
)
_PASSED_ON = re.compile(r"\A\s{0,20}(?:fwd?|wg|tr|i|rv|enc|doorst|vs|pd)\s?:", re.IGNORECASE)
_BODY = re.compile(
    r"(?:could|can|was|were|been|is|had) ?(?:not|n't)(?: be)?(?: \w+){0,2} (?:deliver|sent|reach|relayed|"
    r"accept)|cannot be delivered|(?:un|non-?)deliver(?:able|ed)|delivery[^\n]{0,60}(?:fail|error|problem|"
    r"delay|not possible|cancel|rejected|unsuccess)|"
    r"fail(?:ed|ure)?[^\n]{0,40}(?:deliver|recipient|address)|rejected by|"
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal errors|returned to (?:you|sender)|"
    r"wasn't able to deliver|unable to (?:deliver|send|complete)|"
    r"(?:user|recipient|mailbox|host|domain|address)[^\n]{0,40}(?:unknown|not found|does ?n[o']t exist|"
    r"full|invalid|over ?quota|rejected)|no such user|unknown user|smtp error|"
    r"(?:550|553|554|552|551|450|451|452|421)[- ][^\n]{0,5}\S|not yet been delivered|will (?:keep|"
    r"continue) trying|delivery attempts|配信|送信できません|送信先|宛先|nicht zugestellt|nicht zustellbar|"
    r"n'a pas pu être|no se ha podido|non è stato possibile|не удалось|не может быть доставлено|退信|无法|"
    r"reason for|failure reasons|delivery status|not reach (?:the )?(?:following )?recipient|"
    r"incorrectly constructed|malformed address|account[^\n]{0,40}(?:disabled|suspended|inactive)|"
    r"exceeds allowed|not been delivered|expired|network error|trouble delivering|invalid (?:user|"
    r"final delivery)",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delayed|will (?:keep|continue) (?:trying|to try|attempting)|still (?:trying|being retried|"
    r"in the queue)|not yet been delivered|will be retried|do not need to resend|"
    r"don't need to resend|warning message only|retry for|has not been delivered yet",
    re.IGNORECASE,
)
_GAVE_UP = re.compile(
    r"giv(?:en|ing) up|failed permanently|permanent(?:ly)? fail|expired|has been (?:returned|cancel)|"
    r"unable to be delivered",
    re.IGNORECASE,
)
_ACTIONS = {
    "failed": Report.FAILED,
    "failure": Report.FAILED,
    "delayed": Report.DELAYED,
    "delivered": Report.DELIVERED,
    "deliverable": Report.DELIVERED,
    "relayed": Report.DELIVERED,
    "expanded": Report.DELIVERED,
}
_ORIGINAL = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/global",
        "message/global-headers",
        "message/rfc822-headers",
    }
)
_STATUS_PARTS = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "message/xdelivery-status"}
)
_TAGS = re.compile(r"<(?![^\s<>@]{1,100}@)[^<>]{0,4000}+>")
_WORDS = 1_000
_REPORT_CHARS = 100_000  # of the text; what servers write is a few thousand
_COPY_BYTES = 500_000
_ID_LINE = re.compile(
    rb"^[> \t]{0,10}(?:X-|Original-){0,2}Message-ID:[ \t]{0,5}<([^<>\s]{1,990})>",
    re.IGNORECASE | re.MULTILINE,
)


def reports(root: Part, subject: str, sender: str, texts: list[str]) -> tuple[DeliveryReport, ...]:
    """Return what a message says of deliveries, by recipient; empty where it is no delivery report.

    ``subject`` is decoded, ``sender`` comparable, ``texts`` are the texts of the body.
    """
    leaves = root.leaves()
    status_part = next((leaf for leaf in leaves if leaf.kind in _STATUS_PARTS), None)
    if status_part is None and not _looks_like_one(root, leaves, subject, sender, texts):
        return ()
    report, copy = bounce_text.before_copy(("\n".join(texts) or _text_of(leaves))[:_REPORT_CHARS])
    ids = _external_ids(root, leaves, copy)
    found = (
        _standard(status_part, report, ids, _original_recipient(leaves, copy))
        if status_part is not None
        else []
    )
    return tuple(found or _told(root, leaves, report, copy, ids))[: limits.REPORTS]


def _looks_like_one(root: Part, leaves: list[Part], subject: str, sender: str, texts: list[str]) -> bool:
    fields = root.headers
    if "x-failed-recipients" in fields:
        return True
    if root.parameters.get("report-type", "").lower() not in ("", "delivery-status"):
        return False  # receipts (disposition-notification) and complaints (feedback-report)
    submitted = fields.get("auto-submitted").lower()
    if fields.get("x-autoreply") or fields.get("x-autorespond"):
        return False
    daemon = _DAEMON.match(sender) is not None
    if not daemon and _PASSED_ON.match(subject):
        return False  # somebody shows us a bounce of theirs
    null_sender = fields.get("return-path").strip() in ("<>", "<MAILER-DAEMON>", "<#@[]>")
    titled = _SUBJECT.search(subject) is not None
    if not (daemon or null_sender or titled):
        return False
    text = "\n".join(texts)[:20_000] or _text_of(leaves)[:20_000]
    told = _BODY.search(text) is not None
    encloses = any(leaf.kind in _ORIGINAL for leaf in leaves) or bounce_text.before_copy(text)[1] != ""
    strong = daemon and (_DAEMON.match(sender) or null_sender) and titled
    if root.kind == "multipart/report":
        return told or titled or encloses
    if submitted.startswith("auto-replied") and not (daemon or encloses):
        return False
    if _MACHINE.match(sender) and _REFUSAL.search(text):
        return True
    return bool(
        told and (strong or (encloses and (daemon or null_sender or titled)) or (null_sender and titled))
    )


def _text_of(leaves: list[Part]) -> str:
    """The words of HTML bounces, roughly."""
    for leaf in leaves:
        if leaf.kind == "text/html":
            source = charsets.decode(
                leaf.content()[: limits.HTML_SHOWN_CHARS], leaf.parameters.get("charset", "")
            )
            return _TAGS.sub("\n", source).replace("&lt;", "<").replace("&gt;", ">")
    return ""


def _external_ids(root: Part, leaves: list[Part], copy: str) -> tuple[str, ...]:
    """Return the ids by which our message may be found: its own in the enclosed copy first."""
    found: list[str] = []
    for leaf in leaves:
        if leaf.kind in _ORIGINAL:
            found += addresses.ids(_enclosed(leaf).get("message-id"))
    for text in (copy.encode("utf-8", errors="replace"), root.raw[root.start :]):
        shown = (
            match[1].decode("utf-8", errors="replace") for match in _ID_LINE.finditer(text[:_COPY_BYTES])
        )
        found += islice(shown, 20)
    for name in ("x-original-message-id", "references", "in-reply-to", "original-message-id"):
        found += addresses.ids(root.headers.get(name))
    return tuple(dict.fromkeys(found))[:20]


def _enclosed(leaf: Part) -> Headers:
    block = leaf.content()[: limits.PREAMBLE_BYTES].lstrip(b"\r\n").replace(b"\r\n", b"\n")
    blank = block.find(b"\n\n")
    block = block if blank < 0 else block[: blank + 1]
    return headers.read(block)[0]


def _standard(part: Part, report: str, ids: tuple[str, ...], fallback: str) -> list[DeliveryReport]:
    """Read the groups of a delivery-status part (RFC 3464 section 2.3)."""
    text = part.content()[: limits.HEADER_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: dict[str, DeliveryReport] = {}
    for group in text.split(b"\n\n")[: limits.REPORTS * 2]:
        fields = headers.parse(group)
        if not any(name in fields for name in ("final-recipient", "original-recipient", "action", "status")):
            continue
        one = _recipient(fields, report, ids, fallback)
        found.setdefault(one.recipient, one)
    return list(found.values())


def _recipient(fields: Headers, report: str, ids: tuple[str, ...], fallback: str) -> DeliveryReport:
    recipient = _typed(fields.get("final-recipient"))
    original = _typed(fields.get("original-recipient"))
    if "@" not in recipient:
        recipient = original if "@" in original else fallback or recipient
    diagnostic = fields.get("diagnostic-code")
    words = " ".join(diagnostic.partition(";")[2].split()) or diagnostic.strip()
    status = bounce_text.status_in(fields.get("status")) or bounce_text.status_in(words)
    action = _ACTIONS.get(fields.get("action").strip().lower().partition(" ")[0], Report.FAILED)
    if status.endswith(".0.0"):
        status = bounce_text.status_in(words) or status
    permanent = action is Report.FAILED and is_permanent(status, words or report, recipient, report)
    return DeliveryReport(
        action, ids, addresses.comparable(recipient), status, (words or report.strip())[:_WORDS], permanent
    )


def _typed(value: str) -> str:
    """``rfc822; <a@b>`` without its type and brackets."""
    return (value.partition(";")[2] or value).strip().strip("<>").partition(" ")[0]


def _told(
    root: Part, leaves: list[Part], report: str, copy: str, ids: tuple[str, ...]
) -> list[DeliveryReport]:
    """Read the report as text; where it names nobody, the recipient is whom the enclosed copy was sent to."""
    ours = frozenset(addresses.addresses(root.headers.get("to")))
    named = addresses.addresses(root.headers.get("x-failed-recipients"))  # passes over pipes and files
    told = bounce_text.failures(report, ours)
    if named:
        by_address = {one.recipient: one for one in told}
        told = [
            by_address.get(n) or bounce_text.Failure(n, bounce_text.status_in(report), report) for n in named
        ]
    if not told:
        recipient = _original_recipient(leaves, copy)
        told = [bounce_text.Failure(recipient, bounce_text.status_in(report), report)]
    delayed = _DELAYED.search(report) is not None and _GAVE_UP.search(report) is None
    kind = Report.DELAYED if delayed else Report.FAILED
    return [
        DeliveryReport(
            kind,
            ids,
            addresses.comparable(one.recipient),
            one.status,
            one.words.strip()[:_WORDS],
            not delayed and is_permanent(one.status, one.words, one.recipient, report),
        )
        for one in told
    ]


def _original_recipient(leaves: list[Part], copy: str) -> str:
    for leaf in leaves:
        if leaf.kind in _ORIGINAL:
            found = addresses.addresses(_enclosed(leaf).get("to"))
            if found:
                return found[0]
    for line in copy[:50_000].split("\n"):
        if line[:3].lower() == "to:":
            found = addresses.addresses(line[3:].strip())
            if found:
                return found[0]
    return ""
