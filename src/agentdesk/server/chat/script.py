"""The widget's file: as it was built, or with the settings of one widget ahead of it, so that a page that has
loaded it need not ask for anything before it shows the launcher."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from aiohttp import web

from agentdesk.base.paths import resource

__all__ = ["Script", "built", "script_answer", "with_settings"]

_FILE = "widget/dist/widget.js"
_HEAD = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255))
"""Of a gzip file (RFC 1952, 2.3): deflate, no name, no time, as small as can be, an unknown system."""


@dataclass(frozen=True, slots=True)
class Script:
    """``plain`` and ``packed`` (gzip) are the same text; ``tag`` is its ETag."""

    plain: bytes
    packed: bytes
    tag: str


def built() -> Script:
    """Return the widget as it was built. Raises OSError where it was not; reads a file."""
    return _built(resource(_FILE).read_bytes())


def with_settings(script: Script, settings: Mapping[str, object]) -> Script:
    """Return the script with ``settings`` ahead, which it finds at its own element in the page.

    Only the settings are compressed here: the script's own part, which is nearly all, is taken as it is. The
    flush ends their part at a whole byte, and refers to nothing before it in what follows.
    """
    ahead = b"document.currentScript.agentdesk=" + msgspec.json.encode(settings) + b";\n"
    plain = ahead + script.plain
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = packer.compress(ahead) + packer.flush(zlib.Z_FULL_FLUSH)
    sums = struct.pack("<LL", zlib.crc32(plain), len(plain))
    packed = _HEAD + start + script.packed[len(_HEAD) : -len(sums)] + sums
    return Script(plain, packed, f'"{_digest(ahead)}-{script.tag[1:]}')


def script_answer(request: web.Request, script: Script, headers: Mapping[str, str]) -> web.Response:
    """Return the script, or that the browser has this very one; ``headers`` say who may use it, how long."""
    headers = {
        **headers,
        "ETag": script.tag,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("If-None-Match") == script.tag:
        return web.Response(status=304, headers=headers)
    body = script.plain
    if "gzip" in request.headers.get("Accept-Encoding", "").lower():
        body, headers["Content-Encoding"] = script.packed, "gzip"
    return web.Response(body=body, content_type="text/javascript", charset="utf-8", headers=headers)


@lru_cache(maxsize=1)
def _built(content: bytes) -> Script:
    return Script(content, gzip.compress(content, 9, mtime=0), f'"{_digest(content)}"')


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
