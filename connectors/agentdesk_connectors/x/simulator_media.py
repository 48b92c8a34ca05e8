"""Files at the simulated X: https://docs.x.com/x-api/media/quickstart/media-upload-chunked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.x.limits import largest
from agentdesk_connectors.x.simulator_world import File

if TYPE_CHECKING:
    from agentdesk_connectors.x.simulator import XSimulator

__all__ = ["Files"]

_CATEGORIES = {"image/gif": "tweet_gif", "video/mp4": "tweet_video"}
_LARGEST_PIECE = 5 * 1024 * 1024


class _Begin(msgspec.Struct, forbid_unknown_fields=True):
    media_type: str
    total_bytes: int
    media_category: str


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Alt(msgspec.Struct, forbid_unknown_fields=True):
    alt_text: _Words


class _Described(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    metadata: _Alt


class Files:
    """The calls that hand files over."""

    def __init__(self, server: XSimulator) -> None:
        self._server = server
        self._files = server.world.files

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the calls by their paths."""
        return (
            web.post("/2/media/upload/initialize", self.begin),
            web.post("/2/media/upload/{id}/append", self.append),
            web.post("/2/media/upload/{id}/finalize", self.end),
            web.get("/2/media/upload", self.status),
            web.post("/2/media/metadata", self.describe),
        )

    async def begin(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "media.write")
        given = await self._server.told(request, _Begin)
        if not 0 < given.total_bytes <= largest(given.media_type):
            raise Refused(400, "invalid-request", "The file is too large, or of a type that is not taken.")
        if given.media_category != _CATEGORIES.get(given.media_type, "tweet_image"):
            raise Refused(400, "invalid-request", "media_category does not fit media_type.")
        number = self._server.world.new_id()
        category, total = given.media_category, given.total_bytes
        self._files[number] = File(number, given.media_type, category, total=total, ready=False)
        data = {"id": number, "media_key": self._files[number].key, "expires_after_secs": 86_400}
        return web.json_response({"data": data})

    async def append(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "media.write")
        file, form = self._named(request.match_info["id"]), await request.post()
        piece, index = form.get("media"), str(form.get("segment_index", ""))
        if set(form) != {"media", "segment_index"} or not index.isdigit():
            raise Refused(400, "invalid-request", "media and segment_index are required.")
        if not isinstance(piece, web.FileField):
            raise Refused(400, "invalid-request", "media must be a file.")
        content = piece.file.read()
        if len(content) > _LARGEST_PIECE:
            raise Refused(413, "invalid-request", "A piece is too large.")
        file.pieces[int(index)] = content
        return web.json_response({"data": {"expires_at": 4_102_444_800}})

    async def end(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "media.write")
        file = self._named(request.match_info["id"])
        whole = sorted(file.pieces) == list(range(len(file.pieces)))
        if not whole or sum(map(len, file.pieces.values())) != file.total:
            raise Refused(400, "invalid-request", "Pieces of the file are missing.")
        file.asks = self._server.slow_files if file.category != "tweet_image" else 0
        return web.json_response({"data": self._state(file)})

    async def status(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "media.write")
        query = self._server.asked(request, ("command", "media_id"))
        if query.get("command") != "STATUS":
            raise Refused(400, "invalid-request", "The command is STATUS.")
        file = self._named(query.get("media_id", ""))
        file.asks = max(0, file.asks - 1)
        return web.json_response({"data": self._state(file)})

    async def describe(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "media.write")
        given = await self._server.told(request, _Described)
        if len(given.metadata.alt_text.text) > 1_000:
            raise Refused(400, "invalid-request", "alt_text is too long.")
        self._named(given.id).alt = given.metadata.alt_text.text
        return web.json_response({"data": {"id": given.id, "associated_metadata": {}}})

    def _state(self, file: File) -> dict[str, Any]:
        found: dict[str, Any] = {"id": file.id, "media_key": file.key, "size": file.total}
        if file.asks:
            return found | {"processing_info": {"state": "in_progress", "check_after_secs": 0}}
        if self._server.bad_files and file.category != "tweet_image":
            problem = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
            return found | {"processing_info": {"state": "failed", "error": problem}}
        file.ready = True
        return found

    def _named(self, number: str) -> File:
        file = self._files.get(number)
        if file is None:
            raise Refused(404, "resource-not-found", "No such media.")
        return file
