"""One customer who writes by email, mentions us on X and comments on Instagram: one person with one history,
and apart again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.conftest import NewCompany, NewMailbox
from tests.connectors.x.test_conformance import XStage
from tests.helpers.company import Company, add_account, first_lines, letter
from tests.helpers.desk_keys import keys
from tests.helpers.dovecot import Mailbox
from tests.helpers.until import until

from agentdesk.commands.values import MergeContacts, UnmergeContacts
from agentdesk.queries.rows import ContactDetail
from agentdesk.sdk.hooks import hook_path
from agentdesk.sdk.testing.stage import Said
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.x.simulator import XSimulator

_CHANNELS = ("email", "instagram", "x")


@dataclass
class _Scene:
    """A company with a mailbox and two networks, the customer's mailbox, and an agent's desk."""

    company: Company
    customer: Mailbox
    x: XStage
    instagram: InstagramSimulator
    desk: LocalDesk

    def comments(self, text: str) -> None:
        """Let the customer comment on Instagram."""
        world = self.instagram.world
        kettle = next(iter(world.works.values()), None) or world.work("The new kettle")
        world.comment(kettle, world.person("ana.ruiz", "Ana Ruiz"), text)

    async def everywhere(self) -> dict[str, dict[str, Any]]:
        """The customer writes on all three ways; returns the conversations by channel."""
        about = (f"Ana Ruiz <{self.customer.address}>", "My kettle", "It leaks.")
        self.company.mailbox.deliver(letter(*about, to=self.company.mailbox.address).as_bytes())
        await self.x.say(Said("Your kettle leaks", "anaruiz"))
        self.comments("Does it leak for you too?")
        return await self.rows(3)

    async def rows(self, count: int) -> dict[str, dict[str, Any]]:
        """Wait for so many conversations; the newest of each channel."""

        async def there() -> list[dict[str, Any]] | None:
            found = await asyncio.to_thread(self.company.conversations)
            return found if len(found) >= count else None

        rows = await until(there, timeout=60, what=f"{count} conversations")
        return {row["channel"]: row for row in sorted(rows, key=lambda row: row["number"])}

    async def known(self, contact_id: UUID, identities: int, conversations: int) -> ContactDetail:
        """Wait until the customer panel shows so many addresses and conversations of somebody."""

        async def so() -> ContactDetail | None:
            found = await self.desk.contact(contact_id)
            if found is None or len(found.identities) != identities:
                return None
            return found if len(found.conversations) == conversations else None

        found: ContactDetail = await until(so, timeout=60, what=f"{identities} addresses of one person")
        return found


@asynccontextmanager
async def _at_work(company: Company, customer: Mailbox, folder: Path) -> AsyncIterator[_Scene]:
    async with XSimulator().served() as x, InstagramSimulator().served() as instagram:
        stage = XStage(x)
        await asyncio.to_thread(add_account, company, "x", stage.settings, stage.secrets)
        given = (company, "instagram", instagram.settings(), instagram.secrets())
        account = await asyncio.to_thread(add_account, *given)
        await asyncio.to_thread(company.start)
        instagram.hooks.address = f"{company.address}{hook_path(account)}"
        token = await sign_in(company.address, "ana@desk.test", "correct horse")
        desk = LocalDesk(folder / "desk", company.address, token, keys=keys())
        await desk.start()
        try:
            await until(lambda: desk.status.link is Link.SYNCED)
            yield _Scene(company, customer, stage, instagram, desk)
        finally:
            await desk.close()
            assert await asyncio.to_thread(company.stop) == 0


def _people(rows: Mapping[str, dict[str, Any]]) -> dict[str, UUID]:
    return {channel: UUID(row["contact_id"]) for channel, row in rows.items()}


async def test_three_handles_are_one_person_and_apart_again(
    new_company: NewCompany, sqlite_url: str, new_mailbox: NewMailbox, tmp_path: Path
) -> None:
    customer = new_mailbox("ana")
    async with _at_work(new_company(sqlite_url), customer, tmp_path) as scene:
        rows, desk = await scene.everywhere(), scene.desk
        people = _people(rows)
        assert sorted(people) == sorted(_CHANNELS)
        assert len({*people.values()}) == 3, "nobody is taken for somebody else by themselves"
        ana = people["email"]
        for channel in ("x", "instagram"):
            await scene.known(people[channel], 1, 1)
            await desk.do(MergeContacts(contact_id=ana, joined_id=people[channel]))

        one = await scene.known(ana, 3, 3)
        assert one.name == "Ana Ruiz"
        assert sorted(identity.kind for identity in one.identities) == sorted(_CHANNELS)
        assert sorted(past.channel for past in one.conversations) == sorted(_CHANNELS)
        assert {other.id for other in one.merged} == {people["x"], people["instagram"]}
        assert await desk.contact(people["x"]) == one, "who is asked for by the other name is shown too"
        await _answered_in_the_way_they_wrote(scene, rows)

        scene.comments("And another thing")
        await scene.rows(4)
        await scene.known(ana, 3, 4)

        await desk.do(UnmergeContacts(contact_id=ana, joined_id=people["instagram"]))
        await scene.known(ana, 2, 2)
        apart = await scene.known(people["instagram"], 1, 2)
        assert [identity.display for identity in apart.identities] == ["@ana.ruiz"]
        scene.comments("One more")
        await scene.known(people["instagram"], 1, 3)
        await scene.known(ana, 2, 2)


async def _answered_in_the_way_they_wrote(scene: _Scene, rows: Mapping[str, dict[str, Any]]) -> None:
    """Joined people are answered where they wrote, and nowhere else."""
    for channel, row in rows.items():
        text = f"Answered by {channel}."
        answer = await asyncio.to_thread(scene.company.reply, row["id"], text)
        await asyncio.to_thread(scene.company.wait_for_delivery, row["id"], answer["id"], "sent")
    assert [one.text for one in scene.x.stands()] == ["Answered by x."]
    assert [one.text for one in scene.instagram.world.standing()] == ["Answered by instagram."]
    await until(lambda: dict(first_lines(scene.customer)) == {"Answered by email.": 1})
