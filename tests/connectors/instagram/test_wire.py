"""What each kind of event means, by recorded payloads, and that nothing in them can break the reading."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.instagram.support import ACCOUNT, call, heard, payload, unconnected

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.sdk.inbound import INCOMPLETE, Automation, Inbound, Party, Report, What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.instagram import interpret

ANA = "1263500000000042"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
FACTS = {"me": ACCOUNT, "username": "larkfield.home", "human_agent": False}
BELOW = {
    "id": "17901000000000007",
    "caption": "The new kettle",
    "permalink": "https://www.instagram.com/p/Cabc/",
    "media_url": "https://scontent.cdninstagram.com/1.jpg",
    "timestamp": "2026-11-20T08:00:00+0000",
    "username": "larkfield.home",
}


def _read(name: str, kind: str, **facts: object) -> Inbound:
    return interpret(payload(name), {**FACTS, "kind": kind, **facts})


def _post(inbound: Inbound) -> Any:
    assert inbound.post is not None
    return inbound.post


# --- comments and mentions ---


def test_a_comment_stands_below_its_post_and_can_be_answered_once_in_private() -> None:
    inbound = heard("comment", below=BELOW)
    post = _post(inbound)
    assert inbound.text == "Does the kettle whistle? ☕"
    assert inbound.sender == Party("instagram", ANA, "ana.bakes")
    assert (inbound.external_id, inbound.sent_at) == ("comment/17902000000000011", AT)
    assert (inbound.profile.handle, inbound.profile.url) == (
        "@ana.bakes",
        "https://www.instagram.com/ana.bakes/",
    )
    assert (post.kind, post.visibility, post.root) == (PostKind.COMMENT, Visibility.PUBLIC, "")
    assert (post.below.text, post.below.url, post.below.ours) == (
        "The new kettle",
        "https://www.instagram.com/p/Cabc/",
        True,
    )
    assert post.below.picture == "https://scontent.cdninstagram.com/1.jpg"
    way = post.way(Visibility.PRIVATE)
    assert (way.until, way.once) == (AT + timedelta(days=7), True)


def test_a_comment_of_which_nothing_was_looked_up_still_names_its_post() -> None:
    post = _post(heard("comment"))
    assert (post.below.external_id, post.below.text, post.below.ours) == ("media/17901000000000007", "", True)


def test_an_answer_to_a_comment_names_it() -> None:
    inbound = heard("comment_answer")
    assert inbound.references == ("comment/17902000000000011",)
    assert (_post(inbound).root, _post(inbound).parent) == ("comment/17902000000000011",) * 2


def test_a_comment_on_an_advertisement_says_which() -> None:
    assert _post(heard("comment_on_ad")).below.text == "Kettles in spring"


def test_our_own_comment_is_told_from_others() -> None:
    post = _post(heard("comment_own"))
    assert (post.kind, post.own) == (PostKind.REPLY, True)


def test_a_comment_on_a_live_video_is_answered_in_private_only() -> None:
    post = _post(heard("live_comment"))
    assert post.way(Visibility.PUBLIC).refused is not None
    assert (post.way(Visibility.PRIVATE).once, post.way(Visibility.PRIVATE).until) == (True, None)


def test_a_mention_below_somebody_elses_post_is_shown_as_far_as_it_was_looked_up() -> None:
    mention = {
        "text": "@larkfield.home makes the best",
        "username": "ben_b",
        "timestamp": "2026-11-22T09:00:00+0000",
    }
    below = {**BELOW, "id": "17903000000000001", "username": "ben_b", "theirs": True}
    inbound = heard("mention_in_comment", mention=mention, below=below)
    post = _post(inbound)
    assert inbound.external_id == "mention/17903000000000001/17902000000000016"
    assert (inbound.text, inbound.sender.value) == (mention["text"], "@ben_b")
    assert (post.kind, post.below.author, post.below.ours) == (PostKind.MENTION, "ben_b", False)
    assert post.way(Visibility.PRIVATE).refused is not None
    unknown = heard("mention_in_caption")
    assert (unknown.text, unknown.sender.value, len(unknown.warnings)) == ("", "", 1)
    assert heard("mention_in_caption", mention={"caption": "With @larkfield.home"}).text


# --- messages ---


def test_a_message_is_private_and_can_be_answered_for_a_day() -> None:
    inbound = heard("message_text", who={"name": "Ana Baker", "username": "ana.bakes", "follower_count": 7})
    post = _post(inbound)
    assert (inbound.text, inbound.sender) == ("My number is 4417", Party("instagram", ANA, "Ana Baker"))
    assert (inbound.profile.handle, inbound.profile.followers) == ("@ana.bakes", 7)
    assert (post.kind, post.visibility, post.root) == (PostKind.MESSAGE, Visibility.PRIVATE, f"talk/{ANA}")
    assert post.way(Visibility.PRIVATE).until == AT + timedelta(hours=24)
    later = _post(heard("message_text", human_agent=True)).way(Visibility.PRIVATE).until
    assert later == AT + timedelta(days=7)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("message_picture", ["image", "video"]),
        ("message_voice", ["audio"]),
        ("message_reel", ["video"]),
        ("message_share", ["link"]),
        ("story_mention", ["link"]),
    ],
)
def test_what_a_message_shows(name: str, kinds: list[str]) -> None:
    media = _post(heard(name)).media
    assert [one.kind for one in media] == kinds
    assert all(one.url.startswith("https://lookaside.fbsbx.com/") for one in media)


def test_an_answer_within_a_talk_names_the_message() -> None:
    inbound = heard("message_answer")
    assert inbound.references == ("message/aWdfZAG1faXRlbToxOklHMTIzZD",)
    assert _post(inbound).parent == inbound.references[0]
    assert _post(inbound).root == f"talk/{ANA}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("message_quick_reply", "Yes"),
        ("postback", "Where is my order?"),
        ("message_from_ad", "Is it still there?"),
    ],
)
def test_buttons_and_advertisements_bring_messages_like_others(name: str, text: str) -> None:
    inbound = heard(name)
    assert inbound.text == text
    assert inbound.external_id.startswith("message/aWdf")
    assert _post(inbound).kind is PostKind.MESSAGE


def test_stories_are_said_to_go_away() -> None:
    answered, mentioned = heard("story_answer"), heard("story_mention")
    assert (_post(answered).below.external_id, _post(answered).below.ours) == (
        "story/17904000000000001",
        True,
    )
    assert _post(answered).below.picture
    assert len(answered.warnings) == 1
    assert len(mentioned.warnings) == 2
    assert "A story is gone a day after" in mentioned.warnings[1]


def test_what_cannot_be_shown_says_so() -> None:
    inbound = heard("message_unsupported")
    assert (inbound.text, len(inbound.warnings)) == ("", 1)


def test_a_message_that_was_taken_back_is_gone() -> None:
    inbound = heard("message_deleted")
    assert inbound.happening is not None
    assert inbound.happening.what is What.DELETED
    assert inbound.references == ("message/aWdfZAG1faXRlbToxOklHMTIzZD",)
    assert inbound.sender.value == ANA


def test_a_changed_message_is_the_same_with_another_text() -> None:
    first, changed = heard("message_text"), heard("message_edit")
    assert changed.external_id == first.external_id
    assert (changed.text, _post(changed).edited_at) == ("My number is 4471", AT)
    assert _post(first).edited_at is None
    assert changed.content_hash != first.content_hash


def test_our_own_message_comes_back_as_ours() -> None:
    inbound = heard("message_echo")
    post = _post(inbound)
    assert (inbound.sender.value, post.own, post.kind) == (ACCOUNT, True, PostKind.REPLY)
    assert post.root == f"talk/{ANA}"


def test_a_sign_on_a_message_wakes_nobody() -> None:
    inbound = heard("reaction")
    assert (inbound.text, inbound.automation) == ("❤️", Automation.AUTO_REPLY)
    assert inbound.references == ("message/aWdfZAG1faXRlbToxOklHMTM0ZD",)
    back = heard("reaction_taken_back")
    assert back.happening is not None
    assert back.references == (inbound.external_id,)


def test_what_was_read_is_told_of_the_message() -> None:
    (report,) = heard("seen").reports
    assert (report.report, report.external_ids) == (
        Report.READ,
        ("message/aWdfZAG1faXRlbToxOklHMTM0ZD",),
    )


@pytest.mark.parametrize("name", ["referral", "standby"])
def test_what_is_not_said_to_us_is_passed_over(name: str) -> None:
    assert unconnected().hear(call(payload(name))).items == ()


# --- as things are read ---


def test_what_is_read_means_what_was_told() -> None:
    told, read = heard("comment", below=BELOW), _read("read_comment", "comment", below=BELOW)
    assert (read.external_id, read.text, read.sender, read.content_hash, read.sent_at) == (
        told.external_id,
        told.text,
        told.sender,
        told.content_hash,
        told.sent_at,
    )
    assert _post(read).below == _post(told).below
    assert _post(read).counters.likes == 2
    message = _read("read_message", "message")
    assert message.external_id == heard("message_text").external_id
    assert message.content_hash == heard("message_text").content_hash
    assert _post(message).root == _post(heard("message_text")).root
    assert [one.kind for one in _post(message).media] == ["image", "audio"]
    assert _post(_read("read_story_message", "message")).below == _post(heard("story_answer")).below
    assert _read("read_story_mention", "message").warnings == heard("story_mention").warnings
    assert _post(_read("read_own_message", "message")).own


def test_a_hidden_comment_is_shown_before_it_is_answered() -> None:
    raw = json.dumps({**json.loads(payload("read_comment")), "hidden": True}).encode()
    post = _post(interpret(raw, {**FACTS, "kind": "comment"}))
    assert post.hidden
    assert post.way(Visibility.PUBLIC).refused is not None


def test_what_is_gone_is_told_without_its_author() -> None:
    inbound = interpret(b"{}", {**FACTS, "deleted": "comment/1"})
    assert inbound.happening is not None
    assert (inbound.sender.value, inbound.references) == ("", ("comment/1",))


# --- names ---


def test_every_event_has_a_name_of_its_own_that_stays() -> None:
    names: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "payloads").glob("*.json")):
        if path.stem.startswith("read_"):
            continue
        for item in unconnected().hear(call(payload(path.stem))).items:
            assert item.facts[INCOMPLETE] is True
            assert item.source_id not in names, f"{path.stem} and {names[item.source_id]}"
            names[item.source_id] = path.stem
    assert "comment/17902000000000011" in names
    assert "message/aWdfZAG1faXRlbToxOklHMTIzZD/deleted" in names


@pytest.mark.parametrize(
    "change",
    [
        {"field": "story_insights", "value": {}},
        {"field": "comments", "value": {"text": "no id"}},
        {"field": "comments", "value": []},
        {"field": []},
        {},
    ],
)
def test_what_makes_no_sense_is_kept_as_unreadable(change: dict[str, Any]) -> None:
    entry = {"id": ACCOUNT, "time": 1, "changes": [change]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    (item,) = unconnected().hear(call(body)).items
    assert item.source_id.startswith("unreadable/")
    with pytest.raises(Invalid):
        interpret(item.raw, item.facts)


# --- hostile input ---


def _storable(inbound: Inbound) -> None:
    for text in (inbound.text, inbound.sender.name, inbound.external_id, *inbound.references):
        assert isinstance(text, str)
        assert len(text) < 1_000_000


@pytest.mark.parametrize(
    "name",
    ["comment", "mention_in_comment", "message_picture", "story_answer", "message_edit", "reaction", "seen"],
)
def test_every_field_missing_null_of_another_type_or_enormous_does_no_harm(name: str) -> None:
    opened = unconnected()
    read = 0
    for body in spoilt(payload(name)):
        for item in opened.hear(call(body)).items:
            try:
                _storable(interpret(item.raw, item.facts))
            except AgentDeskError:
                continue
            read += 1
    assert read > 10


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_GOOD = json.loads(payload("read_message"))


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*sorted(_GOOD), "story", "shares", "reply_to"]), _JSON, max_size=6),
    st.dictionaries(st.sampled_from(["me", "username", "who", "below", "at", "kind"]), _JSON, max_size=3),
)
def test_whatever_is_read_is_understood_or_refused(changes: dict[str, Any], facts: dict[str, Any]) -> None:
    with suppress(AgentDeskError):
        _storable(interpret(json.dumps(_GOOD | changes).encode(), {**FACTS, "kind": "message", **facts}))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(AgentDeskError):
        interpret(raw, FACTS)
    for item in unconnected().hear(call(raw)).items:
        with pytest.raises(AgentDeskError):
            interpret(item.raw, item.facts)
