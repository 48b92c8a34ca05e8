"""The form of a case, and the words in which its result is told."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from agentdesk.sdk.inbound import Inbound

HEAD = (
    "From: Anna <anna@shop.example>\nTo: support@desk.example\nSubject: Hello\nDate: Mon, 5 Jan 2026 10:00:00 +0100\n"
    "Message-ID: <m1@shop.example>\nMIME-Version: 1.0\n"
)


@dataclass(frozen=True)
class Case:
    """``raw`` (or what builds it) must give the values in ``expect``; see :func:`seen` for their names.

    A name ending in ``_has`` demands a part, ``_lacks`` forbids one.
    """

    name: str
    raw: bytes | Callable[[], bytes]
    expect: dict[str, object] = field(default_factory=dict)

    def build(self) -> bytes:
        return self.raw if isinstance(self.raw, bytes) else self.raw()


def case(name: str, raw: bytes | Callable[[], bytes], **expect: object) -> Case:
    return Case(name, raw, expect)


def mail(extra: str = "", body: str | bytes = "Hi\n", head: str = HEAD) -> bytes:
    """A mail with ``extra`` fields, line ends CR LF."""
    text = body if isinstance(body, bytes) else body.encode("utf-8")
    return (
        (head + extra + ("\n" if extra and not extra.endswith("\n") else ""))
        .replace("\n", "\r\n")
        .encode("utf-8", "surrogateescape")
        + b"\r\n"
        + text.replace(b"\n", b"\r\n")
    )


def without(*names: str) -> str:
    """The usual header without some of its fields."""
    return "".join(f"{line}\n" for line in HEAD.splitlines() if line.split(":")[0] not in names)


def text_part(text: str, kind: str = "text/plain; charset=utf-8", extra: str = "") -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n{extra}\n{text}\n"


def file_part(name: str, kind: str = "application/pdf", content: bytes = b"%PDF", extra: str = "") -> str:
    disposition = f'Content-Disposition: attachment; filename="{name}"\n' if name else ""
    encoded = encodebytes(content).decode()
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n{disposition}{extra}\n{encoded}"


def multipart(kind: str, *parts: str, boundary: str = "=_x", parameters: str = "") -> str:
    """A Content-Type field, an empty line and the parts: to be appended to a header."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"{parameters}\n\n{body}--{boundary}--\n'


def whole(content: str, head: str = HEAD) -> bytes:
    return (head + content).replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def seen(found: Inbound) -> dict[str, object]:
    """The result in plain values."""
    return {
        "sender": found.sender.value,
        "sender_name": found.sender.name,
        "verified": found.sender_verified,
        "subject": found.subject,
        "text": found.text,
        "quoted": found.quoted_text,
        "html": found.html,
        "quoted_html": found.quoted_html,
        "id": found.external_id,
        "references": list(found.references),
        "date": found.sent_at.isoformat() if found.sent_at else None,
        "to": [p.value for p in found.to],
        "to_names": [p.name for p in found.to],
        "cc": [p.value for p in found.cc],
        "reply_to": [p.value for p in found.reply_to],
        "delivered_to": list(found.delivered_to),
        "tokens": [t.signature for t in found.tokens],
        "files": [f.name for f in found.attachments],
        "types": [f.media_type for f in found.attachments],
        "contents": [f.content for f in found.attachments],
        "inline": [f.inline for f in found.attachments],
        "notes": [f.note for f in found.attachments],
        "automation": str(found.automation),
        "reports": [(str(r.report), r.recipient, r.permanent) for r in found.reports],
        "report_ids": [i for r in found.reports for i in r.external_ids],
        "statuses": [r.status for r in found.reports],
        "remote_images": found.remote_images,
        "protection": found.protection,
        "warnings": list(found.warnings),
        "loop": found.loop_marker,
    }


def failures(found: dict[str, object], expect: dict[str, object]) -> list[str]:
    """Everything in which a result is not as expected."""
    wrong: list[str] = []
    for key, wanted in expect.items():
        name, _, relation = key.rpartition("_")
        if relation not in ("has", "lacks"):
            name = key
        if not _holds(relation, found[name], wanted):
            wrong.append(f"{key}: wanted {wanted!r}, got {str(found[name])[:400]!r}")
    return wrong


def _holds(relation: str, value: object, wanted: object) -> bool:
    if relation in ("has", "lacks"):
        assert isinstance(value, Container)
        return (wanted in value) is (relation == "has")
    return value == wanted
