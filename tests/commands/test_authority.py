"""Who may do what: every command has a rule, the rule is kept, and a person can differ from the role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args
from uuid import UUID

import pytest
from tests.helpers.fake_world import FakeWorld

from agentdesk.base.ids import new_id
from agentdesk.commands import authority, registry
from agentdesk.commands.context import Actor, Refusal
from agentdesk.commands.values import (
    AddNote,
    AnyCommand,
    Assign,
    BlockContact,
    Command,
    EditContact,
    Mention,
    RetryAccount,
    SaveTemplate,
    SaveView,
    ViewQuery,
)
from agentdesk.domain.authority import Permission, grant, is_permitted, permissions
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server import people
from agentdesk.server.auth import Authenticator

MARIA, JONAS, TALK = new_id(), new_id(), new_id()


def somebody(role: Role = Role.AGENT, **exceptions: bool) -> Actor:
    return Actor(Author.USER, MARIA, role, None, exceptions)


def giving(to: UUID | None, seen: UUID | None = None) -> Assign:
    return Assign(conversation_id=TALK, assignee_id=to, seen_assignee_id=seen)


EDITING = EditContact(contact_id=new_id(), fields={})
SAVING = SaveTemplate(template_id=new_id(), name="a", shortcut="a", language="en", body="a")
NEEDS: dict[Permission, Command] = {
    Permission.ASSIGN_OTHERS: giving(JONAS),
    Permission.BLOCK: BlockContact(contact_id=new_id()),
    Permission.EDIT_CONTACTS: EDITING,
    Permission.EDIT_TEMPLATES: SAVING,
    Permission.SHARE_VIEWS: SaveView(
        view_id=new_id(), name="a", icon="flag", query=ViewQuery(kind="all"), shared=True
    ),
    Permission.SUPERVISE: AddNote(
        message_id=new_id(), conversation_id=TALK, text="a", mentions=(Mention("whisper", JONAS, "Jonas"),)
    ),
    Permission.RETRY_CHANNELS: RetryAccount(account_id=new_id()),
}


def test_every_command_has_a_rule_and_a_handler() -> None:
    commands = set(get_args(AnyCommand))
    assert set(authority.RULES) == commands
    assert set(registry._HANDLERS) == commands


def test_a_command_without_a_rule_is_refused() -> None:
    class Unheard(Command, frozen=True):
        pass

    with pytest.raises(Refusal) as refused:
        authority.check(somebody(Role.ADMIN), Unheard())
    assert refused.value.code == "invalid"


def test_every_permission_has_its_sentence() -> None:
    sentences = {authority.refusal(one).message for one in Permission}
    assert len(sentences) == len(Permission)


@pytest.mark.parametrize(("permission", "command"), NEEDS.items())
def test_who_lacks_the_permission_is_refused_in_a_sentence(permission: Permission, command: Command) -> None:
    denied, given = ({permission.value: value} for value in (False, True))
    for role in Role:
        authority.check(somebody(role, **given), command)
        with pytest.raises(Refusal) as refused:
            authority.check(somebody(role, **denied), command)
        assert refused.value.code == "not_allowed"
        assert refused.value.message == authority.refusal(permission).message


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        (giving(MARIA), True),
        (giving(None, MARIA), True),
        (giving(JONAS), False),
        (giving(JONAS, MARIA), False),
        (giving(MARIA, JONAS), False),
        (giving(None, JONAS), False),
    ],
)
def test_who_may_not_assign_others_still_takes_and_returns(command: Assign, allowed: bool) -> None:
    actor = somebody(assign_others=False)
    if allowed:
        authority.check(actor, command)
    else:
        with pytest.raises(Refusal):
            authority.check(actor, command)
    authority.check(somebody(), command)


def test_each_role_has_what_the_one_before_it_has() -> None:
    agent, supervisor, admin = (permissions(role, {}) for role in Role)
    assert agent < supervisor < admin == frozenset(Permission)


def test_what_the_role_says_anyway_is_no_exception() -> None:
    denied = grant(Role.AGENT, {}, Permission.MERGE, False)
    assert denied == {"merge": False}
    assert grant(Role.AGENT, denied, Permission.MERGE, True) == {}
    both = grant(Role.AGENT, denied, Permission.EXPORT, True)
    assert both == {"merge": False, "export": True}
    assert permissions(Role.AGENT, both) == {
        Permission.ASSIGN_OTHERS,
        Permission.BLOCK,
        Permission.EDIT_CONTACTS,
        Permission.EXPORT,
        Permission.HISTORY,
    }
    assert not is_permitted(Role.AGENT, {"of_a_newer_version": True}, Permission.ERASE)


async def test_the_server_keeps_what_a_person_was_given_and_denied(world: FakeWorld) -> None:
    token = await Authenticator(world.db).issue("session", "desk", world.user_id)
    core = world.core()

    async def answers(command: Any) -> str:
        actor = await Authenticator(world.db).user_for(token)
        assert actor is not None
        return (await world.do(core, command, actor)).code

    assert await answers(SAVING) == "not_allowed"
    await people.set_permission(world.db, "MARIA@desk.example", Permission.EDIT_TEMPLATES, True)
    assert await answers(SAVING) == ""
    await people.set_permission(world.db, "maria@desk.example", Permission.EDIT_CONTACTS, False)
    assert await answers(EDITING) == "not_allowed"
    (maria,) = await people.list_people(world.db)
    own = permissions(Role.AGENT, {})
    assert maria.permissions == own - {Permission.EDIT_CONTACTS} | {Permission.EDIT_TEMPLATES}
    assert (await world.do(core, EDITING, replace(world.maria, exceptions={}))).code == "gone"
