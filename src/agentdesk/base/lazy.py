"""Modules that are imported when they are first used: the window must be there before them."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    """Stands for a module. Threads that use it at the same moment wait for each other, as with any import;
    those of :class:`importlib.util.LazyLoader` see it half made (Python 3.11)."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def lazy_module(name: str) -> ModuleType:
    """Return the module ``name``; its code runs with the first use of anything in it.

    Raises ModuleNotFoundError at once where there is no such module.
    """
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _LazyModule(name)
