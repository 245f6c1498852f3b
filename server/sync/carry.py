"""
A batch that another tablet wrote, and that somebody brings: a colleague who was handed it on site, a spare tablet that goes on with a
dead one's audit, or whoever runs the server and was sent the file.

Before: nothing is known about the operations but that they arrived whole, and who brings them.
After:  where the tablet that wrote them has signed the last one with a key that is enrolled for it, they stand in the log as if it had
        sent them: its author's roles decide, and what a blocked tablet wrote is set aside as such. Where nobody can say that they are
        its own, they are kept in quarantine (`operation.not_yours`) until that tablet sends them itself.

The signature is under the last operation alone. It speaks for the others because each names the one before it by its digest.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import GENESIS, ChainKey, head_statement, held_hash
from server.domain.refusals import Refusal, Refused
from server.storage import Session, accounts, audits, chains
from server.storage.clock import now_ms
from server.storage.server_state import server_identity
from server.sync.head_signature import verifying_key
from server.sync.place import Arrival, read_arrivals, refuse_servers_own
from server.sync.push import Batch, PushAnswer, push, verdicts_on
from server.sync.receive import Receiver, Sender

BY_HAND = "00000000-0000-0000-0000-000000000000"
"""In the place of account and installation, for what was brought to the server itself and names a tablet that nobody can vouch for."""


def carry(carrier: Sender, chain: ChainKey, batch: Batch) -> PushAnswer:
    """
    Store a batch of this chain that the carrier brings.

    Raises `Refused` where the carrier is not enrolled, or is of no workspace that this audit could be of.
    """
    with reading(SERVER) as session:
        if accounts.installation(session, carrier.installation, carrier.account) is None:
            raise Refused(Refusal("account.installation_unknown"))
        author = _vouched_author(session, chain, batch)
        if author is not None and not _may_bring(session, carrier, author, batch.audit):
            author = None
    if author is not None:
        try:
            return push(author, batch)
        except Refused as refused:
            # What stood before is lacking here. It is kept all the same: the tablet that brings it may be the last one that has it.
            if refused.refusal.code != "chain.gap":
                raise
    return push(carrier, _as_brought(batch))


def bring_by_hand(chain: ChainKey, batch: Batch) -> PushAnswer:
    """
    The same for whoever runs the server, with a file instead of an account. What nobody vouches for is taken by an audit that is
    known here, and refused otherwise: it would belong to no workspace.
    """
    with reading(SERVER) as session:
        author = _vouched_author(session, chain, batch)
    if author is not None:
        try:
            return push(author, batch)
        except Refused as refused:
            if refused.refusal.code != "chain.gap":
                raise
    return _set_aside(batch)


def _vouched_author(session: Session, chain: ChainKey, batch: Batch) -> Sender | None:
    """Who wrote this, with the roles of now; None where no key that is enrolled for that tablet says so."""
    last = _last_of_one_chain(read_arrivals(batch.operations, chain))
    if last is None or last.dseq is None or batch.head_signature is None:
        return None
    keys = accounts.installation_keys(session, chain.installation, chain.account)
    statement = head_statement(chain, last.dseq, last.digest)
    if verifying_key(statement, batch.head_signature, keys) is None:
        return None
    return Sender(chain.account, chain.installation, accounts.roles_of(session, chain.account))


def _last_of_one_chain(arrivals: Sequence[Arrival]) -> Arrival | None:
    """The last operation, if every other one leads to it. Else something could stand beside what was signed."""
    for before, arrival in itertools.pairwise(arrivals):
        if before.dseq is None or arrival.dseq != before.dseq + 1 or arrival.prev != before.digest:
            return None
    return arrivals[-1]


def _may_bring(session: Session, carrier: Sender, author: Sender, audit: str) -> bool:
    """
    Whoever has to do with the audit, or shares the author's workspace where it does not exist yet. Anybody else's batch goes where
    the own one would go, and tells nothing about an audit that is not theirs to see.
    """
    row = audits.find_audit(session, audit)
    if row is None:
        return any(workspace in carrier.roles for workspace in author.roles)
    return (
        row.workspace_id in carrier.roles
        or audits.is_in_team(session, audit, carrier.account)
        or audits.has_written_in(session, audit, carrier.account)
    )


def _as_brought(batch: Batch) -> Batch:
    """Without what the batch says about its chain: as the carrier's own it would be wrong."""
    return replace(batch, announced_dseq=0, announced_digest=GENESIS, head_signature=None)


def _set_aside(batch: Batch) -> PushAnswer:
    """In quarantine, as brought by nobody who could say more about it."""
    nobody = ChainKey(BY_HAND, BY_HAND, batch.audit)
    arrivals = read_arrivals(batch.operations, nobody)
    refuse_servers_own(arrivals)
    with reading(SERVER) as session:
        row = audits.find_audit(session, batch.audit)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        workspace = row.workspace_id
    with unit_of_work(Scope(frozenset({workspace}))) as session:
        audit = audits.lock_audit(session, batch.audit)
        if audit is None:
            raise Refused(Refusal("server.busy"))
        receiver = Receiver(session, audit, server_identity(session), now_ms())
        known = receiver.receive(Sender(BY_HAND, BY_HAND, {}), arrivals, is_revoked=False)
        chain = chains.load_chain(session, audit, BY_HAND, BY_HAND)
        receiver.derive()
        return PushAnswer(
            epoch=receiver.server.epoch,
            head_seq=audit.head_seq,
            head_hash=audit.head_hash,
            held=held_hash(arrival.digest for arrival in arrivals),
            verdicts=verdicts_on(arrivals, known, receiver.numbered_here),
            next_dseq=chain.tip_dseq + 1,
            is_held=False,
        )
