"""Accounts, their roles, and the installations they work on."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.vocabulary import Role, WorkspaceKind
from server.storage.decision_register import PasswordSet, TabletBlocked, register
from server.storage.identifiers import new_id
from server.storage.tables.account import Account, Installation, InstallationKey, Membership, SignInSession


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with roles in a workspace."""

    account: str
    name: str
    email: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class OwnWorkspace:
    """A workspace as one of its people sees it."""

    id: str
    kind: WorkspaceKind
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Somebody who can sign in."""

    id: str
    email: str
    name: str
    language: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class KnownInstallation:
    """An installation for one account. `public_key` is the one that was enrolled last (SPKI, DER)."""

    name: str
    public_key: bytes | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class ListedInstallation:
    """An installation for one account, as a list for people shows it."""

    id: str
    email: str
    name: str
    enrolled_at: int
    last_seen_at: int | None
    """To the day; None where nobody is signed in under this name any more."""
    revoked_at: int | None
    vouched_by: str | None
    """Of a lost one that never enrolled itself: who said whose it was."""


def has_accounts(session: Session) -> bool:
    return session.scalar(sa.select(sa.exists(sa.select(Account.id)))) is True


def account_by_id(session: Session, account: str) -> KnownAccount | None:
    return _known(session.get(Account, account))


def account_by_email(session: Session, email: str) -> KnownAccount | None:
    return _known(session.scalar(sa.select(Account).where(Account.email == same_email(email))))


def names_of(session: Session, accounts: Iterable[str]) -> dict[str, str]:
    """How these accounts are called; whom nobody knows here is left out."""
    rows = session.scalars(sa.select(Account).where(Account.id.in_(sorted(set(accounts)))))
    return {row.id: row.name for row in rows}


def _known(row: Account | None) -> KnownAccount | None:
    return KnownAccount(row.id, row.email, row.name, row.language, row.password_hash) if row else None


def same_email(email: str) -> str:
    """The form in which two spellings of one address are the same."""
    return email.strip().lower()


def add_account(session: Session, *, email: str, name: str, language: str, password_hash: str, now: int) -> str:
    """The new account's id. The address must be free: ask `account_by_email` first, in the same transaction."""
    account = Account(
        id=new_id(),
        email=same_email(email),
        name=name,
        language=language,
        password_hash=password_hash,
        password_set_at=now,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account.id


def set_password(session: Session, account: str, password_hash: str, now: int) -> None:
    """A new one, registered so that no backup brings the old one back. Raises Refused where that cannot be written."""
    row = session.scalar(
        sa.select(Account).where(Account.id == account).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        return
    # Two are told apart by their times, also within a millisecond and where the clock was put back.
    row.password_hash, row.password_set_at = password_hash, max(now, row.password_set_at + 1)
    session.flush()
    register([PasswordSet(account, row.password_set_at)])


def renew_hash(session: Session, account: str, password_hash: str) -> None:
    """The same password, hashed with the costs of today."""
    session.execute(sa.update(Account).where(Account.id == account).values(password_hash=password_hash))


def drop_older_passwords(session: Session, newest: Mapping[str, int]) -> dict[str, str]:
    """
    `newest`: by account, when its newest password was set. Whose password here is older has none from now on: their addresses, by
    account.
    """
    dropped = {}
    for account, at in newest.items():
        is_older = (Account.id == account) & (Account.password_set_at < at)
        row = session.scalar(sa.select(Account).where(is_older).with_for_update())
        if row is not None:
            row.password_hash, row.password_set_at = "", at
            dropped[row.id] = row.email
    return dropped


def add_roles(session: Session, workspace: str, account: str, roles: Iterable[Role]) -> None:
    """Roles that the account has already stay as they are."""
    held = roles_of(session, account).get(workspace, frozenset())
    session.add_all(
        Membership(workspace_id=workspace, account_id=account, role=role.value) for role in set(roles) - held
    )
    session.flush()


def roles_of(session: Session, account: str) -> dict[str, frozenset[Role]]:
    """An account's roles by workspace."""
    roles: dict[str, set[Role]] = {}
    for membership in session.scalars(sa.select(Membership).where(Membership.account_id == account)):
        roles.setdefault(membership.workspace_id, set()).add(Role(membership.role))
    return {workspace: frozenset(held) for workspace, held in roles.items()}


def people(session: Session, workspace: str) -> list[Person]:
    """Everybody with a role in the workspace, by name."""
    rows = session.execute(
        sa.select(Account.id, Account.name, Account.email, Membership.role)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.workspace_id == workspace)
    )
    found: dict[tuple[str, str, str], set[str]] = {}
    for account, name, email, role in rows:
        found.setdefault((name, email, account), set()).add(role)
    return [
        Person(account, name, email, tuple(role for role in Role if role in held))
        for (name, email, account), held in sorted(found.items())
    ]


def installation(session: Session, installation_id: str, account: str) -> KnownInstallation | None:
    """This installation for this account; `public_key` is the one that was enrolled last."""
    row = session.get(Installation, (installation_id, account))
    return KnownInstallation(row.name, row.public_key, row.revoked_at) if row else None


def installation_keys(
    session: Session, installation_id: str, account: str, *, without_vouched: bool = False
) -> list[bytes]:
    """
    Every key that it was ever enrolled with, the latest first: an old seal was made with an old key. `without_vouched`: only those with
    which it enrolled itself.
    """
    keys = sa.select(InstallationKey.public_key).where(
        InstallationKey.installation_id == installation_id, InstallationKey.account_id == account
    )
    if without_vouched:
        keys = keys.where(InstallationKey.vouched_by.is_(None))
    return list(session.scalars(keys.order_by(InstallationKey.enrolled_at.desc(), InstallationKey.sha256)))


def installation_keys_since(session: Session, installation_id: str, account: str) -> list[tuple[bytes, int]]:
    """Every key that it was ever enrolled with, and when that was first."""
    keys = sa.select(InstallationKey.public_key, InstallationKey.enrolled_at).where(
        InstallationKey.installation_id == installation_id, InstallationKey.account_id == account
    )
    return [(row.public_key, row.enrolled_at) for row in session.execute(keys.order_by(InstallationKey.enrolled_at))]


def enrol_installation(
    session: Session,
    installation_id: str,
    account: str,
    *,
    name: str,
    public_key: bytes | None,
    now: int,
    vouched_by: str | None = None,
) -> None:
    """Add it, or note its new name and key. Keys of before are kept. `vouched_by`: it does not do so itself."""
    row = session.get(Installation, (installation_id, account))
    if row is None:
        row = Installation(id=installation_id, account_id=account, enrolled_at=now)
        session.add(row)
    row.name = name
    row.public_key = public_key
    row.vouched_by = vouched_by
    session.flush()
    if public_key is not None:
        sha256 = hashlib.sha256(public_key).digest()
        key = session.get(InstallationKey, (installation_id, account, sha256))
        if key is None:
            key = InstallationKey(
                installation_id=installation_id,
                account_id=account,
                sha256=sha256,
                public_key=public_key,
                enrolled_at=now,
                vouched_by=vouched_by,
            )
            session.add(key)
        elif vouched_by is None:
            key.vouched_by = None
        session.flush()


def installations(session: Session, email: str | None = None) -> list[ListedInstallation]:
    """Every installation of every account, or of the one with this address."""
    last_seen = (
        sa.select(sa.func.max(SignInSession.last_seen_at))
        .where(
            SignInSession.installation == Installation.id,
            SignInSession.account_id == Installation.account_id,
            SignInSession.revoked_at.is_(None),
        )
        .scalar_subquery()
    )
    query = (
        sa.select(
            Installation.id,
            Account.email,
            Installation.name,
            Installation.enrolled_at,
            last_seen,
            Installation.revoked_at,
            Installation.vouched_by,
        )
        .join(Account, Account.id == Installation.account_id)
        .order_by(Account.email, Installation.enrolled_at, Installation.id)
    )
    if email is not None:
        query = query.where(Account.email == same_email(email))
    return [ListedInstallation(*row) for row in session.execute(query)]


def is_any_revoked(session: Session, installations: Iterable[str]) -> bool:
    """Whether one of these tablets is blocked, for whomever. None is blocked or let in before this transaction ends."""
    revoked_at = sa.select(Installation.revoked_at).where(Installation.id.in_(sorted(installations)))
    in_one_order = revoked_at.order_by(Installation.id, Installation.account_id)
    return any(at is not None for at in session.scalars(in_one_order.with_for_update()).all())


def revoke_installation(session: Session, installation_id: str, now: int) -> int:
    """Block a tablet for everybody who works on it. Says for how many accounts it was not blocked yet."""
    rows = session.scalars(
        sa.select(Installation).where(Installation.id == installation_id, Installation.revoked_at.is_(None))
    ).all()
    for row in rows:
        row.revoked_at = now
    if rows:
        register([TabletBlocked(installation_id, True, now)])
    return len(rows)


def readmit_installation(session: Session, installation_id: str, now: int) -> int:
    """Let a blocked tablet in again, for everybody. Says for how many accounts it was blocked."""
    rows = session.scalars(
        sa.select(Installation).where(Installation.id == installation_id, Installation.revoked_at.is_not(None))
    ).all()
    for row in rows:
        row.revoked_at = None
    if rows:
        register([TabletBlocked(installation_id, False, now)])
    return len(rows)


def block_again(session: Session, installations: Iterable[str], now: int) -> int:
    """What the register says is blocked, where a backup let it in. For how many tablets that is so."""
    wanted = sorted(installations)
    let_in = sa.select(Installation).where(Installation.id.in_(wanted), Installation.revoked_at.is_(None))
    rows = session.scalars(let_in.with_for_update()).all()
    for row in rows:
        row.revoked_at = now
    return len({row.id for row in rows})
