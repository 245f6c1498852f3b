"""
Every setting, once. Read when the process starts, from the environment (`AUDITBOOK_<NAME>`, and `DATABASE_URL`).

An unknown `AUDITBOOK_` variable is an error: a misspelt setting must not be silently without effect.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

_OTHER_READERS = frozenset({"AUDITBOOK_CORPUS", "AUDITBOOK_PEERS", "AUDITBOOK_TEST_DATABASE_URL"})
"""Variables of this name that the tests read, not the server."""


class ConfigurationError(Exception):
    """A setting that cannot be used. The text says which one and what it takes."""


def _setting(default: str, meaning: str, *, is_secret: bool = False) -> str:
    # What is secret is in no picture of the settings, so in no log either.
    return field(default=default, metadata={"meaning": meaning}, repr=not is_secret)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings as text, as they are given; the properties below read them."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: str = _setting("8000", "Port to listen on.")
    data: str = _setting("var", "Folder for the database, evidence, keys, reports and written mails.")
    demo: str = _setting(
        "1", "1 seeds the demonstration into an empty database, unless a public address is set; 0 starts empty."
    )
    database_url: str = _setting(
        "", "PostgreSQL address (postgresql://...). Empty: SQLite in the data folder.", is_secret=True
    )
    s3_bucket: str = _setting("", "Bucket of an S3 service that keeps evidence. Empty: evidence in the data folder.")
    s3_prefix: str = _setting("", "What the names of objects in the bucket begin with.")
    s3_endpoint: str = _setting("", "Address of the S3 service (https://...). Empty: Amazon's of the region.")
    s3_region: str = _setting("us-east-1", "Region of the bucket.")
    s3_access_key_id: str = _setting("", "Key that may list, read, write and delete in the bucket.")
    s3_secret_access_key: str = _setting("", "Secret of that key.", is_secret=True)
    public_url: str = _setting("", "Address under which people reach the app. Empty: mails carry codes, no links.")
    trusted_proxies: str = _setting("0", "How many reverse proxies stand in front and set X-Forwarded headers.")
    pwa: str = _setting("", "Folder of the built tablet app. Empty: pwa/dist beside the server.")
    smtp_host: str = _setting("", "Mail server. Empty: mails are written to the data folder, in mail/.")
    smtp_port: str = _setting("587", "Port of the mail server.")
    smtp_tls: str = _setting("starttls", "starttls, tls or none.")
    smtp_user: str = _setting("", "Account at the mail server.")
    smtp_password: str = _setting("", "Password at the mail server.", is_secret=True)
    mail_from: str = _setting("Auditbook <auditbook@localhost>", "Sender of mails.")
    signing_pkcs12: str = _setting("", "PKCS#12 file of the report signer. Empty: a development authority is made.")
    signing_password: str = _setting("", "Password of that file.", is_secret=True)
    log_key: str = _setting(
        "", "File with the key that signs how far each log goes (EC P-256, PEM). Empty: one is made in the data folder."
    )
    decision_register: str = _setting(
        "",
        "File that lists what was erased and blocked; keep it beside the backups. Empty: decisions.jsonl in the data folder.",
    )
    timestamp_url: str = _setting("", "RFC 3161 time-stamp authority. Empty: reports carry no time stamp (PAdES B-B).")
    worker: str = _setting("1", "1 runs the worker inside the server process; 0 leaves it to `auditbook worker`.")

    @property
    def data_folder(self) -> Path:
        return Path(self.data).resolve()

    @property
    def decision_register_path(self) -> Path:
        given = self.decision_register
        return Path(given).resolve() if given else self.data_folder / "decisions.jsonl"

    @property
    def is_demo(self) -> bool:
        return self.demo not in ("0", "false", "no")

    @property
    def pwa_folder(self) -> Path:
        return Path(self.pwa).resolve() if self.pwa else Path(__file__).resolve().parent.parent / "pwa" / "dist"

    @property
    def sqlalchemy_url(self) -> str:
        """`postgresql://` means psycopg 3 since SQLAlchemy 2.1; SQLite lies in the data folder."""
        return self.database_url or f"sqlite:///{self.data_folder / 'auditbook.sqlite3'}"

    @property
    def is_sqlite(self) -> bool:
        return self.sqlalchemy_url.startswith("sqlite")


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """Settings from the environment. Raises ConfigurationError with a sentence for what cannot be used."""
    environment = os.environ if environment is None else environment
    names = {f"AUDITBOOK_{setting.name.upper()}": setting.name for setting in fields(Config)}
    given = {name: value for name, value in environment.items() if name.startswith("AUDITBOOK_")}
    if unknown := sorted(set(given) - set(names) - _OTHER_READERS):
        raise ConfigurationError(f"{unknown[0]} is not a setting of Auditbook. docs/operations.md lists them all.")
    values = {names[name]: value for name, value in given.items() if name in names}
    if "DATABASE_URL" in environment:
        values.setdefault("database_url", environment["DATABASE_URL"])
    config = Config(**values)
    _refuse_unusable(config)
    return config


def _refuse_unusable(config: Config) -> None:
    for name in ("port", "smtp_port", "trusted_proxies"):
        if not getattr(config, name).isdigit():
            raise ConfigurationError(f"AUDITBOOK_{name.upper()} must be a whole number, not {getattr(config, name)!r}.")
    if config.smtp_tls not in ("starttls", "tls", "none"):
        raise ConfigurationError("AUDITBOOK_SMTP_TLS must be starttls, tls or none.")
    _refuse_unusable_store(config)
    if config.database_url and not config.database_url.startswith(
        ("postgresql://", "postgresql+psycopg://", "sqlite:///")
    ):
        raise ConfigurationError("DATABASE_URL must begin with postgresql:// or sqlite:///.")


def _refuse_unusable_store(config: Config) -> None:
    given = (config.s3_endpoint, config.s3_prefix, config.s3_access_key_id, config.s3_secret_access_key)
    if any(given) and not config.s3_bucket:
        raise ConfigurationError("AUDITBOOK_S3_BUCKET is missing: without it nothing is kept in S3.")
    if bool(config.s3_access_key_id) != bool(config.s3_secret_access_key):
        raise ConfigurationError("AUDITBOOK_S3_ACCESS_KEY_ID and AUDITBOOK_S3_SECRET_ACCESS_KEY go together.")
    if config.s3_endpoint and not config.s3_endpoint.startswith(("https://", "http://")):
        raise ConfigurationError("AUDITBOOK_S3_ENDPOINT must begin with https:// or http://.")
