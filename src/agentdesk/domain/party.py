"""Somebody's address on a channel."""

from __future__ import annotations

import msgspec


class Party(msgspec.Struct, frozen=True):
    """``kind`` is the identity kind (``email``), ``value`` the address in its comparable form, ``name`` what
    its owner goes by."""

    kind: str
    value: str
    name: str = ""
