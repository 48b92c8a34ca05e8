"""Other spellings of names and telephone numbers."""

from __future__ import annotations

from agentdesk.domain.spellings import is_number, spellings_of_name, spellings_of_number


def test_a_name_is_turned_round_and_spelled_out() -> None:
    assert spellings_of_name("Zelda") == {"zelda"}
    assert {"jörg groß", "groß jörg", "joerg groß", "groß joerg"} <= spellings_of_name("Groß, Jörg")
    assert {"ada king", "king ada", "ada byron king"} <= spellings_of_name("Ada Byron King")
    assert "müller" in spellings_of_name("Mueller")
    assert spellings_of_name(" , ") == set()


def test_a_number_is_written_in_any_groups_with_and_without_its_country() -> None:
    found = spellings_of_number("+49 (151) 234-5678")
    assert {"491512345678", "49 151 234 5678", "0151 2345678", "151 23 45 678", "0049151 2345678"} <= found
    assert "0151 234567" not in found
    assert "020 7946 0958" in spellings_of_number("020 79460958")
    assert spellings_of_number("12345") == set()


def test_a_number_is_told_from_an_address() -> None:
    assert is_number("+49 151 2345678")
    assert not is_number("ada@x.example")
    assert not is_number("12345")
