"""Who a reply goes to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.addressing import Addressed, is_own, to_all, to_sender
from agentdesk.domain.party import Party

OWN = ("support@larkfield.example", "Billing@larkfield.example")
ANA, PAUL, LIST = (Party("email", f"{name}@example.com", name) for name in ("ana", "paul", "list"))
US = Party("email", "Support@Larkfield.example", "Larkfield")
US_TAGGED = Party("email", "support+c123.abc@larkfield.example")

_addresses = st.sampled_from(
    [ANA, PAUL, LIST, US, US_TAGGED, Party("email", "ANA@example.com"), Party("email", "ana+x@example.com")]
)
_people = st.lists(_addresses, max_size=6)


def test_a_reply_goes_to_the_sender() -> None:
    assert to_sender(ANA, (), OWN) == Addressed(to=(ANA,))


def test_reply_to_is_honoured_except_where_it_is_ours() -> None:
    assert to_sender(ANA, (LIST,), OWN).to == (LIST,)
    assert to_sender(ANA, (US_TAGGED,), OWN).to == (ANA,)


def test_after_a_message_of_ours_it_goes_where_that_went() -> None:
    assert to_sender(US, (), OWN, (ANA,)).to == (ANA,)
    assert to_sender(None, (), OWN) == Addressed()


def test_a_reply_to_all_takes_the_others_in_cc() -> None:
    got = to_all(ANA, (), (US, PAUL), (LIST, ANA), OWN)
    assert got == Addressed(to=(ANA,), cc=(PAUL, LIST))


def test_a_plus_address_of_ours_is_ours_and_a_customers_is_not() -> None:
    assert is_own("SUPPORT+x.y@larkfield.example", OWN)
    assert not is_own("ana+x@example.com", OWN)
    assert not is_own("support@other.example", OWN)


@given(st.none() | _addresses, _people, _people, _people)
def test_never_to_us_never_twice_and_nobody_is_lost(
    sender: Party | None, reply_to: list[Party], to: list[Party], cc: list[Party]
) -> None:
    got = to_all(sender, reply_to, to, cc, OWN)
    reached = [party.value.lower() for party in (*got.to, *got.cc)]
    assert not any(is_own(address, OWN) for address in reached)
    assert len(set(reached)) == len(reached)
    strangers = {party.value.lower() for party in (*to, *cc) if not is_own(party.value, OWN)}
    assert strangers <= set(reached)
    plain = to_sender(sender, reply_to, OWN, to)
    assert plain.to == got.to
    assert plain.cc == ()
