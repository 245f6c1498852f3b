"""
What a tablet still has to hear of audits that it has and that are not listed for its account any more: what was erased there.

Before: somebody left the team, or the workspace, and the tablet pulls nothing of the audit.
After:  it knows which of its entries lost their content, and which files went with them, by digest and hash alone; nobody's words,
        and nothing that it could not have pulled once. Nothing is written.

Whether it could have is proved twice: the tablet names the running hash of the log up to a number; and the account was in the team by then,
as the log says (a push is answered with the hash as well, also to whoever has left). What the account itself sent needs no proof. Who saw the audit by a right in the workspace alone, and has lost it, hears
nothing: the log does not say what they saw.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from server.database import SERVER, reading
from server.domain.fold import Entry, fold_log
from server.domain.operation import held_hash
from server.domain.refusals import Refusal, Refused
from server.domain.team import fold_team
from server.domain.vocabulary import OperationKind
from server.storage import Session, audits, erasures
from server.storage import operation_log as log
from server.storage.tables.audit import Audit
from server.sync.pull import Puller


@dataclass(frozen=True, slots=True)
class LeftAudit:
    """An audit on a tablet: how far it was pulled, with the running hash there, and the mark of what was told before."""

    audit: str
    seq: int
    hash: str
    told: str | None


@dataclass(frozen=True, slots=True)
class ErasedThere:
    """`erased`: digests, each with the SHA-256 of the file that went, if one did. `told`: the mark that stands for all of them."""

    audit: str
    told: str
    erased: list[tuple[str, str | None]]


def erased_in_left(reader: Puller, left: Iterable[LeftAudit]) -> list[ErasedThere]:
    """Of these audits those of which there is something to tell, and something else than was told before."""
    if reader.installation is None:
        # Only what is enrolled can be blocked.
        raise Refused(Refusal("account.installation_unknown"))
    with reading(SERVER) as session:
        return [there for one in left for there in _erased_in(session, reader.account, one)]


def _erased_in(session: Session, account: str, left: LeftAudit) -> Iterator[ErasedThere]:
    row = audits.find_audit(session, left.audit)
    if row is None:
        return
    has_hash = 0 < left.seq <= row.head_seq and log.hash_at(session, row.id, left.seq) == left.hash
    until = min(left.seq, _in_team_until(session, row, account)) if has_hash else 0
    erased = erasures.erased_among(session, row.id, until, account)
    mark = held_hash(digest for digest, _ in erased)
    if erased and mark != left.told:
        yield ErasedThere(left.audit, mark, erased)


def _in_team_until(session: Session, row: Audit, account: str) -> int:
    """
    The number of the last entry that came while the account was in the team; 0 where it never was. The log is folded as it stood then,
    from its end backwards: who left is found after a few steps.
    """
    entries, until = _team_entries(session, row.id), row.head_seq
    while entries:
        if account in fold_team(fold_log(entries), row.audit_id):
            return until
        last = entries.pop()
        if entries and _is_said_with(last, entries[-1]):
            # Without its verdict, what was set aside would count here.
            last = entries.pop()
        until = (last.seq or 1) - 1
    return 0


def _team_entries(session: Session, audit: str) -> list[Entry]:
    """Whom an erased entry had named is in it as before, until the word that took it away."""
    named = erasures.members_named(session, audit)
    entries = [*log.load_team_entries(session, audit), *log.load_erasures_of(session, audit, named)]
    return sorted((_named_again(entry, named) for entry in entries), key=lambda entry: entry.seq or 0)


def _named_again(entry: Entry, named: Mapping[str, str]) -> Entry:
    account = named.get(entry.operation.digest)
    if account is None or not entry.operation.is_erased:
        return entry
    return replace(entry, operation=replace(entry.operation, value={"account": account}, is_erased=False))


def _is_said_with(word: Entry, entry: Entry) -> bool:
    """The server said it right behind the entry, when that came."""
    is_next = word.seq is not None and entry.seq == word.seq - 1
    is_verdict = word.operation.kind is OperationKind.VERDICT
    return is_next and is_verdict and word.operation.entity == f"operation/{entry.operation.digest}"
