"""Ana at her desk while her company's database is lost and another one taken up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from tests.helpers.company import Company
from tests.helpers.until import until

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.domain.party import Party
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk


class Agent:
    """Ana at a desk that keeps its folder when it is opened again."""

    desk: LocalDesk

    def __init__(self, company: Company, folder: Path, token: str) -> None:
        self._company, self._folder, self._token = company, folder, token

    async def open(self) -> None:
        """Connect to where the server is now."""
        self.desk = LocalDesk(self._folder, self._company.address, self._token)
        await self.desk.start()
        await until(lambda: self.desk.status.link is Link.SYNCED, what="the desk is in step")

    async def reply(self, conversation_id: str, text: str, to: str) -> str:
        """Answer once the conversation has come to the desk; returns the message's id."""
        here = UUID(conversation_id)

        async def has_come() -> bool:
            return await self.desk.conversation(here) is not None

        await until(has_come, what="the conversation has come to the desk")
        message_id = new_id()
        party = (Party("email", to, ""),)
        command = SendReply(message_id=message_id, conversation_id=here, to=party, text=text)
        await self.desk.do(command)
        return str(message_id)


async def conversations(company: Company, count: int) -> dict[str, str]:
    """Ids by subject, once there are ``count``."""
    rows = await asyncio.to_thread(company.wait_for_conversations, count)
    return {row["subject"]: row["id"] for row in rows}


async def has(company: Company, conversation_id: str, message_id: str, state: str) -> None:
    """Wait until a message has come to the server, and there to ``state``."""
    await asyncio.to_thread(company.wait_for_delivery, conversation_id, message_id, state)
