"""
PAdES signatures on a finished PDF: the audit team leader's certifies it, the certification body's releases it later.

Both fields are made before the first signature: a field that is added afterwards would break it (DocMDP, ISO 32000-1, 12.8.2.2).
What a stamp looks like is set by the caller, since only reports/ knows fonts; this module knows keys.
"""

import datetime
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.metadata import info, xmp_xml
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import pdf_cms, pdf_signer
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.stamp.static import StaticStampStyle

from server.config import Config
from server.sealing.development import DEVELOPMENT_MARK, ensure_development_authority

TEAM_LEADER_FIELD = "AuditTeamLeader"
RELEASE_FIELD = "CertificationBodyRelease"
"""No name is the beginning of the other: some validators compare the locks of fields by prefix."""

_LEAST_REMAINING = datetime.timedelta(days=30)

# pyHanko publishes types for some of its calls only.
_SimpleSigner: Any = signers.SimpleSigner


class _Utc:
    """In the place of `tzlocal`."""

    @staticmethod
    def get_localzone() -> datetime.tzinfo:
        return datetime.UTC


# pyHanko asks for the zone of the machine although the time of signing is given, and fails where `TZ` is a rule and no name. It
# offers no other way to say when a file was changed (`BasePdfFileWriter._update_meta`), nor when a session begins.
for _module in (pdf_signer, pdf_cms, info, xmp_xml):
    vars(_module)["tzlocal"] = _Utc


class SigningUnavailable(Exception):
    """The configured key cannot be used. The text says why, for whoever set up the server."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature field stands: page from 0, and the rectangle in points from the lower left corner."""

    page: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class StampFacts:
    """What a visible stamp has to say. `level` is PAdES B-B or B-T."""

    signer: str
    signed_at: datetime.datetime
    level: str
    is_for_development: bool
    width: float
    height: float


StampMaker = Callable[[StampFacts], bytes]
"""Sets the stamp as a PDF of one page, fonts embedded, of the width and height given."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed PDF, and how well: `timestamp_problem` says why there is no time stamp although one is configured."""

    pdf: bytes
    signer: str
    level: str
    is_for_development: bool
    timestamp_problem: str | None


class Signer(Protocol):
    """Somebody who can sign a prepared field. A key file today; a token or a remote service fits behind the same door."""

    @property
    def name(self) -> str: ...

    @property
    def is_for_development(self) -> bool: ...

    def sign(
        self, pdf: bytes, field: str, *, reason: str, signed_at: datetime.datetime, stamp: StampMaker, is_first: bool
    ) -> Signed: ...


def load_signer(config: Config, now: datetime.datetime) -> Signer:
    """The signer of the settings, or the development authority. Raises SigningUnavailable with what to do about it."""
    timestamper = HTTPTimeStamper(config.timestamp_url, timeout=10) if config.timestamp_url else None
    if config.signing_pkcs12:
        return KeySigner(_load_pkcs12(Path(config.signing_pkcs12), config.signing_password), timestamper)
    authority = ensure_development_authority(config.data_folder, now)
    loaded = _SimpleSigner.load(str(authority.key), str(authority.certificate), ca_chain_files=(str(authority.root),))
    if loaded is None:
        raise SigningUnavailable(f"The development key in {authority.key.parent} cannot be read. Remove that folder.")
    return KeySigner(loaded, timestamper)


def prepare_fields(pdf: bytes, places: Mapping[str, Place]) -> bytes:
    """The PDF with its empty signature fields."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for name in (TEAM_LEADER_FIELD, RELEASE_FIELD):
        append_signature_field(writer, SigFieldSpec(name, on_page=places[name].page, box=places[name].box))
    return _written(writer)


def certify(
    pdf: bytes,
    signer: Signer,
    places: Mapping[str, Place],
    *,
    reason: str,
    signed_at: datetime.datetime,
    stamp: StampMaker,
) -> Signed:
    """The audit team leader's signature on a fresh PDF. From then on only the other field may be filled."""
    return signer.sign(
        prepare_fields(pdf, places), TEAM_LEADER_FIELD, reason=reason, signed_at=signed_at, stamp=stamp, is_first=True
    )


def release(pdf: bytes, signer: Signer, *, reason: str, signed_at: datetime.datetime, stamp: StampMaker) -> Signed:
    """The certification body's signature in the field that was made for it."""
    return signer.sign(pdf, RELEASE_FIELD, reason=reason, signed_at=signed_at, stamp=stamp, is_first=False)


def problems_of(config: Config, now: datetime.datetime) -> list[str]:
    """What an administrator should hear before the first report: load the key, sign a page, look at the certificate."""
    try:
        signer = load_signer(config, now)
    except SigningUnavailable as problem:
        return [str(problem)]
    return signer.problems(now) if isinstance(signer, KeySigner) else []


class KeySigner:
    """Signs with a key in memory; with a time stamp when an authority is configured and answers."""

    def __init__(self, signer: signers.SimpleSigner, timestamper: TimeStamper | None):
        self._signer = signer
        self._timestamper = timestamper

    @property
    def name(self) -> str:
        """The common name of the signing certificate; the whole subject where there is none."""
        certificate: Any = self._signer.signing_cert
        return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)

    @property
    def is_for_development(self) -> bool:
        return DEVELOPMENT_MARK in self.name

    def sign(
        self, pdf: bytes, field: str, *, reason: str, signed_at: datetime.datetime, stamp: StampMaker, is_first: bool
    ) -> Signed:
        if self._timestamper is not None:
            try:
                signed = self._sign(pdf, field, reason, signed_at, stamp, is_first, self._timestamper)
                return self._result(signed, "B-T", None)
            except (TimestampRequestError, OSError, TimeoutError) as problem:
                # An authority that is away must not keep a report from going out. The stamp and the result say what is missing.
                signed = self._sign(pdf, field, reason, signed_at, stamp, is_first, None)
                return self._result(signed, "B-B", f"{type(problem).__name__}: {problem}")
        return self._result(self._sign(pdf, field, reason, signed_at, stamp, is_first, None), "B-B", None)

    def problems(self, now: datetime.datetime) -> list[str]:
        """Everything about key and certificate that would make a reader of the report doubt it."""
        certificate: Any = self._signer.signing_cert
        found = []
        if certificate.not_valid_after < now:
            found.append(f"The signing certificate expired on {certificate.not_valid_after:%Y-%m-%d}.")
        elif certificate.not_valid_after - now < _LEAST_REMAINING:
            found.append(f"The signing certificate expires on {certificate.not_valid_after:%Y-%m-%d}. Renew it now.")
        if certificate.not_valid_before > now:
            found.append(f"The signing certificate is not valid before {certificate.not_valid_before:%Y-%m-%d}.")
        usage = certificate.key_usage_value.native if certificate.key_usage_value is not None else set()
        if "non_repudiation" not in usage and "digital_signature" not in usage:
            found.append("The signing certificate is not meant for signatures (key usage).")
        known = {issuer.subject.dump() for issuer in self._signer.cert_registry}
        if certificate.issuer.dump() not in known:
            found.append("The certificate of the signer's issuer is missing from the PKCS#12 file.")
        return found

    def _result(self, pdf: bytes, level: str, problem: str | None) -> Signed:
        return Signed(pdf, self.name, level, self.is_for_development, problem)

    def _sign(
        self,
        pdf: bytes,
        field: str,
        reason: str,
        signed_at: datetime.datetime,
        stamp: StampMaker,
        is_first: bool,
        timestamper: TimeStamper | None,
    ) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        width, height = _size_of_field(writer.prev, field)
        level = "B-B" if timestamper is None else "B-T"
        picture = stamp(StampFacts(self.name, signed_at, level, self.is_for_development, width, height))
        metadata = signers.PdfSignatureMetadata(
            field_name=field,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            certify=is_first,
            docmdp_permissions=MDPPerm.FILL_FORMS,
        )
        # The picture fills the field: pyHanko would leave a margin and shrink it.
        whole = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MIN, Margins(0, 0, 0, 0))
        style = StaticStampStyle(background=_PageFromMemory(picture), background_layout=whole, border_width=0)
        signing = _PdfSignerAt(metadata, self._signer, timestamper=timestamper, stamp_style=style)
        signing.signed_at = signed_at
        output = io.BytesIO()
        signing.sign_pdf(writer, existing_fields_only=True, output=output)
        return output.getvalue()


class _PdfSignerAt(signers.PdfSigner):
    """Signs at a given time, so that the stamp and the signature say the same."""

    signed_at: datetime.datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.signed_at
        return session


class _PageFromMemory(PdfContent):
    """The only page of a PDF that never was a file, as the background of a stamp."""

    def __init__(self, pdf: bytes):
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)))
        self.resources.xobject["/Stamp"] = page
        left, bottom, right, top = (float(edge) for edge in page.get_object()["/BBox"])
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"


def _size_of_field(reader: PdfFileReader, name: str) -> tuple[float, float]:
    for field in reader.root["/AcroForm"]["/Fields"]:
        found = field.get_object()
        if found.get("/T") == name:
            left, bottom, right, top = (float(edge) for edge in found["/Rect"])
            return right - left, top - bottom
    raise SigningError(f"The PDF has no signature field {name}")


def _load_pkcs12(path: Path, password: str) -> signers.SimpleSigner:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise SigningUnavailable(
            f"AUDITBOOK_SIGNING_PKCS12: {path} cannot be read ({problem.strerror}). Check the path and who may read it."
        ) from problem
    try:
        loaded: signers.SimpleSigner = _SimpleSigner.load_pkcs12_data(
            data, other_certs=[], passphrase=password.encode() or None
        )
    except ValueError as problem:
        raise SigningUnavailable(
            f"AUDITBOOK_SIGNING_PKCS12: {path} cannot be opened. Check AUDITBOOK_SIGNING_PASSWORD, and that it is PKCS#12."
        ) from problem
    return loaded


def _written(writer: Any) -> bytes:
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


__all__ = [
    "RELEASE_FIELD",
    "TEAM_LEADER_FIELD",
    "KeySigner",
    "Place",
    "Signed",
    "Signer",
    "SigningUnavailable",
    "StampFacts",
    "StampMaker",
    "certify",
    "load_signer",
    "prepare_fields",
    "problems_of",
    "release",
]
