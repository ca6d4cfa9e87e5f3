"""Figures for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unmask.server.jobs.ledger import Ledger

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """Counts requests, and jobs and workers at the moment of asking.

    Args:
        ledger: The book of jobs.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "unmask_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "unmask_request_seconds", "Time to the start of an answer.", ("route",), registry=self._registry
        )
        self._registry.register(_Jobs(ledger))

    def text(self) -> bytes:
        """Write all figures."""
        return generate_latest(self._registry)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answer, under the pattern of its route, so that ids make no figures of their own."""
        route = getattr(scope.get("route"), "path", "none")
        self._requests.labels(scope["method"], route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class Measured:
    """ASGI middleware that counts.

    Args:
        app: What lies behind.
        measures: Where to.
    """

    def __init__(self, app: ASGIApp, *, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count when the answer starts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._measures.count(scope, message["status"], time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, counted)


class _Jobs(Collector):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("unmask_jobs", "Jobs by state.", labels=("state",))
        for state, count in self._ledger.counts().items():
            jobs.add_metric((state,), count)
        yield jobs
        yield GaugeMetricFamily("unmask_workers_ready", "Workers ready.", value=self._ledger.ready_workers())
