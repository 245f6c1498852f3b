"""What tus 1.0 says beyond the core: bytes with the announcement, checksums, an end for what leads nowhere, and a proxy without PATCH."""

import base64
import hashlib
import os
from io import BytesIO

import pytest
from werkzeug.http import http_date, parse_date

from schemas.evidence import MAX_EVIDENCE_BYTES
from server.config import Config
from server.evidence import upload as uploading
from server.evidence.upload import KEPT, expire_uploads
from server.jobs.tidy_up import tidy_up
from server.storage.clock import now_ms
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, announce, append, known, name_picture, offset_of

pytestmark = pytest.mark.slow


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


@pytest.fixture
def device(lena) -> Device:
    device = new_audit(lena)
    device.push()
    return device


def ask(device: Device, method: str, address: str, data: bytes = b"", promised: int | None = None, **headers: str):
    """With a body of bytes, as tus has it."""
    return device.person.api.open(
        address,
        method=method,
        input_stream=BytesIO(data),
        headers={
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        environ_overrides={"CONTENT_LENGTH": str(len(data) if promised is None else promised)},
    )


def announced_with(device: Device, first: bytes, promised: int | None = None, **headers: str):
    said = {"sha256": SHA256, "audit": device.audit, "media_type": "image/jpeg"}
    encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    length = {"Upload_Length": str(len(PICTURE)), "Upload_Metadata": encoded}
    return ask(device, "POST", "/api/evidence/uploads", first, promised, **length, **headers)


def sum_of(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_a_server_says_what_it_can_do(device):
    answer = device.person.api.options("/api/evidence/uploads")
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(MAX_EVIDENCE_BYTES)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_another_version_is_told_which_one_is_spoken(device):
    address = announce(device).headers["Location"]
    for method in ("HEAD", "PATCH", "DELETE"):
        answer = device.person.api.open(address, method=method, headers={"Tus-Resumable": "0.2.2"})
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_the_head_says_what_was_announced(device):
    address = announce(device).headers["Location"]
    answer = device.person.api.head(address)
    pairs = dict(pair.split(" ") for pair in answer.headers["Upload-Metadata"].split(","))
    assert {name: base64.b64decode(value).decode() for name, value in pairs.items()} == {
        "sha256": SHA256,
        "audit": device.audit,
        "media_type": "image/jpeg",
    }


# --- Creation with upload


def test_the_first_bytes_come_with_the_announcement(database, device):
    created = announced_with(device, PICTURE[:1000])
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "1000")
    address = created.headers["Location"]
    assert append(device, address, 1000, PICTURE[1000:]).status_code == 204
    assert known(device, SHA256) == [SHA256]


def test_a_whole_file_comes_with_its_announcement(database, device):
    assert announced_with(device, PICTURE).headers["Upload-Offset"] == str(len(PICTURE))
    assert known(device, SHA256) == [SHA256]
    again = announced_with(device, PICTURE)
    assert (again.status_code, again.headers["Upload-Offset"]) == (201, str(len(PICTURE)))


def test_bytes_that_come_with_a_second_announcement_are_not_put_behind_those_of_the_first(device):
    announced_with(device, PICTURE[:1000])
    again = announced_with(device, PICTURE[:5000])
    assert again.headers["Upload-Offset"] == "1000"
    append(device, again.headers["Location"], 1000, PICTURE[1000:])
    assert known(device, SHA256) == [SHA256]


def test_an_announcement_that_is_cut_is_gone_on_with(device):
    cut = announced_with(device, PICTURE[:1000], promised=len(PICTURE))
    assert (cut.status_code, cut.json["facts"]) == (409, {"offset": 1000})
    assert announce(device).headers["Upload-Offset"] == "1000"


# --- Checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_that_are_what_their_checksum_says_are_taken(device, algorithm):
    address = announce(device).headers["Location"]
    for start in range(0, len(PICTURE), 70_000):
        part = PICTURE[start : start + 70_000]
        answer = ask(device, "PATCH", address, part, Upload_Offset=str(start), Upload_Checksum=sum_of(part, algorithm))
        assert answer.status_code == 204, answer.json
    assert known(device, SHA256) == [SHA256]


def test_of_bytes_that_are_others_none_is_kept(device, files):
    address = announce(device).headers["Location"]
    append(device, address, 0, PICTURE[:500])
    said = {"Upload_Offset": "500", "Upload_Checksum": sum_of(PICTURE[500:1000])}
    wrong = ask(device, "PATCH", address, b"x" + PICTURE[501:1000], **said)
    assert (wrong.status_code, wrong.json["code"]) == (460, "evidence.checksum_mismatch")
    cut = ask(device, "PATCH", address, PICTURE[500:900], promised=500, **said)
    assert (cut.status_code, cut.json["code"]) == (460, "evidence.checksum_mismatch")
    assert offset_of(device, address) == 500
    assert ask(device, "PATCH", address, PICTURE[500:1000], **said).headers["Upload-Offset"] == "1000"
    upload = address.rpartition("/")[2]
    assert not [path for path in files.uploads.path(upload).parent.iterdir() if path.suffix == ".unchecked"]


def test_nobody_who_asks_meanwhile_is_told_that_unchecked_bytes_are_here(device, files):
    upload = announce(device).headers["Location"].rpartition("/")[2]
    seen = []

    def chunks():
        yield PICTURE[:1000]
        seen.append(files.uploads.size(upload))

    files.uploads.append_checked(upload, chunks(), "sha1", hashlib.sha1(PICTURE[:1000]).digest())
    assert (seen, files.uploads.size(upload)) == ([0], 1000)


def test_a_checksum_counts_with_an_announcement_as_well(device):
    wrong = announced_with(device, PICTURE[:1000], Upload_Checksum=sum_of(b"another"))
    assert wrong.status_code == 460
    right = announced_with(device, PICTURE[:1000], Upload_Checksum=sum_of(PICTURE[:1000]))
    assert (right.status_code, right.headers["Upload-Offset"]) == (201, "1000")


@pytest.mark.parametrize("said", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1", "sha1 !!!", "", "sha1 AAAA"])
def test_a_checksum_of_another_kind_is_refused(device, said):
    address = announce(device).headers["Location"]
    answer = ask(device, "PATCH", address, PICTURE[:10], Upload_Offset="0", Upload_Checksum=said)
    assert answer.status_code in (400, 460)
    assert offset_of(device, address) == 0


# --- Expiration


def test_an_upload_that_no_entry_names_says_how_long_it_is_kept(device):
    before = now_ms()
    created = announce(device)
    until = parse_date(created.headers["Upload-Expires"])
    assert until is not None and abs(until.timestamp() * 1000 - before - KEPT) < 60_000
    assert http_date(until) == created.headers["Upload-Expires"]
    name_picture(device)
    answer = append(device, created.headers["Location"], 0, PICTURE[:10])
    assert "Upload-Expires" not in answer.headers, "an entry names it, so it is waited for"


@pytest.fixture
def in_a_while(monkeypatch: pytest.MonkeyPatch):
    """The clock of uploads, so many milliseconds on."""

    def go(milliseconds: int) -> None:
        later = now_ms() + milliseconds
        monkeypatch.setattr(uploading, "now_ms", lambda: later)

    return go


def test_what_leads_nowhere_expires_and_what_an_entry_names_does_not(database, device, files, app, config, in_a_while):
    other = os.urandom(1000)
    nowhere = announce(device, other).headers["Location"]
    append(device, nowhere, 0, other[:500])
    named = announce(device).headers["Location"]
    append(device, named, 0, PICTURE[:500])
    name_picture(device)
    whole = announce(device, b"whole").headers["Location"]
    append(device, whole, 0, b"whole")
    in_a_while(KEPT - 60_000)
    assert expire_uploads(files) == 0
    in_a_while(KEPT + 60_000)
    tidy_up(config)
    assert device.person.api.head(nowhere).status_code == 410
    assert files.uploads.size(nowhere.rpartition("/")[2]) == 0
    assert (offset_of(device, named), offset_of(device, whole)) == (500, 5)
    assert announce(device, other).headers["Upload-Offset"] == "0"


def test_what_bytes_still_come_for_is_kept(device, files, in_a_while):
    other = os.urandom(1000)
    address = announce(device, other).headers["Location"]
    append(device, address, 0, other[:500])
    path = files.uploads.path(address.rpartition("/")[2])
    later = path.stat().st_mtime + 20 * 24 * 3600
    os.utime(path, (later, later))
    in_a_while(KEPT + 60_000)
    assert expire_uploads(files) == 0


# --- A proxy that knows no PATCH


def test_patch_may_come_as_post(device):
    address = announce(device).headers["Location"]
    said = {"Upload_Offset": "0", "X_HTTP_Method_Override": "PATCH"}
    assert ask(device, "POST", address, PICTURE, **said).status_code == 204
    assert known(device, SHA256) == [SHA256]
    for other in ("DELETE", "PUT", ""):
        refused = ask(device, "POST", address, b"", Upload_Offset="0", X_HTTP_Method_Override=other)
        assert refused.status_code == 405
