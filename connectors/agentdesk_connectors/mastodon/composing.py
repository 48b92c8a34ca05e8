"""From an answer to what is posted: names repeated, nothing wider than what is answered, within limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.sdk.posts import TextLimit, Visibility, length_of
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.mastodon.instance import Instance
from agentdesk_connectors.mastodon.naming import KIND, mentions_in

__all__ = ["Draft", "check", "draft_of", "narrowest", "with_names"]

_WIDEST_FIRST = ("public", "unlisted", "private", "direct")
_AS_POSTED = {Visibility.PUBLIC: "public", Visibility.LIMITED: "private", Visibility.PRIVATE: "direct"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be posted: ``text`` with the names, ``visibility`` as the server calls it."""

    text: str
    visibility: str
    warning: str = ""
    sensitive: bool = False


def with_names(domain: str, text: str, people: Iterable[Party], own: str) -> str:
    """Return ``text`` beginning with the names of ``people`` whom it does not name yet, but for ``own``: who
    is not named does not hear of it."""
    named = {own, *mentions_in(domain, text)}
    wanted = dict.fromkeys(one.value for one in people if one.kind == KIND and one.value not in named)
    return " ".join((*(f"@{one}" for one in wanted), text.strip())).strip()


def narrowest(wanted: str, parent: str) -> str:
    """Return the narrower of two visibilities; one that nobody knows counts as the narrowest."""

    def width(one: str) -> int:
        return _WIDEST_FIRST.index(one) if one in _WIDEST_FIRST else len(_WIDEST_FIRST) - 1

    return _WIDEST_FIRST[max(width(wanted), width(parent))]


def draft_of(message: Outbound, domain: str, own: str, parent: Json) -> Draft:
    """Return what to post. ``parent`` is the answered post as the server has it now (empty: none)."""
    visibility = _AS_POSTED[message.visibility]
    if parent:
        visibility = narrowest(visibility, fields.text(parent, "visibility", 20))
    warning = message.warning or fields.text(parent, "spoiler_text", 5_000)
    text = with_names(domain, message.text, (*message.to, *message.cc), own)
    return Draft(text, visibility, warning, bool(warning) or fields.flag(parent, "sensitive"))


def check(message: Outbound, domain: str, own: str, rules: Instance) -> None:
    """Raise Rejected for what the server would refuse, and what others would read than it is for."""
    text = with_names(domain, message.text, (*message.to, *message.cc), own)
    if not message.text.strip() and not message.attachments:
        raise Rejected(msg("There is no text yet."))
    _check_length(message.text, rules.room, rules)
    _check_length(text, rules.text, rules, besides=len(message.warning))
    _check_files(message.attachments, rules)
    if message.visibility is Visibility.PRIVATE:
        _check_readers(message, domain, own)


def _check_length(text: str, limit: TextLimit, rules: Instance, besides: int = 0) -> None:
    length = besides + length_of(unicodedata.normalize("NFC", text), limit)
    if length > limit.most:
        raise Rejected(
            msg("The text is too long: {length} of {most}.", length=length, most=limit.most),
            hint=msg("Names and links count too; each link counts {count}.", count=rules.per_url),
        )


def _check_readers(message: Outbound, domain: str, own: str) -> None:
    """In a private post, whoever is named reads it."""
    meant = {one.value for one in (*message.to, *message.cc, *message.bcc)} | {own}
    if not meant - {own}:
        raise Rejected(msg("A private message goes to somebody."))
    stranger = next((one for one in mentions_in(domain, message.text) if one not in meant), None)
    if stranger is not None:
        raise Rejected(
            msg("{name} would read this private message too.", name=f"@{stranger}"),
            hint=msg("Write the name without @."),
        )


def _check_files(files: tuple[OutboundAttachment, ...], rules: Instance) -> None:
    if len(files) > rules.files:
        raise Rejected(msg("A post takes {count} files at most.", count=rules.files))
    for file in files:
        largest = rules.largest(file.media_type)
        if not largest:
            raise Rejected(
                msg("The server takes no files like {name}.", name=file.name),
                hint=msg("Pictures, films and sound can be posted. Put a link into the text instead."),
            )
        if len(file.content) > largest:
            raise Rejected(msg("The file {name} is too large for this server.", name=file.name))
        if len(file.alt) > rules.description:
            raise Rejected(msg("The description of {name} is too long.", name=file.name))
    if len(files) > 1 and any(not file.media_type.startswith("image/") for file in files):
        raise Rejected(msg("A post takes several pictures, or one film or sound."))
