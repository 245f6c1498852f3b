"""
Logs that are held for an audit: what became of them when the work in them moved into the audit's own log.

Only here are entries deleted: they stand in the other log by then, in the same transaction.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.domain.vocabulary import Origin
from server.storage.chains import keep_head, load_chain
from server.storage.tables.audit import Audit
from server.storage.tables.operation import Chain, ChainHead, LoggedOperation


def count_sent(session: Session, held: str, account: str) -> int:
    """How many operations a held log keeps for this account."""
    table = LoggedOperation
    query = sa.select(sa.func.count()).select_from(table)
    return session.scalar(query.where(table.audit_id == held, table.sent_by_account == account)) or 0


def count_in_name(session: Session, account: str) -> int:
    """
    How many entries by this account somebody else has brought that wait where nobody sees them: in held logs, and in no audit's own. A
    batch that was brought without its author's word is stored as its carrier's, under the author's name.
    """
    table, own = LoggedOperation, aliased(LoggedOperation)
    in_log = sa.select(own.seq).where(own.audit_id == Audit.audit_id, own.digest == table.digest)
    query = (
        sa.select(sa.func.count(table.digest.distinct()))
        .join(Audit, Audit.id == table.audit_id)
        .where(
            Audit.is_held,
            table.chain_account == account,
            table.sent_by_account != account,
            sa.not_(sa.exists(in_log)),
        )
    )
    return session.scalar(query) or 0


def take_over(session: Session, held: str, audit: Audit, installation: str, account: str) -> None:
    """How far the device said that its chain goes, and what it signed about it, for the log into which its work has moved."""
    kept, chain = session.get(Chain, (held, installation, account)), load_chain(session, audit, installation, account)
    if kept is not None and kept.announced_dseq > chain.announced_dseq:
        chain.announced_dseq, chain.announced_digest = kept.announced_dseq, kept.announced_digest
    if kept is not None:
        chain.wrong_signature_at = chain.wrong_signature_at or kept.wrong_signature_at
    of_chain = (ChainHead.installation == installation) & (ChainHead.account == account)
    for head in session.scalars(sa.select(ChainHead).where(ChainHead.audit_id == held, of_chain)):
        keep_head(
            session,
            chain,
            dseq=head.dseq,
            digest=head.digest,
            signature=head.signature,
            key_sha256=head.key_sha256,
            now=head.received_at,
        )


def remove_chain(session: Session, held: str, installation: str, account: str) -> None:
    """What this installation sent, and what was said about it."""
    table = LoggedOperation
    sent = (table.audit_id == held) & (table.sent_by_installation == installation) & (table.sent_by_account == account)
    judged = sa.select(sa.literal("operation/") + table.digest).where(sent)
    session.execute(sa.delete(table).where(table.audit_id == held, table.entity.in_(judged), _IS_OF_SERVER))
    session.execute(sa.delete(table).where(sent))
    for rows in (Chain, ChainHead):
        session.execute(
            sa.delete(rows).where(rows.audit_id == held, rows.installation == installation, rows.account == account)
        )


def remove_if_empty(session: Session, held: str) -> None:
    """The log itself, once nobody's work is in it."""
    left = sa.select(LoggedOperation.seq).where(LoggedOperation.audit_id == held, sa.not_(_IS_OF_SERVER))
    if session.scalar(sa.select(sa.exists(left))):
        return
    for rows in (LoggedOperation, ChainHead, Chain):
        session.execute(sa.delete(rows).where(rows.audit_id == held))
    session.execute(sa.delete(Audit).where(Audit.id == held))


_IS_OF_SERVER = LoggedOperation.origin == Origin.SERVER.value
