"""
Inviting people into a workspace.

Before: web/invitation.py knows that the inviting account may do so.
After:  a mail with a single-use code is on its way; the code is good for seven days and known here by its hash only.
"""

from collections.abc import Iterable

from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.vocabulary import Role
from server.identity.address import usable_address
from server.identity.codes import code_digest, new_code
from server.identity.signed_in import SignedIn
from server.mail import messages
from server.storage import accounts, sign_ins
from server.storage.clock import DAY, now_ms
from server.storage.identifiers import new_id
from server.storage.mailbox import queue_mail
from server.storage.workspaces import workspace_name

INVITATION_LIFE = 7 * DAY
FOUNDING_ROLES = (Role.ADMINISTRATOR, Role.PROGRAMME_MANAGER, Role.LEAD_AUDITOR)
"""Whoever begins alone can do everything; the roles are handed on later."""


def invite(
    signed_in: SignedIn, workspace: str, *, email: str, name: str, roles: Iterable[Role], config: Config
) -> None:
    """Send an invitation into this workspace."""
    email = usable_address(email)
    code, now = new_code(), now_ms()
    with unit_of_work(signed_in.scope()) as session:
        sign_ins.add_invitation(
            session,
            workspace=workspace,
            email=accounts.same_email(email),
            name=name,
            roles=sorted(set(roles)),
            is_founding=False,
            token_sha256=code_digest(code),
            invited_by=signed_in.account,
            now=now,
            expires_at=now + INVITATION_LIFE,
        )
        message = messages.invitation(
            signed_in.language,
            name=name,
            inviter=signed_in.name,
            workspace=workspace_name(session, workspace) or "",
            code=code,
            public_url=config.public_url,
        )
        queue_mail(session, workspace=workspace, to=email, subject=message.subject, body=message.body, holds_code=True)


def found() -> str | None:
    """The code for the first administrator of an empty server; None once there is an account. An earlier code is void."""
    code, now = new_code(), now_ms()
    with unit_of_work(SERVER) as session:
        if accounts.has_accounts(session):
            return None
        sign_ins.drop_founding_invitations(session)
        sign_ins.add_invitation(
            session,
            workspace=new_id(),
            email="",
            name="",
            roles=FOUNDING_ROLES,
            is_founding=True,
            token_sha256=code_digest(code),
            invited_by=None,
            now=now,
            expires_at=now + INVITATION_LIFE,
        )
    return code
