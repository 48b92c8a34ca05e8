"""What is in the editor and the small HTML of our emails are the same thing in two forms."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QApplication

from agentdesk.desktop.views.composer_format import insert_html, to_html, to_plain
from agentdesk.domain.richtext import to_text

_words = st.text(alphabet="ab <&>é田", max_size=6)
_run = st.tuples(_words, st.sampled_from(["", "strong", "em", "u", "a"]))
_line = st.lists(_run, max_size=3)
_block = st.one_of(
    st.tuples(st.just("p"), st.lists(_line, min_size=1, max_size=4)),
    st.tuples(st.sampled_from(["ul", "ol"]), st.lists(_line, min_size=1, max_size=3)),
)


def _document(html: str) -> QTextDocument:
    document = QTextDocument()
    insert_html(QTextCursor(document), html)
    return document


def _html(blocks: list[tuple[str, list[list[tuple[str, str]]]]]) -> str:
    parts = ["<p><strong>start</strong></p>"]
    for kind, lines in blocks:
        shown = ["".join(_run_html(text, tag) for text, tag in line) for line in lines]
        if kind == "p":
            parts.append(f"<p>{'<br>'.join(shown)}</p>")
        else:
            parts.append(f"<{kind}>{''.join(f'<li>{line}</li>' for line in shown)}</{kind}>")
    return "".join(parts)


def _run_html(text: str, tag: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if not tag or not safe:
        return safe
    return f'<a href="https://x.example">{safe}</a>' if tag == "a" else f"<{tag}>{safe}</{tag}>"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(blocks=st.lists(_block, max_size=4))
def test_what_was_kept_comes_back_exactly(
    qapp: QApplication, blocks: list[tuple[str, list[list[tuple[str, str]]]]]
) -> None:
    once = _document(_html(blocks))
    again = _document(to_html(once))
    assert to_html(again) == to_html(once)
    assert to_plain(again) == to_plain(once)
    assert again.toPlainText() == once.toPlainText()


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>one</p><p><em>two</em></p>", "one\n\ntwo"),
        ("<p><u>a</u><br>b</p>", "a\nb"),
        ("<p>x</p><ul><li>a</li><li>b</li></ul><p>y</p>", "x\n- a\n- b\ny"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ('<p><a href="https://x.example">here</a></p>', "here (https://x.example)"),
    ],
)
def test_both_forms(qapp: QApplication, html: str, plain: str) -> None:
    document = _document(html)
    assert to_html(document) == html
    assert to_plain(document) == plain
    assert to_text(html).replace("\n\n", "\n") == plain.replace("\n\n", "\n")


def test_plain_text_has_no_html(qapp: QApplication) -> None:
    document = QTextDocument()
    document.setPlainText("a\n\nb")
    assert to_html(document) == ""
