"""How the simulated Graph shows posts, comments and messages; lists are whole, to be cut later."""

from __future__ import annotations

from typing import Any

from agentdesk_connectors.facebook.simulator_world import (
    Comment,
    File,
    Message,
    PagePost,
    Person,
    World,
    kind_of,
    link_of,
    stamp,
)

__all__ = ["comment_json", "message_json", "post_json"]

JSON = dict[str, Any]


def post_json(world: World, post: PagePost) -> JSON:
    """A post on the page, with all its comments, the newest first."""
    comments = [one for one in reversed(world.comments) if one.post is post and not one.gone]
    return {
        "id": post.id,
        "from": _person(post.author),
        "message": post.text or None,
        "created_time": stamp(post.at),
        "permalink_url": link_of(post),
        "full_picture": post.picture or None,
        "is_hidden": post.hidden,
        "comments": [comment_json(world, one) for one in comments],
    }


def comment_json(world: World, comment: Comment) -> JSON:
    """A comment."""
    return {
        "id": comment.id,
        "from": _person(comment.author),
        "message": comment.text,
        "created_time": stamp(comment.at),
        "permalink_url": f"{link_of(comment.post)}?comment_id={comment.id.partition('_')[2]}",
        "parent": {"id": comment.parent.id} if comment.parent is not None else None,
        "is_hidden": comment.hidden,
        "user_likes": comment.liked,
        "like_count": int(comment.liked),
        "comment_count": len([one for one in world.comments if one.parent is comment and not one.gone]),
        "attachment": _shown(world, comment.file) if comment.file is not None else None,
    }


def _shown(world: World, file: File) -> JSON:
    url = world.address(file)
    media = {"image": {"height": 480, "width": 640, "src": url}}
    return {"type": "photo", "media": media, "target": {"id": file.id, "url": url}, "url": url}


def message_json(world: World, message: Message) -> JSON:
    """A private message."""
    person, page = _person(message.person), _person(world.page)
    author, reader = (page, person) if message.own else (person, page)
    return {
        "id": message.id,
        "created_time": stamp(message.at),
        "from": author,
        "to": {"data": [reader]},
        "message": message.text,
        "attachments": {"data": [_attached(world, message.file)]} if message.file is not None else None,
        "sticker": None,
        "shares": None,
    }


def _attached(world: World, file: File) -> JSON:
    url = world.address(file)
    shown: JSON = {"id": file.id, "mime_type": file.kind, "name": file.name, "size": 1_000}
    if kind_of(file) == "image":
        return shown | {
            "image_data": {"width": 640, "height": 480, "url": url, "preview_url": f"{url}/small"}
        }
    if kind_of(file) == "video":
        return shown | {
            "video_data": {"width": 640, "height": 480, "url": url, "preview_url": f"{url}/small"}
        }
    return shown | {"file_url": url}


def _person(person: Person) -> JSON:
    return {"id": person.id, "name": person.name}
