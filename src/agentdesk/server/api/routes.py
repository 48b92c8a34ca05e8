"""All operations of the REST API, in one list."""

from __future__ import annotations

from agentdesk.queries.rows import QueueRow
from agentdesk.server.api import handlers, privacy
from agentdesk.server.api.operations import Operation
from agentdesk.server.api.values import (
    Channels,
    ConversationPage,
    ConversationWhole,
    Created,
    Inboxes,
    ListConversations,
    NewAssignee,
    NewMessage,
    NewStatus,
    People,
)

PREFIX = "/api/v1"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="listConversations",
        method="GET",
        path="/conversations",
        summary="List conversations, the one that changed last first",
        handler=handlers.list_conversations,
        gives=ConversationPage,
        query=ListConversations,
    ),
    Operation(
        name="getConversation",
        method="GET",
        path="/conversations/{id}",
        summary="One conversation with its messages, attachments and events",
        handler=handlers.get_conversation,
        gives=ConversationWhole,
        errors=(404,),
    ),
    Operation(
        name="postMessage",
        method="POST",
        path="/conversations/{id}/messages",
        summary="Send a reply to the customer, or add a note for the team",
        handler=handlers.post_message,
        gives=Created,
        body=NewMessage,
        status=201,
        errors=(403, 404, 409, 413, 415, 422),
        idempotent_key=True,
    ),
    Operation(
        name="assignConversation",
        method="PUT",
        path="/conversations/{id}/assignee",
        summary="Give a conversation to somebody, or to nobody",
        handler=handlers.assign,
        gives=QueueRow,
        body=NewAssignee,
        errors=(403, 404, 409, 415, 422),
    ),
    Operation(
        name="setStatus",
        method="PUT",
        path="/conversations/{id}/status",
        summary="Resolve, reopen or snooze a conversation",
        handler=handlers.set_status,
        gives=QueueRow,
        body=NewStatus,
        errors=(403, 404, 409, 415, 422),
    ),
    Operation(
        name="downloadAttachment",
        method="GET",
        path="/attachments/{id}/content",
        summary="Download an attachment",
        handler=handlers.download_attachment,
        gives=None,
        errors=(404,),
    ),
    Operation(
        name="exportContact",
        method="GET",
        path="/contacts/{id}/export",
        summary="Everything about a customer, in one ZIP; leaves a line in the audit trail",
        handler=privacy.export,
        gives=None,
        errors=(403, 404),
    ),
    Operation(
        name="listInboxes",
        method="GET",
        path="/inboxes",
        summary="List inboxes",
        handler=handlers.list_inboxes,
        gives=Inboxes,
    ),
    Operation(
        name="listUsers",
        method="GET",
        path="/users",
        summary="List the people of the team",
        handler=handlers.list_users,
        gives=People,
    ),
    Operation(
        name="listChannels",
        method="GET",
        path="/channels",
        summary="List the accounts of channels and how they are doing",
        handler=handlers.list_channels,
        gives=Channels,
    ),
)
