"""What recorded posts and messages mean, one by one, and that nothing in them can break the reading."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.connectors.bluesky.support import connected

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.inbound import Automation, Inbound, Party
from agentdesk.sdk.posts import Media, Post, PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.bluesky import interpret
from agentdesk_connectors.bluesky.facets import as_html, as_text, facets_for, spans_of

PAYLOADS = Path(__file__).parent / "payloads"
ANA = "did:plc:q7wz3ana2kx5vd6mb4thr2fe"
US = "did:plc:larkfield22222222222222a"
PEOPLE = {ANA: {"did": ANA, "handle": "ana.garden.example", "displayName": "Ana Ruiz", "followersCount": 9}}


def _payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def _read(payload: Any, **facts: object) -> tuple[Inbound, Post]:
    inbound = interpret(json.dumps(payload).encode(), {"me": US} | facts)
    assert inbound.post is not None
    return inbound, inbound.post


# --- one for each kind of event ---


def test_a_mention() -> None:
    inbound, post = _read(_payload("mention"), reason="mention", followers=1_234)
    assert (
        inbound.text
        == "☕ @larkfield.example my kettle leaks, see https://shop.example/kettles/brown #kettle"
    )
    assert inbound.sender == Party("bluesky", ANA, "Ana Ruiz")
    assert (inbound.profile.handle, inbound.profile.followers) == ("@ana.garden.example", 1_234)
    assert inbound.profile.verified
    assert inbound.to == (Party("bluesky", US),)
    assert (post.kind, post.visibility, post.root, post.parent) == (
        PostKind.MENTION,
        Visibility.PUBLIC,
        "",
        "",
    )
    assert post.url == f"https://bsky.app/profile/{ANA}/post/3mbw2kq7tfs2a"
    assert post.counters is not None
    assert (post.counters.likes, post.counters.replies, post.counters.shares) == (5, 1, 3)
    thumb = "https://cdn.bsky.example/img/feed_thumbnail/plain/kettle@jpeg"
    url = "https://shop.example/kettles/brown"
    assert post.media == (Media("link", url, "1.5 litres", "Brown kettle", thumb),)
    assert '<a href="https://shop.example/kettles/brown"' in inbound.html


def test_a_reply() -> None:
    root, parent = (f"at://{US}/app.bsky.feed.post/{one}" for one in ("3mbvroot2222a", "3mbvparent22a"))
    below = {"uri": root, "did": US, "text": "Kettles for everybody", "author": "Larkfield Home"}
    inbound, post = _read(_payload("reply"), reason="reply", below=below)
    assert inbound.references == (post.root, post.parent) == (root, parent)
    assert post.kind is PostKind.COMMENT
    assert post.below is not None
    assert (post.below.text, post.below.ours) == ("Kettles for everybody", True)
    assert post.warning == "graphic-media, spam", "what was taken back does not hold"
    assert post.way(Visibility.PUBLIC).refused is not None
    assert post.way(Visibility.PRIVATE).refused is None


def test_a_quote() -> None:
    inbound, post = _read(_payload("quote"), reason="quote")
    assert (post.kind, inbound.references) == (PostKind.QUOTE, ())
    picture, quoted = post.media
    assert (picture.kind, picture.alt) == ("image", "A kettle in a puddle")
    assert (quoted.kind, quoted.title) == ("link", "Larkfield Home: Kettles for everybody")
    assert quoted.url == f"https://bsky.app/profile/{US}/post/3mbvroot2222a"


def test_a_post_of_the_watch_list() -> None:
    _, post = _read(_payload("watched"), reason="watched")
    assert post.kind is PostKind.WATCHED
    (film,) = post.media
    assert (film.kind, film.alt) == ("video", "A singing kettle")
    assert film.url.endswith("playlist.m3u8")
    assert film.preview.endswith("thumbnail.jpg")


def test_a_notification_whose_post_could_not_be_looked_up() -> None:
    _, post = _read(_payload("notification"), reason="mention")
    (picture,) = post.media
    assert picture.alt == "A kettle in a puddle"
    assert picture.url == f"https://cdn.bsky.app/img/feed_fullsize/plain/{ANA}/bafkreipuddle@jpeg"


def test_a_private_message() -> None:
    inbound, post = _read(_payload("message"), people=PEOPLE)
    assert inbound.text.endswith("https://bsky.app/profile/ana.garden.example/post/3mbw2kq7tfs2a")
    assert inbound.external_id == "chat/3mbwtalk2222a/3mbwmessage2a"
    assert inbound.sender == Party("bluesky", ANA, "Ana Ruiz")
    assert inbound.profile.followers == 9
    assert (post.kind, post.visibility, post.root) == (
        PostKind.MESSAGE,
        Visibility.PRIVATE,
        "chat/3mbwtalk2222a",
    )
    (shown,) = post.media
    assert shown.title.startswith("Ana Ruiz: ☕")


@pytest.mark.parametrize(
    ("name", "source"), [("message_deleted", "deleted/chat/3mbwtalk2222a/3mbwmessage2a"), ("reaction", None)]
)
async def test_what_else_the_log_tells(name: str, source: str | None) -> None:
    async with connected() as (_, opened):
        item = await opened._reader.talks._event(json.dumps(_payload(name)).encode(), US)
        assert (item.source_id if item else None) == source


# --- details ---


@pytest.mark.parametrize(
    ("chat", "viewer", "is_refused"),
    [
        ({"allowIncoming": "all"}, {}, False),
        ({"allowIncoming": "none"}, {"followedBy": "at://x"}, True),
        ({"allowIncoming": "following"}, {}, True),
        ({"allowIncoming": "following"}, {"followedBy": "at://x"}, False),
        ({"allowIncoming": "all"}, {"blockedBy": True}, True),
        (None, {}, False),
    ],
)
def test_who_can_be_written_to_in_private(chat: Any, viewer: Any, is_refused: bool) -> None:
    payload = _payload("mention")
    payload["author"] |= {"associated": {"chat": chat}, "viewer": viewer}
    _, post = _read(payload)
    assert (post.way(Visibility.PRIVATE).refused is not None) is is_refused


@pytest.mark.parametrize("facts", [{"group": True}, {"people": {ANA: {"did": ANA, "chatDisabled": True}}}])
def test_talks_that_cannot_be_answered(facts: dict[str, object]) -> None:
    _, post = _read(_payload("message"), **facts)
    assert post.way(Visibility.PRIVATE).refused is not None


def test_programs_and_our_own_posts_are_told() -> None:
    payload = _payload("mention")
    payload["author"]["labels"] = [{"src": ANA, "val": "bot"}]
    assert _read(payload)[0].automation is not Automation.NO
    _, own = _read(_payload("mention"), me=ANA)
    assert (own.own, own.kind) == (True, PostKind.REPLY)
    _, said = _read(_payload("message"), me=ANA)
    assert (said.own, said.kind) == (True, PostKind.REPLY)


def test_what_is_dangerous_in_a_post_does_not_come_through() -> None:
    payload = _payload("mention")
    payload["record"] |= {"text": "<script>x()</script> here", "facets": []}
    payload["record"]["facets"] = [
        {
            "index": {"byteStart": 0, "byteEnd": 8},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "javascript:x()"}],
        }
    ]
    payload["embed"]["external"]["uri"] = "data:text/html,x"
    inbound, post = _read(payload)
    assert inbound.text == "<script>x()</script> here"
    assert "<script" not in inbound.html
    assert "javascript" not in inbound.html
    assert post.media == ()


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 2), (1, 4), (5, 3), (0, 99), (-1, 3), (0, 0), (None, 3), (2**60, 2**61)],
)
def test_facets_that_lie_wrong_are_left_out(start: Any, end: Any) -> None:
    feature = {"$type": "app.bsky.richtext.facet#tag", "tag": "x"}
    record = {"facets": [{"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}]}
    assert spans_of(record, "👋 hello") == []


def test_facets_that_overlap_keep_the_first() -> None:
    def tag(start: int, end: int) -> dict[str, Any]:
        feature = {"$type": "app.bsky.richtext.facet#tag", "tag": "x"}
        return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}

    spans = spans_of({"facets": [tag(3, 6), tag(0, 4)]}, "abcdefgh")
    assert [(one.start, one.end) for one in spans] == [(0, 4)]


@given(
    st.text(max_size=80),
    st.sampled_from(["@ana.example", "https://a.example/x", "#tag"]),
    st.text(max_size=20),
)
def test_what_is_written_is_read_the_same(before: str, marked: str, after: str) -> None:
    text = f"{before} {marked} {after}"
    record: Any = {"facets": facets_for(text, {"ana.example": ANA})}
    spans = spans_of(record, text)
    assert len(spans) == len(record["facets"])
    raw = text.encode()
    assert all(raw[one.start : one.end].decode() for one in spans)
    assert as_text(text, spans) == text
    assert as_html(text, spans).count("</a>") == len(spans)


@pytest.mark.parametrize("missing", ["uri", "author", "record"])
def test_a_post_without_what_makes_it_one_is_refused_as_a_whole(missing: str) -> None:
    payload = _payload("mention")
    del payload[missing]
    with pytest.raises(AgentDeskError):
        _read(payload)


@pytest.mark.parametrize("missing", ["id", "sender"])
def test_a_message_without_what_makes_it_one_is_refused_as_a_whole(missing: str) -> None:
    payload = _payload("message")
    del payload["message"][missing]
    with pytest.raises(AgentDeskError):
        _read(payload)


def _storable(inbound: Inbound) -> None:
    for text in (inbound.text, inbound.html, inbound.sender.name, inbound.external_id):
        assert isinstance(text, str)
        assert len(text) < 1_000_000


@pytest.mark.parametrize("name", ["mention", "reply", "quote", "watched", "notification", "message"])
def test_every_field_missing_null_of_another_type_or_enormous_does_no_harm(name: str) -> None:
    read = 0
    for one in spoilt(json.dumps(_payload(name)).encode()):
        with suppress(AgentDeskError):
            _storable(interpret(one, {"me": US, "people": PEOPLE}))
            read += 1
    assert read > 40


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["quote", "message"]),
    st.dictionaries(
        st.sampled_from(["author", "record", "embed", "viewer", "message", "labels"]), _JSON, max_size=4
    ),
    st.dictionaries(
        st.sampled_from(["me", "reason", "below", "people", "followers", "group"]), _JSON, max_size=4
    ),
)
def test_whatever_a_service_says_is_read_or_refused(
    name: str, changes: dict[str, Any], facts: dict[str, Any]
) -> None:
    with suppress(AgentDeskError):
        _storable(interpret(json.dumps(_payload(name) | changes).encode(), facts))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(AgentDeskError):
        interpret(raw, {})


def test_what_is_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(AgentDeskError):
        interpret(b"[" * 100_000 + b"]" * 100_000, {})
