"""Each kind of call, as Facebook's documents show it: what it brings, and what that means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.facebook.support import account, connected, drained, meant

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.inbound import Inbound, Party, RawItem, Report, What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.hostile import spoilt
from agentdesk_connectors.facebook import interpret
from agentdesk_connectors.facebook.simulator import FacebookSimulator
from agentdesk_connectors.facebook.simulator_world import File

_FOLDER = Path(__file__).parent / "payloads"
_ALL = sorted(one.stem for one in _FOLDER.glob("*.json"))
_NOTHING = {"reaction", "message_reaction"}
ANA = Party("facebook", "90017", "Ana Lima")


def _items(body: bytes) -> list[RawItem]:
    sim = FacebookSimulator()
    sim.hooks.call(body)
    return list(account(sim, server="https://graph.example").hear(sim.hooks.calls[0]).items)


def _item(name: str) -> RawItem:
    (item,) = _items((_FOLDER / f"{name}.json").read_bytes())
    return item


def _read(name: str) -> Inbound:
    return meant(_item(name))


def _post(name: str) -> Any:
    post = _read(name).post
    assert post is not None
    return post


def test_a_comment() -> None:
    inbound = _read("comment_add")
    assert (inbound.text, inbound.sender) == ("Does the kettle come in blue?", ANA)
    assert (inbound.external_id, inbound.references) == ("7001_8001", ("500100_7001",))
    post = _post("comment_add")
    assert (post.kind, post.visibility) == (PostKind.COMMENT, Visibility.PUBLIC)
    assert post.url == "https://www.facebook.com/500100/posts/7001"
    private = post.way(Visibility.PRIVATE)
    assert inbound.sent_at is not None
    assert private.once
    assert (private.until - inbound.sent_at).days == 7


def test_an_answer_to_a_comment_names_the_post_and_the_comment() -> None:
    post = _post("comment_answer")
    assert (post.root, post.parent) == ("500100_7001", "7001_8001")


def test_a_picture_in_a_comment() -> None:
    (picture,) = _post("comment_photo").media
    assert (picture.kind, picture.url) == ("image", "https://scontent.example/v/leak.jpg")


def test_a_changed_comment_is_a_later_version() -> None:
    item = _item("comment_edited")
    assert item.source_id.startswith("comment/7001_8001/")
    inbound = meant(item)
    assert inbound.text == "Does the kettle come in dark blue?"
    assert _post("comment_edited").edited_at == item.received_at


@pytest.mark.parametrize(
    ("name", "gone"),
    [("comment_remove", "7001_8001"), ("post_remove", "500100_7002"), ("message_deleted", "m_AAnne-1")],
)
def test_what_was_taken_back(name: str, gone: str) -> None:
    inbound = _read(name)
    assert inbound.happening is not None
    assert inbound.happening.what is What.DELETED
    assert inbound.references == (gone,)
    assert _item(name).source_id == f"deleted/{gone}"


def test_a_hidden_comment() -> None:
    assert _post("comment_hide").hidden
    assert _item("comment_hide").source_id != _item("comment_add").source_id


@pytest.mark.parametrize("name", ["comment_own", "message_echo"])
def test_what_the_page_says_itself(name: str) -> None:
    post = _post(name)
    assert (post.own, post.kind, post.ways) == (True, PostKind.REPLY, ())


def test_a_post_of_a_visitor_begins_a_thread() -> None:
    inbound, post = _read("post_visitor"), _post("post_visitor")
    assert (inbound.external_id, inbound.references) == ("500100_7002", ())
    assert (post.kind, post.root, post.parent) == (PostKind.MENTION, "", "")


def test_a_changed_post() -> None:
    assert _read("post_edit").external_id == "500100_7002"
    assert _post("post_edit").edited_at is not None


def test_a_picture_that_a_visitor_posts() -> None:
    assert [one.url for one in _post("post_photo").media] == ["https://scontent.example/v/box.jpg"]


def test_a_mention_elsewhere() -> None:
    assert _read("mention_post").sender == ANA
    assert _post("mention_post").kind is PostKind.MENTION


def test_a_message() -> None:
    inbound, post = _read("message_text"), _post("message_text")
    assert (inbound.text, inbound.sender.value) == ("Where is my order?", "90017")
    assert (post.kind, post.visibility) == (PostKind.MESSAGE, Visibility.PRIVATE)
    assert post.root == "talk/500100/90017"
    assert inbound.sent_at is not None
    assert (post.way(Visibility.PRIVATE).until - inbound.sent_at).days == 7


def test_a_message_that_answers_one() -> None:
    assert _post("message_reply").parent == "m_AAnne-0"


def test_what_a_message_shows() -> None:
    inbound = _read("message_attachments")
    assert inbound.text == "52.500000, 13.250000"
    assert [(one.kind, one.url) for one in _post("message_attachments").media] == [
        ("image", "https://scontent.example/i.png"),
        ("link", "https://cdn.example/bill.pdf"),
        ("link", "https://shop.example/k"),
    ]


def test_a_changed_message_is_a_later_version() -> None:
    assert _item("message_edit").source_id == "message/m_AAnne-1/1"
    assert _read("message_edit").text == "Where is my order 4417?"
    assert _post("message_edit").edited_at is not None


def test_a_message_while_another_app_has_the_word() -> None:
    assert _read("message_standby").text == "Anybody?"


def test_a_pressed_button() -> None:
    inbound = _read("postback")
    assert (inbound.text, inbound.external_id) == ("Get started", "m_press-1")


def test_what_has_arrived() -> None:
    reports = _read("message_delivery").reports
    assert [(one.report, one.external_ids) for one in reports] == [
        (Report.DELIVERED, ("m_ours-1",)),
        (Report.DELIVERED, ("m_ours-2",)),
    ]


def test_what_was_read_is_looked_up_later() -> None:
    item = _item("message_read")
    assert item.facts["incomplete"] is True
    (report,) = meant(item).reports
    assert (report.report, report.external_ids) == (Report.READ, ("read/90017",))


@pytest.mark.parametrize("name", sorted(_NOTHING))
def test_what_nobody_has_to_answer_is_passed_over(name: str) -> None:
    assert _items((_FOLDER / f"{name}.json").read_bytes()) == []


@pytest.mark.parametrize("name", _ALL)
def test_every_event_type_is_repeated_under_the_same_name(name: str) -> None:
    body = (_FOLDER / f"{name}.json").read_bytes()
    assert [one.source_id for one in _items(body)] == [one.source_id for one in _items(body)]
    assert bool(_items(body)) is (name not in _NOTHING)


@pytest.mark.parametrize("name", _ALL)
def test_whatever_is_in_a_call_is_read_or_kept_as_unreadable(name: str) -> None:
    for raw in spoilt((_FOLDER / f"{name}.json").read_bytes()):
        for item in _items(raw):
            assert len(item.source_id) <= 400
            try:
                assert isinstance(meant(item), Inbound)
            except AgentDeskError:
                continue


def test_one_damaged_thing_holds_up_nothing_else() -> None:
    body = json.loads((_FOLDER / "message_text.json").read_bytes())
    good = body["entry"][0]["messaging"][0]
    body["entry"][0]["messaging"] = [{"sender": {"id": "90017"}, "message": {"mid": [1]}}, 7, good]
    names = [one.source_id.partition("/")[0] for one in _items(json.dumps(body).encode())]
    assert names == ["unreadable", "message"], "a 7 says nothing at all"


def test_what_concerns_another_page_is_passed_over() -> None:
    body = (_FOLDER / "message_text.json").read_bytes().replace(b'"id": "500100"', b'"id": "500101"')
    assert _items(body) == []


async def test_whatever_is_found_by_asking_is_read_or_kept_as_unreadable() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("Ana")
        comment = sim.world.comment(ana, "In blue?", sim.world.post(sim.world.page, "Our new kettle"))
        sim.world.comment(ana, "How much?", comment, file=File("1", "image/png"))
        sim.world.message(ana, "Hello", file=File("2", "video/mp4"))
        items, _ = await drained(opened, None)
        assert len(items) == 3
        read = 0
        for item in items:
            for raw in spoilt(item.raw):
                for facts in (item.facts, {}, {"below": 7, "page": [], "edited_at": 5, "deleted": {}}):
                    try:
                        read += isinstance(interpret(raw, facts), Inbound)
                    except AgentDeskError:
                        continue
        assert read > 500


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_refused_as_unreadable(raw: bytes) -> None:
    with pytest.raises(AgentDeskError):
        interpret(raw, {"page": "500100"})
