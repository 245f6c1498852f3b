"""
What a tablet keeps for one account, as pwa/src/store/ keeps it: one method here is one transaction there, so it happens whole or not.

The model must do what the app does, also where that is wrong: the second simulator, in pwa/src/torture/, drives the app itself.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from server.domain import fold as folding
from server.domain.coverage import BESIDE_THE_CHAIN
from server.domain.fold import Entry, LogView, fold_log
from server.domain.operation import (
    GENESIS,
    MAX_BASES,
    SERVER_ACCOUNT,
    ChainKey,
    Operation,
    advance_running_hash,
    digest_of,
    digest_of_erased,
    erase_content,
    parse_operation,
)
from server.domain.receipt import key_name, receipt_statement
from server.domain.record import Basis
from server.domain.team import fold_team
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.storage.clock import as_instant
from tests.torture.handover import GivenAudit

Json = dict[str, Any]
Heads = dict[str, list[Operation]]
"""Of one entity the heads of each field."""

CHUNK_BYTES = 1024
BELIEVED_AHEAD = 10 * 60_000
MISSING = "operation.content_missing"


@dataclass
class Row:
    """One entry as it lies here; `waiting` is the number of an own one that has not come back."""

    data: str
    origin: Origin
    operation: Operation | None
    content_sha256: str | None = None
    chain: ChainKey | None = None
    dseq: int | None = None
    seq: int | None = None
    received_at: int | None = None
    waiting: int | None = None
    is_lost: bool = False
    is_hidden: bool = False
    is_wanted: bool = False
    is_carried: bool = False
    """Somebody else's, come by hand: this tablet takes it to the server."""


@dataclass
class Tip:
    """How far a chain goes here. `own`: this account writes it on this tablet."""

    dseq: int = 0
    digest: str = GENESIS
    hlc: str = ""
    own: bool = True
    pushed: int = 0


@dataclass(frozen=True)
class Log:
    epoch: str | None = None
    seq: int = 0
    hash: str = GENESIS
    is_unsettled: bool = False
    is_partial: bool = False


@dataclass
class OldLog:
    """
    What the server has signed and may have lost. `refused`: why it did not take it back, and in which epoch; `taken`: in which it has
    taken all of it.
    """

    epoch: str
    receipt: Json
    lines: list[tuple[str, Origin, int]]
    refused: tuple[str, str | None] | None = None
    taken: str | None = None


@dataclass
class Upload:
    size: int
    url: str | None = None
    state: str = "waiting"
    is_resting: bool = False
    """Brought for others, and the server has no such audit for this account. For a day, as a batch (`Carried`)."""


@dataclass
class Carried:
    """A batch of another tablet, as that one signed it. `refused`: what the server said of it."""

    installation: str
    account: str
    announced: Json
    head_signature: str | None
    digests: list[str]
    refused: str | None = None
    is_resting: bool = False
    """The server said that it holds it, of an audit that is not for this account to see. For a day, which is over when all come to rest."""


@dataclass(frozen=True)
class Custody:
    """What the server has signed that it holds, of the log as it stood then; and whether anything was lacking."""

    at: tuple[str | None, int, str]
    is_complete: bool


@dataclass(frozen=True)
class Change:
    kind: str
    ent: str
    fld: str
    val: Any


@dataclass
class Arrived:
    digest: str
    data: str | None
    content_sha256: str | None
    operation: Operation | None
    origin: Origin
    seq: int
    received_at: int
    is_hidden: bool = False


@dataclass
class Store:
    account: str
    installation: str
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    chains: dict[ChainKey, Tip] = field(default_factory=dict)
    logs: dict[str, Log] = field(default_factory=dict)
    verdicts: dict[str, dict[str, tuple[int, Operation]]] = field(default_factory=dict)
    """By digest the server's last word, with its number; 0 for one that is only remembered."""
    receipts: dict[str, Json] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """By audit, what the server said of erasures since it left the list."""
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Of which file of which audit the log or the server said so: what comes by hand does not bring it back."""
    old_logs: dict[tuple[str, str], OldLog] = field(default_factory=dict)
    uploads: dict[tuple[str, str], Upload] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    carried: dict[tuple[str, str], Carried] = field(default_factory=dict)
    """By audit and the digest of the last operation."""
    custody: dict[str, Custody] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    """Audits that were ever listed."""
    server_key: str | None = None
    enrolled: str = ""
    listed: frozenset[str] = frozenset()
    sent_again: frozenset[str] = frozenset()
    """Audits that were sent once more today, because the server did not have them as they were pulled here."""

    def copied(self) -> "Store":
        """As a copy of the whole device has it. Parsed operations never change, so both may have them."""
        twin = copy.copy(self)
        twin.rows = {audit: {d: copy.copy(row) for d, row in rows.items()} for audit, rows in self.rows.items()}
        twin.chains = {key: copy.copy(tip) for key, tip in self.chains.items()}
        twin.verdicts = {audit: dict(said) for audit, said in self.verdicts.items()}
        twin.old_logs = {key: copy.copy(old) for key, old in self.old_logs.items()}
        twin.uploads = {key: copy.copy(upload) for key, upload in self.uploads.items()}
        twin.logs, twin.receipts, twin.files = dict(self.logs), dict(self.receipts), dict(self.files)
        twin.told, twin.withdrawn = dict(self.told), set(self.withdrawn)
        twin.carried = {key: copy.copy(batch) for key, batch in self.carried.items()}
        twin.custody = dict(self.custody)
        return twin

    # --- Reading

    def log(self, audit: str) -> Log:
        return self.logs.get(audit, Log())

    def of_audit(self, audit: str) -> dict[str, Row]:
        return self.rows.setdefault(audit, {})

    def quarantined(self, audit: str) -> dict[str, Json]:
        said = self.verdicts.get(audit, {})
        return {d: word.value for d, (_, word) in said.items() if word.value.get("state") == "quarantined"}

    def counting_since(self, audit: str) -> dict[str, int]:
        said = self.verdicts.get(audit, {})
        return {d: word.value["since"] for d, (_, word) in said.items() if word.value.get("state") == "applied"}

    def view(self, audit: str) -> LogView:
        """What its screens show. Verdicts are those that it has kept, whatever stands in the rows."""
        since = self.counting_since(audit)
        entries = [
            Entry(row.operation, row.origin, row.seq, row.received_at, since.get(row.operation.digest))
            for row in self.of_audit(audit).values()
            if row.operation is not None and not row.is_lost and not row.is_hidden
        ]
        aside = self.quarantined(audit)
        view = fold_log(entries, aside)
        return LogView(view.entities, aside, view.erased)

    def heads(self, audit: str, ref: str) -> Heads:
        since = self.counting_since(audit)
        entries = [
            Entry(row.operation, row.origin, row.seq, row.received_at, since.get(row.operation.digest))
            for row in self.of_audit(audit).values()
            if row.operation is not None and row.operation.entity == ref and not row.is_lost
        ]
        aside = self.quarantined(audit)
        known, applied = folding._known_and_applied(entries, aside)
        replaced = folding._superseded(applied, known, aside)
        fields: dict[str, list[Entry]] = {}
        for digest, entry in applied.items():
            if digest not in replaced:
                fields.setdefault(entry.operation.field, []).append(entry)
        return {name: list(folding._field_view(found).heads) for name, found in fields.items()}

    def own_chains(self, audit: str) -> list[ChainKey]:
        return [key for key, tip in self.chains.items() if key.audit == audit and tip.own]

    def waiting(self, audit: str) -> int:
        return sum(row.waiting is not None for row in self.of_audit(audit).values())

    def is_held(self, audit: str) -> bool:
        """Everything rests that was brought for others."""
        batches = [batch.is_resting for (of, _), batch in self.carried.items() if of == audit]
        return bool(batches) and all(batches)

    def count_carried(self, audit: str) -> int:
        if self.is_held(audit):
            return 0
        return sum(row.is_carried for row in self.of_audit(audit).values())

    def rest_carried(self, audit: str) -> bool:
        batches = [batch for (of, _), batch in self.carried.items() if of == audit]
        if any(batch.refused for batch in batches):
            return False
        for batch in batches:
            batch.is_resting = True
        return True

    def wake_carried(self, audits: Iterable[str]) -> None:
        for (audit, _), batch in self.carried.items():
            batch.is_resting = batch.is_resting and audit not in audits
        for (audit, _), upload in self.uploads.items():
            upload.is_resting = upload.is_resting and audit not in audits

    def wait_for_others(self, audit: str, names: Iterable[str]) -> bool:
        """Of an audit that the server does not list: whether all rests that was brought, or this account recorded none of these files."""
        own = {
            str(row.operation.value.get("sha256"))
            for row in self.of_audit(audit).values()
            if row.operation is not None
            and row.operation.kind is OperationKind.ADD
            and row.operation.entity_kind == "evidence"
            and not row.operation.is_erased
            and row.operation.chain.account == self.account
        }
        return audit not in self.listed and (self.is_held(audit) or own.isdisjoint(names))

    def audits_waiting(self) -> list[str]:
        return [audit for audit in self.rows if self.waiting(audit) + self.count_carried(audit)]

    def basis(self, audit: str, frozen: Json) -> Basis:
        """What a record of this tablet rests on (pwa/src/store/basis.ts)."""
        aside = self.quarantined(audit)
        here = {digest: row for digest, row in self.of_audit(audit).items() if not row.is_lost and not row.is_hidden}
        found = [
            row.operation
            for digest, row in here.items()
            if row.operation is not None and aside.get(digest, {}).get("code") not in BESIDE_THE_CHAIN
        ]
        followed = {operation.prev for operation in found}
        covered: set[str] = set()
        for one in found:
            digest = one.digest
            while one.chain.account != SERVER_ACCOUNT and digest in here and digest not in covered:
                covered.add(digest)
                read = here[digest].operation
                digest = _claimed_prev(here[digest].data) if read is None else read.prev
        unread = {d for d, row in here.items() if row.operation is None and (d in covered or d not in aside)}
        heads = [(one.chain, one.dseq, one.digest) for one in found if one.digest not in followed]
        return Basis(heads, frozen, covered & aside.keys() - unread, unread)

    # --- commit.ts

    def commit(
        self, audit: str, changes: Sequence[Change], wall: int, salts: Iterable[str], file: bytes | None
    ) -> list[str]:
        """Write changes; the texts of the operations that they became."""
        key = ChainKey(self.installation, self.account, audit)
        tip = copy.copy(self.chains.get(key, Tip()))
        log, made = self.log(audit), []
        heads: dict[str, Heads] = {}
        salt = iter(salts)
        for change in changes:
            of_entity = heads.setdefault(change.ent, self.heads(audit, change.ent))
            bases = _bases(change, of_entity)
            if bases is None:
                continue
            hlc = next_stamp(tip.hlc or None, wall)
            header = {
                "v": 1,
                "chain": {"installation": key.installation, "account": key.account, "audit": audit},
                "dseq": tip.dseq + 1,
                "prev": tip.digest,
                "wall": wall,
                "start": "A" * 11,
                "mono": tip.dseq,
                "hlc": hlc,
                "seen": {"epoch": log.epoch, "seq": log.seq},
                "ent": change.ent,
                "fld": change.fld,
                "bases": bases,
                "kind": change.kind,
                "ctx": {"app": "torture", "schema": 1, "zone": "Europe/Berlin"},
            }
            text = two_lines(header, change.val, next(salt))
            operation = parse_operation(text.encode())
            assert isinstance(operation, Operation), operation
            kept = [head for head in of_entity.get(change.fld, []) if head.digest not in bases]
            of_entity[change.fld] = [*kept, operation]
            tip.dseq, tip.digest, tip.hlc = operation.dseq, operation.digest, hlc
            made.append(text)
        self._keep(audit, key, tip, made)
        if file is not None:
            name = hashlib.sha256(file).hexdigest()
            self.files[name] = file
            if self.uploads.get((audit, name), Upload(0)).state != "stored":
                self.uploads[audit, name] = Upload(len(file))
        return made

    def keep_text(self, audit: str, text: str) -> None:
        """An operation that a newer version of the app would make: the server cannot read it, and this one has it all the same."""
        key = ChainKey(self.installation, self.account, audit)
        tip = copy.copy(self.chains.get(key, Tip()))
        tip.dseq, tip.digest = tip.dseq + 1, digest_of(text.encode())
        self._keep(audit, key, tip, [text])

    def _keep(self, audit: str, key: ChainKey, tip: Tip, made: Sequence[str]) -> None:
        if not made:
            return
        for place, text in enumerate(made, start=tip.dseq - len(made) + 1):
            read = parse_operation(text.encode())
            operation = read if isinstance(read, Operation) else None
            digest = digest_of(text.encode())
            self.of_audit(audit)[digest] = Row(text, Origin.DEVICE, operation, chain=key, dseq=place, waiting=place)
        self.chains[key] = tip

    # --- own-chains.ts

    def next_batch(self, key: ChainKey, most: int) -> list[tuple[str, Row]]:
        """Operations that were not sent yet, each following on the one before."""
        pushed = self.chains[key].pushed
        found = [
            (d, row) for d, row in self.of_audit(key.audit).items() if row.chain == key and (row.dseq or 0) > pushed
        ]
        batch: list[tuple[str, Row]] = []
        for digest, row in sorted(found, key=lambda one: one[1].dseq or 0)[:most]:
            if batch and row.dseq != (batch[-1][1].dseq or 0) + 1:
                break
            batch.append((digest, row))
        return batch

    def mark_pushed(self, key: ChainKey, pushed: int) -> None:
        if key in self.chains:
            self.chains[key].pushed = pushed

    def rewind_to_waiting(self, audit: str) -> bool:
        is_behind = False
        for key in self.own_chains(audit):
            waiting = [row.waiting for row in self.of_audit(audit).values() if row.waiting and row.chain == key]
            if waiting and min(waiting) <= self.chains[key].pushed:
                is_behind = True
                self.chains[key].pushed = min(waiting) - 1
        return is_behind

    def rewind_by_one(self, audit: str) -> bool:
        is_sent = False
        for key in self.own_chains(audit):
            tip = self.chains[key]
            if any(
                row.waiting and row.waiting <= tip.pushed for row in self.of_audit(audit).values() if row.chain == key
            ):
                tip.pushed -= 1
                is_sent = True
        return is_sent

    # --- pulled.ts

    def apply_page(self, audit: str, asked: Log, page: Json, is_asked_whole: bool) -> str | bool:
        """Verify and apply. A word where it does not fit (`epoch`, `sequence`, `hash`, `incomplete`); else whether a double was found."""
        if asked.epoch is not None and page["epoch"] != asked.epoch:
            return "epoch"
        running, arrived = asked.hash, list[Arrived]()
        for index, pulled in enumerate(page["operations"]):
            if pulled["seq"] != asked.seq + index + 1:
                return "sequence"
            arrival = self._read_arrival(audit, pulled) or (_hidden(pulled) if is_asked_whole else None)
            if arrival is None:
                return "incomplete"
            running = advance_running_hash(running, arrival.digest, arrival.origin, arrival.received_at)
            arrived.append(arrival)
        if page["next"] != asked.seq + len(arrived):
            return "sequence"
        if page["hash"] != running:
            return "hash"
        log = self.log(audit)
        if (log.seq, log.epoch, log.hash) != (asked.seq, asked.epoch, asked.hash):
            return "stale"
        self._note_receipt(audit, page["epoch"], page["next"], running, page["receipt"])
        is_whole = page["next"] >= page["head"]["seq"]
        was_unsettled = log.is_unsettled
        self.logs[audit] = Log(
            page["epoch"],
            page["next"],
            running,
            log.is_unsettled and not is_whole,
            log.is_partial or any(one.is_hidden for one in arrived),
        )
        if not arrived and not (is_whole and was_unsettled):
            return False
        strange = self._store_arrived(audit, arrived)
        self._erase_told(audit, arrived)
        self._store_verdicts(audit, arrived)
        if is_whole and was_unsettled:
            self._set_lost_aside(audit)
        return self._advance_chains(audit, arrived, strange)

    def _read_arrival(self, audit: str, pulled: Json) -> Arrived | None:
        own = None if "data" in pulled else self.of_audit(audit).get(pulled.get("digest", ""))
        text = pulled.get("data") or (None if own is None or own.is_hidden else own.data)
        if text is None:
            return None
        content_sha256 = pulled.get("content_sha256") if own is None else own.content_sha256
        read = parse_operation(text.encode(), content_sha256)
        data = text.encode()
        return Arrived(
            digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256),
            pulled.get("data"),
            content_sha256,
            read if isinstance(read, Operation) else None,
            Origin(pulled["origin"]),
            pulled["seq"],
            milliseconds(pulled["received_at"]),
        )

    def _store_arrived(self, audit: str, arrived: Sequence[Arrived]) -> set[str]:
        rows, strange = self.of_audit(audit), set()
        for one in arrived:
            before = rows.get(one.digest)
            if before is not None and (not before.is_hidden or one.data is None):
                before.waiting, before.is_lost, before.is_carried = None, False, False
                before.origin, before.seq, before.received_at = one.origin, one.seq, one.received_at
                continue
            row = Row(one.data or "", one.origin, one.operation, one.content_sha256, seq=one.seq)
            row.received_at, row.is_hidden = one.received_at, one.is_hidden
            if one.operation is not None:
                row.chain, row.dseq = one.operation.chain, one.operation.dseq
                strange.add(one.digest)
            rows[one.digest] = row
        return strange

    def _erase_told(self, audit: str, arrived: Sequence[Arrived]) -> None:
        for one in arrived:
            word = one.operation
            if one.origin is not Origin.SERVER or word is None or word.kind is not OperationKind.ERASURE:
                continue
            row = self.of_audit(audit).get(word.entity_id)
            if not isinstance(word.value, dict):
                continue
            if isinstance(file := word.value.get("evidence"), str):
                self.withdrawn.add((audit, file))
                self.drop_withdrawn(audit, file)
            if row is None or row.content_sha256 is not None:
                continue
            said = row.operation
            if row.origin is Origin.SERVER and said is not None and said.kind in ON_OPERATIONS:
                continue
            _drop_content(row)

    # --- left.ts

    def left(self, listed: frozenset[str]) -> list[Json]:
        """Audits that are not in the list, each with how far it was pulled, or as far as the server has signed it."""
        left = []
        for audit, log in self.logs.items():
            signed = self.receipts.get(audit)
            if audit in listed or (log.epoch is None and signed is None):
                continue
            at = signed if signed is not None and signed["seq"] > log.seq else {"seq": log.seq, "hash": log.hash}
            left.append({"id": audit, "seq": at["seq"], "hash": at["hash"], "told": self.told.get(audit)})
        return left

    def drop_erased(self, audit: str, erased: list[Json], told: str) -> None:
        for one in erased:
            row = self.of_audit(audit).get(one["digest"])
            if one["evidence"] is not None:
                self.withdrawn.add((audit, one["evidence"]))
                self.drop_withdrawn(audit, one["evidence"])
            if row is not None and row.content_sha256 is None and not row.is_hidden:
                _drop_content(row)
        self.told[audit] = told

    def drop_withdrawn(self, audit: str, name: str) -> None:
        """evidence-bytes.ts: the file goes, unless another audit on this tablet names it."""
        self.uploads.pop((audit, name), None)
        if not any(other == name for _, other in self.uploads):
            self.files.pop(name, None)

    def _store_verdicts(self, audit: str, arrived: Sequence[Arrived]) -> None:
        said = self.verdicts.setdefault(audit, {})
        latest: dict[str, Operation] = {}
        for one in arrived:
            word = one.operation
            if one.origin is not Origin.SERVER or word is None or word.kind is not OperationKind.VERDICT:
                continue
            latest[word.entity_id] = word
            before = said.get(word.entity_id)
            if before is None or (one.seq, word.dseq) > (before[0], before[1].dseq):
                said[word.entity_id] = (one.seq, word)
        self._note_missing(audit, latest)

    def _note_missing(self, audit: str, words: dict[str, Operation]) -> None:
        """content-back.ts: whose content the server lacks, and which entries it gives back."""
        own = set(self.own_chains(audit))
        for digest, word in words.items():
            row = self.of_audit(audit).get(digest)
            if row is None:
                continue
            is_missing = word.value.get("code") == MISSING
            is_here = row.content_sha256 is None
            if is_missing and is_here and row.chain in own:
                row.waiting = row.dseq
            elif not is_missing and not is_here:
                row.is_wanted = True
            elif not is_missing and row.waiting is not None and row.seq is not None:
                row.waiting = None

    def take_content(self, audit: str, digest: str, pulled: Json | None) -> None:
        row = self.of_audit(audit).get(digest)
        if row is None or row.content_sha256 is None:
            return
        row.is_wanted = False
        if pulled is None or "content_sha256" in pulled or "data" not in pulled:
            return
        if digest_of(pulled["data"].encode()) != digest:
            return
        read = parse_operation(pulled["data"].encode())
        row.data, row.content_sha256 = pulled["data"], None
        row.operation = read if isinstance(read, Operation) else None

    def wanted(self, audit: str) -> list[tuple[str, Row]]:
        return [(d, row) for d, row in self.of_audit(audit).items() if row.is_wanted and row.seq is not None]

    # --- chain-tips.ts

    def _advance_chains(self, audit: str, arrived: Sequence[Arrived], strange: set[str]) -> bool:
        """True where this tablet turns out to have a double."""
        aside = self.quarantined(audit)
        mine = ChainKey(self.installation, self.account, audit)
        is_forked = False
        for one in arrived:
            if one.operation is None:
                continue
            key, dseq, digest = one.operation.chain, one.operation.dseq, one.digest
            tip, is_strange = self.chains.get(key), digest in strange
            code = aside.get(digest, {}).get("code", "")
            if code in BESIDE_THE_CHAIN:
                if is_strange:
                    self._take_out_of_chain(audit, digest)
                elif key == mine and code == "chain.forked":
                    is_forked = True
            elif tip is not None and tip.own:
                if not is_strange:
                    continue
                if dseq == tip.dseq + 1 and one.operation.prev == tip.digest:
                    tip.dseq, tip.digest, tip.hlc, tip.pushed = dseq, digest, one.operation.hlc, dseq
                else:
                    self._take_out_of_chain(audit, digest)
                    is_forked = is_forked or key == mine
            elif dseq > (tip.dseq if tip is not None else 0):
                own = key == mine
                self.chains[key] = Tip(dseq, digest, one.operation.hlc, own, dseq if own else 0)
        return is_forked

    def _take_out_of_chain(self, audit: str, digest: str) -> None:
        row = self.of_audit(audit)[digest]
        row.chain = row.dseq = None

    # --- repair.ts, old-log.ts

    def reset_cursor(self, audit: str) -> None:
        """Everything is pulled again and compared anew; nothing is wiped."""
        self._remember_log(audit)
        for (of, name), upload in list(self.uploads.items()):
            if of == audit and upload.state == "stored":
                self.uploads[of, name] = Upload(upload.size)
        own = set(self.own_chains(audit))
        for row in self.of_audit(audit).values():
            if row.seq is None:
                continue
            row.seq = None
            if row.chain in own:
                row.waiting = row.dseq
        said = self.verdicts.get(audit, {})
        self.verdicts[audit] = {digest: (0, word) for digest, (_, word) in said.items()}
        self.chains = {key: tip for key, tip in self.chains.items() if key.audit != audit or tip.own}
        self.logs[audit] = Log(is_unsettled=True)

    def _set_lost_aside(self, audit: str) -> None:
        own = set(self.own_chains(audit))
        for row in self.of_audit(audit).values():
            if row.seq is None and not row.is_carried and (row.chain is None or row.chain not in own):
                row.is_lost = True
        said = self.verdicts.get(audit, {})
        self.verdicts[audit] = {digest: word for digest, word in said.items() if word[0] != 0}

    def _remember_log(self, audit: str) -> None:
        for (of, _), old in self.old_logs.items():
            old.taken = None if of == audit else old.taken
        log, receipt = self.log(audit), self.receipts.get(audit)
        if receipt is None or log.is_partial:
            return
        if receipt["epoch"] != log.epoch or not 0 < receipt["seq"] <= log.seq:
            return
        rows = [(row.seq, digest, row) for digest, row in self.of_audit(audit).items() if row.seq is not None]
        lines = [
            (digest, row.origin, row.received_at or 0)
            for seq, digest, row in sorted(rows, key=lambda one: one[0] or 0)
            if (seq or 0) <= receipt["seq"]
        ]
        before = self.old_logs.get((audit, receipt["epoch"]))
        if len(lines) == receipt["seq"] and (before is None or len(before.lines) < len(lines)):
            self.old_logs[audit, receipt["epoch"]] = OldLog(receipt["epoch"], receipt, lines)

    def old_logs_of(self, audit: str, now: str | None = None) -> list[OldLog]:
        """What is to be handed back. `now`: the server's epoch, where the log has none."""
        epoch = now or self.log(audit).epoch
        found = sorted(self.old_logs.items(), key=lambda one: one[0])
        return [
            old
            for (of, _), old in found
            if of == audit and (old.taken is None or old.taken != epoch)
            if old.refused is None or old.refused[1] != epoch
        ]

    def forget_covered(self, audit: str) -> None:
        """What the server has taken back, once a receipt of its new epoch covers it."""
        log, receipt = self.log(audit), self.receipts.get(audit)
        if receipt is None or receipt["epoch"] != log.epoch or log.is_partial:
            return
        places = {digest: row.seq for digest, row in self.of_audit(audit).items() if row.seq is not None}
        for (of, epoch), old in list(self.old_logs.items()):
            is_covered = all(0 < places.get(digest, 0) <= receipt["seq"] for digest, _, _ in old.lines)
            if of == audit and old.taken == log.epoch and is_covered:
                del self.old_logs[of, epoch]

    def ask_again(self, audits: Iterable[str]) -> None:
        """Let in (again): what the server did not find may be found now."""
        for (audit, _), old in self.old_logs.items():
            if audit in audits and old.refused is not None and old.refused[0] == "request.not_found":
                old.refused = None

    def count_common(self, audit: str, old: OldLog) -> int:
        for index, (digest, origin, received_at) in enumerate(old.lines):
            row = self.of_audit(audit).get(digest)
            if row is None or (row.seq, row.origin, row.received_at) != (index + 1, origin, received_at):
                return index
        return len(old.lines)

    def next_part(self, audit: str, old: OldLog, start: int, most: int) -> list[Row]:
        part: list[Row] = []
        for index in range(start, len(old.lines)):
            digest, origin, _ = old.lines[index]
            row = self.of_audit(audit).get(digest)
            if row is None or row.is_hidden:
                break
            if row.seq is not None and index != start:
                continue
            if part and len(part) >= most:
                is_cut = (
                    origin is Origin.SERVER
                    and part[-1].origin is Origin.DEVICE
                    and part[-1] is self.of_audit(audit).get(old.lines[index - 1][0])
                )
                if not is_cut:
                    break
                if len(part) > 1:
                    part.pop()
                    break
            part.append(row)
        return part

    # --- handover.ts, out

    def unsent(self) -> list[str]:
        """Audits of which something is not on the server yet."""
        audits = dict.fromkeys(self.audits_waiting())
        audits |= dict.fromkeys(audit for (audit, _), one in self.uploads.items() if one.state == "waiting")
        return list(audits)

    def log_out(self, audit: str) -> tuple[Json | None, list[Json]]:
        """The log as far as the server has signed it; none where some of it is not for this account to see."""
        log, receipt = self.log(audit), self.receipts.get(audit)
        if receipt is None or log.is_partial or log.epoch != receipt["epoch"] or not 0 < receipt["seq"] <= log.seq:
            return None, []
        numbered = {row.seq: row for row in self.of_audit(audit).values() if row.seq is not None}
        rows = [numbered[seq] for seq in range(1, receipt["seq"] + 1) if seq in numbered]
        if len(rows) != receipt["seq"]:
            return None, []
        proof = {name: receipt[name] for name in ("at", "key", "signature")}
        return {name: receipt[name] for name in ("epoch", "seq", "hash")} | {"receipt": proof}, [
            {
                "seq": row.seq,
                "data": row.data,
                **({} if row.content_sha256 is None else {"content_sha256": row.content_sha256}),
                "origin": row.origin.value,
                "received_at": as_instant(row.received_at or 0),
            }
            for row in rows
        ]

    def own_out(self, audit: str, most: int) -> list[tuple[ChainKey, list[Row]]]:
        """What this tablet wrote and has not seen again, cut as it would be sent."""
        found: list[tuple[ChainKey, list[Row]]] = []
        for key in self.own_chains(audit):
            rows = [row for row in self.of_audit(audit).values() if row.waiting is not None and row.chain == key]
            parts: list[list[Row]] = []
            for row in sorted(rows, key=lambda one: one.waiting or 0):
                is_following = bool(parts) and row.dseq == (parts[-1][-1].dseq or 0) + 1
                if is_following and len(parts[-1]) < most:
                    parts[-1].append(row)
                else:
                    parts.append([row])
            found += [(key, part) for part in parts]
        return found

    # --- handover.ts and carried.ts, in

    def look_at(self, given: GivenAudit) -> tuple[str, list[Json], str | None]:
        """What becomes of the log in a file, its lines behind this tablet's cursor, and why the audit does not come in."""
        state, lines = self._look_at_log(given)
        is_new = given.id not in self.logs and given.id not in self.known
        if not is_new:
            return state, lines, None
        if state == "unproved":
            return state, lines, "handover.unproved"
        entries = [
            Entry(read, Origin(line["origin"]), line["seq"], milliseconds(line["received_at"]))
            for line in lines
            if isinstance(read := parse_operation(line["data"].encode(), line.get("content_sha256")), Operation)
        ]
        entries += [
            Entry(one.operation, Origin.DEVICE, None, None)
            for batch in given.batches
            for one in map(read_brought, batch["operations"])
            if one.operation is not None
        ]
        is_member = self.account in fold_team(fold_log(entries), given.id)
        return state, lines, None if is_member else "handover.not_in_team"

    def _look_at_log(self, given: GivenAudit) -> tuple[str, list[Json]]:
        signed, kept = given.log, self.logs.get(given.id)
        if signed is None:
            return "none", []
        cursor = self.log(given.id)
        if kept is not None and (kept.is_unsettled or kept.is_partial):
            return "other_epoch", []
        if cursor.epoch is not None and cursor.epoch != signed["epoch"]:
            return "other_epoch", []
        if signed["seq"] <= cursor.seq:
            return "nothing_new", []
        lines, running = given.lines[cursor.seq :], cursor.hash
        for line in lines:
            running = advance_running_hash(
                running, read_brought(as_sent(line)).digest, Origin(line["origin"]), milliseconds(line["received_at"])
            )
        is_signed = (
            running == signed["hash"]
            and self._proof(given.id, signed["epoch"], signed["seq"], running, signed["receipt"]) == "good"
        )
        return ("new", lines) if is_signed else ("unproved", [])

    def take_log(self, given: GivenAudit, lines: list[Json]) -> str | bool:
        """As a page that the server gave."""
        cursor, signed = self.log(given.id), given.log
        behind = [line for line in lines if line["seq"] > cursor.seq]
        if signed is None or not behind:
            return False
        page = {
            "epoch": signed["epoch"],
            "next": signed["seq"],
            "hash": signed["hash"],
            "head": {"seq": signed["seq"] + 1, "hash": signed["hash"]},
            "operations": behind,
            "receipt": signed["receipt"],
        }
        return self.apply_page(given.id, cursor, page, is_asked_whole=False)

    def take_batches(self, audit: str, batches: Iterable[Json]) -> bool:
        """Keep what is not here yet. True where this tablet turns out to have a double."""
        has_double = False
        self.logs.setdefault(audit, Log())
        for batch in batches:
            key = ChainKey(batch["installation"], batch["account"], audit)
            is_mine = key == ChainKey(self.installation, self.account, audit)
            kept = self.chains.get(key)
            is_own = is_mine or (kept is not None and kept.own)
            tip, is_moved, waiting = copy.copy(kept or Tip()), False, False
            brought = [read_brought(sent) for sent in batch["operations"]]
            for one in brought:
                before = self.of_audit(audit).get(one.digest)
                if before is not None:
                    if before.is_lost:
                        before.is_lost, before.is_carried = False, True
                    waiting = waiting or before.is_carried
                    continue
                row = Row(one.text, Origin.DEVICE, one.operation, one.content_sha256)
                row.is_carried = True
                if one.operation is not None:
                    if not is_own:
                        row.chain, row.dseq = key, one.operation.dseq
                    elif one.operation.dseq == tip.dseq + 1 and one.operation.prev == tip.digest:
                        tip.dseq, tip.digest, tip.hlc = one.operation.dseq, one.digest, one.operation.hlc
                        row.chain, row.dseq, row.waiting, row.is_carried = key, tip.dseq, tip.dseq, False
                        is_moved = True
                    else:
                        has_double = has_double or is_mine
                self.of_audit(audit)[one.digest] = row
                waiting = waiting or row.is_carried
            if is_moved:
                self.chains[key] = tip
            if waiting:
                self._keep_batch(audit, batch, [one.digest for one in brought])
        return has_double

    def _keep_batch(self, audit: str, batch: Json, digests: list[str]) -> None:
        kept = self.carried.get((audit, digests[-1]))
        if kept is None or len(kept.digests) < len(digests):
            self.carried[audit, digests[-1]] = Carried(
                batch["installation"], batch["account"], batch["announced"], batch["head_signature"], digests
            )

    def read_carried(self, audit: str) -> list[tuple[Carried, list[tuple[str, Row]]]]:
        """The batches that the server has not got yet."""
        found, rows = [], self.of_audit(audit)
        for (of, _), batch in self.carried.items():
            here = [(digest, rows[digest]) for digest in batch.digests if digest in rows]
            if of == audit and any(row.is_carried for _, row in here):
                found.append((batch, here))
        return sorted(found, key=lambda one: one[1][0][1].dseq or 0)

    def forget_arrived(self, audit: str) -> None:
        left = {id(batch) for batch, _ in self.read_carried(audit)}
        self.carried = {key: batch for key, batch in self.carried.items() if key[0] != audit or id(batch) in left}

    def take_file(self, audit: str, name: str, data: bytes) -> None:
        """Bytes that came by hand."""
        if (audit, name) in self.withdrawn:
            return
        self.files.setdefault(name, data)
        self.uploads.setdefault((audit, name), Upload(len(data)))

    # --- space.ts, custody.ts

    def files_on_server(self) -> dict[str, list[str]]:
        """By name the audits of files that need not stay here, as far as is known."""
        needed = {name for (_, name), one in self.uploads.items() if one.state == "waiting"}
        found: dict[str, list[str]] = {}
        for (audit, name), one in self.uploads.items():
            if one.state == "stored" and name not in needed:
                found.setdefault(name, []).append(audit)
        return found

    def drop_bytes(self, name: str, audits: Iterable[str]) -> bool:
        rows = [(key, one) for key, one in self.uploads.items() if key[1] == name]
        if any(one.state != "stored" or key[0] not in audits for key, one in rows):
            return False
        for key, _ in rows:
            del self.uploads[key]
        self.files.pop(name, None)
        return True

    def wait_again(self, audit: str, names: Iterable[str]) -> None:
        """The server lacks them: they are sent again."""
        for name in names:
            one = self.uploads.get((audit, name))
            if one is not None and one.state == "stored":
                self.uploads[audit, name] = Upload(one.size)

    def is_custody_due(self, audit: str) -> bool:
        kept, log = self.custody.get(audit), self.log(audit)
        return kept is None or not kept.is_complete or kept.at != (log.epoch, log.seq, log.hash)

    def take_custody(self, audit: str, said: Json) -> None:
        log, at = self.log(audit), (said["epoch"], said["seq"], said["hash"])
        if at != (log.epoch, log.seq, log.hash):
            return
        self.custody[audit] = Custody(at, not said["lacking"] and not said["tablets"])
        self.wait_again(audit, said["lacking"])

    # --- receipts.ts

    def _note_receipt(self, audit: str, epoch: str, seq: int, running: str, receipt: Json | None) -> None:
        if receipt is not None and self._proof(audit, epoch, seq, running, receipt) in ("good", "unknown"):
            self.receipts[audit] = {"epoch": epoch, "seq": seq, "hash": running, **receipt}

    def _proof(self, audit: str, epoch: str, seq: int, running: str, receipt: Json) -> str:
        if self.server_key is None:
            return "unknown"
        spki = _unbase64url(self.server_key)
        if key_name(spki) != receipt["key"]:
            return "other_key"
        public = load_der_public_key(spki)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        raw = _unbase64url(receipt["signature"])
        signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        try:
            statement = receipt_statement(audit, epoch, seq, running, receipt["at"])
            public.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return "wrong"
        return "good"


@dataclass(frozen=True)
class Brought:
    """One operation as it came in a file."""

    digest: str
    text: str
    content_sha256: str | None
    operation: Operation | None


def _drop_content(row: Row) -> None:
    header, row.content_sha256 = erase_content(row.data.encode())
    row.data = header.decode()
    read = parse_operation(header, row.content_sha256)
    row.operation = read if isinstance(read, Operation) else None


def read_brought(sent: str | Json) -> Brought:
    text = sent if isinstance(sent, str) else sent["header"]
    content_sha256 = None if isinstance(sent, str) else sent["content_sha256"]
    read = parse_operation(text.encode(), content_sha256)
    data = text.encode()
    digest = digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256)
    return Brought(digest, text, content_sha256, read if isinstance(read, Operation) else None)


def as_sent(line: Json) -> str | Json:
    is_whole = "content_sha256" not in line
    return line["data"] if is_whole else {"header": line["data"], "content_sha256": line["content_sha256"]}


def two_lines(header: Json, value: Any, salt: str) -> str:
    return f"{rfc8785.dumps(header).decode()}\n{rfc8785.dumps({'salt': salt, 'val': value}).decode()}"


def sent_form(row: Row) -> str | Json:
    return row.data if row.content_sha256 is None else {"header": row.data, "content_sha256": row.content_sha256}


def milliseconds(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _hidden(pulled: Json) -> Arrived | None:
    if "digest" not in pulled:
        return None
    at = milliseconds(pulled["received_at"])
    return Arrived(pulled["digest"], None, None, None, Origin(pulled["origin"]), pulled["seq"], at, is_hidden=True)


def _bases(change: Change, heads: Heads) -> list[str] | None:
    """Which heads the change replaces; None where it would change nothing."""
    of_field = heads.get(change.fld, [])
    if change.kind == "del":
        every = [head.digest for found in heads.values() for head in found]
        is_deleted = any(head.value is True for head in heads.get("deleted", []))
        return None if is_deleted else every[:MAX_BASES]
    values = {json.dumps(head.value, sort_keys=True) for head in of_field}
    is_unchanged = len(of_field) == 1 and json.dumps(change.val, sort_keys=True) in values
    if is_unchanged and change.kind != "seal":
        return None
    if change.kind == "set" and len(values) > 1:
        return [of_field[-1].digest]
    return [head.digest for head in of_field][:MAX_BASES]


def next_stamp(previous: str | None, wall: int) -> str:
    """clock.ts"""
    now = min(max(wall, 0), 999_999_999_999_999)
    if previous is None:
        return f"{now:015d}-{0:08d}"
    before, counter = int(previous[:15]), int(previous[16:], 36)
    if now > before or before - now > BELIEVED_AHEAD:
        return f"{now:015d}-{0:08d}"
    return f"{before:015d}-{_base36(counter + 1)}"


def _base36(number: int) -> str:
    digits = ""
    for _ in range(8):
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _claimed_prev(data: str) -> str:
    """The predecessor that a header names although the whole cannot be understood."""
    try:
        prev = json.loads(data.partition("\n")[0])["prev"]
    except (ValueError, TypeError, KeyError):
        return ""
    return prev if isinstance(prev, str) else ""
