"""
Take a backup while the server serves: first the database as it stands at one instant, then the files that it speaks of.

Files are on the disk before their row and never change, so whatever the snapshot names is there to be copied. Every backup is a whole
folder of its own. What the last one in the same place has already is shared with it (a second name for the same file), so a further
backup costs what is new, and any of them can be deleted like any folder.

Before: anything.
After:  `<place>/<instant>/` with its manifest, under that name only when it is whole and on the disk; then the database notes, log by
        log and file by file, what the backup holds. By that tablets learn what they need not keep any more.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from server.sealing.log_key import load_log_key
from server.storage import backup_marks, erasures
from server.storage.backup_marks import KeptFile
from server.storage.blobs import BlobKey
from server.storage.clock import as_instant, now_ms
from server.storage.disk import copy_checked, has_hash, is_there, keep_names, read_parts, sha256_of
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import server_identity
from server.storage.snapshot import POSTGRESQL_FILE, SQLITE_FILE, SnapshotFailed, snapshot
from server.upkeep.manifest import FORMAT, MANIFEST, Manifest, listed_files, write_manifest, write_sums
from server.upkeep.problem import CannotBeDone

_UNFINISHED = ".unfinished-"
_WANTED = ".wanted"
_LOCK = ".lock"
_SNAPSHOTS = 3
"""A report that is made anew under its name while files are copied wants a newer snapshot."""
_MARKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Backup:
    folder: Path
    manifest: Manifest
    copied: int
    """Files that the last backup in the same place did not have yet."""
    is_on_same_disk: bool
    """As the data: it does not outlive that disk."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    at: int
    epoch: str
    heads: dict[str, int]
    entries: int
    newest_entry_at: int | None


def take_backup(config: Config, place: Path) -> Backup:
    """To be called with an app context. Raises CannotBeDone; what was begun then has no name that a restore would take."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _alone_at(place):
            folder = place / f"{_UNFINISHED}{secrets.token_hex(4)}"
            earlier = [*_newest(place), *place.glob(f"{_UNFINISHED}*")]
            folder.mkdir(mode=0o700)
            taken, missing, copied = _fill(config, folder, earlier)
            backup = _finish(config, folder, taken, missing, copied)
            _mark(taken, backup)
            for unfinished in place.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(unfinished)
            return backup
    except SnapshotFailed as problem:
        raise CannotBeDone(str(problem)) from problem
    except Refused as refused:
        raise CannotBeDone(
            f"The backup was not finished. {refused.refusal.sentence} What was copied is used by the next one."
        ) from refused
    except OSError as problem:
        raise CannotBeDone(
            f"The backup was not finished: {problem}. What was copied is used by the next one."
        ) from problem


@contextlib.contextmanager
def _alone_at(place: Path) -> Iterator[None]:
    with (place / _LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise CannotBeDone(f"Another backup is being taken into {place}. Wait for it.") from problem
        yield


def _newest(place: Path) -> list[Path]:
    whole = sorted(path.parent for path in place.glob(f"[0-9]*/{MANIFEST}"))
    return whole[-1:]


def _fill(config: Config, folder: Path, earlier: Sequence[Path]) -> tuple[_Snapshot, list[str], int]:
    """Database and files. What is missing of these, and how many were copied."""
    for _ in range(_SNAPSHOTS):
        taken = _copy_database(config, folder)
        missing: list[KeptFile] = []
        copied = 0
        source = _Source(config)
        for file in _wanted(folder):
            how = _bring(file, source, folder, earlier)
            copied += how == "copied"
            if how == "missing":
                missing.append(file)
        if not any(file.name.startswith("reports/") for file in missing):
            break
    return taken, [file.name for file in missing if not _is_withdrawn(file)], copied


def _is_withdrawn(file: KeptFile) -> bool:
    """Taken out of the audit since the snapshot: it is not here, and that is right."""
    key = backup_marks.evidence_key(file.name)
    if key is None:
        return False
    with reading(SERVER) as session:
        return erasures.is_withdrawn(session, key.audit, key.sha256)


def _copy_database(config: Config, folder: Path) -> _Snapshot:
    at = now_ms()
    with snapshot(config, folder / _database_file(config)) as session:
        # Noted first: the transaction of a snapshot must not last as long as it takes to copy a hundred thousand photos.
        write_sums(folder, ((file.sha256, file.name) for file in backup_marks.kept_files(session)), name=_WANTED)
        return _Snapshot(
            at,
            server_identity(session).epoch,
            backup_marks.heads(session),
            backup_marks.count_entries(session),
            backup_marks.newest_entry_at(session),
        )


def _database_file(config: Config) -> str:
    return SQLITE_FILE if config.is_sqlite else POSTGRESQL_FILE


def _wanted(folder: Path) -> Iterator[KeptFile]:
    return (KeptFile(name, sha256) for sha256, name in listed_files(folder, name=_WANTED))


class _Source:
    """Where the files are copied from: the store of evidence, and the folder of reports."""

    def __init__(self, config: Config):
        self._data = config.data_folder
        self._blobs = EvidenceFiles(config).blobs
        # Its listing would else call every file of a bucket that is gone missing.
        self._blobs.probe()
        self._listed: tuple[tuple[str, str], dict[str, int]] | None = None

    def parts(self, name: str) -> Iterator[bytes]:
        key = backup_marks.evidence_key(name)
        return read_parts(self._data / name) if key is None else self._blobs.chunks(key)

    def size(self, key: BlobKey) -> int | None:
        """Of a file of evidence. They come audit by audit, so each is listed once."""
        place = (key.workspace, key.audit)
        if self._listed is None or self._listed[0] != place:
            self._listed = (place, self._blobs.held(*place))
        return self._listed[1].get(key.sha256)


def _bring(file: KeptFile, source: _Source, folder: Path, earlier: Sequence[Path]) -> str:
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    for before in earlier:
        if _holds(before / file.name, source, file) and _share(before / file.name, target):
            return "shared"
    return "copied" if copy_checked(source.parts(file.name), target, file.sha256) else "missing"


def _holds(before: Path, source: _Source, file: KeptFile) -> bool:
    """Whether the earlier backup has these very bytes. It has hashed them once; evidence is named by its hash, a report is not."""
    key = backup_marks.evidence_key(file.name)
    with contextlib.suppress(OSError):
        # It was hashed when it was copied, and evidence never changes: its size is looked at, not each of its bytes once more.
        if key is not None and before.stat().st_size == source.size(key):
            return True
    return has_hash(before, file.sha256)


def _share(before: Path, target: Path) -> bool:
    try:
        os.link(before, target)
    except OSError:
        return False  # Not every file system has second names.
    return True


def _finish(config: Config, folder: Path, taken: _Snapshot, missing: Sequence[str], copied: int) -> Backup:
    database = _database_file(config)

    def files() -> Iterator[tuple[str, str]]:
        yield sha256_of(folder / database), database
        yield from ((file.sha256, file.name) for file in _wanted(folder) if is_there(folder / file.name))

    count, sums_sha256 = write_sums(folder, files())
    (folder / _WANTED).unlink()
    manifest = Manifest(
        format=FORMAT,
        taken_at=as_instant(taken.at),
        epoch=taken.epoch,
        log_key=load_log_key(config).name,
        database="sqlite" if config.is_sqlite else "postgresql",
        audits=len(taken.heads),
        entries=taken.entries,
        newest_entry_at=None if taken.newest_entry_at is None else as_instant(taken.newest_entry_at),
        files=count,
        sums_sha256=sums_sha256,
        missing=tuple(missing),
    )
    for inner, _, _ in os.walk(folder):
        keep_names(Path(inner))
    write_manifest(folder, manifest)
    named = folder.with_name(as_instant(taken.at).replace(":", "-"))
    folder.rename(named)
    keep_names(named.parent)
    same_disk = named.stat().st_dev == config.data_folder.stat().st_dev
    return Backup(named, manifest, copied, same_disk)


def _mark(taken: _Snapshot, backup: Backup) -> None:
    """
    The database notes what the backup holds, and of which files it does not any more; not where it was restored meanwhile, which gave
    its numbers to others.
    """
    with unit_of_work(SERVER) as session:
        if server_identity(session).epoch != taken.epoch:
            return
        backup_marks.mark_logs(session, taken.heads, taken.at)
    held = (name for _, name in listed_files(backup.folder))
    for names, is_held in ((held, True), (backup.manifest.missing, False)):
        for keys in _evidence_among(names):
            with unit_of_work(SERVER) as session:
                if server_identity(session).epoch == taken.epoch:
                    backup_marks.mark_evidence(session, keys, is_held=is_held)


def _evidence_among(names: Iterable[str]) -> Iterator[list[BlobKey]]:
    keys: list[BlobKey] = []
    for name in names:
        key = backup_marks.evidence_key(name)
        if key is not None:
            keys.append(key)
        if len(keys) == _MARKED_AT_ONCE:
            yield keys
            keys = []
    if keys:
        yield keys
