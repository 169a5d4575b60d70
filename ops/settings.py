"""The one place that reads the environment: every setting, its variable, its default and its meaning."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ops.errors import PlainError

PREFIX: Final = "CHEMIST_"
_LEDGER: Final = re.compile(r"CHEMIST_LEDGER_([A-Z][A-Z0-9_]*?)_(ADMIN_)?DSNS")


class SettingsError(PlainError):
    """A setting is missing, unknown or wrong; the text names its variable."""


class Settings(BaseModel):
    """What every process of ours is told. Addresses hold secrets, so they are left out of its `repr`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: Literal["development", "test", "production"] = Field(
        "development", description="what this installation is for"
    )
    data_dir: Path = Field(Path(".chemist"), description="data, logs, keys and the search folder")

    postgres_dsn: str = Field(repr=False, description="PostgreSQL as the application's role")
    postgres_admin_dsn: str = Field(
        "", repr=False, description="PostgreSQL as the owner, for migrations; default: CHEMIST_POSTGRES_DSN"
    )
    redis_url: str = Field(repr=False, description="Redis or Valkey, for read models and hot copies")
    mongodb_url: str = Field(repr=False, description="MongoDB, with the database's name")
    elasticsearch_url: str | None = Field(
        None, repr=False, description="Elasticsearch; without it search is Tantivy in DATA_DIR/search"
    )
    broker_url: str = Field(
        "", repr=False, description="Celery's broker; default: database 1 of CHEMIST_REDIS_URL"
    )
    ledger_dsns: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        repr=False,
        description="CHEMIST_LEDGER_<CONTEXT>_DSNS: a context's shards, by comma; default: CHEMIST_POSTGRES_DSN",
    )
    ledger_admin_dsns: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        repr=False,
        description="CHEMIST_LEDGER_<CONTEXT>_ADMIN_DSNS: the same shards as their owner; default: the former, "
        "or CHEMIST_POSTGRES_ADMIN_DSN",
    )

    embedded_postgres_port: int = Field(
        15432, ge=1, le=65535, description="preferred port of the embedded PostgreSQL"
    )
    embedded_valkey_port: int = Field(
        16379, ge=1, le=65535, description="preferred port of the embedded Valkey"
    )
    embedded_mongodb_port: int = Field(
        17017, ge=1, le=65535, description="preferred port of the embedded MongoDB"
    )
    embedded_elasticsearch_port: int = Field(
        19200, ge=1, le=65535, description="preferred port of the embedded Elasticsearch"
    )

    gateway_host: str = Field("127.0.0.1", description="where the gateway listens")
    gateway_port: int = Field(8080, ge=1, le=65535, description="the gateway's port")
    channel: Literal["local", "grpc"] = Field("local", description="how the gateway reaches both sides")
    command_side_address: str = Field("127.0.0.1:18081", description="the command side, over gRPC")
    query_side_address: str = Field("127.0.0.1:18082", description="the query side, over gRPC")
    rpc_certificate_file: Path | None = Field(None, description="our certificate for gRPC with mutual TLS")
    rpc_key_file: Path | None = Field(None, description="the key of that certificate")
    rpc_authority_file: Path | None = Field(
        None, description="the authority that signed the other end's certificate"
    )
    projector_share: str = Field(
        "0/1",
        pattern=r"^(\d{1,2})/[1-9]\d?$",
        description="the projector's share of the views: 0/2 and 1/2 for two",
    )
    idempotency_days: int = Field(30, ge=1, description="how long a command's id and answer are remembered")

    jwt_public_key_file: Path = Field(
        Path(), description="verifies tokens; default: DATA_DIR/keys/jwt_public.pem"
    )
    jwt_private_key_file: Path = Field(
        Path(), description="issues development tokens; default: DATA_DIR/keys/jwt_private.pem"
    )
    jwt_issuer: str = Field("chemist.ke", description="the issuer a token must name")
    jwt_audience: str = Field("chemist", description="the audience a token must name")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: dict[str, Any]) -> dict[str, Any]:
        values = dict(given)
        data_dir = Path(values.get("data_dir") or ".chemist").absolute()
        values["data_dir"] = data_dir
        values.setdefault("postgres_admin_dsn", values.get("postgres_dsn", ""))
        values.setdefault("broker_url", _database(values.get("redis_url", ""), 1))
        values.setdefault("jwt_public_key_file", data_dir / "keys" / "jwt_public.pem")
        values.setdefault("jwt_private_key_file", data_dir / "keys" / "jwt_private.pem")
        return values

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        files = (self.rpc_certificate_file, self.rpc_key_file, self.rpc_authority_file)
        if any(files) and not all(files):
            message = (
                "mutual TLS needs all three of CHEMIST_RPC_CERTIFICATE_FILE, _KEY_FILE and _AUTHORITY_FILE"
            )
            raise ValueError(message)
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read them from the environment (ours when not given); an empty variable counts as absent.

        Raises:
            SettingsError: naming the variable that is missing, unknown or wrong.
        """
        values: dict[str, Any] = {}
        for name, text in given(environment).items():
            if shard := _LEDGER.fullmatch(name):
                field = "ledger_admin_dsns" if shard[2] else "ledger_dsns"
                values.setdefault(field, {})[shard[1].lower()] = tuple(
                    part.strip() for part in text.split(",")
                )
            elif knows(name):
                values[name.removeprefix(PREFIX).lower()] = text
            else:
                message = f"{name} is not a setting of ours; `chemist settings` lists them"
                raise SettingsError(message)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else ""
            what = "is not set" if first["type"] == "missing" else f"is wrong: {first['msg']}"
            message = f"{name} {what}" if first["loc"] else first["msg"]
            raise SettingsError(message) from None

    def to_environment(self) -> dict[str, str]:
        """The same settings as variables, for a child process."""
        variables: dict[str, str] = {}
        for field in type(self).model_fields:
            value = getattr(self, field)
            if field in {"ledger_dsns", "ledger_admin_dsns"}:
                ending = "ADMIN_DSNS" if field == "ledger_admin_dsns" else "DSNS"
                for context, dsns in value.items():
                    variables[f"{PREFIX}LEDGER_{context.upper()}_{ending}"] = ",".join(dsns)
            elif value is not None:
                variables[PREFIX + field.upper()] = str(value)
        return variables

    def ledger(self, context: str) -> tuple[str, ...]:
        """The DSNs of a context's ledger, one a shard, in shard order."""
        return self.ledger_dsns.get(context) or (self.postgres_dsn,)

    def ledger_admin(self, context: str) -> tuple[str, ...]:
        """The same shards' DSNs as their owner, for migrations."""
        if admin := self.ledger_admin_dsns.get(context):
            return admin
        return self.ledger_dsns.get(context) or (self.postgres_admin_dsn,)

    @property
    def search_dir(self) -> Path:
        """The folder of Tantivy's indexes."""
        return self.data_dir / "search"


def given(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of ours that are set and not empty."""
    source = os.environ if environment is None else environment
    return {name: text for name, text in source.items() if name.startswith(PREFIX) and text.strip()}


def knows(name: str) -> bool:
    """Whether a variable of that name is a setting."""
    if _LEDGER.fullmatch(name):
        return True
    field = name.removeprefix(PREFIX).lower()
    return (
        name == PREFIX + field.upper() and field in Settings.model_fields and not field.startswith("ledger_")
    )


def described() -> list[tuple[str, str, str]]:
    """Every setting: its variable, its meaning, its default (empty when it has none, or one that meaning tells)."""
    rows = []
    for field, declared in Settings.model_fields.items():
        meaning = declared.description or ""
        if field.startswith("ledger_"):
            name, _, meaning = meaning.partition(": ")
            rows.append((name, meaning, ""))
        else:
            plain = isinstance(declared.default, str | int | Path) and str(declared.default) not in {"", "."}
            rows.append((PREFIX + field.upper(), meaning, str(declared.default) if plain else ""))
    return rows


def redacted(address: str) -> str:
    """An address with its password hidden, for people's eyes."""
    in_url = re.sub(r"(?<=://)([^:/@]*):[^/]*@", r"\1:***@", address)
    return re.sub(r"(password\s*=\s*)('[^']*'|[^\s&]+)", r"\1***", in_url)


def _database(redis_url: str, number: int) -> str:
    parts = urlsplit(redis_url)
    return urlunsplit(parts._replace(path=f"/{number}")) if redis_url else ""
