"""Whatever the floor throws at it is kept, hashed and given back as it was; a picture of it is shown where there is one."""

import hashlib
import io
import zipfile

import pytest

from server.config import Config
from server.evidence.derivatives import report_picture
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit
from tests.evidence.pictures import as_file, quartered
from tests.evidence.sending import bring, key_of, known
from tests.evidence.test_derivatives import png_of_size

pytestmark = pytest.mark.slow


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("page.html", "<script>alert(1)</script>")
    return file.getvalue()


JPEG = as_file(quartered())
VIDEO = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(5000)
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

FILES: dict[str, tuple[bytes, str, str | None]] = {
    "a photo": (JPEG, "image/jpeg", None),
    "a screenshot": (as_file(quartered(), "PNG"), "image/png", None),
    "a picture from a page": (as_file(quartered(), "WEBP"), "image/webp", None),
    "a photo of an iPhone": (as_file(quartered(), "HEIF"), "image/heic", None),
    "a photo that is called a PNG": (JPEG, "image/png", None),
    "a photo that is called a document": (JPEG, "application/pdf", None),
    "a photo of a type that nobody knows": (JPEG, "application/x-unheard-of", None),
    "a photo with an archive behind it": (JPEG + archive(), "image/jpeg", None),
    "an archive that is called a photo": (archive(), "image/jpeg", "not_a_picture"),
    "a document": (PDF, "application/pdf", "not_a_picture"),
    "a document that is called a photo": (PDF, "image/jpeg", "not_a_picture"),
    "a document with a photo behind it": (PDF + JPEG, "image/jpeg", "not_a_picture"),
    "a video": (VIDEO, "video/mp4", "not_a_picture"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "text/html", "not_a_picture"),
    "nothing": (b"", "image/jpeg", "not_a_picture"),
    "one byte": (b"\xff", "image/jpeg", "not_a_picture"),
    "the beginning of a photo": (JPEG[:3], "image/jpeg", "damaged"),
    "half a photo": (JPEG[: len(JPEG) // 2], "image/jpeg", "damaged"),
    "a bomb": (png_of_size(30_000, 30_000), "image/png", "too_many_pixels"),
    "a bomb just over the limit": (png_of_size(8001, 8000), "image/png", "too_many_pixels"),
}


@pytest.fixture
def device(lena) -> Device:
    device = new_audit(lena)
    device.push()
    return device


@pytest.mark.parametrize("name", FILES)
def test_any_file_is_kept_and_given_back_as_it_was(device: Device, app, name: str):
    data, media_type, reason = FILES[name]
    config: Config = app.config["AUDITBOOK"]
    sha256 = bring(device, data, media_type)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert known(device, sha256) == [sha256]
    made = report_picture(EvidenceFiles(config), key_of(device, sha256))
    assert made.reason == reason
    assert (made.name is None) == (reason is not None)
    with device.person.get(f"/api/audits/{device.audit}/evidence/{sha256}") as answer:
        assert answer.status_code == 200
        assert answer.data == data
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    ("media_type", "suffix"), [("image/heic", "heic"), ("video/mp4", "mp4"), ("video/x-made-up", "bin")]
)
def test_a_file_that_is_saved_is_called_what_it_is(device: Device, media_type: str, suffix: str):
    sha256 = bring(device, VIDEO, media_type)
    with device.person.get(f"/api/audits/{device.audit}/evidence/{sha256}") as answer:
        assert answer.headers["Content-Disposition"] == f"attachment; filename={sha256}.{suffix}"
