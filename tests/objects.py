"""
A real S3 server for the tests: SeaweedFS, in a process of its own, over a folder that goes when it ends.

Its keys are the tests' own. It checks signatures and the hashes that are signed, knows ranges, and refuses who may not write.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import obstore
from obstore.store import S3Store

from server.config import Config
from server.storage.blobs import BlobKey
from server.storage.disk_blobs import DiskBlobs
from server.storage.evidence_store import EvidenceFiles
from server.storage.s3_blobs import S3Blobs
from tests.e2e.serving import free_port

BUCKET = "evidence"
KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"
READER, READERS_SECRET = "who-may-only-read", "secret-of-the-reader"
START_SECONDS = 60
ATTEMPTS = 3


@dataclass(frozen=True)
class Objects:
    """A bucket on a server. Each test has a prefix of its own in it."""

    endpoint: str
    log: Path
    _prefixes: "count[int]"

    def settings(self, config: Config) -> Config:
        """The same settings, with evidence in this bucket."""
        return replace(
            config,
            s3_bucket=BUCKET,
            s3_endpoint=self.endpoint,
            s3_access_key_id=KEY,
            s3_secret_access_key=SECRET,
            s3_prefix=f"test-{next(self._prefixes)}",
        )


def client(endpoint: str) -> S3Store:
    """Of whoever may do everything, over the whole bucket."""
    return S3Store(
        BUCKET,
        endpoint=endpoint,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def spoil(files: EvidenceFiles, key: BlobKey, data: bytes) -> None:
    """Other bytes in the place of a file, past everything that would keep them away."""
    if isinstance(files.blobs, S3Blobs):
        obstore.put(files.blobs._store, key.name, data)
        return
    assert isinstance(files.blobs, DiskBlobs)
    path = files.blobs.path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


class NotStarted(Exception):
    """It ended, or did not answer in time: somebody else may have taken one of its ports meanwhile."""


@contextlib.contextmanager
def own_objects(folder: Path) -> Iterator[Objects]:
    """A server with one empty bucket. Five seconds until it answers."""
    for attempt in range(1, ATTEMPTS + 1):
        place = folder / str(attempt)
        place.mkdir(parents=True)
        with contextlib.ExitStack() as running:
            try:
                objects = running.enter_context(_served(place))
            except NotStarted as problem:
                if attempt == ATTEMPTS:
                    raise AssertionError(str(problem)) from problem
                continue
            yield objects
            return


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[Objects]:
    port = free_port()
    keys = [(KEY, SECRET, ["Admin", "Read", "Write", "List"]), (READER, READERS_SECRET, ["Read", "List"])]
    known = folder / "keys.json"
    known.write_text(
        json.dumps(
            {
                "identities": [
                    {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
                    for key, secret, actions in keys
                ]
            }
        )
    )
    ports = {f"{part}.port": free_port() for part in ("master", "volume", "filer")}
    grpc = {f"{part}.port.grpc": free_port() for part in ("master", "volume", "filer", "s3")}
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 100,
        "s3": "true",
        "s3.port": port,
        "s3.config": known,
        "s3.autoCreateBucket": "false",
        # At ports of their own, where two tests at once would meet.
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "filer.localSocket": folder / "filer.sock",
        **ports,
        **grpc,
    }
    program = Path(sys.executable).with_name("weed")
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [program, "server", *(f"-{name}={value}" for name, value in options.items())],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
        )
    try:
        objects = Objects(f"http://127.0.0.1:{port}", log, count(1))
        _make_bucket(objects, process)
        yield objects
    finally:
        process.kill()
        process.wait(20)


def _make_bucket(objects: Objects, process: "subprocess.Popen[bytes]") -> None:
    """As soon as it answers, and when something can be written there: its parts find each other one after another."""
    deadline = time.monotonic() + START_SECONDS
    store = client(objects.endpoint)
    address = obstore.sign(store, "PUT", "", expires_in=timedelta(minutes=5))
    while True:
        with contextlib.suppress(OSError, obstore.exceptions.BaseError):
            with urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=5):
                pass
            obstore.put(store, "ready", b"")
            return
        if time.monotonic() > deadline or process.poll() is not None:
            raise NotStarted(f"The S3 server did not start:\n{objects.log.read_text()[-4000:]}")
        time.sleep(0.2)
