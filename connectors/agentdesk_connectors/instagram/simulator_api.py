"""What the simulated Instagram answers, and what it refuses.

Written from https://developers.facebook.com/docs/instagram-platform/: private-replies, instagram-graph-api/
reference (ig-user, ig-media, ig-comment), instagram-api-with-instagram-login (messaging-api,
conversations-api), and https://developers.facebook.com/docs/messenger-platform/error-codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.instagram.permissions import BASIC, COMMENTS, MESSAGES
from agentdesk_connectors.instagram.simulator_world import JSON, Comment, Message, Talk, Work
from agentdesk_connectors.meta.simulator_fields import asked_fields, shaped
from agentdesk_connectors.meta.windows import HUMAN, PRIVATE_REPLY, REPLY

if TYPE_CHECKING:
    from agentdesk_connectors.instagram.simulator import InstagramSimulator

__all__ = ["Api"]

_T = TypeVar("_T")
_READABLE = 20
_LONGEST_COMMENT, _LONGEST_MESSAGE = 2_200, 1_000


class _Recipient(msgspec.Struct, forbid_unknown_fields=True):
    id: str = ""
    comment_id: str = ""


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Send(msgspec.Struct, forbid_unknown_fields=True):
    recipient: _Recipient
    message: _Text
    messaging_type: str = "RESPONSE"
    tag: str = ""


class _Reply(msgspec.Struct, forbid_unknown_fields=True):
    message: str


class _Mention(msgspec.Struct, forbid_unknown_fields=True):
    media_id: str
    message: str
    comment_id: str = ""


class Api:
    """The methods of the network for one account."""

    def __init__(self, server: InstagramSimulator) -> None:
        self._server = server

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the methods by their paths."""
        return (
            web.get("/refresh_access_token", self.refresh),
            web.get("/{version}/{id}/media", self.media),
            web.get("/{version}/{id}/comments", self.comments),
            web.get("/{version}/{id}/replies", self.replies),
            web.get("/{version}/{id}/conversations", self.conversations),
            web.get("/{version}/{id}/messages", self.messages),
            web.get("/{version}/{id}", self.node),
            web.post("/{version}/{id}/replies", self.reply),
            web.post("/{version}/{id}/messages", self.send),
            web.post("/{version}/{id}/mentions", self.answer_mention),
            web.post("/{version}/{id}", self.hide),
            web.delete("/{version}/{id}", self.delete),
        )

    async def refresh(self, request: web.Request) -> web.Response:
        server = self._server
        server.authorized(request, BASIC)
        asked = server.query(request, "grant_type", "access_token")
        if asked != {"grant_type": "ig_refresh_token", "access_token": server.token}:
            raise Refused(400, "100", "Invalid parameter")
        if clock.now() - server.issued_at < timedelta(days=1):
            raise Refused(400, "100", "The access token is too young to be refreshed")
        server.renew()
        seconds = int((server.token_ends - clock.now()).total_seconds())
        return web.json_response(
            {"access_token": server.token, "token_type": "bearer", "expires_in": seconds}
        )

    # --- reading ---

    async def node(self, request: web.Request) -> web.Response:
        server, number = self._server, request.match_info["id"]
        server.query(request, "fields")
        if number in ("me", server.profile):
            server.authorized(request, BASIC)
            return web.json_response(self._account(request))
        return web.json_response(server.fielded(request, self._whole(request, number)))

    def _account(self, request: web.Request) -> JSON:
        world = self._server.world
        asked = asked_fields(request.query.get("fields", "id"))
        whole: JSON = {
            "id": "26000000000000001",
            "user_id": world.number,
            "username": world.username,
            "name": "Larkfield Home",
            "account_type": "BUSINESS",
            "followers_count": 1_200,
            "media_count": len(world.works),
        }
        for name, key in (("mentioned_comment", "comment_id"), ("mentioned_media", "media_id")):
            if name in asked:
                whole[name] = self._mentioned(request, name, asked[name].modifiers.get(key, ""))
        return shaped(whole, asked, lambda items, _: {"data": items})

    def _mentioned(self, request: web.Request, name: str, number: str) -> JSON:
        world = self._server.world
        self._server.authorized(request, COMMENTS)
        comment = world.comments.get(number)
        if name == "mentioned_comment" and comment is not None:
            return self._comment(comment) | {"media": self._work(comment.work)}
        if name == "mentioned_media" and number in world.works:
            return self._work(world.works[number])
        raise _gone(number)

    def _whole(self, request: web.Request, number: str) -> JSON:
        world = self._server.world
        if (work := world.works.get(number)) is not None:
            self._server.authorized(request, BASIC)
            return self._work(work)
        if (comment := world.comments.get(number)) is not None:
            self._server.authorized(request, COMMENTS)
            return self._comment(comment)
        self._server.authorized(request, MESSAGES)
        if (found := world.message(number)) is not None and found[1] in found[0].messages[-_READABLE:]:
            return self._message(*found)
        person = world.people.get(number)
        if person is None:
            raise _gone(number)
        if not any(talk.person is person for talk in world.talks.values()):
            raise Refused(400, "230", "(#230) User consent is required to access user profile")
        return {
            "id": person.id,
            "name": person.name,
            "username": person.username,
            "profile_pic": f"{self._server.url}/pictures/{person.id}.jpg",
            "follower_count": 42,
            "is_verified_user": False,
        }

    async def media(self, request: web.Request) -> web.Response:
        server = self._server
        self._of_account(request, BASIC)
        server.query(request, "fields", "limit", "after")
        own = [one for one in server.world.works.values() if one.author is None]
        return web.json_response(server.paged(request, [self._work(one) for one in reversed(own)]))

    async def comments(self, request: web.Request) -> web.Response:
        """Newest first, and answers within what they answer only."""
        server, world = self._server, self._server.world
        server.authorized(request, COMMENTS)
        server.query(request, "fields", "limit", "after")
        work = world.works.get(request.match_info["id"])
        if work is None or work.author is not None:
            raise _gone(request.match_info["id"])
        found = [one for one in world.comments.values() if one.work is work and one.parent is None]
        return web.json_response(server.paged(request, [self._comment(one) for one in reversed(found)]))

    async def replies(self, request: web.Request) -> web.Response:
        server = self._server
        server.authorized(request, COMMENTS)
        server.query(request, "fields", "limit", "after")
        below = self._comment(self._named(request))["replies"]
        return web.json_response(server.paged(request, below))

    async def conversations(self, request: web.Request) -> web.Response:
        server = self._server
        self._of_account(request, MESSAGES)
        asked = server.query(request, "platform", "user_id", "fields", "limit", "after")
        if asked.get("platform") != "instagram":
            raise Refused(400, "100", "(#100) Param platform must be one of {INSTAGRAM}")
        talks = [one for one in server.world.talks.values() if asked.get("user_id") in (None, one.person.id)]
        talks.sort(key=lambda one: one.updated_at, reverse=True)
        return web.json_response(server.paged(request, [self._talk(one) for one in talks]))

    async def messages(self, request: web.Request) -> web.Response:
        """Newest first; of older ones nothing is known but their ids."""
        server = self._server
        server.authorized(request, MESSAGES)
        server.query(request, "fields", "limit", "after")
        talk = server.world.talks.get(request.match_info["id"])
        if talk is None:
            raise _gone(request.match_info["id"])
        newest = [self._message(talk, one) for one in talk.messages[-_READABLE:]]
        return web.json_response(server.paged(request, newest[::-1]))

    # --- as things are shown ---

    def _work(self, work: Work) -> JSON:
        world = self._server.world
        below = [one for one in world.comments.values() if one.work is work]
        return {
            "id": work.id,
            "caption": work.caption,
            "media_type": "VIDEO" if work.live else "IMAGE",
            "media_product_type": "LIVE" if work.live else "FEED",
            "media_url": f"{self._server.url}/media/{work.id}.jpg",
            "thumbnail_url": None,
            "permalink": f"https://www.instagram.com/p/{work.id}/",
            "timestamp": _stamp(work.at),
            "username": work.author.username if work.author else world.username,
            "like_count": 3,
            "comments_count": len(below),
        }

    def _comment(self, comment: Comment) -> JSON:
        world = self._server.world
        author = world.author(comment.author)
        below = [one for one in world.comments.values() if one.parent is comment]
        return {
            "id": comment.id,
            "text": comment.text,
            "timestamp": _stamp(comment.at),
            "from": author,
            "username": author["username"],
            "hidden": comment.hidden,
            "like_count": 0,
            "parent_id": comment.parent.id if comment.parent else None,
            "media": {"id": comment.work.id, "media_product_type": "LIVE" if comment.work.live else "FEED"},
            "replies": [self._comment(one) for one in below],
        }

    def _talk(self, talk: Talk) -> JSON:
        world = self._server.world
        return {
            "id": talk.id,
            "updated_time": _stamp(talk.updated_at),
            "participants": [world.author(None), world.author(talk.person)],
        }

    def _message(self, talk: Talk, message: Message) -> JSON:
        us, them = self._server.world.author(None), self._server.world.author(talk.person)
        usual: JSON = dict.fromkeys(("attachments", "story", "shares", "reply_to", "is_unsupported"))
        return usual | {
            "id": message.id,
            "created_time": _stamp(message.at),
            "from": us if message.ours else them,
            "to": [them if message.ours else us],
            "message": message.text,
            **message.more,
        }

    # --- writing ---

    async def reply(self, request: web.Request) -> web.Response:
        server = self._server
        server.authorized(request, COMMENTS)
        said = await _told(request, _Reply)
        comment = self._named(request)
        if comment.hidden:
            raise Refused(400, "100", "(#100) You cannot reply to a hidden comment")
        if comment.work.live:
            raise Refused(400, "100", "(#100) You cannot reply to comments on a live video")
        self._check_comment(said.message)
        made = server.world.comment(comment.work, None, said.message, comment)
        return web.json_response({"id": made.id})

    async def answer_mention(self, request: web.Request) -> web.Response:
        world = self._server.world
        self._of_account(request, COMMENTS)
        said = await _told(request, _Mention)
        work, comment = world.works.get(said.media_id), world.comments.get(said.comment_id)
        if work is None or (said.comment_id and comment is None):
            raise _gone(said.comment_id or said.media_id)
        self._check_comment(said.message)
        made = world.comment(work, None, said.message, comment)
        return web.json_response({"id": made.id})

    @staticmethod
    def _check_comment(text: str) -> None:
        if not text.strip() or len(text) > _LONGEST_COMMENT:
            raise Refused(400, "100", "(#100) The text of a comment is missing or too long")

    async def send(self, request: web.Request) -> web.Response:
        world = self._server.world
        self._of_account(request, MESSAGES)
        given = await _told(request, _Send)
        if not 0 < len(given.message.text.encode()) <= _LONGEST_MESSAGE:
            raise Refused(400, "100", f"(#100) Length of param message[text] must be <= {_LONGEST_MESSAGE}")
        if given.recipient.comment_id:
            person = self._answered(given.recipient.comment_id)
        else:
            talk = next((one for one in world.talks.values() if one.person.id == given.recipient.id), None)
            if talk is None:
                raise Refused(400, "100/2534014", "(#100) The requested user cannot be found.")
            self._check_window(talk, given)
            person = talk.person
        message = world.answer(person, given.message.text)
        return web.json_response({"recipient_id": person.id, "message_id": message.id})

    def _answered(self, number: str) -> Any:
        """Whom a private answer to a comment is for; it goes once, and within seven days."""
        comment = self._server.world.comments.get(number)
        if comment is None or comment.author is None:
            raise _gone(number)
        if comment.answered:
            raise Refused(400, "10900", "(#10900) Activity already replied to")
        if clock.now() - comment.at > PRIVATE_REPLY:
            raise Refused(400, "10903", "(#10903) This user cant reply to this activity")
        comment.answered = True
        return comment.author

    def _check_window(self, talk: Talk, given: _Send) -> None:
        heard, tagged = talk.heard_at, given.tag == "HUMAN_AGENT"
        if tagged and (not self._server.human_agent or given.messaging_type != "MESSAGE_TAG"):
            raise Refused(400, "100", "(#100) This tag is not allowed for the app")
        if heard is None or clock.now() - heard > (HUMAN if tagged else REPLY):
            raise Refused(400, "10/2534022", "(#10) This message is sent outside of allowed window.")

    async def hide(self, request: web.Request) -> web.Response:
        server = self._server
        server.authorized(request, COMMENTS)
        asked = server.query(request, "hide")
        comment = self._named(request)
        if asked.get("hide") not in ("true", "false") or comment.author is None:
            raise Refused(400, "100", "(#100) Invalid parameter")
        comment.hidden = asked["hide"] == "true"
        return web.json_response({"success": True})

    async def delete(self, request: web.Request) -> web.Response:
        self._server.authorized(request, COMMENTS)
        self._server.world.take_back(self._named(request))
        return web.json_response({"success": True})

    # --- finding ---

    def _named(self, request: web.Request) -> Comment:
        comment = self._server.world.comments.get(request.match_info["id"])
        if comment is None or (comment.work.author is not None and comment.author is not None):
            raise _gone(request.match_info["id"])
        return comment

    def _of_account(self, request: web.Request, *permissions: str) -> None:
        self._server.authorized(request, *permissions)
        if request.match_info["id"] not in ("me", self._server.profile):
            raise _gone(request.match_info["id"])


async def _told(request: web.Request, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise Refused(400, "100", f"(#100) {error}") from None


def _gone(number: str) -> Refused:
    words = f"Unsupported request. Object with ID '{number}' does not exist, or cannot be loaded."
    return Refused(400, "100/33", words)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
