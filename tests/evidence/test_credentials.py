"""Content credentials in files that come up: read apart, reported as they are, and the file stays as it came."""

import hashlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.config import Config
from server.evidence import credentials, read_credentials
from server.evidence.credentials import kept_credentials
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from tests.evidence.pictures import as_file, quartered
from tests.evidence.signed import CAMERA, FIRMWARE, MAKER, signed

pytestmark = pytest.mark.slow

WORKSPACE, AUDIT = new_id(), new_id()
FORMS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(Config(data=str(tmp_path)))


def kept(files: EvidenceFiles, data: bytes, tmp_path: Path) -> BlobKey:
    key = BlobKey(WORKSPACE, AUDIT, hashlib.sha256(data).hexdigest())
    (tmp_path / "source").write_bytes(data)
    files.blobs.put(key, tmp_path / "source")
    return key


def found(files: EvidenceFiles, data: bytes, tmp_path: Path) -> dict[str, Any]:
    key = kept(files, data, tmp_path)
    credentials.read_credentials(files, key)
    assert files.blobs.path(key).read_bytes() == data, "the file stays as it came"
    return kept_credentials(files, key)


@pytest.mark.parametrize("form", FORMS)
def test_a_signed_file_says_who_signed_with_what_and_that_we_do_not_know_the_signer(form: str, files, tmp_path):
    said = found(files, signed(as_file(quartered(), form), FORMS[form]), tmp_path)
    assert said == {
        "state": "valid",
        "signed_by": CAMERA,
        "organisation": MAKER,
        "signed_at": None,
        "is_signer_known": False,
        "tool": f"{FIRMWARE} 3.1",
        "actions": ["c2pa.created"],
        "sources": ["digitalCapture"],
        "problems": [],
    }


def test_a_file_that_was_changed_after_it_was_signed_is_not_valid(files, tmp_path):
    data = bytearray(signed(as_file(quartered())))
    data[-300] ^= 0x01
    said = found(files, bytes(data), tmp_path)
    assert (said["state"], said["problems"]) == ("not_valid", ["assertion.dataHash.mismatch"])
    assert said["signed_by"] == CAMERA


@pytest.mark.parametrize("damage", ["zeros in it", "cut off"])
def test_a_manifest_that_cannot_be_read_is_said_to_be_there(damage: str, files, tmp_path):
    data = signed(as_file(quartered()))
    place = data.index(b"c2pa.signature") + 40
    broken = data[:place] if damage == "cut off" else data[:place] + bytes(400) + data[place + 400 :]
    said = found(files, broken, tmp_path)
    assert said["state"] == "unreadable"
    assert len(said["problems"]) == 1


@pytest.mark.parametrize("data", [as_file(quartered()), b"", b"A text.", b"%PDF-1.7\n%%EOF\n", b"\x00" * 5000])
def test_a_file_without_credentials_has_none(data: bytes, files, tmp_path):
    assert found(files, data, tmp_path)["state"] == "none"


def test_what_lies_at_another_place_is_not_fetched(files, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/manifest.c2pa"
        assert found(files, signed(as_file(quartered()), address=address), tmp_path)["state"] == "elsewhere"
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_the_program_can_open_neither_a_file_nor_a_socket_once_it_reads(tmp_path):
    program = f"""
import runpy, socket, sys
there = runpy.run_path({read_credentials.__file__!r})
def read(*_):
    for open_one in (lambda: socket.socket(), lambda: open("/etc/hostname")):
        try:
            open_one()
        except OSError as problem:
            assert problem.errno == 24, problem
        else:
            sys.exit(9)
    return {{"state": "none"}}
there["main"].__globals__["credentials_in"] = read
there["main"](sys.argv[1], sys.argv[2])
"""
    (tmp_path / "picture").write_bytes(as_file(quartered()))
    arguments = [str(tmp_path / "picture"), str(tmp_path / "found.json")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "found.json").read_text()) == {"state": "none"}


@pytest.mark.parametrize(
    "written",
    ["", "{", "[]", '{"state": "splendid"}', '{"state": "valid", "signed_by": 7}', "[" * 60_000, '{"state": "valid", "signed_by": "' + "x" * 70_000 + '"}'],
    ids=["nothing", "half", "a list", "no such state", "no text", "deep", "long"],
)  # fmt: skip
def test_what_a_program_that_was_taken_over_writes_is_not_believed(written: str, files, tmp_path, monkeypatch):
    def taken_over(_program: str, arguments: list[str]) -> Any:
        Path(arguments[1]).write_text(written)
        return credentials_ended(0)

    monkeypatch.setattr("server.evidence.credentials.run_apart", taken_over)
    assert found(files, as_file(quartered()), tmp_path)["state"] == "not_read"


def credentials_ended(code: int) -> Any:
    from server.evidence.apart import Ended

    return Ended(code, "")


def test_where_the_program_dies_that_is_said_and_where_it_had_no_time_it_is_tried_again(files, tmp_path, monkeypatch):
    key = kept(files, as_file(quartered()), tmp_path)
    monkeypatch.setattr("server.evidence.credentials.run_apart", lambda *_: None)
    credentials.read_credentials(files, key)
    assert kept_credentials(files, key) == {"state": "waiting"}
    monkeypatch.setattr("server.evidence.credentials.run_apart", lambda *_: credentials_ended(-11))
    credentials.read_credentials(files, key)
    assert kept_credentials(files, key) == {"state": "not_read"}


def test_texts_are_cut_and_have_no_control_characters():
    store = {
        "active_manifest": "m",
        "validation_state": "Valid",
        "manifests": {"m": {"signature_info": {"common_name": "A\n\x1b[31m" + "b" * 500}, "claim_generator_info": 7}},
    }
    said = read_credentials.words_of(store)
    assert said["signed_by"] == "A  [31m" + "b" * 193
    assert said["tool"] is None


def test_what_was_found_goes_with_the_file(files, tmp_path):
    data = signed(as_file(quartered()))
    key = kept(files, data, tmp_path)
    credentials.read_credentials(files, key)
    files.blobs.delete(key)
    assert list(files.blobs.path(key).parent.glob(f"{key.sha256}*")) == []
    credentials.read_credentials(files, key)
    assert list(files.blobs.path(key).parent.glob(f"{key.sha256}*")) == []
