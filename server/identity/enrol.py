"""
Enrolling an installation of the app for an account, with the public half of the key that signs on it.

The same tablet used by two people is two enrolments. A new key takes the place of the old one for what comes; the old one is kept,
because what it sealed must verify for ever.

From then on the session is that of this installation, so that blocking the tablet blocks whoever holds its cookie. Another name may
follow in the same session: a tablet that finds a double of itself takes one.
"""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.identity.signed_in import SignedIn
from server.storage import accounts, chains, sign_ins
from server.storage.clock import now_ms
from server.storage.decision_register import registered
from server.storage.server_state import server_identity

LOST = "Lost before it was enrolled"
"""What a tablet is called that never said its name."""


def enrol(signed_in: SignedIn, installation: str, *, name: str, public_key: str | None) -> None:
    """Raises Refused for a key that is not ECDSA P-256 in SPKI form, and where the tablet or the session is blocked."""
    key = read_key(public_key) if public_key is not None else None
    if _is_servers(installation):
        raise Refused(Refusal("request.malformed", {"why": "id: it is taken"}))
    with unit_of_work(signed_in.scope()) as session:
        before = sign_ins.installations_of_session(session, signed_in.session)
        # Asked again although web/security.py asked: the tablet may have been blocked while this request was on its way.
        if accounts.is_any_revoked(session, before | {installation}):
            raise Refused(Refusal("account.installation_revoked"))
        now = now_ms()
        accounts.enrol_installation(session, installation, signed_in.account, name=name, public_key=key, now=now)
        sign_ins.bind_session(session, signed_in.session, signed_in.account, installation)
        # One that was blocked after the backup which is back here is not known any more. Noted as blocked, it can hand in what was
        # recorded on it, and be let in again.
        is_blocked = registered().tablets.get(installation, False)
        if is_blocked:
            accounts.block_again(session, [installation], now)
    if is_blocked:
        raise Refused(Refusal("account.installation_revoked"))


def enrol_lost(account: str, installation: str, *, public_key: bytes | None, vouched_by: str) -> bool:
    """
    Note a tablet that never got as far as enrolling itself, on the word of somebody who may say whose it was. It is in no session,
    and none is opened by it. Blocked for anybody, it is so for this account too. False where the server itself has that name.
    """
    if _is_servers(installation):
        return False
    with unit_of_work(SERVER) as session:
        now = now_ms()
        is_blocked = accounts.is_any_revoked(session, {installation}) or registered().tablets.get(installation, False)
        known = accounts.installation(session, installation, account)
        if known is None or public_key is not None:
            accounts.enrol_installation(
                session,
                installation,
                account,
                name=LOST if known is None else known.name,
                public_key=public_key,
                now=now,
                vouched_by=vouched_by,
            )
        if is_blocked:
            accounts.block_again(session, [installation], now)
    return True


def _is_servers(installation: str) -> bool:
    """The server's own chains carry its own installation, another one after each restore: nobody writes under such a name."""
    with reading(SERVER) as session:
        return installation == server_identity(session).installation or chains.is_of_server(session, installation)


def read_key(text: str) -> bytes:
    """ECDSA P-256 from its SPKI form in base64url. Raises Refused."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = load_der_public_key(data)
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as problem:
        raise _unusable() from problem
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable()
    return data


def _unusable() -> Refused:
    return Refused(Refusal("request.malformed", {"why": "public_key: not the SPKI form of an ECDSA P-256 key"}))
