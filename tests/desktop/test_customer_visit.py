"""Visitors of our pages in the customer panel."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import be_on_page
from tests.helpers.until import until
from tests.helpers.views import settled, shown

from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.customer_visit import PageLine, place_of

ANA, TOM = 4417, 4390
EVIL = "<img src='file:///etc/passwd'>Cart"
URL = "https://shop.example/cart?step=2#pay"


@pytest.fixture
def desk() -> FakeDesk:
    """Ana is on the cart's page."""
    made = FakeDesk.sample()
    details = {"browser": "Firefox 132", "system": "Windows", "language": "es", "time_zone": "Asia/Tokyo"}
    be_on_page(made, ANA, ("https://shop.example/desks", "Desks"), (URL, EVIL), **details)
    return made


def _lines(panel: CustomerPanel) -> list[str]:
    return [line.accessibleName() for line in panel.visit.findChildren(PageLine) if line.isVisible()]


async def test_it_says_where_the_visitor_is_and_was(desk: FakeDesk) -> None:
    async with shown(CustomerPanel(desk), 304, 836) as panel:
        forget = desk.subscribe(panel.on_changes)
        head = desk.world.conversations[desk.find(ANA)]
        await panel.show_contact(head.contact_id, head.id)
        await settled()
        facts = {key: fact.value.text() for key, fact in panel.visit.facts.items()}
        assert _lines(panel)[0] == f"{EVIL}, shop.example/cart", "as plain text"
        assert _lines(panel)[1].startswith("Desks, shop.example/desks, ")
        assert (facts["program"], facts["language"]) == ("Firefox 132, Windows", "Español")
        assert "search.example" in facts["referrer"]
        assert facts["time"]
        assert facts["country"] == "Probably Japan"
        assert "Asia/Tokyo" in panel.visit.facts["country"].toolTip()
        assert facts["visits"].startswith("2, ")
        assert "<img" not in panel.visit.page.toolTip()

        panel.visit.page.copy.click()
        assert QApplication.clipboard().text() == URL
        be_on_page(desk, ANA, *((f"https://shop.example/{one}", f"Page {one}") for one in range(9)))
        await until(lambda: _lines(panel)[0].startswith("Page 8"))
        assert len(_lines(panel)) == 5
        panel.visit.more.click()
        await until(lambda: len(_lines(panel)) == 10)
        assert panel.visit.more.isHidden()
        assert panel.visit.facts["program"].isHidden()

        other = desk.world.conversations[desk.find(TOM)]
        await panel.show_contact(other.contact_id, other.id)
        assert panel.visit.isHidden(), "never was on a page"
        forget()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (URL, "shop.example/cart"),
        ("https://shop.example/", "shop.example"),
        ("https://you@shop.example:8443/a", "shop.example:8443/a"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://[::1", "https://[::1"),
        ("", ""),
    ],
)
def test_a_page_is_called_by_its_place(url: str, place: str) -> None:
    assert place_of(url) == place
