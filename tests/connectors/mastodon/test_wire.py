"""What posts mean, one by one, and that nothing in them can break the reading."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.inbound import Automation, Inbound, Party
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.mastodon import interpret
from agentdesk_connectors.mastodon.simulator_world import World

FACTS = {"domain": "social.example", "me": "1"}


def _world() -> World:
    return World("social.example", "support", "https://social.example")


def _status(text: str = "@support hello", **values: Any) -> dict[str, Any]:
    world = _world()
    who = world.person("ana@elsewhere.example", "Ana")
    return world.status_json(world.post(who, text, **values))


def _read(status: Any, **facts: object) -> Inbound:
    return interpret(json.dumps(status).encode(), FACTS | facts)


def test_a_post_is_its_text_and_who_wrote_it() -> None:
    inbound = _read(_status("@support Is <b> & co. here?\nhttps://shop.example/shoes/brown-and-black/42"))
    assert inbound.text == "@support Is <b> & co. here?\nhttps://shop.example/shoes/brown-and-black/42"
    assert inbound.sender == Party("mastodon", "ana@elsewhere.example", "Ana")
    assert inbound.profile.handle == "@ana@elsewhere.example"
    assert inbound.profile.followers == 42
    assert inbound.to == (Party("mastodon", "support@social.example", "support"),)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("public", Visibility.PUBLIC),
        ("unlisted", Visibility.PUBLIC),
        ("private", Visibility.LIMITED),
        ("direct", Visibility.PRIVATE),
        ("local", Visibility.LIMITED),
        (None, Visibility.LIMITED),
    ],
)
def test_who_can_read_it(theirs: str | None, ours: Visibility) -> None:
    post = _read(_status() | {"visibility": theirs}).post
    assert post is not None
    assert post.visibility is ours


def test_a_warning_a_poll_files_and_a_page_are_shown() -> None:
    status = _status(warning="Food", poll=("Yes", "No"))
    status["media_attachments"] = [
        {"id": "1", "type": "image", "url": "https://files.example/1.png", "description": "A shoe"},
        {"id": "2", "type": "video", "url": None, "remote_url": "https://other.example/2.mp4"},
        {"id": "3", "type": "image", "url": "javascript:alert(1)"},
    ]
    status["card"] = {"url": "https://shop.example/", "title": "Shop", "image": "https://shop.example/i.png"}
    post = _read(status).post
    assert post is not None
    assert post.warning == "Food"
    assert post.poll is not None
    assert [one.text for one in post.poll.options] == ["Yes", "No"]
    assert [(one.kind, one.url, one.alt) for one in post.media] == [
        ("image", "https://files.example/1.png", "A shoe"),
        ("video", "https://other.example/2.mp4", ""),
        ("link", "https://shop.example/", ""),
    ]


def test_what_is_dangerous_in_a_post_does_not_come_through() -> None:
    status = _status() | {
        "content": '<p onclick="x()">Hi<script>x()</script><a href="javascript:x()">a</a>'
        '<img src="https://t.example/p.gif" width="1" height="1"></p>',
        "url": "javascript:x()",
        "uri": "data:text/html,x",
    }
    inbound = _read(status)
    assert "script" not in inbound.html
    assert "onclick" not in inbound.html
    assert "<img" not in inbound.html
    assert inbound.text == "Hia"
    assert inbound.post is not None
    assert inbound.post.url == ""


def test_programs_and_our_own_posts_are_told() -> None:
    status = _status()
    assert _read(status | {"account": status["account"] | {"bot": True}}).automation is not Automation.NO
    own = _read(status | {"account": status["account"] | {"id": "1"}}).post
    assert own is not None
    assert (own.own, own.kind) == (True, PostKind.REPLY)


def test_two_versions_of_a_post_have_one_id_and_two_hashes() -> None:
    status = _status()
    edited = status | {"content": "<p>other</p>", "edited_at": "2026-11-22T12:00:00.000Z"}
    before, after = _read(status), _read(edited)
    assert before.external_id == after.external_id
    assert before.content_hash != after.content_hash


@pytest.mark.parametrize("missing", ["id", "account"])
def test_a_post_without_what_makes_it_one_is_refused_as_a_whole(missing: str) -> None:
    status = _status()
    del status[missing]
    with pytest.raises(AgentDeskError):
        _read(status)


def _storable(inbound: Inbound) -> None:
    for text in (inbound.text, inbound.html, inbound.sender.name, inbound.external_id):
        assert isinstance(text, str)
        assert len(text) < 1_000_000


def test_every_field_missing_null_of_another_type_or_enormous_does_no_harm() -> None:
    read = 0
    raw = json.dumps({"id": "5", "type": "mention", "status": _status(warning="w", poll=("a", "b"))}).encode()
    for one in spoilt(raw):
        try:
            _storable(interpret(one, FACTS))
        except AgentDeskError:
            continue
        read += 1
    assert read > 100


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_GOOD = _status()
_FIELDS = sorted(_GOOD)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=6),
    st.dictionaries(st.text(), _JSON, max_size=3),
)
def test_whatever_a_server_says_is_read_or_refused(changes: dict[str, Any], facts: dict[str, Any]) -> None:
    with suppress(AgentDeskError):
        _storable(interpret(json.dumps(_GOOD | changes).encode(), FACTS | facts))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(AgentDeskError):
        interpret(raw, FACTS)


def test_what_is_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(AgentDeskError):
        interpret(b"[" * 100_000 + b"]" * 100_000, FACTS)
