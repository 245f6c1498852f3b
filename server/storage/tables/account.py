"""Who signs in, with which roles, from which installation. Columns and constraints, no behaviour."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned


class Account(Base):
    """A person who signs in. Accounts stand outside the walls: one person may have roles in several workspaces."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(sa.String(300))
    language: Mapped[str] = mapped_column(sa.String(8))
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    """Empty where the password of a backup came back, which is of no use."""
    password_set_at: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[int] = mapped_column(sa.BigInteger)


class Membership(WorkspaceOwned, Base):
    """One role of one account in one workspace."""

    __tablename__ = "membership"

    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("account.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(sa.String(40), primary_key=True)


class SignInSession(Base):
    """One browser that somebody signed in with. Only the SHA-256 of its token is known here."""

    __tablename__ = "sign_in_session"
    __table_args__ = (
        sa.ForeignKeyConstraint(["installation", "account_id"], ["installation.id", "installation.account_id"]),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    device: Mapped[str] = mapped_column(sa.String(200))
    """How the browser calls itself, so that its owner recognizes it in a list."""
    installation: Mapped[str | None] = mapped_column(Id)
    """The one that was enrolled last in this session; None until then."""
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    last_seen_at: Mapped[int] = mapped_column(sa.BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(sa.BigInteger)


class SessionInstallation(Base):
    """
    Every installation that was ever enrolled in a session. One of them blocked is the session blocked: a thief could enrol
    another name in it before the tablet is missed.
    """

    __tablename__ = "session_installation"
    __table_args__ = (
        sa.ForeignKeyConstraint(["installation_id", "account_id"], ["installation.id", "installation.account_id"]),
    )

    session_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("sign_in_session.id"), primary_key=True)
    installation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id)


class Invitation(WorkspaceOwned, Base):
    """
    A single-use code that gives roles in a workspace. A founding one names a workspace that is made on acceptance,
    which is why `workspace_id` is no foreign key.
    """

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(320))
    """In lower case. Empty in a founding invitation: whoever accepts it types an address."""
    name: Mapped[str] = mapped_column(sa.String(300))
    roles: Mapped[str] = mapped_column(sa.String(300))
    """Separated by spaces."""
    is_founding: Mapped[bool] = mapped_column(sa.Boolean)
    token_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    invited_by: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("account.id"))
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[int] = mapped_column(sa.BigInteger)
    used_at: Mapped[int | None] = mapped_column(sa.BigInteger)


class PasswordReset(Base):
    """A single-use code that lets its holder set a new password."""

    __tablename__ = "password_reset"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[int] = mapped_column(sa.BigInteger)
    used_at: Mapped[int | None] = mapped_column(sa.BigInteger)


class Installation(Base):
    """One installation of the app, for one account. The same tablet is another row for another person."""

    __tablename__ = "installation"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("account.id"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(sa.String(300))
    public_key: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """SPKI, DER. The one enrolled last; `installation_key` keeps all. None where the tablet has none."""
    enrolled_at: Mapped[int] = mapped_column(sa.BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    vouched_by: Mapped[str | None] = mapped_column(sa.String(36))
    """
    It is lost and never enrolled itself, or never with a key: the account that said whose it was, or `BY_HAND`. For lists: what a
    key may do says the key's own mark.
    """


class InstallationKey(Base):
    """Every key that an installation was ever enrolled with: a seal of last year must verify with the key of last year."""

    __tablename__ = "installation_key"
    __table_args__ = (
        sa.ForeignKeyConstraint(["installation_id", "account_id"], ["installation.id", "installation.account_id"]),
    )

    installation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    enrolled_at: Mapped[int] = mapped_column(sa.BigInteger)
    vouched_by: Mapped[str | None] = mapped_column(sa.String(36))
    """
    The tablet never enrolled itself with it: whose word it came on, an account's or `BY_HAND` for whoever runs the server. It speaks
    for what its author brings, and for nothing else (server/sync/carry.py).
    """


class Throttle(Base):
    """How often something was tried in the current window. In SQL, so that any number of processes count together."""

    __tablename__ = "throttle"

    subject_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    """SHA-256 of what is throttled: no list of addresses stands here."""
    window_ends_at: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    attempts: Mapped[int] = mapped_column(sa.Integer)
