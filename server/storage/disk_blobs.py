"""
Evidence on the server's own disk: `<folder>/<workspace>/<audit>/<sha256>`, an audit's evidence is one folder.

What is derived lies beside as `<sha256>.<name>`, what has rotted in `damaged/` as `<sha256>.<token>`. The files are written by
ourselves, not by obstore: its local store puts neither a file's bytes nor its name on the disk before it returns.
"""

import secrets
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

from server.storage.blobs import SHA256, BlobKey
from server.storage.disk import has_hash, is_there, keep_file, keep_names, make_folder, read_parts


class DiskBlobs:
    """See `BlobStore`."""

    def __init__(self, folder: Path):
        self._folder = folder

    def probe(self) -> None:
        # Not written: a full disk can still be read, backed up and looked through. Whether it takes anything, health.py asks.
        make_folder(self._folder)
        next(self._folder.iterdir(), None)

    def place(self, key: BlobKey) -> str:
        return str(self.path(key))

    def path(self, key: BlobKey) -> Path:
        return self._folder / key.name

    def put(self, key: BlobKey, source: Path) -> None:
        target = self.path(key)
        make_folder(target.parent)
        keep_file(source)
        # Only what lay aside before: should this very file be moved there, it goes under a name of its own.
        superseded = self.aside(key)
        source.replace(target)
        for path in superseded:
            path.unlink(missing_ok=True)
        keep_names(target.parent)

    def exists(self, key: BlobKey) -> bool:
        return is_there(self.path(key))

    def among(self, workspace: str, audit: str, hashes: Set[str]) -> set[str]:
        return {sha256 for sha256 in hashes if self.exists(BlobKey(workspace, audit, sha256))}

    def size(self, key: BlobKey) -> int:
        return self.path(key).stat().st_size

    def chunks(self, key: BlobKey, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return read_parts(self.path(key), start, length)

    @contextmanager
    def local_copy(self, key: BlobKey) -> Iterator[Path]:
        path = self.path(key)
        path.stat()
        yield path

    def held(self, workspace: str, audit: str) -> dict[str, int]:
        found = {}
        for path in (self._folder / workspace / audit).glob("*"):
            with suppress(OSError):
                if SHA256.fullmatch(path.name):
                    found[path.name] = path.lstat().st_size
        return found

    def audits(self) -> Iterator[tuple[str, str, str]]:
        for path in sorted(self._folder.glob("*/*")):
            if any(path.iterdir()):
                yield path.parent.name, path.name, str(path)

    def keep_beside(self, key: BlobKey, name: str, source: Path) -> None:
        target = self._beside(key, name)
        # What is sent ahead may be the first of its audit.
        make_folder(target.parent)
        keep_file(source)
        source.replace(target)

    def has_beside(self, key: BlobKey, name: str) -> bool:
        return is_there(self._beside(key, name))

    def among_beside(self, workspace: str, audit: str, hashes: Set[str], name: str) -> set[str]:
        return {sha256 for sha256 in hashes if self.has_beside(BlobKey(workspace, audit, sha256), name)}

    def names_beside(self, key: BlobKey) -> list[str]:
        path = self.path(key)
        return [beside.name[len(path.name) + 1 :] for beside in path.parent.glob(f"{path.name}.*")]

    def read_beside(self, key: BlobKey, name: str) -> bytes | None:
        try:
            return self._beside(key, name).read_bytes()
        except FileNotFoundError:
            return None

    def remove_beside(self, key: BlobKey, name: str) -> None:
        self._beside(key, name).unlink(missing_ok=True)

    def set_aside(self, key: BlobKey) -> str:
        path = self.path(key)
        aside = _damaged(path.parent) / f"{key.sha256}.{secrets.token_hex(4)}"
        make_folder(aside.parent)
        path.replace(aside)
        keep_names(aside.parent)
        return str(aside)

    def aside(self, key: BlobKey) -> list[Path]:
        """What was moved away from there."""
        # In a folder of its own: in the audit's own one there may be tens of thousands of files to look through.
        return sorted(_damaged(self.path(key).parent).glob(f"{key.sha256}.*"))

    def put_back(self, key: BlobKey) -> bool:
        for aside in self.aside(key):
            if has_hash(aside, key.sha256):
                # Somebody else may have just put it back, or cleared it up behind the right one.
                with suppress(FileNotFoundError):
                    self.put(key, aside)
                if has_hash(self.path(key), key.sha256):
                    return True
        return False

    def remains(self, key: BlobKey) -> bool:
        return any(self.path(key).parent.rglob(f"{key.sha256}*"))

    def delete(self, key: BlobKey) -> None:
        path = self.path(key)
        path.unlink(missing_ok=True)
        for other in [*path.parent.glob(f"{key.sha256}.*"), *self.aside(key)]:
            other.unlink(missing_ok=True)
        # The doctor may have put it back in between.
        path.unlink(missing_ok=True)
        for folder in (path.parent, _damaged(path.parent)):
            if folder.exists():
                keep_names(folder)

    def _beside(self, key: BlobKey, name: str) -> Path:
        path = self.path(key)
        return path.with_name(f"{path.name}.{name}")


def _damaged(folder: Path) -> Path:
    return folder / "damaged"
