"""A small certification authority for tests, with what can go wrong with one: expired, revoked, unable to sign."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "three unrelated words"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """A root that signs what it is asked to."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def root(self) -> Path:
        path = self.folder / "root.pem"
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def signer(
        self,
        name: str = "Nordlicht Certification Ltd",
        *,
        begins: int = -10,
        ends: int = 400,
        is_timestamper: bool = False,
    ) -> tuple[Key, x509.Certificate]:
        key = rsa.generate_private_key(65537, 2048) if is_timestamper else ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(name, self.certificate.subject, key, begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_root=False), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if is_timestamper:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return key, builder.sign(self.key, hashes.SHA256())

    def pkcs12(self, name: str = "Nordlicht Certification Ltd", *, begins: int = -10, ends: int = 400) -> Path:
        key, certificate = self.signer(name, begins=begins, ends=ends)
        path = self.folder / "signer.p12"
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"signer", key, certificate, [self.certificate], BestAvailableEncryption(PASSWORD.encode())
            )
        )
        return path

    def revocation_list(self, revoked: x509.Certificate) -> Path:
        now = datetime.datetime.now(datetime.UTC)
        entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(now - DAY).build()
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - DAY)
            .next_update(now + 30 * DAY)
            .add_revoked_certificate(entry)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / "revoked.crl"
        path.write_bytes(made.public_bytes(Encoding.PEM))
        return path


def new_authority(folder: Path, name: str = "Test root") -> Authority:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(name, subject, key, -400, 4000)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(is_root=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(folder, key, certificate)


def _builder(name: str, issuer: x509.Name, key: Key, begins: int, ends: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
