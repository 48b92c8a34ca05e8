"""Texts from strangers, subjects, recipients and languages."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentdesk.domain.cleaning import one_line, storable
from agentdesk.domain.language import language_of
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import cleaned, mailbox_of, without, without_repeats
from agentdesk.domain.subjects import answer_subject, bare_subject

any_text = st.text(st.characters(codec=None), max_size=50)


@given(any_text)
def test_what_is_storable_can_be_encoded_and_keeps_its_length(text: str) -> None:
    fit = storable(text)
    assert "\x00" not in fit
    fit.encode()
    assert len(fit) == len(text)


@given(any_text, st.integers(0, 20))
@example("0000000000\r0", 11)
def test_one_line_is_one_line_and_no_longer_than_asked(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split())


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Order", "Re: Order"),
        ("Re: Order", "Re: Order"),
        ("AW: Re: SV: Order", "Re: Order"),
        ("RE[2]: Order", "Re: Order"),
        ("回复：订单", "Re: 订单"),
        ("", "Re:"),
        ("Regarding: x", "Re: Regarding: x"),
    ],
)
def test_an_answer_has_one_mark(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer
    assert bare_subject(answer) == bare_subject(subject)


def test_recipients_are_each_there_once_and_never_us() -> None:
    people = (
        Party("email", "A@x.example", "A\r\nB"),
        Party("email", "a@X.example"),
        Party("email", "support+t@desk.example"),
        Party("email", ""),
    )
    own = {mailbox_of("Support@Desk.example")}
    kept = without(cleaned(people), own)
    assert kept == (Party("email", "A@x.example", "A B"),)
    assert without_repeats((Party("email", "a@x.EXAMPLE"),), kept) == ()
    assert mailbox_of("no address") == "no address"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, I have not received my order and would like to know where it is", "en"),
        ("Guten Tag, ich habe meine Bestellung nicht erhalten und bitte um Hilfe", "de"),
        ("Bonjour, je ne suis pas content de la commande que vous avez livrée", "fr"),
        ("Hola, no he recibido el pedido y por favor quiero una respuesta", "es"),
        ("Dzień dobry, nie mam zamówienia, proszę o pomoc", "pl"),
        ("注文した商品がまだ届いていません", "ja"),
        ("我的订单还没有到", "zh"),
        ("주문한 상품이 아직 도착하지 않았습니다", "ko"),
        ("لم يصل طلبي بعد", "ar"),
        ("سفارش من هنوز نرسیده است، لطفاً پیگیری کنید", "fa"),
        ("Мой заказ ещё не пришёл", "ru"),
        ("Моє замовлення ще не прийшло, допоможіть", "uk"),
        ("ההזמנה שלי עוד לא הגיעה", "he"),
        ("สินค้าของฉันยังไม่มาถึง", "th"),
        ("", ""),
        ("12345", ""),
        ("xyzzy", ""),
    ],
)
def test_languages_are_told_apart_or_left_open(text: str, language: str) -> None:
    assert language_of(text) == language


@given(any_text)
def test_no_text_is_too_odd_for_a_guess(text: str) -> None:
    language_of(text)
