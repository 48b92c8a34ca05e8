"""Each kind of event that the stream brings, and what that means.

The payloads are written after https://docs.joinmastodon.org/methods/streaming/ and /entities/; people and
posts are made up. In the files a payload is an object; on the wire it is text, as the document says.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.mastodon.entities import NEWEST, check_frame
from tests.connectors.mastodon.support import connected, drained, meant

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.sdk.inbound import Automation, Inbound, Party, RawItem, What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.mastodon.streaming import Stream

_FOLDER = Path(__file__).parent / "payloads"
_ALL = sorted(one.name.removesuffix(".json") for one in _FOLDER.glob("*.json"))
_UNREADABLE = [one for one in _ALL if one.startswith("unreadable")]
_NOTHING = [
    "conversation.empty",
    "conversation.own",
    "favourite",
    "filters_changed",
    "follow",
    "home",
    "notifications_merged",
]
_OF_EARLIER = ["delete", "status.update", "update"]
_OLD = {"mention.4-2": "4.2"}
_ID = "social.example/1150000000000002"
ANA = Party("mastodon", "ana@elsewhere.example", "Ana Lima")


def _frame(name: str) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    if "payload" in frame and not isinstance(frame["payload"], str):
        frame["payload"] = json.dumps(frame["payload"])
    return frame


@asynccontextmanager
async def _listening() -> AsyncIterator[Stream]:
    async with connected() as (_, opened):
        await drained(opened, None)
        yield Stream(opened._client, opened._reader, "")


async def _heard(*names: str) -> RawItem | None:
    """What the last of these events brings."""
    async with _listening() as stream:
        found = [await stream._event(json.dumps(_frame(name))) for name in names]
    return found[-1]


async def _read(*names: str) -> Inbound:
    item = await _heard(*names)
    assert item is not None
    return meant(item)


@pytest.mark.parametrize("name", sorted(set(_ALL) - set(_UNREADABLE)))
def test_every_payload_is_as_published(name: str) -> None:
    check_frame(_frame(name), json.loads, _OLD.get(name, NEWEST))


_PUBLIC = {"post.kind": PostKind.MENTION, "post.visibility": Visibility.PUBLIC, "automation": Automation.NO}
_MEANINGS: dict[str, dict[str, Any]] = {
    "mention": {
        **_PUBLIC,
        "text": "@support my kettle leaks & smells: https://shop.example/kettles/7",
        "sender": ANA,
        "external_id": f"{_ID}01",
        "sent_at": datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        "to": (Party("mastodon", "support@social.example", "support"),),
        "references": (),
        "profile.language": "en",
        "profile.picture": "https://elsewhere.example/@ana/face.png",
        "profile.followers": 97,
        "post.url": "https://elsewhere.example/@ana/115000000000000201",
        "post.counters.likes": 3,
        "post.counters.replies": 1,
        "post.counters.shares": 2,
        "post.media.0.kind": "link",
        "post.media.0.title": "Kettle 7",
        "post.media.0.alt": "A blue kettle",
    },
    "mention.reply": {"references": ("social.example/115000000000000150",), "external_id": f"{_ID}02"},
    "mention.followers": {"post.kind": PostKind.MENTION, "post.visibility": Visibility.LIMITED},
    "mention.direct": {"post.kind": PostKind.MESSAGE, "post.visibility": Visibility.PRIVATE},
    "mention.poll": {
        **_PUBLIC,
        "post.poll.options.0.text": "Blue",
        "post.poll.options.1.votes": 2,
        "post.poll.ends_at": datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    },
    "mention.media": {
        **_PUBLIC,
        "post.media.0.kind": "image",
        "post.media.0.alt": "A leaking kettle",
        "post.media.0.preview": "https://files.example/31/small.png",
        "post.media.1.kind": "video",
        "post.media.2.kind": "audio",
        "post.media.2.preview": "",
        "post.media.3.kind": "link",
    },
    "mention.warning": {**_PUBLIC, "post.warning": "An injury", "text": "@support it burnt my hand"},
    "mention.filtered": {**_PUBLIC, "text": "@support damn kettle"},
    "mention.program": {"automation": Automation.AUTO_GENERATED, "sender.name": "News"},
    "mention.quote": {**_PUBLIC, "post.kind": PostKind.QUOTE, "text": "@support see this", "references": ()},
    "mention.4-2": {**_PUBLIC, "text": "@support hello from an old server"},
    "conversation": {
        "text": "@support are you there?",
        "post.kind": PostKind.MESSAGE,
        "post.root": "social.example/conversations/418",
    },
}


@pytest.mark.parametrize("name", sorted(_MEANINGS))
async def test_what_an_event_means(name: str) -> None:
    inbound, expected = await _read(name), _MEANINGS[name]
    assert {path: _at(inbound, path) for path in expected} == expected


def _at(value: object, path: str) -> Any:
    return reduce(_part, path.split("."), value)


def _part(value: Any, name: str) -> Any:
    return value[int(name)] if name.isdigit() and isinstance(value, Sequence) else getattr(value, name)


@pytest.mark.parametrize("name", ["update", "status.update"])
async def test_a_change_is_a_later_version_of_the_same_post(name: str) -> None:
    before, item = await _read("mention"), await _heard("mention", name)
    assert item is not None
    assert item.source_id == "status/115000000000000201/2026-11-22T10:00:00.000Z"
    after = meant(item)
    assert (after.external_id, after.text) == (before.external_id, "@support my kettle no longer leaks")
    assert after.content_hash != before.content_hash
    assert _at(after, "post.edited_at") == datetime(2026, 11, 22, 10, tzinfo=UTC)


async def test_a_deletion_names_the_post() -> None:
    gone = await _read("mention", "delete")
    assert gone.happening is not None
    assert gone.happening.what is What.DELETED
    assert gone.references == (f"{_ID}01",)


@pytest.mark.parametrize("name", [*_NOTHING, *_OF_EARLIER])
async def test_what_nobody_has_to_answer_is_passed_over(name: str) -> None:
    assert await _heard(name) is None


@pytest.mark.parametrize("name", _UNREADABLE)
async def test_what_makes_no_sense_is_kept_with_its_original(name: str) -> None:
    item = await _heard(name)
    assert item is not None
    assert item.source_id.startswith("unreadable/")
    assert item.raw.decode() == _frame(name)["payload"]
    with pytest.raises(Invalid):
        meant(item)


def test_every_payload_is_told_what_it_means() -> None:
    assert set(_ALL) == {*_MEANINGS, *_NOTHING, *_OF_EARLIER, *_UNREADABLE}


@pytest.mark.parametrize(
    "name", ["mention", "mention.poll", "mention.media", "mention.filtered", "conversation"]
)
async def test_whatever_is_in_an_event_is_read_or_kept_as_unreadable(name: str) -> None:
    frame, read = _frame(name), 0
    async with _listening() as stream:
        for raw in spoilt(frame["payload"].encode()):
            item = await stream._event(json.dumps(frame | {"payload": raw.decode("utf-8", "replace")}))
            if item is None:
                continue
            assert len(item.source_id) <= 400
            try:
                read += isinstance(meant(item), Inbound)
            except AgentDeskError:
                continue
    assert read > 100
