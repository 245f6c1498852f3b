"""
A batch that another tablet wrote, and that somebody brings: a colleague who was handed it on site, a spare tablet that goes on with a
dead one's audit, or whoever runs the server and was sent the file.

Before: nothing is known about the operations but that they arrived whole, and who brings them.
After:  where the tablet that wrote them has signed the last one with a key that is enrolled for it, they stand in the log as if it had
        sent them: its author's roles decide, and what a blocked tablet wrote is set aside as such. Where nobody can say that they are
        its own, they are kept in quarantine (`operation.not_yours`) until that tablet sends them itself, or its author brings them.

A tablet may have drowned before the server knew a key of it. Then its author may say that it was theirs: by bringing the work in a
session of that very account, which could have enrolled the tablet and sent the same; or whoever runs the server says so. Nobody else
can: a colleague's file with a key of its own would put words into a mouth. So the word is for what is brought with it, and for each
further file it is given anew. Where a key is known, nobody's word replaces it.

The signature is under the last operation alone. It speaks for the others because each names the one before it by its digest.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import GENESIS, ChainKey, head_statement, held_hash
from server.domain.refusals import Refusal, Refused
from server.identity.enrol import enrol_lost, read_key
from server.storage import Session, accounts, audits, chains, held_logs
from server.storage.clock import now_ms
from server.storage.server_state import server_identity
from server.sync.head_signature import verifying_key
from server.sync.place import Arrival, read_arrivals, refuse_servers_own
from server.sync.push import Batch, PushAnswer, push, verdicts_on
from server.sync.receive import Receiver, Sender

BY_HAND = "00000000-0000-0000-0000-000000000000"
"""In the place of account and installation, for what was brought to the server itself and names a tablet that nobody can vouch for."""


def carry(carrier: Sender, chain: ChainKey, batch: Batch, public_key: str | None = None) -> PushAnswer:
    """
    Store a batch of this chain that the carrier brings. `public_key` is the one that the tablet had, as its file says.

    Raises `Refused` where the carrier is not enrolled, or is of no workspace that this audit could be of.
    """
    with reading(SERVER) as session:
        if accounts.installation(session, carrier.installation, carrier.account) is None:
            raise Refused(Refusal("account.installation_unknown"))
        author = _vouched_author(session, chain, batch, carrier.account) or _own(
            session, chain, batch, carrier.account, public_key
        )
        if author is not None and not _may_bring(session, carrier, author.sender, batch.audit):
            author = None
    if author is not None and author.enrols(carrier.account):
        try:
            return push(author.sender, batch)
        except Refused as refused:
            # What stood before is lacking here. It is kept all the same: the tablet that brings it may be the last one that has it.
            if refused.refusal.code != "chain.gap":
                raise
    return push(carrier, _as_brought(batch))


def bring_by_hand(
    chain: ChainKey, batch: Batch, vouched_account: str | None = None, public_key: str | None = None
) -> PushAnswer:
    """
    The same for whoever runs the server, with a file instead of an account; they say of `vouched_account` that what unknown tablets
    wrote in its name is its own. What nobody vouches for is taken by an audit that is known here, and refused otherwise: it would
    belong to no workspace.
    """
    with reading(SERVER) as session:
        author = _vouched_author(session, chain, batch, vouched_account) or _own(
            session, chain, batch, vouched_account, public_key
        )
    if author is not None and author.enrols(BY_HAND):
        try:
            return push(author.sender, batch)
        except Refused as refused:
            if refused.refusal.code != "chain.gap":
                raise
    return _set_aside(batch, is_known=is_known(chain))


@dataclass(frozen=True, slots=True)
class _Author:
    """Whose the batch is. `is_unknown`: the tablet is to be enrolled first, with `key` where it had one."""

    sender: Sender
    is_unknown: bool = False
    key: bytes | None = None

    def enrols(self, by: str) -> bool:
        """True where the tablet is known, or is from now on, on this word."""
        account, installation = self.sender.account, self.sender.installation
        return not self.is_unknown or enrol_lost(account, installation, public_key=self.key, vouched_by=by)


def _own(
    session: Session, chain: ChainKey, batch: Batch, account: str | None, public_key: str | None
) -> _Author | None:
    """
    The same on the word of its author: `account` brings what a tablet wrote in its name of which no key is known here. A
    signature under it has to be that of the key that comes along.
    """
    if account != chain.account or accounts.installation_keys(session, chain.installation, chain.account):
        return None
    last = _last_of_one_chain(read_arrivals(batch.operations, chain))
    if last is None or last.dseq is None or accounts.account_by_id(session, chain.account) is None:
        return None
    key = None
    if batch.head_signature is not None:
        key = verifying_key(head_statement(chain, last.dseq, last.digest), batch.head_signature, _keys(public_key))
        if key is None:
            return None
    sender = Sender(chain.account, chain.installation, accounts.roles_of(session, chain.account))
    return _Author(sender, is_unknown=True, key=key)


def _keys(public_key: str | None) -> list[bytes]:
    try:
        return [] if public_key is None else [read_key(public_key)]
    except Refused:
        return []


def is_known(chain: ChainKey) -> bool:
    """Whether the tablet has enrolled a key itself, so that its work needs nobody's word."""
    with reading(SERVER) as session:
        return bool(accounts.installation_keys(session, chain.installation, chain.account, without_vouched=True))


def _vouched_author(session: Session, chain: ChainKey, batch: Batch, by: str | None) -> _Author | None:
    """
    Who wrote this, with the roles of now; None where no key that is enrolled for that tablet says so. A key that came on its author's word
    speaks for what the author brings, and for nothing else: whoever made the file may have made the key.
    """
    last = _last_of_one_chain(read_arrivals(batch.operations, chain))
    if last is None or last.dseq is None or batch.head_signature is None:
        return None
    is_author = by == chain.account
    keys = accounts.installation_keys(session, chain.installation, chain.account, without_vouched=not is_author)
    statement = head_statement(chain, last.dseq, last.digest)
    if verifying_key(statement, batch.head_signature, keys) is None:
        return None
    return _Author(Sender(chain.account, chain.installation, accounts.roles_of(session, chain.account)))


def brought_in_name_of(account: str) -> int:
    """
    How many entries in this person's name others have brought from a tablet that nobody knows, for audits that exist nowhere else. They
    are shown to nobody; whose name they stand in hears of them, and can bring them.
    """
    with reading(SERVER) as session:
        return held_logs.count_in_name(session, account)


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


def _set_aside(batch: Batch, *, is_known: bool) -> PushAnswer:
    """In quarantine, as brought by nobody who could say more about it. `is_known`: the tablet has enrolled a key."""
    nobody = ChainKey(BY_HAND, BY_HAND, batch.audit)
    arrivals = read_arrivals(batch.operations, nobody)
    refuse_servers_own(arrivals)
    with reading(SERVER) as session:
        row = audits.find_audit(session, batch.audit)
        if row is None:
            raise Refused(Refusal("request.not_found" if is_known else "handover.unknown_tablet"))
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
