"""
The server's old words and its new ones about the same entries, after a stretch of its old log has come back.

A restored server judged what tablets sent it without knowing what it had known before: who had been put into the team, what had
been released. Where it had said otherwise in the old log, it says so again, and since when an entry counts, where a tablet has sent it once
more in the meantime. Not where a person has decided since, where an author has sent meanwhile what somebody else had brought or a
header had stood for, or where an even longer stretch has come back.
"""

from collections.abc import Callable, Iterable, Mapping

from server.domain.fold import BORN
from server.domain.operation import SERVER_ACCOUNT, ChainKey, Operation
from server.domain.refusals import SENTENCES, Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.storage import Session, chains, erasures
from server.storage import operation_log as log
from server.storage.decision_register import Erasure
from server.storage.server_state import ServerIdentity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync.receive import CONTENT_MISSING, NOT_YOURS, is_of_author
from server.sync.verdict import ServerChain


def said_in(words: Iterable[Operation | None]) -> dict[str, Refusal | None]:
    """The last verdict on each digest among these: why it is in quarantine, or None where it counts."""
    said: dict[str, Refusal | None] = {}
    for word in words:
        if word is None or word.kind is not OperationKind.VERDICT or not isinstance(word.value, dict):
            continue
        said[word.entity_id] = _reason(word.value)
    return said


def since_in(word: Operation | None) -> int | None:
    """From when on an entry counts, as a verdict says; None where it says nothing of it."""
    since = word.value.get("since") if word is not None and isinstance(word.value, dict) else None
    return since if isinstance(since, int) else None


def sender_in(word: Operation | None) -> tuple[str, str] | None:
    """Installation and account that a verdict of quarantine names."""
    told = word.value.get("sent_by") if word is not None and isinstance(word.value, dict) else None
    if not isinstance(told, dict):
        return None
    installation, account = told.get("installation"), told.get("account")
    return (installation, account) if isinstance(installation, str) and isinstance(account, str) else None


def _reason(value: Mapping[str, object]) -> Refusal | None:
    if value.get("state") != log.QUARANTINED:
        return None
    code, facts = str(value.get("code")), value.get("facts")
    # A later version may not know a code any more. The entry stays aside all the same.
    if code not in SENTENCES:
        return Refusal("envelope.malformed", {"key": code})
    return Refusal(code, facts if isinstance(facts, dict) else {})


def reconcile(
    session: Session,
    audit: Audit,
    server: ServerIdentity,
    lines: Mapping[str, Origin],
    received: Mapping[str, int],
    *,
    epoch: str,
    until: int,
    judge: Callable[[LoggedOperation], Refusal | None],
    now: int,
) -> None:
    """
    `lines`: the whole stretch, by digest in its order, all of it in the log again; `received`: when each came for the first time;
    `epoch` and `until`: that of the old log, and when the last of the stretch was received. `judge`: what is to be said about an entry
    as of now.
    """
    words = [digest for digest, origin in lines.items() if origin is Origin.SERVER]
    spoken = log.read_operations(session, audit, words)
    now_speaking = None if epoch == server.epoch else server.installation
    old = _last_verdicts([*_on_erased(session, audit, spoken, until, now_speaking), *spoken])
    judged = list(dict.fromkeys([*lines, *old]))
    rows = log.entries_by_digest(session, audit, judged)
    newer = _newer_words(session, audit, judged, lines, until, now_speaking)
    decided = erasures.registered_erasures(session, audit, judged)
    key = ChainKey(server.installation, SERVER_ACCOUNT, audit.audit_id)
    chain = ServerChain(chains.load_chain(session, audit, key.installation, key.account), key, server.epoch, now)
    for digest in judged:
        row = rows.get(digest)
        if row is None or row.kind in ON_OPERATIONS:
            continue
        if digest in decided:
            erase_again(session, audit, row, decided[digest], chain, now)
        meanwhile, word = newer.get(digest, []), old.get(digest)
        is_overtaken = _is_overtaken(row, word, audit.audit_id)
        if is_overtaken or any(_is_final(one, server) for one in meanwhile):
            before, word = word, meanwhile[-1] if meanwhile else None
            since = since_in(word) or row.received_at
            if word is not None and said_in([word])[digest] is None and _counted(before, digest, lines):
                # It counted in the old log as well: a decision meanwhile makes it no later.
                since = min(since, since_in(before) or received.get(digest, row.received_at))
        else:
            since = since_in(word) or received.get(digest, row.received_at)
        wanted = None if word is None else said_in([word])[digest]
        if word is old.get(digest) and wanted is None and row.content_sha256 is not None and digest not in decided:
            # Whoever brought it had the header alone, and nobody here decided so.
            wanted = Refusal(CONTENT_MISSING)
        if is_overtaken and not meanwhile and _shown(row) == CONTENT_MISSING:
            # Its content came with the stretch, which ends before anybody judged it.
            wanted, since = judge(row), max(now, audit.latest_receipt) + 1
        replaced = log.last_verdict(session, audit.id, digest)
        if _is_said(session, audit, row, wanted, since, replaced if is_overtaken else None):
            continue
        by = None if word is None else word.value.get("by")
        said = (
            chain.let_count(digest, since, replaced, audit.head_seq, by)
            if wanted is None
            else chain.quarantine(digest, wanted, log.sender_of(row), replaced, audit.head_seq)
        )
        log.append_entries(session, audit, [said], max(now, since))
        log.note_judgement(session, row, wanted, since)


def put_behind(session: Session, audit: Audit, server: ServerIdentity, until: int, now: int) -> None:
    """
    What came since the restore counts from behind the stretch, the last of which was received `until`: where the restored server's clock was
    behind, it would have been first.
    """
    key = ChainKey(server.installation, SERVER_ACCOUNT, audit.audit_id)
    chain = ServerChain(chains.load_chain(session, audit, key.installation, key.account), key, server.epoch, now)
    for since, row in enumerate(log.younger_than_old_log(session, audit, until), start=until + 1):
        replaced = log.last_verdict(session, audit.id, row.digest)
        before = next(iter(log.read_operations(session, audit, [replaced])), None) if replaced else None
        by = before.value.get("by") if before is not None and isinstance(before.value, dict) else None
        said = chain.let_count(row.digest, since, replaced, audit.head_seq, by)
        log.append_entries(session, audit, [said], max(now, since))
        log.note_release(session, row, since)


def _on_erased(
    session: Session, audit: Audit, words: Iterable[Operation], until: int, now_speaking: str | None
) -> list[Operation]:
    """
    What had been said before on what these words tell to have been erased. It may stand in an earlier stretch: when that came back, nobody
    here had decided so, and its header alone was not enough.
    """
    erased = [word.entity_id for word in words if word.kind is OperationKind.ERASURE]
    return [
        word
        for word, received_at in log.verdicts_on(session, audit, erased)
        if received_at <= until and word.chain.installation != now_speaking
    ]


def _last_verdicts(words: Iterable[Operation]) -> dict[str, Operation]:
    return {
        word.entity_id: word for word in words if word.kind is OperationKind.VERDICT and isinstance(word.value, dict)
    }


def _is_said(
    session: Session, audit: Audit, row: LoggedOperation, wanted: Refusal | None, since: int, last: str | None
) -> bool:
    """
    Whether the log says so by now. Since when something counts matters where it tells who was first; who has sent it, where the last
    verdict (`last`) names somebody else although its author has sent it meanwhile.
    """
    shown = log.reason_of(row) if row.verdict == log.QUARANTINED else None
    if (wanted and wanted.code) != (shown and shown.code):
        return False
    if wanted is None:
        tells_who_was_first = row.field == BORN or row.kind == OperationKind.SEAL
        return not tells_who_was_first or log.arrival_of(row)[0] == since
    told = [sender_in(word) for word in log.read_operations(session, audit, [last])] if last else []
    return all(sender == log.sender_of(row) for sender in told)


def _newer_words(
    session: Session,
    audit: Audit,
    judged: Iterable[str],
    lines: Mapping[str, Origin],
    until: int,
    now_speaking: str | None,
) -> dict[str, list[Operation]]:
    """
    The verdicts on these that came after the stretch, in the order of the log: since the restore, from whom the server is called now,
    or in a longer stretch. What stands in an earlier one, of a log that comes back in several, is older.
    """
    newer: dict[str, list[Operation]] = {}
    for word, received_at in log.verdicts_on(session, audit, judged):
        is_newer = word.chain.installation == now_speaking or received_at > until
        if word.digest not in lines and is_newer:
            newer.setdefault(word.entity_id, []).append(word)
    return newer


def _is_final(word: Operation, server: ServerIdentity) -> bool:
    """A person's decision; or the server's word under a former name that the stretch does not know: a longer one has come back."""
    return "by" in word.value or word.chain.installation != server.installation


def _is_overtaken(row: LoggedOperation, word: Operation | None, audit: str) -> bool:
    """Set aside in the old log because of who had sent it, or had sent the header alone; its author has sent it whole since."""
    reason = None if word is None else said_in([word])[word.entity_id]
    if reason is None:
        return False
    # A header that somebody else brought is kept as a text that cannot be read, and never gets any content.
    if reason.code == CONTENT_MISSING and row.content_sha256 is None and row.kind is not None:
        return True
    is_brought = reason.code == NOT_YOURS or sender_in(word) not in (None, log.sender_of(row))
    return is_brought and is_of_author(row, audit)


def _counted(word: Operation | None, digest: str, lines: Mapping[str, Origin]) -> bool:
    """Whether the old log let it count, by its last word or by saying nothing against it."""
    return digest in lines if word is None else said_in([word])[word.entity_id] is None


def _shown(row: LoggedOperation) -> str | None:
    return row.verdict_code if row.verdict == log.QUARANTINED else None


def erase_again(
    session: Session, audit: Audit, row: LoggedOperation, decision: Erasure, chain: ServerChain, now: int
) -> None:
    """What a registered decision took out, where its content is here again; and the word of it, where the log lacks that."""
    erasures.erase(session, row)
    if log.is_told_erased(session, audit, row.digest):
        return
    said = chain.erase(decision, audit.head_seq)
    log.append_entries(session, audit, [said], now)
