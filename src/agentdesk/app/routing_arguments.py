"""How ``agentdesk admin routing`` is called. It is read at each start: no heavy imports."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    _Subjects = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["routing_commands"]

_CARES = ("off", "preferred", "must")


def routing_commands(routing: _Subjects) -> None:
    """Add ``routing set|skills|units|list``."""
    rules = routing.add_parser("set", help="say to whom an inbox gives what waits (inbox set: whether)")
    rules.add_argument("name", metavar="INBOX")
    rules.add_argument(
        "--strategy", choices=("least-loaded", "round-robin"), help="who comes first among those who fit"
    )
    rules.add_argument("--skills", metavar="A,B", help="what its conversations need (empty: nothing)")
    rules.add_argument("--skills-are", choices=_CARES, help="how much it matters who has them")
    rules.add_argument("--languages-are", choices=_CARES, help="and who speaks the customer's language")
    rules.add_argument(
        "--relax-after",
        type=int,
        metavar="SECONDS",
        help="after how long of waiting a must is only preferred (0: never)",
    )
    rules.add_argument(
        "--offer-within",
        type=int,
        metavar="SECONDS",
        help="ask one after the other to take a chat, each for so long (0: give it at once)",
    )
    person = routing.add_parser("skills", help="say what a person can do, and which languages they speak")
    person.add_argument("email", metavar="ADDRESS")
    person.add_argument("--skills", metavar="A,B", help="words of your own (empty: none)")
    person.add_argument("--languages", metavar="EN,DE", help="codes of languages (empty: none)")
    units = routing.add_parser("units", help="say how much a conversation of a channel counts")
    units.add_argument("channel", metavar="CHANNEL", help="like email or chat")
    units.add_argument("units", type=int, metavar="NUMBER", help="units of what user limit allows")
    routing.add_parser("list", help="list the rules of all inboxes, units of channels, and who can do what")
