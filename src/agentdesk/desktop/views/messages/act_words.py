"""What can be done with a post besides answering it, in words: buttons, how far it is, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import time_text
from agentdesk.desktop.views.messages.post_words import shortened
from agentdesk.domain.abilities import Abilities, Act, act_refused, edit_refused
from agentdesk.domain.acts import DONE, FAILED, ActState
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.posts import Post
from agentdesk.domain.revising import is_deleted
from agentdesk.queries.rows import MessageRow

__all__ = ["ACT_ICONS", "ActButton", "ActLine", "act_buttons", "act_event", "act_lines"]

_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_IN_DOUBT = (DeliveryState.VERIFY, DeliveryState.UNCERTAIN)

ACT_ICONS: Mapping[str, str] = {
    Act.LIKE: "heart",
    Act.HIDE: "eye-off",
    Act.REPORT: "flag",
    Act.EDIT: "pencil",
    Act.DELETE: "trash-2",
}
_WAITING: Mapping[tuple[Act, bool], Msg] = {
    (Act.LIKE, True): msg("Waiting to be liked"),
    (Act.LIKE, False): msg("Waiting for the like to be taken back"),
    (Act.HIDE, True): msg("Waiting to be hidden from others"),
    (Act.HIDE, False): msg("Waiting to be shown again"),
    (Act.REPORT, True): msg("Waiting to be reported"),
    (Act.DELETE, True): msg("Waiting to be deleted"),
}
_FAILED: Mapping[tuple[Act, bool], Msg] = {
    (Act.LIKE, True): msg("It could not be liked."),
    (Act.LIKE, False): msg("The like could not be taken back."),
    (Act.HIDE, True): msg("It could not be hidden."),
    (Act.HIDE, False): msg("It could not be shown again."),
    (Act.REPORT, True): msg("It could not be reported."),
    (Act.EDIT, True): msg("It could not be changed."),
    (Act.DELETE, True): msg("It could not be deleted."),
}


@dataclass(frozen=True, slots=True)
class ActButton:
    """A button: what it does (``key``), its icon, its spoken name, and whether that is done already."""

    key: Act
    icon: str
    name: Msg
    on: bool = False


@dataclass(frozen=True, slots=True)
class ActLine:
    """How far an act is. ``again``: it failed, and can be tried again. ``words`` are the network's own."""

    act: Act
    icon: str
    role: str
    text: Msg
    again: bool = False
    words: str = ""


def act_buttons(
    row: MessageRow, post: Post, abilities: Abilities | None, now: datetime
) -> tuple[ActButton, ...]:
    """Return what can be done with a post by its account at ``now``."""
    if is_deleted(row.revision) or row.kind != "message" or post.waits_for(Act.DELETE):
        return ()
    ours = row.direction == "out"
    can = [act for act in Act if post.can_be(act, ours=ours) and act_refused(abilities, act) is None]
    sent = row.delivery in _OUT
    sent_at = row.sent_at or row.created_at
    if Act.EDIT in can and (
        not sent or edit_refused(abilities, sent_at, post.visibility, "", now) is not None
    ):
        can.remove(Act.EDIT)
    if Act.DELETE in can and not (sent or row.delivery in _IN_DOUBT):
        can.remove(Act.DELETE)
    if Act.REPORT in can and Act.REPORT in post.acts and not post.failed_at(Act.REPORT):
        can.remove(Act.REPORT)
    order = (Act.LIKE, Act.HIDE, Act.REPORT, Act.EDIT, Act.DELETE)
    return tuple(_button(act, post) for act in order if act in can)


def _button(act: Act, post: Post) -> ActButton:
    match act:
        case Act.LIKE:
            name = msg("Take the like back") if post.liked else msg("Like")
            return ActButton(act, ACT_ICONS[act], name, post.liked)
        case Act.HIDE:
            if post.hidden:
                return ActButton(act, "eye", msg("Show to others again"), on=True)
            return ActButton(act, ACT_ICONS[act], msg("Hide from others"))
        case Act.REPORT:
            return ActButton(act, ACT_ICONS[act], msg("Report to the network…"))
        case Act.EDIT:
            return ActButton(act, ACT_ICONS[act], msg("Change at the network…"))
        case Act.DELETE:
            return ActButton(act, ACT_ICONS[act], msg("Delete at the network…"))


def act_lines(post: Post) -> tuple[ActLine, ...]:
    """Return what is to be said of acts on a post."""
    lines = [_line(act, post.acts[act]) for act in Act if act in post.acts]
    if post.hidden and Act.HIDE not in post.acts:
        lines.append(ActLine(Act.HIDE, ACT_ICONS[Act.HIDE], "text.muted", msg("Hidden from others")))
    return tuple(lines)


def _line(act: Act, state: ActState) -> ActLine:
    if state.state == DONE:
        return ActLine(act, ACT_ICONS[act], "text.muted", msg("Reported {time}", time=time_text(state.at)))
    if state.state == FAILED:
        said = _FAILED.get((act, state.on), _FAILED[act, True])
        text = said if state.why is None else msg("{what} {reason}", what=said, reason=state.why)
        return ActLine(act, "circle-alert", "bad.text", text, True, state.words)
    if act is Act.EDIT:
        said = msg("Waiting to be changed to “{text}”", text=shortened(state.text))
    else:
        said = _WAITING.get((act, state.on), _WAITING[act, True])
    if state.why is None:
        return ActLine(act, "clock", "text.muted", said)
    return ActLine(act, "clock", "warn.text", msg("{what}: {reason}", what=said, reason=state.why))


def act_event(data: Mapping[str, Any], who: str) -> Msg:
    """Return the line of an event: who did what with a post, or could not."""
    if data.get("state") == FAILED:
        return _failed_event(data)
    who = who or "?"
    match data.get("act"), bool(data.get("on", True)):
        case "like", True:
            return msg("{who} liked a post", who=who)
        case "like", False:
            return msg("{who} took a like back", who=who)
        case "hide", True:
            return msg("{who} hid a post from others", who=who)
        case "hide", False:
            return msg("{who} showed a post to others again", who=who)
        case "report", _:
            return msg("{who} reported a post to the network", who=who)
        case "edit", _:
            return msg("{who} changed a post", who=who)
        case "delete", _:
            return msg("{who} deleted a post", who=who)
    return msg("{who} changed something", who=who)


def _failed_event(data: Mapping[str, Any]) -> Msg:
    match data.get("act"):
        case "like":
            return msg("A like was refused by the network")
        case "hide":
            return msg("Hiding a post was refused by the network")
        case "report":
            return msg("A report was refused by the network")
        case "edit":
            return msg("Changing a post was refused by the network")
        case "delete":
            return msg("Deleting a post was refused by the network")
    return msg("Something was refused by the network")
