"""What the transcript says of who gave a conversation to whom."""

from __future__ import annotations

import pytest

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.desktop.views.messages.words import event_words
from agentdesk.queries.rows import EventRow

MARIA = new_id()


@pytest.mark.parametrize(
    ("author", "name", "whom", "words"),
    [
        ("system", "", "Maria", "Assigned to Maria automatically"),
        ("system", "", "", "Back for everybody"),
        ("api", "", "Maria", "Assigned to Maria"),
        ("user", "Jonas", "Maria", "Jonas assigned it to Maria"),
    ],
)
def test_it_says_who_assigned_it(author: str, name: str, whom: str, words: str) -> None:
    data = {"assignee_id": str(MARIA) if whom else None, "assignee": whom}
    row = EventRow(
        id=new_id(),
        conversation_id=new_id(),
        kind="assigned",
        author=author,
        user_id=new_id() if name else None,
        user_name=name,
        data=data,
        created_at=clock.now(),
    )
    assert str(event_words(row)) == words
