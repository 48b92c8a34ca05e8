"""How ``agentdesk admin invitation`` is called."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    _Subjects = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["invitation_commands"]


def invitation_commands(invitations: _Subjects) -> None:
    """Add ``invitation add|set|remove|list``."""
    for verb, text in (("add", "have a widget invite visitors to chat"), ("set", "change an invitation")):
        parser = invitations.add_parser(verb, help=text)
        parser.add_argument("channel", metavar="CHANNEL", help="the widget")
        parser.add_argument("name", metavar="NAME", help="as your team calls the invitation")
        parser.add_argument(
            "--text",
            dest="texts",
            action="append",
            default=[],
            metavar="[LANGUAGE=]TEXT",
            help="what visitors read, in all languages or in one, like de=Hallo (repeatable)",
        )
        _conditions(parser)
    gone = invitations.add_parser("remove", help="remove an invitation and its counts")
    gone.add_argument("channel", metavar="CHANNEL")
    gone.add_argument("name", metavar="NAME")
    invitations.add_parser("list", help="list invitations and how often they were shown, accepted and closed")


def _conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--after", type=int, metavar="SECONDS", help="after so long on a page (0 to 3600)")
    parser.add_argument(
        "--address", metavar="PATTERN", help="on pages with such a path and query, like /prices*"
    )
    parser.add_argument("--scroll", type=int, metavar="PERCENT", help="when so much of the page was seen")
    parser.add_argument("--pages", type=int, metavar="NUMBER", help="when so many pages were opened")
    parser.add_argument("--referrer", metavar="PATTERN", help="who came from such a page, like *example.org*")
    parser.add_argument("--online", choices=("yes", "no"), help="only while somebody is there")
    parser.add_argument("--returning", choices=("yes", "no"), help="only who was here before")
