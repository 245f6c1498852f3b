"""
A tablet that does what pwa/src/sync/ does: push, pull, repair, hand back, upload, with everything that can be answered.

It may die at any of the named places: what its store has stays, everything else is gone.
"""

import base64
import gzip
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from server.domain.operation import ChainKey, head_statement, held_hash
from server.domain.short_form import lengthen, shorten
from server.storage.clock import as_instant
from tests.torture.handover import GivenAudit, Handover
from tests.torture.machine import public_text
from tests.torture.network import Answer, Network, Request, Unreachable
from tests.torture.store import CHUNK_BYTES, Change, Json, OldLog, Row, Store, as_sent, read_brought, sent_form

PAGE = 20
"""Small, so that a short story has pages."""
BATCH = 12
ROUNDS = 3
FOR_GOOD = (404, 409, 413, 422)
NOT_THERE = ("sync.stretch_incomplete", "sync.receipt_of_another_key")
ABOUT_THIS_BATCH = (400, 403, 404, 409, 413, 422)
CUT_BY_HAND = 5
"""Operations of a batch in a file: few, so that a short story has several."""


class Stopped(Exception):
    """Ends a run of the sync; nothing that is stored is touched by it."""

    def __init__(self, code: str, status: int | None = None, facts: Json | None = None):
        super().__init__(code)
        self.code, self.status, self.facts = code, status, facts or {}

    @property
    def concerns_one_audit(self) -> bool:
        if self.code == "account.installation_revoked":
            return False
        is_server = self.status is not None and self.code != "sync.not_the_server"
        return (is_server and self.status not in (401, 429, 503)) or self.code == "sync.inconsistent"


class Withdrawn(Exception):
    """The server takes this file no more, for good."""


class Died(Exception):
    """The tablet's own battery."""


@dataclass
class Tablet:
    name: str
    network: Network
    new_id: Callable[[], str]
    sign_in: Callable[[str], str]
    stores: dict[str, Store] = field(default_factory=dict)
    """One for each account that works on it."""
    account: str = ""
    """Who has it in the hand."""
    token: str | None = None
    problem: str | None = None
    dies_at: int = 0
    """At the n-th place where it may die; 0 for never."""
    saved: set[tuple[str, str]] = field(default_factory=set)
    batch: int = BATCH
    is_short: bool = True
    """Whether its app writes lists in the short form, and asks for them (short-lists.ts); an older one does not."""

    @property
    def store(self) -> Store:
        return self.stores[self.account]

    def give_to(self, account: str) -> None:
        """Somebody signs in on it."""
        if account not in self.stores:
            self.stores[account] = Store(account, self.new_id())
        self.account = account
        self.token = self.sign_in(account)

    def may_die(self, _place: str) -> None:
        self.dies_at -= 1
        if self.dies_at == 0:
            raise Died

    # --- Writing

    def write(
        self, audit: str, changes: list[Change], wall: int, chance: random.Random, file: bytes | None = None
    ) -> list[str]:
        """What a screen does: `saved` is said after the transaction, never before."""
        salts = [base64.urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=") for _ in changes]
        made = self.store.commit(audit, changes, wall, salts, file)
        return made

    # --- One run of the engine (engine.ts)

    def sync(self) -> None:
        self.problem = None
        try:
            first = self._run()
            self.problem = first
        except Stopped as stopped:
            self.problem = stopped.code
        except Unreachable:
            self.problem = "sync.unreachable"

    def _run(self) -> str | None:
        session = self._value(self._ask("GET", "/api/session"))
        if session["account"] != self.account:
            raise Stopped("sync.other_account")
        try:
            return self._exchange(session)
        except Stopped as stopped:
            if stopped.code == "account.installation_revoked":
                self._hand_in()
            raise

    def _hand_in(self) -> None:
        works: list[Callable[[], None]] = [
            lambda audit=audit: self._push(audit) for audit in self.store.audits_waiting()
        ]
        for work in [*works, self._upload]:
            try:
                work()
            except Stopped as stopped:
                if not stopped.concerns_one_audit:
                    raise

    def _exchange(self, session: Json) -> str | None:
        self._enrol(session)
        state = self._value(self._ask("GET", "/api/state"))
        if self.store.server_key is None:
            self.store.server_key = state["log_key"]
        listings = {one["id"]: one for one in self._value(self._ask("GET", "/api/audits"))}
        self.store.ask_again(listings.keys() - self.store.listed)
        self.store.wake_carried(listings.keys() - self.store.listed)
        vanished = self._send_vanished_again(listings, session)
        # They are asked about once more in the next run, as if they left the list only then.
        self.store.listed = frozenset(listings) | vanished.keys()
        self.store.known |= self.store.listed
        lacking: list[str] = []
        first = self._each([lambda: lacking.extend(self._hear_of_left(frozenset(listings)))])
        first = first or self._each([lambda audit=audit: self._send_once_more(audit, session) for audit in lacking])
        # Only now: what was sent once more waits.
        audits = list(dict.fromkeys([*self.store.audits_waiting(), *listings]))
        works: list[Callable[[], None]] = [
            lambda audit=audit: self._sync_audit(audit, listings.get(audit), session) for audit in audits
        ]
        works.append(self._upload)
        works += [lambda audit=audit: self._ask_custody(audit) for audit in audits]
        rest = self._each(works)
        return next(iter(vanished.values()), None) or first or rest

    def _each(self, works: list[Callable[[], None]]) -> str | None:
        """What stops one audit holds up no other; the first such problem."""
        first = None
        for work in works:
            try:
                work()
            except Stopped as stopped:
                if not stopped.concerns_one_audit:
                    raise
                first = first or stopped.code
        return first

    def _enrol(self, session: Json) -> None:
        installation = self.store.installation
        if self.store.enrolled == installation and session["installation"] == installation:
            return
        key = public_text(self.key_of(installation))
        self._value(
            self._ask_json(
                "PUT", f"/api/installations/{installation}", {"id": installation, "name": self.name, "public_key": key}
            )
        )
        self.store.enrolled = installation

    def _send_vanished_again(self, listings: Json, session: Json) -> dict[str, str]:
        """The audits of which nothing could be learnt, with why: whatever stops them holds up no other."""
        kept = {audit for audit, _ in self.store.old_logs}
        gone = [
            audit
            for audit, log in self.store.logs.items()
            if audit not in listings and (log.epoch is not None or audit in kept)
        ]
        if not gone:
            return {}
        epoch = self._value(self._ask("GET", "/api/state"))["epoch"]
        stopped: dict[str, str] = {}
        for audit in gone:
            try:
                at = self.store.log(audit).epoch
                if at is not None and not (at == epoch and self._is_still_there(audit)):
                    self._go_back(audit)
                self._give_back(audit, epoch, session)
            except Stopped as problem:
                stopped[audit] = problem.code
        return stopped

    def _is_still_there(self, audit: str) -> bool:
        was_listed = audit in self.store.listed or audit not in self.store.known
        return not was_listed or self._is_log_there(audit)

    def _go_back(self, audit: str) -> None:
        self.store.reset_cursor(audit)
        self.store.rewind_to_waiting(audit)
        self.may_die("vanished")

    def _give_back(self, audit: str, epoch: str, session: Json) -> None:
        if self._hand_back(audit, epoch):
            self._fetch_where_known(audit, session)

    def _send_once_more(self, audit: str, session: Json) -> None:
        epoch = self.store.log(audit).epoch
        if audit not in self.store.known or audit in self.store.sent_again or epoch is None:
            return
        self.store.sent_again |= {audit}
        self._go_back(audit)
        self._give_back(audit, epoch, session)

    def _sync_audit(self, audit: str, listing: Json | None, session: Json) -> None:
        store = self.store
        if listing is None and store.is_held(audit):
            self._push(audit)
            if self._is_anything_sent(audit):
                self._fetch_where_known(audit, session)
            return
        if listing is not None and store.log(audit).is_partial:
            store.reset_cursor(audit)
        epoch = store.log(audit).epoch
        if listing is not None and epoch is not None and listing["epoch"] != epoch:
            self._fetch(audit, session)
            store.rewind_to_waiting(audit)
        carried, is_once_more = 0, False
        for number in range(ROUNDS):
            carried = carried if is_once_more else self._carry(audit)
            sent = carried + self._push(audit)
            log = store.log(audit)
            is_current = listing is not None and (listing["epoch"], listing["head"]) == (
                log.epoch,
                {"seq": log.seq, "hash": log.hash},
            )
            is_sent = self._is_anything_sent(audit)
            is_wanting = bool(store.wanted(audit)) or bool(store.old_logs_of(audit))
            if is_current and not sent and not is_sent and not is_wanting:
                return
            try:
                was_reset = self._fetch(audit, session)
            except Stopped as stopped:
                if stopped.code != "request.not_found" or (number > 0 and not is_once_more):
                    raise
                if not is_once_more and store.rewind_by_one(audit):
                    is_once_more = True
                    continue
                if carried and store.rest_carried(audit):
                    return
                raise
            is_once_more = False
            self.may_die("between pull and rewind")
            if not store.rewind_to_waiting(audit) and not was_reset:
                return

    def _is_anything_sent(self, audit: str) -> bool:
        store = self.store
        return store.waiting(audit) > 0 and any(store.chains[key].pushed > 0 for key in store.own_chains(audit))

    def _fetch_where_known(self, audit: str, session: Json) -> None:
        try:
            self._fetch(audit, session)
        except Stopped as stopped:
            if stopped.code != "request.not_found":
                raise

    def _fetch(self, audit: str, session: Json) -> bool:
        was_reset, is_forked = self._pull(audit)
        self.may_die("between pull and hand back")
        if self._hand_back(audit):
            more = self._pull(audit)
            was_reset, is_forked = was_reset or more[0], is_forked or more[1]
        self.store.forget_covered(audit)
        self.store.forget_arrived(audit)
        if is_forked:
            self._enrol(session)
        return was_reset

    # --- carry.ts

    def _carry(self, audit: str) -> int:
        """What others wrote and this tablet was handed, as they signed it."""
        sent = 0
        for batch, rows in self.store.read_carried(audit):
            signed = (batch.installation, batch.account, batch.announced, batch.head_signature)
            body = self._said_short(_push_body(*signed, [row for _, row in rows]), [digest for digest, _ in rows])
            body["public_key"] = public_text(self.key_of(batch.installation))
            answer = self._ask_checked(f"/api/audits/{audit}/operations/carried", body)
            if answer.status == 200 and isinstance(answer.json, dict) and "held" in answer.json:
                if answer.json["held"] != held_hash([digest for digest, _ in rows]):
                    raise Stopped("sync.not_the_server", 200)
                self.may_die("between two batches of others")
                batch.refused = None
                sent += len(rows)
                continue
            problem = _problem(answer)
            if problem.status not in ABOUT_THIS_BATCH:
                raise problem
            batch.refused = problem.code
        return sent

    # --- handover/

    def take_out(self) -> Handover | None:
        """Everything that is not on the server yet; None where there is nothing."""
        store, audits, installations = self.store, list[GivenAudit](), dict[tuple[str, str], Json]()
        for audit in store.unsent():
            log, lines = store.log_out(audit)
            batches = [
                _push_body(batch.installation, batch.account, batch.announced, batch.head_signature, rows)
                for batch, found in store.read_carried(audit)
                for rows in [[row for _, row in found]]
            ]
            for key, rows in store.own_out(audit, CUT_BY_HAND):
                tip, last = store.chains[key], rows[-1]
                digest = next(d for d, row in store.of_audit(audit).items() if row is last)
                signature = self._sign(key.installation, head_statement(key, last.dseq or 0, digest))
                announced = {"dseq": tip.dseq, "digest": tip.digest}
                batches.append(_push_body(key.installation, key.account, announced, signature, rows))
            audits.append(GivenAudit(audit, log, lines, batches))
            for batch in batches:
                installations[batch["installation"], batch["account"]] = _said_of(
                    batch["installation"], batch["account"]
                )
        if not audits:
            return None
        waiting = [(audit, name) for (audit, name), one in store.uploads.items() if one.state == "waiting"]
        made = {
            "at": as_instant(0),
            "account": self.account,
            "name": self.name,
            "installation": store.installation,
            "app": "torture",
        }
        installations.setdefault((store.installation, self.account), _said_of(store.installation, self.account))
        files = {name: store.files[name] for _, name in waiting}
        return Handover(made, list(installations.values()), audits, waiting, files)

    def take_in(self, handover: Handover) -> dict[str, str | None]:
        """By audit None, or why it was not taken in."""
        store = self.store
        looked = [(given, *store.look_at(given)) for given in handover.audits]
        for given, state, lines, refusal in looked:
            if refusal is None and state == "new" and store.take_log(given, lines) is True:
                store.installation = self.new_id()
        for given, _, _, refusal in looked:
            if refusal is not None:
                continue
            if store.take_batches(given.id, given.batches):
                store.installation = self.new_id()
            for audit, name in handover.evidence:
                if audit == given.id:
                    store.take_file(audit, name, handover.files[name])
        return {given.id: refusal for given, _, _, refusal in looked}

    # --- make-room.ts, custody.ts

    def make_room(self, is_everything: bool) -> list[tuple[str, str]]:
        """Free what a backup holds, or everything that the server holds. What went, by audit and name."""
        store, files = self.store, self.store.files_on_server()
        stored, backed_up = set[tuple[str, str]](), set[tuple[str, str]]()
        for audit in dict.fromkeys(audit for audits in files.values() for audit in audits):
            names = [name for name, audits in files.items() if audit in audits]
            answer = self._ask_json("POST", f"/api/audits/{audit}/evidence/known", {"sha256": names})
            if answer.status in (403, 404):
                continue
            said = self._value(answer)
            stored |= {(audit, name) for name in said.get("stored") or []}
            backed_up |= {(audit, name) for name in said.get("backed_up") or []}
            store.wait_again(audit, [name for name in names if (audit, name) not in stored])
        known = stored if is_everything else backed_up
        freed = []
        for name, audits in files.items():
            is_there = all((audit, name) in known & stored for audit in audits)
            if is_there and store.drop_bytes(name, audits):
                freed += [(audit, name) for audit in audits]
        return freed

    def _ask_custody(self, audit: str) -> None:
        log = self.store.log(audit)
        if log.epoch is None or not self.store.is_custody_due(audit):
            return
        query = urlencode({"epoch": log.epoch, "seq": log.seq})
        answer = self._ask("GET", f"/api/audits/{audit}/custody?{query}")
        if answer.status == 404 and _problem(answer).code == "request.not_found":
            return
        self.store.take_custody(audit, self._value(answer))

    # --- left.ts

    def _hear_of_left(self, listed: frozenset[str]) -> list[str]:
        """The audits that are not there as they were pulled."""
        left, lacking = self.store.left(listed), list[str]()
        asked = {one["id"]: one["seq"] for one in left}
        if left:
            for there in self._value(self._ask_json("POST", "/api/audits/left", {"audits": left})):
                audit = there["id"]
                if there["erased"]:
                    self.store.drop_erased(audit, there["erased"], there["told"])
                log = self.store.log(audit)
                if not there["is_there"] and log.epoch is not None and asked[audit] == log.seq:
                    lacking.append(audit)
        return lacking

    # --- push.ts

    def _push(self, audit: str) -> int:
        sent = 0
        for key in self.store.own_chains(audit):
            repairs = 0
            while batch := self.store.next_batch(key, self.batch):
                answer = self._send_batch(key, [(digest, sent_form(row), row.dseq or 0) for digest, row in batch])
                if answer.status == 200 and isinstance(answer.json, dict) and "held" in answer.json:
                    if answer.json["held"] != held_hash([digest for digest, _ in batch]):
                        raise Stopped("sync.not_the_server", 200)
                    self.may_die("between answer and mark")
                    self.store.mark_pushed(key, batch[-1][1].dseq or 0)
                    sent += len(batch)
                    self.batch = min(BATCH, self.batch * 2)
                    continue
                problem = _problem(answer)
                if problem.status == 413 and len(batch) > 1:
                    self.batch = max(1, len(batch) // 2)
                    continue
                expected = problem.facts.get("expected")
                repairs += 1
                if problem.code == "chain.gap" and isinstance(expected, int) and repairs <= 3:
                    self.store.mark_pushed(key, expected - 1)
                    continue
                raise problem
        return sent

    def _send_batch(self, key: ChainKey, batch: list[tuple[str, Any, int]]) -> Answer:
        digest, _, dseq = batch[-1]
        tip = self.store.chains[key]
        body = {
            "protocol": 1,
            "installation": key.installation,
            "account": key.account,
            "announced": {"dseq": tip.dseq, "digest": tip.digest},
            "head_signature": self._sign(key.installation, head_statement(key, dseq, digest)),
            "operations": [sent for _, sent, _ in batch],
        }
        body = self._said_short(body, [digest for digest, _, _ in batch])
        return self._ask_checked(f"/api/audits/{key.audit}/operations", body)

    def _said_short(self, body: Json, digests: list[str]) -> Json:
        """The same batch, each naming what stands further up by its place."""
        sent = body["operations"]
        short = shorten([one if isinstance(one, str) else one["header"] for one in sent], digests)
        if short is None or not self.is_short:
            return body
        operations = [
            text if isinstance(one, str) else {**one, "header": text} for one, text in zip(sent, short, strict=True)
        ]
        return {**body, "form": "short", "operations": operations}

    def _sign(self, installation: str, statement: bytes) -> str:
        r, s = decode_dss_signature(self.key_of(installation).sign(statement, ec.ECDSA(hashes.SHA256())))
        return base64.urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode().rstrip("=")

    @staticmethod
    def key_of(installation: str) -> ec.EllipticCurvePrivateKey:
        """The key of an installation: the same whenever it is asked for, so that a copy of the device has it too."""
        secret = int.from_bytes(hashlib.sha256(installation.encode()).digest()) >> 1 or 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    # --- pull.ts

    def _pull(self, audit: str) -> tuple[bool, bool]:
        store, repairs, is_forked = self.store, 0, False
        without: str | None = store.installation
        while True:
            asked = store.log(audit)
            answer = self._ask_page(audit, asked.epoch, asked.seq, PAGE, without)
            if answer.status == 200 and _is_page(answer.json):
                result = store.apply_page(audit, asked, answer.json, without is None)
            else:
                problem = _problem(answer)
                if problem.code not in ("sync.epoch_changed", "sync.cursor_ahead"):
                    raise problem
                result = "epoch"
            if result is True:
                is_forked = True
                store.installation = self.new_id()
            self.may_die("after a page")
            if result in ("epoch", "sequence", "hash"):
                repairs += 1
                if repairs > 1:
                    raise Stopped("sync.inconsistent")
                store.reset_cursor(audit)
                continue
            if result == "incomplete":
                if without is None:
                    raise Stopped("sync.inconsistent")
                without = None
                continue
            if result == "stale":
                continue
            page = answer.json
            if not page["operations"] or page["next"] >= page["head"]["seq"]:
                break
        self._pull_content(audit)
        return repairs > 0, is_forked

    def _pull_content(self, audit: str) -> None:
        for digest, row in self.store.wanted(audit):
            answer = self._ask_page(audit, self.store.log(audit).epoch, (row.seq or 1) - 1, 1, None)
            if answer.status != 200 or not _is_page(answer.json):
                raise _problem(answer)
            self.store.take_content(audit, digest, next(iter(answer.json["operations"]), None))

    def _ask_page(self, audit: str, epoch: str | None, after: int, limit: int, without: str | None) -> Answer:
        form = "short" if self.is_short else "whole"
        query = {"epoch": epoch, "after": after, "limit": limit, "without": without, "form": form}
        given = urlencode({name: value for name, value in query.items() if value is not None})
        answer = self._ask("GET", f"/api/audits/{audit}/operations?{given}")
        is_short = answer.status == 200 and _is_page(answer.json) and answer.json["form"] == "short"
        return replace(answer, body=json.dumps(_lengthened(answer.json)).encode()) if is_short else answer

    # --- hand-back.ts

    def _is_log_there(self, audit: str) -> bool:
        """False where the server lacks what it has signed in this very epoch: it was put back, and nobody told it."""
        store, key = self.store, (audit, self.store.log(audit).epoch or "")
        was_kept = key in store.old_logs
        store._remember_log(audit)
        old = store.old_logs.get(key)
        is_there = self._hears_of_own(audit) if old is None else self._is_stretch_there(audit, old)
        if is_there and not was_kept:
            store.old_logs.pop(key, None)
        return is_there

    def _is_stretch_there(self, audit: str, old: OldLog) -> bool:
        body = {
            "protocol": 1,
            "epoch": old.epoch,
            "after": 0,
            "receipt": {name: old.receipt[name] for name in ("at", "key", "signature")},
            "entries": [f"{digest} {origin} {at}" for digest, origin, at in old.lines],
            "operations": [sent_form(row) for row in self.store.next_part(audit, old, 0, 1)],
        }
        answer = self._ask_checked(f"/api/audits/{audit}/operations/handed-back", body)
        if answer.status == 200 and isinstance(answer.json, dict) and "taken" in answer.json:
            return answer.json["taken"] == 0 and answer.json["next"] is None
        problem = _problem(answer)
        if problem.status not in FOR_GOOD:
            raise problem
        return problem.code not in NOT_THERE

    def _hears_of_own(self, audit: str) -> bool:
        store = self.store
        if not any(store.chains[chain].pushed for chain in store.own_chains(audit)):
            return True
        answer = self._ask_page(audit, store.log(audit).epoch, store.log(audit).seq, 1, None)
        if answer.status == 200 and _is_page(answer.json):
            return True
        problem = _problem(answer)
        if problem.status not in FOR_GOOD:
            raise problem
        return problem.code not in ("request.not_found", "sync.cursor_ahead")

    def _hand_back(self, audit: str, now: str | None = None) -> bool:
        """`now`: the server's epoch, where the log here has none."""
        is_taken = False
        for old in self.store.old_logs_of(audit, now):
            is_taken = self._hand_back_one(audit, old, now or self.store.log(audit).epoch) or is_taken
        return is_taken

    def _hand_back_one(self, audit: str, old: OldLog, epoch: str | None) -> bool:
        common = self.store.count_common(audit, old)
        start, is_taken, asked = common, False, epoch
        while common < len(old.lines):
            part = self.store.next_part(audit, old, start, self.batch)
            body = {
                "protocol": 1,
                "epoch": old.epoch,
                "after": common,
                "receipt": {name: old.receipt[name] for name in ("at", "key", "signature")},
                "entries": [f"{digest} {origin} {at}" for digest, origin, at in old.lines[common:]],
                "operations": [sent_form(row) for row in part],
            }
            answer = self._ask_checked(f"/api/audits/{audit}/operations/handed-back", body)
            if answer.status == 200 and isinstance(answer.json, dict) and "taken" in answer.json:
                taken, following = answer.json["taken"], answer.json["next"]
                is_taken, epoch = is_taken or taken > 0, answer.json["epoch"]
                self.may_die("between two parts")
                if following is None:
                    break
                if following - 1 <= start and taken == 0:
                    old.refused = ("sync.stretch_incomplete", asked)
                    return is_taken
                start = following - 1
                continue
            problem = _problem(answer)
            if problem.status == 413 and len(part) > 1:
                self.batch = max(1, len(part) // 2)
                continue
            if problem.status not in FOR_GOOD:
                raise problem
            old.refused = (problem.code, asked)
            return is_taken
        old.refused, old.taken = None, epoch
        return is_taken

    # --- upload-evidence.ts

    def _upload(self) -> None:
        store = self.store
        waiting = {key: one for key, one in store.uploads.items() if one.state == "waiting" and not one.is_resting}
        first: Stopped | None = None
        for audit in dict.fromkeys(audit for audit, _ in waiting):
            names = [name for of, name in waiting if of == audit]
            try:
                self._confirm(audit, names)
            except Stopped as stopped:
                if stopped.code == "request.not_found" and store.wait_for_others(audit, names):
                    continue
                if not stopped.concerns_one_audit:
                    raise
                first = first or stopped
        for (audit, name), upload in waiting.items():
            if upload.state != "waiting" or (audit, name) not in store.uploads:
                continue
            try:
                self._upload_one(audit, name)
                self._confirm(audit, [name])
            except Stopped as stopped:
                if stopped.code == "request.not_found" and store.wait_for_others(audit, [name]):
                    upload.is_resting = True
                    continue
                if not stopped.concerns_one_audit:
                    raise
                first = first or stopped
        if first is not None:
            raise first

    def _confirm(self, audit: str, names: list[str]) -> None:
        answer = self._value(self._ask_json("POST", f"/api/audits/{audit}/evidence/known", {"sha256": names}))
        for name in answer.get("stored") or []:
            if name in names and (audit, name) in self.store.uploads:
                self.store.uploads[audit, name].state = "stored"

    def _upload_one(self, audit: str, name: str) -> None:
        upload, data = self.store.uploads[audit, name], self.store.files[name]
        try:
            offset = self._offset(audit, name)
            while offset < len(data):
                chunk = data[offset : offset + CHUNK_BYTES]
                answer = self._tus(
                    "PATCH",
                    upload.url or "",
                    {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
                    chunk,
                )
                if answer.status == 410 and _problem(answer).code == "evidence.withdrawn":
                    raise Withdrawn
                if answer.status != 204 or "Upload-Offset" not in answer.headers:
                    raise Stopped("sync.upload_failed", answer.status)
                offset = int(answer.headers["Upload-Offset"])
        except Withdrawn:
            self.store.drop_withdrawn(audit, name)
        except Stopped as stopped:
            if stopped.status in (403, 404, 410, 422):
                upload.url = None
            raise

    def _offset(self, audit: str, name: str) -> int:
        upload = self.store.uploads[audit, name]
        if upload.url is not None:
            answer = self._tus("HEAD", upload.url, {}, b"")
            if answer.status in (200, 204) and "Upload-Offset" in answer.headers:
                return int(answer.headers["Upload-Offset"])
            if not 400 <= answer.status < 500:
                raise Stopped("sync.upload_failed", answer.status)
        metadata = {"sha256": name, "audit": audit, "media_type": "image/jpeg"}
        told = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
        answer = self._tus(
            "POST", "/api/evidence/uploads", {"Upload-Length": str(upload.size), "Upload-Metadata": told}, b""
        )
        if answer.status == 410 and _problem(answer).code == "evidence.withdrawn":
            raise Withdrawn
        if answer.status != 201 or "Location" not in answer.headers:
            is_unknown = answer.status == 404 and _problem(answer).code == "request.not_found"
            raise Stopped("request.not_found" if is_unknown else "sync.upload_failed", answer.status)
        upload.url = answer.headers["Location"]
        return int(answer.headers.get("Upload-Offset", "0"))

    def _tus(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return self._ask(method, path, {"Tus-Resumable": "1.0.0", **headers}, body)

    # --- client.ts

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        self.may_die(f"before {method} {path}")
        return self.network.ask(Request(method, path, headers or {}, body, self.token))

    def _ask_json(self, method: str, path: str, value: Any) -> Answer:
        return self._ask(method, path, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _ask_checked(self, path: str, value: Any) -> Answer:
        body = json.dumps(value).encode()
        packed = gzip.compress(body, mtime=0)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {"Content-Type": "application/json", "Content-Digest": f"sha-256=:{digest}:"}
        if len(packed) < len(body):
            return self._ask("POST", path, {**headers, "Content-Encoding": "gzip"}, packed)
        return self._ask("POST", path, headers, body)

    def _value(self, answer: Answer) -> Any:
        """A proxy's page and an empty object are nobody's answer."""
        if answer.status == 200 and answer.json not in (None, {}):
            return answer.json
        raise _problem(answer)


def _push_body(installation: str, account: str, announced: Json, signature: str | None, rows: list[Row]) -> Json:
    return {
        "protocol": 1,
        "installation": installation,
        "account": account,
        "announced": announced,
        "head_signature": signature,
        "operations": [sent_form(row) for row in rows],
    }


def _said_of(installation: str, account: str) -> Json:
    key = public_text(Tablet.key_of(installation))
    return {"installation": installation, "account": account, "name": "", "public_key": key}


def _lengthened(page: Json) -> Json:
    entries = page["operations"]

    def digest_at(place: int, text: str) -> str:
        entry = entries[place]
        return read_brought(as_sent({**entry, "data": text})).digest if "data" in entry else entry["digest"]

    whole = lengthen([entry.get("data", "") for entry in entries], digest_at)
    operations = [
        {**entry, "data": text} if "data" in entry else entry for entry, text in zip(entries, whole, strict=True)
    ]
    return {**page, "operations": operations}


def _is_page(value: Any) -> bool:
    return isinstance(value, dict) and {"operations", "next", "hash", "head", "epoch"} <= set(value)


def _problem(answer: Answer) -> Stopped:
    said = answer.json
    if isinstance(said, dict) and "code" in said and answer.status >= 400:
        return Stopped(said["code"], answer.status, said.get("facts"))
    return Stopped("sync.not_the_server", answer.status)
