"""Parts of a file (RFC 9110, sections 13 and 14), from the disk and from S3, only for those who may see the audit."""

import hashlib
import os

import pytest

from server.web import evidence as serving
from tests.devices import Device, new_audit
from tests.evidence.sending import bring

pytestmark = pytest.mark.slow

DATA = os.urandom(10_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
ETAG = f'"{SHA256}"'


@pytest.fixture
def device(store, lena) -> Device:
    device = new_audit(lena)
    device.push()
    bring(device, DATA, "video/mp4")
    return device


@pytest.fixture
def get(device: Device):
    def get(method: str = "GET", person=None, **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        api = (person or device.person).api
        return api.open(f"/api/audits/{device.audit}/evidence/{SHA256}", method=method, headers=named)

    return get


def test_parts_are_answered_as_the_rfc_has_it(get):
    """Section 14.1.2: first and last byte, from one on, the last ones; beyond the end is cut off; section 14.4: which ones they are."""
    asked = {
        "bytes=0-0": (0, 1),
        "bytes=0-499": (0, 500),
        "bytes=500-999": (500, 1000),
        "bytes=9500-": (9500, 10_000),
        "bytes=-500": (9500, 10_000),
        "bytes=9999-20000": (9999, 10_000),
        "bytes=-20000": (0, 10_000),
        "BYTES = , 5-6 ,": (5, 7),
    }
    for header, (start, end) in asked.items():
        with get(Range=header) as answer:
            assert (answer.status_code, answer.data) == (206, DATA[start:end]), header
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
            assert answer.headers["Content-Length"] == str(end - start)
            assert answer.headers["Content-Type"] == "video/mp4"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["ETag"] == ETAG
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "sandbox"
            assert answer.headers["Content-Disposition"].startswith("attachment; ")


def test_what_none_has_is_not_satisfiable(get):
    for header in ("bytes=10000-", "bytes=20000-20001", "bytes=-0"):
        with get(Range=header) as answer:
            assert (answer.status_code, answer.json["code"]) == (416, "evidence.range")
            assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


def test_what_is_no_single_range_of_bytes_is_answered_with_everything(get):
    for header in ("lines=1-2", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "bytes=٣-٤", "0-5"):
        with get(Range=header.encode().decode("latin-1")) as answer:
            assert (answer.status_code, answer.data) == (200, DATA), header
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert "Content-Range" not in answer.headers


def test_a_part_of_what_the_reader_had_is_given_of_that_very_file_alone(get):
    with get(Range="bytes=0-4", If_Range=ETAG) as answer:
        assert (answer.status_code, answer.data) == (206, DATA[:5])
    for other in (f"W/{ETAG}", '"another"', "Sat, 28 Nov 2026 10:00:00 GMT"):
        with get(Range="bytes=0-4", If_Range=other) as answer:
            assert (answer.status_code, answer.data) == (200, DATA), other


def test_who_has_it_all_is_told_so_before_any_range_is_looked_at(get):
    for header in ("bytes=0-4", "bytes=10000-"):
        with get(Range=header, If_None_Match=ETAG) as answer:
            assert (answer.status_code, answer.data) == (304, b"")


def test_a_question_for_the_head_brings_no_bytes(get):
    with get("HEAD", Range="bytes=0-4") as answer:
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Length"] == str(len(DATA))
        assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_video_comes_in_short_parts_and_a_picture_as_it_was_asked_for(get, device, monkeypatch):
    monkeypatch.setattr(serving, "PLAYED_AT_ONCE", 1000)
    with get(Range="bytes=500-") as answer:
        assert (answer.status_code, answer.data) == (206, DATA[500:1500])
        assert answer.headers["Content-Range"] == f"bytes 500-1499/{len(DATA)}"
    picture = os.urandom(5000)
    sha256 = bring(device, picture, "image/jpeg")
    address = f"/api/audits/{device.audit}/evidence/{sha256}"
    with device.person.api.get(address, headers={"Range": "bytes=500-"}) as answer:
        assert answer.data == picture[500:]


def test_who_may_not_see_the_audit_gets_no_part_of_it(get, aron, otto):
    for person in (aron, otto):
        with get(person=person, Range="bytes=0-4") as answer:
            assert (answer.status_code, answer.json["code"]) == (404, "request.not_found")


def test_whoever_leaves_the_team_gets_the_next_part_no_more(get, device, aron):
    member = device.add_member(aron)
    device.push()
    with get(person=aron, Range="bytes=0-4") as answer:
        assert answer.status_code == 206
    device.make("del", member, "deleted", True, bases=[head for heads in device.heads.values() for head in heads])
    device.push()
    with get(person=aron, Range="bytes=5-9") as answer:
        assert answer.status_code == 404
