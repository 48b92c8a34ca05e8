"""Pictures of every screen, in both themes and several languages, without a screen.

A screen is a function that builds a widget from fixed data::

    @screen("queue-empty", sizes=[(344, 600)])
    def queue_empty() -> QWidget: ...

It may be a coroutine function. ``python -m tests.screens.runner`` builds all of them (``--help`` for the
choices), saves ``build/screens/<name>-<size>-<theme>-<locale>-<scale>x.png`` and a page with all of them
side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import importlib
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QWidget

from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.loop import application, run_app
from agentdesk.desktop.theme import Scheme, theme

__all__ = ["SCREENS", "Screen", "screen", "shoot"]

Build = Callable[[], QWidget | Awaitable[QWidget]]
Size = tuple[int, int]

HERE = Path(__file__).parent
DEFAULT_OUT = HERE.parents[1] / "build" / "screens"
LOCALES = ("en", "de", "ar")
THEMES: tuple[Scheme, ...] = ("light", "dark")
_QUIET_ROUNDS = 4
_ROUND_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen in one state: its name, how it is built, and the window sizes it is looked at in."""

    name: str
    build: Build
    sizes: tuple[Size, ...]


SCREENS: dict[str, Screen] = {}


def screen(name: str, sizes: Sequence[Size] = ((1440, 900),)) -> Callable[[Build], Build]:
    """Register the function as the builder of the screen ``name``."""

    def register(build: Build) -> Build:
        SCREENS[name] = Screen(name, build, tuple(sizes))
        return build

    return register


async def shoot(one: Screen, size: Size, scheme: Scheme, locale: str, path: Path) -> None:
    """Build the screen in a theme and a language, and save its picture to ``path``."""
    app = application()
    theme().apply(app, scheme)
    apply_locale(app, locale)
    built = one.build()
    widget = await built if inspect.isawaitable(built) else built
    widget.resize(*size)
    widget.show()
    await settle()
    widget.grab().save(str(path))
    widget.close()
    widget.deleteLater()
    await settle()


async def settle() -> None:
    """Let what was started come to rest: tasks, layouts, short timers."""
    for _ in range(_QUIET_ROUNDS):
        await asyncio.sleep(_ROUND_SECONDS)


def load_screens() -> None:
    """Import every module beside this one, so that its screens are registered."""
    for path in sorted(HERE.glob("*.py")):
        if path.stem not in ("__init__", "runner") and not path.stem.startswith("test_"):
            importlib.import_module(f"tests.screens.{path.stem}")


def main(arguments: Sequence[str]) -> int:
    """Take the pictures asked for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/screens", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="screens to take (default: all); a beginning is enough")
    parser.add_argument("--locales", default=",".join(LOCALES))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    chosen = parser.parse_args(arguments)
    load_screens()
    # The runner is __main__ when started as a program; the screens registered with the module of that name.
    registered = importlib.import_module("tests.screens.runner").SCREENS
    wanted = [
        one
        for name, one in sorted(registered.items())
        if not chosen.names or any(name.startswith(begin) for begin in chosen.names)
    ]
    if not wanted:
        print(f"no such screen; there are: {', '.join(sorted(registered))}", file=sys.stderr)
        return 2
    chosen.out.mkdir(parents=True, exist_ok=True)

    async def take_all() -> int:
        for one in wanted:
            for scheme in chosen.themes.split(","):
                for locale in chosen.locales.split(","):
                    for size in one.sizes:
                        await shoot(
                            one, size, scheme, locale, chosen.out / _file_name(one, size, scheme, locale)
                        )
        return 0

    status = run_app(take_all)
    write_contact_sheet(chosen.out)
    return status


def _file_name(one: Screen, size: Size, scheme: str, locale: str) -> str:
    scale = os.environ.get("QT_SCALE_FACTOR", "1")
    return f"{one.name}-{size[0]}x{size[1]}-{scheme}-{locale}-{scale}x.png"


def write_contact_sheet(folder: Path) -> Path:
    """Write ``index.html`` with all pictures of ``folder`` side by side."""
    figures = "\n".join(
        f'<figure><a href="{name}"><img src="{name}"></a><figcaption>{name}</figcaption></figure>'
        for name in (html.escape(file.name) for file in sorted(folder.glob("*.png")))
    )
    page = folder / "index.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><title>Screens</title><style>"
        "body{font:13px sans-serif;background:#888;display:flex;flex-wrap:wrap;gap:16px}"
        "figure{margin:0}img{width:460px;display:block}figcaption{color:#fff;padding:4px 0}</style>"
        f"{figures}\n",
        encoding="utf-8",
    )
    return page


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
