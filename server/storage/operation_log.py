"""
The operation log on disk: append, look up by digest, read a page, read for folding.

Nothing here deletes an entry, and only an erasure takes bytes away; they come back where nobody decided that they go, and where they
have rotted. Whoever appends holds the lock of the audit's row
(`audits.lock_audit`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.domain.fold import BORN, Entry, read_entry
from server.domain.operation import (
    GENESIS,
    ChainKey,
    ErasedOperation,
    Operation,
    advance_running_hash,
    digest_of,
    digest_of_erased,
    erase_content,
    parse_operation,
)
from server.domain.refusals import Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation

QUARANTINED = "quarantined"
APPLIED = "applied"
MAX_PAGE_BYTES = 2 * 1024 * 1024
_LOOKUP = 500
"""How many values one `IN` names: both databases plan that many well."""
_ARRIVED = sa.func.coalesce(LoggedOperation.since, LoggedOperation.received_at).label("arrived")
"""Since when an entry counts. By this and the number is told who was first, as in the fold."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be appended. `operation` is None when the envelope cannot be read; `dseq` is its place in the sender's chain."""

    data: bytes
    digest: str
    origin: Origin
    sent_by: ChainKey
    operation: Operation | None
    dseq: int | None
    is_branch: bool = False
    quarantine: Refusal | None = None
    content_sha256: str | None = None
    """Of an entry whose content was erased before it came; `data` is then the header."""
    received_at: int | None = None
    """Where it is not now: of an entry that came back after a restore, when it came for the first time."""


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What the log knows about a digest that comes again, or that an operation names as its predecessor."""

    seq: int
    digest: str
    dseq: int | None
    is_branch: bool
    is_of_sender: bool
    """The chain that the bytes name is the chain that sent them; or they cannot be read, and these two sent them."""
    quarantine: Refusal | None
    is_hollow: bool = False
    """Its content was erased."""
    since: int = 0
    """From when on it counts, if it does."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """`data` is None where whoever asks has the entry; `content_sha256` stands for content that was erased."""

    seq: int
    data: bytes | None
    digest: str
    content_sha256: str | None
    origin: Origin
    received_at: int
    judges: str | None = None
    """Of a verdict the digest of the operation that it is about, as the columns say: its bytes may have rotted."""


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """What cannot be read still has its place in the chain of whoever sent it, as far as that could be told."""

    digest: str
    sent_by: ChainKey
    dseq: int | None


Form = tuple[bytes, str | None]
"""A text, and None; or where its content was erased its header, and the hash of the content."""


@dataclass(frozen=True, slots=True)
class RightAgain:
    """An entry that had rotted, and has its right bytes again."""

    seq: int
    digest: str
    received_at: int


def append_entries(session: Session, audit: Audit, entries: Sequence[NewEntry], at: int) -> list[int]:
    """Number the entries, advance the running hash, write them all. The audit's row must be locked by this transaction."""
    rows: list[dict[str, Any]] = []
    seq, running, latest = audit.head_seq, audit.head_hash, audit.latest_receipt
    for entry in entries:
        # Who arrived first follows from this time: a clock that is put back must not let anybody in before the others.
        received_at = max(at, latest) if entry.received_at is None else entry.received_at
        latest = max(latest, received_at)
        seq, running = seq + 1, advance_running_hash(running, entry.digest, entry.origin, received_at)
        rows.append(_row(audit, entry, seq, running, received_at))
    if rows:
        session.execute(sa.insert(LoggedOperation), rows)
        audit.head_seq, audit.head_hash, audit.latest_receipt = seq, running, latest
        session.flush()
    return [row["seq"] for row in rows]


def _row(audit: Audit, entry: NewEntry, seq: int, running: str, at: int) -> dict[str, Any]:
    operation, reason = entry.operation, entry.quarantine
    return {
        "audit_id": audit.id,
        "seq": seq,
        "workspace_id": audit.workspace_id,
        "data": entry.data,
        "content_sha256": entry.content_sha256,
        "digest": entry.digest,
        "hash": running,
        "origin": entry.origin.value,
        "received_at": at,
        "sent_by_account": entry.sent_by.account,
        "sent_by_installation": entry.sent_by.installation,
        "chain_account": operation.chain.account if operation else None,
        "chain_installation": operation.chain.installation if operation else None,
        "dseq": entry.dseq if operation is None else operation.dseq,
        "is_branch": entry.is_branch,
        "is_of_old_log": False,
        "kind": operation.kind.value if operation else None,
        "entity_kind": operation.entity_kind if operation else None,
        "entity": operation.entity if operation else None,
        "field": operation.field if operation else None,
        "verdict": QUARANTINED if reason else None,
        "verdict_code": reason.code if reason else None,
        "verdict_facts": json.dumps(dict(reason.facts)) if reason else None,
    }


def known_entries(session: Session, audit: Audit, chain: ChainKey, digests: Iterable[str]) -> dict[str, KnownEntry]:
    """Of these digests those that the log holds, with what the sender of this chain needs to know of them."""
    wanted = sorted(set(digests) - {GENESIS})
    known: dict[str, KnownEntry] = {}
    table = LoggedOperation
    columns = (
        table.seq, table.digest, table.dseq, table.is_branch, table.chain_account,
        table.chain_installation, table.sent_by_account, table.sent_by_installation,
        table.verdict, table.verdict_code, table.verdict_facts, table.content_sha256, _ARRIVED,
    )  # fmt: skip
    for start in range(0, len(wanted), _LOOKUP):
        some = wanted[start : start + _LOOKUP]
        found = session.execute(sa.select(*columns).where(table.audit_id == audit.id, table.digest.in_(some)))
        for row in found:
            sent_by = (row.sent_by_installation, row.sent_by_account)
            claimed = (row.chain_installation, row.chain_account)
            is_of_sender = sent_by == (chain.installation, chain.account) and claimed in (sent_by, (None, None))
            known[row.digest] = KnownEntry(
                row.seq,
                row.digest,
                row.dseq,
                row.is_branch,
                is_of_sender,
                _quarantine(row),
                row.content_sha256 is not None,
                row.arrived,
            )
    return known


def _quarantine(row: Any) -> Refusal | None:
    if row.verdict != QUARANTINED:
        return None
    return Refusal(row.verdict_code, json.loads(row.verdict_facts))


def births(session: Session, audit: Audit, entities: Iterable[str]) -> dict[str, Entry]:
    """Of these entities those that were born already, with the entry that counts."""
    wanted = sorted(set(entities))
    found: dict[str, Entry] = {}
    table = LoggedOperation
    for start in range(0, len(wanted), _LOOKUP):
        some = wanted[start : start + _LOOKUP]
        rows = session.execute(
            sa.select(*_READ)
            .where(
                table.audit_id == audit.id,
                table.entity.in_(some),
                table.field == BORN,
                sa.or_(table.verdict.is_(None), table.verdict != QUARANTINED),
            )
            .order_by(_ARRIVED.desc(), table.seq.desc())
        )
        # The first to arrive is the last to be read.
        found.update({row.entity: entry for row in rows if (entry := _read(row)) is not None})
    return found


def learn_place(session: Session, audit: Audit, digest: str, dseq: int, is_branch: bool) -> None:
    """An entry that cannot be read is placed by its successor, which names it."""
    session.execute(
        sa.update(LoggedOperation)
        .where(LoggedOperation.audit_id == audit.id, LoggedOperation.digest == digest)
        .values(dseq=dseq, is_branch=is_branch)
    )


def note_release(session: Session, entry: LoggedOperation, since: int | None) -> None:
    """Repeat in an entry's columns that a person let it count. The code of what was taken back stays."""
    entry.verdict, entry.since = APPLIED, since
    session.flush()


def note_read(session: Session, entry: LoggedOperation, operation: Operation) -> None:
    """What could not be read when it came, and can be now."""
    entry.chain_installation, entry.chain_account = operation.chain.installation, operation.chain.account
    entry.dseq, entry.kind, entry.field = operation.dseq, operation.kind.value, operation.field
    entry.entity_kind, entry.entity = operation.entity_kind, operation.entity
    session.flush()


def note_unread(session: Session, entry: LoggedOperation) -> None:
    """Its header alone could be read, and with its content it cannot. Its number stays."""
    entry.chain_installation = entry.chain_account = None
    entry.kind = entry.field = entry.entity_kind = entry.entity = None
    session.flush()


def quarantined(
    session: Session, audit: Audit, codes: Iterable[str], after: int = 0, limit: int | None = None
) -> list[LoggedOperation]:
    """What stands aside for one of these reasons, in the order of the log; behind a number, and no more than so many."""
    table = LoggedOperation
    is_aside = (table.verdict == QUARANTINED) & table.verdict_code.in_(sorted(codes))
    query = sa.select(table).where(table.audit_id == audit.id, is_aside, table.seq > after).order_by(table.seq)
    return list(session.scalars(query.limit(limit)))


def count_aside(session: Session, audit: Audit, account: str) -> int:
    """How many operations that this account sent stand in quarantine."""
    table = LoggedOperation
    is_aside = (table.audit_id == audit.id) & (table.verdict == QUARANTINED) & (table.sent_by_account == account)
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(is_aside)) or 0


def audits_with_quarantined(session: Session, codes: Iterable[str]) -> list[str]:
    """The logs in which something stands aside for one of these reasons."""
    table = LoggedOperation
    is_aside = (table.verdict == QUARANTINED) & table.verdict_code.in_(sorted(codes))
    return list(session.scalars(sa.select(table.audit_id).where(is_aside).distinct().order_by(table.audit_id)))


def counting_since(session: Session, audit: Audit, since: int) -> list[LoggedOperation]:
    """What tablets sent that counts from this time on, or a later one, without anybody's decision, in that order."""
    table = LoggedOperation
    # A decision leaves the code of what it took back; the server's own second word does not.
    counts = table.verdict.is_(None) | ((table.verdict == APPLIED) & table.verdict_code.is_(None))
    is_of_device = (table.origin == Origin.DEVICE.value) & table.kind.is_not(None)
    query = sa.select(table).where(table.audit_id == audit.id, since <= _ARRIVED, is_of_device, counts)
    return list(session.scalars(query.order_by(_ARRIVED, table.seq)))


def younger_than_old_log(session: Session, audit: Audit, until: int) -> list[LoggedOperation]:
    """
    What came since the last restore, counts, and is not of the old log, although it has a time up to this one: the server's clock was
    behind. In the order in which it counts.
    """
    table = LoggedOperation
    is_since = (table.seq > (audit.restored_seq or 0)) & table.is_of_old_log.is_(False) & (until >= _ARRIVED)
    counts = (table.verdict.is_(None) | (table.verdict == APPLIED)) & table.kind.not_in(
        [kind.value for kind in ON_OPERATIONS]
    )
    query = sa.select(table).where(table.audit_id == audit.id, is_since, counts)
    return list(session.scalars(query.order_by(_ARRIVED, table.seq)))


def note_old_log(session: Session, audit: Audit, digests: Iterable[str]) -> None:
    """These stand in the log from before the last restore."""
    for some in _some(digests):
        is_one = (LoggedOperation.audit_id == audit.id) & LoggedOperation.digest.in_(some)
        session.execute(sa.update(LoggedOperation).where(is_one).values(is_of_old_log=True))


def arrival_of(entry: LoggedOperation) -> tuple[int, int]:
    """Since when it counts, and its number: as the fold tells who was first."""
    return (entry.received_at if entry.since is None else entry.since, entry.seq)


def digest_before(session: Session, audit: Audit, chain: ChainKey, dseq: int, prev: str | None) -> str | None:
    """
    What stands before this number in the unbroken chain, as the log has it by now. What cannot be read and names nobody may have been
    sent by somebody else before: there `prev` tells.
    """
    if dseq == 1:
        return GENESIS
    table = LoggedOperation
    is_of_sender = (table.sent_by_installation == chain.installation) & (table.sent_by_account == chain.account)
    is_named = (table.chain_installation == chain.installation) & (table.chain_account == chain.account)
    is_there = is_of_sender & (is_named | table.kind.is_(None)) & (table.dseq == dseq - 1)
    is_nobodys = (table.digest == prev) & table.kind.is_(None)
    query = sa.select(table.digest).where(table.audit_id == audit.id, table.is_branch.is_(False), is_there | is_nobodys)
    return session.scalar(query.order_by(sa.case((is_there, 0), else_=1)).limit(1))


def sender_of(entry: LoggedOperation) -> tuple[str, str]:
    """Installation and account that sent it."""
    return entry.sent_by_installation, entry.sent_by_account


def is_of_author(entry: LoggedOperation) -> bool:
    """The chain that the bytes name sent it."""
    return sender_of(entry) == (entry.chain_installation, entry.chain_account)


def note_judgement(
    session: Session,
    entry: LoggedOperation,
    reason: Refusal | None,
    since: int | None,
    sent_by: tuple[str, str] | None = None,
) -> None:
    """
    Repeat in an entry's columns why it is in quarantine, and by whom it was sent as the verdict says; None where it counts, and since
    when. What counts although somebody else had brought it was sent by its author since.
    """
    judged = _judged(reason, since)
    if reason is not None and sent_by is not None:
        judged |= {"sent_by_installation": sent_by[0], "sent_by_account": sent_by[1]}
    elif reason is None and entry.chain_account and entry.chain_installation:
        judged |= {"sent_by_account": entry.chain_account, "sent_by_installation": entry.chain_installation}
    for name, value in judged.items():
        setattr(entry, name, value)
    session.flush()


def judge_anew(session: Session, audit: Audit, entry: NewEntry, since: int | None) -> None:
    """
    Its author has sent what the log held otherwise: brought by somebody else, or the header alone. From here on it counts as sent by
    the author. Number, time of receipt and running hash stay, and so does what was erased by decision.
    """
    kept = ("audit_id", "seq", "workspace_id", "digest", "hash", "origin", "received_at")
    read = {name: value for name, value in _row(audit, entry, 0, GENESIS, 0).items() if name not in kept}
    session.execute(
        sa.update(LoggedOperation)
        .where(LoggedOperation.audit_id == audit.id, LoggedOperation.digest == entry.digest)
        .values(**read | _judged(entry.quarantine, since))
    )


def is_as_stored(data: bytes, content_sha256: str | None, digest: str) -> bool:
    """Whether these bytes are still those that gave this digest when they came."""
    return digest == (digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256))


def put_right(session: Session, audit: str, brought: Mapping[str, Form]) -> list[RightAgain]:
    """
    Entries whose bytes have rotted on the disk, and whose right ones were brought: those stand in their place again. What was erased
    stays erased, and is put right by either form; what is whole here only by a whole text. `brought`: by their digest.
    """
    table, right_again = LoggedOperation, []
    for some in _some(brought):
        rows = session.execute(
            sa.select(table.seq, table.received_at, table.digest, table.data, table.content_sha256).where(
                table.audit_id == audit, table.digest.in_(some)
            )
        )
        for row in rows.all():
            data, content_sha256 = brought[row.digest]
            is_erased = row.content_sha256 is not None
            if is_as_stored(row.data, row.content_sha256, row.digest) or (content_sha256 is not None and not is_erased):
                continue
            if is_erased and content_sha256 is None:
                data, content_sha256 = erase_content(data)
            session.execute(
                sa.update(table)
                .where(table.audit_id == audit, table.seq == row.seq)
                .values(data=data, content_sha256=content_sha256)
            )
            right_again.append(RightAgain(row.seq, row.digest, row.received_at))
    return sorted(right_again, key=lambda entry: entry.seq)


def _judged(reason: Refusal | None, since: int | None) -> dict[str, Any]:
    """The columns that repeat a verdict."""
    return {
        "verdict": APPLIED if reason is None else QUARANTINED,
        "verdict_code": reason.code if reason else None,
        "verdict_facts": json.dumps(dict(reason.facts)) if reason else None,
        "since": since if reason is None else None,
    }


def count_sent_while_revoked(session: Session, installation: str, account: str, log: str | None = None) -> int:
    """How many operations came under this installation's name from a blocked tablet, in all audits or in one log."""
    table = LoggedOperation
    counted = session.scalar(
        sa.select(sa.func.count())
        .select_from(table)
        .where(
            table.sent_by_installation == installation,
            table.sent_by_account == account,
            # As a literal, so that SQLite sees that its partial index fits.
            table.verdict_code == sa.literal_column("'account.installation_revoked'"),
            sa.true() if log is None else table.audit_id == log,
        )
    )
    return counted or 0


def read_page(
    session: Session,
    audit: str,
    after: int,
    limit: int,
    without: ChainKey | None = None,
    only_of: str | None = None,
) -> list[PageEntry]:
    """
    Entries behind the cursor: at most `limit` and what belongs to the last one, not many more than 2 MiB, and always one if
    there is one. Of the chain `without` only digests are given: whoever asks has made them. So it is of everything but what the
    account `only_of` sent and what was said about that: whoever asks may not see the rest.
    """
    table = LoggedOperation
    is_known: sa.ColumnElement[bool] = sa.false()
    if without is not None:
        is_known = sa.and_(
            table.chain_installation == without.installation,
            table.chain_account == without.account,
            table.sent_by_installation == without.installation,
            table.sent_by_account == without.account,
        )
    if only_of is not None:
        is_known = sa.or_(is_known, sa.not_(_concerns(audit, only_of)))
    size = sa.case((is_known, 100), else_=sa.func.length(table.data))
    behind = sa.select(table.seq, size).where(table.audit_id == audit, table.seq > after)
    last = after
    room = MAX_PAGE_BYTES
    for seq, bytes_of_it in session.execute(behind.order_by(table.seq).limit(limit)):
        if room <= 0:
            break
        last, room = seq, room - bytes_of_it
    # Never between an operation and the verdict right behind it: a tablet that stops here must not take for applied what is not.
    behind_last = sa.select(table.seq).where(
        table.audit_id == audit,
        table.seq == last + 1,
        table.origin == Origin.SERVER.value,
        table.kind == OperationKind.VERDICT.value,
    )
    last = session.scalar(behind_last) or last
    rows = session.execute(
        sa.select(
            table.seq,
            sa.case((is_known, sa.null()), else_=table.data).label("data"),
            table.digest,
            sa.case((is_known, sa.null()), else_=table.content_sha256).label("content_sha256"),
            table.origin,
            table.received_at,
            table.kind,
            table.entity,
        )
        .where(table.audit_id == audit, table.seq > after, table.seq <= last)
        .order_by(table.seq)
    )
    return [
        PageEntry(
            row.seq, row.data, row.digest, row.content_sha256, Origin(row.origin), row.received_at, _judged_by(row)
        )
        for row in rows
    ]


def _judged_by(row: Any) -> str | None:
    """The digest that this row is the server's verdict on, by its columns; None where it is none."""
    is_verdict = row.kind == OperationKind.VERDICT.value and row.origin == Origin.SERVER.value
    return row.entity.removeprefix("operation/") if is_verdict else None


def _concerns(audit: str, account: str) -> sa.ColumnElement[bool]:
    """What this account sent, and what the server said about it."""
    table, sent = LoggedOperation, aliased(LoggedOperation)
    judged = sa.select(sa.literal("operation/") + sent.digest).where(
        sent.audit_id == audit, sent.sent_by_account == account, sent.origin == Origin.DEVICE.value
    )
    is_said_about_it = (table.origin == Origin.SERVER.value) & table.entity.in_(judged)
    return sa.or_(table.sent_by_account == account, sa.func.coalesce(is_said_about_it, sa.false()))


def hash_at(session: Session, audit: str, seq: int) -> str:
    """The running hash up to and with this number; empty where the log does not go so far."""
    if seq == 0:
        return GENESIS
    table = LoggedOperation
    return session.scalar(sa.select(table.hash).where(table.audit_id == audit, table.seq == seq)) or ""


def load_entries(session: Session, audit: str, entity_kinds: Iterable[str] | None = None) -> list[Entry]:
    """
    The log for folding: all of it, or the entities of some kinds with the verdicts on them.

    What cannot be read is left out: it shows nothing, and every screen learns of it through its verdict. So is that of which the last
    verdict has rotted: nobody can tell whether it counts.
    """
    if entity_kinds is None:
        return _load(session, audit, sa.true())
    return _load_with_verdicts(session, audit, LoggedOperation.entity_kind.in_(sorted(entity_kinds)))


def load_team_entries(session: Session, audit: str) -> list[Entry]:
    """What says who is in the team: its members, and the birth of the audit, whose author leads until they say else."""
    table = LoggedOperation
    is_birth = (table.entity_kind == "audit") & (table.field == BORN)
    return _load_with_verdicts(session, audit, sa.or_(table.entity_kind == "team_member", is_birth))


def load_erasures_of(session: Session, audit: str, digests: Iterable[str]) -> list[Entry]:
    """What the server said about taking the content of these away."""
    table = LoggedOperation
    said = [f"operation/{digest}" for digest in digests]
    is_erasure = (table.kind == OperationKind.ERASURE.value) & (table.origin == Origin.SERVER.value)
    return _load(session, audit, is_erasure & table.entity.in_(said)) if said else []


def load_report_entries(session: Session, audit: str, kinds: Iterable[str] = ("report_record",)) -> list[Entry]:
    """What says which reports were sealed, and which of them were issued; `kinds`: of entities."""
    table = LoggedOperation
    is_issuance = (table.kind == OperationKind.ISSUANCE.value) & (table.origin == Origin.SERVER.value)
    return _load_with_verdicts(session, audit, sa.or_(table.entity_kind.in_(sorted(kinds)), is_issuance))


def _load_with_verdicts(session: Session, audit: str, wanted: sa.ColumnElement[bool]) -> list[Entry]:
    table = LoggedOperation
    judged = sa.select(sa.literal("operation/") + table.digest).where(
        table.audit_id == audit, wanted, table.verdict.is_not(None)
    )
    verdicts = (table.kind == OperationKind.VERDICT.value) & table.entity.in_(judged)
    return _load(session, audit, sa.or_(wanted, verdicts))


def _load(session: Session, audit: str, wanted: sa.ColumnElement[bool]) -> list[Entry]:
    table = LoggedOperation
    query = sa.select(*_READ).where(table.audit_id == audit, wanted)
    entries: list[Entry] = []
    untold: set[str] = set()
    for row in session.execute(query.order_by(table.seq)):
        entry, judged = _read(row), _judged_by(row)
        if entry is not None:
            entries.append(entry)
        if judged is not None:
            (untold.add if entry is None else untold.discard)(judged)
    return [entry for entry in entries if entry.operation.digest not in untold] if untold else entries


_READ = (
    LoggedOperation.kind,
    LoggedOperation.entity,
    LoggedOperation.data,
    LoggedOperation.content_sha256,
    LoggedOperation.origin,
    LoggedOperation.seq,
    LoggedOperation.received_at,
    LoggedOperation.digest,
)


def _read(row: Any) -> Entry | None:
    """None where it cannot be read; or has rotted: under the digest that it has now it would escape what was said about it."""
    entry = read_entry(row.data, Origin(row.origin), row.seq, row.received_at, row.content_sha256)
    return entry if entry is not None and entry.operation.digest == row.digest else None


def unreadable_entries(session: Session, audit: str) -> list[UnreadableEntry]:
    """What `load_entries` leaves out: a chain that is followed backwards leads through it."""
    table = LoggedOperation
    rows = session.execute(
        sa.select(table.digest, table.sent_by_installation, table.sent_by_account, table.dseq).where(
            table.audit_id == audit, table.kind.is_(None)
        )
    )
    return [
        UnreadableEntry(row.digest, ChainKey(row.sent_by_installation, row.sent_by_account, audit), row.dseq)
        for row in rows
    ]


def find_entry(session: Session, audit: str, digest: str) -> LoggedOperation | None:
    return session.scalar(
        sa.select(LoggedOperation).where(LoggedOperation.audit_id == audit, LoggedOperation.digest == digest)
    )


def digests_held(session: Session, audit: Audit, digests: Iterable[str]) -> set[str]:
    """Of these digests those that the log holds."""
    table = LoggedOperation
    return {
        digest
        for some in _some(digests)
        for digest in session.scalars(sa.select(table.digest).where(table.audit_id == audit.id, table.digest.in_(some)))
    }


def entries_by_digest(session: Session, audit: Audit, digests: Iterable[str]) -> dict[str, LoggedOperation]:
    """Of these digests the rows that there are."""
    table = LoggedOperation
    return {
        row.digest: row
        for some in _some(digests)
        for row in session.scalars(sa.select(table).where(table.audit_id == audit.id, table.digest.in_(some)))
    }


def read_operations(session: Session, audit: Audit, digests: Iterable[str]) -> list[Operation]:
    """These operations as far as they can be read, in the order asked for, whatever they count."""
    wanted = list(digests)
    rows = entries_by_digest(session, audit, wanted)
    entries = (_read(rows[digest]) for digest in wanted if digest in rows)
    return [entry.operation for entry in entries if entry is not None]


def verdicts_on(session: Session, audit: Audit, digests: Iterable[str]) -> list[tuple[Operation, int]]:
    """What the server said about these and when it stood in the log, in the order of the log."""
    table = LoggedOperation
    found: list[Entry] = []
    for some in _some(digests):
        is_about_them = (table.kind == OperationKind.VERDICT.value) & (table.origin == Origin.SERVER.value)
        is_about_them &= table.entity.in_([f"operation/{digest}" for digest in some])
        found += _load(session, audit.id, is_about_them)
    ordered = sorted(found, key=lambda entry: entry.seq or 0)
    return [(entry.operation, entry.received_at or 0) for entry in ordered]


def words_of_issuing(session: Session, audit: str | None = None) -> list[tuple[LoggedOperation, Operation]]:
    """What the server said about reports that it issued, in the order of the logs; of one audit, or of every one."""
    table = LoggedOperation
    is_word = (table.kind == OperationKind.ISSUANCE.value) & (table.origin == Origin.SERVER.value)
    if audit is not None:
        is_word &= table.audit_id == audit
    rows = session.scalars(sa.select(table).where(is_word).order_by(table.audit_id, table.seq))
    read = ((row, parse_operation(row.data, row.content_sha256)) for row in rows)
    return [(row, word) for row, word in read if isinstance(word, Operation)]


def is_told_erased(session: Session, audit: Audit, digest: str) -> bool:
    """Whether the log says that this entry's content was taken out."""
    table = LoggedOperation
    told = sa.select(table.seq).where(
        table.audit_id == audit.id,
        table.entity == f"operation/{digest}",
        table.kind == OperationKind.ERASURE.value,
        table.origin == Origin.SERVER.value,
    )
    return session.scalar(sa.select(sa.exists(told))) is True


def _some(digests: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(digests))
    for start in range(0, len(wanted), _LOOKUP):
        yield wanted[start : start + _LOOKUP]


def last_verdict(session: Session, audit: str, digest: str) -> str | None:
    """The server's newest verdict on this digest, by its own: a new one names it as what it replaces."""
    table = LoggedOperation
    return session.scalar(
        sa.select(table.digest)
        .where(
            table.audit_id == audit,
            table.entity == f"operation/{digest}",
            table.kind == OperationKind.VERDICT.value,
            table.origin == Origin.SERVER.value,
        )
        .order_by(table.seq.desc())
        .limit(1)
    )


def reason_of(row: LoggedOperation) -> Refusal:
    """Why an entry is in quarantine, from its columns."""
    return Refusal(row.verdict_code or "envelope.malformed", json.loads(row.verdict_facts or "{}"))


def senders(session: Session, audit: str) -> list[tuple[str, str]]:
    """Who sent into this log from where, as account and installation, in the order in which they began to."""
    table = LoggedOperation
    sent_by = (table.sent_by_account, table.sent_by_installation)
    is_of_device = (table.audit_id == audit) & (table.origin == Origin.DEVICE.value)
    rows = session.execute(sa.select(*sent_by).where(is_of_device).group_by(*sent_by).order_by(sa.func.min(table.seq)))
    return [(row.sent_by_account, row.sent_by_installation) for row in rows]


def placeless_sent_by(session: Session, audit: Audit, sent_by: tuple[str, str]) -> list[LoggedOperation]:
    """What this installation sent under this account that cannot be read and has no place in its chain, in the order of the log."""
    table = LoggedOperation
    is_of_sender = (table.sent_by_installation == sent_by[0]) & (table.sent_by_account == sent_by[1])
    is_placeless = (table.audit_id == audit.id) & table.kind.is_(None) & table.dseq.is_(None)
    return list(session.scalars(sa.select(table).where(is_of_sender, is_placeless).order_by(table.seq)))


def operations_of(session: Session, audit: str, account: str, installation: str) -> list[ErasedOperation | str]:
    """What one of them sent, in the order in which it came, as far as it has not rotted."""
    table = LoggedOperation
    rows = session.execute(
        sa.select(table.data, table.content_sha256, table.digest)
        .where(
            table.audit_id == audit,
            table.origin == Origin.DEVICE.value,
            table.sent_by_account == account,
            table.sent_by_installation == installation,
        )
        .order_by(table.seq)
    )
    return [
        row.data.decode() if row.content_sha256 is None else ErasedOperation(row.data.decode(), row.content_sha256)
        for row in rows
        if is_as_stored(row.data, row.content_sha256, row.digest)
    ]


def names_evidence(session: Session, audit: str, sha256: str) -> bool:
    """Whether the log names these bytes as evidence, in quarantine or not: what is to be decided on must be seen."""
    return sha256 in _evidence_named(session, audit, sa.true())


def evidence_sent_by(session: Session, audit: str, account: str) -> set[str]:
    """The hashes of the bytes that this account's own entries name, in quarantine or not."""
    table = LoggedOperation
    return _evidence_named(session, audit, (table.sent_by_account == account) & (table.chain_account == account))


def evidence_named(session: Session, audit: str) -> set[str]:
    """The hashes of the bytes that any entry names, in quarantine or not."""
    return _evidence_named(session, audit, sa.true())


def evidence_named_beside(session: Session, audit: str, digests: Iterable[str]) -> set[str]:
    """The hashes of the bytes that any entry but these names, in quarantine or not."""
    return _evidence_named(session, audit, LoggedOperation.digest.not_in(sorted(set(digests))))


def writes_field(session: Session, audit: str, kind: str, name: str) -> bool:
    """Whether any entry writes this field of an entity of this kind, whether it counts or not."""
    table = LoggedOperation
    query = sa.select(table.seq).where(table.audit_id == audit, table.entity_kind == kind, table.field == name)
    return session.scalar(query.limit(1)) is not None


def entries_about(session: Session, audit: str, entity: str) -> list[LoggedOperation]:
    """Every entry about this entity, in quarantine or not, in the order of the log."""
    table = LoggedOperation
    query = sa.select(table).where(table.audit_id == audit, table.entity == entity).order_by(table.seq)
    return list(session.scalars(query))


def evidence_births(session: Session, audit: str, seq: int) -> list[Any]:
    """The values of every birth of evidence up to a number, in quarantine or not; None where it was erased."""
    table = LoggedOperation
    return [entry.operation.value for entry in _births_of_evidence(session, audit, table.seq <= seq)]


def _evidence_named(session: Session, audit: str, wanted: sa.ColumnElement[bool]) -> set[str]:
    values = (entry.operation.value for entry in _births_of_evidence(session, audit, wanted))
    return {str(value["sha256"]) for value in values if isinstance(value, dict) and value.get("sha256")}


def _births_of_evidence(session: Session, audit: str, wanted: sa.ColumnElement[bool]) -> Iterator[Entry]:
    table = LoggedOperation
    is_birth = (table.entity_kind == "evidence") & (table.kind == OperationKind.ADD.value)
    entries = (
        _read(row) for row in session.execute(sa.select(*_READ).where(table.audit_id == audit, is_birth, wanted))
    )
    return (entry for entry in entries if entry is not None)
