"""
Evidence in a bucket of an S3 service, through obstore: `<prefix>/<workspace>/<audit>/<sha256>`.

What is derived lies under `<sha256>.beside/`, what has rotted under `<sha256>.damaged/`. A file counts when the service has answered
that it has it whole: what is sent says its SHA-256, which the service checks, and afterwards its size is asked for.

No process that has used a client may be forked: its threads stay behind, and the child waits for them for ever (`server/cli.py`).
"""

import fcntl
import re
import secrets
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from server.config import Config
from server.domain.refusals import Refusal, Refused
from server.storage.blobs import SHA256, BlobKey
from server.storage.disk import copy_parts, sha256_of_parts
from server.storage.upload_files import UploadFiles

PART = 4 * 1024 * 1024
"""Bytes that are asked for at once: what breaks in the middle of a video is asked for again from there."""
_SENT_AT_ONCE = 8 * 1024 * 1024
_LANES = 2
_ASKED_ONE_BY_ONE = 4
"""Up to so many files are asked after one by one; for more the audit is listed."""
_CODE = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)")
_NO_BUCKET = "NoSuchBucket"
_DENIED = re.compile(r"status code: (?:301|401|403)\b")
_PROBE = ".probe"

log = structlog.get_logger()


class S3Blobs:
    """See `BlobStore`."""

    def __init__(self, config: Config):
        self._store = _client(
            config.s3_bucket,
            config.s3_prefix.strip("/"),
            config.s3_endpoint,
            config.s3_region,
            config.s3_access_key_id,
            config.s3_secret_access_key,
        )
        self._address = "/".join(filter(None, [f"s3://{config.s3_bucket}", config.s3_prefix.strip("/")]))
        self._lock = config.data_folder / "store.lock"
        self._uploads = UploadFiles(config.data_folder / "uploads")

    def probe(self) -> None:
        name = f"{_PROBE}-{secrets.token_hex(4)}"
        with _asking("probe"):
            obstore.list_with_delimiter(self._store)
            obstore.put(self._store, name, b"probe")
            obstore.get(self._store, name).bytes()
            obstore.delete(self._store, name)

    def place(self, key: BlobKey) -> str:
        return f"{self._address}/{key.name}"

    def put(self, key: BlobKey, source: Path) -> None:
        with self._changing(fcntl.LOCK_SH):
            superseded = self._names(_damaged(key))
            self._send(key.name, source)
            self._remove(superseded)
        source.unlink()

    def exists(self, key: BlobKey) -> bool:
        return self._has(key.name)

    def among(self, workspace: str, audit: str, hashes: Set[str]) -> set[str]:
        if len(hashes) <= _ASKED_ONE_BY_ONE:
            return {sha256 for sha256 in hashes if self.exists(BlobKey(workspace, audit, sha256))}
        return hashes & self.held(workspace, audit).keys()

    def size(self, key: BlobKey) -> int:
        return self._size(key.name)

    def chunks(self, key: BlobKey, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return self._parts(key.name, start, length)

    def _parts(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self._size(name)
        end = size if length is None else min(start + length, size)
        while start < end:
            with _asking("read"):
                part = bytes(obstore.get_range(self._store, name, start=start, end=min(start + PART, end)))
            if not part:
                raise Refused(Refusal("server.store_unreachable"))
            yield part
            start += len(part)

    @contextmanager
    def local_copy(self, key: BlobKey) -> Iterator[Path]:
        with self._uploads.passing() as folder:
            path = folder / key.sha256
            copy_parts(self.chunks(key), path)
            yield path

    def held(self, workspace: str, audit: str) -> dict[str, int]:
        with _asking("list"):
            found = obstore.list_with_delimiter(self._store, f"{workspace}/{audit}")["objects"]
        sizes = {one["path"].rpartition("/")[2]: int(one["size"]) for one in found}
        return {name: size for name, size in sizes.items() if SHA256.fullmatch(name)}

    def audits(self) -> Iterator[tuple[str, str, str]]:
        for workspace in self._folders(None):
            for audit in self._folders(workspace):
                yield workspace, audit.rpartition("/")[2], f"{self._address}/{audit}"

    def keep_beside(self, key: BlobKey, name: str, source: Path) -> None:
        self._send(_beside(key, name), source)
        source.unlink()

    def has_beside(self, key: BlobKey, name: str) -> bool:
        return self._has(_beside(key, name))

    def among_beside(self, workspace: str, audit: str, hashes: Set[str], name: str) -> set[str]:
        if len(hashes) <= _ASKED_ONE_BY_ONE:
            return {sha256 for sha256 in hashes if self.has_beside(BlobKey(workspace, audit, sha256), name)}
        wanted = {_beside(BlobKey(workspace, audit, sha256), name): sha256 for sha256 in hashes}
        return {wanted[path] for path in self._names(f"{workspace}/{audit}") if path in wanted}

    def names_beside(self, key: BlobKey) -> list[str]:
        return [path.rpartition("/")[2] for path in self._names(f"{key.name}.beside")]

    def read_beside(self, key: BlobKey, name: str) -> bytes | None:
        with suppress(FileNotFoundError), _asking("read"):
            return bytes(obstore.get(self._store, _beside(key, name)).bytes())
        return None

    def remove_beside(self, key: BlobKey, name: str) -> None:
        self._remove([_beside(key, name)])

    def set_aside(self, key: BlobKey) -> str:
        aside = f"{_damaged(key)}/{secrets.token_hex(4)}"
        # There is no verb that moves: nobody may put the right one there between the two halves.
        with self._changing(fcntl.LOCK_EX):
            if self._is_intact(key.name, key):
                raise OSError("it was brought again meanwhile")
            with _asking("move"):
                obstore.copy(self._store, key.name, aside)
            self._remove([key.name])
        return f"{self._address}/{aside}"

    def put_back(self, key: BlobKey) -> bool:
        with self._changing(fcntl.LOCK_EX):
            if self._is_intact(key.name, key):
                return True
            for aside in self._names(_damaged(key)):
                if self._is_intact(aside, key):
                    with _asking("move"):
                        obstore.copy(self._store, aside, key.name)
                    self._remove(self._names(_damaged(key)))
                    return True
        return False

    def remains(self, key: BlobKey) -> bool:
        return self.exists(key) or bool(self._names(f"{key.name}.beside") + self._names(_damaged(key)))

    def delete(self, key: BlobKey) -> None:
        with self._changing(fcntl.LOCK_SH):
            self._remove([key.name, *self._names(f"{key.name}.beside"), *self._names(_damaged(key))])

    def _has(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            self._size(name)
            return True
        return False

    def _size(self, name: str) -> int:
        with _asking("look"):
            return int(obstore.head(self._store, name)["size"])

    def _is_intact(self, name: str, key: BlobKey) -> bool:
        try:
            return sha256_of_parts(self._parts(name)) == key.sha256
        except FileNotFoundError:
            return False

    def _send(self, name: str, source: Path) -> None:
        size = source.stat().st_size
        with _asking("write", is_writing=True):
            obstore.put(self._store, name, source, chunk_size=_SENT_AT_ONCE, max_concurrency=_LANES)
            is_whole = obstore.head(self._store, name)["size"] == size
        if not is_whole:
            raise Refused(Refusal("server.store_unreachable"))

    def _names(self, folder: str) -> list[str]:
        with _asking("list"):
            return [one["path"] for page in obstore.list(self._store, folder) for one in page]

    def _folders(self, folder: str | None) -> Iterable[str]:
        with _asking("list"):
            return sorted(obstore.list_with_delimiter(self._store, folder)["common_prefixes"])

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(FileNotFoundError), _asking("delete"):
                obstore.delete(self._store, name)

    @contextmanager
    def _changing(self, how: int) -> Iterator[None]:
        """Shared by who puts and deletes; alone, among the threads and processes of this data folder, is who moves."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("ab") as file:
            fcntl.flock(file, how)
            yield


def _beside(key: BlobKey, name: str) -> str:
    return f"{key.name}.beside/{name}"


def _damaged(key: BlobKey) -> str:
    return f"{key.name}.damaged"


@lru_cache(maxsize=8)
def _client(bucket: str, prefix: str, endpoint: str, region: str, key: str, secret: str) -> S3Store:
    """One for each place: it holds its connections open."""
    given: dict[str, Any] = {"region": region, "checksum_algorithm": "SHA256"}
    if endpoint:
        # Services of one's own rarely have a name for each bucket.
        given |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    if key:
        given |= {"access_key_id": key, "secret_access_key": secret}
    return S3Store(
        bucket,
        prefix=prefix or None,
        # Short enough that a request is answered while its tablet still waits; what breaks is tried twice more.
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": "3s",
            "read_timeout": "20s",
            "timeout": "2m",
        },
        retry_config={
            "max_retries": 2,
            "retry_timeout": timedelta(seconds=10),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
        **given,
    )


@contextmanager
def _asking(what: str, *, is_writing: bool = False) -> Iterator[None]:
    """
    What the service says to a question, as our own refusal. Raises FileNotFoundError where there is no such object; who writes can
    only lack the bucket.
    """
    try:
        yield
    except FileNotFoundError as problem:
        if not is_writing and _code_in(problem) != _NO_BUCKET:
            raise
        raise Refused(_refusal(what, problem)) from None
    except BaseError as problem:
        raise Refused(_refusal(what, problem)) from None


def _refusal(what: str, problem: Exception) -> Refusal:
    code = _code_in(problem)
    is_refused = isinstance(problem, (PermissionDeniedError, UnauthenticatedError, FileNotFoundError))
    if is_refused or code in (_NO_BUCKET, "AccessDenied") or _DENIED.search(str(problem)):
        refusal = Refusal("server.store_refuses", {"why": code or type(problem).__name__.removesuffix("Error")})
    else:
        refusal = Refusal("server.store_unreachable")
    # The first line names method and address. What is signed with is in neither.
    log.error("store", asked=what, code=refusal.code, said=code, problem=str(problem).partition("\n")[0][:300])
    return refusal


def _code_in(problem: Exception) -> str | None:
    """As S3 calls it: `NoSuchBucket`, `InvalidAccessKeyId`. An answer to HEAD has no body, so no code."""
    found = _CODE.search(str(problem))
    return next(filter(None, found.groups())) if found else None
