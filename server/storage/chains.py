"""How far each chain of an audit goes, on the server and on its device, and what the device signed about it."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.operation import GENESIS, SERVER_ACCOUNT
from server.storage.tables.audit import Audit
from server.storage.tables.operation import Chain, ChainHead


def load_chain(session: Session, audit: Audit, installation: str, account: str) -> Chain:
    """The chain's row, or a new one that stands at the beginning."""
    chain = session.get(Chain, (audit.id, installation, account))
    if chain is None:
        chain = Chain(
            audit_id=audit.id,
            installation=installation,
            account=account,
            workspace_id=audit.workspace_id,
            tip_dseq=0,
            tip_digest=GENESIS,
            announced_dseq=0,
            announced_digest=GENESIS,
        )
        session.add(chain)
        session.flush()
    return chain


def is_of_server(session: Session, installation: str) -> bool:
    """Whether the server wrote under this name, now or before it was restored."""
    written = sa.select(Chain.audit_id).where(Chain.installation == installation, Chain.account == SERVER_ACCOUNT)
    return session.scalar(sa.select(sa.exists(written))) is True


def keep_head(
    session: Session, chain: Chain, *, dseq: int, digest: str, signature: str, key_sha256: str | None, now: int
) -> None:
    """What the device signed about its chain. Said again it is kept once, with the key that verified it first."""
    kept = session.get(ChainHead, (chain.audit_id, chain.installation, chain.account, dseq, digest))
    if kept is None:
        kept = ChainHead(
            audit_id=chain.audit_id,
            installation=chain.installation,
            account=chain.account,
            dseq=dseq,
            digest=digest,
            workspace_id=chain.workspace_id,
            signature=signature,
            received_at=now,
        )
        session.add(kept)
    if kept.key_sha256 is None:
        kept.signature, kept.key_sha256 = signature, key_sha256
    session.flush()


def chain_heads(session: Session, audit: str) -> list[ChainHead]:
    """Every signed head of every chain, in the order of the chains and their numbers."""
    query = sa.select(ChainHead).where(ChainHead.audit_id == audit)
    return list(session.scalars(query.order_by(ChainHead.installation, ChainHead.account, ChainHead.dseq)))


def chains(session: Session, audit: str) -> list[Chain]:
    """Every chain of the audit: what is here, and what its device announced."""
    return list(session.scalars(sa.select(Chain).where(Chain.audit_id == audit).order_by(Chain.installation)))
