"""How things come in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import INCOMPLETE, Inbound, What
from agentdesk.sdk.posts import PostKind
from agentdesk.sdk.protocols import (
    Hears,
    Streams,
)
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.simulator import Fault
from agentdesk.sdk.testing.stage import Said, Stage, completed, settled
from agentdesk.sdk.testing.suite.tools import simulator_of

__all__ = ["ArrivalRules"]


class ArrivalRules:
    """What happens at the service comes in, once, whatever goes wrong there."""

    async def test_arrival(self, stage: Stage) -> None:
        """What customers say comes in, each thing once, with who said it and a cursor to go on from."""
        said = [await stage.say(Said("One", "ana")), await stage.say(Said("Two", "ben"))]
        account, sink = stage.open(), MemorySink()
        await stage.read(account, sink)
        found = stage.meaning(sink)
        assert [found[one].text.strip() for one in said] == ["One", "Two"]
        ana, ben = (found[one].sender for one in said)
        assert {ana.kind, ben.kind} == {stage.module.manifest.identity_kind}
        assert ana.value != ben.value
        assert len(msgspec.json.encode(sink.cursor)) < 1_000
        assert all(len(item.source_id) <= 400 for item in sink.items.values())

    async def test_threads(self, stage: Stage) -> None:
        """An answer names what it answers, and where its thread began."""
        first = await stage.say(Said("One"))
        second = await stage.say(Said("Two", below=first))
        third = await stage.say(Said("Three", below=second))
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        found = stage.meaning(sink)
        assert first in found[second].references
        assert second in found[third].references
        post = found[third].post
        assert post is None or (post.root, post.parent) == (first, second)

    async def test_visibility(self, stage: Stage) -> None:
        """Who can read a post is known, and never taken for less private than it is."""
        said = {v: await stage.say(Said(visibility=v)) for v in stage.visibilities}
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        for visibility, external_id in said.items():
            post = stage.meaning(sink)[external_id].post
            assert post is not None
            assert post.visibility is visibility

    async def test_duplicates(self, stage: Stage) -> None:
        """Reading again from the beginning gives the same names to the same things."""
        await stage.say(Said("One"))
        await stage.say(Said("Two"))
        if stage.simulator is not None:
            stage.simulator.fail(Fault.DUPLICATES)
        sink, again = MemorySink(), MemorySink()
        await stage.read(stage.open(), sink)
        await stage.read(stage.open(), again)
        assert set(sink.items) == set(again.items)
        assert len(sink.items) == 2

    async def test_order(self, stage: Stage) -> None:
        """Nothing is lost where things come in another order than they happened in."""
        said: list[str] = []
        for number in range(7):
            said.append(await stage.say(Said(f"No {number}", below=said[-1] if said else "")))
        simulator_of(stage).fail(Fault.REORDERED)
        account, sink = stage.open(), MemorySink()
        await stage.read(account, sink)
        assert {one for one in stage.meaning(sink) if one in said} == set(said)

    async def test_edits(self, stage: Stage) -> None:
        """What a customer changes is told as a change of what they said."""
        external_id = await stage.say(Said("I want my mony back"))
        account, sink = stage.open(), MemorySink()
        await stage.read(account, sink)
        await stage.change(external_id, "I want my money back")
        await stage.read(account, sink)
        found = stage.meaning(sink)
        happened = found.get(f"happened:{external_id}")
        if happened is not None and happened.happening is not None:
            assert happened.happening.what is What.EDITED
            assert happened.happening.text == "I want my money back"
            return
        post = found[external_id].post
        assert found[external_id].text == "I want my money back"
        assert post is not None
        assert post.edited_at is not None

    async def test_deletions(self, stage: Stage) -> None:
        """What a customer takes back is told."""
        external_id = await stage.say(Said("Not for everybody"))
        account, sink = stage.open(), MemorySink()
        await stage.read(account, sink)
        await stage.remove(external_id)
        await stage.read(account, sink)
        happened = stage.meaning(sink)[f"happened:{external_id}"].happening
        assert happened is not None
        assert happened.what is What.DELETED

    async def test_gaps(self, stage: Stage) -> None:
        """What happened while nothing was connected comes in, by the cursor, and only that."""
        await stage.say(Said("Before"))
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        missed = [await stage.say(Said(f"Missed {number}")) for number in range(7)]
        later = MemorySink(cursor=sink.cursor)
        await stage.read(stage.open(), later)
        assert [one for one in stage.meaning(later) if one in missed] == missed
        assert not set(sink.items) & set(later.items)

    async def test_stream(self, stage: Stage) -> None:
        """What happens is told at once, under the name that a poll gives it."""
        account, sink = stage.open(), MemorySink()
        assert isinstance(account, Streams)
        begun = asyncio.Event()

        async def hand(items: Any) -> None:
            await sink.accept(items, None)

        task = asyncio.ensure_future(account.stream(hand, begun.set))
        try:
            await settled(lambda: begun.is_set() or task.done())
            external_id = await stage.say(Said("Now"))
            await settled(lambda: bool(sink.items) or task.done())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        polled = MemorySink()
        await stage.read(stage.open(), polled)
        assert external_id in stage.meaning(sink)
        assert set(sink.items) == set(polled.items)

    async def test_calls(self, stage: Stage) -> None:
        """Calls by the service are taken once, and nobody else's are."""
        external_id = await stage.say(Said("By call"))
        account, sink = stage.open(), MemorySink()
        assert isinstance(account, Hears)
        (call,) = stage.calls()
        for _ in range(2):
            heard = [await completed(account, item) for item in account.hear(call).items]
            await sink.accept(heard, None)
        assert list(stage.meaning(sink)) == [external_id]
        assert len(sink.items) == 1
        assert not any(item.facts.get(INCOMPLETE) for item in heard), "it was not looked up"
        for forged in (replace(call, body=call.body + b" "), replace(call, headers={})):
            with pytest.raises(Rejected):
                account.hear(forged)

    async def test_watch(self, stage: Stage) -> None:
        """What a watch list names is found, as what speaks of us."""
        external_id = await stage.say(Said("The new Kettle leaks", watched=True))
        sink = MemorySink()
        await stage.read(stage.open(watch="kettle"), sink)
        post = stage.meaning(sink)[external_id].post
        assert post is not None
        assert post.kind is PostKind.WATCHED
        unwatched = MemorySink()
        await stage.read(stage.open(watch=""), unwatched)
        assert external_id not in stage.meaning(unwatched)

    async def test_hostile_payloads(self, stage: Stage) -> None:
        """Whatever a payload looks like, it is understood or refused as unreadable."""
        await stage.say(Said("Good day", picture="A kettle"))
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        for item in sink.items.values():
            for raw in spoilt(item.raw):
                try:
                    assert isinstance(stage.module.interpret(raw, item.facts), Inbound)
                except AgentDeskError:
                    continue

    async def test_pictures(self, stage: Stage) -> None:
        """What a post shows comes with its description."""
        external_id = await stage.say(Said("Look", picture="A kettle that leaks"))
        sink = MemorySink()
        await stage.read(stage.open(), sink)
        inbound = stage.meaning(sink)[external_id]
        shown = [one.alt for one in inbound.post.media] if inbound.post else []
        shown += [one.alt or one.name for one in inbound.attachments]
        assert "A kettle that leaks" in shown
