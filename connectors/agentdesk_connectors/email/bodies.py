"""What the parts of a mail are for: text to read, HTML to show, files (RFC 2046, 2387, 1847, 3156)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentdesk.sdk.inbound import InboundAttachment
from agentdesk_connectors.email import charsets, flowed, headers, limits, mime, names, notes, words
from agentdesk_connectors.email.mime import Part

_BODY_TEXT = frozenset({"text/plain", "text/enriched", "text/markdown", "text/x-amp-html", "text/html"})
_NOTES = {
    "application/ms-tnef": notes.TNEF,
    "application/vnd.ms-tnef": notes.TNEF,
    "text/calendar": notes.INVITATION,
    "message/rfc822": notes.ENCLOSED_MAIL,
    "message/global": notes.ENCLOSED_MAIL,
    "message/external-body": notes.ELSEWHERE,
    "message/partial": notes.PIECE,
    "application/pgp-signature": notes.SIGNATURE,
    "application/pkcs7-signature": notes.SIGNATURE,
    "application/x-pkcs7-signature": notes.SIGNATURE,
    "application/pgp-encrypted": notes.SEALED,
    "application/pkcs7-mime": notes.SEALED,
    "application/x-pkcs7-mime": notes.SEALED,
    mime.TOO_DEEP: notes.UNOPENED,
}


_ENRICHED_MARK = re.compile(r"</?[a-zA-Z-]{1,60}>")


@dataclass(slots=True)
class Bodies:
    """The content of a mail, decoded but not yet cleaned.

    ``texts`` and ``htmls`` are shown one after another. ``protection`` is ``""``, or one of ``smime-signed``,
    ``smime-encrypted``, ``pgp-signed``, ``pgp-encrypted``.
    """

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    files: list[InboundAttachment] = field(default_factory=list)
    shown: int = 0  # parts read as text or HTML
    protection: str = ""
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        """Add a warning once."""
        self.warnings[text] = None


def sort(root: Part) -> Bodies:
    """Return what each part of ``root`` is for. Never raises."""
    bodies = Bodies()
    _place(root, bodies, at_root=True)
    if root.unfinished:
        bodies.warn(notes.TOO_MANY_PARTS)
    if root.headers.cut:
        bodies.warn(notes.TOO_MANY_HEADERS)
    if not bodies.protection:
        bodies.protection = _inline_pgp(bodies.texts)
    if bodies.protection.endswith("-encrypted"):
        bodies.warn(notes.ENCRYPTED)
    return bodies


def _place(part: Part, bodies: Bodies, at_root: bool = False) -> None:
    """Depth is bounded by :data:`limits.DEPTH`, since the cutter opens no more."""
    if part.damaged:
        bodies.warn(notes.DAMAGED)
    if part.kind == mime.TOO_DEEP:
        bodies.warn(notes.TOO_DEEP)
    if not part.children:
        _place_leaf(part, bodies, at_root)
    elif part.kind == "multipart/alternative":
        _place_alternative(part, bodies)
    else:
        bodies.protection = bodies.protection or _protection(part)
        for child in part.children:
            _place(child, bodies)


def _place_alternative(part: Part, bodies: Bodies) -> None:
    """The last HTML and the plain text are the same message twice; everything else is kept as files.

    Enriched text counts only where there is no plain one. Several plain texts are no alternatives but a
    mistake of the sender's: all are shown.
    """
    versions = [_alone(child, bodies) for child in part.children]
    html = next((v for v in reversed(versions) if v.htmls), None)
    texts = [(child, v) for child, v in zip(part.children, versions, strict=True) if v.texts]
    plain = [v for child, v in texts if child.kind != "text/enriched"] or [v for _, v in texts]
    bodies.htmls += html.htmls if html else []
    bodies.texts += dict.fromkeys(text for version in plain for text in version.texts)
    for version in versions:
        bodies.protection = bodies.protection or version.protection
        bodies.warnings.update(version.warnings)
        for file in version.files:
            _keep(file, bodies)


def _alone(part: Part, within: Bodies) -> Bodies:
    """Return what ``part`` holds by itself; the limit on parts shown goes on counting."""
    bodies = Bodies(shown=within.shown)
    _place(part, bodies)
    within.shown = bodies.shown
    return bodies


def _place_leaf(part: Part, bodies: Bodies, at_root: bool) -> None:
    kind = "text/plain" if part.kind.startswith("multipart/") else part.kind
    disposition = part.headers.get("content-disposition").lower()
    declared = _declared_name(part)
    is_file = disposition.startswith("attachment") or (declared != "" and not at_root)
    if kind in _BODY_TEXT and not is_file and bodies.shown < limits.TEXT_PARTS:
        _place_text(part, kind, bodies)
        return
    bodies.protection = bodies.protection or _leaf_protection(part)
    if len(bodies.files) >= limits.ATTACHMENTS:
        bodies.warn(notes.TOO_MANY_FILES)
        return
    _keep(_file(part, declared, len(bodies.files) + 1), bodies)


def _keep(file: InboundAttachment, bodies: Bodies) -> None:
    if len(bodies.files) < limits.ATTACHMENTS:
        bodies.files.append(file)
    else:
        bodies.warn(notes.TOO_MANY_FILES)


def _place_text(part: Part, kind: str, bodies: Bodies) -> None:
    bodies.shown += 1
    text = charsets.decode(part.content(), part.parameters.get("charset", ""), guess=True)
    if kind == "text/html" or kind == "text/x-amp-html":
        if kind == "text/html" and text.strip():
            bodies.htmls.append(text)
        return
    text = flowed.normal_lines(text)
    if kind == "text/enriched":
        text = _ENRICHED_MARK.sub("", text)
    if part.parameters.get("format", "").lower() == "flowed":
        text = flowed.unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    if len(text) > limits.TEXT_CHARS:
        bodies.warn(notes.TEXT_LONG)
        whole = text.encode("utf-8", errors="replace")
        _keep(InboundAttachment("message.txt", "text/plain", whole, note=notes.BODY_FILE), bodies)
        text = text[: limits.TEXT_CHARS]
    if text.strip():
        bodies.texts.append(text)


def _declared_name(part: Part) -> str:
    value = part.headers.get("content-disposition")
    name = headers.parameters(value).get("filename", "") if "=" in value else ""
    return name or part.parameters.get("name", "")


def _file(part: Part, declared: str, number: int) -> InboundAttachment:
    if not declared and part.kind in ("message/rfc822", "message/global"):
        declared = _enclosed_subject(part)
    kind = "application/octet-stream" if part.kind == mime.TOO_DEEP else part.kind
    name = names.safe(declared, kind, number)
    content_id = part.headers.get("content-id").strip().strip("<>").strip()
    note = _NOTES.get(part.kind, "")
    if names.hides_something(declared):
        note = notes.NAME_HIDES
    elif names.runs_code(name):
        note = notes.ATTACHED_CODE
    elif name.lower() == "winmail.dat":
        note = notes.TNEF
    return InboundAttachment(name, kind, part.content(), content_id[:998], note=note)


def _enclosed_subject(part: Part) -> str:
    """Name an enclosed message by its subject."""
    head = part.raw[part.start : min(part.end, part.start + limits.PREAMBLE_BYTES)].lstrip(b"\r\n")
    blank = head.find(b"\n\r\n") if b"\n\r\n" in head else head.find(b"\n\n")
    block = head if blank < 0 else head[: blank + 1]
    subject = headers.read(block)[0].get("subject")
    return words.decode(subject)[:80].replace("/", "_").replace("\\", "_") + ".eml" if subject else ""


def _protection(part: Part) -> str:
    protocol = part.parameters.get("protocol", "").lower()
    if part.kind == "multipart/signed":
        return "pgp-signed" if "pgp" in protocol else "smime-signed"
    if part.kind == "multipart/encrypted":
        return "pgp-encrypted"
    return ""


def _leaf_protection(part: Part) -> str:
    if part.kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return (
            "smime-signed" if "signed" in part.parameters.get("smime-type", "").lower() else "smime-encrypted"
        )
    if part.kind == "application/pgp-encrypted":
        return "pgp-encrypted"
    return ""


def _inline_pgp(texts: list[str]) -> str:
    for text in texts:
        if "-----BEGIN PGP MESSAGE-----" in text:
            return "pgp-encrypted"
        if "-----BEGIN PGP SIGNED MESSAGE-----" in text:
            return "pgp-signed"
    return ""
