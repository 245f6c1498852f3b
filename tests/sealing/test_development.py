"""The authority for trying out: made once, readable by its owner alone, and honest about what it is."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from server.config import Config
from server.sealing.development import DEVELOPMENT_MARK, ensure_development_authority
from server.sealing.pades import load_signer, problems_of

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_it_is_made_once(tmp_path: Path):
    first = ensure_development_authority(tmp_path, NOW)
    key = first.key.read_bytes()
    assert ensure_development_authority(tmp_path, NOW).key.read_bytes() == key
    assert [path.name for path in tmp_path.iterdir()] == ["signing"]


def test_nobody_but_the_owner_reads_it(tmp_path: Path):
    authority = ensure_development_authority(tmp_path, NOW)
    for path in (authority.root, authority.certificate, authority.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(authority.key.parent.stat().st_mode) == 0o700


def test_it_says_that_it_is_not_for_production_and_signs_documents_only(tmp_path: Path):
    authority = ensure_development_authority(tmp_path, NOW)
    leaf = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    root = x509.load_pem_x509_certificate(authority.root.read_bytes())
    leaf.verify_directly_issued_by(root)
    assert DEVELOPMENT_MARK in leaf.subject.rfc4514_string()
    assert DEVELOPMENT_MARK in root.subject.rfc4514_string()
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == (
        root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    )


def test_the_root_has_no_key_any_more(tmp_path: Path):
    """A second certificate under this root can be made by nobody."""
    ensure_development_authority(tmp_path, NOW)
    assert len(list(tmp_path.rglob("*.key"))) == 1


def test_the_server_finds_nothing_wrong_with_it(tmp_path: Path):
    config = Config(data=str(tmp_path))
    assert problems_of(config, NOW) == []
    assert load_signer(config, NOW).is_for_development


def test_the_server_says_when_it_is_about_to_expire(tmp_path: Path):
    config = Config(data=str(tmp_path))
    ensure_development_authority(tmp_path, NOW)
    assert "expires on" in problems_of(config, NOW + timedelta(days=365 * 5 - 20))[0]
    assert "expired on" in problems_of(config, NOW + timedelta(days=365 * 5 + 1))[0]
