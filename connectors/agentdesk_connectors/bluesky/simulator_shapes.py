"""What the simulated services say of people, posts and talks, as their lexicons have it."""

from __future__ import annotations

from agentdesk.base import clock
from agentdesk_connectors.bluesky.simulator_world import JSON, Convo, Message, Note, Person, Post, World, iso

__all__ = ["Shapes"]

_DEFS = "chat.bsky.convo.defs#"


class Shapes:
    """Shows the world at the address ``url``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.url = "https://cdn.bsky.example"

    # --- people (app.bsky.actor.defs) ---

    def basic(self, person: Person) -> JSON:
        """profileViewBasic"""
        viewer: JSON = {"muted": False, "blockedBy": person.blocks_us}
        if person.follows_us:
            viewer["followedBy"] = f"at://{person.did}/app.bsky.graph.follow/3kfollow22222"
        return {
            "did": person.did,
            "handle": person.handle,
            "displayName": person.name,
            "avatar": f"{self.url}/avatar/{person.handle}.jpg",
            "associated": {"chat": {"allowIncoming": person.incoming}},
            "viewer": viewer,
            "labels": [],
            "createdAt": "2024-02-06T10:00:00.000Z",
        }

    def detailed(self, person: Person) -> JSON:
        """profileViewDetailed"""
        counts = {"followersCount": person.followers, "followsCount": 7, "postsCount": 11}
        return {**self.basic(person), "description": "", "indexedAt": iso(clock.now()), **counts}

    # --- posts (app.bsky.feed.defs) ---

    def post(self, post: Post) -> JSON:
        """postView"""
        world = self._world
        viewer: JSON = {"threadMuted": False, "embeddingDisabled": False}
        liked = next((uri for uri, subject in world.likes.items() if subject == post.uri), None)
        if liked:
            viewer["like"] = liked
        if post.closed:
            viewer["replyDisabled"] = True
        shown: JSON = {
            "uri": post.uri,
            "cid": post.cid,
            "author": self.basic(post.author),
            "record": post.record,
            "replyCount": sum(one.parent == post.uri for one in world.posts.values()),
            "repostCount": 0,
            "likeCount": post.likes + (1 if liked else 0),
            "quoteCount": 0,
            "indexedAt": iso(post.at),
            "viewer": viewer,
            "labels": [self._label(post, value) for value in post.labels],
        }
        embed = self._embed(post, post.record.get("embed") or {})
        return shown | ({"embed": embed} if embed else {})

    def _label(self, post: Post, value: str) -> JSON:
        named = {"src": "did:plc:ar7c4by46qjdydhdevvrndac", "uri": post.uri, "val": value}
        return {**named, "cts": iso(post.at)}

    def _embed(self, post: Post, embed: JSON) -> JSON:
        kind = embed.get("$type")
        match kind:
            case "app.bsky.embed.images":
                shown: JSON = {"images": [self._image(post, one) for one in embed["images"]]}
            case "app.bsky.embed.external":
                shown = {"external": {n: v for n, v in embed["external"].items() if n != "thumb"}}
            case "app.bsky.embed.video":
                cid = embed["video"]["ref"]["$link"]
                at = f"{self.url}/watch/{post.author.did}/{cid}"
                shown = {"cid": cid, "playlist": f"{at}/playlist.m3u8", "thumbnail": f"{at}/thumbnail.jpg"}
                shown |= {"alt": embed.get("alt", "")}
            case "app.bsky.embed.record":
                shown = {"record": self._quoted(embed["record"]["uri"])}
            case "app.bsky.embed.recordWithMedia":
                quoted = self._quoted(embed["record"]["record"]["uri"])
                record = {"$type": "app.bsky.embed.record#view", "record": quoted}
                shown = {"record": record, "media": self._embed(post, embed["media"])}
            case _:
                return {}
        return {"$type": f"{kind}#view", **shown}

    def _image(self, post: Post, image: JSON) -> JSON:
        at = f"plain/{post.author.did}/{image['image']['ref']['$link']}@jpeg"
        small, large = (f"{self.url}/img/{size}/{at}" for size in ("feed_thumbnail", "feed_fullsize"))
        return {"thumb": small, "fullsize": large, "alt": image["alt"]}

    def _quoted(self, uri: str) -> JSON:
        post = self._world.posts.get(uri)
        if post is None:
            return {"$type": "app.bsky.embed.record#viewNotFound", "uri": uri, "notFound": True}
        return {
            "$type": "app.bsky.embed.record#viewRecord",
            "uri": uri,
            "cid": post.cid,
            "author": self.basic(post.author),
            "value": post.record,
            "indexedAt": iso(post.at),
        }

    def note(self, note: Note) -> JSON:
        """app.bsky.notification.listNotifications#notification"""
        post = self._world.posts.get(note.uri)
        author = note.author or (post.author if post else self._world.owner)
        return {
            "uri": note.uri,
            "cid": post.cid if post else "bafyreinone",
            "author": self.basic(author),
            "reason": note.reason,
            "record": post.record if post else {},
            "isRead": False,
            "indexedAt": iso(note.at),
            "labels": [],
        }

    # --- talks (chat.bsky.convo.defs) ---

    def member(self, person: Person) -> JSON:
        """chat.bsky.actor.defs#profileViewBasic"""
        named = {"did": person.did, "handle": person.handle, "displayName": person.name}
        viewer = {"blockedBy": person.blocks_us}
        return {**named, "avatar": f"{self.url}/avatar/{person.handle}.jpg", "viewer": viewer, "labels": []}

    def message(self, message: Message) -> JSON:
        """messageView, or deletedMessageView"""
        kind = "deletedMessageView" if message.deleted else "messageView"
        shown: JSON = {"$type": _DEFS + kind, "id": message.id, "rev": message.rev}
        if not message.deleted:
            shown |= {"text": message.text, **({"facets": message.facets} if message.facets else {})}
        return {**shown, "sender": {"did": message.author.did}, "sentAt": iso(message.at)}

    def convo(self, convo: Convo) -> JSON:
        """convoView"""
        kind = "groupConvo" if len(convo.members) > 2 else "directConvo"
        about: JSON = {"$type": _DEFS + kind}
        if kind == "groupConvo":
            about |= {"name": "Group", "lockStatus": "unlocked", "memberCount": len(convo.members)}
            about |= {"createdAt": iso(clock.now())}
        shown = {
            "id": convo.id,
            "rev": convo.messages[-1].rev if convo.messages else convo.id,
            "members": [self.member(one) for one in convo.members],
            "muted": False,
            "status": convo.status,
            "unreadCount": 0,
            "kind": about,
        }
        return shown | ({"lastMessage": self.message(convo.messages[-1])} if convo.messages else {})

    def entry(self, entry: JSON) -> JSON:
        """An entry of the log."""
        shown: JSON = {
            "$type": f"{_DEFS}log{entry['kind']}",
            "rev": entry["rev"],
            "convoId": entry["convo"].id,
        }
        if entry["message"] is not None:
            shown["message"] = self.message(entry["message"])
            shown["relatedProfiles"] = [self.member(entry["message"].author)]
        return shown
