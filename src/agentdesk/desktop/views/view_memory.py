"""The order and the sections that a person chose for each list, kept on this computer."""

from __future__ import annotations

import msgspec

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.view_names import ORDERS, groups_of
from agentdesk.queries.rows import View

__all__ = ["ViewMemory"]


class ViewMemory:
    """Without ``settings`` choices last as long as the window."""

    def __init__(self, settings: SettingsFile | None = None) -> None:
        self._settings = settings
        self._orders = dict(settings.now.orders) if settings else {}
        self._groups = dict(settings.now.groups) if settings else {}

    def recalled(self, view: View) -> View:
        """Return ``view`` in the order and with the sections that were chosen for it last."""
        order = self._orders.get(_key(view), view.order)
        group = self._groups.get(_key(view), view.group)
        return msgspec.structs.replace(
            view,
            order=order if order in ORDERS else view.order,
            group=group if group in groups_of(view) else "",
        )

    def keep(self, view: View) -> None:
        """Keep the order and the sections of ``view``."""
        self._orders[_key(view)] = view.order
        self._groups[_key(view)] = view.group
        if self._settings is not None:
            self._settings.change(orders=self._orders, groups=self._groups)


def _key(view: View) -> str:
    if view.saved_id is not None:
        return f"view:{view.saved_id.hex}"
    return f"{view.kind}:{view.channel or ''}"
