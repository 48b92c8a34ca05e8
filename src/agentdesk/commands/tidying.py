"""Making what a connector handed in fit for both databases: no NUL, no lone surrogates, nothing endless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agentdesk.domain.cleaning import one_line, storable
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post, as_row, post_of
from agentdesk.domain.recipients import LONGEST_ADDRESS, LONGEST_NAME
from agentdesk.sdk.inbound import DeliveryReport, Happening, Inbound, InboundAttachment, Profile

LONGEST_TEXT = 2_000_000
LONGEST_LINE = 998
MOST_PARTIES = 500
MOST_REFERENCES = 200
MOST_ATTACHMENTS = 1_000
MOST_FACTS = 20
LONGEST_FACT = 2_000
MOST_PARTS = 50


def tidied(inbound: Inbound) -> Inbound:
    """Return ``inbound`` with every text and list within what the tables hold. What is cut off is still in
    the original."""
    return replace(
        inbound,
        sender=_party(inbound.sender),
        text=storable(inbound.text, LONGEST_TEXT),
        html=storable(inbound.html, LONGEST_TEXT),
        quoted_text=storable(inbound.quoted_text, LONGEST_TEXT),
        quoted_html=storable(inbound.quoted_html, LONGEST_TEXT),
        content_hash=storable(inbound.content_hash),
        external_id=_id(inbound.external_id),
        subject=one_line(inbound.subject, LONGEST_LINE),
        to=_parties(inbound.to),
        cc=_parties(inbound.cc),
        reply_to=_parties(inbound.reply_to),
        references=tuple(_id(r) for r in _ends(inbound.references)),
        attachments=tuple(_attachment(file) for file in inbound.attachments[:MOST_ATTACHMENTS]),
        reports=tuple(_report(report) for report in inbound.reports[:MOST_PARTIES]),
        protection=storable(inbound.protection, 40),
        warnings=tuple(storable(warning, 500) for warning in inbound.warnings[:100]),
        loop_marker=storable(inbound.loop_marker, LONGEST_LINE),
        profile=_profile(inbound.profile),
        happening=_happening(inbound.happening),
        post=_post(inbound.post),
    )


def _party(party: Party) -> Party:
    value, name = one_line(party.value, LONGEST_ADDRESS), one_line(party.name, LONGEST_NAME)
    return party if (value, name) == (party.value, party.name) else Party(party.kind, value, name)


def _parties(parties: Iterable[Party]) -> tuple[Party, ...]:
    return tuple(_party(party) for party in tuple(parties)[:MOST_PARTIES])


def _profile(profile: Profile) -> Profile:
    facts = list(profile.visit.items())[:MOST_FACTS]
    return Profile(
        language=one_line(profile.language, 35),
        time_zone=one_line(profile.time_zone, 64),
        visit={one_line(name, 40): one_line(value, LONGEST_FACT) for name, value in facts},
        handle=one_line(profile.handle, LONGEST_ADDRESS),
        url=one_line(profile.url, LONGEST_FACT),
        picture=one_line(profile.picture, LONGEST_FACT),
        followers=profile.followers,
        verified=profile.verified,
    )


def _post(post: Post | None) -> Post | None:
    return None if post is None else post_of(_plain(as_row(post)))


def _plain(value: Any) -> Any:
    """JSON values with every text storable, and nothing in them endless."""
    match value:
        case str():
            return storable(value, LONGEST_FACT)
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value[:MOST_PARTS]]
    return value


def _happening(happening: Happening | None) -> Happening | None:
    if happening is None:
        return None
    happening = replace(happening, text=storable(happening.text, LONGEST_TEXT))
    if happening.rating is None:
        return happening
    text = storable(happening.rating.text, LONGEST_FACT)
    return replace(happening, rating=replace(happening.rating, text=text))


def _id(text: str) -> str:
    return storable(text, LONGEST_LINE)


def _ends(references: tuple[str, ...]) -> tuple[str, ...]:
    """The first one, with which it all began, and the last ones."""
    if len(references) <= MOST_REFERENCES:
        return references
    return (references[0], *references[1 - MOST_REFERENCES :])


def _attachment(file: InboundAttachment) -> InboundAttachment:
    return replace(
        file,
        name=one_line(file.name, 255) or "file",
        media_type=one_line(file.media_type, 255),
        content_id=one_line(file.content_id, LONGEST_LINE),
        note=storable(file.note, 500),
        alt=storable(file.alt, LONGEST_FACT),
    )


def _report(report: DeliveryReport) -> DeliveryReport:
    return replace(
        report,
        external_ids=tuple(_id(i) for i in report.external_ids[:50]),
        recipient=one_line(report.recipient, LONGEST_ADDRESS),
        status=one_line(report.status, 40),
        words=storable(report.words, 2_000),
    )
