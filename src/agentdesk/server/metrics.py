"""Figures for Prometheus, read from the database when they are asked for: they survive restarts and are the
same on every server of a team."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk import __version__
from agentdesk.base import clock
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.figures import Figures, figures_of
from agentdesk.domain.message import Direction, Kind
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_state, message, raw_item

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_READ = ("ok", "reading")


class _Figures(NamedTuple):
    received: int
    by_state: dict[str, int]
    items: dict[str, int]
    accounts: list[_AccountFigure]


class _AccountFigure(NamedTuple):
    name: str
    up: bool
    complete: bool
    complete_until: datetime
    figures: Figures


async def exposition(db: Database, hears: bool | None = None) -> bytes:
    """Return all figures in Prometheus' text format. ``hears``: whether this server hears the others; None
    where that is not known, or there can be none."""
    async with db.read() as conn:
        figures = await _read(conn)
    registry = CollectorRegistry(auto_describe=False)
    families = _families(figures)
    if hears is not None:
        words = "1 while changes of other servers are heard of, 0 while they are asked for"
        heard = GaugeMetricFamily("agentdesk_notifications_up", words)
        heard.add_metric([], float(hears))
        families.append(heard)
    registry.register(_Fixed(families))
    return generate_latest(registry)


async def _read(conn: AsyncConnection) -> _Figures:
    is_message = message.c.kind == Kind.MESSAGE
    received = await conn.scalar(select(func.count()).where(is_message, message.c.direction == Direction.IN))
    by_state = await conn.execute(
        select(message.c.delivery, func.count())
        .where(is_message, message.c.direction == Direction.OUT)
        .group_by(message.c.delivery)
    )
    items = await conn.execute(select(raw_item.c.state, func.count()).group_by(raw_item.c.state))
    accounts = await conn.execute(
        select(
            account.c.name,
            account.c.paused,
            account.c.created_at,
            account_state.c.state,
            account_state.c.complete_until,
            account_state.c.figures,
        ).join(account_state, account_state.c.id == account.c.id)
    )
    return _Figures(
        received or 0,
        dict(by_state.all()),
        dict(items.all()),
        [
            _AccountFigure(
                a.name,
                a.state in _READ and not a.paused,
                a.state == "ok",
                a.complete_until or a.created_at,
                figures_of(a.figures),
            )
            for a in accounts
        ],
    )


class _Fixed:
    """A collector of figures that were read beforehand."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _families(figures: _Figures) -> list[Metric]:
    build = GaugeMetricFamily("agentdesk_build_info", "The running version", labels=["version"])
    build.add_metric([__version__], 1)
    received = CounterMetricFamily("agentdesk_messages_in", "Messages received from customers")
    received.add_metric([], figures.received)
    sent = CounterMetricFamily("agentdesk_messages_out", "Messages to customers", labels=["state"])
    for state in DeliveryState:
        sent.add_metric([state.value], figures.by_state.get(state, 0))
    quarantined = CounterMetricFamily("agentdesk_intake_quarantined", "Items that could not be read")
    quarantined.add_metric([], figures.items.get("quarantined", 0))
    backlog = GaugeMetricFamily("agentdesk_intake_backlog", "Items stored and not yet interpreted")
    backlog.add_metric([], figures.items.get("new", 0))
    return [build, received, sent, quarantined, backlog, *_account_families(figures.accounts)]


def _account_families(accounts: list[_AccountFigure]) -> list[Metric]:
    lag = GaugeMetricFamily(
        "agentdesk_account_lag_seconds", "For how long an account may be incomplete", labels=["account"]
    )
    up = GaugeMetricFamily("agentdesk_account_up", "1 while the account can be read", labels=["account"])
    errors = GaugeMetricFamily(
        "agentdesk_account_errors", "How often in a row reading has failed", labels=["account"]
    )
    quota = GaugeMetricFamily(
        "agentdesk_account_quota_remaining", "Calls that the network still allows", labels=["account", "of"]
    )
    token = GaugeMetricFamily(
        "agentdesk_account_token_seconds", "For how long the sign-in still holds", labels=["account"]
    )
    now = clock.now()
    for account_figure in accounts:
        name, signs = account_figure.name, account_figure.figures.signs
        errors.add_metric([name], account_figure.figures.errors)
        for one in signs.quotas:
            quota.add_metric([name, one.name], one.remaining)
        if signs.token_expires_at is not None:
            token.add_metric([name], (signs.token_expires_at - now).total_seconds())
        up.add_metric([account_figure.name], float(account_figure.up))
        behind = (now - account_figure.complete_until).total_seconds()
        fine = account_figure.up and account_figure.complete
        lag.add_metric([account_figure.name], 0.0 if fine else behind)
    return [lag, up, errors, quota, token]
