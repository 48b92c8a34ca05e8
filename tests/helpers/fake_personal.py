"""What the desk of the tests keeps for one person: lists they saved, and chats they are asked to take."""

from __future__ import annotations

from uuid import UUID

import msgspec

from agentdesk.commands.values import AnswerOffer, AnyCommand, ArrangeRail, Assign, RemoveView, SaveView
from agentdesk.queries.rows import (
    SavedViewRow,
    UserRow,
)
from agentdesk.queries.team_rows import OfferRow
from agentdesk.sync.desk import Changes
from tests.helpers.fake_commands import apply_command
from tests.helpers.sample_world import World

__all__ = ["OfferedChats", "SavedLists"]


class SavedLists:
    """``saved`` are the lists, ``removed`` those that were taken away, ``rail`` the order of the rail."""

    _me: UserRow | None
    saved: dict[UUID, SavedViewRow]
    removed: dict[UUID, SavedViewRow]
    rail: tuple[str, ...]

    def begin(self) -> None:
        """There are none yet."""
        self.saved, self.removed, self.rail = {}, {}, ()

    def arrange(self, command: AnyCommand) -> Changes:
        """Save, remove or arrange; returns what has changed."""
        match command:
            case SaveView(view_id=id_):
                owner = None if command.shared or self._me is None else self._me.id
                query = msgspec.to_builtins(command.query)
                self.saved[id_] = SavedViewRow(
                    id=id_,
                    user_id=owner,
                    inbox_id=command.inbox_id,
                    name=command.name,
                    icon=command.icon,
                    query=query,
                )
            case RemoveView(view_id=id_, removed=True):
                self.removed[id_] = self.saved.pop(id_)
            case RemoveView(view_id=id_):
                self.saved[id_] = self.removed.pop(id_)
            case ArrangeRail(keys=keys):
                self.rail = keys
                return {"rail_order": set()}
            case _:
                return {}
        return {"saved_view": {id_}}


class OfferedChats:
    """``offered`` are the chats that this person is asked to take."""

    _me: UserRow | None
    world: World
    offered: dict[UUID, OfferRow]

    async def offers(self) -> list[OfferRow]:
        return list(self.offered.values())

    def answer(self, command: AnyCommand) -> Changes:
        """Take an answer; returns what has changed."""
        if not isinstance(command, AnswerOffer):
            return {}
        self.offered.pop(command.offer_id, None)
        changes: Changes = {"offer": {command.offer_id}}
        if command.accepted and self._me is not None:
            taken = Assign(conversation_id=command.conversation_id, assignee_id=self._me.id)
            changes |= apply_command(self.world, self._me, taken, held=False)
        return changes
