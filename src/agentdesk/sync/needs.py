"""Which commands a server must have named in ``can`` before a desk sends them: an older one would not know
them. The texts are what it names."""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.commands.values import (
    AddNote,
    AnswerOffer,
    ArrangeRail,
    BlockContact,
    CancelTransfer,
    Command,
    DeleteReply,
    EditReply,
    EndChat,
    HidePost,
    JoinChat,
    LeaveChat,
    LikePost,
    MergeContacts,
    MergeConversations,
    RemoveView,
    ReportPost,
    RetryAccount,
    SaveView,
    SendReply,
    SendTranscript,
    SetAvailability,
    TakeOver,
    Transfer,
    UnmergeContacts,
    UnmergeConversations,
    WatchChat,
)

MERGING = "merging"
"""This server knows the commands that merge and part."""

RETRY_ACCOUNT = "retry_account"
"""The same for the command that has a channel tried again."""

VIEWS = "views"
"""The same for those that save lists and arrange the rail."""

AVAILABILITY = "availability"
"""The same for the command that says whether a person is available."""

END_CHAT = "end_chat"
"""The same for the command that ends a chat."""

OFFERS = "offers"
"""The same for the command that answers an offer."""

BLOCK = "block"
"""The same for the command that blocks a customer."""

SUPERVISE = "supervise"
"""The same for whispers, and for the commands with which supervisors watch, join and take over chats."""

TRANSFER = "transfer"
"""The same for the commands that hand a conversation over."""

TRANSCRIPTS = "transcripts"
"""The same for the command that sends a copy of a chat."""

EXTRAS = "extras"
"""The same for replies that offer answers or cards."""

REVISING = "revising"
"""The same for those that change or take back what was sent."""

POSTS = "posts"
"""The same for replies to posts that say who may read them, or describe their files."""

ACTS = "acts"
"""The same for those that like, hide and report posts of networks."""

NEEDED: Mapping[type[Command], str] = {
    MergeConversations: MERGING,
    UnmergeConversations: MERGING,
    MergeContacts: MERGING,
    UnmergeContacts: MERGING,
    RetryAccount: RETRY_ACCOUNT,
    SaveView: VIEWS,
    RemoveView: VIEWS,
    ArrangeRail: VIEWS,
    SetAvailability: AVAILABILITY,
    EndChat: END_CHAT,
    AnswerOffer: OFFERS,
    BlockContact: BLOCK,
    Transfer: TRANSFER,
    CancelTransfer: TRANSFER,
    SendTranscript: TRANSCRIPTS,
    EditReply: REVISING,
    DeleteReply: REVISING,
    LikePost: ACTS,
    HidePost: ACTS,
    ReportPost: ACTS,
    WatchChat: SUPERVISE,
    JoinChat: SUPERVISE,
    LeaveChat: SUPERVISE,
    TakeOver: SUPERVISE,
}

COMMANDS = tuple(sorted({*NEEDED.values(), EXTRAS, POSTS}))
"""What this server names for the sake of commands."""


def needed(command: Command) -> str:
    """Return what a server must have named in ``can`` before it is sent a command; empty: nothing."""
    if isinstance(command, AddNote) and command.is_whisper:
        return SUPERVISE
    if isinstance(command, SendReply) and command.extras:
        return EXTRAS
    if isinstance(command, SendReply) and (command.visibility or any(file.alt for file in command.files)):
        return POSTS
    return NEEDED.get(type(command), "")
