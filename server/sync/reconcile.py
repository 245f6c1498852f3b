"""
The server's old words and its new ones about the same entries, after a stretch of its old log has come back.

A restored server judged what tablets sent it without knowing what it had known before: who had been put into the team, what had
been released. Where it had said otherwise in the old log, it says so again. Not where a person has decided since, where an author has
sent meanwhile what a colleague had brought or a header had stood for, or where an even longer stretch has come back.
"""

from collections.abc import Iterable, Mapping

from server.domain.operation import SERVER_ACCOUNT, ChainKey, Operation
from server.domain.refusals import SENTENCES, Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.storage import Session, chains, erasures
from server.storage import operation_log as log
from server.storage.decision_register import Erasure
from server.storage.server_state import ServerIdentity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync.receive import CONTENT_MISSING, NOT_YOURS
from server.sync.verdict import ServerChain


def said_in(words: Iterable[Operation | None]) -> dict[str, Refusal | None]:
    """The last verdict on each digest among these: why it is in quarantine, or None where it counts."""
    said: dict[str, Refusal | None] = {}
    for word in words:
        if word is None or word.kind is not OperationKind.VERDICT or not isinstance(word.value, dict):
            continue
        said[word.entity_id] = _reason(word.value)
    return said


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
    session: Session, audit: Audit, server: ServerIdentity, lines: Mapping[str, Origin], *, after: int, now: int
) -> None:
    """`lines`: the whole stretch, by digest in its order, all of it in the log again; `after`: how much of the log lay before it."""
    words = [digest for digest, origin in lines.items() if origin is Origin.SERVER]
    old = said_in(entry for entry in log.read_operations(session, audit, words))
    judged = list(dict.fromkeys([*lines, *old]))
    rows = log.entries_by_digest(session, audit, judged)
    newer = _newer_words(session, audit, judged, lines, after)
    decided = erasures.registered_erasures(session, audit, judged)
    key = ChainKey(server.installation, SERVER_ACCOUNT, audit.audit_id)
    chain = ServerChain(chains.load_chain(session, audit, key.installation, key.account), key, server.epoch, now)
    for digest in judged:
        row = rows.get(digest)
        if row is None or row.kind in ON_OPERATIONS:
            continue
        if digest in decided:
            erase_again(session, audit, row, decided[digest], chain, now)
        since = newer.get(digest, [])
        now_said = said_in(since).get(digest)
        is_final = any(_is_final(word, server) for word in since)
        wanted = now_said if is_final else _wanted(row, old.get(digest), now_said, digest in decided)
        shown = log.reason_of(row) if row.verdict == log.QUARANTINED else None
        if (wanted and wanted.code) == (shown and shown.code):
            continue
        replaced = log.last_verdict(session, audit.id, digest)
        said = (
            chain.confirm(digest, replaced, audit.head_seq)
            if wanted is None
            else chain.quarantine(digest, wanted, log.sender_of(row), replaced, audit.head_seq)
        )
        log.append_entries(session, audit, [said], now)
        log.note_judgement(session, row, wanted)


def _newer_words(
    session: Session, audit: Audit, judged: Iterable[str], lines: Mapping[str, Origin], after: int
) -> dict[str, list[Operation]]:
    """The verdicts on these that the stretch does not know, in the order of the log."""
    newer: dict[str, list[Operation]] = {}
    for word in log.verdicts_on(session, audit, judged, after):
        if word.digest not in lines:
            newer.setdefault(word.entity_id, []).append(word)
    return newer


def _is_final(word: Operation, server: ServerIdentity) -> bool:
    """A person's decision; or the server's word under a former name that the stretch does not know: a longer one has come back."""
    return "by" in word.value or word.chain.installation != server.installation


def _wanted(row: LoggedOperation, old: Refusal | None, since: Refusal | None, is_decided: bool) -> Refusal | None:
    is_hollow = row.content_sha256 is not None
    if old is not None and old.code == NOT_YOURS and log.is_of_author(row):
        return since
    if old is not None and old.code == CONTENT_MISSING and not is_hollow:
        return since
    if old is None and is_hollow and not is_decided:
        # Whoever brought it had the header alone, and nobody here decided so.
        return Refusal(CONTENT_MISSING)
    return old


def erase_again(
    session: Session, audit: Audit, row: LoggedOperation, decision: Erasure, chain: ServerChain, now: int
) -> None:
    """What a registered decision took out, where its content is here again; and the word of it, where the log lacks that."""
    erasures.erase(session, row)
    if log.is_told_erased(session, audit, row.digest):
        return
    said = chain.erase(decision, audit.head_seq)
    log.append_entries(session, audit, [said], now)
