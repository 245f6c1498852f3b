"""What a store of evidence does, on the disk and on S3: the same, but for where it lies."""

import hashlib
import os
from pathlib import Path

import pytest

from server.config import Config
from server.storage.blobs import BlobKey, is_intact
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from tests.objects import spoil

DATA = os.urandom(100_000)
WORKSPACE, AUDIT = new_id(), new_id()


def key_of(data: bytes, audit: str = AUDIT) -> BlobKey:
    return BlobKey(WORKSPACE, audit, hashlib.sha256(data).hexdigest())


KEY = key_of(DATA)


@pytest.fixture
def files(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> EvidenceFiles:
    config = Config(data=str(tmp_path / "data"))
    return EvidenceFiles(config if store == "disk" else request.getfixturevalue("objects").settings(config))


@pytest.fixture
def put(files: EvidenceFiles, tmp_path: Path):
    def put(data: bytes = DATA, key: BlobKey | None = None) -> BlobKey:
        key = key or key_of(data)
        source = tmp_path / "arriving"
        source.write_bytes(data)
        files.blobs.put(key, source)
        assert not source.exists(), "it was taken over"
        return key

    return put


def read(files: EvidenceFiles, key: BlobKey, *part: int) -> bytes:
    return b"".join(files.blobs.chunks(key, *part))


def test_an_empty_store_can_be_used_and_holds_nothing(files):
    files.blobs.probe()
    assert not files.blobs.exists(KEY)
    assert not files.blobs.remains(KEY)
    assert not is_intact(files.blobs, KEY)
    assert files.blobs.among(WORKSPACE, AUDIT, {KEY.sha256}) == set()
    assert files.blobs.held(WORKSPACE, AUDIT) == {}
    assert list(files.blobs.audits()) == []
    files.blobs.delete(KEY)
    for asked in (lambda: files.blobs.size(KEY), lambda: read(files, KEY), lambda: read(files, KEY, 5, 10)):
        with pytest.raises(FileNotFoundError):
            asked()
    with pytest.raises(FileNotFoundError), files.blobs.local_copy(KEY):
        pass


def test_what_is_put_comes_back_whole_and_in_parts(files, put):
    put()
    assert (files.blobs.size(KEY), read(files, KEY), is_intact(files.blobs, KEY)) == (len(DATA), DATA, True)
    for start, length in [(0, 1), (1000, 5000), (len(DATA) - 1, 1), (len(DATA) - 5, 100), (0, len(DATA))]:
        assert read(files, KEY, start, length) == DATA[start : start + length]
    with files.blobs.local_copy(KEY) as path:
        assert path.read_bytes() == DATA
    assert files.blobs.held(WORKSPACE, AUDIT) == {KEY.sha256: len(DATA)}
    assert KEY.name in files.blobs.place(KEY)


def test_on_the_disk_a_file_and_its_name_are_kept_before_anything_is_answered(tmp_path, monkeypatch):
    """Bytes, then the name, then the folder that holds it, and the new folders above: after a power cut all of it is there or none."""
    files = EvidenceFiles(Config(data=str(tmp_path)))
    source = tmp_path / "arriving"
    source.write_bytes(DATA)
    done: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append(f"keep {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append(f"rename to {target.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    files.blobs.put(KEY, source)
    assert set(done[:3]) == {f"keep {tmp_path.name}", "keep evidence", f"keep {WORKSPACE}"}
    assert done[3:] == ["keep arriving", f"rename to {KEY.sha256}", f"keep {AUDIT}"]


@pytest.mark.parametrize("size", [0, 9 * 1024 * 1024], ids=["empty", "in several parts"])
@pytest.mark.slow
def test_a_file_of_any_size_is_kept(files, put, size):
    data = os.urandom(size)
    key = put(data)
    assert read(files, key) == data
    assert files.blobs.size(key) == size


def test_of_many_files_those_that_are_there_are_named(files, put):
    keys = [put(bytes([number])) for number in range(6)]
    elsewhere = put(b"0", key_of(b"0", new_id()))
    asked = {key.sha256 for key in keys[:5]} | {"0" * 64, elsewhere.sha256}
    assert files.blobs.among(WORKSPACE, AUDIT, asked) == {key.sha256 for key in keys[:5]}
    assert {(workspace, audit) for workspace, audit, _ in files.blobs.audits()} == {
        (WORKSPACE, AUDIT),
        (WORKSPACE, elsewhere.audit),
    }


def test_one_audit_does_not_hold_what_another_one_holds(files, put):
    put()
    other = key_of(DATA, new_id())
    assert not files.blobs.exists(other)
    put(DATA, other)
    files.blobs.delete(KEY)
    assert read(files, other) == DATA


def test_what_is_derived_lies_beside_and_goes_with_its_file(files, put, tmp_path):
    put()
    for name in ("report.jpg", "0f.report.jpg"):
        assert not files.blobs.has_beside(KEY, name)
        assert files.blobs.read_beside(KEY, name) is None
        made = tmp_path / "made"
        made.write_bytes(name.encode())
        files.blobs.keep_beside(KEY, name, made)
        assert not made.exists()
        assert files.blobs.has_beside(KEY, name)
        assert files.blobs.read_beside(KEY, name) == name.encode()
    assert sorted(files.blobs.names_beside(KEY)) == ["0f.report.jpg", "report.jpg"]
    others = {hashlib.sha256(bytes([number])).hexdigest() for number in range(6)}
    for asked in ({KEY.sha256}, {KEY.sha256, *others}):
        assert files.blobs.among_beside(WORKSPACE, AUDIT, asked, "report.jpg") == {KEY.sha256}
    files.blobs.remove_beside(KEY, "report.jpg")
    files.blobs.remove_beside(KEY, "report.jpg")
    assert not files.blobs.has_beside(KEY, "report.jpg")
    assert files.blobs.held(WORKSPACE, AUDIT) == {KEY.sha256: len(DATA)}
    files.blobs.delete(KEY)
    assert not files.blobs.remains(KEY)
    assert files.blobs.read_beside(KEY, "0f.report.jpg") is None
    assert files.blobs.names_beside(KEY) == []


def test_something_may_lie_beside_a_place_where_no_file_is_yet(files, tmp_path):
    made = tmp_path / "made"
    made.write_bytes(b"sent ahead")
    files.blobs.keep_beside(KEY, "ahead.view.jpg", made)
    assert not files.blobs.exists(KEY)
    assert files.blobs.read_beside(KEY, "ahead.view.jpg") == b"sent ahead"
    files.blobs.delete(KEY)
    assert not files.blobs.remains(KEY)


def test_what_has_rotted_is_set_aside_until_the_right_one_comes(files, put):
    put()
    spoil(files, KEY, b"rotten")
    assert not is_intact(files.blobs, KEY)
    assert KEY.sha256 in files.blobs.set_aside(KEY)
    assert (files.blobs.exists(KEY), files.blobs.put_back(KEY), files.blobs.remains(KEY)) == (False, False, True)
    assert files.blobs.held(WORKSPACE, AUDIT) == {}
    put()
    assert read(files, KEY) == DATA
    files.blobs.delete(KEY)
    assert not files.blobs.remains(KEY), "what lay aside went when the right one came"


def test_what_lies_aside_and_is_whole_is_put_back(files, put, tmp_path):
    put()
    spoil(files, KEY, b"rotten")
    files.blobs.set_aside(KEY)
    spoil(files, KEY, b"still being copied")
    lying = files.blobs.set_aside(KEY).partition(KEY.audit + "/")[2]
    spoil_named(files, lying)
    assert files.blobs.put_back(KEY)
    assert read(files, KEY) == DATA


def spoil_named(files: EvidenceFiles, lying: str) -> None:
    """What lies aside turns out to be whole."""
    name = f"{WORKSPACE}/{AUDIT}/{lying}"
    if hasattr(files.blobs, "_store"):
        import obstore

        obstore.put(files.blobs._store, name, DATA)
    else:
        (files.blobs._folder / name).write_bytes(DATA)


def test_deleting_takes_what_lies_aside_as_well(files, put):
    put()
    spoil(files, KEY, b"rotten")
    files.blobs.set_aside(KEY)
    files.blobs.delete(KEY)
    assert not files.blobs.remains(KEY)


@pytest.mark.parametrize(
    "key",
    [
        BlobKey("..", AUDIT, KEY.sha256),
        BlobKey(WORKSPACE, "../..", KEY.sha256),
        BlobKey(WORKSPACE, AUDIT, "photo.jpg"),
        BlobKey(WORKSPACE, AUDIT, KEY.sha256.upper()),
        BlobKey(WORKSPACE, AUDIT, f"{KEY.sha256}/x"),
    ],
)
def test_no_name_is_made_of_a_persons_text(files, key):
    for verb in (files.blobs.exists, files.blobs.size, files.blobs.delete, files.blobs.set_aside, files.blobs.place):
        with pytest.raises(ValueError, match="A name in the store"):
            verb(key)
