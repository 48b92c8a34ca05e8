"""How ``agentdesk admin routing``, ``hours`` and ``status`` are called. It is read at each start: no heavy
imports."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    _Subjects = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["hours_commands", "routing_commands", "status_commands"]

_CARES = ("off", "preferred", "must")
_KINDS = ("available", "busy", "break", "offline")


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


def hours_commands(hours: _Subjects) -> None:
    """Add ``hours set|date|off|list``."""
    week = hours.add_parser("set", help="say when an inbox is staffed on days of the week")
    week.add_argument("name", metavar="INBOX")
    week.add_argument(
        "--days",
        action="append",
        default=[],
        metavar="DAYS=TIMES",
        help="like mon-fri=9:00-12:30,13:30-17:00 or sat=closed (repeatable)",
    )
    week.add_argument("--zone", metavar="ZONE", help="of the clock on the wall, like Europe/Berlin")
    single = hours.add_parser("date", help="say so of one date: a holiday, a short day")
    single.add_argument("name", metavar="INBOX")
    single.add_argument("date", metavar="DATE", help="like 2026-12-25")
    single.add_argument("times", metavar="TIMES", help="closed, times like 9:00-12:00, or usual")
    hours.add_parser("off", help="let it be staffed at all times").add_argument("name", metavar="INBOX")
    hours.add_parser("list", help="list the hours of all inboxes")


def status_commands(status: _Subjects) -> None:
    """Add ``status set|retire|list``."""
    one = status.add_parser("set", help="define a status for your team, or change one")
    one.add_argument("name", metavar="NAME", help="as people see it, in the team's own words")
    one.add_argument(
        "--kind", choices=_KINDS, help="what it counts as: only who is available is given something new"
    )
    one.add_argument("--icon", metavar="ICON", help="like phone, users, book-open or hourglass")
    one.add_argument(
        "--minutes", type=int, metavar="MINUTES", help="how long it lasts (0: until another one is chosen)"
    )
    retire = status.add_parser("retire", help="offer a status no more; who has it keeps it")
    retire.add_argument("name", metavar="NAME")
    status.add_parser("list", help="list the statuses of your team")
