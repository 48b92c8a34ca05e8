"""Which handler applies which command. The server and every desk run the same handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.commands import (
    account,
    acts,
    authority,
    availability,
    chat,
    conversation,
    customer,
    delivery,
    erasing,
    handing,
    items,
    mentions,
    merging,
    merging_contacts,
    offers,
    reply,
    revisions,
    saved_view,
    supervising,
    template,
    transcript,
    values,
)
from agentdesk.commands.context import Context, Refusal

Handler = Callable[[Context, Any], Awaitable[None]]

_HANDLERS: dict[type[values.Command], Handler] = {
    values.Assign: conversation.assign,
    values.SetStatus: conversation.set_status,
    values.EndChat: chat.end_chat,
    values.WatchChat: supervising.watch_chat,
    values.JoinChat: supervising.join_chat,
    values.LeaveChat: supervising.leave_chat,
    values.TakeOver: supervising.take_over,
    values.BlockContact: customer.block_contact,
    values.SetPriority: conversation.set_priority,
    values.SetTags: conversation.set_tags,
    values.MarkRead: conversation.mark_read,
    values.SendReply: reply.send_reply,
    values.SendTranscript: transcript.send_transcript,
    values.AddNote: reply.add_note,
    values.SeeMentions: mentions.see_mentions,
    values.EditReply: revisions.edit_reply,
    values.DeleteReply: revisions.delete_reply,
    values.LikePost: acts.like_post,
    values.HidePost: acts.hide_post,
    values.ReportPost: acts.report_post,
    values.RetryDelivery: delivery.retry_delivery,
    values.ConfirmDelivery: delivery.confirm_delivery,
    values.CheckDelivery: delivery.check_delivery,
    values.MergeConversations: merging.merge_conversations,
    values.UnmergeConversations: merging.unmerge_conversations,
    values.MergeContacts: merging_contacts.merge_contacts,
    values.UnmergeContacts: merging_contacts.unmerge_contacts,
    values.EditContact: customer.edit_contact,
    values.MarkContact: customer.mark_contact,
    values.MarkConversation: conversation.mark_conversation,
    values.NoteRead: customer.note_read,
    values.EraseContact: erasing.erase_contact,
    values.SaveTemplate: template.save_template,
    values.RetryItem: items.retry_item,
    values.SaveView: saved_view.save_view,
    values.RemoveView: saved_view.remove_view,
    values.ArrangeRail: saved_view.arrange_rail,
    values.RetryAccount: account.retry_account,
    values.SetAvailability: availability.set_availability,
    values.AnswerOffer: offers.answer_offer,
    values.Transfer: handing.transfer,
    values.CancelTransfer: handing.cancel_transfer,
}


async def apply(context: Context, command: values.AnyCommand) -> None:
    """Check and apply ``command`` within the context's transaction.

    Raises Refusal where it may not or cannot be applied; the transaction must then be rolled back.
    """
    authority.check(context.actor, command)
    try:
        await _HANDLERS[type(command)](context, command)
    except NotFound as error:
        raise Refusal("gone", error.message) from error
    except Invalid as error:
        raise Refusal("invalid", error.message, hint=error.hint) from error
