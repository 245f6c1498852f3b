"""Pictures with content credentials (C2PA), signed here with a certificate that is thrown away."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CAMERA, MAKER, FIRMWARE = "Camera 7", "Kamerawerk (test)", "Kamerawerk Firmware"
MANIFEST = {
    "claim_generator_info": [{"name": FIRMWARE, "version": "3.1"}],
    "title": "hall.jpg",
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                    }
                ]
            },
        }
    ],
}


def signed(picture: bytes, media_type: str = "image/jpeg", address: str | None = None) -> bytes:
    """The picture with a manifest in it; with an address, one that says where its manifest lies, and has none."""
    made = io.BytesIO()
    with c2pa.Builder(MANIFEST) as builder:
        if address is not None:
            builder.set_remote_url(address)
            builder.set_no_embed()
        builder.sign(_signer(), media_type, io.BytesIO(picture), made)
    return made.getvalue()


@cache
def _signer() -> Any:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Root", root_key, root_key, is_authority=True)
    leaf = _certificate(CAMERA, key, root_key, is_authority=False)
    chain = (leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)).decode()

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg.ES256, chain)


def _name(common: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, MAKER), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.Certificate:
    """As C2PA asks for: version 3, key usage, and for whom signs an extended key usage (specification 2.2, section 14.5)."""
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_authority:
        for_mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(for_mail, critical=False)
    return builder.sign(by, hashes.SHA256())
