"""
What is said about each operation as it enters a log, inside the transaction that holds the audit's lock.

Three questions, in this order: does it belong to its chain, can it be understood, may its author write it.
A no never loses anything: the operation is stored, and the verdict stands behind it. What somebody else brought waits for its
author: when the author's own tablet sends the same bytes, the questions are asked anew, whatever had stood against it, and the log
says who has sent it. So are they where only the header had come.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from schemas.entities import refuse_value
from server.domain.fold import BORN, Entry, fold_log
from server.domain.operation import SERVER_ACCOUNT, ChainKey, ErasedOperation, Operation, erase_content
from server.domain.permissions import Action, is_permitted, may_speak_as, may_write
from server.domain.refusals import Refusal, Refused
from server.domain.team import named_member
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.storage import Session, accounts, audits, chains, erasures
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.decision_register import Erasure
from server.storage.server_state import ServerIdentity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync.ask_again import after_put_right, after_team_change
from server.sync.place import (
    Arrival,
    Place,
    Tip,
    claimed_place,
    follow_chain,
    forget_late_places,
    in_chain_order,
    number_as_in_log,
    read_arrivals,
)
from server.sync.team import TeamInLog, concerns_team, fold_team, load_team
from server.sync.verdict import ServerChain

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who is signed in, on which installation, with which roles by workspace."""

    account: str
    installation: str
    roles: Roles
    is_blocked: bool = False
    """The session is that of a blocked tablet, whichever installation it names."""


NOT_YOURS = "operation.not_yours"
CONTENT_MISSING = "operation.content_missing"
IN_ANOTHERS_NAME = "operation.in_anothers_name"


class Receiver:
    """Appends to one locked log. The team is folded as it stands at each operation, those of the same batch included."""

    def __init__(self, session: Session, audit: Audit, server: ServerIdentity, now: int):
        self.session = session
        self.audit = audit
        self.server = server
        self.now = max(now, audit.latest_receipt)
        self.numbered_here: set[str] = set()
        """Digests that this transaction appended."""
        self.appended = 0
        self._births: dict[str, str] = {}
        """What each entity that this transaction has met was born with, as comparable text."""
        self._team: TeamInLog | None = None
        self._team_entries: list[Entry] | None = None
        self._is_team_changed = False
        self._changed_kinds: set[str] = set()
        self._right_again: list[log.RightAgain] = []

    def receive(self, sender: Sender, arrivals: Sequence[Arrival], *, is_revoked: bool) -> dict[str, log.KnownEntry]:
        """
        Append what is new. Answers what the log now knows about every operation that arrived, by digest.

        Raises `Refused` for a gap in the chain.
        """
        audit = self.audit
        key = ChainKey(sender.installation, sender.account, audit.audit_id)
        chain = chains.load_chain(self.session, audit, sender.installation, sender.account)
        tip = Tip(chain.tip_dseq, chain.tip_digest)
        named = [arrival.digest for arrival in arrivals] + [arrival.prev for arrival in arrivals if arrival.prev]
        known = log.known_entries(self.session, audit, key, named)
        self._complete(arrivals, known, key)
        self.put_right({one.digest: (one.data, one.content_sha256) for one in arrivals if one.digest in known})
        new = [arrival for arrival in arrivals if _is_looked_at(known.get(arrival.digest), arrival)]
        self._learn_births([arrival.operation for arrival in new if arrival.operation])
        erased = erasures.registered_erasures(self.session, audit, (arrival.digest for arrival in new))
        forget_late_places(arrivals, known)
        number_as_in_log(arrivals, known)
        sent_by = (key.installation, key.account)

        entries: list[log.NewEntry] = []
        for arrival in in_chain_order(arrivals):
            before = known.get(arrival.digest)
            erasure = erased.get(arrival.digest)
            if before is not None and _lacks_content(before, arrival) and erasure is None:
                seq = audit.head_seq + len(entries) + 1
                said = self._put_content_back(arrival, before, key, sender, is_revoked, seq)
                entries.append(replace(said, received_at=self.now))
                known[arrival.digest] = log.known_entries(self.session, audit, key, [arrival.digest])[arrival.digest]
                continue
            if before is not None and not _awaits_author(before, arrival):
                if before.dseq is None and before.is_of_sender and arrival.dseq is not None:
                    known[arrival.digest] = self._learn_place(before, arrival.dseq, arrival.dseq <= tip.dseq)
                _follow_repetition(arrival, tip)
                continue
            place = follow_chain(arrival, tip, known)
            if isinstance(place, Refusal):
                raise Refused(place)
            if place.learnt and arrival.dseq is not None:
                known[place.learnt] = self._learn_place(known[place.learnt], arrival.dseq - 1, place.is_branch)
            reason = (
                Refusal("account.installation_revoked")
                if is_revoked
                else self._refuse(arrival, place, key, sender, is_erased=erasure is not None)
            )
            is_of_sender = arrival.operation is None or arrival.operation.chain == key
            seq = audit.head_seq + len(entries) + 1
            entry = known[arrival.digest] = log.KnownEntry(
                before.seq if before else seq,
                arrival.digest,
                arrival.dseq,
                place.is_branch,
                is_of_sender,
                reason,
                erasure is not None or arrival.content_sha256 is not None,
            )
            read = _new_entry(arrival, key, entry, erasure, self.now)
            if before is None:
                appended = [read]
                if reason is not None:
                    appended.append(self._server_chain().quarantine(arrival.digest, reason, sent_by, None, seq))
                if erasure is not None:
                    appended.append(self._server_chain().erase(erasure, seq))
                self.numbered_here.add(arrival.digest)
            else:
                since = self._from_now_on()
                appended = [self._say(arrival.digest, reason, since, sent_by, seq)]
                log.judge_anew(self.session, audit, read, since)
                self._read_for_team(arrival.operation, before.seq)
            self._remember(arrival.operation, appended, seq, is_aside=before is None and reason is not None)
            entries += [one if one is read else replace(one, received_at=self.now) for one in appended]

        log.append_entries(self.session, audit, entries, self.now)
        self.appended += len(entries)
        chain.tip_dseq, chain.tip_digest = tip.dseq, tip.digest
        return known

    def put_right(self, brought: Mapping[str, log.Form]) -> list[int]:
        """
        Entries whose bytes have rotted get those back that were brought, by their digest; what follows from them follows when `derive`
        is called. Their numbers.
        """
        right_again = log.put_right(self.session, self.audit.id, brought)
        numbers = [entry.seq for entry in right_again]
        if numbers:
            _log.warning("entries_put_right", audit=self.audit.id, numbers=numbers)
            self._right_again += right_again
            self._changed_kinds.add("audit")
            self._is_team_changed, self._team, self._team_entries = True, None, None
        return numbers

    def _learn_place(self, entry: log.KnownEntry, dseq: int, is_branch: bool) -> log.KnownEntry:
        log.learn_place(self.session, self.audit, entry.digest, dseq, is_branch)
        return replace(entry, dseq=dseq, is_branch=is_branch)

    def _complete(self, arrivals: Sequence[Arrival], known: dict[str, log.KnownEntry], key: ChainKey) -> None:
        """
        Where the author's tablet has only the header left, the whole text may be here: in the same batch, or brought by somebody
        else. Its digest says that these are the author's words.
        """
        whole = {arrival.digest: arrival for arrival in arrivals if arrival.content_sha256 is None}
        for arrival in arrivals:
            if arrival.content_sha256 is None:
                continue
            found, before = whole.get(arrival.digest), known.get(arrival.digest)
            if found is None and before is not None and not before.is_hollow and _awaits_author(before, arrival):
                row = log.find_entry(self.session, self.audit.id, arrival.digest)
                is_sound = row is not None and log.is_as_stored(row.data, row.content_sha256, row.digest)
                found = read_arrivals([row.data.decode()], key)[0] if row is not None and is_sound else None
            if found is not None:
                arrival.data, arrival.operation, arrival.content_sha256 = found.data, found.operation, None

    def _put_content_back(
        self,
        arrival: Arrival,
        before: log.KnownEntry,
        key: ChainKey,
        sender: Sender,
        is_revoked: bool,
        seq: int,
    ) -> log.NewEntry:
        """
        Of this entry only the header had come, and now its author sends the whole text. It is looked at as if it came now,
        unless something else stands against it, or was decided. `seq`: where what is said about it will stand.
        """
        operation, reason = arrival.operation, before.quarantine
        if reason is not None and reason.code == CONTENT_MISSING:
            place = Place(is_branch=before.is_branch)
            reason = (
                Refusal("account.installation_revoked")
                if is_revoked
                else self._refuse(arrival, place, key, sender, is_erased=False)
            )
        whole = log.NewEntry(
            arrival.data, arrival.digest, Origin.DEVICE, key, operation, arrival.dseq, before.is_branch, reason
        )
        since = before.since if before.quarantine is None else self._from_now_on()
        said = self._say(arrival.digest, reason, since, (key.installation, key.account), seq)
        log.judge_anew(self.session, self.audit, whole, since)
        self._read_for_team(operation, before.seq)
        self._remember(operation, [said], seq)
        return said

    def derive(self, *, is_asking: bool = True) -> None:
        """Bring the audit's row and the list of its team up to date with what was appended."""
        if self.audit.is_held:
            return
        if self._right_again:
            right_again, self._right_again = self._right_again, []
            after_put_right(self, right_again)
        changed = self._save_team() if self._is_team_changed else ()
        if "audit" in self._changed_kinds:
            view = fold_log(log.load_entries(self.session, self.audit.id, ["audit"]))
            for name, value in audits.listed_fields(view, self.audit.audit_id).items():
                setattr(self.audit, name, value)
        self.session.flush()
        if is_asking and changed and after_team_change(self, changed):
            self.derive()

    def _save_team(self) -> tuple[str, ...]:
        """The accounts that may write something else than before."""
        before = audits.team_roles(self.session, self.audit)
        team = load_team(self.session, self.audit)
        audits.save_team(self.session, self.audit, team)
        self._is_team_changed = False
        return tuple(account for account, role in team.items() if account not in before or before[account] != role)

    def derive_anew(self, *, is_asking: bool = True) -> None:
        """After entries that did not come through here: what the office wrote, a stretch of the old log that was handed back."""
        self._changed_kinds.add("audit")
        self._is_team_changed = True
        self.derive(is_asking=is_asking)

    def judge_again(self, row: LoggedOperation) -> Refusal | None:
        """What is to be said about an entry of the log as of now."""
        key = ChainKey(*log.sender_of(row), self.audit.audit_id)
        arrival = _read_again(row, key)
        if arrival.operation is not None:
            self._learn_births([arrival.operation])
        place = Place(is_branch=row.is_branch, misfit=self._misfit_again(row, arrival, key))
        is_erased = row.digest in erasures.registered_erasures(self.session, self.audit, [row.digest])
        return self._refuse(arrival, place, key, self._sender_of(row), is_erased=is_erased)

    def _sender_of(self, row: LoggedOperation) -> Sender:
        account = row.sent_by_account
        return Sender(account, row.sent_by_installation, accounts.roles_of(self.session, account))

    def _misfit_again(self, row: LoggedOperation, arrival: Arrival, key: ChainKey) -> Refusal | None:
        """What following the chain would say as of now. A branch stays one: it does not become the chain by being asked."""
        if row.is_branch:
            return Refusal("chain.forked")
        if arrival.dseq is None:
            return None
        before = log.digest_before(self.session, self.audit, key, arrival.dseq, arrival.prev)
        place = follow_chain(arrival, Tip(arrival.dseq - 1, before or ""), {})
        return place.misfit if isinstance(place, Place) else place

    def refuse_author_again(self, row: LoggedOperation, operation: Operation, team: TeamInLog) -> Refusal | None:
        """Whether it was its author's to write, with the team as it was then."""
        return self._refuse_author(operation, self._sender_of(row), team)

    def refuse_birth_again(self, operation: Operation) -> Refusal | None:
        """Whether it was born with something else before."""
        self._learn_births([operation])
        return self._refuse_second_birth(operation)

    def say_again(self, row: LoggedOperation, reason: Refusal | None) -> None:
        """Another word about an entry of the log; what follows from it follows when `derive` is called."""
        arrival = _read_again(row, ChainKey(*log.sender_of(row), self.audit.audit_id))
        since = self._from_now_on()
        said = self._say(row.digest, reason, since, log.sender_of(row), self.audit.head_seq)
        log.append_entries(self.session, self.audit, [said], self.now)
        log.note_judgement(self.session, row, reason, since)
        if row.kind is None and arrival.operation is not None:
            log.note_read(self.session, row, arrival.operation)
        self.appended += 1
        if arrival.operation is not None:
            self._changed_kinds.add(arrival.operation.entity_kind)
            if concerns_team(arrival.operation):
                self._is_team_changed, self._team, self._team_entries = True, None, None

    def release(self, entry: LoggedOperation, by: str) -> None:
        """Take a quarantine back: append the reversal, and let what is derived follow."""
        before = log.last_verdict(self.session, self.audit.id, entry.digest)
        since = self._from_now_on()
        reversal = self._server_chain().let_count(entry.digest, since, before, self.audit.head_seq, by)
        log.append_entries(self.session, self.audit, [reversal], self.now)
        log.note_release(self.session, entry, since)
        self.appended += 1
        self._changed_kinds.add(entry.entity_kind or "")
        self._is_team_changed = True
        self.derive()

    def erase(self, entry: LoggedOperation, decision: Erasure) -> None:
        """Take the content of an entry away, say so behind it, and let what is derived follow."""
        said = self._server_chain().erase(decision, self.audit.head_seq)
        erasures.erase(self.session, entry)
        log.append_entries(self.session, self.audit, [said], self.now)
        self.appended += 1
        self._changed_kinds.add(entry.entity_kind or "")
        self._is_team_changed = True
        self.derive()

    def _from_now_on(self) -> int:
        """
        The time of what begins to count: later than all that the log has received, so that whoever was first stays first, and no later
        than what comes next.
        """
        self.now += 1
        return self.now

    def _say(self, digest: str, reason: Refusal | None, since: int, sent_by: tuple[str, str], seq: int) -> log.NewEntry:
        """A verdict in the place of the last one: why it is set aside, or since when it counts."""
        replaced = log.last_verdict(self.session, self.audit.id, digest)
        if reason is None:
            return self._server_chain().let_count(digest, since, replaced, seq)
        return self._server_chain().quarantine(digest, reason, sent_by, replaced, seq)

    def _server_chain(self) -> ServerChain:
        key = ChainKey(self.server.installation, SERVER_ACCOUNT, self.audit.audit_id)
        row = chains.load_chain(self.session, self.audit, key.installation, key.account)
        return ServerChain(row, key, self.server.epoch, self.now)

    def _refuse(
        self, arrival: Arrival, place: Place, key: ChainKey, sender: Sender, *, is_erased: bool
    ) -> Refusal | None:
        operation = arrival.operation
        if operation is None:
            return arrival.unreadable
        if operation.kind in ON_OPERATIONS or operation.chain.account == SERVER_ACCOUNT:
            return Refusal("operation.reserved")
        if operation.chain != key:
            return Refusal(NOT_YOURS)
        if place.misfit is not None:
            return place.misfit
        if operation.is_erased:
            # Its value was looked at when it came first; whether it was erased rightly is what the register knows.
            return self._refuse_author(operation, sender) if is_erased else Refusal(CONTENT_MISSING)
        workspace = None if self.audit.is_held else self.audit.workspace_id
        return (
            refuse_value_here(operation, self.audit.audit_id, workspace)
            or self._refuse_author(operation, sender)
            or self._refuse_second_birth(operation)
        )

    def _learn_births(self, fresh: Sequence[Operation]) -> None:
        born = [operation.entity for operation in fresh if operation.field == BORN]
        for entity, entry in log.births(self.session, self.audit, born).items():
            self._births[entity] = _comparable(entry.operation.value)

    def _refuse_second_birth(self, operation: Operation) -> Refusal | None:
        """The same birth from two tablets is one fact said twice; a different one would exchange a photo under its captions."""
        if operation.field != BORN:
            return None
        said = _comparable(operation.value)
        return None if self._births.setdefault(operation.entity, said) == said else Refusal("operation.already_born")

    def _refuse_author(self, operation: Operation, sender: Sender, team: TeamInLog | None = None) -> Refusal | None:
        roles = sender.roles.get(self.audit.workspace_id, frozenset())
        if self.audit.is_held or not roles:
            return Refusal("audit.not_assigned")
        team = team or self._current_team()
        facts = {"entity": operation.entity_kind, "field": operation.field}
        team_role = team.roles.get(sender.account)
        if may_write(team_role, roles, operation.entity_kind):
            member = named_member(operation)
            is_own = member is None or may_speak_as(member, team.accounts, sender.account, team_role, operation.kind)
            return None if is_own else Refusal(IN_ANOTHERS_NAME, facts)
        if self._begins_audit(operation) and is_permitted(roles, Action.CREATE_AUDIT):
            return None
        if sender.account not in team.roles:
            return Refusal("audit.not_assigned")
        return Refusal("operation.not_permitted", facts)

    def _begins_audit(self, operation: Operation) -> bool:
        """The birth of the audit itself, where none counts yet: by it the author comes to lead."""
        is_birth = operation.entity == f"audit/{self.audit.audit_id}" and operation.field == BORN
        return is_birth and operation.entity not in self._births

    def _current_team(self) -> TeamInLog:
        if self._team is None:
            if self._team_entries is None:
                self._team_entries = log.load_team_entries(self.session, self.audit.id)
            self._team = fold_team(self._team_entries, self.audit.audit_id)
        return self._team

    def _read_for_team(self, operation: Operation | None, seq: int) -> None:
        """What says something about the team, and could not be read before."""
        if operation is not None and self._team_entries is not None and concerns_team(operation):
            others = [entry for entry in self._team_entries if entry.operation.digest != operation.digest]
            self._team_entries = [*others, Entry(operation, Origin.DEVICE, seq, self.now)]

    def _remember(
        self, operation: Operation | None, new: Sequence[log.NewEntry], seq: int, *, is_aside: bool = False
    ) -> None:
        """
        What was just received counts for those behind it, although it is written only at the end of the batch. `is_aside`: it was set
        aside as it came, so the team is as before; folding it anew each time would cost whoever has no right nothing, and the server much.
        """
        if operation is None:
            return
        self._changed_kinds.add(operation.entity_kind)
        if not concerns_team(operation):
            return
        self._is_team_changed = self._is_team_changed or not is_aside
        self._current_team()
        if self._team_entries is not None:
            self._team_entries += [
                Entry(entry.operation, entry.origin, seq + offset, self.now)
                for offset, entry in enumerate(new)
                if entry.operation is not None
            ]
        if not is_aside:
            self._team = None


def _read_again(row: LoggedOperation, key: ChainKey) -> Arrival:
    # What has rotted may be no text any more.
    text = row.data.decode("utf-8", "replace")
    sent = text if row.content_sha256 is None else ErasedOperation(text, row.content_sha256)
    return read_arrivals([sent], key)[0]


def _comparable(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def is_of_author(row: LoggedOperation, audit: str) -> bool:
    """The chain that the bytes name sent it, also where that is all of them that can be read."""
    if row.kind is not None:
        return log.is_of_author(row)
    return claimed_place(row.data, ChainKey(*log.sender_of(row), audit))[0] is not None


def _awaits_author(known: log.KnownEntry, arrival: Arrival) -> bool:
    """Somebody else brought it (an export, a spare tablet); the one who sends it now is whom it names."""
    return not known.is_of_sender and known.quarantine is not None and arrival.is_own


def _lacks_content(known: log.KnownEntry, arrival: Arrival) -> bool:
    """The author's chain has the header alone, and here is the whole text from the author."""
    return known.is_hollow and known.is_of_sender and arrival.content_sha256 is None and arrival.dseq is not None


def _is_looked_at(known: log.KnownEntry | None, arrival: Arrival) -> bool:
    return known is None or _awaits_author(known, arrival) or _lacks_content(known, arrival)


def _new_entry(
    arrival: Arrival, key: ChainKey, known: log.KnownEntry, erasure: Erasure | None, received_at: int
) -> log.NewEntry:
    data, content_sha256 = arrival.data, arrival.content_sha256
    if erasure is not None and content_sha256 is None:
        # A tablet that has not heard of the erasure sends what was taken out: it is not taken in again.
        data, content_sha256 = erase_content(data)
    return log.NewEntry(
        data,
        arrival.digest,
        Origin.DEVICE,
        key,
        arrival.operation,
        arrival.dseq,
        known.is_branch,
        known.quarantine,
        content_sha256,
        received_at,
    )


def _follow_repetition(arrival: Arrival, tip: Tip) -> None:
    """Its bytes came before, by another way (an export sent in by a colleague), and only now from its own chain."""
    if arrival.dseq == tip.dseq + 1 and arrival.prev in (None, tip.digest):
        tip.dseq, tip.digest = arrival.dseq, arrival.digest


def refuse_value_here(operation: Operation, audit: str, workspace: str | None) -> Refusal | None:
    """Why the value does not fit its field, or does not fit this very audit: its id and its workspace never change."""
    if (reason := refuse_value(operation)) is not None:
        return reason
    facts = {"entity": operation.entity_kind, "field": operation.field}
    if operation.entity_kind == "audit" and operation.entity_id != audit:
        return Refusal("operation.value_unfit", facts | {"why": "it names another audit"})
    is_birth = operation.entity_kind == "audit" and operation.kind is OperationKind.ADD
    if is_birth and workspace is not None and operation.value["workspace"] != workspace:
        return Refusal("operation.value_unfit", facts | {"why": "the workspace of an audit never changes"})
    return None
