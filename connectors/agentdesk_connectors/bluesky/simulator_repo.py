"""What the simulated account's own server answers: the lexicon com.atproto.repo, and what it checks of
records (app.bsky.feed.post, .like)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agentdesk.sdk.posts import TextLimit, Unit, length_of
from agentdesk_connectors.bluesky.naming import LIKES, POSTS
from agentdesk_connectors.bluesky.simulator_calls import body_of, check_names, refuse
from agentdesk_connectors.bluesky.simulator_world import JSON, cid_of

if TYPE_CHECKING:
    from agentdesk_connectors.bluesky.simulator import BlueskySimulator

__all__ = ["RepoApi", "check_text"]

_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_LARGEST_BLOB = 5_000_000
_LARGEST_IMAGE = 1_000_000
_LABELS = ("!no-unauthenticated", "porn", "sexual", "nudity", "nsfl", "gore", "graphic-media", "bot")
_FEATURES = {"mention": "did", "link": "uri", "tag": "tag"}


class RepoApi:
    """The methods of a repository."""

    def __init__(self, server: BlueskySimulator) -> None:
        self._server = server
        self._world = server.world
        self._likes: dict[str, JSON] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the methods by their paths."""
        return (
            web.post("/xrpc/com.atproto.repo.putRecord", self.put),
            web.get("/xrpc/com.atproto.repo.getRecord", self.get),
            web.post("/xrpc/com.atproto.repo.deleteRecord", self.delete),
            web.post("/xrpc/com.atproto.repo.uploadBlob", self.upload),
        )

    def _standing(self, collection: str, rkey: str) -> JSON | None:
        uri = f"at://{self._world.owner.did}/{collection}/{rkey}"
        if collection == LIKES:
            return self._likes.get(uri)
        post = self._world.posts.get(uri)
        return post.record if post else None

    async def put(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        optional = {"validate", "swapRecord", "swapCommit"}
        given = await body_of(request, {"repo", "collection", "rkey", "record"}, optional)
        collection, rkey, record = given["collection"], given["rkey"], given["record"]
        self._check_place(given)
        if record.get("$type") != collection:
            raise refuse(f"Invalid $type: expected {collection}, got {record.get('$type')}")
        self._check_record(collection, record)
        uri, cid = f"at://{self._world.owner.did}/{collection}/{rkey}", cid_of(record)
        standing = self._standing(collection, rkey)
        if standing is not None and cid_of(standing) != cid and "swapRecord" in given:
            raise refuse(f"Record was at {cid_of(standing)}", "InvalidSwap")
        if standing is None and collection == POSTS:
            self._world.put(self._world.owner, rkey, record)
        elif standing is None:
            self._likes[uri] = record
            self._world.likes[uri] = record["subject"]["uri"]
        return web.json_response({"uri": uri, "cid": cid, "validationStatus": "valid"})

    async def get(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        asked = self._server.asked(request, {"repo", "collection", "rkey", "cid"})
        standing = self._standing(asked.get("collection", ""), asked.get("rkey", ""))
        uri = f"at://{asked.get('repo')}/{asked.get('collection')}/{asked.get('rkey')}"
        if asked.get("repo") != self._world.owner.did or standing is None:
            raise refuse(f"Could not locate record: {uri}", "RecordNotFound")
        return web.json_response({"uri": uri, "cid": cid_of(standing), "value": standing})

    async def delete(self, request: web.Request) -> web.Response:
        """What is not there is no error."""
        self._server.authorized(request)
        given = await body_of(request, {"repo", "collection", "rkey"}, {"swapRecord", "swapCommit"})
        self._check_place(given)
        uri = f"at://{self._world.owner.did}/{given['collection']}/{given['rkey']}"
        if given["collection"] == LIKES:
            self._likes.pop(uri, None)
            self._world.likes.pop(uri, None)
        elif uri in self._world.posts:
            self._world.delete(self._world.posts[uri])
        return web.json_response({})

    async def upload(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        content = await request.read()
        if len(content) > _LARGEST_BLOB:
            raise refuse("This file is too large.", "BlobTooLarge")
        return web.json_response({"blob": self._world.blob(content, request.content_type)})

    # --- what it checks ---

    def _check_place(self, given: JSON) -> None:
        if given["repo"] not in (self._world.owner.did, self._world.owner.handle):
            raise refuse("Authentication Required", "AuthenticationRequired", 401)
        if given["collection"] not in (POSTS, LIKES) or not _TID.fullmatch(given["rkey"]):
            raise refuse("Invalid record key")

    def _check_record(self, collection: str, record: JSON) -> None:
        _check_moment(record.get("createdAt"))
        if collection == LIKES:
            check_names(record, {"$type", "subject", "createdAt"})
            _check_reference(record["subject"])
            return
        check_names(record, {"$type", "text", "createdAt"}, {"facets", "reply", "embed", "labels", "langs"})
        check_text(record, 300, 3_000)
        for name in ("root", "parent") if "reply" in record else ():
            _check_reference(record["reply"].get(name))
        for one in record.get("labels", {}).get("values", ()):
            if one["val"] not in _LABELS:
                raise refuse(f"Record/labels/values: {one['val']}")
        if "embed" in record:
            self._check_images(record["embed"])

    def _check_images(self, embed: JSON) -> None:
        check_names(embed, {"$type", "images"})
        if embed["$type"] != "app.bsky.embed.images" or len(embed["images"]) > 4:
            raise refuse("Record/embed/images must not have more than 4 elements")
        for one in embed["images"]:
            check_names(one, {"image", "alt"}, {"aspectRatio"})
            kept = self._world.blobs.get(one["image"]["ref"]["$link"])
            if kept is None:
                raise refuse("Could not find blob", "BlobNotFound")
            if one["image"] != kept or kept["size"] > _LARGEST_IMAGE:
                raise refuse("This file is too large.", "BlobTooLarge")
            if not kept["mimeType"].startswith("image/"):
                raise refuse("Wrong type of file.", "InvalidMimeType")


def check_text(said: JSON, graphemes: int, size: int) -> None:
    """Raise Refused for a text that is too long, or whose facets lie wrong."""
    raw = said["text"].encode()
    if length_of(said["text"], TextLimit(graphemes, Unit.GRAPHEMES)) > graphemes:
        raise refuse(f"Record/text must not be longer than {graphemes} graphemes")
    if len(raw) > size:
        raise refuse(f"Record/text must not be longer than {size} characters")
    for facet in said.get("facets", ()):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not 0 <= start < end <= len(raw):
            raise refuse("Record/facets/index")
        try:
            raw[start:end].decode()
        except UnicodeDecodeError:
            raise refuse("Record/facets/index") from None
        for feature in facet["features"]:
            kind = str(feature.get("$type")).rpartition("#")[2]
            check_names(feature, {"$type", _FEATURES.get(kind, kind)})


def _check_moment(value: Any) -> None:
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise refuse("Record/createdAt must be an valid atproto datetime") from None


def _check_reference(value: Any) -> None:
    if not isinstance(value, dict):
        raise refuse("Record must have a reference")
    check_names(value, {"uri", "cid"}, {"$type"})
    if not str(value["uri"]).startswith("at://did:") or not str(value["cid"]).startswith("bafyrei"):
        raise refuse("Record/uri must be a valid at-uri")
