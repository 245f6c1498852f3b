"""Signatures on a report: two prepared fields, a stamp that says what it is, and a time stamp where there is an authority."""

import io
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign import signers
from pyhanko.sign.timestamps import DummyTimeStamper, HTTPTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from server.config import Config
from server.reports.stamping import certify_report
from server.sealing.pades import (
    RELEASE_FIELD,
    TEAM_LEADER_FIELD,
    KeySigner,
    SigningUnavailable,
    load_signer,
    problems_of,
)
from server.sealing.printed_text import printed_text
from server.sealing.verify import verify_report
from tests.sealing.authority import PASSWORD, Authority, new_authority
from tests.sealing.conftest import SIGNED_AT, Made

pytestmark = pytest.mark.slow

SIGN_ELSEWHERE = """
import sys
from datetime import datetime
from io import BytesIO
from pathlib import Path
import pikepdf
from server.config import Config
from server.sealing.pades import load_signer, release
from server.sealing.verify import verify_report

def stamp(facts):
    page = pikepdf.Pdf.new()
    page.add_blank_page(page_size=(facts.width, facts.height))
    page.save(output := BytesIO())
    return output.getvalue()

data, folder = sys.argv[1], Path(sys.argv[2])
at = datetime.fromisoformat("2026-11-27T08:20:00+00:00")
pdf = (folder / "certified.pdf").read_bytes()
signed = release(pdf, load_signer(Config(data=data), at), reason="Released", signed_at=at, stamp=stamp)
(folder / "released.pdf").write_bytes(signed.pdf)
assert verify_report(folder / "released.pdf").is_intact
"""


def signer_with(authority: Authority, timestamper: object) -> KeySigner:
    key, certificate = authority.signer()
    registry = SimpleCertificateStore()
    registry.register(_asn1(authority.certificate))
    simple = signers.SimpleSigner(signing_cert=_asn1(certificate), signing_key=_key(key), cert_registry=registry)
    return KeySigner(simple, timestamper)  # type: ignore[arg-type]


def _asn1(certificate: object) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))  # type: ignore[attr-defined]


def _key(key: object) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))  # type: ignore[attr-defined]


def test_both_fields_are_there_and_one_is_signed(made: Made):
    with pikepdf.open(io.BytesIO(made.certified)) as pdf:
        fields = {str(field.T): "/V" in field for field in pdf.Root.AcroForm.Fields}
    assert fields == {TEAM_LEADER_FIELD: True, RELEASE_FIELD: False}


def test_the_stamp_names_signer_time_hash_and_that_it_is_for_trying_out(made: Made):
    with pikepdf.open(io.BytesIO(made.certified)) as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if str(field.T) == TEAM_LEADER_FIELD)
        appearance = field.AP.N
        holder = pikepdf.Pdf.new()
        page = holder.add_blank_page(page_size=(300, 100))
        inner = holder.copy_foreign(appearance.Resources.XObject["/Stamp"])
        page.obj.Resources = inner.Resources
        page.obj.Contents = holder.make_stream(inner.read_bytes())
        fonts = inner.Resources.Font
        assert all("/FontFile2" in font.FontDescriptor for font in fonts.values())
        text = printed_text(holder)
    assert "NOT FOR PRODUCTION" in text
    assert "27 Nov 2026, 09:20 CET" in text
    assert made.material.report.sha256 in text.replace("\n", "")
    assert "no time stamp" in text


def test_a_report_is_signed_where_the_zone_is_spelled_as_a_rule(made: Made, tmp_path: Path):
    """In a process of its own: the zone is that of the process."""
    (tmp_path / "certified.pdf").write_bytes(made.certified)
    done = subprocess.run(
        [sys.executable, "-c", SIGN_ELSEWHERE, str(made.data), str(tmp_path)],
        env=os.environ | {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdict = verify_report(tmp_path / "released.pdf")
    assert verdict.is_intact
    assert [signature.signed_at for signature in verdict.signatures] == ["2026-11-27T08:20:00+00:00"] * 2


def test_another_program_calls_both_signatures_valid(released: Path):
    said = subprocess.run(["pdfsig", "-nocert", str(released)], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid") == 2
    assert "Total document signed" in said


def test_a_configured_key_signs(made: Made, tmp_path: Path):
    authority = new_authority(tmp_path)
    config = Config(data=str(tmp_path), signing_pkcs12=str(authority.pkcs12()), signing_password=PASSWORD)
    signer = load_signer(config, datetime.now(UTC))
    assert (signer.name, signer.is_for_development) == ("Nordlicht Certification Ltd", False)
    assert problems_of(config, datetime.now(UTC)) == []
    signed = certify_report(made.rendered, made.content, signer, SIGNED_AT)
    path = tmp_path / "report.pdf"
    path.write_bytes(signed.pdf)
    verdict = verify_report(path, trust=[authority.root])
    assert (verdict.exit_code, verdict.is_trusted) == (0, True), verdict.checks
    assert not (tmp_path / "signing").exists()


def test_a_wrong_password_is_said_in_a_sentence(tmp_path: Path):
    authority = new_authority(tmp_path)
    config = Config(data=str(tmp_path), signing_pkcs12=str(authority.pkcs12()), signing_password="wrong")
    with pytest.raises(SigningUnavailable, match="AUDITBOOK_SIGNING_PASSWORD"):
        load_signer(config, datetime.now(UTC))
    assert "AUDITBOOK_SIGNING_PASSWORD" in problems_of(config, datetime.now(UTC))[0]


def test_a_missing_file_is_said_in_a_sentence(tmp_path: Path):
    config = Config(data=str(tmp_path), signing_pkcs12=str(tmp_path / "nothing.p12"))
    with pytest.raises(SigningUnavailable, match="cannot be read"):
        load_signer(config, datetime.now(UTC))


def test_a_time_stamp_is_kept_in_the_signature(made: Made, tmp_path: Path):
    authority = new_authority(tmp_path)
    key, certificate = authority.signer("Test time stamps", is_timestamper=True)
    registry = SimpleCertificateStore()
    registry.register(_asn1(authority.certificate))
    timestamper = DummyTimeStamper(tsa_cert=_asn1(certificate), tsa_key=_key(key), certs_to_embed=registry)
    signed = certify_report(made.rendered, made.content, signer_with(authority, timestamper), SIGNED_AT)
    assert (signed.level, signed.timestamp_problem) == ("B-T", None)
    path = tmp_path / "report.pdf"
    path.write_bytes(signed.pdf)
    verdict = verify_report(path, trust=[authority.root])
    assert verdict.exit_code == 0, verdict.checks
    assert verdict.signatures[0].timestamp_at is not None


def test_an_authority_for_time_stamps_that_is_away_holds_up_no_report(made: Made, tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = HTTPTimeStamper(f"http://127.0.0.1:{taken.getsockname()[1]}/tsa", timeout=2)
        signed = certify_report(made.rendered, made.content, signer_with(new_authority(tmp_path), nobody), SIGNED_AT)
    assert signed.level == "B-B"
    assert signed.timestamp_problem
