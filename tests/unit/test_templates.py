"""Templates: what a variable becomes, what stays as a gap, and what a hostile value or template can do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.base.errors import Invalid
from agentdesk.domain.templates import MAX_BODY, VARIABLES, Values, first_name, render, unresolved, values_for


def _values(name: str = "Ana Ruiz", company: str = "") -> Values:
    return values_for(
        contact_name=name,
        contact_email="ana@example.com",
        contact_company=company,
        agent_name="Jonas Weber",
        number=4417,
        subject="Desk",
        inbox_name="Support",
    )


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_has_a_value_when_everything_is_known(name: str) -> None:
    text = render("{{ " + name + " }}", _values(company="Lark"))
    assert text
    assert not unresolved(text)


def test_a_missing_value_stays_as_a_gap_with_its_place() -> None:
    text = render(
        "Hi {{ contact.first_name }}, {{order.amount|upcase}} for {{ contact.company }}.", _values()
    )
    assert text == "Hi Ana, {{ ORDER.AMOUNT }} for {{ contact.company }}."
    assert [text[gap.start : gap.end] for gap in unresolved(text)] == [
        "{{ ORDER.AMOUNT }}",
        "{{ contact.company }}",
    ]


def test_a_default_and_a_condition_cover_a_missing_value() -> None:
    body = (
        "{{ contact.company | default: 'you' }}{% if contact.company %} at work{% else %} at home{% endif %}"
    )
    assert render(body, _values()) == "you at home"
    assert render(body, _values(company="Lark")) == "Lark at work"


@given(st.text(max_size=200))
def test_a_value_is_put_in_as_it_is_and_never_read_as_a_template(name: str) -> None:
    text = render("[{{ contact.name }}]", {"contact": {"name": name}})
    same_breaks = name.replace("\r\n", "\n").replace("\r", "\n")
    assert text == (f"[{same_breaks}]" if name else "[{{ contact.name }}]")


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% assign a = 'x' %}",
        "{% include 'secrets' %}",
        "{% render 'x' %}",
        "{% capture a %}{% endcapture %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ x | attr: '__init__' }}",
        "{{ 'a' | replace: 'a', 'aaaa' }}",
        "{% if %}",
        "{{ contact.name",
        "{% if a %}" * 200 + "{% endif %}" * 200,
        "x" * (MAX_BODY + 1),
    ],
)
def test_what_is_no_part_of_the_grammar_is_refused_with_a_sentence(body: str) -> None:
    with pytest.raises(Invalid) as refused:
        render(body, _values())
    assert str(refused.value)


@given(st.text(alphabet="{}%|.:'a ()1-", max_size=60))
def test_any_template_gives_a_text_or_a_known_error(body: str) -> None:
    try:
        render(body, _values())
    except Invalid:
        return


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Ana Ruiz", "Ana"),
        ("Baker, Tom", "Tom"),
        ("田中 由紀", "田中 由紀"),
        ("سارة خليل", "سارة"),
        ("jerry@example.net", ""),
        ("  ", ""),
        ("Cher", "Cher"),
        ("Baker, ", "Baker,"),
    ],
)
def test_how_somebody_is_greeted(name: str, greeted: str) -> None:
    assert first_name(name) == greeted
