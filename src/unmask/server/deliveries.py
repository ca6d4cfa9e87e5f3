"""Webhooks: tells other servers of jobs that ended, signed after Standard Webhooks (standardwebhooks.com).

The ledger leaves word in the same transaction in which a job ends, so nothing is lost by a crash in between; a
message may arrive twice, under the same id, but not never while its receiver lives.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from unmask.core.errors import UnmaskError
from unmask.server.reading import Reader
from unmask.server.security.outside import Network, request
from unmask.server.storage.database import Database
from unmask.server.storage.tables import DeliveryRow, WebhookRow

_TICK_S = 1.0
_AT_ONCE = 8
_FIRST_PAUSE_S = 5.0
_MOST_TRIES = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    id: str
    job: str
    event: str
    attempts: int
    url: str
    secret: str


def sign(secret: str, message: str, at: int, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 over id, time and body, so that none of them can be changed or sent again later.

    Args:
        secret: As given when the webhook was made, ``whsec_...``.
        message: Id of the message.
        at: Seconds since 1970.
        body: What is sent.

    Returns:
        The header ``webhook-signature``.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


class Deliveries:
    """Sends what is due, and tries again later and later.

    Args:
        database: Where word is left.
        reader: Reads jobs.
        networks: Private networks that may be reached.
    """

    def __init__(self, database: Database, reader: Reader, networks: Iterable[Network]) -> None:
        self._database, self._reader, self._networks = database, reader, tuple(networks)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                due = await run_in_threadpool(self._due)
                await asyncio.gather(*(self._deliver(one) for one in due))
            except SQLAlchemyError as error:
                log.warning("Webhooks wait for the database: %s", error)
            await asyncio.sleep(_TICK_S)

    def _due(self) -> list[_Due]:
        columns = (DeliveryRow.id, DeliveryRow.job, DeliveryRow.event, DeliveryRow.attempts)
        chosen = select(*columns, WebhookRow.url, WebhookRow.secret).join(
            WebhookRow, WebhookRow.id == DeliveryRow.webhook
        )
        with self._database.reading() as session:
            rows = session.execute(
                chosen.where(DeliveryRow.next_at <= time.time()).order_by(DeliveryRow.id).limit(_AT_ONCE)
            )
            return [_Due(*row) for row in rows]

    async def _deliver(self, due: _Due) -> None:
        job = await run_in_threadpool(self._reader.job, due.job)
        if job is not None and not await self._send(due, json.dumps(_message(due.event, job.model_dump(mode="json")))):
            if due.attempts + 1 < _MOST_TRIES:
                await run_in_threadpool(self._postpone, due)
                return
            log.warning("A webhook was given up after %s tries: %s", _MOST_TRIES, due.url)
        await run_in_threadpool(self._forget, due)

    async def _send(self, due: _Due, text: str) -> bool:
        body, now = text.encode(), int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": due.id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(due.secret, due.id, now, body),
        }
        try:
            async with request("POST", due.url, self._networks, content=body, headers=headers) as response:
                return response.is_success
        except UnmaskError as error:
            log.info("A webhook did not arrive: %s", error)
            return False

    def _postpone(self, due: _Due) -> None:
        pause_s = _FIRST_PAUSE_S * 4**due.attempts
        with self._database.writing() as session:
            later = {"attempts": due.attempts + 1, "next_at": time.time() + pause_s}
            session.execute(update(DeliveryRow).where(DeliveryRow.id == due.id).values(**later))

    def _forget(self, due: _Due) -> None:
        with self._database.writing() as session:
            session.execute(delete(DeliveryRow).where(DeliveryRow.id == due.id))


def _message(event: str, job: object) -> dict[str, object]:
    return {"type": event, "timestamp": datetime.now(UTC).isoformat(), "data": job}
