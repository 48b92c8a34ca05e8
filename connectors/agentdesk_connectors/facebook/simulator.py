"""Facebook with one page, for tests and the demo: strict where the real one is.

Written from https://developers.facebook.com/docs/graph-api/reference/ (page, page/feed, page-post, comment,
object/comments, object/likes, page/photos) and /docs/messenger-platform/ (send-api, attachment-upload-api,
conversations, private-replies, policy). Everybody but the page lives in :attr:`FacebookSimulator.world`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.facebook.limits import PERMISSIONS
from agentdesk_connectors.facebook.simulator_shapes import comment_json, message_json, post_json
from agentdesk_connectors.facebook.simulator_world import Comment, File, PagePost, Person, World
from agentdesk_connectors.meta.simulator import GraphSimulator

__all__ = ["FacebookSimulator"]

_LONGEST_COMMENT = 8_000
_WEEK, _DAY = timedelta(days=7), timedelta(hours=24)
_GONE = "Unsupported request. Object does not exist, cannot be loaded due to missing permissions."


class _Recipient(msgspec.Struct, forbid_unknown_fields=True):
    id: str = ""
    comment_id: str = ""
    post_id: str = ""


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    attachment_id: str


class _Attachment(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    payload: _Payload


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    attachment: _Attachment | None = None
    metadata: str = ""


class _Send(msgspec.Struct, forbid_unknown_fields=True):
    recipient: _Recipient
    message: _Message
    messaging_type: str
    tag: str = ""


class _NewComment(msgspec.Struct, forbid_unknown_fields=True):
    message: str = ""
    attachment_id: str = ""


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    message: str | None = None
    is_hidden: bool | None = None


class FacebookSimulator(GraphSimulator):
    """One page. ``human_agent`` that its app has the feature of that name; ``longest_message`` in letters."""

    def __init__(self, page: str = "500100", name: str = "Larkfield Home") -> None:
        super().__init__(page, name, PERMISSIONS)
        self.human_agent = True
        self.longest_message = 2_000
        self.world = World(Person(page, name), told=self.hooks.tell, app_id=self.app_id)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Serve it on a port of 127.0.0.1; ``url`` tells where."""
        async with super().served():
            self.world.url = self.url
            yield self

    def settings(self) -> dict[str, str]:
        """Return what a person would give to connect the page."""
        return {"page": self.profile, "app": self.app_id, "server": self.url, "history": "all"}

    def secrets(self) -> dict[str, str]:
        """Return the secrets that go with them."""
        return {
            "page_token": self.token,
            "app_secret": self.app_secret,
            "verify_token": self.verify_token,
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        page = f"/{{version}}/{self.profile}"
        return (
            *self.common_routes(),
            web.get(f"{page}/feed", self._feed),
            web.get(f"{page}/conversations", self._conversations),
            web.post(f"{page}/messages", self._send),
            web.post(f"{page}/message_attachments", self._attach),
            web.post(f"{page}/photos", self._photo),
            web.get("/{version}/{id}/messages", self._messages),
            web.get("/{version}/{id}/comments", self._comments),
            web.post("/{version}/{id}/comments", self._comment),
            web.post("/{version}/{id}/likes", self._like),
            web.delete("/{version}/{id}/likes", self._like),
            web.get("/{version}/{id}", self._node),
            web.post("/{version}/{id}", self._change),
            web.delete("/{version}/{id}", self._delete),
        )

    # --- what stands on the page ---

    def _known(self, request: web.Request) -> PagePost | Comment:
        found = self.world.find(request.match_info["id"])
        if found is None:
            raise Refused(400, "100/33", _GONE)
        return found

    async def _feed(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_read_engagement", "pages_read_user_content")
        self.query(request, "fields", "limit", "after")
        posts = [one for one in reversed(self.world.posts) if not one.gone]
        return web.json_response(self.paged(request, [post_json(self.world, one) for one in posts]))

    async def _comments(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_read_engagement", "pages_read_user_content")
        query = self.query(request, "fields", "limit", "after", "filter", "order")
        below = self._known(request)
        every = query.get("filter") == "stream"
        found = [
            one
            for one in self.world.comments
            if not one.gone and (one.parent is below or (one.post is below and (every or one.parent is None)))
        ]
        if query.get("order") == "reverse_chronological":
            found.reverse()
        return web.json_response(self.paged(request, [comment_json(self.world, one) for one in found]))

    async def _node(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_read_engagement")
        self.query(request, "fields")
        number = request.match_info["id"]
        person = next((one for one in self.world.people.values() if one.id == number), None)
        if person is not None:
            shown = {"id": person.id, "name": person.name, "profile_pic": f"{self.url}/faces/{person.id}.jpg"}
            return web.json_response(self.fielded(request, shown))
        found = self._known(request)
        world = self.world
        whole = comment_json(world, found) if isinstance(found, Comment) else post_json(world, found)
        return web.json_response(self.fielded(request, whole))

    async def _comment(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_engagement")
        below = self._known(request)
        new = await self.told(request, _NewComment)
        file = self._file(new.attachment_id) if new.attachment_id else None
        if not new.message.strip() and file is None:
            raise Refused(400, "100", "(#100) Missing message or attachment")
        if len(new.message) > _LONGEST_COMMENT:
            raise Refused(400, "100", "(#100) The comment is too long")
        parent = below.parent if isinstance(below, Comment) and below.parent is not None else below
        made = self.world.comment(self.world.page, new.message, parent, file=file)
        return web.json_response({"id": made.id})

    async def _change(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_engagement")
        found = self._known(request)
        change = await self.told(request, _Change)
        if change.message is not None:
            if found.author is not self.world.page:
                raise Refused(403, "200", "(#200) Permissions error: not the author")
            self.world.change(found, change.message)
        if change.is_hidden is not None:
            if found.author is self.world.page:
                raise Refused(400, "100", "(#100) A page cannot hide what it wrote itself")
            self.world.hide(found, change.is_hidden)
        return web.json_response({"success": True})

    async def _delete(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_engagement")
        self.world.remove(self._known(request))
        return web.json_response({"success": True})

    async def _like(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_engagement")
        self._known(request).liked = request.method == "POST"
        return web.json_response({"success": True})

    # --- files ---

    async def _photo(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_engagement")
        form = await request.post()
        source = form.get("source")
        if not isinstance(source, web.FileField) or not source.content_type.startswith("image/"):
            raise Refused(400, "100", "(#100) A picture is needed")
        if form.get("published") != "false":
            raise Refused(403, "200", "(#200) Requires pages_manage_posts permission")
        return web.json_response({"id": self._keep(source, str(form.get("alt_text_custom", "")))})

    async def _attach(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_messaging")
        form = await request.post()
        data = form.get("filedata")
        about = json.loads(str(form.get("message", "{}")))
        if not isinstance(data, web.FileField) or "attachment" not in about:
            raise Refused(400, "100/2018047", "(#100) Upload attachment failure.")
        return web.json_response({"attachment_id": self._keep(data, "")})

    def _keep(self, field: web.FileField, alt: str) -> str:
        number = self.world.number()
        self.world.files[number] = File(number, field.content_type, field.filename, alt)
        return number

    def _file(self, number: str) -> File:
        if number not in self.world.files:
            raise Refused(400, "100", "(#100) Invalid attachment id")
        return self.world.files[number]

    # --- messages ---

    async def _conversations(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_messaging")
        query = self.query(request, "fields", "limit", "after", "platform", "user_id")
        talks = [
            {
                "id": f"t_{person.id}",
                "updated_time": message_json(self.world, messages[0])["created_time"],
                "messages": [message_json(self.world, one) for one in messages],
            }
            for person, messages in self.world.talks()
            if query.get("user_id", person.id) == person.id
        ]
        return web.json_response(self.paged(request, talks))

    async def _messages(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_messaging")
        self.query(request, "fields", "limit", "after")
        wanted = request.match_info["id"].removeprefix("t_")
        found = next((messages for person, messages in self.world.talks() if person.id == wanted), [])
        return web.json_response(self.paged(request, [message_json(self.world, one) for one in found]))

    async def _send(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_messaging")
        new = await self.told(request, _Send)
        text, attachment = new.message.text, new.message.attachment
        if bool(text) == (attachment is not None):
            raise Refused(400, "100", "(#100) A message has either a text or an attachment")
        if len(text) > self.longest_message:
            raise Refused(400, "100", "(#100) Length of param message[text] must be less than 2000")
        answered = self._answered(new.recipient)
        person = answered.author if answered is not None else self._person(new.recipient.id)
        if person.blocked:
            raise Refused(400, "551", "(#551) This person isn't available right now.")
        if answered is None:
            self._within_window(person, new.messaging_type, new.tag)
        else:
            answered.answered = True
        file = self._file(attachment.payload.attachment_id) if attachment is not None else None
        made = self.world.message(
            person, text, own=True, file=file, metadata=new.message.metadata, tag=new.tag
        )
        return web.json_response({"recipient_id": person.id, "message_id": made.id})

    def _answered(self, recipient: _Recipient) -> PagePost | Comment | None:
        """What a private answer is to."""
        external_id = recipient.comment_id or recipient.post_id
        if not external_id:
            return None
        found = self.world.find(external_id)
        if found is None or isinstance(found, Comment) != bool(recipient.comment_id):
            raise Refused(400, "100/33", _GONE)
        if found.answered:
            raise Refused(400, "10900", "(#10900) Activity already replied to")
        if found.author is self.world.page or clock.now() - found.at > _WEEK:
            raise Refused(400, "10903", "(#10903) This user cant reply to this activity")
        return found

    def _person(self, number: str) -> Person:
        found = next((one for one in self.world.people.values() if one.id == number), None)
        if found is None:
            raise Refused(400, "100/2018001", "(#100) No matching user found")
        return found

    def _within_window(self, person: Person, kind: str, tag: str) -> None:
        last = self.world.last_from(person)
        silent = clock.now() - last if last is not None else None
        if kind == "MESSAGE_TAG" and tag == "HUMAN_AGENT":
            if not self.human_agent:
                raise Refused(400, "10", "(#10) The app has no access to the feature Human Agent.")
            allowed = silent is not None and silent < _WEEK
        elif kind == "RESPONSE" and not tag:
            allowed = silent is not None and silent < _DAY
        else:
            raise Refused(400, "100", "(#100) Invalid parameter messaging_type")
        if not allowed:
            words = "(#10) This message is sent outside of allowed window."
            raise Refused(400, "10/2018278", words)
