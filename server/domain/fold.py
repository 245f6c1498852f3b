"""
From the log of operations to what a screen or a report shows. A pure function of the set of entries:
order, repetition and detours on the way here cannot change the result.

The same fold stands in pwa/src/domain/fold.ts; schemas/vectors/fold holds both together.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from server.domain.operation import Operation, parse_operation
from server.domain.refusals import Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin

BORN = "born"
"""The field that an `add` writes: the facts an entity is born with, which never change."""
DELETED = "deleted"
"""The field that a `del` writes. Deletion is a value like any other, so it can be disputed and taken back."""


Arrival = tuple[int, int]
"""
Since when an entry counts, and its number. The number alone would not do: after a restore entries get new ones, and keep their time.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log as the server numbers it. On a tablet, what has not been pulled yet has neither `seq` nor `received_at`."""

    operation: Operation
    origin: Origin
    seq: int | None = None
    received_at: int | None = None
    """Milliseconds since 1970, by the server's clock. It bounds the display order and never enters sealed content."""
    since: int | None = None
    """From when on it counts, as the server's last verdict says. Without one it counts from when it was received."""

    @property
    def arrived(self) -> Arrival | None:
        if self.seq is None:
            return None
        return (self.received_at or 0 if self.since is None else self.since, self.seq)


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field with every head: the operations that no other applied operation supersedes."""

    value: Any
    heads: tuple[Operation, ...]
    arrivals: tuple[Arrival | None, ...] = ()
    """Of every head its number in the server's log."""

    @property
    def is_disputed(self) -> bool:
        """
        Two people left different values without having seen each other's. The same value twice is no dispute; neither are two
        seals, which are two witnesses.
        """
        if self.heads[0].kind is OperationKind.SEAL:
            return False
        return len({_comparable(head) for head in self.heads}) > 1

    @property
    def is_erased(self) -> bool:
        """The displayed value was erased: who wrote it, and when, is all that is left. `value` is None."""
        return self.heads[-1].is_erased


@dataclass(frozen=True, slots=True)
class EntityView:
    """One thing in the audit, as the folded log shows it."""

    ref: str
    born: Mapping[str, Any] | None
    fields: Mapping[str, FieldView]
    is_deleted: bool
    is_deletion_disputed: bool
    born_view: FieldView | None = None
    """The births behind `born`. The last of its heads is the one that counts."""

    @property
    def kind(self) -> str:
        return self.ref.partition("/")[0]

    @property
    def id(self) -> str:
        return self.ref.partition("/")[2]

    def get(self, name: str, default: Any = None) -> Any:
        """The displayed value of a field, or what the entity was born with, or the default."""
        shown = self.fields.get(name)
        if shown is not None:
            return shown.value
        return (self.born or {}).get(name, default)


@dataclass(frozen=True, slots=True)
class LogView:
    """
    The folded log: entities by reference, the verdicts of what was kept without being applied, and the erasures (who decided,
    when and why), both by digest; and by the digest of a report's seal what was issued from it, in the order in which it was.
    """

    entities: Mapping[str, EntityView] = field(default_factory=dict)
    quarantined: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    erased: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    issued: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[EntityView]:
        """Every entity of a kind that was born and is not deleted, in the order of references."""
        return [
            entity
            for ref, entity in sorted(self.entities.items())
            if entity.kind == kind and entity.born is not None and not entity.is_deleted
        ]

    def entity(self, ref: str) -> EntityView | None:
        return self.entities.get(ref)


def fold_log(entries: Iterable[Entry], set_aside: Iterable[str] | None = None) -> LogView:
    """
    Heads, displayed values and open disputes of every field, from whatever set of entries is at hand. `set_aside`: the digests that
    are taken for quarantined, whatever the verdicts among the entries say.
    """
    entries = list(entries)
    erased = _last_words([one for one in entries if isinstance(one.operation.value, dict)], OperationKind.ERASURE)
    entries = [_without_content(entry) if _is_told_to_go(entry, erased) else entry for entry in entries]
    verdicts = _last_words(entries, OperationKind.VERDICT)
    entries = [_counting_since(entry, verdicts) for entry in entries]
    quarantined = {digest: verdict for digest, verdict in verdicts.items() if verdict.get("state") == "quarantined"}
    if set_aside is not None:
        quarantined = {digest: quarantined.get(digest, {}) for digest in set_aside}
    known, applied = _known_and_applied(entries, quarantined)
    superseded = _superseded(applied, known, quarantined)

    fields: dict[str, dict[str, list[Entry]]] = {}
    for entry in applied.values():
        operation = entry.operation
        fields.setdefault(operation.entity, {}).setdefault(operation.field, []).append(entry)
    return LogView(
        {
            ref: _entity_view(ref, {name: _heads(of_field, superseded) for name, of_field in of_entity.items()})
            for ref, of_entity in fields.items()
        },
        quarantined,
        erased,
        _issued(entries),
    )


def in_order_of_counting(entries: Iterable[Entry]) -> list[Entry]:
    """Each with the time from which on it counts, as the verdicts among these say, and in that order."""
    entries = list(entries)
    verdicts = _last_words(entries, OperationKind.VERDICT)
    return sorted((_counting_since(entry, verdicts) for entry in entries), key=_arrival)


def read_entry(
    data: bytes,
    origin: Origin,
    seq: int | None = None,
    received_at: int | None = None,
    content_sha256: str | None = None,
) -> Entry | None:
    """
    An entry from the bytes of the log; `content_sha256` stands for content that was erased. What cannot be read is None:
    it is in quarantine and shows nothing.
    """
    operation = parse_operation(data, content_sha256)
    return None if isinstance(operation, Refusal) else Entry(operation, origin, seq, received_at)


def _counting_since(entry: Entry, verdicts: Mapping[str, Mapping[str, Any]]) -> Entry:
    """
    What was set aside and counts by now has arrived when it began to count, not when it came: numbers and records that people saw
    meanwhile stay what they were. A verdict speaks of what a device pushed: the server's own words came when they came.
    """
    if entry.origin is Origin.SERVER:
        return entry
    verdict = verdicts.get(entry.operation.digest, {})
    since = verdict.get("since")
    return replace(entry, since=since) if verdict.get("state") == "applied" and isinstance(since, int) else entry


def _is_told_to_go(entry: Entry, erased: Mapping[str, Any]) -> bool:
    """What the server says about operations is never erased: an operation would count again that was set aside."""
    is_word_of_server = entry.origin is Origin.SERVER and entry.operation.kind in ON_OPERATIONS
    return entry.operation.digest in erased and not is_word_of_server


def _without_content(entry: Entry) -> Entry:
    """An entry that still has its content shows it no more than one that has lost it."""
    return replace(entry, operation=replace(entry.operation, value=None, is_erased=True))


def _last_words(entries: list[Entry], kind: OperationKind) -> dict[str, Mapping[str, Any]]:
    """The server's last verdict on each digest, or its erasures. Only what the server itself wrote counts."""
    last: dict[str, Entry] = {}
    for entry in sorted(entries, key=_place_in_log):
        if entry.origin is Origin.SERVER and entry.operation.kind is kind:
            last[entry.operation.entity_id] = entry
    return {target: entry.operation.value for target, entry in last.items() if isinstance(entry.operation.value, dict)}


def _issued(entries: list[Entry]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """
    Every word of the server that a report was issued: a provisional one and the whole one, a draft and its release. Of one file once,
    also where a restored server has said it again.
    """
    issued: dict[str, dict[str, Mapping[str, Any]]] = {}
    for entry in sorted(entries, key=_arrival):
        operation = entry.operation
        is_word = entry.origin is Origin.SERVER and operation.kind is OperationKind.ISSUANCE
        if is_word and isinstance(operation.value, dict):
            file = operation.value.get("pdf_sha256")
            about = file if isinstance(file, str) else operation.digest
            issued.setdefault(operation.entity_id, {}).setdefault(about, operation.value)
    return {seal: tuple(words.values()) for seal, words in issued.items()}


def _place_in_log(entry: Entry) -> tuple[int, int, str]:
    """What stands in the log outranks what a tablet only remembers from before the server was restored."""
    return (entry.seq or 0, entry.operation.dseq, entry.operation.digest)


def _known_and_applied(
    entries: list[Entry], quarantined: Mapping[str, Any]
) -> tuple[dict[str, Operation], dict[str, Entry]]:
    """Operations by digest: all that can be read, and those of them that count."""
    known: dict[str, Operation] = {}
    applied: dict[str, Entry] = {}
    for entry in sorted(entries, key=_arrival):
        operation = entry.operation
        if operation.kind in ON_OPERATIONS or operation.digest in known:
            continue
        known[operation.digest] = operation
        if operation.digest not in quarantined:
            applied[operation.digest] = entry
    return known, applied


def _arrival(entry: Entry) -> tuple[bool, Arrival, str, str]:
    """What is still on its way arrives in the order in which it was written: of one chain, at least, that is certain."""
    operation = entry.operation
    return (entry.arrived is None, entry.arrived or (0, 0), operation.hlc, operation.digest)


def _superseded(
    applied: Mapping[str, Entry], known: Mapping[str, Operation], quarantined: Mapping[str, Any]
) -> set[str]:
    """Every operation that an applied one has seen and replaced in the same field, also by way of one in quarantine."""
    superseded: set[str] = set()
    for entry in applied.values():
        ahead, passed = list(entry.operation.bases), set[str]()
        while ahead:
            base = known.get(ahead.pop())
            if base is None or base.digest in passed or not can_replace(entry.operation, base):
                continue
            passed.add(base.digest)
            if base.digest in quarantined:
                ahead.extend(base.bases)
        superseded |= passed
    return superseded


def can_replace(operation: Operation, base: Operation) -> bool:
    """
    The same field. What names a digest has seen it, so no two can replace each other.

    A birth replaces nothing: what an entity is born with (a photo's hash, who raised a finding) never changes. A seal
    replaces none: nobody takes back what somebody else has vouched for.
    """
    if operation.entity != base.entity or operation.field != base.field or operation.field == BORN:
        return False
    return OperationKind.SEAL not in (operation.kind, base.kind)


def _heads(entries: list[Entry], superseded: set[str]) -> list[Entry]:
    return [entry for entry in entries if entry.operation.digest not in superseded]


def _entity_view(ref: str, heads: Mapping[str, list[Entry]]) -> EntityView:
    views = {name: _field_view(entries) for name, entries in heads.items()}
    born = views.pop(BORN, None)
    deleted = views.get(DELETED)
    wants_deletion = deleted is not None and bool(deleted.value)
    disputed = deleted is not None and (
        deleted.is_disputed or (wants_deletion and _edited_meanwhile(deleted, born, views))
    )
    return EntityView(
        ref=ref,
        born=_facts(born),
        fields={name: view for name, view in sorted(views.items()) if name != DELETED},
        is_deleted=wants_deletion and not disputed,
        is_deletion_disputed=disputed,
        born_view=born,
    )


def _facts(born: FieldView | None) -> Mapping[str, Any] | None:
    """What an entity was born with; nothing where that was erased, but it is there all the same."""
    if born is None:
        return None
    return {} if born.is_erased else born.value if isinstance(born.value, dict) else None


def _edited_meanwhile(deleted: FieldView, born: FieldView | None, views: Mapping[str, FieldView]) -> bool:
    """A deletion names every head it saw. A head that it does not name was written by somebody who did not know of it."""
    witnessed = {base for head in deleted.heads for base in head.bases}
    others = [view for name, view in views.items() if name != DELETED] + ([born] if born else [])
    return any(head.digest not in witnessed for view in others for head in view.heads)


def _field_view(heads: list[Entry]) -> FieldView:
    if heads[0].operation.field == BORN or heads[0].operation.kind is OperationKind.SEAL:
        # The first to arrive is the one that everything else refers to; the server sets a different later birth aside.
        ordered = sorted(heads, key=_arrival, reverse=True)
    else:
        ordered = sorted(heads, key=_display_order)
    return FieldView(
        ordered[-1].operation.value,
        tuple(entry.operation for entry in ordered),
        tuple(entry.arrived for entry in ordered),
    )


def _display_order(entry: Entry) -> tuple[int, str, str, str, str, str]:
    """Which of several heads is shown until a person decides. A clock that runs ahead cannot win beyond the time of receipt."""
    operation = entry.operation
    stamp = int(operation.hlc[:15])
    if entry.received_at is not None:
        stamp = min(stamp, entry.received_at)
    chain = operation.chain
    return (stamp, operation.hlc[16:], chain.installation, chain.account, chain.audit, operation.digest)


def _comparable(operation: Operation) -> str:
    if operation.is_erased:
        return "erased"
    return json.dumps(operation.value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
