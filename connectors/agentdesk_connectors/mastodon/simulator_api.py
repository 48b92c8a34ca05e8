"""What the simulated server answers: https://docs.joinmastodon.org/methods/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.mastodon.simulator_oauth import given
from agentdesk_connectors.mastodon.simulator_shapes import Status

if TYPE_CHECKING:
    from agentdesk_connectors.mastodon.simulator import MastodonSimulator

__all__ = ["Api"]

_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_OTHERS = ("video/mp4", "video/webm", "audio/mpeg", "audio/ogg")
_IMAGE_LIMIT, _VIDEO_LIMIT = 16_777_216, 103_809_024
_MOST, _USUAL = 80, 40


class Api:
    """The methods of one server."""

    def __init__(self, server: MastodonSimulator) -> None:
        self._server = server
        self._world = server.world
        self._asked_for: dict[str, int] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the methods by their paths."""
        return (
            web.get("/api/v2/instance", self.instance),
            web.get("/api/v1/accounts/verify_credentials", self.me),
            web.get("/api/v1/apps/verify_credentials", self.application),
            web.get("/api/v1/notifications", self.notifications),
            web.get("/api/v1/conversations", self.conversations),
            web.get("/api/v1/statuses", self.several),
            web.post("/api/v1/statuses", self.create),
            web.get("/api/v1/statuses/{id}", self.status),
            web.put("/api/v1/statuses/{id}", self.change),
            web.delete("/api/v1/statuses/{id}", self.delete),
            web.get("/api/v1/statuses/{id}/context", self.context),
            web.get("/api/v1/statuses/{id}/history", self.history),
            web.post("/api/v1/statuses/{id}/favourite", self.favourite),
            web.post("/api/v1/statuses/{id}/unfavourite", self.favourite),
            web.get("/api/v1/accounts/lookup", self.lookup),
            web.get("/api/v1/accounts/{id}/statuses", self.posts_of),
            web.get("/api/v1/timelines/tag/{tag}", self.tagged),
            web.get("/api/v2/search", self.search),
            web.post("/api/v2/media", self.upload),
            web.get("/api/v1/media/{id}", self.media),
            web.post("/api/v1/reports", self.report),
        )

    # --- the server and the account ---

    async def instance(self, _request: web.Request) -> web.Response:
        world, server = self._world, self._server
        return web.json_response(
            {
                "domain": server.domain,
                "title": "Simulated",
                "version": server.version,
                "source_url": "https://github.com/mastodon/mastodon",
                "description": "",
                "usage": {"users": {"active_month": 1}},
                "thumbnail": {"url": f"{server.url}/preview.png"},
                "icon": [],
                "languages": ["en"],
                "configuration": {
                    "urls": {"streaming": server.url.replace("http", "ws", 1)},
                    "vapid": {"public_key": "BSimulated"},
                    "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
                    "statuses": {
                        "max_characters": world.most_characters,
                        "max_media_attachments": world.most_files,
                        "characters_reserved_per_url": 23,
                    },
                    "media_attachments": {
                        "supported_mime_types": [*_IMAGES, *_OTHERS],
                        "description_limit": 1_500,
                        "image_size_limit": _IMAGE_LIMIT,
                        "image_matrix_limit": 33_177_600,
                        "video_size_limit": _VIDEO_LIMIT,
                        "video_frame_rate_limit": 120,
                        "video_matrix_limit": 8_294_400,
                    },
                    "polls": {
                        "max_options": 4,
                        "max_characters_per_option": 50,
                        "min_expiration": 300,
                        "max_expiration": 2_629_746,
                    },
                    "translation": {"enabled": False},
                },
                "registrations": {"enabled": False, "approval_required": False, "message": None, "url": None},
                "api_versions": {"mastodon": 7},
                "contact": {"email": f"admin@{server.domain}", "account": None},
                "rules": [],
            }
        )

    async def me(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:accounts", "profile")
        source = {
            "note": "",
            "fields": [],
            "privacy": "public",
            "sensitive": False,
            "language": "en",
            "follow_requests_count": 0,
        }
        role = {"id": "-99", "name": "", "color": "", "permissions": "65536", "highlighted": False}
        shown = self._world.account_json(self._world.owner)
        return web.json_response(shown | {"source": source, "role": role})

    async def application(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        return web.json_response(
            {
                "id": "1",
                "name": "AgentDesk",
                "website": None,
                "scopes": sorted(self._server.scopes),
                "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"],
                "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
            }
        )

    # --- what comes in ---

    async def notifications(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:notifications")
        types = request.query.getall("types[]", [])
        found = [one for one in self._world.notifications if not types or one["type"] in types]
        page = _page(request, found, 40)
        return web.json_response(self._server.listed([self._world.notification_json(one) for one in page]))

    async def conversations(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        found = [{"id": status.id, "last": status} for status in self._world.talks.values()]
        found.sort(key=lambda one: int(str(one["id"])))
        page = _page(request, found, 20)
        return web.json_response([self._world.talk_json(one["last"]) for one in page])

    async def several(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        wanted = request.query.getall("id[]", [])
        if len(wanted) > 20:
            raise Refused(422, "invalid", "Too many ids")
        known = [self._world.statuses[one] for one in wanted if one in self._world.statuses]
        return web.json_response([self._world.status_json(one) for one in known if self._world.visible(one)])

    async def status(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        return web.json_response(self._world.status_json(self._named(request)))

    async def context(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        return web.json_response(self._world.context_json(self._named(request)))

    async def history(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        return web.json_response(self._world.edits_json(self._named(request)))

    async def posts_of(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        if all(one.id != request.match_info["id"] for one in self._world.people.values()):
            raise Refused(404, "not_found", "Record not found")
        return web.json_response(self._shown(request, lambda one: one.author.id == request.match_info["id"]))

    async def lookup(self, request: web.Request) -> web.Response:
        person = self._world.people.get(request.query.get("acct", "").lower())
        if person is None:
            raise Refused(404, "not_found", "Record not found")
        return web.json_response(self._world.account_json(person))

    async def tagged(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:statuses")
        tag = f"#{request.match_info['tag']}".lower()
        return web.json_response(self._shown(request, lambda one: _is_open(one, tag)))

    async def search(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "read:search")
        if not request.query.get("q"):
            raise Refused(400, "bad_request", "param is missing or the value is empty: q")
        words = request.query["q"].lower()
        found = self._shown(request, lambda one: _is_open(one, words)) if self._server.searches else []
        return web.json_response({"accounts": [], "statuses": found, "hashtags": []})

    def _shown(self, request: web.Request, wanted: Callable[[Status], bool]) -> list[dict[str, Any]]:
        """Return a page of the posts that are ``wanted`` and may be seen."""
        world = self._world
        posts = [one for one in world.statuses.values() if wanted(one) and world.visible(one)]
        page = _page(request, [{"id": one.id, "status": one} for one in posts], 20)
        return [world.status_json(one["status"]) for one in page]

    # --- what goes out ---

    async def create(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:statuses")
        key = request.headers.get("Idempotency-Key", "")
        return web.json_response(self._world.status_json(self._world.create(dict(await given(request)), key)))

    async def change(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:statuses")
        status = self._mine(request)
        self._world.change(status, dict(await given(request)))
        return web.json_response(self._world.status_json(status))

    async def delete(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:statuses")
        status = self._mine(request)
        shown = self._world.deleted_json(status)
        self._world.delete(status)
        return web.json_response(shown)

    async def favourite(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:favourites")
        status, owner = self._named(request), self._world.owner.id
        if request.path.endswith("/favourite"):
            status.favourites.add(owner)
        else:
            status.favourites.discard(owner)
        return web.json_response(self._world.status_json(status))

    async def report(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:reports")
        form = dict(await given(request))
        who = [one for one in self._world.people.values() if one.id == form.get("account_id")]
        if not who:
            raise Refused(404, "not_found", "Record not found")
        shown = {
            "id": self._world.new_id(),
            "action_taken": False,
            "action_taken_at": None,
            "category": "other",
            "comment": form.get("comment", ""),
            "forwarded": bool(form.get("forward")),
            "created_at": "2026-11-22T12:00:00.000Z",
            "status_ids": form.get("status_ids"),
            "rule_ids": None,
            "target_account": self._world.account_json(who[0]),
        }
        self._world.reports.append(shown)
        return web.json_response(shown)

    async def upload(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:media")
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            raise Refused(422, "invalid", "Validation failed: File can't be blank")
        size = len(file.file.read())
        if file.content_type not in (*_IMAGES, *_OTHERS):
            raise Refused(422, "invalid", "Validation failed: File content type is invalid, File is invalid")
        if size > (_IMAGE_LIMIT if file.content_type in _IMAGES else _VIDEO_LIMIT):
            raise Refused(422, "invalid", "Validation failed: File size is too large")
        ready = file.content_type in _IMAGES or self._server.slow_files == 0
        kept = self._world.file(file.content_type, str(form.get("description") or "") or None, ready=ready)
        return web.json_response(kept, status=200 if ready else 202)

    async def media(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "write:media")
        kept = self._world.media.get(request.match_info["id"])
        if kept is None:
            raise Refused(404, "not_found", "Record not found")
        asked = self._asked_for[kept["id"]] = self._asked_for.get(kept["id"], 0) + 1
        if kept["url"] is None and asked <= self._server.slow_files:
            return web.json_response(kept, status=206)
        kept["url"] = f"{self._world.url}/files/{kept['id']}"
        return web.json_response(kept)

    # --- finding ---

    def _named(self, request: web.Request) -> Status:
        status = self._world.statuses.get(request.match_info["id"])
        if status is None or not self._world.visible(status):
            raise Refused(404, "not_found", "Record not found")
        return status

    def _mine(self, request: web.Request) -> Status:
        status = self._named(request)
        if status.author is not self._world.owner:
            raise Refused(404, "not_found", "Record not found")
        return status


def _page(request: web.Request, oldest_first: Sequence[dict[str, Any]], usual: int) -> list[dict[str, Any]]:
    """Return a page, newest first. ``min_id``: what follows at once; ``since_id``: the newest after it."""
    query = request.query
    limit = min(int(query.get("limit", usual)), _MOST)
    found = list(oldest_first)
    if "max_id" in query:
        found = [one for one in found if int(one["id"]) < int(query["max_id"])]
    if "min_id" in query:
        found = [one for one in found if int(one["id"]) > int(query["min_id"])][:limit]
    elif "since_id" in query:
        found = [one for one in found if int(one["id"]) > int(query["since_id"])]
    return found[::-1][:limit]


def _is_open(status: Status, words: str) -> bool:
    """Whether anybody finds a post with these words; what is unlisted is in no list."""
    return status.visibility == "public" and words in status.text.lower()
