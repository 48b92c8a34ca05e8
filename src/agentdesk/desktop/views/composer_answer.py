"""What is known of an answer to a post while it is being written: who reads it, what it may be, what it
costs, until when it goes. Decided without any widget, with the rules by which the server refuses."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import File
from agentdesk.desktop.locale import date_text, isolate, number_text, q_locale, size_text, time_text, tr
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.domain.abilities import Abilities, Answering, FileLimit, Price, refused
from agentdesk.domain.lengths import length_of
from agentdesk.domain.posts import Post, Visibility, is_wider

__all__ = ["Fact", "PostAnswer", "price_words", "window_words"]

SOON = timedelta(hours=4)
"""How long before its end a window is told of in amber, with what is left of it."""
_LINK = re.compile(r"https?://", re.IGNORECASE)
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to know before sending; ``urgent``: it is to be seen."""

    icon: str
    words: Msg
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """An answer to ``post`` on the network ``channel`` that is read by ``visibility``.

    ``abilities`` are those of its account, where they are known; ``name`` is whom it answers, who has so many
    ``followers``; ``given`` are the ways in which that post was answered already.
    """

    post: Post
    visibility: Visibility
    channel: str
    abilities: Abilities | None = None
    name: str = ""
    followers: int | None = None
    given: frozenset[Visibility] = frozenset()

    @property
    def answering(self) -> Answering | None:
        """How its account answers in this visibility, where that is known."""
        return self.abilities.answering(self.visibility) if self.abilities is not None else None

    @property
    def most(self) -> int | None:
        """How long its text may be; None where that is not known."""
        answering = self.answering
        return answering.text.most if answering is not None and answering.text is not None else None

    @property
    def files(self) -> FileLimit | None:
        """Which files may go with it; None where that is not known."""
        return self.answering.files if self.answering is not None else None

    def length(self, text: str) -> int:
        """How long ``text`` is as its network counts."""
        answering = self.answering
        if answering is None or answering.text is None:
            return 0
        return length_of(unicodedata.normalize("NFC", text), answering.text)

    def fitting(self, text: str) -> int:
        """How many characters from the beginning of ``text`` the network takes."""
        most = self.most
        if most is None or self.length(text) <= most:
            return len(text)
        return bisect_right(range(len(text) + 1), most, key=lambda end: self.length(text[:end])) - 1

    def why_not(self, text: str, files: Sequence[File], now: datetime) -> Msg | None:
        """Say why it cannot be sent, in the words of the server; None where nothing is in the way."""
        closed = self.closed(now)
        if closed is not None:
            return closed
        why = refused(self.abilities, self.post, self.visibility, text, now)
        return why if why is not None else self.files_refused(files)

    def closed(self, now: datetime) -> Msg | None:
        """Say why no answer goes this way, whatever it says."""
        if self.post.way(self.visibility).once and self.visibility in self.given:
            return msg("This was answered already, and the network takes one answer only.")
        return refused(self.abilities, self.post, self.visibility, "", now)

    def file_refused(self, name: str, media_type: str, size: int, others: int) -> Msg | None:
        """Say why a file of ``size`` bytes cannot go with it beside so many ``others``."""
        if self.answering is None:
            return None
        network, limit = tr(channel_name(self.channel)), self.answering.files
        if limit is None or limit.most == 0:
            return msg("{network} takes no files with this answer.", network=network)
        if others >= limit.most:
            return plural(
                "{network} takes {count} file with an answer.",
                "{network} takes {count} files with an answer.",
                limit.most,
                network=network,
            )
        name = visible(name)
        kinds = [most for kind, most in limit.largest.items() if media_type.lower().startswith(kind)]
        if not kinds:
            return msg("{network} does not take files such as {name}.", network=network, name=name)
        if size > max(kinds):
            sizes = {"size": size_text(size), "most": size_text(max(kinds))}
            return msg("{name} is {size}, {network} takes {most}.", name=name, network=network, **sizes)
        return None

    def files_refused(self, files: Sequence[File]) -> Msg | None:
        """Say why ``files`` cannot go with it together."""
        whys = (
            self.file_refused(file.name, file.media_type, file.size, others)
            for others, file in enumerate(files)
        )
        return next((why for why in whys if why is not None), None)

    def as_private(self) -> PostAnswer:
        """The same for nobody else's eyes."""
        return replace(self, visibility=Visibility.PRIVATE)

    def as_wide(self) -> PostAnswer:
        """The same for as many as could read the post."""
        return replace(self, visibility=self.post.visibility)

    @property
    def is_narrowed(self) -> bool:
        """Whether fewer people can read it than the post."""
        return is_wider(self.post.visibility, self.visibility)

    def facts(self, text: str, now: datetime) -> list[Fact]:
        """Return what is to be known before it is sent, the most urgent first."""
        found = []
        way, answering = self.post.way(self.visibility), self.answering
        if way.until is not None and now < way.until:
            soon = way.until - now <= SOON
            found.append(Fact("hourglass", window_words(way.until, now), soon))
        if way.once:
            found.append(Fact("circle-alert", msg("The network takes one answer only")))
        if answering is not None and answering.price is not None:
            found.append(Fact("credit-card", price_words(answering.price, text)))
        if self.visibility is not Visibility.PRIVATE and self.followers:
            number = number_text(self.followers)
            words = plural(
                "{number} person follows {name}",
                "{number} people follow {name}",
                self.followers,
                number=number,
                name=self.name,
            )
            found.append(Fact("users", words))
        if self.post.warning:
            found.append(
                Fact("triangle-alert", msg("Goes out behind “{words}”", words=isolate(self.post.warning)))
            )
        return found


def window_words(until: datetime, now: datetime) -> Msg:
    """Say until when something can be answered; near the end also for how long, roughly."""
    same = until.astimezone().date() == now.astimezone().date()
    when = time_text(until) if same else f"{date_text(until, now)} {time_text(until)}"
    left = until - now
    if left > SOON:
        return msg("Can be answered until {when}", when=when)
    minutes = max(1, int(left.total_seconds() // 60))
    if minutes >= 60:
        hours = minutes // 60
        return plural(
            "Can be answered until {when}, {count} hour left",
            "Can be answered until {when}, {count} hours left",
            hours,
            when=when,
        )
    coarse = minutes if minutes < 10 else minutes // 5 * 5
    return plural(
        "Can be answered until {when}, {count} minute left",
        "Can be answered until {when}, {count} minutes left",
        coarse,
        when=when,
    )


def price_words(price: Price, text: str) -> Msg:
    """Say what sending ``text`` costs."""
    if not price.with_link:
        return msg("Costs {price}", price=_money(price.amount, price.currency))
    link = _money(price.with_link, price.currency)
    if _LINK.search(text):
        return msg("Costs {price} with a link", price=link)
    plain = _money(price.amount, price.currency)
    return msg("Costs {price}, {more} with a link", price=plain, more=link)


def _money(amount: str, currency: str) -> str:
    """An amount as it is written here; as it came where it is no number."""
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return f"{amount} {currency}"
    digits = max(2, -int(number.as_tuple().exponent))
    return q_locale().toCurrencyString(float(number), _SIGNS.get(currency, currency), digits)
