"""Answering posts: what the composer says of an answer while it is written, and the switch to private."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import number_text
from agentdesk.desktop.views.composer_answer import PostAnswer
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_content import ComposerContent
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.composer_readers import Reading
from agentdesk.desktop.views.composer_strips import ComposerStrip
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.widgets.announce import announce
from agentdesk.domain.abilities import Abilities, abilities_of
from agentdesk.domain.posts import Visibility, post_of
from agentdesk.domain.revealing import personal_in
from agentdesk.queries.rows import AccountRow, ContactDetail, ConversationRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["ComposerPosting"]

_MINUTE_MS = 30_000
"""How often the time that is left is told anew."""


class ComposerPosting(QObject):
    """``touched`` is called when it has changed what is being written."""

    def __init__(
        self,
        desk: DeskPort,
        box: ComposerBox,
        strip: ComposerStrip,
        content: ComposerContent,
        touched: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._desk, self._box, self._strip = desk, box, strip
        self._content, self._touched = content, touched
        self._tasks = tasks_of(self, "answering posts")
        self._abilities: Abilities | None = None
        self._followers: int | None = None
        self._here: UUID | None = None
        self._meant: str | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_MINUTE_MS)
        for changed in (self._timer.timeout, box.typed, box.way_changed, box.mode_changed):
            changed.connect(self.refresh)
        box.reply_text.textChanged.connect(self.refresh)
        box.readers.pressed.connect(self._on_offer)
        box.file_row.described.connect(self._on_described)

    # --- what is known ---

    def open(self, head: ConversationRow, accounts: Sequence[AccountRow]) -> None:
        """Belong to a conversation from now on."""
        self._here, self._followers, self._meant = head.id, None, None
        account = next((row for row in accounts if row.id == head.account_id), None)
        self._abilities = abilities_of(account.abilities) if account is not None else None
        self.refresh()
        if head.visibility is not None:
            self._tasks.start(self._look_up(head), "look up the reach")

    def on_changes(self, changes: Changes) -> None:
        """Follow what accounts can do."""
        context = self._content.context
        told = not changes or "account" in changes or "account_state" in changes
        if told and context is not None and context.visibility is not None:
            self._tasks.start(self._learn(context.head), "look up abilities")

    def answer(self) -> PostAnswer | None:
        """The answer that is being written; None where it answers no post that is known here."""
        context = self._content.context
        if context is None or context.head.id != self._here:
            return None
        row, post = context.answered_row, context.answered_post
        visibility = self._content.visibility(context)
        if row is None or post is None or visibility is None:
            return None
        return PostAnswer(
            post,
            visibility,
            context.head.channel,
            self._abilities,
            context.head.contact_name,
            self._followers,
            _given(context, row.external_id),
        )

    def problem(self) -> Msg | None:
        """Say why the answer cannot be sent as it stands."""
        answer = self.answer()
        if answer is None:
            return None
        return answer.why_not(self._box.reply_text.plain(), self._box.files("reply"), clock.now())

    def may_send(self) -> bool:
        """Whether nothing that the network would refuse is in the way; what is, is told."""
        problem = self.problem()
        if problem is not None:
            self._strip.tell_problem(problem)
        return problem is None and not self._reveals()

    def mean_it(self) -> None:
        """The text is to be published as it is, whatever it seems to tell."""
        self._meant = self._box.reply_text.plain()

    def _reveals(self) -> bool:
        """Whether others could read something that belongs to one person; then it is asked about first."""
        answer, text = self.answer(), self._box.reply_text.plain()
        if answer is None or answer.visibility is Visibility.PRIVATE or text == self._meant:
            return False
        found = personal_in(text)
        if found is not None:
            self._strip.tell_revealing(found, private=answer.as_private().closed(clock.now()) is None)
        return found is not None

    def refresh(self) -> None:
        """Say anew what is known of the answer."""
        box, answer = self._box, self.answer() if self._box.mode == "reply" else None
        if answer is None:
            self._timer.stop()
            box.foot.counter.show_length(0, None)
            box.facts.show_facts(())
            box.file_row.set_described(0)
            box.set_reading(Reading(), None)
            box.reply_text.mark_from(None)
            return
        if answer.post.way(answer.visibility).until is not None and not self._timer.isActive():
            self._timer.start()
        text, now = box.reply_text.plain(), clock.now()
        box.foot.counter.show_length(answer.length(text), answer.most)
        fitting = answer.fitting(text)
        box.reply_text.mark_from(fitting if fitting < len(text) else None)
        closed = answer.closed(now)
        box.facts.show_facts(() if closed is not None else answer.facts(text, now))
        box.file_row.set_described(answer.files.alt if answer.files is not None else 0)
        box.set_reading(self._reading(answer, closed), answer.why_not(text, box.files("reply"), now))

    # --- who reads it ---

    def switch(self) -> None:
        """From public to private, or back; where that cannot be, say why. The text stays."""
        answer = self.answer()
        if answer is None or self._box.mode != "reply":
            self._strip.tell_problem(msg("There is nothing here that others could read."))
            return
        if answer.is_narrowed:
            self._choose(None)
            return
        if answer.visibility is Visibility.PRIVATE:
            self._strip.tell_problem(msg("The customer wrote in private. Answers are never wider than that."))
            return
        why = answer.as_private().closed(clock.now())
        if why is not None:
            self._strip.tell_problem(msg("This cannot be answered in private."), why)
            return
        self._choose(Visibility.PRIVATE)

    def _choose(self, visibility: Visibility | None) -> None:
        self._strip.calm()
        self._content.choose(visibility)
        self._touched()
        announce(self._box, self._box.text.accessibleName())
        self._box.text.setFocus()

    def _reading(self, answer: PostAnswer, closed: Msg | None) -> Reading:
        """What is said of who reads it, and which other ways there are."""
        now = clock.now()
        private = answer.as_private()
        narrower = answer.visibility is not Visibility.PRIVATE and private.closed(now) is None
        offers: list[tuple[str, Msg]] = []
        if narrower:
            offers.append(("private", msg("Answer in private")))
        if answer.is_narrowed:
            public = answer.post.visibility is Visibility.PUBLIC
            offers.append(("wide", msg("Answer in public") if public else msg("Answer for followers")))
        if closed is not None:
            offers.append(("note", msg("Add a note")))
            return Reading(closed, _remedy(answer, narrower=narrower), tuple(offers), closed=True)
        if answer.is_narrowed and answer.visibility is Visibility.PRIVATE:
            return Reading(
                msg("Only {name} can read this.", name=answer.name),
                msg("What comes back may begin a conversation of its own."),
                tuple(offers),
            )
        return Reading(offers=tuple(offers))

    def _on_offer(self, key: str) -> None:
        if key in ("private", "wide"):
            self.switch()
        elif key == "note":
            self._box.set_mode("note")
            self._box.text.setFocus()

    # --- files ---

    def file_refused(self, name: str, media_type: str, size: int) -> Msg | None:
        """Say why a file cannot go with the answer; asked before it is taken in."""
        answer = self.answer() if self._box.mode == "reply" else None
        if answer is None:
            return None
        return answer.file_refused(name, media_type, size, len(self._box.files("reply")))

    def _on_described(self, file_id: UUID) -> None:
        self._tasks.start(self.describe(file_id), "describe")

    async def describe(self, file_id: UUID) -> None:
        """Ask for the description of a picture, until it is short enough or given up."""
        answer = self.answer()
        file = next((one for one in self._box.files("reply") if one.id == file_id), None)
        if file is None or answer is None or answer.files is None:
            return
        most, given, hint = answer.files.alt, file.alt, _ALT_HINT
        while True:
            title = msg("Describe {name}", name=visible(file.name))
            found = await ask.passage(self._box, title, hint, msg("Keep it"), value=given)
            if found is None or not is_alive(self):
                return
            given = found.strip()
            if len(given) <= most:
                break
            hint = msg(
                "The description is too long: {length} of {most}.",
                length=number_text(len(given)),
                most=number_text(most),
            )
        described = msgspec.structs.replace(file, alt=given)
        files = [described if one.id == file_id else one for one in self._box.files("reply")]
        self._box.set_files(files, "reply")
        self._touched()

    # --- inside ---

    async def _look_up(self, head: ConversationRow) -> None:
        contact = await self._desk.contact(head.contact_id)
        if is_alive(self) and self._here == head.id:
            self._followers = _followers(contact, self._content.context)
            self.refresh()

    async def _learn(self, head: ConversationRow) -> None:
        accounts = await self._desk.accounts()
        if is_alive(self) and self._here == head.id:
            account = next((row for row in accounts if row.id == head.account_id), None)
            self._abilities = abilities_of(account.abilities) if account is not None else None
            self.refresh()


_ALT_HINT = msg("For people who cannot see it: what does it show?")


def _remedy(answer: PostAnswer, *, narrower: bool) -> Msg:
    """What is still possible where no answer goes this way."""
    if narrower:
        return msg("It can still be answered in private. Your text is kept.")
    if answer.post.way(answer.visibility).until is not None:
        return msg("It opens again when {name} writes. Your text is kept.", name=answer.name)
    return msg("Your text is kept. Your team sees notes.")


def _given(context: Context, external_id: str) -> frozenset[Visibility]:
    """In which ways the post ``external_id`` was answered already."""
    found = set()
    for row in context.messages:
        post = post_of(row.post) if row.direction == "out" and row.delivery != "failed" else None
        if post is not None and post.parent and post.parent == external_id:
            found.add(post.visibility)
    return frozenset(found)


def _followers(contact: ContactDetail | None, context: Context | None) -> int | None:
    """How many follow the one who is answered."""
    row = context.answered_row if context is not None else None
    if contact is None or row is None or row.sender is None:
        return None
    for one in contact.identities:
        if (one.kind, one.value) == (row.sender.kind, row.sender.value):
            count = (one.profile or {}).get("followers")
            return count if isinstance(count, int) else None
    return None
