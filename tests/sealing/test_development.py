"""The authority for trying out: made once, readable by its owner alone, and honest about what it is."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from server.config import Config
from server.sealing.development import DEVELOPMENT_MARK, KEY_FILE, ensure_development_authority
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


def test_what_a_killed_start_left_is_taken_away_at_the_next_one(tmp_path: Path):
    leave_a_draft(tmp_path)
    ensure_development_authority(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["signing"]
    leave_a_draft(tmp_path)
    ensure_development_authority(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["signing"]


def test_nobody_but_the_owner_reads_what_a_killed_start_left(tmp_path: Path):
    left = leave_a_draft(tmp_path)
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in left.iterdir()] == [0o600] * 3


def test_a_folder_of_somebody_else_stays_where_it_is(tmp_path: Path):
    kept = tmp_path / "signing-draft-of-our-policy"
    kept.mkdir()
    (kept / "policy.odt").write_text("ours")
    copy = tmp_path / "signing-2025"
    copy.mkdir()
    (copy / KEY_FILE).write_text("a copy that somebody made")
    ensure_development_authority(tmp_path, NOW)
    assert (kept / "policy.odt").exists()
    assert (copy / KEY_FILE).exists()


def test_a_start_beside_another_one_leaves_the_draft_of_that_one_alone(tmp_path: Path):
    """Both start at once: the second waits until the first is done, and takes what that one made."""
    script = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from server.sealing.development import ensure_development_authority\n"
        "print(ensure_development_authority(Path(sys.argv[1]), datetime.now(UTC)).key.read_bytes())"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    keys = {start.communicate()[0] for start in starts}
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["signing"]


def leave_a_draft(data_folder: Path) -> Path:
    """As a start leaves it that is killed when everything is made and nothing moved yet."""
    script = (
        "import os, sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from server.sealing import development\n"
        "development._move_in = lambda *_: os.kill(os.getpid(), 9)\n"
        "development._make_whole(Path(sys.argv[1]), Path(sys.argv[1]) / 'signing', datetime.now(UTC))"
    )
    assert subprocess.run([sys.executable, "-c", script, str(data_folder)], check=False).returncode == -9
    [left] = data_folder.glob("signing-*")
    return left


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
