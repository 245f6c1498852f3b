"""The standing cast: who they are, and how they are signed in."""

import base64
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient

from server.database import SERVER, unit_of_work
from server.domain.vocabulary import Role, WorkspaceKind
from server.identity.codes import new_token, token_digest
from server.storage import Session, accounts, sign_ins
from server.storage.clock import now_ms
from server.storage.identifiers import new_id
from server.storage.tables.account import Account
from server.storage.workspaces import add_workspace


@dataclass
class Person:
    """Somebody with an account, signed in, with a tablet that is enrolled."""

    app: Flask
    account: str
    name: str
    email: str
    workspace: str
    api: FlaskClient
    installation: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def enrol_another(self) -> "Person":
        """The same person with a second tablet."""
        tablet = _sign_in_on_a_tablet(self.app, self.account)
        return Person(self.app, self.account, self.name, self.email, self.workspace, *tablet)

    def at(self, app: Flask) -> "Person":
        """The same person, tablet and sign-in at another server, which has the same rows."""
        cookie = self.api.get_cookie("auditbook")
        assert cookie is not None
        return replace(self, app=app, api=client_of(app, cookie.value))

    def with_lost_tablet(self, key: ec.EllipticCurvePrivateKey | None = None) -> "Person":
        """The same person on a tablet that never came as far as enrolling itself."""
        return replace(self, installation=new_id(), key=key or ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> str:
        """SPKI, base64url without padding, as a file that is taken out says it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        spki = self.key.public_key().public_bytes(serialization.Encoding.DER, form)
        return base64.urlsafe_b64encode(spki).decode().rstrip("=")

    def get(self, address: str, **more: Any) -> Any:
        return self.api.get(address, **more)

    def post(self, address: str, **more: Any) -> Any:
        return self.api.post(address, **more)


@dataclass
class Cast:
    """Everybody, and the two workspaces."""

    app: Flask
    ours: str
    theirs: str
    lena: Person
    aron: Person
    paula: Person
    ruth: Person
    otto: Person

    def everybody(self) -> list[Person]:
        return [self.lena, self.aron, self.paula, self.ruth, self.otto]

    def at(self, app: Flask) -> "Cast":
        """The same people at another server, in whose database they are already."""
        return Cast(app, self.ours, self.theirs, *(person.at(app) for person in self.everybody()))


def assemble_cast(app: Flask) -> Cast:
    """Two certification bodies with their people."""
    now = now_ms()
    with unit_of_work(SERVER) as session:
        ours = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Nordcert", now=now)
        theirs = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Südcert", now=now)
    return Cast(
        app,
        ours,
        theirs,
        lena=enter(app, ours, "Lena Hartmann", Role.LEAD_AUDITOR),
        aron=enter(app, ours, "Aron Weiss", Role.AUDITOR),
        paula=enter(app, ours, "Paula Brandt", Role.PROGRAMME_MANAGER),
        ruth=enter(app, ours, "Ruth Keller", Role.READER),
        otto=enter(app, theirs, "Otto Lang", Role.LEAD_AUDITOR),
    )


def enter(app: Flask, workspace: str, name: str, *roles: Role) -> Person:
    """A new account with these roles, signed in on a tablet of its own."""
    email = f"{name.split()[0].lower()}@example.org"
    with unit_of_work(SERVER) as session:
        account = accounts.add_account(session, email=email, name=name, language="en", password_hash="!", now=now_ms())
        accounts.add_roles(session, workspace, account, roles)
    return Person(app, account, name, email, workspace, *_sign_in_on_a_tablet(app, account))


def client_of(app: Flask, token: str) -> FlaskClient:
    api = app.test_client()
    api.set_cookie("auditbook", token)
    return api


def _sign_in_on_a_tablet(app: Flask, account: str) -> tuple[FlaskClient, str, ec.EllipticCurvePrivateKey]:
    """Without the detour over a password. The session belongs to the tablet that was enrolled in it."""
    token, installation, key, now = new_token(), new_id(), ec.generate_private_key(ec.SECP256R1()), now_ms()
    public_key = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with unit_of_work(SERVER) as session:
        signed_in = sign_ins.add_session(
            session, account=account, token_sha256=token_digest(token), device="test", now=now
        )
        accounts.enrol_installation(session, installation, account, name="tablet", public_key=public_key, now=now)
        sign_ins.bind_session(session, signed_in, account, installation)
    return client_of(app, token), installation, key


def enter_under_ids(session: Session, *, workspace: str, account: str, now: int) -> None:
    """Lena Hartmann, lead auditor of Nordcert, under the ids that a file which is kept names."""
    place = add_workspace(
        session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Nordcert", now=now, workspace_id=workspace
    )
    session.add(
        Account(
            id=account,
            email="lena@example.org",
            name="Lena Hartmann",
            language="en",
            password_hash="!",
            password_set_at=now,
            created_at=now,
        )
    )
    session.flush()
    accounts.add_roles(session, place, account, [Role.LEAD_AUDITOR])
