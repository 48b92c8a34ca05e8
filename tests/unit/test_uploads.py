"""Names and kinds of files from strangers."""

from __future__ import annotations

import struct

import pytest
from tests.helpers.pictures import PNG, png_head

from agentdesk.domain.uploads import BINARY, clean_name, kept_type, raster_of, runs

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 30, 40) + b"\x01\x01\x11\x00"
)
GIF = b"GIF89a" + struct.pack("<HH", 40, 30)
WEBP = b"RIFF\x00\x00\x00\x00WEBP"
VP8X = WEBP + b"VP8X" + b"\x0a\x00\x00\x00" + b"\x00" * 4 + b"\x27\x00\x00" + b"\x1d\x00\x00"
VP8L = WEBP + b"VP8L" + b"\x00\x00\x00\x00" + b"\x2f" + (39 | 29 << 14).to_bytes(4, "little") + b"\x00" * 5
VP8 = WEBP + b"VP8 " + b"\x00" * 4 + b"\x00" * 6 + struct.pack("<HH", 40, 30)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ana\\invoice.pdf", "invoice.pdf"),
        ("a\x00b\nc\u202egpj.exe", "abcgpj.exe"),
        ("  .hidden. ", "hidden"),
        ("..", "file"),
        ("", "file"),
        ("\ud800\u200b", "file"),
        ("اسم الملف.pdf", "اسم الملف.pdf"),
        (f"{'x' * 300}.jpeg", f"{'x' * 146}.jpeg"),
        ("x" * 300, "x" * 150),
    ],
)
def test_a_name_is_only_a_name(given: str, wanted: str) -> None:
    assert clean_name(given) == wanted


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (GIF, "image/gif"),
        (VP8X, "image/webp"),
        (VP8L, "image/webp"),
        (VP8, "image/webp"),
    ],
)
def test_pictures_are_known_by_what_they_are(content: bytes, kind: str) -> None:
    found = raster_of(content)
    assert found is not None
    assert found.media_type == kind
    assert (found.width, found.height) in ((40, 30), (2, 2))
    assert kept_type("application/pdf", content) == kind
    assert not runs("photo", "image/png", content)


@pytest.mark.parametrize(
    ("content", "needed"), [(PNG, 24), (JPEG, 18), (GIF, 10), (VP8X, 30), (VP8L, 30), (VP8, 30)]
)
def test_what_is_cut_off_is_no_picture(content: bytes, needed: int) -> None:
    assert [n for n in range(needed) if raster_of(content[:n]) is not None] == []


@pytest.mark.parametrize(("width", "height"), [(20_001, 1), (10_000, 4_001), (0, 5)])
def test_a_picture_that_would_fill_the_memory_is_none(width: int, height: int) -> None:
    assert kept_type("image/png", png_head(width, height)) == BINARY


@pytest.mark.parametrize(
    ("claimed", "wanted"),
    [
        ("text/csv; charset=utf-8", "text/csv"),
        ("APPLICATION/PDF", "application/pdf"),
        ("image/png", BINARY),
        ("no type", BINARY),
        ("a/b\r\nSet-Cookie: x", BINARY),
        ("", BINARY),
    ],
)
def test_a_type_is_only_a_type(claimed: str, wanted: str) -> None:
    assert kept_type(claimed, b"Hello") == wanted
