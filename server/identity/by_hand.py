"""What whoever runs the server does at its terminal: an account, a new password, a lost tablet."""

from collections.abc import Iterable

from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import Role, WorkspaceKind
from server.identity.address import usable_address
from server.identity.passwords import hash_password
from server.storage import accounts, sign_ins, workspaces
from server.storage.clock import now_ms


def create_account(*, email: str, name: str, password: str, roles: Iterable[Role], workspace: str) -> None:
    """
    An account with these roles in the workspace of this name, which is made if there is none.

    Raises Refused for an address that is taken, and for a weak password.
    """
    email, password_hash, now = usable_address(email), hash_password(password), now_ms()
    with unit_of_work(SERVER) as session:
        if accounts.account_by_email(session, email) is not None:
            raise Refused(Refusal("account.address_taken"))
        workspace_id = workspaces.workspace_by_name(session, workspace) or workspaces.add_workspace(
            session, kind=WorkspaceKind.CERTIFICATION_BODY, name=workspace, now=now
        )
        account = accounts.add_account(
            session, email=email, name=name, language="en", password_hash=password_hash, now=now
        )
        accounts.add_roles(session, workspace_id, account, roles)


def reset_password(email: str, password: str) -> bool:
    """Set it and end every session. Says whether there is such an account. Raises Refused for a weak password."""
    password_hash, now = hash_password(password), now_ms()
    with unit_of_work(SERVER) as session:
        account = accounts.account_by_email(session, email)
        if account is None:
            return False
        accounts.set_password(session, account.id, password_hash, now)
        sign_ins.end_every_session(session, account.id, now)
    return True


def installations(email: str | None = None) -> list[accounts.ListedInstallation]:
    """The tablets of everybody, or of the account with this address."""
    with reading(SERVER) as session:
        return accounts.installations(session, email)


def block_installation(installation: str) -> int:
    """
    Block a tablet for everybody who works on it; for how many it was not blocked yet.

    Its sessions stay, so that what it still sends can be kept aside; those that name no tablet yet might be its own and end.
    Whoever knows a password can sign in on another tablet: that is what a new password is for.
    """
    now = now_ms()
    with unit_of_work(SERVER) as session:
        blocked = accounts.revoke_installation(session, installation, now)
        sign_ins.end_unbound_sessions(session, installation, now)
        return blocked


def unblock_installation(installation: str) -> int:
    """Let a tablet in again that was found; for how many it was blocked. What was kept aside stays so until it is released."""
    with unit_of_work(SERVER) as session:
        return accounts.readmit_installation(session, installation, now_ms())
