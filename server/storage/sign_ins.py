"""Sessions of browsers, single-use codes, and how often somebody may try. Tokens and codes are known by their SHA-256 only."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.domain.vocabulary import Role
from server.storage.identifiers import new_id
from server.storage.tables.account import (
    Installation,
    Invitation,
    PasswordReset,
    SessionInstallation,
    SignInSession,
    Throttle,
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in. It is blocked when any installation that was ever enrolled in it is."""

    id: str
    account: str
    last_seen_at: int
    installation: str | None
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class SpentInvitation:
    """What an invitation that was just used gives. `email` is empty in a founding one."""

    workspace: str
    email: str
    roles: tuple[Role, ...]
    is_founding: bool


def add_session(session: Session, *, account: str, token_sha256: bytes, device: str, now: int) -> str:
    row = SignInSession(
        id=new_id(),
        account_id=account,
        token_sha256=token_sha256,
        device=device[:200],
        created_at=now,
        last_seen_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def session_by_token(session: Session, token_sha256: bytes, *, seen_since: int) -> OpenSession | None:
    """The session of this token, unless it was ended or has not been used for too long."""
    is_blocked = sa.exists().where(
        SessionInstallation.session_id == SignInSession.id,
        # For whomever: it is the tablet that is blocked, and somebody may be signing in on it while it is.
        Installation.id == SessionInstallation.installation_id,
        Installation.revoked_at.is_not(None),
    )
    row = session.execute(
        sa.select(SignInSession, is_blocked.label("is_blocked")).where(
            SignInSession.token_sha256 == token_sha256,
            SignInSession.revoked_at.is_(None),
            SignInSession.last_seen_at >= seen_since,
        )
    ).one_or_none()
    if row is None:
        return None
    found: SignInSession = row.SignInSession
    return OpenSession(found.id, found.account_id, found.last_seen_at, found.installation, bool(row.is_blocked))


def installations_of_session(session: Session, session_id: str) -> set[str]:
    """Every installation that was ever enrolled in it. No other one is before this transaction ends."""
    session.execute(sa.select(SignInSession.id).where(SignInSession.id == session_id).with_for_update())
    enrolled = sa.select(SessionInstallation.installation_id).where(SessionInstallation.session_id == session_id)
    return set(session.scalars(enrolled))


def bind_session(session: Session, session_id: str, account: str, installation: str) -> None:
    """From now on the session is that of this installation, which must be enrolled for the account."""
    session.execute(sa.update(SignInSession).where(SignInSession.id == session_id).values(installation=installation))
    if session.get(SessionInstallation, (session_id, installation)) is None:
        session.add(SessionInstallation(session_id=session_id, installation_id=installation, account_id=account))
        session.flush()


def touch_session(session: Session, session_id: str, now: int) -> None:
    session.execute(sa.update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=now))


def end_session(session: Session, token_sha256: bytes, now: int) -> None:
    _end(session, SignInSession.token_sha256 == token_sha256, now)


def end_every_session(session: Session, account: str, now: int) -> None:
    _end(session, SignInSession.account_id == account, now)


def end_unbound_sessions(session: Session, installation: str, now: int) -> None:
    """Of everybody who works on this installation, end the sessions in which nothing was enrolled yet: they may be its own."""
    workers = sa.select(Installation.account_id).where(Installation.id == installation)
    _end(session, sa.and_(SignInSession.account_id.in_(workers), SignInSession.installation.is_(None)), now)


def _end(session: Session, which: sa.ColumnElement[bool], now: int) -> None:
    session.execute(sa.update(SignInSession).where(which, SignInSession.revoked_at.is_(None)).values(revoked_at=now))


def add_invitation(
    session: Session,
    *,
    workspace: str,
    email: str,
    name: str,
    roles: Iterable[Role],
    is_founding: bool,
    token_sha256: bytes,
    invited_by: str | None,
    now: int,
    expires_at: int,
) -> None:
    session.add(
        Invitation(
            id=new_id(),
            workspace_id=workspace,
            email=email,
            name=name,
            roles=" ".join(role.value for role in roles),
            is_founding=is_founding,
            token_sha256=token_sha256,
            invited_by=invited_by,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()


def spend_invitation(session: Session, token_sha256: bytes, now: int) -> SpentInvitation | None:
    """The invitation of this code, now spent; None if it was spent before, is too old or never was."""
    row = session.scalar(
        sa.update(Invitation)
        .where(Invitation.token_sha256 == token_sha256, Invitation.used_at.is_(None), Invitation.expires_at > now)
        .values(used_at=now)
        .returning(Invitation)
    )
    if row is None:
        return None
    return SpentInvitation(row.workspace_id, row.email, tuple(map(Role, row.roles.split())), row.is_founding)


def drop_founding_invitations(session: Session) -> None:
    """Only the link that was printed last may found the first workspace."""
    session.execute(sa.delete(Invitation).where(Invitation.is_founding, Invitation.used_at.is_(None)))


def add_password_reset(session: Session, *, account: str, token_sha256: bytes, now: int, expires_at: int) -> None:
    session.add(
        PasswordReset(id=new_id(), account_id=account, token_sha256=token_sha256, created_at=now, expires_at=expires_at)
    )
    session.flush()


def spend_password_reset(session: Session, token_sha256: bytes, now: int) -> str | None:
    """The account whose code this is, now spent together with its other codes; None if it does not open anything."""
    account = session.scalar(
        sa.update(PasswordReset)
        .where(
            PasswordReset.token_sha256 == token_sha256, PasswordReset.used_at.is_(None), PasswordReset.expires_at > now
        )
        .values(used_at=now)
        .returning(PasswordReset.account_id)
    )
    if account is not None:
        others = sa.update(PasswordReset).where(PasswordReset.account_id == account, PasswordReset.used_at.is_(None))
        session.execute(others.values(used_at=now))
    return account


def count_attempt(session: Session, subject_sha256: bytes, *, window: int, now: int) -> tuple[int, int]:
    """How many attempts were made in the current window with this one, and when the window ends."""
    session.execute(sa.delete(Throttle).where(Throttle.window_ends_at <= now))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    counted = session.execute(
        insert(Throttle)
        .values(subject_sha256=subject_sha256, window_ends_at=now + window, attempts=1)
        .on_conflict_do_update(index_elements=["subject_sha256"], set_={"attempts": Throttle.attempts + 1})
        .returning(Throttle.attempts, Throttle.window_ends_at)
    ).one()
    return counted[0], counted[1]


def forgive_attempt(session: Session, subject_sha256: bytes) -> None:
    """An attempt that turned out to be rightful does not count."""
    session.execute(
        sa.update(Throttle)
        .where(Throttle.subject_sha256 == subject_sha256, Throttle.attempts > 0)
        .values(attempts=Throttle.attempts - 1)
    )
