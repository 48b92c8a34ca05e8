"""Who is on the site, in the place of lists and conversations; reached from the rail or by its key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QSplitter, QToolButton, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.place import Place
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.site import SiteView
from agentdesk.domain.authority import Permission
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["SiteScreen"]


_NO_LIST = View(kind="site")


class SiteScreen(QObject):
    """``place`` is where it comes up, instead of ``splitter``: ``shown(bool)``. Who may not look does not see
    the way to it."""

    shown = Signal(bool)

    def __init__(
        self, desk: DeskPort, rail: Rail, place: Place, splitter: QSplitter, actions: Actions, owner: QWidget
    ) -> None:
        super().__init__(owner)
        self._desk, self._rail, self._place, self._splitter = desk, rail, place, splitter
        self._actions = actions
        self.view = SiteView(desk, place)
        place.fill(self.view)
        self.button = _RailButton(rail)
        rail.add_below(self.button)
        self.button.clicked.connect(self.toggle)
        self.view.left.connect(self.leave)
        rail.chosen.connect(self.leave)
        actions.bind("go.site", self.toggle)
        self.on_changes({})

    def toggle(self) -> None:
        """Come to the screen, or go back to the list."""
        if not self._place.isHidden():
            self.leave()
        elif self._may:
            self._splitter.hide()
            self._place.show()
            self.button.setChecked(True)
            self._rail.show_view(_NO_LIST)
            self.view.take_focus()
            self.shown.emit(True)
        else:
            self.button.setChecked(False)

    def leave(self) -> bool:
        """Show list and conversation again; False where they are shown."""
        if self._place.isHidden():
            return False
        had = self._place.isAncestorOf(self._place.window().focusWidget())
        self._place.hide()
        self._splitter.show()
        self.button.setChecked(False)
        self.shown.emit(False)
        if had:
            self._rail.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def on_changes(self, changes: Changes) -> None:
        """Follow who is there, and what I may."""
        if not changes or "user" in changes:
            self.button.setVisible(self._may)
            self._actions.set_state(site=self._may)
            if not self._may:
                self.leave()
        self.view.on_changes(changes)

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        self.view.on_status(status)

    @property
    def _may(self) -> bool:
        me = self._desk.me
        return me is not None and me.may(Permission.SEE_VISITORS)


class _RailButton(QToolButton):
    """The way to the screen, at the foot of the rail."""

    def __init__(self, rail: Rail) -> None:
        super().__init__(rail)
        self.setProperty("kind", "foot")
        self.setCheckable(True)
        self.setIcon(icon("globe"))
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        words = tr(msg("On the site"))
        self.setText(f" {words}")  # apart from the icon
        self.setAccessibleName(words)
        self.setToolTip(words)
