"""The words of ``agentdesk admin``: what can be set up, and by which arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk.app.admin.invitation_arguments import invitation_commands
from agentdesk.app.admin.routing_arguments import hours_commands, routing_commands, status_commands
from agentdesk.domain.authority import Permission

if TYPE_CHECKING:
    _Subjects = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["admin_commands"]

_MOST_LINES = 1_000_000


def admin_commands(admin: argparse.ArgumentParser) -> None:
    """Teach the parser of ``admin`` its subjects and what can be done with each."""
    admin.add_argument("--database", required=True, metavar="URL", help="sqlite:///file or postgresql://…")
    admin.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's folder (default: beside SQLite)"
    )
    subjects = admin.add_subparsers(dest="subject", required=True, metavar="SUBJECT")

    _people_commands(subjects)

    _lease_commands(subjects)
    _inbox_commands(subjects)
    status_commands(_subject(subjects, "status", "what people can choose besides available and busy"))
    routing_commands(_subject(subjects, "routing", "who is given what waits"))
    hours_commands(_subject(subjects, "hours", "when inboxes are staffed"))
    invitation_commands(_subject(subjects, "invitation", "what widgets ask visitors by themselves"))

    _token_commands(subjects)
    _channel_commands(subjects)
    _copy_commands(subjects)
    _audit_commands(subjects)
    _privacy_commands(subjects)


def _subject(subjects: _Subjects, name: str, text: str) -> _Subjects:
    return subjects.add_parser(name, help=text).add_subparsers(dest="verb", required=True, metavar="VERB")


def _people_commands(subjects: _Subjects) -> None:
    people = _subject(subjects, "user", "people: passwords, roles, permissions, limits, pictures")
    person = people.add_parser("add", help="add a person")
    person.add_argument("email")
    person.add_argument("--name", required=True)
    person.add_argument("--role", choices=("agent", "supervisor", "admin"), default="agent")
    person.add_argument("--password-stdin", action="store_true", required=True)

    for verb, text in (("deactivate", "let a person in no more"), ("activate", "let a person in again")):
        people.add_parser(verb, help=text).add_argument("email")

    password = people.add_parser("password", help="give a person another password; their sign-ins end")
    password.add_argument("email")
    password.add_argument("--password-stdin", action="store_true", required=True)
    role = people.add_parser("role", help="give a person another role")
    role.add_argument("email")
    role.add_argument("role", choices=("agent", "supervisor", "admin"))

    people.add_parser("list", help="list people, their roles and permissions")
    for verb, text in (("permit", "give a person a permission"), ("deny", "take a permission from a person")):
        parser = people.add_parser(verb, help=text)
        parser.add_argument("email")
        parser.add_argument("permission", choices=[one.value for one in Permission])

    limit = people.add_parser("limit", help="say how many open conversations a person has at most")
    limit.add_argument("email")
    limit.add_argument("conversations", metavar="NUMBER|none")

    picture = people.add_parser("picture", help="give a person a picture (PNG, JPEG, WebP, at most 2 MB)")
    picture.add_argument("email")
    which = picture.add_mutually_exclusive_group(required=True)
    which.add_argument("picture", nargs="?", type=Path, metavar="FILE")
    which.add_argument("--none", action="store_true", help="take it away")

    factor = people.add_parser("second-factor", help="turn the second factor of a person off (a lost phone)")
    factor.add_argument("email")
    factor.add_argument("--off", action="store_true", required=True)

    sessions = _subject(subjects, "session", "who is signed in")
    sessions.add_parser("list", help="list who is signed in")
    end = sessions.add_parser("end", help="end one sign-in, or all of a person")
    end.add_argument("whose", metavar="ADDRESS|ID", help="a person's address, or an id from the list")


def _lease_commands(subjects: _Subjects) -> None:
    leases = _subject(subjects, "lease", "which server works on what")
    leases.add_parser("list", help="list which server works on what, and until when")
    leases.add_parser("end", help="take it away from a server that hangs").add_argument("name")


def _inbox_commands(subjects: _Subjects) -> None:
    inboxes = _subject(subjects, "inbox", "inboxes: who works in them, how they are routed")
    inboxes.add_parser("add", help="add an inbox").add_argument("name")
    inboxes.add_parser("list", help="list inboxes, who works in them, and how they are routed")
    access = inboxes.add_parser("access", help="let every agent work in it, or its members alone")
    access.add_argument("name")
    access.add_argument("who", choices=("everyone", "members"))
    for verb, text in (("join", "make a person a member"), ("leave", "let a person be a member no more")):
        parser = inboxes.add_parser(verb, help=text)
        parser.add_argument("name", help="of the inbox")
        parser.add_argument("email", metavar="ADDRESS")
    change = inboxes.add_parser("set", help="say whether waiting conversations are given out automatically")
    change.add_argument("name")
    change.add_argument("--routing", choices=("on", "off"), help="give them to whoever is available")
    change.add_argument(
        "--open-within",
        type=int,
        metavar="SECONDS",
        help="to somebody else when not opened after so long (0: never)",
    )


def _token_commands(subjects: _Subjects) -> None:
    tokens = _subject(subjects, "token", "what programs sign in with (REST API)")
    tokens.add_parser("list", help="list the tokens of programs, never the secrets")
    tokens.add_parser("revoke", help="let a program in no more").add_argument("id", metavar="ID")
    token = tokens.add_parser("create", help="make a token for a program; it is the last word printed")
    token.add_argument("--name", required=True)


def _privacy_commands(subjects: _Subjects) -> None:
    contacts = _subject(subjects, "contact", "customers: marks, export, erasure")
    mark = contacts.add_parser("mark", help="record who reads of a customer, or keep all of it")
    mark.add_argument("--sensitive", choices=("yes", "no"), help="write down who reads of this customer")
    mark.add_argument("--hold", choices=("yes", "no"), help="legal hold: nothing is dropped or erased")
    erase = contacts.add_parser("erase", help="erase a customer and all that was said, for ever")
    erase.add_argument("--yes", action="store_true", help="yes, it cannot be undone")
    erase.add_argument("--dry-run", action="store_true", help="only list who else's conversations name them")
    export = contacts.add_parser("export", help="write everything about a customer into one ZIP")
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="the ZIP to be made")
    for parser in (mark, erase, export):
        parser.add_argument("contact", metavar="CUSTOMER", help="an address, or the customer's id")
    conversations = _subject(subjects, "conversation", "single conversations under a legal hold")
    mark = conversations.add_parser("mark", help="put one conversation under a legal hold, or lift it")
    mark.add_argument("conversation", metavar="CONVERSATION", help="a number, or the conversation's id")
    mark.add_argument("--hold", choices=("yes", "no"), required=True, help="keep all of it")
    conversations.add_parser("holds", help="list conversations under a legal hold")
    rules = _subject(subjects, "retention", "for how long things are kept")
    change = rules.add_parser("set", help="say for how long something is kept")
    change.add_argument("kind", choices=("conversations", "raw", "attachments", "audit"))
    change.add_argument("days", metavar="DAYS", help="a number of days, or never: nothing is dropped")
    change.add_argument("--inbox", metavar="NAME", help="of this inbox only")
    rules.add_parser("list", help="list what is kept for how long")
    running = rules.add_parser("run", help="drop now what the rules let go")
    running.add_argument("--dry-run", action="store_true", help="only count it")
    listing = contacts.add_parser("erasures", help="list erasures, and desks that may still hold a copy")
    listing.add_argument("--json", action="store_true", help="for programs, a line each")


def _audit_commands(subjects: _Subjects) -> None:
    audit = _subject(subjects, "audit", "who did what, and the proof of it")
    listing = audit.add_parser("list", help="list who did what, the oldest first")
    listing.add_argument("--person", metavar="ADDRESS", help="of one member of the team")
    listing.add_argument("--conversation", metavar="NUMBER", help="of one conversation")
    listing.add_argument("--since", metavar="DATE", help="from then on")
    listing.add_argument("--limit", type=_count, default=1000, metavar="COUNT", help="the newest (1000)")
    listing.add_argument("--json", action="store_true", help="for programs, a line each")
    verify = audit.add_parser("verify", help="prove that nothing in it was changed or is gone")
    verify.add_argument("--head", metavar="HEAD", help="what audit head printed earlier: finds a cut-off end")
    verify.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="heads that were noted down, a line each: audit-heads.txt of a server's folder",
    )
    audit.add_parser("head", help="print the newest seal, to be kept elsewhere")


def _copy_commands(subjects: _Subjects) -> None:
    backup = subjects.add_parser("backup", help="copy the database into one file while the server works")
    backup.add_argument("file", type=Path, metavar="FILE")
    adopt = subjects.add_parser("adopt-restore", help="take up a database that was restored from a copy")
    move = subjects.add_parser("move", help="move a server from SQLite to an empty PostgreSQL database")
    move.add_argument("--to", required=True, metavar="URL", help="postgresql://…")
    for parser in (backup, adopt, move):
        parser.set_defaults(verb="")


def _channel_commands(subjects: _Subjects) -> None:
    channels = _subject(subjects, "channel", "accounts of channels, and their secrets")
    add = channels.add_parser("add", help="connect an account of a channel")
    add.add_argument("channel", metavar="CHANNEL", help="email, …")
    add.add_argument("--inbox", required=True)
    add.add_argument("--name", required=True)
    change = channels.add_parser("set", help="change settings or replace a secret; a server takes it up")
    change.add_argument("name")
    for parser in (add, change):
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
        parser.add_argument(
            "--secret", action="append", default=[], metavar="NAME=env:VAR|file:PATH|-", dest="secrets"
        )
    listing = channels.add_parser("list", help="list the connected accounts")
    listing.add_argument("--json", action="store_true")
    for verb, text in (
        ("test", "try the settings"),
        ("authorise", "sign in on the provider's page (OAuth 2)"),
        ("pause", "stop for now"),
        ("resume", "go on"),
    ):
        channels.add_parser(verb, help=text).add_argument("name")


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 7 or not 1 <= int(text) <= _MOST_LINES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_LINES}")
    return int(text)
