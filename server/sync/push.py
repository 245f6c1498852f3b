"""
Receive one batch of operations of one chain.

Before: web/sync.py knows who sends; nothing is known about the operations but that they arrived whole.
After:  every operation is stored and has a verdict; what was said about it stands in the log, right behind it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import ChainKey, ErasedOperation, head_statement, held_hash
from server.domain.permissions import Action, is_permitted
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import OperationKind
from server.storage import Session, accounts, audits, chains, held_logs
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.clock import now_ms
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import Chain
from server.sync import issuance
from server.sync.head_signature import has_shape_of_signature, verifying_key
from server.sync.place import Arrival, in_chain_order, read_arrivals, refuse_servers_own
from server.sync.receive import Receiver, Sender, refuse_value_here

MAX_FROM_REVOKED = 10_000
"""
How many operations of a blocked tablet, or of somebody who is in no workspace any more, are kept: enough for honest work, not
enough to fill the disk.
"""

MAX_ASIDE = 20_000
"""
How many operations of one account in the team may stand aside in an audit's log: days of a tablet that was copied and both of whose
sides go on. A closing record names each of them by its digest, and has to fit into one operation.
"""

MAX_FROM_OUTSIDE = 5_000
"""
How many operations of an account that is not in the team may stand aside in an audit's log: a week's work of somebody who was
forgotten in the team, and far from what a tablet can hand back (`MAX_STRETCH`).
"""

NO_WORKSPACE = Refusal("account.not_permitted", {"who": "an administrator"})


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request carries, with the chain's high-water mark as the device announces it."""

    audit: str
    announced_dseq: int
    announced_digest: str
    head_signature: str | None
    operations: Sequence[ErasedOperation | str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one operation. Each of the three means that its bytes are held durably."""

    digest: str
    verdict: str
    seq: int
    reason: Refusal | None


@dataclass(frozen=True, slots=True)
class PushAnswer:
    epoch: str
    head_seq: int
    head_hash: str
    held: str
    """Over every operation of the batch (`held_hash` in the domain): proof that the answer is to this very batch."""
    verdicts: tuple[Verdict, ...]
    """Of those that were not simply stored."""
    next_dseq: int
    is_held: bool
    """The numbers are those of a log that is held for an audit that is not known here: nothing to sign for."""


@dataclass(frozen=True, slots=True)
class _Destination:
    """Which log takes the batch: the audit's, a new one, or one that is held for an audit not known here."""

    log: str
    workspace: str
    is_new: bool = False
    is_held: bool = False


def push(sender: Sender, batch: Batch) -> PushAnswer:
    """Store a batch, each operation with its verdict. Raises `Refused` for a gap in the chain, or for the server's own words; then nothing is stored."""
    chain = ChainKey(sender.installation, sender.account, batch.audit)
    arrivals = read_arrivals(batch.operations, chain)
    refuse_servers_own(arrivals)
    for _ in range(2):
        destination = _find_destination(sender, batch.audit, arrivals)
        answer = _push_to(destination, sender, batch, arrivals)
        if answer is not None:
            return answer
    raise Refused(Refusal("server.busy"))


def _find_destination(sender: Sender, audit: str, arrivals: Sequence[Arrival]) -> _Destination:
    with reading(SERVER) as session:
        found = audits.find_audit(session, audit)
        owner = None if found is None else found.workspace_id
        if found is not None and _is_let_in(session, found, sender.account, sender.roles):
            return _Destination(audit, found.workspace_id)
    workspace = _workspace_to_create_in(sender, audit, arrivals)
    if owner is None and workspace is not None:
        return _Destination(audit, workspace, is_new=True)
    if sender.roles:
        # Somebody else's audit is answered like one that does not exist: whoever asks learns nothing about it.
        workspace = min(sender.roles)
    elif owner is not None:
        # Whoever lost the last membership may have the only copy: it is kept where it belongs, until somebody lets it in.
        workspace = owner
    else:
        raise Refused(NO_WORKSPACE)
    return _Destination(audits.held_log_id(workspace, audit), workspace, is_new=True, is_held=True)


def _is_let_in(session: Session, audit: Audit, account: str, roles: Roles) -> bool:
    """Whether what this account sends stands in the audit's own log, were it in quarantine."""
    return (
        audit.workspace_id in roles
        or audits.is_in_team(session, audit.id, account)
        or audits.has_written_in(session, audit.id, account)
    )


def _workspace_to_create_in(sender: Sender, audit: str, arrivals: Sequence[Arrival]) -> str | None:
    """An audit begins with its `add`, by somebody who may create audits in the workspace that it names."""
    operation = in_chain_order(arrivals)[0].operation
    is_birth = (
        operation is not None
        and operation.kind is OperationKind.ADD
        and operation.entity == f"audit/{audit}"
        and operation.chain == ChainKey(sender.installation, sender.account, audit)
    )
    if operation is None or not is_birth or refuse_value_here(operation, audit, None) is not None:
        return None
    workspace = operation.value["workspace"]
    return workspace if is_permitted(sender.roles.get(workspace, ()), Action.CREATE_AUDIT) else None


def _push_to(destination: _Destination, sender: Sender, batch: Batch, arrivals: Sequence[Arrival]) -> PushAnswer | None:
    """None: somebody else created an audit of this id in another workspace a moment ago."""
    now = now_ms()
    with unit_of_work(Scope(frozenset({destination.workspace}))) as session:
        installation = accounts.installation(session, sender.installation, sender.account)
        if installation is None:
            raise Refused(Refusal("account.installation_unknown"))
        is_revoked = sender.is_blocked or installation.revoked_at is not None
        if is_revoked and _is_full(session, sender):
            raise Refused(Refusal("account.installation_revoked"))
        if not sender.roles and destination.is_held and _is_full_of(session, destination, sender):
            raise Refused(NO_WORKSPACE)
        if destination.is_new:
            audits.create_audit_row(
                session,
                destination.log,
                workspace=destination.workspace,
                audit=batch.audit,
                is_held=destination.is_held,
                account=sender.account,
                now=now,
            )
        audit = audits.lock_audit(session, destination.log)
        if audit is None:
            return None
        limit = None if destination.is_held else _is_full_of_aside(session, audit, sender.account)
        if limit is not None:
            raise Refused(Refusal("audit.too_much_waiting", {"limit": limit}))
        receiver = Receiver(session, audit, server_identity(session), now)
        known = receiver.receive(sender, arrivals, is_revoked=is_revoked)
        if destination.is_new and not destination.is_held and audit.head_seq == receiver.appended:
            adopt_held(receiver, is_new=True)
            issuance.say_again(session, audit)
        chain = chains.load_chain(session, audit, sender.installation, sender.account)
        _note_announcement(chain, batch)
        last = _last_placed(arrivals)
        if batch.head_signature and last is not None and not known[last.digest].is_branch:
            keys = accounts.installation_keys(session, sender.installation, sender.account)
            _note_head_signature(session, chain, batch, last, keys, now)
        receiver.derive()
        if not destination.is_held:
            adopt_held(receiver, is_new=False)
        return PushAnswer(
            epoch=receiver.server.epoch,
            head_seq=audit.head_seq,
            head_hash=audit.head_hash,
            held=held_hash(arrival.digest for arrival in arrivals),
            verdicts=verdicts_on(arrivals, known, receiver.numbered_here),
            next_dseq=chain.tip_dseq + 1,
            is_held=destination.is_held,
        )


def verdicts_on(
    arrivals: Sequence[Arrival], known: dict[str, log.KnownEntry], numbered_here: set[str]
) -> tuple[Verdict, ...]:
    """
    In the order of the batch; an operation that was simply stored needs no word. A repetition is answered like the first
    time, so that the tablet's outbox can empty.
    """
    answered: set[str] = set()
    verdicts = []
    for arrival in arrivals:
        entry = known[arrival.digest]
        if arrival.digest in answered or arrival.digest not in numbered_here:
            word = "duplicate"
        else:
            word = "stored" if entry.quarantine is None else log.QUARANTINED
        answered.add(arrival.digest)
        if word != "stored":
            verdicts.append(Verdict(arrival.digest, word, entry.seq, entry.quarantine))
    return tuple(verdicts)


def adopt_held(receiver: Receiver, *, is_new: bool) -> None:
    """
    What this workspace held for the audit moves into its log, and leaves the other one: no erasure would reach a second copy.

    Where the audit has just come into being it is everything: a server restored from a backup may hear from a team member before
    it hears from whoever created the audit. Later it is the work of those who have been let in since.
    """
    session, audit = receiver.session, receiver.audit
    held = audits.held_log_id(audit.workspace_id, audit.audit_id)
    if session.get(Audit, held) is None:
        return
    for account, installation in log.senders(session, held):
        roles = accounts.roles_of(session, account)
        if not is_new and not _is_let_in(session, audit, account, roles):
            continue
        row = accounts.installation(session, installation, account)
        was_sent_while_revoked = log.count_sent_while_revoked(session, installation, account, held) > 0
        operations = log.operations_of(session, held, account, installation)
        chain = ChainKey(installation, account, audit.audit_id)
        try:
            receiver.receive(
                Sender(account, installation, roles),
                read_arrivals(operations, chain),
                is_revoked=was_sent_while_revoked or row is None or row.revoked_at is not None,
            )
        except Refused:
            continue  # A gap: the tablet is told where to go on when it pushes next.
        held_logs.take_over(session, held, audit, installation, account)
        held_logs.remove_chain(session, held, installation, account)
    held_logs.remove_if_empty(session, held)
    receiver.derive()


def _is_full(session: Session, sender: Sender) -> bool:
    return log.count_sent_while_revoked(session, sender.installation, sender.account) >= MAX_FROM_REVOKED


def _is_full_of(session: Session, destination: _Destination, sender: Sender) -> bool:
    return held_logs.count_sent(session, destination.log, sender.account) >= MAX_FROM_REVOKED


def _is_full_of_aside(session: Session, audit: Audit, account: str) -> int | None:
    """How many of this account's may stand aside, where no more do."""
    limit = MAX_ASIDE if audits.is_in_team(session, audit.id, account) else MAX_FROM_OUTSIDE
    return limit if log.count_aside(session, audit, account) >= limit else None


def _last_placed(arrivals: Sequence[Arrival]) -> Arrival | None:
    placed = [arrival for arrival in in_chain_order(arrivals) if arrival.dseq is not None]
    return placed[-1] if placed else None


def _note_announcement(chain: Chain, batch: Batch) -> None:
    """The server knows what exists on the device even if the rest never comes."""
    if batch.announced_dseq >= chain.announced_dseq:
        chain.announced_dseq, chain.announced_digest = batch.announced_dseq, batch.announced_digest


def _note_head_signature(
    session: Session, chain: Chain, batch: Batch, last: Arrival, keys: Sequence[bytes], now: int
) -> None:
    """A wrong signature is recorded and refuses nothing: the work behind it may be the only copy."""
    if last.dseq is None or batch.head_signature is None:
        return
    chain_key = ChainKey(chain.installation, chain.account, batch.audit)
    key = verifying_key(head_statement(chain_key, last.dseq, last.digest), batch.head_signature, keys)
    if key is None and (keys or not has_shape_of_signature(batch.head_signature)):
        chain.wrong_signature_at = now
        return
    chains.keep_head(
        session,
        chain,
        dseq=last.dseq,
        digest=last.digest,
        signature=batch.head_signature,
        key_sha256=None if key is None else hashlib.sha256(key).hexdigest(),
        now=now,
    )
