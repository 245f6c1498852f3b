"""
The official clients of tus, tuspy and tus-js-client, against the real server: over a good line and over one that is closed, reset and stalled.

Per cut at most one chunk is sent again; without chunks, no more than what a single read of the server holds and what was in the air.
"""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from tusclient.client import TusClient

from tests.devices import Device, new_audit
from tests.e2e.serving import Server
from tests.evidence.conftest import Served
from tests.links import Fault, How, Link

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SIZE = 2_000_000
PART = 256 * 1024
HEADERS = 1500
"""Bytes of the head of a request, at most."""
FAULTS = [Fault(how, after) for after in (60_000, 200_000) for how in get_args(How)]


@dataclass
class Given:
    """A file, and where it belongs."""

    path: Path
    data: bytes
    device: Device
    cookie: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def metadata(self) -> dict[str, str]:
        return {"sha256": self.sha256, "audit": self.device.audit, "media_type": "image/jpeg"}

    def is_stored(self) -> bool:
        known = self.device.person.post(
            f"/api/audits/{self.device.audit}/evidence/known", json={"sha256": [self.sha256]}
        )
        return bool(known.json["stored"] == [self.sha256])


@pytest.fixture
def given(served: Served, server: Server, cookie: str, tmp_path: Path) -> Given:
    device = new_audit(served.lena)
    device.push()
    data = os.urandom(SIZE)
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    return Given(path, data, device, cookie)


def by_javascript(given: Given, address: str, **more: object) -> dict[str, object]:
    told = {
        "file": str(given.path),
        "endpoint": f"{address}/api/evidence/uploads",
        "cookie": given.cookie,
        "metadata": given.metadata,
        **more,
    }
    script = ROOT / "tests/evidence/tus_client.mjs"
    done = subprocess.run(
        [ROOT / "scripts/node.sh", "node", script],
        env={**os.environ, "UPLOAD": json.dumps(told)},
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=True,
    )
    said: dict[str, object] = json.loads(done.stdout)
    assert "failed" not in said, said
    return said


def by_python(given: Given, address: str, *, chunk_size: int | None = None, checksum: bool = False) -> None:
    client = TusClient(f"{address}/api/evidence/uploads", headers={"Cookie": given.cookie})
    with given.path.open("rb") as file:
        uploader = client.uploader(
            file_stream=file,
            metadata=given.metadata,
            upload_checksum=checksum,
            retries=40,
            retry_delay=0.1,
            **({} if chunk_size is None else {"chunk_size": chunk_size}),
        )
        uploader.upload()
        assert uploader.offset == SIZE


def sent_again(link: Link, most_requests: int) -> int:
    return link.sent - SIZE - most_requests * HEADERS


# --- tuspy


@pytest.mark.parametrize(
    ("chunk_size", "checksum"), [(None, False), (PART, False), (PART, True)], ids=["whole", "chunks", "checksum"]
)
def test_tuspy_uploads(given, server, chunk_size, checksum):
    by_python(given, f"http://127.0.0.1:{server.port}", chunk_size=chunk_size, checksum=checksum)
    assert given.is_stored()


@pytest.mark.parametrize("checksum", [False, True], ids=["chunks", "checksum"])
def test_tuspy_comes_through_a_bad_line(given, server, checksum):
    with Link(server.port, FAULTS) as link:
        by_python(given, link.address, chunk_size=PART, checksum=checksum)
        assert link.happened == [fault.how for fault in FAULTS]
        requests = 1 + SIZE // PART + 1 + 2 * len(FAULTS)
        assert sent_again(link, requests) <= len(FAULTS) * PART
    assert given.is_stored()


def test_tuspy_goes_on_where_another_one_stopped(given, server):
    client = TusClient(f"http://127.0.0.1:{server.port}/api/evidence/uploads", headers={"Cookie": given.cookie})
    with given.path.open("rb") as file:
        first = client.uploader(file_stream=file, metadata=given.metadata, chunk_size=PART)
        first.upload_chunk()
        second = client.uploader(file_stream=file, url=first.url, chunk_size=PART)
        assert second.offset == PART
        second.upload()
    assert given.is_stored()


# --- tus-js-client


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"chunkSize": PART},
        {"chunkSize": PART, "withCreation": True},
        {"chunkSize": PART, "overridePatch": True},
    ],
    ids=["whole", "chunks", "creation with upload", "no PATCH"],
)
def test_tus_js_client_uploads(given, server, how):
    by_javascript(given, f"http://127.0.0.1:{server.port}", **how)
    assert given.is_stored()


def test_tus_js_client_gives_an_upload_up(given, server):
    said = by_javascript(given, f"http://127.0.0.1:{server.port}", chunkSize=PART, abortAt=2 * PART)
    address = str(said["url"]).partition(str(server.port))[2]
    assert given.device.person.api.head(address).status_code == 410
    assert not given.is_stored()


@pytest.mark.parametrize("chunk_size", [PART, None], ids=["chunks", "whole"])
def test_tus_js_client_comes_through_a_bad_line(given, server, chunk_size):
    with Link(server.port, FAULTS) as link:
        by_javascript(given, link.address, **({} if chunk_size is None else {"chunkSize": chunk_size}))
        assert link.happened == [fault.how for fault in FAULTS]
        requests = 1 + SIZE // PART + 1 + 2 * len(FAULTS)
        assert sent_again(link, requests) <= len(FAULTS) * PART
    assert given.is_stored()
