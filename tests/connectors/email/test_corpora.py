"""Replies and bounces of real people and servers, as far as the corpora are beside the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentdesk.sdk.inbound import Automation, Report
from agentdesk_connectors.email.quotes import split
from agentdesk_connectors.email.wire import interpret

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not beside the project")
NO_BOUNCES = {"feedback", "vacation"}
UNSURE = {"filtered", "rejected"}
"""Reasons that the corpus takes from knowing a provider: the words themselves say that the user is unknown."""


def normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()


def replies() -> list[str]:
    return sorted(path.name for path in (CORPORA / "replies" / "emails").iterdir())


def reply(name: str) -> str:
    return (CORPORA / "replies" / "emails" / name).read_text(encoding="utf-8")


def test_what_a_person_wrote_is_told_from_the_history() -> None:
    right = [
        n
        for n in replies()
        if normal(split(reply(n)).own) == normal((CORPORA / "replies" / "trimmed" / n).read_text("utf-8"))
    ]
    assert len(replies()) == 64
    assert len(right) >= 60


@pytest.mark.parametrize("name", replies() if CORPORA.is_dir() else [])
def test_no_line_of_a_reply_is_lost(name: str) -> None:
    found = split(reply(name))
    lines = [line.strip() for half in (found.own, found.history) for line in half.split("\n") if line.strip()]
    assert sorted(lines) == sorted(line.strip() for line in reply(name).splitlines() if line.strip())
    assert found.own


def bounces() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(
        (CORPORA / "bounces" / "expected.json").read_text()
    )
    return found


def test_bounces_are_recognised_with_their_recipient_and_class() -> None:
    judged = recognised = placed = classed = judgeable = by_machine = 0
    for name, expected in bounces().items():
        reasons = {one["reason"] for one in expected}
        found = interpret((CORPORA / "bounces" / name).read_bytes(), {})
        if reasons & NO_BOUNCES:
            assert found.reports == (), name
            by_machine += found.automation is not Automation.NO
            continue
        judged += 1
        recognised += found.automation is Automation.BOUNCE
        placed += bool(found.reports) and all("@" in one.recipient for one in found.reports)
        if not reasons & UNSURE and found.reports:
            judgeable += 1
            classed += any(one["hard"] for one in expected) == any(one.permanent for one in found.reports)
    assert judged == 564
    assert by_machine >= 20  # of 23; the others are complaints that look like letters
    assert recognised / judged >= 0.98
    assert placed / judged >= 0.98
    assert judgeable > 450
    assert classed / judgeable >= 0.97


def test_the_number_of_recipients_is_right() -> None:
    wrong = [
        name
        for name, expected in bounces().items()
        if (found := interpret((CORPORA / "bounces" / name).read_bytes(), {}).reports)
        and len(found) != len(expected)
    ]
    assert len(wrong) <= 4


def test_a_success_is_no_failure() -> None:
    for name, expected in bounces().items():
        found = interpret((CORPORA / "bounces" / name).read_bytes(), {}).reports
        if found and all(one["reason"] == "delivered" for one in expected):
            assert all(one.report is Report.DELIVERED for one in found), name


def test_ordinary_mail_is_no_bounce() -> None:
    for path in CORPORA.glob("mime/*/*.eml"):
        assert interpret(path.read_bytes(), {}).reports == (), path
    for name in replies():
        head = "From: anna@shop.example\nSubject: Re: Undelivered parcel\nContent-Type: text/plain; charset=utf-8\n\n"
        found = interpret((head + reply(name)).encode(), {})
        assert found.reports == ()
        assert found.automation is Automation.NO
