"""The shape of pictures is read from their first bytes, whatever those are."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk_connectors.bluesky.pictures import shape_of

_PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
_GIF = b"GIF89a" + struct.pack("<HH", 320, 200)
_JPEG = b"\xff\xd8" + b"\xff\xe0\x00\x04ab" + struct.pack(">BBHBHH", 0xFF, 0xC2, 17, 8, 480, 640)


@pytest.mark.parametrize(("content", "shape"), [(_PNG, (640, 480)), (_GIF, (320, 200)), (_JPEG, (640, 480))])
def test_the_shape_of_a_picture_is_known(content: bytes, shape: tuple[int, int]) -> None:
    assert shape_of(content) == {"width": shape[0], "height": shape[1]}


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", _PNG[:-1], _GIF[:8], _JPEG[:-2], b"\xff\xd8\xff\xe0\x00\x00"]
)
def test_what_cannot_be_told_is_left_out(content: bytes) -> None:
    assert shape_of(content) is None


@given(st.sampled_from([_PNG[:8], b"GIF87a", b"\xff\xd8"]), st.binary(max_size=60))
def test_no_bytes_do_harm(begin: bytes, rest: bytes) -> None:
    shape = shape_of(begin + rest)
    assert shape is None or min(shape.values()) > 0
