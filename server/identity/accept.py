"""
Accepting an invitation.

Before: somebody has the code from the mail, or the link that the server printed at its first start.
After:  the account has the roles, the code is spent; after a founding invitation there is a certification body's workspace.
"""

from server.database import SERVER, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import WorkspaceKind
from server.identity import throttle
from server.identity.address import usable_address
from server.identity.codes import code_digest
from server.identity.passwords import hash_password
from server.identity.signed_in import SignedIn
from server.storage import accounts, sign_ins
from server.storage.clock import now_ms
from server.storage.workspaces import add_workspace

_UNNAMED = "Certification body"


def accept(
    code: str,
    *,
    name: str,
    password: str,
    address: str,
    signed_in: SignedIn | None = None,
    email: str | None = None,
    workspace_name: str | None = None,
) -> None:
    """
    Join. Somebody with an account at the invited address signs in first; nobody else can take over that account with a code.

    `email` and `workspace_name` are asked for only by a founding invitation. Raises Refused; the code stays good then.
    """
    throttle.count(throttle.code_limits(address))
    # Before the transaction, since it takes long; not needed for somebody who has an account.
    password_hash = hash_password(password) if signed_in is None else None
    now = now_ms()
    with unit_of_work(SERVER) as session:
        invitation = sign_ins.spend_invitation(session, code_digest(code), now)
        if invitation is None or (invitation.is_founding and accounts.has_accounts(session)):
            raise Refused(Refusal("account.token_spent"))
        if invitation.is_founding and not email:
            raise Refused(Refusal("account.first_needs_address"))
        invited = accounts.same_email(usable_address(email or "") if invitation.is_founding else invitation.email)
        account = accounts.account_by_email(session, invited)
        if account is not None and (signed_in is None or signed_in.account != account.id):
            raise Refused(Refusal("account.address_taken"))
        if account is None and password_hash is None:
            # Signed in as somebody else: the invitation is not for this account.
            raise Refused(Refusal("account.token_spent"))
        if invitation.is_founding:
            add_workspace(
                session,
                kind=WorkspaceKind.CERTIFICATION_BODY,
                name=workspace_name or _UNNAMED,
                now=now,
                workspace_id=invitation.workspace,
            )
        account_id = (
            account.id
            if account
            else accounts.add_account(
                session, email=invited, name=name, language="en", password_hash=password_hash or "", now=now
            )
        )
        accounts.add_roles(session, invitation.workspace, account_id, invitation.roles)
