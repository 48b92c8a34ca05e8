"""Posts, people and messages of the simulated X as JSON: https://docs.x.com/x-api/fundamentals/data-dictionary."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from agentdesk_connectors.x.naming import moment_of
from agentdesk_connectors.x.simulator_world import File, Message, Person, Tweet

__all__ = ["event_json", "included", "message_json", "person_json", "tweet_json"]

JSON = dict[str, Any]
_LINK = re.compile(r"https?://\S+|(?<![\w@./])[a-z][\w-]*\.(?:com|org|net|example)\b(?:/\S*)?")


def tweet_json(tweet: Tweet, version: str = "") -> JSON:
    """Return a post, or one of its versions."""
    at = tweet.ids.index(version) if version in tweet.ids else -1
    names = "".join(f"@{one.handle} " for one in tweet.names)
    said, urls = _shortened(tweet.texts[at], tweet.id)
    whole = names + html.escape(said, quote=False)
    shown = [len(names), len(whole)]
    for number, file in enumerate(tweet.files):
        short = f"https://t.co/m{tweet.id[-6:]}{number}"
        whole = f"{whole} {short}".strip()
        page = f"https://x.com/{tweet.author.handle}/status/{tweet.ids[at]}/photo/1"
        urls.append({"url": short, "expanded_url": page, "media_key": file.key, "start": 0, "end": 1})
    mentions = [{"id": one.id, "username": one.handle, "start": 0, "end": 1} for one in tweet.mentioned]
    found: JSON = {
        "id": tweet.ids[at],
        "text": whole,
        "author_id": tweet.author.id,
        "conversation_id": tweet.root.id,
        "created_at": _stamp(tweet.ids[at]),
        "display_text_range": shown,
        "edit_history_tweet_ids": list(tweet.ids),
        "lang": "en",
        "reply_settings": tweet.reply_settings,
        "public_metrics": {
            "like_count": int(tweet.liked),
            "reply_count": 0,
            "retweet_count": 0,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": 7,
        },
        "entities": {"mentions": mentions, "urls": urls},
    }
    if tweet.parent is not None:
        found["in_reply_to_user_id"] = tweet.parent.author.id
    return found | _attached(tweet) | _referenced(tweet)


def _attached(tweet: Tweet) -> JSON:
    found: JSON = {}
    if tweet.files:
        found["media_keys"] = [one.key for one in tweet.files]
    if tweet.poll:
        found["poll_ids"] = [f"1{tweet.id[1:]}"]
    return {"attachments": found} if found else {}


def _referenced(tweet: Tweet) -> JSON:
    named = [("replied_to", tweet.parent), ("quoted", tweet.quoted)]
    found = [{"type": kind, "id": one.ids[-1]} for kind, one in named if one is not None]
    return {"referenced_tweets": found} if found else {}


def _shortened(text: str, number: str) -> tuple[str, list[JSON]]:
    """The text with X's own short addresses, and what they stand for."""
    urls: list[JSON] = []
    for one in _LINK.findall(text):
        short = f"https://t.co/u{number[-6:]}{len(urls)}"
        text = text.replace(one, short, 1)
        whole = one if "://" in one else f"http://{one}"
        urls.append({"url": short, "expanded_url": whole, "start": 0, "end": len(short)})
    return text, urls


def person_json(person: Person) -> JSON:
    """Return somebody's page."""
    found: JSON = {
        "id": person.id,
        "name": person.name,
        "username": person.handle,
        "protected": person.protected,
        "verified": person.verified,
        "profile_image_url": f"https://pbs.example/{person.handle}.jpg",
        "public_metrics": {"followers_count": 42, "following_count": 7, "tweet_count": 3, "listed_count": 0},
    }
    return found | ({"affiliation": {"description": "Automated"}} if person.automated else {})


def _file_json(file: File) -> JSON:
    found: JSON = {"media_key": file.key, "type": "photo", "url": f"https://pbs.example/{file.id}.jpg"}
    if file.media_type.startswith("video/"):
        film = {
            "bit_rate": 800_000,
            "content_type": "video/mp4",
            "url": f"https://video.example/{file.id}.mp4",
        }
        found = {"media_key": file.key, "type": "video", "variants": [film]}
        found["preview_image_url"] = f"https://pbs.example/{file.id}.jpg"
    return found | ({"alt_text": file.alt} if file.alt else {})


def included(things: Iterable[Tweet | Message]) -> JSON:
    """Return what is handed out beside them."""
    users: dict[str, JSON] = {}
    tweets: dict[str, JSON] = {}
    media: dict[str, JSON] = {}
    polls: dict[str, JSON] = {}
    for thing in things:
        if isinstance(thing, Message):
            people: list[Person] = [thing.sender]
        else:
            above = [one for one in (thing.parent, thing.quoted) if one is not None]
            people = [thing.author, *thing.mentioned, *(one.author for one in above)]
            tweets |= {one.ids[-1]: tweet_json(one) for one in above}
            polls |= {f"1{thing.id[1:]}": _poll_json(thing)} if thing.poll else {}
        users |= {one.id: person_json(one) for one in people}
        media |= {one.key: _file_json(one) for one in thing.files}
    found = {"users": users, "tweets": tweets, "media": media, "polls": polls}
    return {name: list(ones.values()) for name, ones in found.items() if ones}


def _poll_json(tweet: Tweet) -> JSON:
    options = [{"position": n + 1, "label": label, "votes": n} for n, label in enumerate(tweet.poll)]
    return {"id": f"1{tweet.id[1:]}", "options": options, "end_datetime": "2030-01-01T00:00:00.000Z"}


def message_json(message: Message) -> JSON:
    """Return a direct message as lists have it."""
    said, urls = _shortened(message.text, message.id)
    found: JSON = {
        "id": message.id,
        "event_type": "MessageCreate",
        "text": html.escape(said, quote=False),
        "sender_id": message.sender.id,
        "dm_conversation_id": message.talk,
        "created_at": _stamp(message.id),
        "entities": {"urls": urls},
    }
    return found | (
        {"attachments": {"media_keys": [one.key for one in message.files]}} if message.files else {}
    )


def event_json(kind: str, person: Person, thing: Tweet | Message, number: str) -> JSON:
    """Return an event of the stream: https://docs.x.com/x-api/activity/event-payloads."""
    if isinstance(thing, Message):
        payload = _old_message_json(thing)
        return _event(kind, person, number, payload)
    return _event(kind, person, number, tweet_json(thing)) | {}


def _event(kind: str, person: Person, number: str, payload: JSON) -> JSON:
    return {
        "event_uuid": number,
        "filter": {"user_id": person.id},
        "event_type": kind,
        "tag": "agentdesk",
        "payload": payload,
    }


def _old_message_json(message: Message) -> JSON:
    """The form that the stream has kept from version 1.1."""
    moment = moment_of(message.id)
    data: JSON = {"text": html.escape(message.text, quote=False), "entities": {"urls": []}}
    for file in message.files[:1]:
        media = {"id_str": file.id, "type": "photo", "media_url_https": f"https://ton.example/{file.id}.jpg"}
        data["attachment"] = {"type": "media", "media": media}
    event = {
        "type": "message_create",
        "id": message.id,
        "created_timestamp": str(int(moment.timestamp() * 1_000)) if moment else "0",
        "message_create": {
            "target": {"recipient_id": message.to.id},
            "sender_id": message.sender.id,
            "message_data": data,
        },
    }
    people = (message.sender, message.to)
    return {
        "direct_message_events": [event],
        "users": {one.id: {"data": person_json(one)} for one in people},
    }


def _stamp(number: str) -> str:
    moment = moment_of(number)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment else ""
