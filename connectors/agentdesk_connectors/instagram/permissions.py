"""What the account's token may do. Instagram does not say: each permission is tried by reading with it.

Written from https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/.
"""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk_connectors import fields
from agentdesk_connectors.instagram.naming import MEDIA, named
from agentdesk_connectors.meta.client import TALKS, Graph
from agentdesk_connectors.meta.errors import PermissionMissing
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["BASIC", "COMMENTS", "MESSAGES", "Permissions"]

BASIC = "instagram_business_basic"
COMMENTS = "instagram_business_manage_comments"
MESSAGES = "instagram_business_manage_messages"
_REMEDY = msg("Make a new access token in the app's dashboard, and allow everything that is asked for.")


class Permissions:
    """Which permissions were seen to be given, and which to be lacking."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._given: dict[str, bool] = {}

    @property
    def given(self) -> tuple[str, ...]:
        """Those that the token has."""
        return tuple(sorted(name for name, has in self._given.items() if has))

    @property
    def missing(self) -> tuple[str, ...]:
        """Those that it lacks."""
        return tuple(sorted(name for name, has in self._given.items() if not has))

    def saw(self, name: str, has: bool = True) -> None:
        """Remember that a permission was used, or refused."""
        self._given[name] = has

    async def try_all(self) -> None:
        """Try what the account needs; what is lacking is remembered. Raises Unreachable, RateLimited, and
        AuthFailed where the token is dead."""
        for attempt in (self.read_comments, self.read_talks):
            try:
                await attempt()
            except PermissionMissing:
                continue

    async def read_comments(self) -> None:
        """Read a comment below the newest work. Raises PermissionMissing where that is not allowed."""
        page = await self._graph.several("/me/media", (("fields", "id"), ("limit", "1")))
        works = [graph_id(fields.inner(fields.parse(one)), "id") for one in page.items]
        for work in works:
            if named(MEDIA, work):
                path, params = f"/{in_path(work)}/comments", (("fields", "id"), ("limit", "1"))
                await self._tried(COMMENTS, path, params, talks=False)

    async def read_talks(self) -> None:
        """Read one talk. Raises PermissionMissing where that is not allowed."""
        params = (("platform", "instagram"), ("fields", "id"), ("limit", "1"))
        await self._tried(MESSAGES, "/me/conversations", params, talks=True)

    async def _tried(self, name: str, path: str, params: tuple[tuple[str, str], ...], *, talks: bool) -> None:
        try:
            if talks:
                await self._graph.several(path, params, of=TALKS)
            else:
                await self._graph.several(path, params)
        except PermissionMissing as error:
            self.saw(name, False)
            raise PermissionMissing(msg("This permission is missing: {name}.", name=name), _REMEDY) from error
        self.saw(name)
