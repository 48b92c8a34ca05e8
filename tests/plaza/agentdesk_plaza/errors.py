"""From Plaza's refusals to the errors that the core knows what to do about; in this one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp
import msgspec

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.limiter import retry_after

__all__ = ["raise_for", "translated"]


class _Refusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


@contextmanager
def translated(*, leaves_doubt: bool = False) -> Iterator[None]:
    """Translate what goes wrong on the way. ``leaves_doubt``: the call may have been carried out."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(msg("Plaza cannot be reached.")) from error
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError) as error:
        if leaves_doubt:
            raise Uncertain(msg("Plaza did not say whether it took the post.")) from error
        raise Unreachable(msg("Plaza's answer cannot be understood.")) from error


def raise_for(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise what an answer with ``status`` stands for; nothing for one that says yes."""
    if status < 400:
        return
    said = _said(body)
    if status == 429:
        raise RateLimited(msg("Plaza allows no more for now."), retry_after(headers))
    if status == 401:
        raise AuthFailed(msg("Plaza does not know this account any more."), msg("Sign in to Plaza again."))
    if said.error == "insufficient_scope":
        raise AuthFailed(
            msg("Plaza has taken back a permission of this account."),
            msg("Sign in to Plaza again, and agree to all that is asked for."),
        )
    if status >= 500:
        raise Unreachable(msg("Plaza is out of order."))
    raise Rejected(msg("Plaza refused it: {words}", words=said.error_description), said.error)


def _said(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Refusal()
