"""How a batch arrives: whole, unpacked, as its checksum says. What is cut or replaced on its way leaves no trace."""

import base64
import gzip
import hashlib
import json
import os
import zlib
from io import BytesIO

import pytest

from server.web import body as reading_bodies
from tests.devices import Device, new_audit, states

EVERY_NTH_BYTE = int(os.environ.get("CUT_EVERY", "37"))
"""At which a batch is cut. `make torture` cuts at each, by 1."""


@pytest.fixture
def device(lena) -> Device:
    return new_audit(lena)


def head_of(device: Device) -> int:
    listed = device.person.get("/api/audits").json
    return listed[0]["head"]["seq"] if listed else 0


def digest_header(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def post(device: Device, sent: bytes, **headers: str):
    return device.person.post(
        f"/api/audits/{device.audit}/operations",
        data=sent,
        headers={"Content-Type": "application/json"} | {name.replace("_", "-"): v for name, v in headers.items()},
    )


def body_of(device: Device) -> bytes:
    return json.dumps(device.batch(device.made)).encode()


def test_a_packed_batch_is_the_same_batch(database, device):
    assert states(device.send(device.made, packed=True)) == ["stored"] * 3


def test_a_batch_without_a_checksum_is_not_taken(device):
    answer = post(device, body_of(device))
    assert (answer.status_code, answer.json["code"]) == (400, "request.malformed")


@pytest.mark.parametrize(
    "header", ["", "sha-256", "sha-256=", "sha-256=abc", "sha-256=:!!!:", "sha-512=:AAAA:", "md5=:AAAA:, sha-256="]
)
def test_a_checksum_that_says_nothing_is_none(device, header):
    assert post(device, body_of(device), Content_Digest=header).json["code"] == "request.malformed"


def test_a_checksum_may_stand_among_others(device):
    body = body_of(device)
    assert post(device, body, Content_Digest=f"sha-512=:AAAA:, {digest_header(body)}").status_code == 200


@pytest.mark.parametrize("sent", [b"", b"{}", b"<html>Welcome to our hotel</html>"], ids=["empty", "object", "page"])
def test_a_body_that_was_replaced_on_its_way_is_refused(device, sent):
    answer = post(device, sent, Content_Digest=digest_header(body_of(device)))
    assert (answer.status_code, answer.json["code"]) == (400, "request.digest_mismatch")
    assert head_of(device) == 0


@pytest.mark.slow
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "packed"])
def test_a_batch_that_is_cut_anywhere_leaves_nothing(device, is_packed):
    body = body_of(device)
    sent = gzip.compress(body) if is_packed else body
    headers = {"Content_Encoding": "gzip"} if is_packed else {}
    cuts = [*range(0, len(sent), EVERY_NTH_BYTE), len(sent) - 1]
    for cut in cuts:
        answer = post(device, sent[:cut], Content_Digest=digest_header(body), **headers)
        assert answer.json["code"] == "request.digest_mismatch"
    assert head_of(device) == 0
    assert states(device.push()) == ["stored"] * 3


def test_a_connection_that_breaks_in_the_middle_leaves_nothing(device):
    body = body_of(device)
    answer = device.person.api.post(
        f"/api/audits/{device.audit}/operations",
        input_stream=BytesIO(body[:100]),
        headers={"Content-Type": "application/json", "Content-Digest": digest_header(body)},
        environ_overrides={"CONTENT_LENGTH": str(len(body))},
    )
    assert answer.json["code"] == "request.digest_mismatch"
    assert head_of(device) == 0


@pytest.mark.slow
def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(device):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    answer = post(device, bomb, Content_Digest=digest_header(b""), Content_Encoding="gzip")
    assert (answer.status_code, answer.json["code"]) == (413, "request.too_large")


def test_a_body_beyond_the_limit_is_refused(device):
    body = bytes(reading_bodies.MAX_SENT + 1)
    answer = post(device, body, Content_Digest=digest_header(body))
    assert (answer.status_code, answer.json["code"]) == (413, "request.too_large")


def test_what_follows_behind_the_packed_body_is_not_overlooked(device):
    body = body_of(device)
    sent = gzip.compress(body) + b"more"
    answer = post(device, sent, Content_Digest=digest_header(body), Content_Encoding="gzip")
    assert answer.json["code"] == "request.digest_mismatch"


def test_another_packing_is_refused(device):
    body = body_of(device)
    answer = post(device, body, Content_Digest=digest_header(body), Content_Encoding="br")
    assert answer.json["code"] == "request.malformed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"[" * 5000 + b"]" * 5000, 400),
        (b'{"protocol": 1' + b"0" * 5000 + b"}", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"{}", 422),
        (b'{"protocol": NaN}', 422),
        (b'{"protocol": 1e400}', 422),
        (b"\xff\xfe", 400),
    ],
)
def test_a_body_of_another_shape_is_refused_and_never_a_fault(device, body, status):
    answer = post(device, body, Content_Digest=digest_header(body))
    assert (answer.status_code, answer.json["code"]) == (status, "request.malformed")


@pytest.mark.parametrize(
    "changed",
    [
        {"operations": []},
        {"operations": ["x"] * 501},
        {"operations": [1]},
        {"operations": "x"},
        {"installation": "mine"},
        {"installation": "\x00"},
        {"announced": None},
        {"announced": {"dseq": 2**63, "digest": "0" * 64}},
        {"announced": {"dseq": 1, "digest": "\x00"}},
        {"head_signature": "x" * 121},
        {"protocol": "1"},
        {"unheard_of": 1},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_batch_of_another_shape_is_refused_and_never_a_fault(device, changed):
    body = json.dumps(device.batch(device.made) | changed).encode()
    answer = device.send_body(body)
    assert (answer.status_code, answer.json["code"]) == (422, "request.malformed")


@pytest.mark.parametrize("signature", ["\x00", "\ud800", "ü" * 86])
def test_a_signature_that_is_none_refuses_nothing(database, device, signature):
    assert states(device.push(head_signature=signature)) == ["stored"] * 3


def test_a_newer_app_is_told_which_version_the_server_speaks(device):
    answer = device.push(protocol=2)
    assert (answer.status_code, answer.json["code"]) == (409, "sync.protocol")
    assert answer.json["facts"] == {"got": 2, "expected": 1}


class Connection:
    """A stand-in for gunicorn's socket, on which nothing more ever comes."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)


class Silence(BytesIO):
    def read(self, *_: object) -> bytes:
        raise TimeoutError

    readinto = read


def test_a_connection_that_falls_silent_is_given_up(device):
    connection = Connection()
    answer = device.person.api.post(
        f"/api/audits/{device.audit}/operations",
        input_stream=Silence(),
        headers={"Content-Type": "application/json", "Content-Digest": digest_header(b"x")},
        environ_overrides={"CONTENT_LENGTH": "1000", "gunicorn.socket": connection},
    )
    assert answer.json["code"] == "request.digest_mismatch"
    assert connection.timeouts == [reading_bodies.LONGEST_SILENCE]
