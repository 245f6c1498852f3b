"""
Put a backup back: everything is checked before anything is touched, and the database takes its place last.

Nothing that is here is deleted. A database that is replaced is moved aside, and photos that the backup does not know stay: their
tablets name them again. Neither the log key nor the register of decisions is in a backup (docs/operations.md says why).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.config import Config
from server.domain.refusals import Refused
from server.sealing.log_key import KEY_FILE, load_log_key
from server.storage import backup_marks, in_use
from server.storage.blobs import BlobKey, is_intact
from server.storage.clock import as_instant, now_ms
from server.storage.disk import copy_checked, has_hash, keep_names, read_parts
from server.storage.evidence_store import EvidenceFiles
from server.storage.move import move_into_postgresql
from server.storage.snapshot import (
    POSTGRESQL_FILE,
    SQLITE_FILE,
    SnapshotFailed,
    is_empty,
    is_in_use_elsewhere,
    open_postgresql,
    open_sqlite,
    put_back_postgresql,
)
from server.upkeep.manifest import Manifest, check_files, listed_files, read_manifest
from server.upkeep.problem import CannotBeDone

_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class PutBack:
    manifest: Manifest
    files: int
    """Evidence and reports that were not here, or were others."""
    moved_to: Path | None
    """Where the database lies that was here before."""


def check_backup(folder: Path) -> Manifest:
    """Whether this backup could be put back, by its own word. Raises CannotBeDone."""
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    return manifest


def put_back(
    config: Config,
    folder: Path,
    begin_epoch: Callable[[], None],
    *,
    is_replacing: bool = False,
    is_without_log_key: bool = False,
) -> PutBack:
    """
    `begin_epoch` is called over the database that was put back, before anybody else may open it; where it fails, servers do not
    start until it was done. Raises CannotBeDone.
    """
    manifest = read_manifest(folder)
    _refuse_other_kind(config, manifest)
    if not is_without_log_key:
        _refuse_without_log_key(config, manifest)
    check_files(folder, manifest)
    with in_use.alone_in(config.data_folder) as is_alone:
        if not is_alone:
            raise CannotBeDone(f"A server or a worker runs from {config.data_folder}. Stop it first.")
        try:
            return _put_back(config, folder, manifest, begin_epoch, is_replacing)
        except SnapshotFailed as problem:
            raise CannotBeDone(str(problem)) from problem
        except Refused as refused:
            raise CannotBeDone(f"The backup was not put back. {refused.refusal.sentence}") from refused
        except OSError as problem:
            raise CannotBeDone(f"The backup was not put back: {problem}. Make room and begin again.") from problem


def _put_back(
    config: Config, folder: Path, manifest: Manifest, begin_epoch: Callable[[], None], is_replacing: bool
) -> PutBack:
    target = _sqlite_path(config)
    if target is None:
        _refuse_used_postgresql(config)
    elif target.exists() and not is_replacing:
        _refuse_database_here(target, manifest)
    files = EvidenceFiles(config)
    files.blobs.probe()
    put = sum(_put_file(config.data_folder, files, folder, name, sha256) for sha256, name in listed_files(folder))
    in_use.note_unfinished_restore(config.data_folder)
    moved_to = None
    if target is None:
        _fill_postgresql(config, folder, manifest)
    else:
        moved_to = _exchange(config.data_folder, target, folder)
    begin_epoch()
    in_use.end_restore(config.data_folder)
    return PutBack(manifest, put, moved_to)


def _fill_postgresql(config: Config, folder: Path, manifest: Manifest) -> None:
    if manifest.database == "sqlite":
        move_into_postgresql(config, folder / SQLITE_FILE)
    else:
        put_back_postgresql(config, folder / POSTGRESQL_FILE)


def _sqlite_path(config: Config) -> Path | None:
    return Path(config.sqlalchemy_url.removeprefix("sqlite:///")) if config.is_sqlite else None


def _refuse_other_kind(config: Config, manifest: Manifest) -> None:
    """From SQLite into PostgreSQL is the way of a server that grows; there is none back."""
    if config.is_sqlite and manifest.database == "postgresql":
        raise CannotBeDone(
            "The backup is of a database on PostgreSQL, and the settings lead to SQLite. Set DATABASE_URL accordingly."
        )


def _refuse_without_log_key(config: Config, manifest: Manifest) -> None:
    path = Path(config.log_key).resolve() if config.log_key else config.data_folder / KEY_FILE
    if not path.exists():
        raise CannotBeDone(
            f"The log key is not at {path}, and no backup has it. Put your copy of it there first. Where it is gone for good,"
            " `--without-log-key` goes on with a new one: tablets then say that the server's key changed, and cannot hand back what"
            " is newer than the backup."
        )
    if load_log_key(config).name != manifest.log_key:
        raise CannotBeDone(
            f"The log key at {path} is another than the one that signed the logs in this backup ({manifest.log_key[:16]}...). Put the"
            " right one there, or say `--without-log-key`."
        )


def _refuse_used_postgresql(config: Config) -> None:
    with open_postgresql(config) as session:
        if is_in_use_elsewhere(session):
            raise CannotBeDone("Somebody is connected to this database: a server, a worker or a tool. Stop that first.")
        if not is_empty(session):
            raise CannotBeDone(
                "There is something in this database. A backup is put back into an empty one: make it (`createdb`), set DATABASE_URL to"
                " it, and keep the old one until everything is well."
            )


def _refuse_database_here(target: Path, manifest: Manifest) -> None:
    with open_sqlite(target) as session:
        newest = backup_marks.newest_entry_of_any_shape(session)
    taken = _in_ms(manifest.taken_at)
    how = "There is a database"
    if newest is not None and newest > taken:
        how = f"There is a newer database (its last entry came {as_instant(newest)}, the backup was taken {manifest.taken_at})"
    raise CannotBeDone(f"{how} at {target}. With `--replace` it is moved aside, and the backup takes its place.")


def _in_ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _put_file(data: Path, files: EvidenceFiles, folder: Path, name: str, sha256: str) -> bool:
    """True where it was not here like this."""
    if name in (SQLITE_FILE, POSTGRESQL_FILE):
        return False
    if (key := backup_marks.evidence_key(name)) is not None:
        return _put_evidence(files, folder / name, key)
    target = data / name
    if has_hash(target, sha256):
        return False
    _copy(folder / name, target, sha256)
    return True


def _put_evidence(files: EvidenceFiles, source: Path, key: BlobKey) -> bool:
    if is_intact(files.blobs, key):
        return False
    with files.uploads.passing() as folder:
        _copy(source, folder / key.sha256, key.sha256)
        files.blobs.put(key, folder / key.sha256)
    return True


def _copy(source: Path, target: Path, sha256: str) -> None:
    if not copy_checked(read_parts(source), target, sha256):
        raise CannotBeDone(
            f"{source} has changed meanwhile, or cannot be read any more. Nothing more was put back; take another backup."
        )
    keep_names(target.parent)


def _exchange(data: Path, target: Path, folder: Path) -> Path | None:
    """The database of the backup in the place of the one that is here, which is moved aside with what lies beside it."""
    sha256 = next(sha256 for sha256, name in listed_files(folder) if name == SQLITE_FILE)
    arrived = target.with_name(f"{target.name}.arriving")
    arrived.parent.mkdir(parents=True, exist_ok=True)
    _copy(folder / SQLITE_FILE, arrived, sha256)
    # What lies beside it goes first: a log of writes that was left behind would be taken for the new database's.
    old = [path for ending in (*_BESIDE, "") if (path := target.with_name(target.name + ending)).exists()]
    aside = None
    if old:
        aside = data / f"replaced-{as_instant(now_ms()).replace(':', '-')}"
        aside.mkdir(mode=0o700)
        for path in old:
            path.rename(aside / path.name)
        keep_names(aside)
    arrived.rename(target)
    keep_names(target.parent)
    return aside
