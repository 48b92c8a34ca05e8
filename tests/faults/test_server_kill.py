"""kill -9 of the server at any instant: no mail missing, none twice, no reply out twice."""

from __future__ import annotations

import random
import time

from tests.conftest import NewCompany, NewMailbox
from tests.helpers.faults import FULL
from tests.helpers.traffic import Traffic, check_traffic
from tests.helpers.until import until_sync

KILLS = 100 if FULL else 5
LETTERS_PER_KILL = 6


def test_killing_the_server_loses_and_doubles_nothing(
    new_company: NewCompany, database_url: str, new_mailbox: NewMailbox
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}, {KILLS} kills")
    customer = new_mailbox()
    company = new_company(database_url)
    company.start()
    traffic = Traffic(company, customer, KILLS * LETTERS_PER_KILL)
    traffic.start()
    try:
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.0, 1.5))
            company.kill()
            company.start()
        until_sync(lambda: not traffic.is_alive(), 60 + KILLS * 6, what="all letters answered")
    finally:
        traffic.stopping.set()
        traffic.join()
    assert traffic.statuses <= {409, 503}
    check_traffic(company, customer, traffic)
    assert company.stop() == 0
