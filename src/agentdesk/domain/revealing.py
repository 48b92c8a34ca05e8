"""What a text tells that belongs to one person alone: looked for before it is published."""

from __future__ import annotations

import re
from enum import StrEnum

from agentdesk.domain.likeness import named_in

__all__ = ["Personal", "personal_in"]

_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_NUMBER = re.compile(r"(?<![\w&])#\d{3,}\b|\b(?=[A-Z0-9-]{6,20}\b)[A-Z]{1,5}-?\d{4,}\b")
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


class Personal(StrEnum):
    """What it looks like."""

    CARD = "card"
    ACCOUNT = "account"
    MAIL = "mail"
    PHONE = "phone"
    ORDER = "order"


def personal_in(text: str) -> Personal | None:
    """Return what ``text`` seems to tell of a person, the gravest first; None where it tells nothing. Links
    are not looked into."""
    words = _LINK.sub(" ", text)
    if any(_is_card(re.sub(r"\D", "", found)) for found in _CARD.findall(words)):
        return Personal.CARD
    if any(_is_account(found.replace(" ", "")) for found in _ACCOUNT.findall(words)):
        return Personal.ACCOUNT
    named = named_in((words,))
    if named.mails:
        return Personal.MAIL
    if named.phones:
        return Personal.PHONE
    return Personal.ORDER if _NUMBER.search(words) else None


def _is_card(digits: str) -> bool:
    """The check digit of card numbers (ISO/IEC 7812-1, annex B: Luhn)."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_account(iban: str) -> bool:
    """The check digits of bank accounts (ISO 13616, IBAN): the rest of a division by 97 is 1."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
