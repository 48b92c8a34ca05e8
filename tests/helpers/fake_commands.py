"""What the simple commands change in the world of a fake desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.commands.values import (
    AddNote,
    AnyCommand,
    Assign,
    BlockContact,
    CancelTransfer,
    CheckDelivery,
    ConfirmDelivery,
    DeleteReply,
    EditContact,
    EditReply,
    EndChat,
    EraseContact,
    HidePost,
    JoinChat,
    LeaveChat,
    LikePost,
    MarkContact,
    MarkRead,
    MergeConversations,
    ReportPost,
    RetryDelivery,
    SendReply,
    SetAvailability,
    SetPriority,
    SetStatus,
    SetTags,
    TakeOver,
    Transfer,
    UnmergeConversations,
)
from agentdesk.domain.party import Party
from agentdesk.domain.revising import after_deletion, after_edit
from agentdesk.queries.rows import AttachmentRow, EventRow, MentionedRow, MergedRow, MessageRow, UserRow
from agentdesk.sync.desk import Changes
from tests.helpers.sample_acts import Act, act_on_post
from tests.helpers.sample_world import World


def apply_command(world: World, me: UserRow | None, command: AnyCommand, *, held: bool) -> Changes:
    """Do ``command`` in ``world`` and return what changed; a held reply is shown as held."""
    match command:
        case Assign(conversation_id=id_, assignee_id=user_id):
            name = world.users[user_id].name if user_id else ""
            _event(world, id_, "assigned", me, assignee_id=str(user_id) if user_id else None, assignee=name)
            return _head(world, id_, assignee_id=user_id, assignee_name=name)
        case SetStatus(conversation_id=id_, status=status, snoozed_until=until):
            shown = {"until": until.isoformat()} if until else {}
            _event(world, id_, "status", me, status=status, **shown)
            return _head(world, id_, status=status, snoozed_until=until)
        case SetPriority(conversation_id=id_, priority=priority):
            return _head(world, id_, priority=priority)
        case SetTags(conversation_id=id_, tags=tags):
            return _head(world, id_, tags=tags)
        case MarkRead(conversation_id=id_, unread=unread):
            return _head(world, id_, unread=unread)
        case SetAvailability(state=state, back_at=back_at) if me is not None:
            world.choose(me.id, state=state, back_at=back_at, status_id=command.status_id)
            return {"availability": {me.id}}
        case MergeConversations(conversation_id=id_, joined_ids=joined):
            return _merge(world, me, id_, joined)
        case UnmergeConversations(conversation_id=id_, joined_ids=joined):
            return _part(world, me, id_, joined)
        case SendReply():
            return _reply(world, me, command, "held" if held else "queued")
        case AddNote():
            return _note(world, me, command)
        case RetryDelivery(message_id=id_):
            return _message(world, id_, delivery="queued", delivery_detail=None)
        case ConfirmDelivery(message_id=id_):
            return _message(world, id_, delivery="sent", delivery_detail=None)
        case CheckDelivery(message_id=id_):
            return _message(world, id_, delivery="verify")
        case EditReply() | DeleteReply() | LikePost() | HidePost() | ReportPost():
            return _revise(world, command)
        case EditContact(contact_id=id_, fields=fields):
            return _contact(world, id_, **fields)
        case MarkContact(contact_id=id_):
            marks = {"sensitive": command.sensitive, "legal_hold": command.legal_hold}
            return _contact(world, id_, **{name: mark for name, mark in marks.items() if mark is not None})
        case BlockContact(contact_id=id_, blocked=blocked):
            return _contact(world, id_, blocked=blocked)
        case Transfer() | CancelTransfer():
            return _transfer(world, me, command)
        case EndChat() | JoinChat() | LeaveChat() | TakeOver():
            return _in_chat(world, me, command)
        case EraseContact(contact_id=id_):
            return _contact(world, id_, name="", notes="", identities=(), erased_at=clock.now())
    return {}


def _revise(world: World, command: Act) -> Changes:
    row, now = world.messages[command.message_id], clock.now()
    if row.post is not None or isinstance(command, LikePost | HidePost | ReportPost):
        return act_on_post(world, command)
    if isinstance(command, DeleteReply):
        return _message(world, row.id, text="", html="", revision=after_deletion(now))
    revision = after_edit(row.revision, row.text, row.created_at, now)
    return _message(world, row.id, text=command.text, html="", revision=revision)


def _in_chat(world: World, me: UserRow | None, command: EndChat | JoinChat | LeaveChat | TakeOver) -> Changes:
    id_ = command.conversation_id
    if isinstance(command, EndChat):
        _event(world, id_, "ended", me)
        return _head(world, id_, status="resolved")
    if not isinstance(command, TakeOver):
        _event(world, id_, "joined" if isinstance(command, JoinChat) else "left", me)
        return _head(world, id_)
    assert me is not None
    old, new = world.conversations[id_], world.users[command.back_to or me.id]
    taken = {"taken_from_id": str(old.assignee_id), "taken_from": old.assignee_name}
    _event(world, id_, "assigned", me, assignee_id=str(new.id), assignee=new.name, **taken)
    return _head(world, id_, assignee_id=new.id, assignee_name=new.name)


def _head(world: World, id_: UUID, **values: Any) -> Changes:
    row = world.conversations[id_]
    world.conversations[id_] = msgspec.structs.replace(row, ver=row.ver + 1, **values)
    return {"conversation": {id_}, "event": set()}


def _transfer(world: World, me: UserRow | None, command: Transfer | CancelTransfer) -> Changes:
    id_ = command.conversation_id
    if isinstance(command, CancelTransfer):
        return _head(world, id_, asked_id=None, asked_name="")
    user_id = command.user_id
    name = world.users[user_id].name if user_id else ""
    step = "moved" if command.inbox_id else "asked" if command.ask else "returned"
    _event(world, id_, "transfer", me, step=step, person=name)
    if command.ask:
        return _head(world, id_, asked_id=user_id, asked_name=name)
    inbox_id = command.inbox_id or world.conversations[id_].inbox_id
    return _head(world, id_, assignee_id=user_id, assignee_name=name, inbox_id=inbox_id)


def _contact(world: World, id_: UUID, **values: Any) -> Changes:
    row = world.contacts[id_]
    world.contacts[id_] = msgspec.structs.replace(row, ver=row.ver + 1, **values)
    return {"contact": {id_}}


def _merge(world: World, me: UserRow | None, id_: UUID, joined: tuple[UUID, ...]) -> Changes:
    changes: Changes = {"message": set()}
    for one in joined:
        row = world.conversations[one]
        world.merged[one] = row, id_
        for message in [m for m in world.messages.values() if m.conversation_id == one]:
            world.homes[message.id] = one
            changes["message"].add(message.id)
            world.messages[message.id] = msgspec.structs.replace(message, conversation_id=id_)
        _event(world, id_, "merged", me, conversation_id=str(one), number=row.number, subject=row.subject)
        merged = (*world.conversations[id_].merged, MergedRow(id=one, number=row.number, subject=row.subject))
        _head(world, one, status="merged")
        changes |= _head(world, id_, merged=merged)
    return changes | {"conversation": {id_, *joined}}


def _part(world: World, me: UserRow | None, id_: UUID, joined: tuple[UUID, ...]) -> Changes:
    for one in joined:
        world.conversations[one], _into = world.merged.pop(one)
        for message_id in [message_id for message_id, home in world.homes.items() if home == one]:
            message = world.messages[message_id]
            world.messages[message_id] = msgspec.structs.replace(message, conversation_id=one)
        _undo_merge_lines(world, id_, one)
        _event(world, id_, "unmerged", me, number=world.conversations[one].number)
        left = tuple(row for row in world.conversations[id_].merged if row.id != one)
        _head(world, id_, merged=left)
    return {"conversation": {id_, *joined}, "message": set(world.homes)}


def _undo_merge_lines(world: World, id_: UUID, joined: UUID) -> None:
    for row in [row for row in world.events.values() if row.conversation_id == id_ and row.kind == "merged"]:
        if row.data.get("conversation_id") == str(joined):
            world.events[row.id] = msgspec.structs.replace(row, data={**row.data, "undone": True})


def _message(world: World, id_: UUID, **values: Any) -> Changes:
    row = world.messages[id_]
    world.messages[id_] = msgspec.structs.replace(row, ver=row.ver + 1, **values)
    return {"message": {id_}, "conversation": {row.conversation_id}}


def _event(world: World, id_: UUID, kind: str, me: UserRow | None, **data: Any) -> None:
    row = EventRow(
        id=world.new_id(),
        conversation_id=id_,
        kind=kind,
        author="user",
        user_id=me.id if me else None,
        user_name=me.name if me else "",
        data=data,
        created_at=clock.now(),
    )
    world.events[row.id] = row


def _reply(world: World, me: UserRow | None, command: SendReply, delivery: str) -> Changes:
    head = world.conversations[command.conversation_id]
    row = _written(world, me, command, "message", subject=command.subject or head.subject, delivery=delivery)
    row = msgspec.structs.replace(
        row,
        sender=Party("email", head.account_address),
        to=command.to,
        cc=command.cc,
        bcc=command.bcc,
        html=command.html,
    )
    world.messages[row.id] = row
    changes = _head(
        world,
        head.id,
        last_message_id=row.id,
        last_message_at=row.created_at,
        preview=row.text[:200],
        waiting_since=None,
        **({"status": command.then_status} if command.then_status else {}),
    )
    return {**changes, "message": {row.id}}


def _note(world: World, me: UserRow | None, command: AddNote) -> Changes:
    row = _written(world, me, command, "note", subject="", delivery="")
    meant = tuple(MentionedRow(kind=one.kind, id=one.id, name=one.name) for one in command.mentions)
    row = msgspec.structs.replace(row, mentions=meant)
    world.messages[row.id] = row
    return {"message": {row.id}, "timeline": {command.conversation_id}}


def _written(
    world: World, me: UserRow | None, command: SendReply | AddNote, kind: str, *, subject: str, delivery: str
) -> MessageRow:
    files = tuple(
        AttachmentRow(
            id=file.id,
            message_id=command.message_id,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            blob=file.blob,
            content_id="",
            inline=False,
            note="",
        )
        for file in command.files
    )
    return MessageRow(
        id=command.message_id,
        ver=1,
        conversation_id=command.conversation_id,
        kind=kind,
        direction="out",
        author="user",
        author_id=me.id if me else None,
        author_name=me.name if me else "",
        sender=None,
        to=(),
        cc=(),
        bcc=(),
        reply_to=(),
        subject=subject,
        text=command.text,
        html="",
        quoted_text="",
        quoted_html="",
        external_id="",
        reason={},
        automatic="no",
        remote_images=0,
        protection="",
        warnings=(),
        delivery=delivery,
        delivery_detail=None,
        delivery_at=clock.now(),
        has_original=False,
        sent_at=clock.now(),
        created_at=clock.now(),
        attachments=files,
    )
