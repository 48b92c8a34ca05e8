"""Names of attached files that are safe to show and to save anywhere."""

from __future__ import annotations

import re
import unicodedata

from agentdesk_connectors.email import limits, words

_FORBIDDEN = re.compile(r'[<>:"|?*\\/\x00-\x1f\x7f-\x9f]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?=\.|$)", re.IGNORECASE
)
_MISLEADING = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164"
    "\ufeff\ufff0-\ufff8]"
)
_RUNS_CODE = frozenset({
    "ade", "adp", "apk", "app", "appref-ms", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg",
    "docm", "dotm", "exe", "gadget", "hta", "htm", "html", "inf", "ins", "iso", "jar", "js", "jse",
    "lnk", "mad", "mam", "mda", "msc", "msi", "msix", "msp", "mst", "one", "pif", "ppam", "pptm",
    "ps1", "py", "reg", "scf", "scr", "sct", "settingcontent-ms", "sh", "shb", "shs", "svg", "sys",
    "url", "vb", "vbe", "vbs", "vhd", "vxd", "website", "ws", "wsc", "wsf", "wsh", "xlam", "xll",
    "xlsm", "xltm",
})  # fmt: skip
_EXTENSIONS = {
    "application/pdf": ".pdf", "application/zip": ".zip", "application/ms-tnef": ".dat", "image/png": ".png",
    "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "message/rfc822": ".eml", "message/delivery-status": ".txt", "application/json": ".json",
    "text/rfc822-headers": ".txt", "application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc",
    "application/pkcs7-signature": ".p7s", "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m", "application/xml": ".xml",
    "text/xml": ".xml", "audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/ogg": ".ogg", "video/mp4": ".mp4",
}  # fmt: skip


def safe(declared: str, kind: str, number: int) -> str:
    """Return a name for a file that came as ``declared`` with the media type ``kind``.

    Only the last component of a path stays; what Windows forbids becomes ``_``; direction controls and other
    invisible characters become visible symbols (``[U+202E]``), so that no name can pose as another; the
    length is at most :data:`limits.NAME_CHARS`, the extension kept. Without any name, ``number`` makes one.
    """
    name = words.decode(declared)
    name = re.split(r"[\\/]", name.rstrip("\\/ "))[-1]
    name = _MISLEADING.sub(lambda m: f"[U+{ord(m[0]):04X}]", name)
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name[:2_000]))
    name = " ".join(name.split()).strip(" ").rstrip(". ")
    if not name.strip("._ "):
        return f"attachment-{number}{_EXTENSIONS.get(kind, '')}"
    if _RESERVED.match(name):
        name = "_" + name
    return _shorten(name)


def hides_something(declared: str) -> bool:
    """Say whether a name contains characters that are not seen but change how it reads."""
    return _MISLEADING.search(words.decode(declared)) is not None


def runs_code(name: str) -> bool:
    """Say whether a file with this (safe) name can run programs when it is opened."""
    return name.rpartition(".")[2].lower() in _RUNS_CODE


def _shorten(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 12:
        return _within(name, limits.NAME_CHARS)
    kept = _within(stem, limits.NAME_CHARS - len(extension) - 1)
    return (kept if kept == stem else kept.rstrip(". ")) + dot + extension


def _within(text: str, length: int) -> str:
    """Cut to ``length`` characters and to as many bytes as file systems take."""
    return text[:length].encode("utf-8")[: limits.NAME_BYTES].decode("utf-8", errors="ignore")
