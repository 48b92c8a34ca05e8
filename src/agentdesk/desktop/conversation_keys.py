"""Lets the actions of the window work on the conversation that has the focus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject

from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.views.conversation import ConversationView

__all__ = ["ConversationKeys"]

Handlers = Mapping[str, Callable[[], object]]


class ConversationKeys(QObject):
    """``current()`` is the conversation that the actions work on when one of them is used."""

    def __init__(self, actions: Actions, current: Callable[[], ConversationView], owner: QObject) -> None:
        super().__init__(owner)
        self._actions, self._current = actions, current

    def bind(self, first: ConversationView) -> None:
        """Bind them all; ``first`` is the conversation that is there from the beginning on."""
        for action_id in _everywhere(first):
            self._actions.bind(action_id, partial(self._do, _everywhere, action_id))
        for action_id in _writing(first):
            self._actions.bind(action_id, partial(self._do, _writing, action_id), first.composer)
        first.deeds.use(self._actions)

    def add(self, view: ConversationView) -> None:
        """Let the keys for writing count in another conversation too."""
        for action_id in _writing(view):
            view.composer.addAction(self._actions.action(action_id))
        view.deeds.use(self._actions)

    def _do(self, handlers: Callable[[ConversationView], Handlers], action_id: str) -> None:
        handlers(self._current())[action_id]()


def _everywhere(view: ConversationView) -> Handlers:
    deeds, composer, supervising = view.deeds, view.composer, view.supervising
    return {
        "reply.start": deeds.start_reply,
        "reply.all": deeds.start_reply_all,
        "note.start": deeds.start_note,
        "assign.choose": deeds.choose_assignee,
        "assign.me": deeds.assign_me,
        "conversation.hand_over": deeds.hand_over,
        "conversation.resolve": deeds.resolve,
        "conversation.reopen": deeds.reopen,
        "chat.end": deeds.end_chat,
        "chat.copy": deeds.send_copy,
        "conversation.snooze": deeds.choose_snooze,
        "conversation.wake": deeds.reopen,
        "conversation.tags": deeds.choose_tags,
        "conversation.priority": deeds.choose_priority,
        "conversation.unread": deeds.toggle_unread,
        "conversation.merge": deeds.choose_merge,
        "undo": deeds.undo,
        "composer.switch_mode": composer.switch_mode,
        "composer.privacy": composer.posting.switch,
        "composer.attach": composer.box.attach_wanted.emit,
        "composer.templates": composer.box.templates_wanted.emit,
        "chat.whisper": supervising.whisper,
        "chat.join": supervising.join,
        "chat.leave": supervising.leave,
        "chat.take_over": supervising.take_over,
    }


def _writing(view: ConversationView) -> Handlers:
    deeds, text = view.deeds, view.composer.box.reply_text
    return {
        "composer.send": deeds.send,
        "composer.send_resolve": deeds.send_and_resolve,
        "composer.bold": text.toggle_bold,
        "composer.italic": text.toggle_italic,
        "composer.underline": text.toggle_underline,
        "composer.paste_plain": deeds.paste_plain,
    }
