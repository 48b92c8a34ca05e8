"""Two people at two desks, each a program of its own, at the same conversation of one server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, first_lines, write
from tests.helpers.desk_process import DeskProcess, Start, make_profile
from tests.helpers.dovecot import Mailbox
from tests.helpers.until import until

from agentdesk.desktop.settings import DeskSettings
from agentdesk.sync.sign_in import sign_in

PEOPLE = {"Ana": "ana@desk.test", "Ben": "ben@desk.test"}


async def _at_work(company: Company, start: Start, folder: Path) -> dict[str, DeskProcess]:
    """The desks of all people, with the first conversation open."""
    person = (PEOPLE["Ben"], "--name", "Ben", "--role", "agent", "--password-stdin")
    company.programs.run(
        "admin", "--database", company.database, "user", "add", *person, stdin="correct horse\n"
    )
    company.start()
    desks = {}
    for name, address in PEOPLE.items():
        token = await sign_in(company.address, address, "correct horse")
        settings = DeskSettings(mode="team", server=company.address, email=address, undo_seconds=0)
        make_profile(folder / name, settings)
        (folder / name / "session").write_text(token)
        desks[name] = start(folder / name, "--look")
    for desk in desks.values():
        await desk.shows("looks")
    return desks


async def _received(customer: Mailbox, *texts: str) -> None:
    """Wait until the customer has these answers, each once."""
    wanted = dict.fromkeys(texts, 1)
    await until(lambda: first_lines(customer) == wanted, timeout=60, what=f"the customer has {texts}")


async def _first_told(desks: dict[str, DeskProcess], pattern: str) -> str:
    """Wait until one of the desks shows this, and say whose."""

    def told() -> str | None:
        return next((name for name, desk in desks.items() if re.search(pattern, desk.output())), None)

    name: str = await until(told, timeout=90, what=f"one of the desks shows {pattern!r}")
    return name


async def test_an_answer_meets_that_of_a_colleague(
    new_company: NewCompany, sqlite_url: str, start: Start, tmp_path: Path, new_mailbox: NewMailbox
) -> None:
    customer = new_mailbox()
    company = new_company(sqlite_url)
    write(company.mailbox, customer.address, "Screws")
    desks = await _at_work(company, start, tmp_path)
    ana, ben = desks["Ana"], desks["Ben"]
    await ben.acts("do reply.start", "reply Take six.")
    await ana.shows("others '.*Ben")
    await ana.acts("do reply.start", "reply Take four.")
    await ben.shows("others '.*Ana")
    await ana.acts("do composer.send")
    await ben.acts("do composer.send")
    # Whoever comes second is told of the other's answer, by the own desk or by the server.
    second = await _first_told(desks, "strip '.*“Take (four|six).”")
    first_text, second_text = ("Take four.", "Take six.") if second == "Ben" else ("Take six.", "Take four.")
    await _received(customer, first_text)
    await desks[second].acts("press Send anyway")
    await _received(customer, first_text, second_text)


async def test_of_two_who_take_a_conversation_unseen_one_is_told(
    new_company: NewCompany, sqlite_url: str, start: Start, tmp_path: Path
) -> None:
    company = new_company(sqlite_url)
    write(company.mailbox, "grace@example.com", "Screws")
    desks = await _at_work(company, start, tmp_path)
    company.kill()
    for desk in desks.values():
        await desk.shows("desk offline")
        await desk.acts("do assign.me")
    company.port = int(company.address.rpartition(":")[2])
    await asyncio.to_thread(company.start)
    loser = await _first_told(desks, "strip '.*took this conversation")
    winner = next(name for name in PEOPLE if name != loser)
    await desks[loser].shows(f"strip '.*{winner} took this conversation meanwhile")
    assert "took this conversation" not in desks[winner].output()
    assert company.conversations()[0]["assignee_id"] is not None
