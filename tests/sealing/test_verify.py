"""What a stranger is told: about a good report, about one that was touched, and about who vouches for it."""

import io
import json
import random
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from server.config import Config
from server.domain.operation import ChainKey, Operation, erase_content, head_statement, parse_operation
from server.reports.material import Catalogue, HandwrittenSignature, attachments
from server.reports.pdfa import to_pdfa
from server.reports.stamping import certify_report
from server.sealing.canonical import canonical_bytes
from server.sealing.pades import load_signer
from server.sealing.verify import Verdict, Weight, main, verify_report
from tests.reports.sample import signed_by, spki
from tests.sealing.authority import PASSWORD, Authority, new_authority
from tests.sealing.conftest import SIGNED_AT, Made

pytestmark = pytest.mark.slow


def broken(verdict: Verdict) -> set[str]:
    return {check.code for check in verdict.checks if check.weight is Weight.BROKEN}


def warned(verdict: Verdict) -> set[str]:
    return {check.code for check in verdict.checks if check.weight is Weight.WARNING}


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "changed.pdf"
    path.write_bytes(data)
    return path


# Good ones


def test_a_certified_report_is_intact(certified: Path):
    verdict = verify_report(certified)
    assert (verdict.exit_code, verdict.report, verdict.revision) == (0, "NL-2026-0417", 1)
    assert not broken(verdict)
    assert warned(verdict) == {"authority.development"}
    assert "proves that nothing changed, not who signed" in verdict.headline


def test_a_released_report_is_intact(released: Path):
    verdict = verify_report(released)
    assert verdict.exit_code == 0, verdict.checks
    assert [signature.field for signature in verdict.signatures] == ["AuditTeamLeader", "CertificationBodyRelease"]


def test_the_command_line_says_it_in_words_and_as_json(certified: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(certified)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Intact")
    assert "Report NL-2026-0417, revision 1." in said
    assert main([str(certified), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_intact"] is True


def test_originals_are_compared_byte_for_byte(certified: Path, made: Made, tmp_path: Path):
    from tests.reports.pictures import all_pictures

    folder = tmp_path / "originals"
    folder.mkdir()
    for place, data in enumerate(all_pictures()):
        (folder / f"{place}.jpg").write_bytes(data if place else data + b"\n")
    verdict = verify_report(certified, originals=folder)
    said = {check.code: check.sentence for check in verdict.checks}
    assert said["originals"].startswith("5 of 7")
    assert "0.jpg" in said["originals.unknown"]


# Touched ones


@pytest.mark.slow
def test_no_changed_byte_under_a_signature_goes_unnoticed(made: Made, tmp_path: Path):
    """Sampled over every signed range: exit code 1 or 2, never 0."""
    chance = random.Random(7)
    reader = PdfFileReader(io.BytesIO(made.released))
    last = list(reader.embedded_regular_signatures)[-1]
    start, first, second, rest = (int(number) for number in last.byte_range)
    places = [chance.randrange(start, first) for _ in range(16)] + [
        chance.randrange(second, second + rest) for _ in range(8)
    ]
    for place in places:
        data = bytearray(made.released)
        data[place] ^= 1
        verdict = verify_report(written(tmp_path, bytes(data)))
        assert verdict.exit_code != 0, place


@pytest.mark.slow
def test_another_program_also_sees_a_changed_byte(made: Made, tmp_path: Path):
    place = made.certified.index(b"/Subject") if b"/Subject" in made.certified else 30_000
    data = bytearray(made.certified)
    data[place + 40] ^= 1
    path = written(tmp_path, bytes(data))
    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False)
    assert "Signature is Valid" not in said.stdout
    assert verify_report(path).exit_code != 0


def test_an_update_that_paints_over_a_page_is_found(made: Made, tmp_path: Path):
    """pdfsig and mutool call this file's signature valid."""
    writer = IncrementalPdfFileWriter(io.BytesIO(made.certified))
    paint = generic.StreamObject(stream_data=b"q 1 1 1 rg 0 400 600 400 re f Q")
    writer.add_stream_to_page(0, writer.add_object(paint))
    output = io.BytesIO()
    writer.write(output)
    verdict = verify_report(written(tmp_path, output.getvalue()))
    assert verdict.exit_code == 1
    assert "signature.modified" in broken(verdict)


def test_a_field_that_is_added_later_is_found(made: Made, tmp_path: Path):
    writer = IncrementalPdfFileWriter(io.BytesIO(made.certified))
    append_signature_field(writer, SigFieldSpec("Third", on_page=0, box=(10, 10, 100, 50)))
    output = io.BytesIO()
    writer.write(output)
    assert verify_report(written(tmp_path, output.getvalue())).exit_code == 1


def test_the_filler_behind_a_signature_holds_zeros_only(made: Made, tmp_path: Path):
    data = bytearray(made.certified)
    contents = max(re.finditer(rb"/Contents <([0-9a-fA-F]{2000,})>", made.certified), key=lambda found: found.start())
    data[contents.end() - 3 : contents.end() - 2] = b"1"
    verdict = verify_report(written(tmp_path, bytes(data)))
    assert verdict.exit_code == 1
    assert broken(verdict) == {"signature.filler"}


def test_something_else_than_hex_around_a_signature_is_found(made: Made, tmp_path: Path):
    data = bytearray(made.certified)
    contents = max(re.finditer(rb"/Contents <([0-9a-fA-F]{2000,})>", made.certified), key=lambda found: found.start())
    data[contents.end() - 3 : contents.end() - 1] = b"  "
    assert verify_report(written(tmp_path, bytes(data))).exit_code == 1


def test_a_release_that_was_cut_off_leaves_an_intact_draft(made: Made, tmp_path: Path):
    """Nothing inside a file can show that there was more; the verdict says that nobody has released it."""
    verdict = verify_report(written(tmp_path, made.released[: len(made.certified)]))
    assert verdict.exit_code == 0
    assert "signature.not_released" in {check.code for check in verdict.checks}


def test_text_behind_the_end_is_found(made: Made, tmp_path: Path):
    assert verify_report(written(tmp_path, made.certified + b"\n% more\n")).exit_code == 1


def operation_of(data: bytes, content_sha256: str | None = None) -> Operation:
    operation = parse_operation(data, content_sha256)
    assert isinstance(operation, Operation)
    return operation


def forged(made: Made, tmp_path: Path, files: dict[str, bytes]) -> Verdict:
    """The same pages with other records inside, signed again by somebody with a key of their own."""
    with pikepdf.open(io.BytesIO(made.rendered.pdf)) as pdf:
        for name in list(pdf.attachments):
            del pdf.attachments[name]
        if "/AF" in pdf.Root:
            del pdf.Root.AF
        stripped = io.BytesIO()
        pdf.save(stripped)
    again = to_pdfa(stripped.getvalue(), files, language="en", made_at=SIGNED_AT, descriptions=made.content.title)
    signed = certify_report(replace(made.rendered, pdf=again), made.content, made.signer, SIGNED_AT)
    return verify_report(written(tmp_path, signed.pdf))


@pytest.mark.slow
def test_a_report_that_is_signed_again_with_its_own_records_is_intact(made: Made, tmp_path: Path):
    assert forged(made, tmp_path, attachments(made.material)).exit_code == 0


@pytest.mark.slow
def test_another_closing_record_inside_is_found(made: Made, tmp_path: Path):
    closing = made.material.closing.record
    closing["findings"] = closing["findings"][1:]
    verdict = forged(made, tmp_path, attachments(made.material) | {"closing-record.json": canonical_bytes(closing)})
    assert verdict.exit_code == 1
    assert {"records.closing", "seal.closing", "printed.closing"} <= broken(verdict)


@pytest.mark.slow
def test_another_report_record_inside_is_found(made: Made, tmp_path: Path):
    report = made.material.report.record | {"revision": 2}
    verdict = forged(made, tmp_path, attachments(made.material) | {"report-record.json": canonical_bytes(report)})
    assert {"seal.report", "printed.report"} <= broken(verdict)


@pytest.mark.slow
def test_a_record_in_another_form_than_the_one_that_is_hashed_is_found(made: Made, tmp_path: Path):
    spread = json.dumps(made.material.report.record, indent=1).encode()
    verdict = forged(made, tmp_path, attachments(made.material) | {"report-record.json": spread})
    assert "records.canonical" in broken(verdict)


@pytest.mark.slow
def test_a_forged_seal_is_found(made: Made, tmp_path: Path):
    report = replace(made.material.report, seal=dict(made.material.report.seal) | {"sealed_at": "2026-01-01T00:00:00Z"})
    verdict = forged(made, tmp_path, attachments(replace(made.material, report=report)))
    assert broken(verdict) == {"device.invalid"}


@pytest.mark.slow
def test_a_head_at_the_number_of_the_record_has_to_be_its_very_entry(made: Made, tmp_path: Path):
    files = attachments(made.material)
    seals = json.loads(files["device-signatures.json"])
    key = ec.generate_private_key(ec.SECP256R1())
    for head in seals["chain_heads"]:
        chain = ChainKey(head["installation"], head["account"], made.material.report.record["audit_id"])
        named = next(one for one in made.material.report.record["heads"] if one["account"] == head["account"])
        head |= {"dseq": named["dseq"], "digest": "f" * 64, "public_key": spki(key)}
        head["signature"] = signed_by(key, head_statement(chain, head["dseq"], head["digest"]))
    verdict = forged(made, tmp_path, files | {"device-signatures.json": canonical_bytes(seals)})
    assert "chain.invalid" in broken(verdict)


@pytest.mark.slow
def test_a_handwritten_signature_that_was_exchanged_is_found(made: Made, tmp_path: Path):
    first, second = made.material.handwritten
    other = second.operation.data.replace(b"Katrin Kessler", b"Somebody Else")
    changed = HandwrittenSignature(operation_of(other))
    verdict = forged(made, tmp_path, attachments(replace(made.material, handwritten=(first, changed))))
    assert broken(verdict) == {"handwriting.sealed", "handwriting.printed"}


@pytest.mark.slow
def test_another_entry_of_the_log_is_no_handwritten_signature(made: Made, tmp_path: Path):
    """The seal names the digest of the word itself; a note, a finding or a word under another record has another place."""
    first, second = made.material.handwritten
    header, _, content = second.operation.data.partition(b"\n")
    moved = HandwrittenSignature(
        operation_of(header.replace(b"handwritten_signature/h2", b"note/h2") + b"\n" + content)
    )
    closing = replace(
        made.material.closing,
        seal=dict(made.material.closing.seal) | {"signatures": [first.digest, moved.digest], "device_signature": None},
    )
    material = replace(made.material, closing=closing, handwritten=(first, moved))
    assert "handwriting.sealed" in broken(forged(made, tmp_path, attachments(material)))


@pytest.mark.slow
def test_a_handwritten_signature_that_was_erased_is_said_and_is_no_fault(made: Made, tmp_path: Path):
    """The entry is still the one that was sealed; what it said is nowhere any more."""
    first, second = made.material.handwritten
    header, content_sha256 = erase_content(second.operation.data)
    gone = HandwrittenSignature(operation_of(header, content_sha256))
    material = replace(made.material, handwritten=(first, gone))
    files = attachments(material)
    assert b"Katrin Kessler" not in files["device-signatures.json"]
    verdict = forged(made, tmp_path, files)
    assert verdict.exit_code == 0, broken(verdict)
    assert "handwriting.erased" in warned(verdict)


@pytest.mark.slow
def test_a_seal_without_a_signature_is_said_and_is_no_fault(made: Made, tmp_path: Path):
    report = replace(made.material.report, seal=dict(made.material.report.seal) | {"device_signature": None})
    verdict = forged(made, tmp_path, attachments(replace(made.material, report=report)))
    assert verdict.exit_code == 0
    assert "device.unsigned" in warned(verdict)


@pytest.mark.slow
def test_a_report_without_its_records_is_not_intact(made: Made, tmp_path: Path):
    verdict = forged(made, tmp_path, {})
    assert broken(verdict) == {"records.missing"}


# The catalogues inside


def changed_tree(tree: dict[str, Any], **more: Any) -> Catalogue:
    return Catalogue(tree | more)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", ["a clause less", "one that no record names", "one of them missing", "one of them twice"]
)
def test_catalogues_that_the_records_do_not_name_are_found(made: Made, tmp_path: Path, how: str):
    first, second = made.material.catalogues
    less = changed_tree(first.tree, clauses=first.tree["clauses"][:-1])
    attached = {
        "a clause less": (less, second),
        "one that no record names": (first, second, changed_tree(first.tree, edition="2035")),
        "one of them missing": (first,),
        "one of them twice": (first, first, second),
    }[how]
    verdict = forged(made, tmp_path, attachments(replace(made.material, catalogues=attached)))
    assert broken(verdict) == {"catalogues.named", "catalogues.clauses"}


@pytest.mark.slow
def test_a_report_that_lists_other_clauses_than_its_catalogue_is_found(made: Made, tmp_path: Path):
    """The record was made by hand, and names the right catalogue."""
    record = made.material.report.record
    data = canonical_bytes(record | {"clauses": record["clauses"][1:]})
    verdict = forged(made, tmp_path, attachments(made.material) | {"report-record.json": data})
    assert {"catalogues.clauses", "seal.report"} <= broken(verdict)
    assert "catalogues.named" not in broken(verdict)


@pytest.mark.slow
def test_a_catalogue_that_a_tablet_brought_is_said_and_is_no_fault(made: Made, tmp_path: Path):
    first, second = made.material.catalogues
    material = replace(made.material, catalogues=(replace(first, is_brought=True), second))
    verdict = forged(made, tmp_path, attachments(material))
    assert verdict.exit_code == 0, broken(verdict)
    assert warned(verdict) == {"authority.development", "catalogues.brought"}


# Unreadable ones


def test_what_is_no_report_ends_with_exit_code_2(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert verify_report(tmp_path / "nowhere.pdf").exit_code == 2
    assert verify_report(written(tmp_path, b"hello")).exit_code == 2
    assert verify_report(written(tmp_path, b"")).exit_code == 2
    assert verify_report(written(tmp_path, made.rendered.pdf)).exit_code == 2
    assert verify_report(written(tmp_path, made.certified[:5000])).exit_code == 2
    assert main([str(tmp_path / "nowhere.pdf")]) == 2
    assert "cannot be read" in capsys.readouterr().out


# Who vouches


def signed_by_authority(made: Made, authority: Authority, *, begins: int = -10, ends: int = 400) -> bytes:
    config = Config(
        data=str(authority.folder),
        signing_pkcs12=str(authority.pkcs12(begins=begins, ends=ends)),
        signing_password=PASSWORD,
    )
    signer = load_signer(config, datetime.now(UTC))
    return certify_report(made.rendered, made.content, signer, datetime.now(UTC) - timedelta(days=1)).pdf


def test_an_unknown_authority_is_a_warning(made: Made, tmp_path: Path):
    verdict = verify_report(written(tmp_path, signed_by_authority(made, new_authority(tmp_path / "a"))))
    assert (verdict.exit_code, verdict.is_intact, verdict.is_trusted) == (0, True, False)
    assert warned(verdict) == {"authority.unknown"}


@pytest.mark.slow
def test_another_authority_than_the_one_that_is_named_is_not_accepted(made: Made, tmp_path: Path):
    authority, other = new_authority(tmp_path / "a"), new_authority(tmp_path / "b", "Another root")
    verdict = verify_report(written(tmp_path, signed_by_authority(made, authority)), trust=[other.root])
    assert (verdict.exit_code, verdict.is_intact) == (1, True)
    assert "NOT signed under the authority" in verdict.headline


def test_an_expired_certificate_is_said_apart_from_the_file(made: Made, tmp_path: Path):
    authority = new_authority(tmp_path / "a")
    path = written(tmp_path, signed_by_authority(made, authority))
    later = datetime.now(UTC) + timedelta(days=900)
    verdict = verify_report(path, trust=[authority.root], now=later)
    assert (verdict.is_intact, verdict.exit_code) == (True, 1)
    assert warned(verdict) == {"authority.expired"}
    assert verify_report(path, now=later).exit_code == 0


def test_a_revoked_certificate_is_said_apart_from_the_file(made: Made, tmp_path: Path):
    from cryptography import x509

    authority = new_authority(tmp_path / "a")
    data = signed_by_authority(made, authority)
    signature = next(iter(PdfFileReader(io.BytesIO(data)).embedded_regular_signatures))
    certificate = x509.load_der_x509_certificate(signature.signer_cert.dump())
    verdict = verify_report(
        written(tmp_path, data), trust=[authority.root], revocation_lists=[authority.revocation_list(certificate)]
    )
    assert (verdict.is_intact, verdict.exit_code) == (True, 1)
    assert warned(verdict) == {"authority.revoked"}


def test_the_development_root_can_be_named(released: Path, made: Made):
    root = made.data / "signing" / "development-root.pem"
    assert verify_report(released, trust=[root]).exit_code == 0
