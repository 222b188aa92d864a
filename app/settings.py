"""What the environment may say, with meaning, default and limits of each setting.

Decides which values are acceptable (weak secrets are refused where strangers can reach us). Never reads a file and never
opens a connection.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from app.errors import CannotStart

SHORTEST_ADMIN_KEY: Final = 24
FEWEST_LETTERS: Final = 10  # a secret of fewer different characters was typed, not drawn
DATABASE_SCHEMES: Final = {"postgresql", "postgres", "postgresql+asyncpg"}


class Settings(BaseModel):
    """One value per setting. `load()` reads the environment; `Settings(host=…)` takes field names and reads nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    data: Path | None = Field(
        None,
        validation_alias="RAABTA_DATA",
        description="folder for our own PostgreSQL and its files; one that belongs to this clone where not given",
    )
    host: str = Field("127.0.0.1", validation_alias="RAABTA_HOST", description="address to listen on")
    port: int = Field(
        8000, ge=0, le=65535, validation_alias="RAABTA_PORT", description="port to listen on; 0 = any free"
    )
    admin_key: SecretStr | None = Field(
        None, validation_alias="RAABTA_ADMIN_KEY", description="sets the first admin key; at least 24 characters"
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="postgresql://… of a PostgreSQL 15 to 18; where not given, our own is started in the data folder",
    )
    public_base_url: str | None = Field(
        None,
        validation_alias="PUBLIC_BASE_URL",
        description="how the outside reaches us; Twilio's signatures are checked against it",
    )
    channels: tuple[str, ...] | None = Field(
        None, validation_alias="CHANNELS", description="channels to serve, with commas between; all that are found"
    )
    twilio_account_sid: str | None = Field(
        None, validation_alias="TWILIO_ACCOUNT_SID", description="account for outgoing calls; none = console only"
    )
    twilio_auth_token: SecretStr | None = Field(
        None,
        validation_alias="TWILIO_AUTH_TOKEN",
        description="checks the signature of Twilio's webhooks, and calls out",
    )
    smtp_url: SecretStr | None = Field(
        None,
        validation_alias="SMTP_URL",
        description="smtp://user:password@host:587 or smtps://…; where not given, letters go to the console",
    )
    mail_address: str = Field(
        "support@raabta.localhost",
        validation_alias="MAIL_ADDRESS",
        description="our own address: customers write to it",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="LOG_LEVEL", description="least severe line that is logged"
    )
    pool_size: int = Field(
        10, ge=2, le=200, validation_alias="POOL_SIZE", description="database connections for requests, per process"
    )
    hot_pool_size: int = Field(
        4, ge=1, le=50, validation_alias="HOT_POOL_SIZE", description="connections for intake and dispatch, per process"
    )
    statement_timeout_seconds: float = Field(
        10, gt=0, le=600, validation_alias="STATEMENT_TIMEOUT_SECONDS", description="longest single statement"
    )
    lock_timeout_seconds: float = Field(
        5, gt=0, le=600, validation_alias="LOCK_TIMEOUT_SECONDS", description="longest wait for a row lock"
    )
    idle_transaction_seconds: float = Field(
        15, gt=0, le=600, validation_alias="IDLE_TRANSACTION_SECONDS", description="longest pause inside a transaction"
    )
    shutdown_seconds: float = Field(
        8, gt=0, le=60, validation_alias="SHUTDOWN_SECONDS", description="time to drain after SIGTERM before we cut off"
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1024, validation_alias="MAX_BODY_BYTES", description="largest request body, letters apart"
    )
    max_mail_bytes: int = Field(
        26_214_400, ge=1024, validation_alias="MAX_MAIL_BYTES", description="largest raw letter taken in"
    )
    max_streams: int = Field(
        500, ge=1, le=100_000, validation_alias="MAX_STREAMS", description="event streams open at once, per process"
    )
    requests_per_second: int = Field(
        2_000, ge=1, validation_alias="REQUESTS_PER_SECOND", description="most requests per key and second, per process"
    )
    trusted_proxies: str | None = Field(
        None,
        validation_alias="TRUSTED_PROXIES",
        description="addresses or networks, with commas between, whose X-Forwarded-For is believed; none where not given",
    )
    failures_per_minute: int = Field(
        60,
        ge=1,
        validation_alias="FAILURES_PER_MINUTE",
        description="most unknown keys and wrong signatures per address and minute, per process",
    )

    webhook_networks: tuple[str, ...] = Field(
        (),
        validation_alias="WEBHOOK_NETWORKS",
        description="networks of our own that webhooks may reach, with commas between; else public addresses only",
    )

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _are_networks(cls, value: object) -> object:
        names = tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value
        for name in names if isinstance(names, tuple) else ():
            try:
                ipaddress.ip_network(name)
            except ValueError:
                raise ValueError(f"{name[:60]!r} is not a network like 10.0.0.0/8") from None
        return names

    @field_validator("channels", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in DATABASE_SCHEMES:
            raise ValueError("must be postgresql://user:password@host:port/name")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in {"smtp", "smtps"}:
            raise ValueError("must be smtp://… or smtps://…")
        return value

    @field_validator("public_base_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be https://host[/path], without query")
        return value.rstrip("/")

    @field_validator("mail_address")
    @classmethod
    def _is_mail_address(cls, value: str) -> str:
        local, at, domain = value.rpartition("@")
        if not (local and at and domain) or any(letter.isspace() for letter in value) or "+" in local:
            raise ValueError("must be name@domain, without a plus part (we add one per case)")
        return value

    @field_validator("admin_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_ADMIN_KEY:
            raise ValueError(f"must have at least {SHORTEST_ADMIN_KEY} characters")
        return value

    @model_validator(mode="after")
    def _keep_strangers_out(self) -> Self:
        if self.on_loopback:
            return self
        for name in ("admin_key", "twilio_auth_token"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and len(set(secret.get_secret_value())) < FEWEST_LETTERS:
                raise ValueError(f"{environment_name(name)}: too weak to listen on {self.host}: draw a random one")
        return self

    @property
    def on_loopback(self) -> bool:
        """Only this machine can reach us."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def reachable_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks of our own that webhooks may reach."""
        return tuple(ipaddress.ip_network(name) for name in self.webhook_networks)

    @property
    def base_url(self) -> str:
        """How the outside reaches us, without a slash at the end; where it was not told, the address we listen on."""
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        return self.public_base_url or f"http://{host}:{self.port}"

    @property
    def dsn(self) -> str | None:
        """`DATABASE_URL` as libpq and asyncpg write it (`postgresql://…`), or None where we run our own."""
        if self.database_url is None:
            return None
        _, _, rest = self.database_url.get_secret_value().partition("://")
        return f"postgresql://{rest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One line of `raabta settings`: the value in force (secrets masked), the default, and what it is for."""

    name: str
    value: str
    default: str
    meaning: str


def load() -> Settings:
    """The settings of the environment. Raises CannotStart whose detail is one line naming the setting, never its secret."""
    _refuse_misspelt(os.environ)
    known = [environment_name(field) for field in Settings.model_fields]
    try:
        # By the names of the environment only: a shell's own `port` or `host` is no setting.
        return Settings.model_validate({name: value for name in known if (value := os.environ.get(name, "")).strip()})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        raise CannotStart(f"{where}{message}", code="wrong_setting") from None


def described(settings: Settings) -> Iterator[Described]:
    """Every setting, in the order of the class."""
    for field, info in type(settings).model_fields.items():
        yield Described(
            name=environment_name(field),
            value=_shown(getattr(settings, field)),
            default=_shown(info.default),
            meaning=info.description or "",
        )


def environment_name(field: str) -> str:
    """The environment variable behind a field."""
    return str(Settings.model_fields[field].validation_alias)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "********"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _refuse_misspelt(given: Mapping[str, str]) -> None:
    """A setting that silently does nothing because of a typing error is the worst kind."""
    known = [environment_name(field) for field in Settings.model_fields]
    for name in given:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if name.startswith("RAABTA_") and near and name not in known:
            raise CannotStart(f"{name}: no such setting; did you mean {near[0]}?", code="wrong_setting")
