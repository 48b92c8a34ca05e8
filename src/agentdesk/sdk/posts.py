"""What posts of social networks have besides text, and what accounts can do with them, as values."""

from __future__ import annotations

from agentdesk.domain.abilities import Abilities, Act, Answering, FileLimit, Price
from agentdesk.domain.figures import Quota, Signs
from agentdesk.domain.lengths import TextLimit, Unit, length_of
from agentdesk.domain.posts import (
    Counters,
    Media,
    Poll,
    PollOption,
    Post,
    PostKind,
    Visibility,
    Way,
    Work,
    is_wider,
)

__all__ = [
    "Abilities",
    "Act",
    "Answering",
    "Counters",
    "FileLimit",
    "Media",
    "Poll",
    "PollOption",
    "Post",
    "PostKind",
    "Price",
    "Quota",
    "Signs",
    "TextLimit",
    "Unit",
    "Visibility",
    "Way",
    "Work",
    "is_wider",
    "length_of",
]
