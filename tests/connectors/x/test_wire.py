"""What X hands out, event by event, and that nothing in it can break the reading.

The payloads are written after the examples of https://docs.x.com/x-api/activity/event-payloads and the data
dictionary; the people and their posts are made up.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.sdk.inbound import Automation, Inbound, Party, What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.x import asking, interpret
from agentdesk_connectors.x.naming import id_at, moment_of, page_of, pair_id, talk_of
from agentdesk_connectors.x.rules import why_not
from agentdesk_connectors.x.texts import letters, shown_text
from agentdesk_connectors.x.vocabulary import NEWER

PAYLOADS = Path(__file__).parent / "payloads"
US, ANA = "1500000000000000001", "1600000000000000002"
WORK = "2080000000000000000"
FACTS: dict[str, object] = {"me": US, "tier": "self_serve", "verified": True}


def _raw(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def _read(name: str, **facts: object) -> Inbound:
    return interpret(_raw(name), FACTS | facts)


@pytest.mark.parametrize(
    "name",
    [
        "post.mention.create",
        "post.reply.create",
        "post.quote.create",
        "mention.poll",
        "long.poll",
        "search.poll",
    ],
)
def test_posts_in_the_newer_words_mean_the_same(name: str) -> None:
    older = _raw(name)
    newer = _renamed(json.loads(older))
    assert newer != json.loads(older)
    assert interpret(json.dumps(newer).encode(), FACTS) == interpret(older, FACTS)


def test_pages_in_the_newer_words_hold_the_same() -> None:
    beside = {"users": [{"id": ANA}], "posts": [{"id": "7", "author_id": ANA}]}
    answer = {"data": [{"id": "8", "referenced_posts": [{"id": "7"}]}], "includes": beside}
    page = asking.page_of(json.dumps(answer).encode())
    assert json.loads(page.items[0])["includes"] == beside


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {NEWER.get(name, name): _renamed(one) for name, one in value.items()}
    return [_renamed(one) for one in value] if isinstance(value, list) else value


def test_a_mention_is_what_people_see_and_who_wrote_it() -> None:
    inbound = _read("post.mention.create")
    assert inbound.text == "@KettleCo my kettle leaks & smells, see https://shop.example/kettles/7"
    assert inbound.sender == Party("x", ANA, "Ana Pereira")
    assert inbound.external_id == "2080765813578191303"
    assert inbound.sent_at == moment_of("2080765813578191303")
    assert (inbound.profile.handle, inbound.profile.followers) == ("@ana_pereira", 97)
    assert inbound.to == (Party("x", US, "Kettle & Co"),)
    post = inbound.post
    assert post is not None
    assert (post.kind, post.visibility) == (PostKind.MENTION, Visibility.PUBLIC)
    assert (post.root, post.parent, inbound.references) == ("", "", ())
    assert post.url == "https://x.com/ana_pereira/status/2080765813578191303"
    assert inbound.profile.url == "https://x.com/ana_pereira"
    assert post.counters is not None
    assert (post.counters.likes, post.counters.shares, post.counters.views) == (3, 2, 120)
    assert [(one.kind, one.url, one.title) for one in post.media] == [
        ("link", "https://shop.example/kettles/7", "Kettle 7")
    ]
    assert post.ways == (), "whoever mentions us may be answered"


def test_a_reply_stands_below_our_work_without_the_names_before_it() -> None:
    inbound = _read("post.reply.create")
    assert inbound.text == "When does it come?"
    assert inbound.references == (WORK,)
    post = inbound.post
    assert post is not None
    assert (post.kind, post.root, post.parent) == (PostKind.COMMENT, WORK, WORK)
    assert post.below is not None
    assert (post.below.text, post.below.author, post.below.ours) == (
        "The new kettle is here.",
        "Kettle & Co",
        True,
    )


def test_a_quote_shows_what_it_quotes_and_may_be_answered() -> None:
    inbound = _read("post.quote.create")
    post = inbound.post
    assert post is not None
    assert (post.kind, post.root, post.parent) == (PostKind.QUOTE, "", "")
    assert inbound.references == (WORK,)
    assert post.below is not None
    assert post.below.external_id == WORK
    assert post.ways == ()


def test_a_message_is_the_same_by_stream_and_by_poll() -> None:
    streamed, polled = _read("dm.received"), _read("dm.poll")
    for inbound in (streamed, polled):
        assert inbound.text == "My order is 4417 > help"
        assert inbound.external_id == "dm/2080765901528535096"
        assert inbound.sender == Party("x", ANA, "Ana Pereira")
        assert inbound.post is not None
        assert inbound.post.root == f"dm/talk/{US}-{ANA}"
        assert (inbound.post.kind, inbound.post.visibility) == (PostKind.MESSAGE, Visibility.PRIVATE)
    assert streamed.content_hash == polled.content_hash


def test_our_own_messages_are_told_from_theirs() -> None:
    post = _read("dm.sent").post
    assert post is not None
    assert (post.own, post.kind) == (True, PostKind.REPLY)


@pytest.mark.parametrize(
    ("name", "notice"), [("chat.received", ""), ("dm.poll", "mentions"), ("dm.poll", "messages")]
)
def test_what_cannot_be_read_says_where_to_look(name: str, notice: str) -> None:
    with pytest.raises(Invalid) as said:
        _read(name, notice=notice)
    assert "X" in str(said.value.message)


def test_an_edited_post_keeps_its_first_number_and_shows_its_files() -> None:
    inbound = _read("mention.poll")
    assert inbound.external_id == "2080765813578191303"
    assert inbound.text == "@KettleCo look"
    post = inbound.post
    assert post is not None
    assert post.edited_at == moment_of("2080765813578191600")
    assert [(one.kind, one.url, one.alt) for one in post.media] == [
        ("image", "https://pbs.twimg.com/media/F1.jpg", "A kettle on a wet table"),
        ("video", "https://video.twimg.com/high.mp4", ""),
    ]
    assert post.poll is not None
    assert [(one.text, one.votes) for one in post.poll.options] == [("Yes", 4), ("No", 1)]


def test_what_was_searched_for_may_not_be_answered_on_plans_paid_per_use() -> None:
    post = _read("search.poll", watched=True).post
    assert post is not None
    assert post.kind is PostKind.WATCHED
    (way,) = post.ways
    assert way.visibility is Visibility.PUBLIC
    assert "mentioned or quoted" in str(way.refused)
    (way,) = getattr(_read("search.poll", watched=True, tier="enterprise").post, "ways", ())
    assert "mentions" in str(way.refused), "the author lets only those answer"


@pytest.mark.parametrize(
    ("reply_settings", "verified", "allowed"),
    [
        ("everyone", False, True),
        ("following", False, True),
        ("mentionedUsers", True, False),
        ("subscribers", True, False),
        ("verified", True, True),
        ("verified", False, False),
        ("something new", False, True),
    ],
)
def test_who_the_author_lets_answer(reply_settings: str, verified: bool, allowed: bool) -> None:
    post = {"reply_settings": reply_settings}
    why = why_not(post, summoned=False, tier="enterprise", verified=verified)
    assert (why is None) is allowed
    assert why_not(post, summoned=True, tier="self_serve", verified=False) is None


def test_long_posts_are_whole_and_protected_ones_are_limited() -> None:
    inbound = _read("long.poll")
    assert inbound.text == "@KettleCo a long story that goes on, at https://blog.example/kettle, to its end."
    assert inbound.automation is Automation.AUTO_GENERATED
    assert inbound.post is not None
    assert inbound.post.visibility is Visibility.LIMITED


def test_what_stands_below_a_post_looked_up_is_shown() -> None:
    below = {"id": "2070000000000000000", "text": "Our sale", "author": "Us", "author_id": US, "handle": "us"}
    post = _read("post.reply.create", below=below).post
    assert post is not None
    assert post.below is not None
    assert (post.below.text, post.below.ours) == ("Our sale", True)


def test_a_deletion_names_the_post() -> None:
    inbound = interpret(b"{}", FACTS | {"deleted": WORK})
    assert inbound.happening is not None
    assert inbound.happening.what is What.DELETED
    assert (inbound.references, inbound.sender.value) == ((WORK,), "")


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"data":{"event_type":"oauth.revoke","payload":{}}}', b"x"])
def test_what_is_neither_a_post_nor_a_message_is_refused(raw: bytes) -> None:
    with pytest.raises(AgentDeskError):
        interpret(raw, FACTS)


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_field_missing_null_of_another_type_or_enormous_does_no_harm(name: str) -> None:
    read = 0
    for raw in spoilt(_raw(name)):
        with suppress(AgentDeskError):
            inbound = interpret(raw, FACTS)
            assert all(isinstance(one, str) for one in (inbound.text, inbound.external_id))
            read += 1
    assert read > 50 or name in ("chat.received", "oauth.revoke")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_WHOLE: dict[str, Any] = json.loads((PAYLOADS / "mention.poll.json").read_text())


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(_WHOLE["data"])), _JSON, max_size=5),
    st.dictionaries(st.sampled_from(("users", "media", "polls", "tweets")), _JSON, max_size=2),
    st.dictionaries(st.sampled_from(("me", "below", "tier", "watched", "notice")), _JSON, max_size=2),
)
def test_whatever_x_says_is_read_or_refused(
    data: dict[str, Any], includes: dict[str, Any], facts: dict[str, Any]
) -> None:
    whole = {"data": _WHOLE["data"] | data, "includes": _WHOLE["includes"] | includes}
    with suppress(AgentDeskError):
        assert isinstance(interpret(json.dumps(whole).encode(), FACTS | facts), Inbound)


def test_numbers_hold_the_time_and_names_stay() -> None:
    at = datetime(2026, 7, 24, 21, 23, 23, tzinfo=UTC)
    assert moment_of(id_at(at)) == at
    assert pair_id("20", "9") == "9-20"
    assert talk_of("dm/talk/9-20") == "9-20"
    assert talk_of("dm/talk/../x") == ""
    assert page_of("ana/../x", "7") == "https://x.com/i/status/7"


def test_what_stays_of_a_text_on_its_way_through_x() -> None:
    links = ["https://shop.example/a"]
    post = {
        "text": "@ana @ben Look:\n https://t.co/AbC &lt;now&gt;",
        "entities": {"urls": [{"url": "https://t.co/AbC", "expanded_url": links[0]}]},
        "display_text_range": [10, 40],
    }
    assert shown_text(post) == "Look:\n https://shop.example/a <now>"
    assert letters(shown_text(post), links) == letters("Look: https://shop.example/a <now>", links)
    assert letters("Cafe\u0301\u200f see shop.example/a", links) == letters("Caf\u00e9 see", links)
