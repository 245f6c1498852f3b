"""
Which closing record counts: a later one may take the place of one that was sealed wrongly, or that has to lose a sentence by law.

What counts follows from the seals alone, so it outlasts an erasure of what the records say. pwa/src/domain/closings.ts decides the
same; schemas/vectors/closing holds both together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.fold import Arrival, EntityView, LogView
from server.domain.operation import Operation, parse_plain_json
from server.domain.vocabulary import SealPurpose

SEAL = "seal"


@dataclass(frozen=True, slots=True)
class SealedClosing:
    """A closing record under the first seal that fits it, and when that reached the server; None while it is on a tablet only."""

    ref: str
    sha256: str
    supersedes: str | None
    sealed_at: str
    arrived: Arrival | None

    @property
    def arrival(self) -> tuple[bool, Arrival, str, str, str]:
        """Of two that stand beside each other the first to arrive counts, as of births and seals."""
        return (self.arrived is None, self.arrived or (0, 0), self.sealed_at, self.sha256, self.ref)


@dataclass(frozen=True, slots=True)
class Closings:
    """
    Every sealed closing record of an audit. `counted` are those that follow on each other, the last of which counts; `beside` are
    those that were sealed while another tablet had sealed one in the same place.
    """

    counted: tuple[SealedClosing, ...]
    beside: tuple[SealedClosing, ...]

    @property
    def counting(self) -> SealedClosing | None:
        return self.counted[-1] if self.counted else None

    def of_record(self, sha256: str) -> SealedClosing | None:
        return next((one for one in (*self.counted, *self.beside) if one.sha256 == sha256), None)


def closings_of(view: LogView) -> Closings:
    """
    From the first record on, always to the one that takes its place. Where two tablets replaced the same record at once, what
    arrived first at the server counts and goes on counting; the other is shown beside it and can be taken up in a further one.
    """
    sealed = sorted(_sealed(view), key=lambda one: one.arrival)
    known = {one.sha256 for one in sealed}
    after: dict[str | None, list[SealedClosing]] = {}
    for one in sealed:
        after.setdefault(one.supersedes if one.supersedes in known else None, []).append(one)
    counted: list[SealedClosing] = []
    following = after.get(None, [])
    while following:
        counted.append(min(following, key=lambda one: _line(one, after)))
        following = [one for one in after.get(counted[-1].sha256, []) if one not in counted]
    return Closings(tuple(counted), tuple(one for one in sealed if one not in counted))


def _line(first: SealedClosing, after: Mapping[str | None, list[SealedClosing]]) -> tuple[Any, ...]:
    """The first arrival among it and all that follow on it: a record that comes home late does not move those that rest on it."""
    line: list[SealedClosing] = []
    ahead = [first]
    while ahead:
        one = ahead.pop()
        if one not in line:
            line.append(one)
            ahead += after.get(one.sha256, [])
    return (min(one.arrival for one in line), first.arrival)


def _sealed(view: LogView) -> Iterator[SealedClosing]:
    """Deleted or not: nobody takes back what somebody has vouched for."""
    for ref, entity in view.entities.items():
        if entity.kind != "closing_record" or entity.born_view is None or SEAL not in entity.fields:
            continue
        shown = entity.fields[SEAL]
        # The first to arrive comes last.
        for head, arrived in reversed(list(zip(shown.heads, shown.arrivals, strict=True))):
            seal = head.value
            if isinstance(seal, dict) and _fits(view, seal, entity, head):
                yield SealedClosing(
                    ref, str(seal["sha256"]), seal.get("supersedes"), str(seal.get("sealed_at")), arrived
                )
                break


def _fits(view: LogView, seal: Mapping[str, Any], entity: EntityView, head: Operation) -> bool:
    said = (seal.get("purpose"), seal.get("audit"), seal.get("installation"), seal.get("account"))
    author = (SealPurpose.CLOSING.value, head.chain.audit, head.chain.installation, head.chain.account)
    return said == author and bool(seal.get("sha256")) and _sha256_of(view, entity) in (None, seal["sha256"])


def names_its_author(birth: Operation) -> bool:
    """
    Whether a record's text, where it says whose it is, says what the log says of whoever brought it. A copy of what somebody else has
    frozen, under another id, is no record of its own: it would stand in the place of the one that people signed.
    """
    try:
        frozen = parse_plain_json(birth.value["record"].encode())["frozen"]
        said = (frozen["installation"], frozen["account"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return True
    return said == (birth.chain.installation, birth.chain.account)


def _sha256_of(view: LogView, entity: EntityView) -> Any:
    """
    The hash of the record, empty where it is another's; of an erased one as the word of the erasure tells it, and None where that is
    silent.
    """
    if entity.born_view is None:
        return None
    birth = entity.born_view.heads[-1]
    if not birth.is_erased:
        return entity.get("sha256", "") if names_its_author(birth) else ""
    kept = view.erased.get(birth.digest, {}).get("record")
    if not isinstance(kept, dict) or "sha256" not in kept:
        return None
    return kept["sha256"] if isinstance(kept["sha256"], str) else ""
