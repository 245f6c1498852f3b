"""
What a stranger runs over a report: is it as it was signed, by whom, and do the records inside agree with what is printed?

Needs nothing but the file: no server, no network, no account. Other validators look at the signature alone and call a
painted-over page valid; here the update that paints is found, and so is a changed filler behind a signature.
What is said about the authority stands apart from what is said about the file: an unknown authority is not a forged page.

Exit code 0: intact (read the warnings). 1: not intact, or not from the authority named with --trust. 2: cannot be read.
"""

import argparse
import datetime
import io
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pikepdf

from server.sealing.attached import REPORT_RECORD_FILE
from server.sealing.check_records import check_originals, check_records
from server.sealing.check_signatures import FIELD_NAMES, NotAReport, check_signatures, validation_context
from server.sealing.verdict import Check, Findings, Signature, Verdict, Weight


def verify_report(
    path: Path,
    *,
    trust: Iterable[Path] = (),
    revocation_lists: Iterable[Path] = (),
    originals: Path | None = None,
    now: datetime.datetime | None = None,
) -> Verdict:
    """
    Look at everything in the file. Never raises for a bad file: that is a verdict.

    `trust` names root certificates, `revocation_lists` CRL files, `originals` a folder with the original pictures.
    """
    demanded = list(trust)
    findings = Findings()
    signatures: list[Signature] = []
    records: dict[str, Any] = {}
    is_readable = True
    try:
        data = path.read_bytes()
        context = validation_context(demanded, revocation_lists, now)
        signatures = check_signatures(data, context, findings, now)
        with pikepdf.open(io.BytesIO(data)) as pdf:
            records = check_records(pdf, findings)
        if originals is not None:
            check_originals(records, originals, findings)
    except OSError as problem:
        is_readable = False
        findings.broken("file.unreadable", f"The file cannot be opened: {problem.strerror or problem}.")
    except NotAReport as problem:
        is_readable = False
        findings.broken("file.not_a_report", str(problem))
    except Exception as problem:
        # The libraries fail in many ways on a damaged file; every one of them means that it is not as it was signed.
        findings.broken("file.damaged", f"The file is damaged: {type(problem).__name__}: {str(problem)[:200]}")
    report = records.get(REPORT_RECORD_FILE, {})
    is_intact = is_readable and not any(check.weight is Weight.BROKEN for check in findings.checks)
    return Verdict(
        path=str(path),
        is_readable=is_readable,
        is_intact=is_intact,
        is_trusted=bool(signatures) and all(signature.authority == "trusted" for signature in signatures),
        is_trust_demanded=bool(demanded),
        report=(report.get("audit") or {}).get("reference"),
        revision=report.get("revision"),
        signatures=tuple(signatures),
        checks=tuple(findings.checks),
    )


def main(argv: Sequence[str]) -> int:
    """`auditbook verify report.pdf`: the verdict in words, or as JSON; the exit code for scripts."""
    parser = argparse.ArgumentParser(prog="auditbook verify", description="Check a signed audit report, offline.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[], help="root certificate that you trust (PEM)")
    parser.add_argument("--crl", type=Path, action="append", default=[], help="revocation list of the authority")
    parser.add_argument("--originals", type=Path, help="folder with original pictures to compare")
    parser.add_argument("--json", action="store_true", help="the verdict as JSON")
    given = parser.parse_args(argv)
    # An unknown authority is a line of the verdict; pyHanko would put a traceback beside it.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    verdict = verify_report(given.report, trust=given.trust, revocation_lists=given.crl, originals=given.originals)
    sys.stdout.write(verdict.as_json() + "\n" if given.json else spoken(verdict))
    return verdict.exit_code


_MARKS = {Weight.GOOD: "  ok    ", Weight.NOTE: "  note  ", Weight.WARNING: "! look  ", Weight.BROKEN: "X BROKEN"}


def spoken(verdict: Verdict) -> str:
    """The verdict as it is shown to a person: the headline, then what is wrong before what is well."""
    lines = [verdict.headline]
    if verdict.report:
        lines.append(f"Report {verdict.report}, revision {verdict.revision}.")
    for signature in verdict.signatures:
        when = signature.timestamp_at or signature.signed_at
        lines.append(f"{FIELD_NAMES.get(signature.field, signature.field)}: {signature.signer}, {when}.")
    order = [Weight.BROKEN, Weight.WARNING, Weight.GOOD, Weight.NOTE]
    for check in sorted(verdict.checks, key=lambda check: order.index(check.weight)):
        lines.append(f"{_MARKS[check.weight]} {check.sentence}")
    return "\n".join(lines) + "\n"


__all__ = ["Check", "Signature", "Verdict", "Weight", "main", "spoken", "verify_report"]
