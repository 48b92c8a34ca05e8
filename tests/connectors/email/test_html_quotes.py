"""History in HTML mail is told from the answer, by the marks of each mail program, and never lost."""

from __future__ import annotations

import pytest

from agentdesk_connectors.email.html_clean import CleanHtml, clean
from agentdesk_connectors.email.html_text import to_text

GMAIL = (
    '<div dir="ltr">Answer</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
    'On Mon, 5 Jan 2026 at 09:12, Support &lt;<a href="mailto:s@x.example">s@x.example</a>&gt; wrote:<br></div>'
    '<blockquote class="gmail_quote" style="margin:0"><div>History</div></blockquote></div>'
)
APPLE = (
    '<html><body><div>Answer</div><div><br><blockquote type="cite"><div>On 5 Jan 2026, at 09:12, S &lt;s@x.example'
    "&gt; wrote:</div><br><div>History</div></blockquote></div></body></html>"
)
THUNDERBIRD = (
    '<p>Answer</p><div class="moz-cite-prefix">Am 05.01.26 um 09:12 schrieb Support:<br></div>'
    '<blockquote type="cite" cite="mid:1@x.example"><p>History</p></blockquote>'
)
OUTLOOK_DESKTOP = (
    '<div class="WordSection1"><p class="MsoNormal">Answer</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;'
    'padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b><span lang="DE">Von:</span></b> Support<br><b>Gesendet:</b> Montag'
    "</p></div></div><p>History</p></div>"
)
OUTLOOK_WEB = (
    '<div>Answer</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" '
    'dir="ltr"><b>From:</b> Support<br><b>Sent:</b> Monday</div><div>History</div>'
)
YAHOO = (
    '<div class="ydp1">Answer</div><div id="ydp2yahoo_quoted_99" class="ydp3yahoo_quoted yahoo_quoted"><div>On Monday, '
    "S wrote:</div><div>History</div></div>"
)
PROTON = '<div>Answer</div><div class="protonmail_quote">On Monday, S wrote:<br><blockquote type="cite">History</blockquote></div>'
GMX = '<div>Answer<div name="quote" style="border-left:2px solid"><div>Gesendet: Montag</div>History</div></div>'
BARE = "<div>Answer</div><div>Le 5 janv. 2026 à 09:12, S &lt;s@x.example&gt; a écrit :</div><blockquote>History</blockquote>"
SEPARATOR = "<p>Answer</p><p>-----Ursprüngliche Nachricht-----<br>Von: S</p><p>History</p>"
EXCHANGED = GMAIL.replace('class="gmail_', 'class="x_gmail_')
SIGNED = GMAIL + '<div class="gmail_signature">Anna, Example Ltd</div>'


def cleaned(source: str) -> CleanHtml:
    return clean(source, ())


@pytest.mark.parametrize(
    "source",
    [
        GMAIL,
        APPLE,
        THUNDERBIRD,
        OUTLOOK_DESKTOP,
        OUTLOOK_WEB,
        YAHOO,
        PROTON,
        GMX,
        BARE,
        SEPARATOR,
        EXCHANGED,
        SIGNED,
    ],
    ids=[
        "gmail",
        "apple",
        "thunderbird",
        "outlook-desktop",
        "outlook-web",
        "yahoo",
        "proton",
        "gmx",
        "bare",
        "separator",
        "exchanged",
        "signed",
    ],
)
def test_the_history_is_folded_and_the_answer_is_not(source: str) -> None:
    result = cleaned(source)
    assert "Answer" in result.html
    assert "Answer" not in result.quoted
    assert "History" in result.quoted
    assert "History" not in result.html
    assert "wrote" not in result.html
    assert "écrit" not in result.html


@pytest.mark.parametrize(
    "source", [GMAIL, APPLE, THUNDERBIRD, OUTLOOK_DESKTOP, OUTLOOK_WEB, YAHOO, BARE, SIGNED]
)
def test_both_halves_are_well_formed(source: str) -> None:
    result = cleaned(source)
    for half in (result.html, result.quoted):
        again = cleaned(half)
        assert again.html + again.quoted == half


def test_answers_between_quotes_stay_with_their_quotes() -> None:
    source = (
        '<div class="gmail_quote"><div class="gmail_attr">On Monday at 9:00, S wrote:</div><blockquote class="gmail_quote">'
        'Which size?</blockquote><div>Size nine.</div><blockquote class="gmail_quote">Which colour?</blockquote>'
        "<div>Blue.</div></div>"
    )
    result = cleaned(source)
    assert result.quoted == ""
    assert [word in result.html for word in ("Which size", "Size nine", "Which colour", "Blue")] == [True] * 4


def test_an_answer_below_the_quote_folds_the_quote_above() -> None:
    source = THUNDERBIRD.replace("<p>Answer</p>", "") + "<p>Answer</p>"
    result = cleaned(source)
    assert to_text(result.html) == "Answer"
    assert "History" in result.quoted
    assert "schrieb" in result.quoted


def test_a_mail_that_is_only_passed_on_is_shown_whole() -> None:
    source = '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------</div>Look</div>'
    result = cleaned(source)
    assert "Look" in result.html
    assert result.quoted == ""


def test_an_ordinary_quotation_is_no_history() -> None:
    source = "<p>As the poet says:</p><blockquote>To be</blockquote><p>I agree.</p>"
    result = cleaned(source)
    assert result.quoted == ""
    assert "To be" in result.html


def test_a_picture_alone_is_an_answer() -> None:
    source = '<div><img src="cid:a@b"></div>' + GMAIL.partition("<br>")[2]
    result = clean(source, {"a@b"})
    assert result.html.count("<img") == 1
    assert "History" in result.quoted
