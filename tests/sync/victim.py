"""A desk that works until it is killed: ``python -m tests.sync.victim FOLDER URL TOKEN CONVERSATION``.

Each line on standard output is a promise: ``note ID TEXT`` and ``draft TEXT`` are printed after the call
that keeps them has returned.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path
from uuid import UUID

from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote
from agentdesk.sync.desk import Draft, Link
from agentdesk.sync.local import LocalDesk
from tests.helpers.desk_keys import keys


async def main(folder: Path, url: str, token: str, conversation_id: UUID) -> None:
    desk = LocalDesk(folder, url, token, keys=keys())
    await desk.start()
    while desk.status.link is not Link.SYNCED:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    for number in itertools.count():
        note = AddNote(message_id=new_id(), conversation_id=conversation_id, text=f"note {new_id()}")
        await desk.do(note, hold_seconds=0.05 if number % 3 == 0 else 0)
        print(f"note {note.message_id} {note.text}", flush=True)
        draft = Draft(conversation_id=conversation_id, mode="reply", text=f"draft {new_id()}")
        await desk.save_draft(draft)
        print(draft.text, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], UUID(sys.argv[4])))
