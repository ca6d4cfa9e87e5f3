"""Everything that an operator can set, by environment (``UNMASK_...``) or by flags of `unmask serve`."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from unmask.core.errors import InvalidOption

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _data_folder() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "unmask" / "server"


class Settings(BaseSettings):
    """Settings of a server; each can be set by ``UNMASK_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="UNMASK_", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; beyond loopback an API key is needed.")
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    data: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        default_factory=_data_folder, description="Folder of the database, the media and the results."
    )
    database_url: str = Field("", description="For example postgresql://user@host/name; empty for SQLite in `data`.")
    redis_url: str = Field("", description="For example redis://localhost; empty for a queue in `data`.")
    workers: Annotated[int, Field(ge=0, le=64)] = Field(1, description="Processes that decode and judge.")
    queue_limit: Annotated[int, Field(ge=1)] = Field(500, description="Most jobs that wait; more are answered by 429.")
    max_bytes: Annotated[int, Field(ge=1)] = Field(2 * 2**30, description="Largest file.")
    max_pixels: Annotated[int, Field(ge=1)] = Field(100_000_000, description="Largest picture or frame.")
    max_duration_s: Annotated[float, Field(gt=0)] = Field(4 * 3600.0, description="Longest video or recording.")
    max_job_s: Annotated[float, Field(gt=0)] = Field(900.0, description="Longest time that one job may take.")
    max_batch: Annotated[int, Field(ge=1)] = Field(100, description="Most files in one batch.")
    min_free_bytes: Annotated[int, Field(ge=0)] = Field(2**28, description="Disk space that uploads leave free.")
    min_upload_rate: Annotated[int, Field(ge=0)] = Field(
        1024, description="Bytes a second that an upload must make, after ten seconds."
    )
    retention_days: Annotated[float, Field(gt=0)] | None = Field(30.0, description="When jobs are deleted; null never.")
    allow_urls: bool = Field(default=False, description="Whether media may be fetched from URLs.")
    url_time_s: Annotated[float, Field(gt=0)] = Field(60.0, description="Longest time to fetch one URL.")
    private_networks: tuple[Network, ...] = Field(
        (), description="Private networks that URL submission and webhooks may reach nevertheless."
    )
    rate_per_minute: Annotated[int, Field(ge=1)] = Field(600, description="Submissions a minute for a key or address.")
    trusted_hosts: tuple[str, ...] = Field((), description="Further names under which the server is called.")
    require_key: bool = Field(default=False, description="Ask for an API key on loopback too.")

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def keys_needed(self) -> bool:
        """Whether callers must show a key."""
        return self.require_key or not self.on_loopback

    @property
    def database(self) -> str:
        """URL of the database as SQLAlchemy wants it."""
        if not self.database_url:
            return f"sqlite:///{self.data / 'unmask.db'}"
        return self.database_url.replace("postgres://", "postgresql://").replace(
            "postgresql://", "postgresql+psycopg://"
        )


def read_settings(**flags: Any) -> Settings:  # noqa: ANN401 - pydantic checks each
    """Read the environment, overlaid with flags that are not None.

    Raises:
        InvalidOption: A value is wrong; the message names it.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        message = f"{name.replace('_', '-')}: {first['msg']} (given by a flag or by UNMASK_{name.upper()})."
        raise InvalidOption(message) from error
