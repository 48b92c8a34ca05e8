"""Mail of strangers on screen opens no file and no connection by itself, and costs no more than it may."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from PySide6.QtCore import QMimeData, QPoint, QSize, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QTextBrowser, QToolTip, QWidget
from tests.helpers.opened_files import OpenedFiles
from tests.helpers.sample_mail import png

from agentdesk.base.text import msg
from agentdesk.desktop.plain import tip
from agentdesk.desktop.views.composer_text import ComposerText
from agentdesk.desktop.views.messages.body import MessageBody
from agentdesk.desktop.views.messages.guard import MAX_ROWS, guarded, text_as_html
from agentdesk.desktop.views.messages.links import Verdict, examine, visible
from agentdesk.desktop.views.messages.pictures import decode, picture_format
from agentdesk.desktop.widgets.chip import Chip, ChipLabel
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip

needs_inotify = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

MARKER = "marker.png"
UNC = "\\\\evil.test\\s\\x.png"


def hostile(folder: Path) -> list[str]:
    """Every way to name the marker that a mail or a name could try (S33 to S39)."""
    path = str(folder / MARKER)
    return [
        f'<img src="{UNC}">',
        f'<img src="//{folder}/{MARKER}">',
        f'<img src="file://{path}">',
        f'<img src="file:{path}">',
        f'<img src="{path}">',
        f'<img src="{MARKER}">',
        f'<img data-src="file://{path}">',
        f'<img src="cid:{path}">',
        f'<p style="background-image:url(file://{path})">x</p>',
        f"<p style=\"background-image:url('{path}')\">x</p>",
        f'<table background="{path}"><tr><td background="file://{path}">x</td></tr></table>',
        f'<body background="{path}">x</body>',
        f'<style>@import url("file://{path}"); body {{ background: url({path}) }}</style><p>x</p>',
        f'<link rel="stylesheet" href="file://{path}"><p>x</p>',
        f'<ul style="list-style-image:url({path})"><li>x</li></ul>',
        f'<object data="{path}"></object><embed src="{path}"><iframe src="{path}"></iframe>',
        f"![a]({path})",
        f'<a href="file://{path}"><img src="file://{path}"></a>',
        f'<img src="{quote(path)}"><img src="FILE://{path}"><img src=" file://{path}">',
        f'<svg><image xlink:href="file://{path}"/></svg>',
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with files that nobody may open."""
    (tmp_path / MARKER).write_bytes(png(4, 4))
    (tmp_path / UNC).write_bytes(png(4, 4))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _body(html: str) -> QWidget:
    body = MessageBody(opener=_never)
    body.show_html(html, {})
    return body


def _text(html: str) -> QWidget:
    body = MessageBody(opener=_never)
    body.show_text(html)
    return body


def _unguarded_body(html: str) -> QWidget:
    """The body alone, as if the guard had let everything pass: the second wall must hold by itself."""
    body = MessageBody(opener=_never)
    body.setHtml(html)
    return body


def _label(html: str) -> QWidget:
    return Label(html, wrap=True)


def _elided(html: str) -> QWidget:
    label = ElidedLabel(html)
    label.resize(20, 20)
    QToolTip.showText(QPoint(10, 10), label.toolTip() or tip(html), label)
    return label


def _chip(html: str) -> QWidget:
    return ChipLabel(Chip(html))


def _strip(html: str) -> QWidget:
    strip = Strip()
    strip.show_message("warn", msg("{name} wrote", name=html), msg("{name}", name=html))
    return strip


def _menu(html: str) -> QWidget:
    menu = QMenu()
    menu.addAction(html)
    return menu


def _pasted(html: str) -> QWidget:
    text = ComposerText(rich=True, placeholder=msg("Write"))
    data = QMimeData()
    data.setHtml(html)
    text.insertFromMimeData(data)
    return text


def _draft(html: str) -> QWidget:
    text = ComposerText(rich=True, placeholder=msg("Write"))
    text.setHtml(html)
    return text


def _never(url: QUrl) -> None:
    raise AssertionError(f"opened {url}")


def _shown(build: Callable[[str], QWidget], html: str, qapp: QApplication) -> None:
    widget = build(html)
    widget.resize(400, 300)
    widget.show()
    qapp.processEvents()
    widget.grab()
    QToolTip.hideText()
    qapp.processEvents()
    widget.close()
    widget.deleteLater()


@needs_inotify
@pytest.mark.parametrize(
    "build",
    [_body, _text, _unguarded_body, _label, _elided, _chip, _strip, _menu, _pasted, _draft],
    ids=lambda build: build.__name__.strip("_"),
)
@pytest.mark.qt_log_ignore("This plugin does not support")
def test_nothing_on_screen_opens_a_file(
    build: Callable[[str], QWidget], folder: Path, qapp: QApplication
) -> None:
    _shown(build, "<p>warm up</p>", qapp)
    with OpenedFiles(folder) as opened:
        for html in hostile(folder):
            _shown(build, html, qapp)
        assert opened.names() == []


@needs_inotify
@pytest.mark.parametrize("kind", [QTextBrowser, QLabel])
def test_the_watch_would_see_it(
    kind: type[QTextBrowser] | type[QLabel], folder: Path, qapp: QApplication
) -> None:
    """Qt's own widgets do open the file; so the test above can fail."""

    def careless(html: str) -> QWidget:
        widget = kind()
        widget.setText(html)
        return widget

    with OpenedFiles(folder) as opened:
        _shown(careless, f'<img src="file://{folder / MARKER}">', qapp)
        assert opened.names() == [MARKER]


def test_a_picture_of_the_same_message_is_shown_and_another_is_not() -> None:
    html = '<img src="cid:a@x"><img src="cid:b@x" alt="other"><img src="CID:a@x">'
    shown = guarded(html, {"a@x"})
    assert shown.html == '<img src="cid:a@x"><span>[other]</span><img src="cid:a@x">'


def test_pictures_elsewhere_are_counted_and_held_back_until_loaded() -> None:
    html = '<img data-src="https://a.example/1.png" alt="one"><img data-src="https://a.example/2.png">'
    held = guarded(html, ())
    assert held.remote == ["https://a.example/1.png", "https://a.example/2.png"]
    assert "img" not in held.html
    assert guarded(html, (), loaded={1}).html == '<span>[one]</span><img src="remote:1">'


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("png", png(3, 2)),
        ("", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='//evil/x'/></svg>"),
        ("", b"<?xml version='1.0'?><svg/>"),
        ("", b"BM" + bytes(60)),
        ("", b"\x00\x00\x01\x00" + bytes(60)),
        ("jpeg", b"\xff\xd8\xff\xe0" + bytes(60)),
        ("", b""),
    ],
)
@pytest.mark.qt_log_ignore("JPEG")
def test_only_four_formats_are_decoded_whatever_the_name_says(kind: str, content: bytes) -> None:
    assert picture_format(content) == kind
    assert decode(content).isNull() == (kind != "png")


def test_a_picture_of_too_many_points_is_not_decoded() -> None:
    bomb = png(1, 1).replace((1).to_bytes(4, "big") * 2, (60_000).to_bytes(4, "big") * 2, 1)
    assert decode(bomb).isNull()
    assert decode(png(300, 100), QSize(30, 30)).size() == QSize(30, 10)


def test_answers_of_the_document_are_always_pictures(qapp: QApplication) -> None:
    body = MessageBody(opener=_never)
    for kind in (1, 2, 3, 4, 100):
        assert isinstance(body.loadResource(kind, QUrl("file:///etc/passwd")), QImage)
    body.deleteLater()


@pytest.mark.parametrize(
    ("href", "words", "verdict", "shown"),
    [
        ("https://a.example/x", "here", Verdict.OPEN, "https://a.example/x"),
        ("https://evil.example/", "https://bank.example", Verdict.ASK, "https://evil.example/"),
        ("https://evil.example/", "bank.example", Verdict.ASK, "https://evil.example/"),
        ("https://www.bank.example/a", "bank.example", Verdict.OPEN, "https://www.bank.example/a"),
        (
            "https://bank.example.evil.example/",
            "bank.example",
            Verdict.ASK,
            "https://bank.example.evil.example/",
        ),
        ("https://good.example@evil.example/", "go", Verdict.ASK, "https://evil.example/"),
        ("https://аррӏе.example/", "apple", Verdict.OPEN, "https://xn--80ak6aa92e.example/"),
        ("javascript:alert(1)", "x", Verdict.NEVER, "javascript:alert(1)"),
        ("file:///etc/passwd", "x", Verdict.NEVER, "file:///etc/passwd"),
        ("smb://evil/share", "x", Verdict.NEVER, "smb://evil/share"),
        ("ms-msdt:/id", "x", Verdict.NEVER, "ms-msdt:/id"),
        ("search-ms:query", "x", Verdict.NEVER, "search-ms:query"),
        ("\\\\evil.test\\s", "x", Verdict.NEVER, "\\\\evil.test\\s"),
        ("//evil.test/s", "x", Verdict.NEVER, "//evil.test/s"),
        ("http://[::1", "x", Verdict.NEVER, "http://[::1"),
        ("https://a.example/\u202egnp", "x", Verdict.NEVER, "https://a.example/\ufffdgnp"),
        ("tel:+34600000000", "call", Verdict.OPEN, "tel:+34600000000"),
    ],
)
def test_where_links_lead(href: str, words: str, verdict: Verdict, shown: str) -> None:
    target = examine(href, words)
    assert (target.verdict, target.shown) == (verdict, shown)


def test_a_mail_link_cannot_attach_a_file_or_hide_a_recipient() -> None:
    target = examine("mailto:a@b.example?subject=Hi&attach=/etc/passwd&bcc=c@d.example&body=x", "a")
    assert target.url == "mailto:a@b.example?subject=Hi&body=x"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:x", "smb://a/b"])
async def test_a_forbidden_link_is_never_opened(address: str, qapp: QApplication) -> None:
    opened: list[QUrl] = []
    body = MessageBody(opener=opened.append)
    body.show_html(f'<a href="{address}">x</a>', {})
    await body.follow(address)
    assert opened == []
    assert body.source().isEmpty()
    body.deleteLater()


async def test_an_honest_link_opens_outside_and_the_message_stays(qapp: QApplication) -> None:
    opened: list[QUrl] = []
    body = MessageBody(opener=opened.append)
    body.show_text("see https://track.example/LH-4417.")
    await body.follow("https://track.example/LH-4417")
    assert opened == [QUrl("https://track.example/LH-4417")]
    assert "see" in body.toPlainText()
    body.deleteLater()


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>" * 30 + "x" + "</td></tr></table>" * 30,
        "<div>" * 100_000 + "x",
        "<p>" + "x" * 1_000_000 + "</p>",
        "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + ">x</p>",
        "<p>" + "word " * 1_000_000 + "</p>",
        "<table>" + "<tr><td>x</td></tr>" * 20_000 + "</table>",
        "<img src='cid:a'>" * 5_000,
        "<blockquote>" * 500 + "x" + "</blockquote>" * 500,
    ],
    ids=["tables", "divs", "word", "attributes", "long", "rows", "images", "quotes"],
)
def test_layout_bombs_are_defused(html: str, qapp: QApplication) -> None:
    """The limits are what is tested; the bound of time is far above, against a hang."""
    begin = time.monotonic()
    body = MessageBody(opener=_never)
    body.show_html(html, {"cid:a": QImage(QSize(10, 10), QImage.Format.Format_RGB32)})
    body.heightForWidth(500)
    assert time.monotonic() - begin < 30
    shown = guarded(html, {"a"})
    assert shown.html.count("<tr") <= MAX_ROWS
    assert shown.html.count("<table") <= 6
    assert shown.html.count("<img") <= 40
    assert len(shown.html) < 450_000
    body.deleteLater()


def test_text_keeps_its_lines_and_its_signs() -> None:
    shown = text_as_html("a  <b>\nc\n\n\nd & e")
    assert shown.html == "<p>a\u00a0 &lt;b&gt;<br>c</p><p>d &amp; e</p>"


def test_hidden_characters_in_names_become_visible() -> None:
    assert visible("photo\u202egnp.exe") == "photo\ufffdgnp.exe"
