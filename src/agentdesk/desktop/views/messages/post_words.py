"""What is said of a post: who can read it, how it is noticed, what its poll has brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.locale import date_text, isolate, number_text, time_text, tr
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.domain.posts import Counters, Poll, Post, Visibility, Work
from agentdesk.queries.rows import MessageRow

__all__ = [
    "SIGNS",
    "Figure",
    "figures_of",
    "is_seen_by_others",
    "poll_words",
    "readers_of",
    "shortened",
    "spoken_post",
    "votes_of",
    "work_title",
]

SIGNS = {Visibility.PUBLIC: "globe", Visibility.LIMITED: "users", Visibility.PRIVATE: "lock"}
"""The icon of who can read something."""

_MOST_WORDS = 180


@dataclass(frozen=True, slots=True)
class Figure:
    """A counter of a post: its icon, its number, and both in words."""

    icon: str
    number: int
    words: Msg


def readers_of(visibility: Visibility, channel: str) -> Msg:
    """Say who can read a post of a network."""
    network = tr(channel_name(channel))
    if visibility is Visibility.PUBLIC:
        return msg("Public post on {network}. Anyone can read it.", network=network)
    if visibility is Visibility.LIMITED:
        return msg("Post on {network}, for followers", network=network)
    return msg("Private message on {network}", network=network)


def is_seen_by_others(post: Post) -> bool:
    """Say whether more people than those who are named in it can read a post."""
    return post.visibility is not Visibility.PRIVATE


def spoken_post(row: MessageRow, post: Post) -> Msg:
    """Return how a screen reader announces a post."""
    time, name = time_text(row.created_at), row.author_name or (row.sender.name if row.sender else "")
    if row.direction == "out":
        match post.visibility:
            case Visibility.PUBLIC:
                return msg("{name} answered in public at {time}", name=name, time=time)
            case Visibility.LIMITED:
                return msg("{name} answered for followers at {time}", name=name, time=time)
        return msg("{name} answered in private at {time}", name=name, time=time)
    match post.visibility:
        case Visibility.PUBLIC:
            return msg("{name} posted in public at {time}", name=name, time=time)
        case Visibility.LIMITED:
            return msg("{name} posted for followers at {time}", name=name, time=time)
    return msg("{name} wrote in private at {time}", name=name, time=time)


def figures_of(counters: Counters | None) -> list[Figure]:
    """Return the counters that a network told and that are not zero."""
    if counters is None:
        return []
    likes, replies = counters.likes or 0, counters.replies or 0
    shares, views = counters.shares or 0, counters.views or 0
    words = (
        plural("{number} like", "{number} likes", likes, number=number_text(likes)),
        plural("{number} answer", "{number} answers", replies, number=number_text(replies)),
        plural("{number} share", "{number} shares", shares, number=number_text(shares)),
        plural("{number} view", "{number} views", views, number=number_text(views)),
    )
    icons = ("heart", "message-square", "forward", "eye")
    numbers = (likes, replies, shares, views)
    figures = (Figure(*one) for one in zip(icons, numbers, words, strict=True))
    return [one for one in figures if one.number > 0]


def votes_of(poll: Poll) -> int | None:
    """Return how many votes were given; None where the network does not say yet."""
    known = [one.votes for one in poll.options if one.votes is not None]
    return sum(known) if known else None


def poll_words(poll: Poll, now: datetime) -> Msg:
    """Say how many have voted, and until when one can."""
    votes = votes_of(poll)
    given = (
        msg("Votes are not shown yet")
        if votes is None
        else plural("{number} vote", "{number} votes", votes, number=number_text(votes))
    )
    if poll.ends_at is None:
        return given
    when = f"{date_text(poll.ends_at, now)} {time_text(poll.ends_at)}"
    if poll.ends_at <= now:
        return msg("{votes}, ended {when}", votes=given, when=when)
    return msg("{votes}, ends {when}", votes=given, when=when)


def work_title(work: Work) -> Msg:
    """Say whose work a comment stands below."""
    if work.ours:
        return msg("Below your post")
    return msg("Below a post of {name}", name=isolate(work.author)) if work.author else msg("Below a post")


def shortened(text: str, most: int = _MOST_WORDS) -> str:
    """Return the beginning of a text on one line, at most ``most`` characters."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[:most].rstrip() + "…"
