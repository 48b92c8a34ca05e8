"""What the transcript says of who gave a conversation to whom."""

from __future__ import annotations

from typing import Any

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
    row = _event("assigned", author, data, name)
    assert str(event_words(row)) == words


def test_it_says_which_invitation_was_answered() -> None:
    data = {"name": "Prices", "text": "Any questions?"}
    words = "The visitor answered the invitation Prices"
    assert str(event_words(_event("invited", "system", data, ""))) == f"{words}: “Any questions?”"
    assert str(event_words(_event("invited", "system", {"name": "Prices"}, ""))) == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"score": 5}, "The visitor rated the chat: Great"),
        ({"score": 2, "effort": 3}, "The visitor rated the chat: Bad, ease 3 of 7"),
        ({"score": 1, "text": "Never"}, "The visitor rated the chat: Very bad – “Never”"),
    ],
)
def test_it_says_how_the_visitor_found_it(data: dict[str, Any], words: str) -> None:
    assert str(event_words(_event("rated", "contact", data))) == words


@pytest.mark.parametrize(
    ("author", "name", "words"),
    [
        ("user", "Jonas", "Jonas ended the chat"),
        ("contact", "", "The visitor ended the chat"),
        ("system", "", "The chat ended by itself: nobody wrote for long"),
    ],
)
def test_it_says_who_ended_the_chat(author: str, name: str, words: str) -> None:
    assert str(event_words(_event("ended", author, {}, name))) == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"step": "asked", "person": "Maria"}, "Jonas asked Maria to take it over"),
        ({"step": "declined", "person": "Maria"}, "Maria declined to take it over"),
        ({"step": "missed", "person": "Maria"}, "Maria did not answer whether they take it over"),
        ({"step": "withdrawn", "person": "Maria"}, "Maria went away before they took it over"),
        ({"step": "cancelled", "person": "Maria"}, "Jonas does not ask Maria any more"),
        ({"step": "moved", "inbox": "Sales", "before": "Support"}, "Jonas moved it from Support to Sales"),
        ({"step": "returned"}, "Jonas gave it back to the queue"),
    ],
)
def test_it_says_how_it_was_handed_over(data: dict[str, Any], words: str) -> None:
    assert str(event_words(_event("transfer", "user", data, "Jonas"))) == words


def _event(kind: str, author: str, data: dict[str, Any], name: str = "") -> EventRow:
    return EventRow(
        id=new_id(),
        conversation_id=new_id(),
        kind=kind,
        author=author,
        user_id=new_id() if name else None,
        user_name=name,
        data=data,
        created_at=clock.now(),
    )
