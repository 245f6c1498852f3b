"""
Logs that are held for an audit: what became of them when the work in them moved into the audit's own log.

Only here are entries deleted: they stand in the other log by then, in the same transaction.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.vocabulary import Origin
from server.storage.tables.audit import Audit
from server.storage.tables.operation import Chain, ChainHead, LoggedOperation


def count_sent(session: Session, held: str, account: str) -> int:
    """How many operations a held log keeps for this account."""
    table = LoggedOperation
    query = sa.select(sa.func.count()).select_from(table)
    return session.scalar(query.where(table.audit_id == held, table.sent_by_account == account)) or 0


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
