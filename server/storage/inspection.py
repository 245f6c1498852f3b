"""
Everything that is kept, row by row, for whoever proves it by its hashes (server/upkeep/examine.py). Read in parts: a log may be larger
than the memory.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.tables.account import InstallationKey
from server.storage.tables.audit import Audit
from server.storage.tables.evidence import Blob
from server.storage.tables.operation import Chain, ChainHead, LoggedOperation
from server.storage.tables.report import Report

_AT_ONCE = 100
_ENTRY: Any = tuple(LoggedOperation.__mapper__.column_attrs)
"""Every column, as plain rows: a log must not fill the session."""


class Unreadable(Exception):
    """The database itself cannot read what it holds."""


@dataclass(frozen=True, slots=True)
class Log:
    """One audit's log, as its row says. `name`: what a person calls it."""

    id: str
    audit: str
    workspace: str
    head_seq: int
    head_hash: str
    latest_receipt: int
    name: str


@dataclass(frozen=True, slots=True)
class HeadRow:
    """`public_key` is None where no enrolled key has the name that stands in the row."""

    installation: str
    account: str
    dseq: int
    digest: str
    signature: str
    key_sha256: str | None
    public_key: bytes | None
    found_dseq: int | None
    """The number of the entry with this digest; None where the log has none."""


def logs(session: Session) -> list[Log]:
    return [_log(row) for row in _read(session, sa.select(Audit).order_by(Audit.id))]


def find_log(session: Session, log: str) -> Log | None:
    """As it is now; None where it is gone."""
    row = session.get(Audit, log, populate_existing=True)
    return None if row is None else _log(row)


def _log(row: Audit) -> Log:
    told = " ".join(part for part in (row.reference, row.title) if part) or "without a title"
    kind = "What is held for audit" if row.is_held else "Audit"
    return Log(
        row.id,
        row.audit_id,
        row.workspace_id,
        row.head_seq,
        row.head_hash,
        row.latest_receipt,
        f"{kind} {told} ({row.audit_id})",
    )


def entries(session: Session, log: str) -> Iterator[Any]:
    """Its rows, by number."""
    table = LoggedOperation
    return _stream(session, sa.select(*_ENTRY).where(table.audit_id == log).order_by(table.seq))


def entries_by_chain(session: Session, log: str) -> Iterator[Any]:
    """Those that have a place in the chain that sent them and are no branch: chain by chain, by their place."""
    table = LoggedOperation
    is_own = table.kind.is_(None) | (
        (table.sent_by_installation == table.chain_installation) & (table.sent_by_account == table.chain_account)
    )
    order = (table.sent_by_installation, table.sent_by_account, table.dseq, table.seq)
    query = sa.select(*_ENTRY).where(table.audit_id == log, table.dseq.is_not(None), table.is_branch.is_(False), is_own)
    return _stream(session, query.order_by(*order))


def holds(session: Session, log: str, digest: str) -> bool:
    found = sa.select(LoggedOperation.seq).where(LoggedOperation.audit_id == log, LoggedOperation.digest == digest)
    return session.scalar(sa.select(sa.exists(found))) is True


def placeless(session: Session, log: str) -> int:
    """How many entries cannot be read and have no number."""
    table = LoggedOperation
    nowhere = (table.audit_id == log, table.kind.is_(None), table.dseq.is_(None))
    return session.scalar(sa.select(sa.func.count()).where(*nowhere)) or 0


def chain_tips(session: Session, log: str) -> dict[tuple[str, str], tuple[int, str]]:
    """By installation and account, where the rows of the chains say that they end."""
    rows = _read(session, sa.select(Chain).where(Chain.audit_id == log))
    return {(row.installation, row.account): (row.tip_dseq, row.tip_digest) for row in rows}


def signed_heads(session: Session, log: str) -> Iterator[HeadRow]:
    table, entry = ChainHead, LoggedOperation
    query = (
        sa.select(table, entry.dseq)
        .outerjoin(entry, (entry.audit_id == table.audit_id) & (entry.digest == table.digest))
        .where(table.audit_id == log)
        .order_by(table.installation, table.account, table.dseq)
    )
    for row, found_dseq in _stream(session, query):
        yield HeadRow(
            row.installation,
            row.account,
            row.dseq,
            row.digest,
            row.signature,
            row.key_sha256,
            _public_key(session, row),
            found_dseq,
        )


def _public_key(session: Session, row: ChainHead) -> bytes | None:
    if row.key_sha256 is None:
        return None
    key = session.get(InstallationKey, (row.installation, row.account, bytes.fromhex(row.key_sha256)))
    return None if key is None else key.public_key


def evidence_rows(session: Session, log: str) -> dict[str, int]:
    """The size of each file that the audit holds, by its hash."""
    return {
        row.sha256: row.size for row in _stream(session, sa.select(Blob.sha256, Blob.size).where(Blob.audit_id == log))
    }


def report_rows(session: Session) -> list[tuple[str, str, str | None]]:
    """Id, audit and hash of the file of each report; None where there never was a file."""
    rows = _stream(session, sa.select(Report.id, Report.audit_id, Report.pdf_sha256).order_by(Report.id))
    return [(row.id, row.audit_id, row.pdf_sha256) for row in rows]


def _stream(session: Session, query: Any) -> Iterator[Any]:
    with telling_unreadable():
        yield from session.execute(query.execution_options(yield_per=_AT_ONCE))


def _read(session: Session, query: Any) -> list[Any]:
    with telling_unreadable():
        return list(session.scalars(query))


@contextlib.contextmanager
def telling_unreadable() -> Iterator[None]:
    """What the database cannot read in here is `Unreadable`."""
    try:
        yield
    except sa.exc.DatabaseError as problem:
        raise Unreadable(str(problem.orig)) from problem
