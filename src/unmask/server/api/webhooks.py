"""Webhooks: who is told when a job ends."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime

from fastapi import APIRouter
from sqlalchemy import delete, select

from unmask.client.documents import Webhook, WebhookRequest
from unmask.server.api.answers import PROBLEMS, missing
from unmask.server.security.outside import checked_address, place
from unmask.server.service import Parts
from unmask.server.storage.tables import WebhookRow, new_id

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post("", status_code=201, responses=PROBLEMS)
def add_webhook(wanted: WebhookRequest, parts: Parts) -> Webhook:
    """Be told of every job that ends; the secret, shown only now, proves that the message is from here."""
    checked_address(*place(wanted.url), parts.settings.private_networks)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row = WebhookRow(id=new_id(), url=wanted.url, secret=secret, created_at=time.time())
    with parts.database.writing() as session:
        session.add(row)
    return _document(row, secret)


@router.get("", responses=PROBLEMS)
def get_webhooks(parts: Parts) -> tuple[Webhook, ...]:
    """List webhooks, without their secrets."""
    with parts.database.reading() as session:
        return tuple(_document(row) for row in session.scalars(select(WebhookRow).order_by(WebhookRow.id)))


@router.delete("/{webhook}", status_code=204, responses=PROBLEMS)
def remove_webhook(webhook: str, parts: Parts) -> None:
    """Tell somebody no more."""
    with parts.database.writing() as session:
        known = session.scalars(select(WebhookRow.id).where(WebhookRow.id == webhook)).all()
        session.execute(delete(WebhookRow).where(WebhookRow.id == webhook))
    if not known:
        raise missing("such webhook")


def _document(row: WebhookRow, secret: str | None = None) -> Webhook:
    return Webhook(id=row.id, url=row.url, created_at=datetime.fromtimestamp(row.created_at, UTC), secret=secret)
