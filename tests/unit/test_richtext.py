"""The formatting of our own emails: what pasted HTML becomes, and what of it plain text keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.richtext import link_address, reduced, to_text


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("plain", "<p>plain</p>"),
        ("<b>a</b> &amp; <i>b</i>", "<p><strong>a</strong> &amp; <em>b</em></p>"),
        ("<div>one</div><div>two</div>", "<p>one</p><p>two</p>"),
        ("<ul><li>a<li>b</ul>x", "<ul><li>a</li><li>b</li></ul><p>x</p>"),
        ("<ol><li>a<ul><li>b</ul></ol>", "<ol><li>a</li><ul><li>b</li></ul></ol>"),
        ("<a href='javascript:x'>l</a>", "<p>l</p>"),
        (
            "<a href='https://a.example/?a=1&b=2'>l</a>",
            '<p><a href="https://a.example/?a=1&amp;b=2">l</a></p>',
        ),
        ("<img src='file:///x'><script>bad()</script><style>p{}</style>", ""),
        ("<b>open", "<p><strong>open</strong></p>"),
        ("</b></p></ul>", ""),
        ("a<br>b", "<p>a<br>b</p>"),
    ],
)
def test_what_is_kept(html: str, kept: str) -> None:
    assert reduced(html) == kept


def test_plain_text_keeps_lists_and_addresses() -> None:
    html = "<p>Hi <b>Ana</b>,<br>see <a href='https://a.example/'>here</a>:</p><ol><li>x</li><li>y</li></ol><p>Bye</p>"
    assert to_text(html) == "Hi Ana,\nsee here (https://a.example/):\n\n1. x\n2. y\n\nBye"


@given(st.text(alphabet="<>/ab pliu=\"'&;\n", max_size=120))
def test_reducing_again_changes_nothing_and_leaves_no_other_tag(html: str) -> None:
    once = reduced(html)
    assert reduced(once) == once
    tags = {part.split(">")[0].strip("/").split(" ")[0] for part in once.split("<")[1:]}
    assert tags <= {"p", "br", "strong", "em", "u", "a", "ul", "ol", "li"}


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://a.example", "https://a.example"),
        ("lark.example/t/1", "https://lark.example/t/1"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("no link", ""),
        ("http://[", ""),
    ],
)
def test_what_a_link_may_be(address: str, link: str) -> None:
    assert link_address(address) == link
