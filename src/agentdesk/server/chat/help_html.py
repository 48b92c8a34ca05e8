"""The help pages as HTML. Everything that people have chosen is escaped; nothing loads from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from uuid import UUID

from agentdesk.server.chat.help_words import HelpWords

__all__ = ["Ways", "conversation_page", "gone_page", "help_page"]

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")
_STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#14161a;--soft:#565c68;--line:#c9ced8;--card:#f5f6f8}
@media(prefers-color-scheme:dark){:root{--page:#16181d;--ink:#eceef2;--soft:#a9b0bd;--line:#434956;--card:#1f2229}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main{max-width:44rem;margin:0 auto;padding:1rem 1.25rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
header strong{font-size:1.125rem;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.25;margin:1.5rem 0 .5rem;overflow-wrap:anywhere}
p{margin:.5rem 0}
.soft{color:var(--soft)}
.ways{list-style:none;display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0;padding:0}
.way{display:inline-block;padding:.625rem 1rem;min-height:44px;border:1px solid var(--line);
border-radius:.625rem;background:var(--card);color:var(--ink);font:inherit;text-decoration:none;overflow-wrap:anywhere;cursor:pointer}
.first{background:var(--brand);border-color:var(--brand);color:var(--on-brand);font-weight:600}
.way:hover{text-decoration:underline}
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
details{position:relative}
summary{cursor:pointer;padding:.375rem .5rem}
details ul{position:absolute;inset-inline-end:0;z-index:1;list-style:none;margin:0;padding:.5rem;
border:1px solid var(--line);border-radius:.625rem;background:var(--page);min-width:10rem}
details a{display:block;padding:.375rem .5rem;color:inherit}
details a[aria-current]{font-weight:600}
@media print{details,.first{display:none}}
"""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a company can be reached: the widget of its chat, whether somebody is there, how many wait there
    already; its address for mails and its website, each empty where there is none."""

    widget: UUID
    name: str
    colour: str
    online: bool
    waiting: int
    mail: str
    site: str


def help_page(ways: Ways, words: HelpWords, nonce: str, *, is_open: bool) -> str:
    """Return the page that shows all ways; ``is_open``: the chat opens by itself."""
    here = f"?language={words.language}"
    state = [words.say("online")] if ways.online else [words.say("away"), words.say("leave")]
    if ways.online and ways.waiting:
        state.append(words.say("waiting", n=str(ways.waiting)))
    script = (
        f'<script async src="/chat/v1/{ways.widget}/widget.js?language={words.tag}"'
        f' data-language="{words.tag}" data-open="{"true" if is_open else "false"}"></script>'
    )
    body = (
        f"<h1>{escape(words.say('title'))}</h1>"
        f'<p class="soft">{"<br>".join(escape(one) for one in state)}</p>'
        f"{_ways(ways, words, f'{here}&amp;chat=open')}"
        f"<noscript><p>{escape(words.say('noScript'))}</p></noscript>"
    )
    title = words.say("help", name=ways.name)
    return _page(title, body + script, ways, words, nonce, _languages(words))


def conversation_page(ways: Ways, words: HelpWords, nonce: str, token: str) -> str:
    """Return the page that a link in a mail leads to. The button appears with the script that it needs;
    no other language can be chosen, since the address is gone by then."""
    data = f'data-token="{escape(token)}" data-widget="{ways.widget}" data-language="{words.language}"'
    body = (
        f"<h1>{escape(words.say('openTitle', name=ways.name))}</h1>"
        f"<p>{escape(words.say('openText'))}</p>"
        f'<p><button type="button" class="way first" hidden {data}>{escape(words.say("open"))}</button></p>'
        f'<p role="status" hidden>{escape(words.say("failed"))}</p>'
        f"<noscript><p>{escape(words.say('noScript'))}</p>{_ways(ways, words, '')}</noscript>"
        '<script src="/help/help.js" defer></script>'
    )
    return _page(words.say("openTitle", name=ways.name), body, ways, words, nonce)


def gone_page(ways: Ways | None, words: HelpWords, nonce: str) -> str:
    """Return the page for a link that leads nowhere any more, with what can be done instead."""
    where = "" if ways is None else f"/help/{ways.widget}?language={words.language}&amp;chat=open"
    body = (
        f"<h1>{escape(words.say('goneTitle'))}</h1><p>{escape(words.say('goneText'))}</p>"
        f"{_ways(ways, words, where) if ways is not None else ''}"
    )
    return _page(words.say("goneTitle"), body, ways, words, nonce, _languages(words))


def _ways(ways: Ways, words: HelpWords, chat: str) -> str:
    links = [f'<a class="way first" href="{chat}">{escape(words.say("chat"))}</a>'] if chat else []
    if ways.mail:
        said = f"{escape(words.say('write'))}: <bdi>{escape(ways.mail)}</bdi>"
        links.append(f'<a class="way" href="mailto:{escape(ways.mail)}">{said}</a>')
    if _HOST.fullmatch(ways.site):
        said = f"{escape(words.say('site'))}: <bdi>{escape(ways.site)}</bdi>"
        links.append(f'<a class="way" href="https://{ways.site}">{said}</a>')
    return f'<ul class="ways">{"".join(f"<li>{link}</li>" for link in links)}</ul>'


def _page(title: str, body: str, ways: Ways | None, words: HelpWords, nonce: str, menu: str = "") -> str:
    colour = ways.colour if ways is not None else "#565C68"
    brand = f":root{{--brand:{colour};--on-brand:{_on(colour)}}}"
    name = "" if ways is None else f"<strong><bdi>{escape(ways.name)}</bdi></strong>"
    return (
        f'<!DOCTYPE html><html lang="{words.language}" dir="{words.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f'<title>{escape(title)}</title><style nonce="{nonce}">{_STYLE}{brand}</style></head>'
        f"<body><header>{name}{menu}</header><main>{body}</main></body></html>"
    )


def _languages(words: HelpWords) -> str:
    def link(tag: str, name: str) -> str:
        current = ' aria-current="true"' if tag == words.language else ""
        return f'<li><a href="?language={tag}" lang="{tag}" hreflang="{tag}"{current}>{escape(name)}</a></li>'

    if len(words.others) < 2:
        return ""
    links = "".join(link(tag, name) for tag, name in words.others.items())
    label = f"{escape(words.say('language'))}: {escape(words.others[words.language])}"
    return f"<details><summary>{label}</summary><ul>{links}</ul></details>"


def _on(colour: str) -> str:
    """Black or white, whichever reads better on ``#rrggbb`` (WCAG 2.2, relative luminance)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#fff"
