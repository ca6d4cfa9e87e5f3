"""API keys: 256 random bits each, of which only the SHA-256 is kept (nothing so random can be guessed from it)."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from unmask.core.errors import InvalidOption, nearest
from unmask.server.storage.database import Database
from unmask.server.storage.tables import KeyRow, new_id

_PREFIX = "unmask_"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, without its secret.

    Attributes:
        id: Names it where the secret may not stand.
        name: What people call it.
        created_at: Seconds since 1970.
    """

    id: str
    name: str
    created_at: float


class Keys:
    """Makes, finds and revokes keys.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str) -> str:
        """Make a key and return its secret, which cannot be shown again.

        Raises:
            InvalidOption: The name is empty, or a valid key has it, so that revoking by name would take both.
        """
        if not name.strip():
            raise InvalidOption("A key needs a name that tells whom it is for.")
        if name[:200] in {key.name for key in self.all()}:
            raise InvalidOption(f"There is a key named {name!r}. Revoke it first, or choose another name.")
        secret = _PREFIX + secrets.token_urlsafe(32)
        with self._database.writing() as session:
            session.add(KeyRow(id=new_id(), name=name[:200], digest=_digest(secret), created_at=time.time()))
        return secret

    def all(self) -> list[Key]:
        """List keys that are valid."""
        with self._database.reading() as session:
            rows = session.scalars(select(KeyRow).where(KeyRow.revoked_at.is_(None)).order_by(KeyRow.created_at))
            return [Key(row.id, row.name, row.created_at) for row in rows]

    def revoke(self, which: str) -> None:
        """Make a key invalid, at once and for its sessions too.

        Args:
            which: Its name or id.

        Raises:
            InvalidOption: There is no such key.
        """
        with self._database.writing() as session:
            valid = select(KeyRow).where(KeyRow.revoked_at.is_(None), (KeyRow.name == which) | (KeyRow.id == which))
            rows = session.scalars(valid).all()
            for row in rows:
                row.revoked_at = time.time()
        if not rows:
            message = f"There is no key {which!r}. {nearest(which, (key.name for key in self.all()))}"
            raise InvalidOption(message)

    def find(self, secret: str) -> str | None:
        """Return the id of the valid key with this secret; None if there is none."""
        return self._id(KeyRow.digest == _digest(secret))

    def is_valid(self, key: str) -> bool:
        """Tell whether the key of this id may still be used."""
        return self._id(KeyRow.id == key) is not None

    def exist(self) -> bool:
        """Tell whether there is any valid key."""
        with self._database.reading() as session:
            return bool(session.scalar(select(func.count()).where(KeyRow.revoked_at.is_(None))))

    def _id(self, which: ColumnElement[bool]) -> str | None:
        with self._database.reading() as session:
            return session.scalar(select(KeyRow.id).where(which, KeyRow.revoked_at.is_(None)))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
