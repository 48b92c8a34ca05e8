"""Posts per second from a connector's hand to recorded conversations: 10,000 mentions and answers of a
network, most of them new threads, stored with the cursor, interpreted, threaded, indexed, with change log.

``python -m benchmarks.ingest_posts [COUNT] [--database URL] [--profile]``: without ``--database`` into a
fresh PostgreSQL and a fresh SQLite file. Run it under ``taskset -c 0`` for one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.ingest_core import Channel, measure
from benchmarks.measuring import database

import agentdesk_connectors.mastodon as mastodon
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.mastodon.simulator_world import Status

_PEOPLE = 2_000
_ANSWERS = 3
"""Each third post answers an earlier one of its writer."""
_BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_TEXT = "@larkfield Where is my parcel? It was promised for Tuesday, order {number}. #delivery"


def posts(count: int) -> Iterator[RawItem]:
    """Return notifications as the connector hands them over."""
    server = MastodonSimulator("chirp.example", "larkfield")
    world = server.world
    first: dict[int, Status] = {}
    for number in range(count):
        writer = number % _PEOPLE
        above = first.get(writer) if number % _ANSWERS == 0 else None
        person = world.person(f"ana{writer}@pixel.example", f"Ana {writer}")
        status = world.post(person, _TEXT.format(number=number), reply_to=above)
        first.setdefault(writer, status)
        facts: dict[str, object] = {"domain": "chirp.example", "me": world.owner.id}
        if above is not None:
            facts["ancestors"] = [above.id]
        notification = {"id": str(number), "type": "mention", "status": world.status_json(status)}
        at = _BEGIN + timedelta(seconds=number)
        yield RawItem(f"status/{status.id}", json.dumps(notification).encode(), at, facts)


def main() -> None:
    """Make the posts first, then take them in on each database in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--database")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    corpus = list(posts(given.count))
    channel = Channel("mastodon", mastodon, {"address": "larkfield@chirp.example"}, {"access_token": "x"})
    print(f"{len(corpus)} posts, mean {sum(len(one.raw) for one in corpus) / len(corpus) / 1000:.1f} kB")
    if given.database:
        measure(given.database.split(":")[0], given.database, channel, corpus, given.profile)
        return
    for kind in ("postgresql", "sqlite"):
        with database(kind) as url:
            measure(kind, url, channel, corpus, given.profile)


if __name__ == "__main__":
    main()
