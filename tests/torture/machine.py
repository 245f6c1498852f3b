"""
The server under torture: the real application over a real database, with a clock and a chance of its own, so that a seed gives the same
story again; and the ways in which a machine fails.
"""

import base64
import io
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from server.config import Config
from server.database import SERVER, Base, db, reading, unit_of_work
from server.domain.operation import ChainKey
from server.domain.vocabulary import Origin, Role
from server.handover.read import opened
from server.handover.take_in import Taken, take_in
from server.identity.codes import token_digest
from server.sealing import log_key
from server.storage import accounts, backup_marks, clock, identifiers, sign_ins
from server.storage.blobs import BlobKey
from server.storage.disk_blobs import DiskBlobs
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import server_identity
from server.storage.tables.account import Installation, Membership
from server.storage.tables.audit import Audit
from server.storage.tables.evidence import Blob, Upload
from server.storage.tables.operation import Chain, LoggedOperation
from server.sync import server_operation
from server.sync.restore import CaughtUp, begin_again, catch_up_with_register
from tests.torture.invariants import LoggedEntry, LyingFile, ServerLog, ServerSeen

BEGIN = 1_795_000_000_000
"""2026-11-18, by every clock."""


class PowerCut(BaseException):
    """Everything in memory is gone; what is on disk stays."""


class Chance:
    """In the place of `secrets`: the same numbers for the same seed."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)

    def randbits(self, bits: int) -> int:
        return self._random.getrandbits(bits)

    def token_bytes(self, count: int = 32) -> bytes:
        return self._random.randbytes(count)


@dataclass
class Clock:
    """In the place of `time`."""

    now: int = BEGIN

    def time_ns(self) -> int:
        return self.now * 1_000_000

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Fault:
    """
    What is to happen in the next request: `statement` and `busy` at the n-th statement of SQL, `commit` before and `committed` right
    after the n-th transaction that writes.
    """

    kind: str
    n: int


@dataclass
class Backup:
    """The database as rows or as a file, and the files of evidence."""

    rows: Any
    folder: Path
    at: int


@dataclass
class Machine:
    app: Flask
    folder: Path
    chance: Chance
    clock: Clock = field(default_factory=Clock)
    backups: list[Backup] = field(default_factory=list)
    deaths: int = 0
    fault: Fault | None = None
    _statements: int = 0
    _commits: int = 0

    # --- Requests

    def request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, token: str | None, cut: int | None
    ) -> Any:
        """Carry out a request; `cut`: of the body only so many bytes come. Raises PowerCut where the machine dies in it."""
        api = self.app.test_client()
        if token is not None:
            api.set_cookie("auditbook", token)
        self.clock.now += 7
        self._statements = self._commits = 0
        given: dict[str, Any] = {"data": body}
        if cut is not None:
            given = {"input_stream": io.BytesIO(body[:cut])}
            headers = {**headers, "Content-Length": str(len(body))}
        try:
            return api.open(path, method=method, headers=headers, **given)
        except PowerCut:
            self.deaths += 1
            db.engine.dispose()
            self.fault = None
            # It is started again: what was decided and not carried out to the end is.
            self.start()
            raise
        finally:
            self.fault = None

    # --- Dying

    def before_statement(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        self._statements += 1
        fault = self.fault
        if fault is None or self._statements != fault.n:
            return
        if fault.kind == "statement":
            self.fault = None
            raise PowerCut
        if fault.kind == "busy":
            self.fault = None
            raise sa.exc.OperationalError(statement, {}, Exception("database is locked"))

    def before_commit(self, session: Session) -> None:
        if not session.connection().get_execution_options().get("readonly", False):
            self._commits += 1
            self._die_at("commit")

    def after_commit(self, _session: Session) -> None:
        self._die_at("committed")

    def _die_at(self, kind: str) -> None:
        if self.fault is not None and (self.fault.kind, self.fault.n) == (kind, self._commits):
            self.fault = None
            raise PowerCut

    # --- Backup and restore

    def back_up(self) -> None:
        """What an administrator copies every night: database and evidence. Neither log.key nor the register of decisions."""
        folder = self.folder / f"backup-{len(self.backups)}-{self.clock.now}"
        folder.mkdir()
        evidence = self._data / "evidence"
        if evidence.exists():
            shutil.copytree(evidence, folder / "evidence")
        self.backups.append(Backup(self._copy_rows(folder), folder, self.clock.now))
        with unit_of_work(SERVER) as session:
            backup_marks.mark_logs(session, backup_marks.heads(session), self.clock.now)
            backup_marks.mark_evidence(
                session, [key for key in _blobs(session) if self._path(key).exists()], is_held=True
            )

    def restore(self, which: int, *, is_told: bool = True, is_disk_lost: bool = True) -> CaughtUp:
        """
        Put one back, and do what docs/operations.md says; or, not told, start the server over it as if nothing had been. Where the disk
        is not lost, the files that the backup does not know stay.
        """
        backup = self.backups[which]
        db.engine.dispose()
        if self._is_sqlite:
            for path in self._data.glob("auditbook.sqlite3*"):
                path.unlink()
            shutil.copyfile(backup.folder / "auditbook.sqlite3", self._data / "auditbook.sqlite3")
        else:
            self._put_rows_back(backup.rows)
        evidence = self._data / "evidence"
        if is_disk_lost:
            shutil.rmtree(evidence, ignore_errors=True)
            shutil.rmtree(self._data / "uploads", ignore_errors=True)
        if (backup.folder / "evidence").exists():
            shutil.copytree(backup.folder / "evidence", evidence, dirs_exist_ok=True)
        return begin_again() if is_told else self.start()

    def is_backed_up(self, audit: str, name: str) -> bool:
        """Whether some backup has the bytes of this file, whatever the server says."""
        return any(any(one.folder.glob(f"evidence/*/{audit}/{name}")) for one in self.backups)

    def is_on_disk(self, audit: str, name: str) -> bool:
        return any(self._data.glob(f"evidence/*/{audit}/{name}"))

    def import_by_hand(self, file: bytes, passphrase: str, vouch_for: str | None = None) -> list[Taken]:
        """`auditbook import`; with `vouch_for`, an account, whoever runs the server says that unknown tablets were that person's."""
        with reading(SERVER) as session:
            person = None if vouch_for is None else accounts.account_by_id(session, vouch_for)
        path = self.folder / "brought.zip.age"
        path.write_bytes(file)
        with opened(path, passphrase) as handover:
            return take_in(
                handover, EvidenceFiles(Config(data=str(self._data))), None if person is None else person.email
            )

    @property
    def _data(self) -> Path:
        folder: Path = self.app.config["AUDITBOOK"].data_folder
        return folder

    @property
    def _is_sqlite(self) -> bool:
        return bool(self.app.config["AUDITBOOK"].is_sqlite)

    def _copy_rows(self, folder: Path) -> Any:
        if self._is_sqlite:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
            db.engine.dispose()
            shutil.copyfile(self._data / "auditbook.sqlite3", folder / "auditbook.sqlite3")
            return None
        with reading(SERVER) as session:
            return {
                table: [dict(row) for row in session.execute(sa.select(table)).mappings()]
                for table in Base.metadata.sorted_tables
            }

    def _put_rows_back(self, rows: Any) -> None:
        with unit_of_work(SERVER) as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(sa.delete(table))
            for table in Base.metadata.sorted_tables:
                if rows[table]:
                    session.execute(sa.insert(table), rows[table])

    def lose_log_key(self) -> None:
        """The file is gone, and the server makes another one when it starts again."""
        (self._data / log_key.KEY_FILE).unlink(missing_ok=True)
        log_key._read.cache_clear()
        self.start()

    def start(self) -> CaughtUp:
        """What the server does before it serves."""
        return catch_up_with_register(self.log_key_name())

    def log_key_name(self) -> str:
        return log_key.load_log_key(self.app.config["AUDITBOOK"]).name

    # --- What people do at a desk or a terminal

    def sign_in(self, account: str) -> str:
        """A new session of nobody's tablet yet; its token."""
        token = f"{self.chance.randbits(128):032x}"
        with unit_of_work(SERVER) as session:
            sign_ins.add_session(
                session, account=account, token_sha256=token_digest(token), device="torture", now=self.clock.now
            )
        return token

    def set_roles(self, workspace: str, account: str, *roles: Role) -> None:
        with unit_of_work(SERVER) as session:
            mine = (Membership.workspace_id == workspace) & (Membership.account_id == account)
            session.execute(sa.delete(Membership).where(mine))
            accounts.add_roles(session, workspace, account, roles)

    # --- What the checker is given

    def seen(self) -> ServerSeen:
        """The logs of audits, held ones not, as raw rows; and every file that the store has."""
        with reading(SERVER) as session:
            server = server_identity(session)
            audits = [row for row in session.scalars(sa.select(Audit)) if not row.is_held]
            logs = {}
            for audit in audits:
                rows = session.scalars(
                    sa.select(LoggedOperation).where(LoggedOperation.audit_id == audit.id).order_by(LoggedOperation.seq)
                )
                chains = session.scalars(sa.select(Chain).where(Chain.audit_id == audit.id)).all()
                named = {ChainKey(chain.installation, chain.account, audit.id): chain for chain in chains}
                logs[audit.id] = ServerLog(
                    [
                        LoggedEntry(
                            row.seq,
                            bytes(row.data),
                            row.digest,
                            row.content_sha256,
                            Origin(row.origin),
                            row.received_at,
                            row.hash,
                            ChainKey(row.sent_by_installation, row.sent_by_account, audit.id),
                            row.dseq,
                        )
                        for row in rows
                    ],
                    audit.head_seq,
                    audit.head_hash,
                    {key: chain.announced_dseq for key, chain in named.items()},
                    {key: chain.tip_dseq for key, chain in named.items()},
                    audit.first_restored_seq,
                )
            files = {}
            for key in _blobs(session):
                path = self._path(key)
                files[key.audit, key.sha256] = path.read_bytes() if path.exists() else b""
        return ServerSeen(server.epoch, server.installation, logs, files, server.former, list(self._on_disk()))

    def _on_disk(self) -> Iterator[LyingFile]:
        """Every file of evidence that lies in the data folder, with a row or without: in its place, made of it, on its way."""
        for path in sorted((self._data / "evidence").glob("*/*/*")):
            yield LyingFile(path.parent.name, path.name[:64], path.read_bytes())
        with reading(SERVER) as session:
            rows = {row.id: (row.audit_id, row.sha256) for row in session.scalars(sa.select(Upload))}
        for path in sorted((self._data / "uploads").glob("*")):
            if path.stat().st_size:
                yield LyingFile(*rows.get(path.name.partition(".")[0], ("", "")), path.read_bytes())

    def _path(self, key: BlobKey) -> Path:
        return DiskBlobs(self._data / "evidence").path(key)

    def heads(self) -> dict[str, str]:
        """Where each log ends, and what the store has."""
        with reading(SERVER) as session:
            found = {row.id: row.head_hash for row in session.execute(sa.select(Audit.id, Audit.head_hash))}
            return found | {key.sha256 + key.audit: "" for key in _blobs(session)}

    def blocked(self) -> list[str]:
        with reading(SERVER) as session:
            rows = sa.select(Installation.id).where(Installation.revoked_at.is_not(None)).distinct()
            return sorted(session.scalars(rows))

    def aside(self, audit: str) -> list[str]:
        """What is in quarantine there, in the order of the log."""
        table = LoggedOperation
        with reading(SERVER) as session:
            aside = sa.select(table.digest).where(table.audit_id == audit, table.verdict == "quarantined")
            return list(session.scalars(aside.order_by(table.seq)))

    def reasons(self, audit: str) -> Counter[str]:
        table = LoggedOperation
        with reading(SERVER) as session:
            aside = sa.select(table.verdict_code).where(table.audit_id == audit, table.verdict == "quarantined")
            return Counter(map(str, session.scalars(aside)))

    def held_digests(self) -> set[str]:
        """What waits for an audit that is not known here."""
        with reading(SERVER) as session:
            held = sa.select(Audit.id).where(Audit.is_held)
            return set(session.scalars(sa.select(LoggedOperation.digest).where(LoggedOperation.audit_id.in_(held))))


def _blobs(session: Session) -> list[BlobKey]:
    rows = sa.select(Blob.workspace_id, Blob.audit_id, Blob.sha256)
    return [BlobKey(*row) for row in session.execute(rows.order_by(Blob.audit_id, Blob.sha256))]


@contextmanager
def ruled(app: Flask, folder: Path, seed: int) -> Iterator[Machine]:
    """The machine, with its clock and its chance in the place of the real ones."""
    machine = Machine(app, folder, Chance(seed))
    listeners: list[tuple[Any, str, Callable[..., None]]] = [
        (db.engine, "before_cursor_execute", machine.before_statement),
        (Session, "before_commit", machine.before_commit),
        (Session, "after_commit", machine.after_commit),
    ]
    with ExitStack() as stack:
        for where, name, value in (
            (clock, "time", machine.clock),
            (identifiers, "secrets", machine.chance),
            (server_operation, "secrets", machine.chance),
            (server_operation, "time", machine.clock),
            (server_operation, "START", "A" * 11),
            (server_operation, "_STARTED_AT", 0.0),
        ):
            stack.enter_context(patch.object(where, name, value))
        for target, name, listener in listeners:
            event.listen(target, name, listener)
            stack.callback(event.remove, target, name, listener)
        machine.start()
        yield machine


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(spki).decode().rstrip("=")
