from __future__ import annotations

import asyncio
from typing import Any

from tests.helpers.company import Company


class Slow(Company):
    """A company whose message is there only at the third look."""

    looks = 0

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        self.looks += 1
        states = {2: "sending"} | dict.fromkeys((3, 4), "sent")
        there = [{"id": "m", "delivery": states[self.looks]}] if self.looks in states else []
        return {"messages": there}


async def test_a_message_that_is_not_there_yet_is_waited_for_in_a_thread() -> None:
    company = Slow.__new__(Slow)  # nothing of it is needed but its answers
    message = await asyncio.to_thread(company.wait_for_delivery, "c", "m", "sent", 5)
    assert message == {"id": "m", "delivery": "sent"}
    assert company.looks == 3
