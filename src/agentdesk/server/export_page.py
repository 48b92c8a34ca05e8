"""The readable page of a customer's export: plain text in a frame that may load and run nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from agentdesk.base.i18n import render
from agentdesk.base.text import Msg, msg

__all__ = ["page"]

_HEAD = """<!doctype html>
<html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
article {{ border: 1px solid #bbb; border-radius: 6px; margin: 1rem 0; padding: .5rem 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }}
small {{ color: #555 }}
</style></head><body>
"""
_DETAILS: tuple[tuple[str, Msg], ...] = (
    ("name", msg("Name")),
    ("company", msg("Company")),
    ("place", msg("Place")),
    ("language", msg("Language")),
    ("time_zone", msg("Time zone")),
    ("notes", msg("Notes")),
)


def page(whole: Mapping[str, Any]) -> str:
    """Return the page for what an export holds, as ``export.json`` has it."""
    title = _text(msg("What is known of a customer"))
    parts = [
        _HEAD.format(title=title),
        f"<h1>{title}</h1>",
        f"<p><small>{_moment(whole['exported_at'])}</small>",
    ]
    for one in whole["customers"]:
        parts.extend(_customer(one))
    parts.append(f"<h2>{_text(msg('Identities'))}</h2><ul>")
    parts.extend(f"<li>{_foreign(one['display'])}</li>" for one in whole["identities"])
    parts.append("</ul>")
    if whole["visits"]:
        parts.append(f"<h2>{_text(msg('Visits of the website'))}</h2>")
    for one in whole["visits"]:
        parts.extend(_visit(one))
    for one in whole["conversations"]:
        parts.extend(_conversation(one))
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _customer(one: Mapping[str, Any]) -> Iterable[str]:
    yield "<dl>"
    for key, label in _DETAILS:
        if one[key]:
            yield f"<dt>{_text(label)}</dt><dd><pre>{_foreign(one[key])}</pre></dd>"
    for key, value in one["fields"].items():
        yield f"<dt>{_foreign(key)}</dt><dd><pre>{_foreign(value)}</pre></dd>"
    yield "</dl>"


def _visit(one: Mapping[str, Any]) -> Iterable[str]:
    yield f"<p><small>{_moment(one['created_at'])} – {_moment(one['seen_at'])}</small></p><dl>"
    for key, value in (("channel", one["channel"]), *one["profile"].items(), *one["place"].items()):
        if value not in ("", None):
            yield f"<dt>{_foreign(key)}</dt><dd><pre>{_foreign(value)}</pre></dd>"
    yield "</dl>"
    for line in one["lines"]:
        who = line["name"] or line["origin"]
        yield f"<p><strong>{_foreign(who)}</strong> <small>{_moment(line['created_at'])}</small></p>"
        names = [file["name"] for file in line["files"]]
        yield f'<pre dir="auto">{_foreign(" ".join([line["text"] or line["kind"], *names]))}</pre>'


def _conversation(one: Mapping[str, Any]) -> Iterable[str]:
    yield f"<h2>#{one['number']} {_foreign(one['subject'])}</h2>"
    for each in one["messages"]:
        yield "<article>"
        when = _moment(each["created_at"])
        yield f"<p><strong>{_foreign(_writer(each))}</strong> <small>{when}</small></p>"
        yield f'<pre dir="auto">{_foreign(each["text"])}</pre>'
        for file in each["files"]:
            yield f'<p><a href="{quote(file["place"])}">{_foreign(file["name"])}</a></p>'
        if "original" in each:
            yield f'<p><a href="{quote(each["original"])}">{_text(msg("As it came"))}</a></p>'
        yield "</article>"


def _writer(one: Mapping[str, Any]) -> str:
    sender = one["sender"] or {}
    return str(one["by"] or sender.get("name") or sender.get("value") or one["author"])


def _text(message: Msg) -> str:
    return escape(render(message))


def _foreign(value: object) -> str:
    """Foreign text, escaped, its direction kept to itself."""
    return f"<bdi>{escape(str(value))}</bdi>"


def _moment(value: datetime) -> str:
    return escape(value.isoformat(sep=" ", timespec="seconds"))
