"""
The signatures in a file: do they fit, do they cover everything, was anything added that they forbid, and who vouches for them?

Other validators look at the signature alone and call a painted-over page valid; here the update that paints is found, and so is a
changed filler behind a signature.
"""

import datetime
import io
from collections.abc import Iterable
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import pem, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from server.sealing.development import DEVELOPMENT_MARK
from server.sealing.pades import RELEASE_FIELD, TEAM_LEADER_FIELD
from server.sealing.verdict import Findings, Signature

_UNCHANGED = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
FIELD_NAMES = {
    TEAM_LEADER_FIELD: "The audit team leader's signature",
    RELEASE_FIELD: "The certification body's release",
}


class NotAReport(Exception):
    """Not a PDF, or one that nobody signed."""


def check_signatures(
    data: bytes, context: ValidationContext, findings: Findings, now: datetime.datetime | None
) -> list[Signature]:
    if b"%PDF-" not in data[:1024]:
        raise NotAReport("This is not a PDF.")
    try:
        reader = PdfFileReader(io.BytesIO(data))
        embedded: list[EmbeddedPdfSignature] = list(reader.embedded_regular_signatures)
    except (PdfError, SigningError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise NotAReport(f"This PDF is too damaged to find its signatures ({problem}).") from problem
    if not embedded:
        raise NotAReport("This PDF carries no signature. A report from Auditbook always does.")
    findings.expect(
        embedded[0].field_name == TEAM_LEADER_FIELD,
        "signature.first",
        "The first signature stands in the audit team leader's field.",
        f"The first signature stands in the field {embedded[0].field_name}, not in the audit team leader's.",
    )
    permission = embedded[0].docmdp_level
    findings.expect(
        permission in (MDPPerm.FILL_FORMS, MDPPerm.NO_CHANGES),
        "signature.certifies",
        "It certifies the document: afterwards only the field for the release may be filled.",
        "It does not certify the document, so it does not say what may be changed afterwards.",
    )
    found = []
    for position, signature in enumerate(embedded):
        is_last = position == len(embedded) - 1
        found.append(_check_signature(data, signature, is_last, context, findings, now))
    if len(embedded) == 1:
        findings.note("signature.not_released", "The certification body has not signed for release in this file.")
    return found


def _check_signature(
    data: bytes,
    embedded: EmbeddedPdfSignature,
    is_last: bool,
    context: ValidationContext,
    findings: Findings,
    now: datetime.datetime | None,
) -> Signature:
    who = FIELD_NAMES.get(embedded.field_name, f"The signature {embedded.field_name}")
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    status = validate_pdf_signature(embedded, context, ts_validation_context=context, key_usage_settings=usage)
    faults = list(_faults_of(status, is_last)) + list(_faults_of_filler(data, embedded))
    for code, sentence in faults:
        findings.broken(code, f"{who} {sentence}")
    if not faults:
        span = "the whole file" if status.coverage is SignatureCoverageLevel.ENTIRE_FILE else "everything before it"
        findings.good("signature.intact", f"{who} is intact and covers {span}.")
    certificate = status.signing_cert
    name = str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid):
        findings.broken("timestamp.broken", f"{who} carries a time stamp that does not belong to it.")
    if stamp is None:
        findings.note("timestamp.none", f"{who} has no time stamp: the time is the one that the signer's clock showed.")
    authority = _authority(status, certificate, name, findings, who, now)
    return Signature(
        field=embedded.field_name,
        signer=name,
        signed_at=status.signer_reported_dt.isoformat() if status.signer_reported_dt else None,
        timestamp_at=stamp.timestamp.isoformat() if stamp is not None else None,
        is_intact=not faults,
        authority=authority,
    )


def _faults_of(status: PdfSignatureStatus, is_last: bool) -> Iterable[tuple[str, str]]:
    if not status.intact:
        yield "signature.digest", "does not fit the file: something that it covers was changed."
        return
    if not status.valid:
        yield "signature.invalid", "does not verify under the key of its certificate."
    if status.coverage not in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION):
        yield "signature.coverage", "leaves parts of the file uncovered."
    level = status.modification_level
    allowed = _UNCHANGED if is_last else (*_UNCHANGED, ModificationLevel.FORM_FILLING)
    if level not in allowed:
        yield "signature.modified", "was followed by a change that it does not allow: pages may look different now."
    elif status.docmdp_ok is False:
        yield "signature.docmdp", "was followed by a change that it forbids."
    elif is_last and level is ModificationLevel.NONE and status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        yield "signature.tail", "is followed by bytes that belong to nothing."


def _faults_of_filler(data: bytes, embedded: EmbeddedPdfSignature) -> Iterable[tuple[str, str]]:
    """
    Between the two signed ranges stands `<` hex `>`: the signature, then zeros. Nothing else may hide there, since no
    signature covers it.
    """
    start, first, second, _length = (int(number) for number in embedded.byte_range)
    gap = data[start + first : second]
    contents = bytes(embedded.pkcs7_content)
    if start != 0 or gap[:1] != b"<" or gap[-1:] != b">":
        yield "signature.gap", "does not stand where its range says."
        return
    try:
        raw = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        yield "signature.gap", "is surrounded by something that is not part of it."
        return
    if len(raw) * 2 != len(gap) - 2 or raw != contents:
        yield "signature.gap", "is surrounded by something that is not part of it."
        return
    if any(raw[_der_length(raw) :]):
        yield "signature.filler", "is followed by bytes where only zeros belong."


def _der_length(raw: bytes) -> int:
    """How many bytes the outermost DER value takes, its header included."""
    if len(raw) < 2:
        return 0
    if raw[1] < 0x80:
        return 2 + raw[1]
    size = raw[1] & 0x7F
    return 2 + size + int.from_bytes(raw[2 : 2 + size])


def _authority(
    status: PdfSignatureStatus,
    certificate: x509.Certificate,
    name: str,
    findings: Findings,
    who: str,
    now: datetime.datetime | None,
) -> str:
    at = now or datetime.datetime.now(datetime.UTC)
    if DEVELOPMENT_MARK in name:
        findings.warn(
            "authority.development",
            f"{who} was made with a key for trying out ({name}). It proves that nothing changed, not who signed.",
        )
        return "trusted" if status.trusted else "development"
    if status.trusted:
        findings.good("authority.trusted", f"{name} signed under an authority that you trust.")
        return "trusted"
    if status.revoked:
        findings.warn("authority.revoked", f"The certificate of {name} was revoked. Ask the certification body why.")
        return "revoked"
    if certificate.not_valid_after < at:
        findings.warn(
            "authority.expired",
            f"The certificate of {name} expired on {certificate.not_valid_after:%Y-%m-%d}; "
            "without a trusted time stamp nobody can tell whether it was valid at signing.",
        )
        return "expired"
    if status.trust_problem_indic is AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE:
        findings.warn("authority.unsuitable", f"The certificate of {name} is not meant for signing documents.")
        return "unsuitable"
    if certificate.self_signed in ("yes", "maybe"):
        findings.warn("authority.self_made", f"{name} vouches for itself: anybody can make such a certificate.")
    else:
        findings.warn(
            "authority.unknown",
            f"{name} signed, but no authority that you trust vouches for it. Name its root with --trust root.pem.",
        )
    return "unknown"


def validation_context(
    trust: Iterable[Path], revocation_lists: Iterable[Path], now: datetime.datetime | None
) -> ValidationContext:
    roots = [x509.Certificate.load(der) for path in trust for der in _unarmored(path)]
    lists = [asn1_crl.CertificateList.load(der) for path in revocation_lists for der in _unarmored(path)]
    # A list that was given must be heard even where the certificate does not say that there is one.
    rule = RevocationCheckingRule.CRL_REQUIRED if lists else RevocationCheckingRule.CHECK_IF_DECLARED_SOFT
    policy = RevocationCheckingPolicy(rule, RevocationCheckingRule.CHECK_IF_DECLARED_SOFT)
    return ValidationContext(
        trust_roots=roots,
        crls=lists,
        allow_fetching=False,
        moment=now,
        revinfo_policy=CertRevTrustPolicy(policy),
    )


def _unarmored(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [der for _kind, _headers, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
