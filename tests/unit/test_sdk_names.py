"""What connectors may rely on is listed; nothing joins or leaves that list by accident."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.resources import files

from agentdesk import sdk
from agentdesk.sdk.manifest import VERSION

_LIST = "names.txt"
_HERE = f"{sdk.__name__}."


def _public() -> list[str]:
    found = [f"version {VERSION[0]}.{VERSION[1]}"]
    for module in sorted(one.name for one in pkgutil.walk_packages(sdk.__path__, _HERE)):
        names = import_module(module).__all__
        assert len(names) == len(set(names))
        found += [f"{module.removeprefix(_HERE)}.{name}" for name in sorted(names)]
    return found


def test_the_public_names_are_those_that_are_listed() -> None:
    listed = (files(sdk) / _LIST).read_text().splitlines()
    assert listed == _public(), f"change {_LIST} and VERSION together"
