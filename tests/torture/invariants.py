"""
What must hold after any story, however bad: one checker for every simulator.

It believes nobody: it takes what each tablet said and what its store holds, and the server's log as raw bytes, and computes digests,
running hashes, heads and the shown view itself.

I1  what a screen called saved is on the tablet or on the server
I2  what lies on any surviving tablet, or in a file that was taken out by hand, reaches the server, or it is said why not
I3  all tablets and the server have the same entries, heads, disputes and running hash
I4  no value is lost: an entry that counts is a head, or one that counts has seen and replaced it
I5  numbers are without gaps; what is missing of a chain is known to be missing
I6  bytes, author, tablet and times of an entry never change
I7  the bytes of evidence hash to their name everywhere, and reach the server
I8  a tablet that has a network has nothing left to send
I9  evidence that was withdrawn is nowhere: not on the server's disk, not on a tablet that has heard of it; the log says so
I10 a photo that was freed on a tablet lay on the server, and in a backup where only that was to go; it is there again, or was
    destroyed with the last copy and is told as lacking
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from server.domain.closings import closings_of
from server.domain.coverage import ChainWalk
from server.domain.fold import BORN, Entry, LogView, fold_log, read_entry
from server.domain.operation import (
    GENESIS,
    ChainKey,
    Operation,
    advance_running_hash,
    digest_of,
    digest_of_erased,
)
from server.domain.record import Basis, closing_record
from server.domain.refusals import Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.reports.basis import AuditLog, heads_of, read_basis
from server.sealing.canonical import canonical_bytes
from server.storage.server_state import ServerIdentity


@dataclass(frozen=True, slots=True)
class Broken:
    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry as a tablet has it. `seq` is None while it has not come back; hidden ones have no text."""

    data: str
    content_sha256: str | None
    origin: Origin
    seq: int | None
    received_at: int | None
    is_waiting: bool = False
    is_lost: bool = False
    is_hidden: bool = False
    is_carried: bool = False
    """Somebody else's, come by hand: this tablet says that it is still to be taken along."""


@dataclass(frozen=True, slots=True)
class TabletLog:
    """One audit on one tablet for one account. `sees` is `all`, or `nothing` where this account may not see it (any more)."""

    rows: Mapping[str, Stored]
    epoch: str | None
    seq: int
    hash: str
    sees: str
    shown: Any
    """The view that its screens show, by `plain`."""


@dataclass(frozen=True, slots=True)
class TabletSeen:
    name: str
    account: str
    saved: frozenset[tuple[str, str]]
    """Audit and digest of everything that the screen called saved."""
    logs: Mapping[str, TabletLog]
    files: Mapping[str, bytes] = field(default_factory=dict)
    uploads: frozenset[tuple[str, str]] = frozenset()
    """By audit and hash: the files that it keeps for itself or has to send."""
    files_waiting: int = 0
    others_waiting: int = 0
    """Entries of others that came by hand and have not reached the server."""
    problem: str | None = None
    refused: tuple[str, ...] = ()
    """Why the server did not take back what it had signed."""


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One row of the server's log, raw."""

    seq: int
    data: bytes
    digest: str
    content_sha256: str | None
    origin: Origin
    received_at: int
    hash: str
    sent_by: ChainKey
    dseq: int | None = None


@dataclass(frozen=True, slots=True)
class ServerLog:
    entries: Sequence[LoggedEntry]
    head_seq: int
    head_hash: str
    announced: Mapping[ChainKey, int] = field(default_factory=dict)
    tips: Mapping[ChainKey, int] = field(default_factory=dict)
    restored_seq: int | None = None


@dataclass(frozen=True, slots=True)
class LyingFile:
    """What lies in the server's data folder, of which audit and evidence: empty where nothing tells."""

    audit: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ServerSeen:
    epoch: str
    installation: str
    logs: Mapping[str, ServerLog]
    files: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    """By audit and hash: what the store has under that name."""
    former: frozenset[str] = frozenset()
    disk: Sequence[LyingFile] = ()
    lacking: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By audit the files that the server itself calls lacking, to whoever asks before leaving the site."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the simulator knows and nobody else: what was made, and what went with the last thing that held it."""

    made: Mapping[str, str]
    """Text by digest, as its tablet made it."""
    gone: frozenset[str] = frozenset()
    """Digests whose every copy was destroyed: a tablet in the river before it had a network."""
    gone_files: frozenset[tuple[str, str]] = frozenset()
    """The same of files, by audit and hash."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """What was ever photographed, by hash."""
    carried: frozenset[tuple[str, str]] = frozenset()
    """Audit and digest of what was taken out by hand, and taken in by somebody who did not refuse it."""
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Audit and hash of the evidence of which the server answered that it is withdrawn."""
    freed: frozenset[tuple[str, str]] = frozenset()
    """Audit and hash of what was freed on a tablet."""


def check(story: Story, tablets: Sequence[TabletSeen], server: ServerSeen) -> list[Broken]:
    """Everything that does not hold; nothing where all is well."""
    return [
        *_saved(story, tablets, server),
        *_arrived(story, tablets, server),
        *(one for audit, log in server.logs.items() for one in _log(story, server, audit, log)),
        *_agreement(tablets, server),
        *_unchanged(story, tablets, server),
        *_files(story, tablets, server),
        *_quiet(tablets),
        *_withdrawn(story, tablets, server),
        *_lacking(story, tablets, server),
    ]


def plain(view: LogView) -> Any:
    """The folded log in plain words, to compare two tablets."""
    shown = {}
    for ref, entity in sorted(view.entities.items()):
        fields = {
            name: (field.value, [head.digest for head in field.heads], field.is_disputed)
            for name, field in entity.fields.items()
        }
        born = [] if entity.born_view is None else [head.digest for head in entity.born_view.heads]
        shown[ref] = (entity.born, born, fields, entity.is_deleted, entity.is_deletion_disputed)
    return shown, sorted(view.quarantined)


def view_of(log: ServerLog) -> LogView:
    """What the raw bytes of the server's log give."""
    return fold_log(entries_of(log))


def entries_of(log: ServerLog) -> list[Entry]:
    return _read(log.entries)


def _read(entries: Iterable[LoggedEntry]) -> list[Entry]:
    read = (read_entry(one.data, one.origin, one.seq, one.received_at, one.content_sha256) for one in entries)
    return [entry for entry in read if entry is not None]


def _saved(story: Story, tablets: Iterable[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    for tablet in tablets:
        for audit, digest in sorted(tablet.saved):
            here = audit in tablet.logs and digest in tablet.logs[audit].rows
            if not here and digest not in _digests(server, audit) and digest not in story.gone:
                yield Broken("I1", f"{tablet.name} said saved, and nobody has it: {_name(story, digest)}")


def _arrived(story: Story, tablets: Sequence[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    for tablet in tablets:
        for why in tablet.refused:
            yield Broken("I2", f"the server did not take back what it had signed ({why}), says {tablet.name}")
        for audit, log in tablet.logs.items():
            there = _digests(server, audit)
            for digest, row in log.rows.items():
                if digest in there or row.is_lost or row.is_hidden or row.origin is Origin.SERVER:
                    continue
                yield Broken("I2", f"{tablet.name} has what the server lacks: {_name(story, digest)}")

    lying = {(audit, d) for tablet in tablets for audit, log in tablet.logs.items() for d in log.rows}
    for audit, digest in sorted(story.carried - lying):
        if digest not in _digests(server, audit) and digest not in story.gone:
            yield Broken("I2", f"it was taken out by hand and taken in, and nobody has it: {_name(story, digest)}")


def _digests(server: ServerSeen, audit: str) -> set[str]:
    return {entry.digest for entry in server.logs[audit].entries} if audit in server.logs else set()


def _log(story: Story, server: ServerSeen, audit: str, log: ServerLog) -> Iterator[Broken]:
    running = GENESIS
    for index, entry in enumerate(log.entries, start=1):
        if entry.seq != index:
            yield Broken("I5", f"number {index} is missing in {audit}")
            return
        if entry.digest != _digest(entry.data, entry.content_sha256):
            yield Broken("I6", f"entry {index} is not what its digest says")
        running = advance_running_hash(running, entry.digest, entry.origin, entry.received_at)
        if running != entry.hash:
            yield Broken("I5", f"the running hash breaks at {index}")
            return
    if (log.head_seq, log.head_hash) != (len(log.entries), running):
        yield Broken("I5", f"the head says {log.head_seq}, there are {len(log.entries)}")
    if len(_digest_set(log)) != len(log.entries):
        yield Broken("I3", "an entry stands in the log twice")
    yield from _chains(story, log)
    yield from _heads_or_replaced(story, log)
    yield from _records(story, server, audit, log)


def _digest_set(log: ServerLog) -> set[str]:
    return {entry.digest for entry in log.entries}


def _chains(story: Story, log: ServerLog) -> Iterator[Broken]:
    """Gapless from 1 as far as the server says that the chain goes; beyond it at least the number is known."""
    numbers: dict[ChainKey, set[int]] = {}
    for entry in log.entries:
        read = read_entry(entry.data, entry.origin, content_sha256=entry.content_sha256)
        if read is None:
            if entry.dseq is not None:
                numbers.setdefault(entry.sent_by, set()).add(entry.dseq)
            continue
        numbers.setdefault(read.operation.chain, set()).add(read.operation.dseq)
    for chain, tip in log.tips.items():
        lacking = set(range(1, tip + 1)) - numbers.get(chain, set())
        if lacking:
            yield Broken("I5", f"{_chain(chain)} has no number {sorted(lacking)[:5]} of {tip}")
    longest: dict[ChainKey, int] = {}
    for entry in log.entries:
        read = read_entry(entry.data, entry.origin, content_sha256=entry.content_sha256)
        if read is not None and read.operation.chain == entry.sent_by and entry.origin is Origin.DEVICE:
            longest[entry.sent_by] = max(longest.get(entry.sent_by, 0), read.operation.dseq)
    for chain, last in longest.items():
        if log.announced.get(chain, 0) < min(last, log.tips.get(chain, 0)):
            yield Broken("I5", f"{_chain(chain)} has {last} entries and only {log.announced.get(chain)} are announced")


def _heads_or_replaced(story: Story, log: ServerLog) -> Iterator[Broken]:
    """By a way of its own, not by the fold's: who names whom, through what was set aside."""
    entries = entries_of(log)
    said: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        operation = entry.operation
        if entry.origin is Origin.SERVER and operation.kind is OperationKind.VERDICT:
            said[operation.entity_id] = operation.value
    aside = {digest for digest, value in said.items() if value.get("state") == "quarantined"}
    by_digest = {e.operation.digest: e.operation for e in entries if e.operation.kind not in ON_OPERATIONS}
    replaced: set[str] = set()
    for digest, operation in by_digest.items():
        if digest in aside or operation.field == BORN or operation.kind is OperationKind.SEAL:
            continue
        ahead = list(operation.bases)
        while ahead:
            base = by_digest.get(ahead.pop())
            if (
                base is None
                or base.digest in replaced
                or (base.entity, base.field) != (operation.entity, operation.field)
            ):
                continue
            if base.kind is not OperationKind.SEAL:
                replaced.add(base.digest)
                ahead += base.bases if base.digest in aside else []
    view = fold_log(entries)
    yield from _disputed(view, [o for o in by_digest.values() if o.digest not in aside and o.digest not in replaced])
    heads = {head.digest for entity in view.entities.values() for head in _all_heads(entity)}
    for digest, operation in by_digest.items():
        is_shown = digest in heads or operation.field == "deleted"
        if digest in aside:
            if digest not in view.quarantined:
                yield Broken("I4", f"set aside, and no screen says so: {_name(story, digest)}")
        elif not is_shown and digest not in replaced:
            yield Broken("I4", f"neither shown nor replaced: {_name(story, digest)}")


def _disputed(view: LogView, left: Iterable[Operation]) -> Iterator[Broken]:
    """A field of which different values are left says so, also after somebody settled what others went on editing; no other does."""
    said: dict[tuple[str, str], set[str]] = {}
    for operation in left:
        if operation.field in (BORN, "deleted") or operation.kind is OperationKind.SEAL:
            continue
        is_erased = operation.is_erased or operation.digest in view.erased
        value = "erased" if is_erased else json.dumps(operation.value, sort_keys=True)
        said.setdefault((operation.entity, operation.field), set()).add(value)
    for (ref, name), values in said.items():
        entity = view.entity(ref)
        shown = None if entity is None else entity.fields.get(name)
        if shown is not None and shown.is_disputed != (len(values) > 1):
            yield Broken("I4", f"{len(values)} values of {ref}.{name} are left, disputed is {shown.is_disputed}")


def _all_heads(entity: Any) -> Iterator[Any]:
    for view in (*entity.fields.values(), *([entity.born_view] if entity.born_view else [])):
        yield from view.heads


def _records(story: Story, server: ServerSeen, audit: str, log: ServerLog) -> Iterator[Broken]:
    """Every closing record that was sealed is made again from what it names, to the letter."""
    entries, view = entries_of(log), view_of(log)
    unreadable = [
        (one.digest, one.sent_by, one.dseq)
        for one in log.entries
        if read_entry(one.data, one.origin, content_sha256=one.content_sha256) is None
    ]
    walk = ChainWalk(entries, view.quarantined, unreadable)
    identity = ServerIdentity(server.epoch, server.installation, server.former)
    hashes = {one.seq: one.hash for one in log.entries} | {0: GENESIS}
    known = AuditLog(entries, view, walk, identity, log.restored_seq, lambda seq: hashes.get(seq, ""))
    closings = closings_of(view)
    for sealed in (*closings.counted, *closings.beside):
        shown = view.entity(sealed.ref)
        text = None if shown is None else shown.get("record")
        if not isinstance(text, str):
            continue
        if sha256(text.encode()).hexdigest() != sealed.sha256:
            yield Broken("I3", f"{sealed.ref} is not what was sealed")
            continue
        record = _parsed(text)
        meeting = read_basis(known, audit, record)
        if isinstance(meeting, Refusal):
            if not {head.digest for head in heads_of(audit, record)} & story.gone:
                yield Broken("I3", f"{sealed.ref} does not rest on what it says: {meeting.facts['what']}")
            continue
        if any(one.is_erased for entity in meeting.view.entities.values() for one in _views(entity)):
            continue
        heads = [(head.chain, head.dseq, head.digest) for head in heads_of(audit, record)]
        again = closing_record(
            meeting.view,
            audit,
            Basis(heads, record["frozen"], meeting.aside, meeting.unread),
            supersedes=record["supersedes"],
            reason=record["reason"],
            catalogues=record["catalogues"],
        )
        if canonical_bytes(again) != text.encode():
            yield Broken(
                "I3", f"{sealed.ref} cannot be made again: {_difference(record, _parsed(canonical_bytes(again)))}"
            )


def _views(entity: Any) -> list[Any]:
    return [*entity.fields.values(), *([entity.born_view] if entity.born_view else [])]


def _parsed(text: str | bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def _difference(one: Any, other: Any, where: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if one.get(key) != other.get(key):
                return _difference(one.get(key), other.get(key), f"{where}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            if first != second:
                return _difference(first, second, f"{where}[{index}]")
    return f"{where}: {str(one)[:150]} / {str(other)[:150]}"


def _agreement(tablets: Iterable[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    views = {audit: plain(view_of(log)) for audit, log in server.logs.items()}
    for tablet in tablets:
        for audit, log in tablet.logs.items():
            there = server.logs.get(audit)
            if log.sees == "nothing" or there is None:
                continue
            if log.epoch != server.epoch:
                yield Broken("I3", f"{tablet.name} believes in another epoch")
            if (log.seq, log.hash) != (there.head_seq, there.head_hash):
                yield Broken("I3", f"{tablet.name} stands at {log.seq} of {there.head_seq}, or at another hash")
                continue
            numbered = {row.seq: digest for digest, row in log.rows.items() if row.seq is not None}
            if numbered != {entry.seq: entry.digest for entry in there.entries}:
                yield Broken("I3", f"{tablet.name} has other entries than the server")
            if log.sees == "all" and log.shown != views[audit]:
                yield Broken("I3", f"{tablet.name} shows something else: {_view_difference(log.shown, views[audit])}")


def _view_difference(shown: Any, right: Any) -> str:
    (here, aside_here), (there, aside_there) = shown, right
    for ref in sorted(set(here) | set(there)):
        if here.get(ref) != there.get(ref):
            return f"{ref}: {str(here.get(ref))[:300]} / server: {str(there.get(ref))[:300]}"
    return f"set aside: {sorted(set(aside_here) ^ set(aside_there))[:3]}"


def _unchanged(story: Story, tablets: Iterable[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    for audit, log in server.logs.items():
        rows = {entry.digest: entry for entry in log.entries}
        for entry in log.entries:
            made = story.made.get(entry.digest)
            if made is None:
                if entry.origin is Origin.DEVICE and entry.content_sha256 is None:
                    read = read_entry(entry.data, entry.origin)
                    if read is not None:
                        yield Broken("I6", f"nobody made entry {entry.seq} of {audit}: {read.operation.entity}")
                continue
            if not _is_same(made, entry.data.decode(), entry.content_sha256):
                yield Broken("I6", f"the server changed {_name(story, entry.digest)}")
            if entry.origin is not Origin.DEVICE:
                yield Broken("I6", f"the server took {_name(story, entry.digest)} for its own")
        for tablet in tablets:
            if audit not in tablet.logs:
                continue
            for digest, row in tablet.logs[audit].rows.items():
                if row.is_hidden:
                    continue
                if digest != _digest(row.data.encode(), row.content_sha256):
                    yield Broken("I6", f"{tablet.name} changed {_name(story, digest)}")
                there = rows.get(digest)
                if there is None or row.seq is None:
                    continue
                if (there.origin, there.received_at, there.seq) != (row.origin, row.received_at, row.seq):
                    yield Broken("I6", f"{tablet.name} tells another origin, time or place of {_name(story, digest)}")
                if tablet.logs[audit].sees == "nothing":
                    continue
                if row.content_sha256 is None and there.content_sha256 is not None:
                    yield Broken("I6", f"{tablet.name} still has what was erased: {_name(story, digest)}")
                if row.content_sha256 is not None and there.content_sha256 is None:
                    yield Broken("I4", f"{tablet.name} lacks words that the server has: {_name(story, digest)}")


def _is_same(made: str, data: str, content_sha256: str | None) -> bool:
    return made == data if content_sha256 is None else made.partition("\n")[0] == data


def _files(story: Story, tablets: Iterable[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    for (_, name), data in server.files.items():
        if sha256(data).hexdigest() != name:
            yield Broken("I7", f"the server's file {name[:8]} is not what its name says")
    here: set[str] = set()
    for tablet in tablets:
        for name, data in tablet.files.items():
            if tablet.files_waiting or all(log.sees == "all" for log in tablet.logs.values()):
                here.add(name)
            if sha256(data).hexdigest() != name:
                yield Broken("I7", f"the file {name[:8]} on {tablet.name} is not what its name says")
    for audit, log in server.logs.items():
        for entry in entries_of(log):
            operation = entry.operation
            if operation.entity_kind != "evidence" or not isinstance(operation.value, dict):
                continue
            named: str = operation.value.get("sha256", "")
            if (audit, named) in _withdrawn_in(story, server):
                continue
            if named in here and (audit, named) not in server.files and (audit, named) not in story.gone_files:
                yield Broken("I7", f"a tablet has the bytes of {operation.entity}, and the server has not")


def _quiet(tablets: Iterable[TabletSeen]) -> Iterator[Broken]:
    for tablet in tablets:
        if tablet.problem is not None:
            yield Broken("I8", f"{tablet.name} stopped: {tablet.problem}")
        waiting = sum(row.is_waiting for log in tablet.logs.values() for row in log.rows.values())
        if waiting or tablet.files_waiting:
            yield Broken("I8", f"{tablet.name} still has {waiting} entries and {tablet.files_waiting} files to send")
        if tablet.others_waiting:
            yield Broken("I8", f"{tablet.name} still has {tablet.others_waiting} entries of others to take along")


def _withdrawn_in(story: Story, server: ServerSeen) -> set[tuple[str, str]]:
    """By audit and hash, what was withdrawn: by the server's answers, and by its own words as they stand in its logs."""
    return set(story.withdrawn) | _withdrawn_told(server)


def _withdrawn_told(server: ServerSeen) -> set[tuple[str, str]]:
    told = set()
    for audit, log in server.logs.items():
        for entry in log.entries:
            # Read in a cheap way: only words about withdrawn evidence are read whole.
            if entry.origin is not Origin.SERVER or b'"evidence":"' not in entry.data:
                continue
            operation = next(iter(_read([entry]))).operation
            if operation.kind is OperationKind.ERASURE and isinstance(operation.value, dict):
                told.add((audit, str(operation.value.get("evidence"))))
    return told


def _withdrawn(story: Story, tablets: Iterable[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    told = _withdrawn_told(server)
    for audit, name in sorted(story.withdrawn - told):
        if audit in server.logs:
            yield Broken("I9", f"no log says that evidence {name[:8]} was withdrawn")
    yield from lying_still(story, server, told | story.withdrawn | set(_shown_by_nothing(story, server)))
    for tablet in tablets:
        # Also of audits that it has left: it hears what went, and nothing else.
        gone = {(audit, name) for audit, name in told if audit in tablet.logs}
        for _, name in sorted(gone & tablet.uploads):
            yield Broken("I9", f"{tablet.name} keeps withdrawn evidence {name[:8]}")
        named = {name for _, name in tablet.uploads}
        for name in sorted({name for _, name in gone} & tablet.files.keys() - named):
            yield Broken("I9", f"{tablet.name} has the bytes of withdrawn evidence {name[:8]}")


def _shown_by_nothing(story: Story, server: ServerSeen) -> Iterator[tuple[str, str]]:
    """By audit and hash the files of erased evidence that no other entry names, whatever the server said about files."""
    for audit, log in server.logs.items():
        erased, named = set(), set()
        for entry in entries_of(log):
            operation = entry.operation
            if entry.origin is Origin.SERVER and operation.kind is OperationKind.ERASURE:
                erased.add(operation.entity_id)
            elif operation.entity_kind == "evidence" and operation.field == BORN and isinstance(operation.value, dict):
                named.add(operation.value.get("sha256"))
        for digest in erased & story.made.keys():
            header, _, content = story.made[digest].partition("\n")
            if '"ent":"evidence/' in header and '"fld":"born"' in header:
                name = json.loads(content)["val"]["sha256"]
                if name not in named:
                    yield audit, name


def lying_still(story: Story, server: ServerSeen, withdrawn: Iterable[tuple[str, str]]) -> Iterator[Broken]:
    """Bytes of withdrawn evidence in the server's data folder; also right after a backup was put back."""
    gone = set(withdrawn)
    for _, name in sorted(gone & server.files.keys()):
        yield Broken("I9", f"the server has a row of withdrawn evidence {name[:8]}")
    pictures = [story.pictures[name] for _, name in gone if story.pictures.get(name)]
    for lying in server.disk:
        if (lying.audit, lying.name) in gone:
            yield Broken("I9", f"withdrawn evidence {lying.name[:8]} lies on the server's disk")
        elif not lying.audit and any(picture.startswith(lying.data) for picture in pictures):
            yield Broken("I9", "a part of withdrawn evidence lies on the server's disk, and nothing names it")


def _lacking(story: Story, tablets: Sequence[TabletSeen], server: ServerSeen) -> Iterator[Broken]:
    withdrawn = _withdrawn_in(story, server)
    kept = {key for tablet in tablets for key in tablet.uploads}
    for audit, log in server.logs.items():
        named = set()
        for entry in entries_of(log):
            operation = entry.operation
            if operation.entity_kind == "evidence" and operation.field == BORN and isinstance(operation.value, dict):
                named |= {str(name) for name in [operation.value.get("sha256")] if name is not None}
        lacking = {name for name in named if (audit, name) not in server.files and (audit, name) not in withdrawn}
        if audit in server.lacking and server.lacking[audit] != lacking:
            what = sorted(name[:8] for name in server.lacking[audit] ^ lacking)
            yield Broken("I10", f"the server tells something else about files that it lacks: {what} in {audit}")
        for name in sorted(lacking):
            if (audit, name) in story.gone_files or (audit, name) in kept:
                continue
            why = "was freed on a tablet" if (audit, name) in story.freed else "was here once"
            yield Broken("I10", f"evidence {name[:8]} {why}, and nobody has it")


def _digest(data: bytes, content_sha256: str | None) -> str:
    return digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256)


def _chain(chain: ChainKey) -> str:
    return f"chain {chain.installation[-4:]}/{chain.account[-4:]}"


def _name(story: Story, digest: str) -> str:
    """An entry as somebody who looks for the fault wants to hear of it."""
    text = story.made.get(digest)
    if text is None:
        return digest[:8]
    try:
        header = json.loads(text.partition("\n")[0])
        return f"{digest[:8]} ({header['kind']} {header['ent'][:24]}.{header['fld']} no. {header['dseq']})"
    except (ValueError, KeyError):
        return f"{digest[:8]} (unreadable)"
