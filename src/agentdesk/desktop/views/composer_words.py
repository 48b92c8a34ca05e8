"""What the composer says of what is being written: who will read it, and what its button does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.domain.chat import CHANNEL, EMAIL
from agentdesk.domain.posts import Visibility

__all__ = ["Mode", "Writing"]

Mode = Literal["reply", "note"]


@dataclass(frozen=True, slots=True)
class Writing:
    """A note, a whisper to ``whisper``, or a reply by ``channel``, that of a network in a ``visibility``.

    ``goes_later``: there is no connection. ``one_of_two``: the conversation goes on in a chat and by email.
    """

    mode: Mode = "reply"
    channel: str = EMAIL
    visibility: Visibility | None = None
    whisper: str = ""
    goes_later: bool = False
    one_of_two: bool = False

    @property
    def is_post(self) -> bool:
        """Whether it is a reply on a network: text alone, to whom it answers."""
        return self.mode == "reply" and self.visibility is not None

    @property
    def is_chat(self) -> bool:
        """Whether it goes to a visitor who is there."""
        return self.channel == CHANNEL

    @property
    def is_seen_by_others(self) -> bool:
        """Whether more people than the customer and the team can read it."""
        return self.is_post and self.visibility is not Visibility.PRIVATE

    def look(self) -> tuple[str, str, str]:
        """The colour roles of the box: its fill, its line, and the thick line at its top."""
        if self.mode == "note":
            return "note.tint", "note.line", "note.fill"
        if self.is_seen_by_others:
            return "bg.canvas", "public.line", "public.text"
        return "bg.canvas", "line.strong", ""

    def warning(self) -> Msg | None:
        """Who else will read it."""
        if not self.is_seen_by_others:
            return None
        if self.visibility is Visibility.LIMITED:
            return msg("Followers can read this too. Keep order numbers and addresses private.")
        return msg(
            "Everyone on {network} can read this. Keep order numbers and addresses private.",
            network=self._network(),
        )

    def spoken_name(self) -> Msg:
        """What a screen reader calls the text."""
        if self.mode == "note":
            whisper = msg("Whisper to {name}, only your team", name=self.whisper)
            return whisper if self.whisper else msg("Internal note")
        if self.visibility is not None:
            return self._spoken_post()
        return msg("Reply in the chat") if self.channel == CHANNEL else msg("Reply by email, private")

    def button(self) -> Msg:
        """What pressing the button does."""
        if self.mode == "note":
            return msg("Whisper") if self.whisper else msg("Add note")
        if self.goes_later:
            return msg("Send later")
        if self.visibility is not None:
            return _BUTTONS[self.visibility]
        if self.one_of_two:
            return msg("Send in the chat") if self.channel == CHANNEL else msg("Send by email")
        return msg("Send")

    def button_icon(self) -> str:
        """The sign on the button."""
        if self.mode == "note":
            return "lock"
        return _SIGNS.get(self.visibility, "")

    def _spoken_post(self) -> Msg:
        network = self._network()
        if self.visibility is Visibility.PUBLIC:
            return msg("Public reply on {network}", network=network)
        if self.visibility is Visibility.LIMITED:
            return msg("Reply on {network}, followers can read it", network=network)
        return msg("Private message on {network}", network=network)

    def _network(self) -> str:
        return tr(channel_name(self.channel))


_BUTTONS = {
    Visibility.PUBLIC: msg("Reply publicly"),
    Visibility.LIMITED: msg("Reply to followers"),
    Visibility.PRIVATE: msg("Send message"),
}
_SIGNS: dict[Visibility | None, str] = {Visibility.PUBLIC: "globe", Visibility.LIMITED: "users"}
