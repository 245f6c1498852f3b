"""
Enrolling an installation of the app for an account, with the public half of the key that signs on it.

The same tablet used by two people is two enrolments. A new key takes the place of the old one for what comes; the old one is kept,
because what it sealed must verify for ever.
"""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from server.database import unit_of_work
from server.domain.refusals import Refusal, Refused
from server.identity.signed_in import SignedIn
from server.storage import accounts
from server.storage.clock import now_ms
from server.storage.server_state import server_identity


def enrol(signed_in: SignedIn, installation: str, *, name: str, public_key: str | None) -> None:
    """Raises Refused for a key that is not ECDSA P-256 in SPKI form, and for an installation that was revoked."""
    key = _read_key(public_key) if public_key is not None else None
    with unit_of_work(signed_in.scope()) as session:
        # The server's own chains carry its own installation: nobody may write under that name.
        if installation == server_identity(session).installation:
            raise Refused(Refusal("request.malformed", {"why": "id: it is taken"}))
        row = accounts.installation(session, installation, signed_in.account)
        if row is not None and row.revoked_at is not None:
            raise Refused(Refusal("account.installation_revoked"))
        accounts.enrol_installation(session, installation, signed_in.account, name=name, public_key=key, now=now_ms())


def _read_key(text: str) -> bytes:
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
