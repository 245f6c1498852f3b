"""The finished pages: archivable, complete, the same each time, and whole however much there is to say."""

import io
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from pikepdf.pdfa import validate_written
from PIL import Image

from server.reports.content import build_content
from server.reports.jpeg import without_metadata
from server.reports.material import HandwrittenSignature, ReportMaterial, attachments
from server.reports.parts import ReportContent
from server.reports.render import Rendered, render_report
from server.reports.stamping import FIELDS
from tests.reports.sample import Sample, sample_material
from tests.reports.test_content import changed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sample() -> tuple[ReportMaterial, Sample]:
    return sample_material("en")


@pytest.fixture(scope="module")
def report(sample: tuple[ReportMaterial, Sample]) -> Rendered:
    return made(*sample)


def made(material: ReportMaterial, sample: Sample, picture: Any = None) -> Rendered:
    content = build_content(material)
    assert isinstance(content, ReportContent)
    return render_report(content, picture or sample.picture, attachments(material), FIELDS)


def text_of(pdf: bytes, first: int = 1, last: int = 1000) -> str:
    done = subprocess.run(
        ["pdftotext", "-layout", "-f", str(first), "-l", str(last), "-", "-"],
        input=pdf,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def images_on(pdf: bytes) -> list[int]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [len(page.get_images()) for page in document.pages]


@pytest.mark.slow
def test_it_is_pdf_a_3b(report: Rendered):
    checked = validate_written(io.BytesIO(report.pdf), "3b")
    assert list(checked.findings) == []
    assert checked.passed


@pytest.mark.slow
def test_the_same_content_gives_the_same_bytes(sample: tuple[ReportMaterial, Sample], report: Rendered):
    assert made(*sample).pdf == report.pdf


def test_what_was_sealed_is_attached_byte_for_byte(sample: tuple[ReportMaterial, Sample], report: Rendered):
    material, _ = sample
    with pikepdf.open(io.BytesIO(report.pdf)) as document:
        attached = {name: document.attachments[name].get_file().read_bytes() for name in document.attachments}
        relations = {str(file.AFRelationship) for file in document.Root.AF}
    assert attached == attachments(material)
    assert attached["closing-record.json"] == material.closing.data
    assert relations == {"/Data"}


def test_the_first_three_pages_are_those_that_people_read(report: Rendered):
    cover, conclusions, course = (text_of(report.pdf, page, page) for page in (1, 2, 3))
    for expected in (
        "Nordlicht Certification Ltd", "NL-2026-0417", "DRAFT", "Kessler Feinwerk GmbH", "Katrin Kessler",
        "Audit scope", "ISO 14001:2015", "24 November 2026", "Metzingen", "audit team leader", "Recommendation",
        "minor nonconformities", "Confidentiality", "Distribution",
    ):  # fmt: skip
        assert expected in cover, expected
    for expected in (
        "Conformity", "Effectiveness", "management review", "scope is appropriate", "objectives were met",
        "Overdue measuring equipment", "10 Dec 2026", "Next steps", "appeal", "samples",
    ):  # fmt: skip
        assert expected in conclusions, expected
    for expected in (
        "Objectives", "Plan and actual", "Remote share", "Deviations", "Changes", "Confirmed", "Earlier findings",
        "Unresolved issues",
    ):  # fmt: skip
        assert expected in course, expected


def test_no_picture_and_no_hash_stands_before_page_4(sample: tuple[ReportMaterial, Sample], report: Rendered):
    assert images_on(report.pdf)[:3] == [0, 0, 0]
    front = text_of(report.pdf, 1, 3)
    assert "SHA-256" not in front
    assert sample[0].report.sha256[:12] not in front


def test_every_page_has_its_state_and_its_number(report: Rendered):
    for page in range(2, report.pages + 1):
        text = text_of(report.pdf, page, page)
        assert "DRAFT" in text
        assert "NL-2026-0417 · Revision 1" in text
        assert f"Page {page} of {report.pages}" in text


def test_contents_and_bookmarks_lead_to_the_sections(report: Rendered):
    with pikepdf.open(io.BytesIO(report.pdf)) as document:
        with document.open_outline() as outline:
            titles = [item.title for item in outline.root]
            inner = [child.title for item in outline.root for child in item.children]
        links = [len(page.get("/Annots", [])) for page in document.pages]
    assert titles[:4] == ["Audit report NL-2026-0417 · Revision 1", "Conclusions", "How the audit went", "Contents"]
    assert "01 Overdue measuring equipment is used for release" in [
        title.replace("\u00a0", " ").replace("  ", " ") for title in inner
    ]
    assert links[3] >= 10


def test_a_picture_and_its_caption_stand_on_one_page(report: Rendered):
    pages = images_on(report.pdf)
    assert sum(pages) == 6
    for page, count in enumerate(pages, start=1):
        assert text_of(report.pdf, page, page).count("CET") >= count or count == 0
    caption = "Tool board of the early shift"
    shown = [page for page, count in enumerate(pages, start=1) if count and caption in text_of(report.pdf, page, page)]
    assert len(shown) == 1


def test_the_pictures_are_the_bytes_that_came(sample: tuple[ReportMaterial, Sample], report: Rendered):
    with pikepdf.open(io.BytesIO(report.pdf)) as document:
        shown = {bytes(image.read_raw_bytes()) for page in document.pages for image in page.get_images().values()}
    assert shown == {without_metadata(data) for data in sample[1].pictures.values()}


def test_both_signature_fields_have_a_place(report: Rendered):
    assert set(report.places) == set(FIELDS)
    assert {place.page for place in report.places.values()} <= set(range(3, report.pages))


@pytest.mark.slow
def test_a_picture_that_has_not_arrived_is_said_in_its_place(sample: tuple[ReportMaterial, Sample]):
    without = made(*sample, picture=lambda _sha256: None)
    assert len(without.missing_pictures) == 6
    assert text_of(without.pdf).count("Not on the server yet") == 6


@pytest.mark.slow
def test_a_picture_that_cannot_be_read_is_said_in_its_place(sample: tuple[ReportMaterial, Sample]):
    material = replace(sample[0], arrived=frozenset(sample[1].pictures))
    without = made(material, sample[1], picture=lambda _sha256: b"no picture")
    assert text_of(without.pdf).count("could not be decoded") == 6


@pytest.mark.slow
def test_place_and_camera_do_not_travel_with_a_picture(sample: tuple[ReportMaterial, Sample]):
    exif = Image.Exif()
    exif[0x010F] = "SECRET MAKER"
    output = io.BytesIO()
    Image.new("RGB", (64, 48), "#446688").save(output, "JPEG", exif=exif, comment=b"SECRET COMMENT")
    data = output.getvalue()
    assert b"SECRET" in data
    stripped = without_metadata(data)
    assert b"SECRET" not in stripped
    assert Image.open(io.BytesIO(stripped)).tobytes() == Image.open(io.BytesIO(data)).tobytes()
    assert b"SECRET" not in made(*sample, picture=lambda _sha256: data).pdf


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P"])
def test_pictures_in_other_colour_spaces_stay_archivable(sample: tuple[ReportMaterial, Sample], mode: str):
    output = io.BytesIO()
    picture = Image.new("RGB", (64, 48), "#446688").convert(mode)
    picture.save(output, "JPEG" if mode in ("L", "CMYK") else "PNG")
    assert made(*sample, picture=lambda _sha256: output.getvalue()).pages


@pytest.mark.slow
def test_hostile_text_is_printed_and_does_nothing(sample: tuple[ReportMaterial, Sample]):
    material, files = sample
    record = material.report.record
    hostile = '<img src="/etc/hostname"/><b>bold &amp; <a href="http://x">x</a>'
    findings = [record["findings"][0] | {"title": hostile, "requirement": hostile, "failure": hostile}]
    text = text_of(made(changed(material, findings=findings), files).pdf)
    assert text.count('<img src="/etc/hostname"/>') >= 3


@pytest.mark.slow
def test_sixty_findings_and_long_texts_are_set_whole(sample: tuple[ReportMaterial, Sample]):
    material, files = sample
    record = material.report.record
    long = " ".join(f"word{place}" for place in range(2500)) + " END-OF-TEXT"
    base = record["findings"]
    findings = [base[place % 7] | {"id": f"x{place}", "number": f"{place + 1:02d}"} for place in range(60)]
    findings[3] = findings[3] | {
        "objective_evidence": long,
        "grade_reason": long[:4000],
        "criteria": [row["criterion"] for row in record["clauses"][:40]],
    }
    evidence = [item | {"caption": (item["caption"] + " ") * 30} for item in record["evidence"]]
    judgements = [item | {"reason": long[:2000]} for item in record["judgements"][:5]] + record["judgements"][5:]
    report = made(
        changed(
            material,
            findings=findings,
            evidence=evidence,
            judgements=judgements,
            audit=record["audit"] | {"scope": long[:19_000], "title": "T" * 300},
            summary=record["summary"] | {"conformity": "Unbroken" * 900},
            attendance=[{"name": "N" * 300, "function": "F " * 150, "at_opening": True, "at_closing": None}] * 70,
        ),
        files,
    )
    text = text_of(report.pdf)
    assert "END-OF-TEXT" in text
    assert report.pages > 60
    assert f"Page {report.pages} of {report.pages}" in text


@pytest.mark.slow
def test_an_audit_without_findings_is_a_whole_report(sample: tuple[ReportMaterial, Sample]):
    material, files = sample
    record = material.report.record
    clauses = [row | {"result": "conforms", "findings": []} for row in record["clauses"]]
    report = made(changed(material, findings=[], evidence=[], pictures=[], clauses=clauses), files)
    text = text_of(report.pdf)
    assert "The audit team raised no nonconformity." in text
    assert "The audit team raised no finding." in text
    assert "0 major" in " ".join(text.split()) or "major nonconformities" in text


@pytest.mark.slow
def test_a_signature_that_was_declined_says_why(sample: tuple[ReportMaterial, Sample]):
    material, files = sample
    first, second = material.handwritten
    said = dict(second.born or {}) | {"outcome": "declined", "reason": "Wants to read it first.", "strokes": None}
    declined = HandwrittenSignature(replace(second.operation, value=said))
    text = text_of(made(replace(material, handwritten=(first, declined)), files).pdf)
    assert "Declined to sign" in text
    assert "Wants to read it first." in text
    only_one = text_of(made(replace(material, handwritten=(first,)), files).pdf)
    assert "No entry" in only_one


@pytest.mark.slow
def test_the_german_report_fits_its_first_three_pages_too():
    material, files = sample_material("de")
    report = made(material, files)
    assert "Stichprobe" in text_of(report.pdf, 2, 2)
    assert "Verlauf des Audits" in text_of(report.pdf, 3, 3)


def test_poppler_is_on_this_machine():
    assert shutil.which("pdftotext"), "scripts/system-packages.sh pdf installs it"
