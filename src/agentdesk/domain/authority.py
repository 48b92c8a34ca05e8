"""What people may do: each role gives permissions, and single ones are given to a person or taken away."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from agentdesk.domain.team import Role

__all__ = ["Permission", "grant", "is_permitted", "permissions"]


class Permission(StrEnum):
    """What not everybody may do who works in an inbox. The values are stored and typed: never renamed."""

    ASSIGN_OTHERS = "assign_others"
    """Give conversations to colleagues, or take them away from them."""
    EDIT_CONTACTS = "edit_contacts"
    EDIT_TEMPLATES = "edit_templates"
    MERGE = "merge"
    """Merge customers or conversations, and part them again."""
    HISTORY = "history"
    """Look at conversations that desks do not keep any more, and search in them."""
    EXPORT = "export"
    ERASE = "erase"
    SHARE_VIEWS = "share_views"
    """Save lists for others too, and change or remove those that are shared."""
    RETRY_CHANNELS = "retry_channels"
    """Have a channel in trouble tried again at once."""
    BLOCK = "block"
    """Block customers, and let them write again."""
    SUPERVISE = "supervise"
    """Watch colleagues' chats, whisper to them, join them, take their chats over."""
    SEE_VISITORS = "see_visitors"
    """See who is on the site and agreed to that, and invite them to chat."""


_AGENT = frozenset(
    {
        Permission.ASSIGN_OTHERS,
        Permission.BLOCK,
        Permission.EDIT_CONTACTS,
        Permission.HISTORY,
        Permission.MERGE,
    }
)
_SUPERVISOR = _AGENT | {
    Permission.EDIT_TEMPLATES,
    Permission.EXPORT,
    Permission.RETRY_CHANNELS,
    Permission.SEE_VISITORS,
    Permission.SHARE_VIEWS,
    Permission.SUPERVISE,
}
_ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: frozenset(Permission),
}


def is_permitted(role: Role, exceptions: Mapping[str, bool], permission: Permission) -> bool:
    """Say whether a person may.

    ``exceptions`` are what the person was given (true) or denied (false), by permission; names that this
    program does not know are passed over.
    """
    return exceptions.get(permission.value, permission in _ROLES[role])


def permissions(role: Role, exceptions: Mapping[str, bool]) -> frozenset[Permission]:
    """Return all that a person may; ``exceptions`` are as above."""
    return frozenset(one for one in Permission if is_permitted(role, exceptions, one))


def grant(role: Role, exceptions: Mapping[str, bool], permission: Permission, given: bool) -> dict[str, bool]:
    """Return the exceptions of a person who is given or denied a permission.

    What the role says anyway is no exception: it goes with the role when that changes.
    """
    others = {name: value for name, value in exceptions.items() if name != permission.value}
    is_exception = given != (permission in _ROLES[role])
    return {**others, permission.value: given} if is_exception else others
