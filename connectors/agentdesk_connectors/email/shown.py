"""What an agent sees of a mail: its text and cleaned HTML, the history folded apart, and its files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentdesk.sdk.inbound import InboundAttachment
from agentdesk_connectors.email import limits, notes, quotes
from agentdesk_connectors.email.bodies import Bodies


@dataclass(slots=True)
class Shown:
    """Text and HTML as in :class:`agentdesk.sdk.inbound.Inbound`, and the files, inline ones marked."""

    text: str = ""
    quoted_text: str = ""
    html: str = ""
    quoted_html: str = ""
    remote_images: int = 0
    files: tuple[InboundAttachment, ...] = ()


def show(body: Bodies) -> Shown:
    """Return what is shown of ``body``; warnings are added to it."""
    shown = Shown(files=tuple(body.files))
    if body.htmls:
        _clean_html(body, shown)
    if body.texts:
        whole = "\n\n".join(text.strip("\n") for text in body.texts)
        if len(whole) > limits.TEXT_CHARS:
            body.warn(notes.TEXT_LONG)
        split = quotes.split(whole[: limits.TEXT_CHARS])
        shown.text, shown.quoted_text = split.own, split.history
    return shown


def _clean_html(body: Bodies, shown: Shown) -> None:
    """Clean each HTML part by itself: parts are never joined before each is closed (EFAIL)."""
    from agentdesk_connectors.email import (
        html_clean,
        html_text,
    )  # with its sanitiser, needed by HTML mail only

    content_ids = {file.content_id for file in body.files if file.content_id}
    cleaned = [html_clean.clean(source, content_ids) for source in body.htmls]
    shown.html = "<hr>".join(html for part in cleaned if (html := part.html.strip()))
    shown.quoted_html = "<hr>".join(html for part in cleaned if (html := part.quoted.strip()))
    shown.remote_images = sum(part.remote_images for part in cleaned)
    used = frozenset().union(*(part.cids for part in cleaned))
    if used:
        shown.files = tuple(
            replace(file, inline=True) if file.content_id in used else file for file in body.files
        )
    if any(part.cut for part in cleaned):
        body.warn(notes.HTML_LONG)
    if not body.texts:
        _text_from_html(shown, html_text.to_text(shown.html), html_text.to_text(shown.quoted_html))


def _text_from_html(shown: Shown, own: str, history: str) -> None:
    split = quotes.split(own[: limits.TEXT_CHARS])
    shown.text = split.own
    shown.quoted_text = "\n\n".join(piece for piece in (split.history, history[: limits.TEXT_CHARS]) if piece)
