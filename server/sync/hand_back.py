"""
After a backup was put back: a tablet hands the server its own log again, as far as a receipt covers it.

Before: the backup is a beginning of the old log. The tablet says how much of it both have, names what stood behind that, entry by
        entry, and brings what the server lacks.
After:  the running hash over that list is the one that the server signed once, so every line of it is the server's own word. What it
        lacked stands in the log again with its origin and its time of receipt, as new numbers of the new epoch; and what the server
        has said about entries since, without knowing the rest, gives way to what it had said before.

The same proves that a backup was put back and nobody said so: then the server begins its new epoch now.

Whoever has list and receipt has been given the log by this server, so no more is asked than that it is a member of the workspace.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import (
    GENESIS,
    SERVER_ACCOUNT,
    ChainKey,
    ErasedOperation,
    Operation,
    advance_running_hash,
    digest_of,
    digest_of_erased,
    erase_content,
    parse_operation,
)
from server.domain.receipt import Receipt
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.sealing.log_key import LogKey
from server.storage import Session, audits, chains, erasures
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.clock import now_ms
from server.storage.server_state import ServerIdentity, server_identity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync import issuance
from server.sync.ask_again import after_hand_back
from server.sync.head_signature import verifying_key
from server.sync.place import Arrival, Tip, claimed_place, follow_chain
from server.sync.push import adopt_held
from server.sync.receive import Receiver, is_of_author
from server.sync.reconcile import put_behind, reconcile, said_in, sender_in, since_in
from server.sync.restore import begin_again_untold


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the old log, as it enters the running hash."""

    digest: str
    origin: Origin
    received_at: int


@dataclass(frozen=True, slots=True)
class Begin:
    """What the server signed about the old log where a stretch begins."""

    hash: str
    at: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    The old log behind its first `after` entries, and the signature under where it ends. `operations`: what the tablet brings.
    `begin`: None where what is before stands here in the same places.
    """

    audit: str
    epoch: str
    after: int
    lines: Sequence[Line]
    at: str
    key: str
    signature: str
    operations: Sequence[ErasedOperation | str]
    begin: Begin | None = None

    @property
    def end(self) -> int:
        """The number of the last of it."""
        return self.after + len(self.lines)

    @property
    def until(self) -> int:
        """When the server received the last of it, in milliseconds since 1970."""
        return self.lines[-1].received_at


@dataclass(frozen=True, slots=True)
class HandedBack:
    epoch: str
    taken: int
    """Entries that were lacking, and those of which the content was."""
    next: int | None
    """The old number of the first entry that is still lacking."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """One entry as the tablet brings it."""

    data: bytes
    digest: str
    content_sha256: str | None
    operation: Operation | None = field(repr=False)


def hand_back(account: str, roles: Roles, log_key: LogKey, stretch: Stretch) -> HandedBack:
    """Take in what is lacking of what was brought. Raises Refused where anything does not add up; nothing is taken in then."""
    if {stretch.key, stretch.begin.key if stretch.begin else stretch.key} != {log_key.name}:
        # Told to anybody: it says nothing about an audit.
        raise Refused(Refusal("sync.receipt_of_another_key"))
    brought = {one.digest: one for one in map(_read, stretch.operations)}
    with reading(SERVER) as session:
        row = audits.find_audit(session, stretch.audit)
        workspace = _workspace_of_birth(stretch, brought) if row is None else row.workspace_id
        is_visible = row is not None and audits.visible_audit(session, stretch.audit, account, roles) is not None
        signed = _hash_at_end(session, stretch, log_key, row)
        reason = signed if isinstance(signed, Refusal) else None
        is_untold = isinstance(signed, str) and _was_put_back_untold(session, stretch, row, signed)
    if workspace not in roles or (reason is not None and not is_visible):
        raise Refused(Refusal("request.not_found"))
    if reason is not None:
        raise Refused(reason)
    if is_untold:
        begin_again_untold(stretch.epoch, log_key.name)
    with unit_of_work(Scope(frozenset({workspace}))) as session:
        if row is None:
            _create_audit(session, stretch, brought, workspace, account)
        audit = audits.lock_audit(session, stretch.audit)
        if audit is None:
            raise Refused(Refusal("server.busy"))
        return _take_in(session, audit, stretch, brought)


def _read(sent: ErasedOperation | str) -> _Brought:
    if isinstance(sent, str):
        data = sent.encode("utf-8", "replace")
        digest, content_sha256 = digest_of(data), None
    else:
        data = sent.header.encode("utf-8", "replace").partition(b"\n")[0]
        digest, content_sha256 = digest_of_erased(data, sent.content_sha256), sent.content_sha256
    operation = parse_operation(data, content_sha256)
    return _Brought(data, digest, content_sha256, operation if isinstance(operation, Operation) else None)


def _workspace_of_birth(stretch: Stretch, brought: Mapping[str, _Brought]) -> str:
    """Of an audit that is younger than the backup. Its log begins with its birth, which says whose it is; empty where it does not."""
    first = brought.get(stretch.lines[0].digest)
    operation = None if first is None else first.operation
    is_birth = (
        stretch.after == 0
        and operation is not None
        and operation.entity == f"audit/{stretch.audit}"
        and operation.kind is OperationKind.ADD
        and isinstance(operation.value, dict)
    )
    return str(operation.value.get("workspace", "")) if operation is not None and is_birth else ""


def _hash_at_end(session: Session, stretch: Stretch, log_key: LogKey, row: Audit | None) -> str | Refusal:
    """The list must lead from what both have, or from one hash that this server signed, to another: that one."""
    begin = stretch.begin
    if begin is not None:
        at_begin = Receipt(
            stretch.audit, stretch.epoch, stretch.after, begin.hash, begin.at, begin.key, begin.signature
        )
        if not _is_signed(at_begin, log_key):
            return Refusal("sync.stretch_unproved")
        running = begin.hash
    elif stretch.after > (0 if row is None else row.head_seq):
        return Refusal("sync.stretch_unproved")
    else:
        running = GENESIS if row is None else log.hash_at(session, row.id, stretch.after)
    for line in stretch.lines:
        running = advance_running_hash(running, line.digest, line.origin, line.received_at)
    receipt = Receipt(stretch.audit, stretch.epoch, stretch.end, running, stretch.at, stretch.key, stretch.signature)
    return running if _is_signed(receipt, log_key) else Refusal("sync.stretch_unproved")


def _was_put_back_untold(session: Session, stretch: Stretch, row: Audit | None, signed: str) -> bool:
    """
    A log only grows, so what was signed in this epoch stands in it, in the same places and with the same times: or the database is an
    older one, and its epoch did not end. It may have got the entries again since, and received them later.
    """
    if stretch.epoch != server_identity(session).epoch:
        return False
    return row is None or row.head_seq < stretch.end or log.hash_at(session, row.id, stretch.end) != signed


def _is_signed(receipt: Receipt, log_key: LogKey) -> bool:
    return verifying_key(receipt.statement, receipt.signature, [log_key.public_key]) is not None


def _create_audit(
    session: Session, stretch: Stretch, brought: Mapping[str, _Brought], workspace: str, account: str
) -> None:
    birth = brought[stretch.lines[0].digest].operation
    author = account if birth is None or birth.chain.account == SERVER_ACCOUNT else birth.chain.account
    audits.create_audit_row(
        session,
        stretch.audit,
        workspace=workspace,
        audit=stretch.audit,
        is_held=False,
        account=author,
        now=stretch.lines[0].received_at,
    )


def _take_in(session: Session, audit: Audit, stretch: Stretch, brought: Mapping[str, _Brought]) -> HandedBack:
    server, now = server_identity(session), now_ms()
    here = log.digests_held(session, audit, (line.digest for line in stretch.lines))
    lacking = [index for index, line in enumerate(stretch.lines) if line.digest not in here]
    if not lacking and stretch.epoch == server.epoch:
        return HandedBack(server.epoch, 0, None)
    taken = [index for index in lacking if stretch.lines[index].digest in brought]
    put_back = _put_content_back(session, audit, brought, {line.digest for line in stretch.lines})
    if taken != lacking[: len(taken)] or _is_cut(stretch, taken, lacking):
        raise Refused(Refusal("sync.stretch_incomplete"))
    erased = erasures.registered_erasures(session, audit, (stretch.lines[index].digest for index in taken))
    entries = [
        _without_content(brought[stretch.lines[index].digest], stretch.lines[index].digest in erased) for index in taken
    ]
    if any(
        stretch.lines[index].origin is Origin.SERVER and one.content_sha256 and _is_word(one.operation)
        for one, index in zip(entries, taken, strict=True)
    ):
        # What the server says about operations is never erased: without its words nobody would know what it said.
        raise Refused(Refusal("sync.stretch_incomplete"))
    _Appender(session, audit, server, stretch.lines, brought).append(taken, entries, now)
    receiver = Receiver(session, audit, server, now)
    is_whole = len(taken) == len(lacking)
    if is_whole:
        digests = {line.digest: line.origin for line in stretch.lines}
        received = {line.digest: line.received_at for line in stretch.lines}
        judge = _judge_now(session, audit, server)
        reconcile(
            session, audit, server, digests, received, epoch=stretch.epoch, until=stretch.until, judge=judge, now=now
        )
        log.note_old_log(session, audit, digests)
        put_behind(session, audit, server, stretch.until, now)
        after_hand_back(receiver, digests, since=stretch.lines[0].received_at)
    receiver.derive_anew(is_asking=False)
    if is_whole:
        issuance.say_again(session, audit)
        adopt_held(receiver, is_new=False)
    following = None if is_whole else stretch.after + lacking[len(taken)] + 1
    return HandedBack(server.epoch, len(taken) + put_back, following)


def _put_content_back(session: Session, audit: Audit, brought: Mapping[str, _Brought], listed: Collection[str]) -> int:
    """
    How many entries have their content again. Where the backup has a header alone, the tablet may have got the text before the restore. Its digest says that it is the same; not
    where somebody decided that it goes. Whether it counts is what the old words say (server/sync/reconcile.py).
    """
    here = log.entries_by_digest(session, audit, brought)
    if not set(brought) <= {*listed, *here}:
        raise Refused(Refusal("sync.stretch_unproved"))
    hollow = [row for row in here.values() if row.content_sha256 is not None and row.kind not in ON_OPERATIONS]
    decided = erasures.registered_erasures(session, audit, (row.digest for row in hollow))
    put_back = [row for row in hollow if brought[row.digest].content_sha256 is None and row.digest not in decided]
    for row in put_back:
        whole = brought[row.digest]
        row.data, row.content_sha256 = whole.data, None
        if whole.operation is None:
            log.note_unread(session, row)
    session.flush()
    return len(put_back)


def _judge_now(session: Session, audit: Audit, server: ServerIdentity) -> Callable[[LoggedOperation], Refusal | None]:
    """Each time with the team as it is by then."""
    return lambda row: Receiver(session, audit, server, now_ms()).judge_again(row)


def _is_word(operation: Operation | None) -> bool:
    return operation is not None and operation.kind in ON_OPERATIONS


def _is_cut(stretch: Stretch, taken: Sequence[int], lacking: Iterable[int]) -> bool:
    """Between an entry and what the server said right behind it: one that was set aside would count until the next part comes."""
    if not taken:
        return False
    last = taken[-1]
    following = last + 1
    return (
        stretch.lines[last].origin is Origin.DEVICE
        and following in set(lacking)
        and stretch.lines[following].origin is Origin.SERVER
    )


def _without_content(one: _Brought, is_erased: bool) -> _Brought:
    if not is_erased or one.content_sha256 is not None or one.operation is None:
        return one
    data, content_sha256 = erase_content(one.data)
    operation = parse_operation(data, content_sha256)
    return replace(
        one,
        data=data,
        content_sha256=content_sha256,
        operation=operation if isinstance(operation, Operation) else None,
    )


class _Appender:
    """Makes the rows. The chains that the entries belong to go on as they did when the entries came for the first time."""

    def __init__(
        self,
        session: Session,
        audit: Audit,
        server: ServerIdentity,
        lines: Sequence[Line],
        brought: Mapping[str, _Brought],
    ):
        self._session = session
        self._audit = audit
        self._nobody = ChainKey(server.installation, SERVER_ACCOUNT, audit.audit_id)
        self._lines = lines
        self._brought = brought
        self._taken: set[str] = set()
        self._unplaced: dict[tuple[str, str], list[LoggedOperation]] = {}

    def append(self, taken: Sequence[int], entries: Sequence[_Brought], now: int) -> None:
        """`taken`: where in the stretch these entries stand. What was said about them is applied in its turn."""
        words = self._words_behind(taken)
        self._taken = {self._lines[at].digest for at in taken}
        new = [self._entry(one, self._lines[at], words.get(at)) for one, at in zip(entries, taken, strict=True)]
        log.append_entries(self._session, self._audit, new, now)
        rows = log.entries_by_digest(self._session, self._audit, [entry.digest for entry in new])
        for one, entry in zip(entries, new, strict=True):
            row = rows[entry.digest]
            if entry.origin is Origin.SERVER and one.operation is not None and one.operation.kind in ON_OPERATIONS:
                self._apply_word(one.operation, row.seq)
            if entry.operation is None or entry.operation.chain == entry.sent_by:
                self._follow(row, row.seq)

    def _words_behind(self, taken: Sequence[int]) -> dict[int, Operation]:
        """What the server said first about each of these, right behind it; by their places in the stretch."""
        behind = {
            at: self._lines[at + 1].digest
            for at in taken
            if self._lines[at].origin is Origin.DEVICE
            and at + 1 < len(self._lines)
            and self._lines[at + 1].origin is Origin.SERVER
        }
        here = [digest for digest in behind.values() if digest not in self._brought]
        known = {word.digest: word for word in log.read_operations(self._session, self._audit, here)}
        words = {at: known.get(digest) or self._brought_word(digest) for at, digest in behind.items()}
        return {
            at: word
            for at, word in words.items()
            if word is not None and word.kind is OperationKind.VERDICT and word.entity_id == self._lines[at].digest
        }

    def _brought_word(self, digest: str) -> Operation | None:
        one = self._brought.get(digest)
        return None if one is None else one.operation

    def _entry(self, one: _Brought, line: Line, word: Operation | None) -> log.NewEntry:
        operation, told = one.operation, sender_in(word)
        sent_by = self._nobody if operation is None else operation.chain
        if told is not None:
            sent_by = ChainKey(*told, self._audit.audit_id)
        dseq = claimed_place(one.data, sent_by)[0] if operation is None else operation.dseq
        # A word that stands here already, brought by somebody as his, sets nothing aside: reconcile.py says it again.
        reason = None if word is None or word.digest not in self._taken else said_in([word])[word.entity_id]
        return log.NewEntry(
            one.data,
            one.digest,
            line.origin,
            sent_by,
            operation,
            dseq,
            quarantine=reason,
            content_sha256=one.content_sha256,
            received_at=line.received_at,
        )

    def _follow(self, row: LoggedOperation, at: int) -> None:
        """
        Whether it is a branch follows from the chain, as when it came; nothing that was said of it since changes that. `at`: where in
        the log its author had sent it.
        """
        if row.dseq is None or (row.sent_by_account == self._nobody.account and row.origin == Origin.DEVICE.value):
            return
        chain = chains.load_chain(self._session, self._audit, row.sent_by_installation, row.sent_by_account)
        tip = Tip(chain.tip_dseq, chain.tip_digest)
        key = ChainKey(chain.installation, chain.account, self._audit.audit_id)
        prev = _prev_of(row.data, row.content_sha256, key)
        self._place_before(row, at, prev, tip)
        known = {} if prev in (None, tip.digest) else log.known_entries(self._session, self._audit, key, [prev or ""])
        place = follow_chain(Arrival(row.data, row.digest, None, None, row.dseq, prev), tip, known)
        if isinstance(place, Refusal):
            tip = Tip(row.dseq, row.digest)
        else:
            row.is_branch = place.is_branch
        chain.tip_dseq, chain.tip_digest = tip.dseq, tip.digest
        if chain.announced_dseq < tip.dseq:
            chain.announced_dseq, chain.announced_digest = tip.dseq, tip.digest
        self._session.flush()

    def _place_before(self, row: LoggedOperation, at: int, prev: str | None, tip: Tip) -> None:
        """
        What cannot be read and does not tell its number has the one before its follower's: the one that this row names; then those
        that came with that in one batch, or without which the chain would have a hole. Moves the tip.
        """
        waiting = self._placeless(log.sender_of(row), at)
        run: list[LoggedOperation] = []
        number = row.dseq or 1
        while number > 1 and waiting:
            if not run:
                found = next((one for one in waiting if one.digest == prev), None)
            else:
                # As a rule what comes before came before: not so where somebody else had brought the later one first.
                found = next((one for one in reversed(waiting) if one.seq < run[-1].seq), waiting[-1])
                if not self._is_of_one_batch(found, run[-1]) and number - 1 <= tip.dseq:
                    found = None
            if found is None:
                break
            waiting.remove(found)
            run.append(found)
            number -= 1
        for one in reversed(run):
            one.dseq, one.is_branch = number, number <= tip.dseq
            if not one.is_branch:
                tip.dseq, tip.digest = number, one.digest
            number += 1
        self._session.flush()

    def _placeless(self, sent_by: tuple[str, str], at: int) -> list[LoggedOperation]:
        """What cannot be read, does not tell its number, and came from there before that place, in the order of the log."""
        if sent_by not in self._unplaced:
            self._unplaced[sent_by] = log.placeless_sent_by(self._session, self._audit, sent_by)
        return [one for one in self._unplaced[sent_by] if one.dseq is None and one.seq < at]

    def _is_of_one_batch(self, one: LoggedOperation, following: LoggedOperation) -> bool:
        """Nothing stands between them but what the server said about the first."""
        return one.received_at == following.received_at and 0 < following.seq - one.seq <= 3

    def _apply_word(self, word: Operation, at: int) -> None:
        """What a verdict or an erasure that came back, and stands in that place now, does to the entry that it is about."""
        if not isinstance(word.value, dict):
            return
        session, audit = self._session, self._audit
        entry = log.find_entry(session, audit.id, word.entity_id)
        if word.kind is OperationKind.ISSUANCE:
            issuance.register_word(audit, word)
        elif word.kind is OperationKind.ERASURE:
            erasures.register_words(session, audit, word.entity_id, word.value)
            if entry is not None and entry.kind not in ON_OPERATIONS:
                erasures.erase(session, entry)
        elif entry is not None and word.kind is OperationKind.VERDICT:
            was_of_author, sent_by = is_of_author(entry, audit.audit_id), log.sender_of(entry)
            told = None if was_of_author else sender_in(word)
            if "by" in word.value:
                log.note_release(session, entry, since_in(word))
            else:
                log.note_judgement(session, entry, said_in([word])[word.entity_id], since_in(word), told)
            if log.sender_of(entry) != sent_by:
                self._unplaced.clear()
            if is_of_author(entry, audit.audit_id) and not was_of_author:
                # Only now its author sent what somebody else had brought.
                if entry.dseq is None:
                    entry.dseq = claimed_place(entry.data, ChainKey(*log.sender_of(entry), audit.audit_id))[0]
                self._follow(entry, at)


def _prev_of(data: bytes, content_sha256: str | None, sent_by: ChainKey) -> str | None:
    operation = parse_operation(data, content_sha256)
    return operation.prev if isinstance(operation, Operation) else claimed_place(data, sent_by)[1]
