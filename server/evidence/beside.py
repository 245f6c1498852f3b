"""
What the server knows about a file and keeps beside it: small texts that go where the file goes, when it is withdrawn or moved aside.

They are no evidence and are in no backup: whatever stands in one can be found out from the file again.
"""

from collections.abc import Iterator

from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles


def keep_beside(files: EvidenceFiles, key: BlobKey, name: str, text: str) -> bool:
    """Keep a text under a name, whole or not at all, in the place of what was there. False where the file is gone."""
    if not files.blobs.exists(key):
        return False
    with files.uploads.passing() as folder:
        path = folder / "text"
        path.write_text(text, encoding="utf-8")
        files.blobs.keep_beside(key, name, path)
    if files.blobs.exists(key):
        return True
    # Withdrawn in this moment: nothing of it stays.
    files.blobs.remove_beside(key, name)
    return False


def read_beside(files: EvidenceFiles, key: BlobKey, name: str) -> str | None:
    """None where nothing is kept under this name."""
    kept = files.blobs.read_beside(key, name)
    try:
        return None if kept is None else kept.decode()
    except UnicodeDecodeError:
        return None


def texts_beside(files: EvidenceFiles, key: BlobKey, ending: str) -> Iterator[str]:
    """Every text whose name ends so, in the order of the names."""
    for name in sorted(files.blobs.names_beside(key)):
        text = read_beside(files, key, name) if name.endswith(ending) else None
        if text is not None:
            yield text
