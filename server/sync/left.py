"""
What a tablet still has to hear of audits that it has and that are not listed for its account any more: what was erased there.

Before: somebody left the team, or the workspace, and the tablet pulls nothing of the audit.
After:  it knows which of its entries lost their content, and which files went with them, by digest and hash alone; nobody's words,
        and nothing that it could not have pulled once. Nothing is written.

Whether it could have is proved twice: the tablet names the running hash of the log up to a number; and the account was in the team by then,
as the log says (a push is answered with the hash as well, also to whoever has left). What the account itself sent needs no proof. Who saw the audit by a right in the workspace alone, and has lost it, hears
nothing: the log does not say what they saw.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.database import SERVER, reading
from server.domain.operation import held_hash
from server.domain.refusals import Refusal, Refused
from server.storage import Session, audits, erasures
from server.storage import operation_log as log
from server.storage.membership import in_team_until
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
    """
    `is_there`: whether the log ends here as the tablet says, or did. `erased`: digests, each with the SHA-256 of the file that went, if
    one did. `told`: the mark that stands for all of them.
    """

    audit: str
    is_there: bool
    told: str | None
    erased: list[tuple[str, str | None]]


def erased_in_left(reader: Puller, left: Iterable[LeftAudit]) -> list[ErasedThere]:
    """
    Of these audits those of which there is something to tell, and something else than was told before; and those that are not here as
    the tablet has them.
    """
    if reader.installation is None:
        # Only what is enrolled can be blocked.
        raise Refused(Refusal("account.installation_unknown"))
    with reading(SERVER) as session:
        each = {one.audit: one for one in left}
        return [there for one in each.values() for there in _erased_in(session, reader.account, one)]


def _erased_in(session: Session, account: str, left: LeftAudit) -> Iterator[ErasedThere]:
    row = audits.find_audit(session, left.audit)
    if row is None:
        # Who has nothing of it is answered as where there is one: whether there is says nothing else either.
        if left.seq > 0:
            yield ErasedThere(left.audit, False, left.told, [])
        return
    has_hash = 0 < left.seq <= row.head_seq and log.hash_at(session, row.id, left.seq) == left.hash
    until = left.seq if has_hash else 0
    erased = erasures.erased_among(session, row.id, until, account)
    if erased and has_hash:
        # Only where there is something to tell: reading who was in the team when costs more than that.
        until = min(until, in_team_until(session, row, account))
        erased = erasures.erased_among(session, row.id, until, account)
    mark = held_hash(digest for digest, _ in erased) if erased else left.told
    is_there = has_hash or left.seq == 0
    if mark != left.told or not is_there:
        yield ErasedThere(left.audit, is_there, mark, erased)
