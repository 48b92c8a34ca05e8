"""Which permission each command needs: checked here, for all of them, before a handler runs.

That the actor works in the inbox of the conversation or customer is checked where its row is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agentdesk.base.text import Msg, msg
from agentdesk.commands import values
from agentdesk.commands.context import Actor, Refusal
from agentdesk.domain.authority import Permission

__all__ = ["RULES", "check", "refusal"]

Rule = Callable[[Actor, Any], Permission | None]
"""Returns what a command needs when this actor issues it; None where working in the inbox is enough."""


def _nothing(_actor: Actor, _command: values.Command) -> Permission | None:
    return None


def _always(permission: Permission) -> Rule:
    return lambda _actor, _command: permission


def _assigning(actor: Actor, command: values.Assign) -> Permission | None:
    concerned = {command.assignee_id, command.seen_assignee_id} - {None, actor.user_id}
    return Permission.ASSIGN_OTHERS if concerned else None


def _handing(actor: Actor, command: values.Transfer) -> Permission | None:
    concerned = {command.user_id, command.seen_assignee_id, command.inbox_id} - {None, actor.user_id}
    return Permission.ASSIGN_OTHERS if concerned else None


def _sharing(_actor: Actor, command: values.SaveView) -> Permission | None:
    return Permission.SHARE_VIEWS if command.shared else None


def _noting(_actor: Actor, command: values.AddNote) -> Permission | None:
    return Permission.SUPERVISE if command.is_whisper else None


RULES: Mapping[type[values.Command], Rule] = {
    values.Assign: _assigning,
    values.SetStatus: _nothing,
    values.EndChat: _nothing,
    values.WatchChat: _always(Permission.SUPERVISE),
    values.JoinChat: _always(Permission.SUPERVISE),
    values.LeaveChat: _nothing,
    values.TakeOver: _always(Permission.SUPERVISE),
    values.SetPriority: _nothing,
    values.SetTags: _nothing,
    values.MarkRead: _nothing,
    values.SendReply: _nothing,
    values.SendTranscript: _nothing,
    values.AddNote: _noting,
    values.SeeMentions: _nothing,
    values.EditReply: _nothing,
    values.DeleteReply: _nothing,
    values.LikePost: _nothing,
    values.HidePost: _nothing,
    values.ReportPost: _nothing,
    values.RetryDelivery: _nothing,
    values.ConfirmDelivery: _nothing,
    values.CheckDelivery: _nothing,
    values.MergeConversations: _always(Permission.MERGE),
    values.UnmergeConversations: _always(Permission.MERGE),
    values.MergeContacts: _always(Permission.MERGE),
    values.UnmergeContacts: _always(Permission.MERGE),
    values.EditContact: _always(Permission.EDIT_CONTACTS),
    values.MarkContact: _always(Permission.ERASE),
    values.BlockContact: _always(Permission.BLOCK),
    values.MarkConversation: _always(Permission.ERASE),
    values.NoteRead: _nothing,
    values.EraseContact: _always(Permission.ERASE),
    values.SaveTemplate: _always(Permission.EDIT_TEMPLATES),
    values.RetryItem: _nothing,
    values.SaveView: _sharing,
    values.RemoveView: _nothing,
    values.ArrangeRail: _nothing,
    values.RetryAccount: _always(Permission.RETRY_CHANNELS),
    values.SetAvailability: _nothing,
    values.AnswerOffer: _nothing,
    values.Transfer: _handing,
    values.CancelTransfer: _nothing,
}

_SENTENCES: Mapping[Permission, Msg] = {
    Permission.ASSIGN_OTHERS: msg("You can take conversations yourself, but not assign them to others."),
    Permission.EDIT_CONTACTS: msg("You can see customers' details, but not change them."),
    Permission.EDIT_TEMPLATES: msg("You can use templates, but not change them."),
    Permission.MERGE: msg("Merging is left to some of your colleagues."),
    Permission.HISTORY: msg("Older conversations are left to some of your colleagues."),
    Permission.EXPORT: msg("Exporting is left to some of your colleagues."),
    Permission.ERASE: msg("Erasing is left to some of your colleagues."),
    Permission.SHARE_VIEWS: msg("Views of the team are left to some of your colleagues."),
    Permission.BLOCK: msg("Blocking is left to some of your colleagues."),
    Permission.SUPERVISE: msg("Watching colleagues' chats and helping in them is left to supervisors."),
    Permission.SEE_VISITORS: msg("Who is on the site is shown to some of your colleagues."),
    Permission.RETRY_CHANNELS: msg("Trying a channel again is left to some of your colleagues."),
}


def check(actor: Actor, command: values.Command) -> None:
    """Raise Refusal (``not_allowed``) where the actor may not issue the command, whatever it is about."""
    rule = RULES.get(type(command))
    if rule is None:
        raise Refusal("invalid", msg("This server does not know that command."))
    needed = rule(actor, command)
    if needed is not None and not actor.may(needed):
        raise refusal(needed)


def refusal(permission: Permission) -> Refusal:
    """Return what is said to somebody who lacks a permission."""
    return Refusal("not_allowed", _SENTENCES[permission], hint=msg("Ask your administrator."))
