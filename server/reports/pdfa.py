"""
From ReportLab's PDF to PDF/A-3b with the sealed records inside, and the gate: what does not conform is not signed.

The gate stands before the signature, because the validator knows no signature fields. PDF/A keeps the report readable when the
programs of today are gone: every font inside, colours defined, nothing that runs or fetches.
"""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, AttachedFileSpec, Dictionary, Name
from pikepdf.pdfa import validate_written
from PIL import ImageCms

_PRINTED = 4
"""Annotation flag "Print", which PDF/A demands of every link."""


class NotArchivable(Exception):
    """The file does not conform to PDF/A-3b. A fault of ours, never of the audit's content."""


def to_pdfa(pdf: bytes, files: Mapping[str, bytes], *, language: str, made_at: datetime, descriptions: str) -> bytes:
    """The archivable file. Raises NotArchivable with everything that the validator found."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            if "/Trans" in page:
                del page["/Trans"]
            for annotation in page.get("/Annots", Array()):
                annotation.F = _PRINTED
        _set_output_intent(document)
        _attach(document, files, made_at, descriptions)
        document.Root.Lang = language
        document.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        if "/Trapped" in document.docinfo:
            del document.docinfo["/Trapped"]
        document.docinfo["/CreationDate"] = document.docinfo["/ModDate"] = _pdf_date(made_at)
        with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata.load_from_docinfo(document.docinfo, delete_missing=True)
            metadata["pdfaid:part"] = "3"
            metadata["pdfaid:conformance"] = "B"
        output = io.BytesIO()
        document.save(
            output,
            min_version="1.7",
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
    made = output.getvalue()
    report = validate_written(io.BytesIO(made), "3b")
    if not report.passed:
        raise NotArchivable("; ".join(str(finding) for finding in report.findings[:20]))
    return made


def _set_output_intent(document: pikepdf.Pdf) -> None:
    profile = document.make_stream(_srgb())
    profile.N = 3
    document.Root.OutputIntents = Array(
        [
            document.make_indirect(
                Dictionary(
                    Type=Name.OutputIntent,
                    S=Name.GTS_PDFA1,
                    OutputConditionIdentifier="sRGB",
                    Info="sRGB IEC61966-2.1",
                    DestOutputProfile=profile,
                )
            )
        ]
    )


@cache
def _srgb() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # LittleCMS writes the time of day into the header; the same report must give the same bytes.
    profile[24:36] = (2000).to_bytes(2) + (1).to_bytes(2) * 2 + bytes(6)
    return bytes(profile)


def _attach(document: pikepdf.Pdf, files: Mapping[str, bytes], made_at: datetime, description: str) -> None:
    associated = Array()
    for name, data in files.items():
        # The types of pikepdf leave out `relationship`, which it takes since 9.0.
        specification = AttachedFileSpec(  # type: ignore[call-arg]
            document,
            data,
            filename=name,
            description=f"{description}: {name}",
            mime_type="application/json",
            relationship=Name.Data,
            creation_date=_pdf_date(made_at),
            mod_date=_pdf_date(made_at),
        )
        document.attachments[name] = specification
        associated.append(_specification(document, name))
    document.Root.AF = associated


def _specification(document: pikepdf.Pdf, name: str) -> Any:
    return document.attachments[name].obj


def _pdf_date(at: datetime) -> str:
    return f"{at.astimezone(UTC):D:%Y%m%d%H%M%S}+00'00'"
