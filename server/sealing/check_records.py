"""The records inside a report: do they fit the seals, the seals the tablets' keys, and all of it what is printed?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf

from server.domain.operation import ChainKey, head_statement
from server.domain.record import CLOSING_RECORD, REPORT_RECORD
from server.sealing.attached import (
    ATTACHMENTS,
    CATALOGUES_FILE,
    CLOSING_RECORD_FILE,
    DEVICE_SIGNATURES_FILE,
    REPORT_RECORD_FILE,
)
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.check_catalogues import check_catalogues
from server.sealing.handwriting import check_handwriting
from server.sealing.printed_text import printed_text
from server.sealing.seals import SealState, check_seal, is_signed_by, seal_sha256
from server.sealing.verdict import Findings


def check_records(pdf: pikepdf.Pdf, findings: Findings) -> dict[str, Any]:
    attached = {name: _attachment(pdf, name) for name in ATTACHMENTS}
    if missing := [name for name, data in attached.items() if data is None]:
        findings.broken("records.missing", f"The file lacks what it was sealed with: {', '.join(missing)}.")
        return {}
    raw = {name: data for name, data in attached.items() if data is not None}
    parsed = {name: json.loads(data) for name, data in raw.items()}
    report, seals = parsed[REPORT_RECORD_FILE], parsed[DEVICE_SIGNATURES_FILE]
    for name, kind in ((REPORT_RECORD_FILE, REPORT_RECORD), (CLOSING_RECORD_FILE, CLOSING_RECORD)):
        findings.expect(
            parsed[name].get("record") == kind and canonical_bytes(parsed[name]) == raw[name],
            "records.canonical",
            f"{name} is what it says, in the one form that is hashed.",
            f"{name} is not in the form that is hashed.",
        )
    hashes = {"report": sha256_hex(raw[REPORT_RECORD_FILE]), "closing": sha256_hex(raw[CLOSING_RECORD_FILE])}
    findings.expect(
        report.get("closing_sha256") == hashes["closing"],
        "records.closing",
        "The report refers to exactly the closing record that is attached.",
        "The report refers to another closing record than the one that is attached.",
    )
    closing_seal = (seals.get("closing") or {}).get("seal") or {}
    findings.expect(
        report.get("closing_seal_sha256") == seal_sha256(closing_seal),
        "records.closing_seal",
        "The report rests on exactly the seal under the closing record that is attached.",
        "The report rests on another seal under its closing record than the one that is attached.",
    )
    text = printed_text(pdf)
    _check_replaced(parsed[CLOSING_RECORD_FILE], closing_seal, text, findings)
    names = {"report": "report record", "closing": "closing record"}
    for part, digest in hashes.items():
        findings.expect(
            (seals.get(part) or {}).get("seal", {}).get("sha256") == digest,
            f"seal.{part}",
            f"The seal of the {names[part]} names the attached {names[part]} (SHA-256 {digest[:16]}...).",
            f"The seal of the {names[part]} names another record than the one that is attached.",
        )
        said = (seals.get(part) or {}).get("seal", {})
        findings.expect(
            (said.get("purpose"), said.get("audit")) == (part, report.get("audit_id")),
            f"purpose.{part}",
            f"It was given for a {names[part]} of this very audit.",
            f"The seal under the {names[part]} was given for something else, or in another audit.",
        )
        findings.expect(
            digest in text,
            f"printed.{part}",
            f"The SHA-256 of the {names[part]} stands printed in the report.",
            f"The SHA-256 of the {names[part]} is not the one printed in the report.",
        )
        _check_device_signature(seals.get(part) or {}, names[part], findings)
    check_handwriting(
        seals.get("handwritten") or [],
        closing_seal.get("signatures") or [],
        audit=str(report.get("audit_id")),
        closing_sha256=hashes["closing"],
        text=text,
        findings=findings,
    )
    check_catalogues(parsed[CATALOGUES_FILE], report, parsed[CLOSING_RECORD_FILE], findings)
    _check_heads(seals, report, findings)
    _note_pictures(report, text, findings)
    return parsed


def _check_replaced(closing: Mapping[str, Any], seal: Mapping[str, Any], text: str, findings: Findings) -> None:
    """A closing record that takes the place of another says so in itself, in its seal and on paper."""
    replaced, sealed = closing.get("supersedes"), seal.get("supersedes")
    findings.expect(
        replaced == sealed and (replaced is None or str(replaced) in text),
        "records.replaced",
        "The closing record is the first one of this audit."
        if replaced is None
        else f"The closing record replaces another one (SHA-256 {str(replaced)[:16]}...), and the report says so.",
        "Record, seal and page do not agree on which closing record was replaced.",
    )


def _attachment(pdf: pikepdf.Pdf, name: str) -> bytes | None:
    if name not in pdf.attachments:
        return None
    return bytes(pdf.attachments[name].get_file().read_bytes())


def _check_device_signature(part: Mapping[str, Any], name: str, findings: Findings) -> None:
    if not part.get("seal"):
        return
    match check_seal(part["seal"], part.get("public_key")):
        case SealState.VERIFIED:
            findings.good(
                "device.verified", f"The tablet's signature under the {name} verifies under the key that it enrolled."
            )
        case SealState.UNSIGNED:
            findings.warn("device.unsigned", f"The tablet had no key any more when it sealed the {name}.")
        case SealState.KEY_UNKNOWN:
            findings.warn("device.key_unknown", f"The key of the tablet that sealed the {name} is not attached.")
        case SealState.INVALID:
            findings.broken("device.invalid", f"The tablet's signature under the {name} does not verify.")


def _check_heads(seals: Mapping[str, Any], report: Mapping[str, Any], findings: Findings) -> None:
    """Each tablet signs how far its log goes; under this report lies that log up to the head that the record names."""
    named: dict[tuple[str, str], int] = {}
    digests: dict[tuple[str, str], dict[int, set[str]]] = {}
    for head in report.get("heads", []):
        # A chain that forked has several: each is signed for by a head of its own, and the lowest is the least that counts.
        chain_name = (head["installation"], head["account"])
        named[chain_name] = min(head["dseq"], named.get(chain_name, head["dseq"]))
        digests.setdefault(chain_name, {}).setdefault(head["dseq"], set()).add(head["digest"])
    verified = 0
    for head in seals.get("chain_heads", []):
        if not head.get("signature") or not head.get("public_key"):
            continue
        chain = ChainKey(head["installation"], head["account"], str(report.get("audit_id")))
        statement = head_statement(chain, head["dseq"], head["digest"])
        chain_name = (chain.installation, chain.account)
        reaches = head["dseq"] >= named.get(chain_name, 2**53)
        # At the very number that the record names, it has to be the very entry.
        fits = head["digest"] in digests.get(chain_name, {}).get(head["dseq"], {head["digest"]})
        if reaches and fits and is_signed_by(statement, head["signature"], head["public_key"]):
            verified += 1
        else:
            findings.broken("chain.invalid", f"The tablet {head['installation']} did not sign the log that is named.")
    if verified:
        tablets = "One tablet" if verified == 1 else f"{verified} tablets"
        findings.good("chain.verified", f"{tablets} signed for the log that stands behind this report.")


def _note_pictures(report: Mapping[str, Any], text: str, findings: Findings) -> None:
    by_id = {item["id"]: item for item in report.get("evidence", [])}
    shown = [by_id[picture] for picture in report.get("pictures", []) if picture in by_id]
    files = [item["sha256"] for item in report.get("evidence", []) if item["sha256"]]
    unprinted = [sha256 for sha256 in files if sha256 not in text]
    findings.expect(
        not unprinted,
        "pictures.listed",
        f"{len(shown)} pictures are part of the report; the SHA-256 of all {len(files)} files of evidence is printed.",
        f"{len(unprinted)} files of evidence of the sealed record are not printed in the report.",
    )


def check_originals(records: Mapping[str, Any], folder: Path, findings: Findings) -> None:
    report = records.get(REPORT_RECORD_FILE, {})
    wanted = {item["sha256"] for item in report.get("evidence", []) if item["sha256"]}
    found = {sha256_hex(path.read_bytes()): path.name for path in sorted(folder.iterdir()) if path.is_file()}
    fitting = wanted & set(found)
    findings.note("originals", f"{len(fitting)} of {len(wanted)} files of evidence lie in {folder}, byte for byte.")
    for digest in sorted(set(found) - wanted):
        findings.warn("originals.unknown", f"{found[digest]} is not evidence of this report, or it was changed.")
