"""The seal of a tablet: what verifies, what does not, and what is merely not signed."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.seals import (
    SealState,
    check_seal,
    is_signed_by,
    key_sha256,
    seal_sha256,
    seal_statement,
)
from tests.reports.sample import signed_by, spki

KEY = ec.derive_private_key(2**201 + 11, ec.SECP256R1())
SEAL = {
    "purpose": "closing",
    "audit": "x",
    "sha256": "a" * 64,
    "signatures": [],
    "supersedes": None,
    "sealed_at": "2026-11-26T15:42:05.000Z",
    "installation": "i",
    "account": "a",
    "public_key": spki(KEY),
}
SIGNED = SEAL | {"device_signature": signed_by(KEY, canonical_bytes(SEAL))}


def test_a_seal_verifies_under_the_key_of_its_tablet():
    assert check_seal(SIGNED, spki(KEY)) is SealState.VERIFIED


@pytest.mark.parametrize(
    "name", ["sha256", "signatures", "supersedes", "sealed_at", "installation", "account", "purpose", "audit"]
)
def test_every_part_of_a_seal_is_covered(name: str):
    assert check_seal(SIGNED | {name: "b"}, spki(KEY)) is SealState.INVALID


def test_only_the_key_that_the_seal_names_can_verify_it():
    other = ec.derive_private_key(2**199 + 3, ec.SECP256R1())
    assert check_seal(SIGNED, spki(other)) is SealState.KEY_UNKNOWN
    named = SEAL | {"public_key": spki(other)}
    forged = named | {"device_signature": signed_by(KEY, canonical_bytes(named))}
    assert check_seal(forged, spki(other)) is SealState.INVALID
    assert check_seal(forged, spki(KEY)) is SealState.KEY_UNKNOWN


def test_a_seal_is_named_by_all_of_it():
    assert seal_sha256(SIGNED) == sha256_hex(canonical_bytes(SIGNED))
    assert key_sha256("no base64 at all!") == ""


def test_a_tablet_without_a_key_seals_without_a_signature():
    assert check_seal(SEAL | {"device_signature": None}, spki(KEY)) is SealState.UNSIGNED


def test_a_signature_without_a_known_key_is_neither_good_nor_bad():
    assert check_seal(SIGNED, None) is SealState.KEY_UNKNOWN


@pytest.mark.parametrize("malformed", ["", "!", "A", base64.urlsafe_b64encode(b"x" * 63).decode(), "ä" * 86])
def test_what_is_no_signature_does_not_verify(malformed: str):
    assert not is_signed_by(b"data", malformed, spki(KEY))
    assert not is_signed_by(b"data", signed_by(KEY, b"data"), malformed)


def test_a_key_on_another_curve_is_no_key():
    other = ec.generate_private_key(ec.SECP384R1())
    assert not is_signed_by(b"data", signed_by(KEY, b"data"), spki(other))


def test_the_statement_leaves_out_the_signature_alone():
    assert seal_statement(SIGNED) == canonical_bytes(SEAL)
