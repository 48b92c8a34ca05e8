"""A file that comes from the server is written whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.helpers.until import until

from agentdesk.sync.desk_export import NotSaved, save_whole


async def _pieces(*pieces: bytes, ends: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if ends is not None:
        raise ends


async def _hanging(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
    await asyncio.Event().wait()


async def test_it_is_there_whole_and_for_this_account_alone(tmp_path: Path) -> None:
    target = tmp_path / "Zelda.zip"
    target.write_bytes(b"an older one")
    told: list[tuple[int, int | None]] = []
    await save_whole(target, _pieces(b"one", b"two"), 6, lambda done, total: told.append((done, total)))
    assert target.read_bytes() == b"onetwo"
    assert told == [(0, 6), (3, 6), (6, 6)]
    assert target.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("how", ["cut off", "cancelled"])
async def test_what_does_not_come_whole_leaves_what_was_there(tmp_path: Path, how: str) -> None:
    target = tmp_path / "Zelda.zip"
    target.write_bytes(b"an older one")
    if how == "cut off":
        with pytest.raises(ConnectionResetError):
            await save_whole(target, _pieces(b"one", ends=ConnectionResetError()), None, lambda *_: None)
    else:
        come: list[int] = []
        saving = asyncio.ensure_future(
            save_whole(target, _hanging(b"one"), None, lambda done, _total: come.append(done))
        )
        await until(lambda: come == [0, 3])
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving
    await until(lambda: list(tmp_path.iterdir()) == [target], what="nothing is left beside it")
    assert target.read_bytes() == b"an older one"


async def test_why_it_cannot_be_saved_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotSaved) as failed:
        await save_whole(tmp_path / "no such folder" / "Zelda.zip", _pieces(b"one"), None, lambda *_: None)
    assert "No such file" in str(failed.value.message.args["reason"])
