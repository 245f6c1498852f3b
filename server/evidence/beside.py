"""
What the server knows about a file and keeps beside it: small texts that go where the file goes, when it is withdrawn or moved aside.

They are no evidence and are in no backup: whatever stands in one can be found out from the file again.
"""

from collections.abc import Iterator
from secrets import token_hex

from server.storage.evidence_store import BlobKey, EvidenceFiles


def keep_beside(files: EvidenceFiles, key: BlobKey, name: str, text: str) -> bool:
    """Keep a text under a name, whole or not at all, in the place of what was there. False where the file is gone."""
    target = files.blobs.local_path(key).with_name(f"{key.sha256}.{name}")
    part = target.with_name(f"{target.name}.{token_hex(4)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except FileNotFoundError:
        return False
    finally:
        part.unlink(missing_ok=True)
    if files.blobs.exists(key):
        return True
    # Withdrawn in this moment: nothing of it stays.
    target.unlink(missing_ok=True)
    return False


def read_beside(files: EvidenceFiles, key: BlobKey, name: str) -> str | None:
    """None where nothing is kept under this name."""
    try:
        return files.blobs.local_path(key).with_name(f"{key.sha256}.{name}").read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def texts_beside(files: EvidenceFiles, key: BlobKey, ending: str) -> Iterator[str]:
    """Every text whose name ends so, in the order of the names."""
    place = files.blobs.local_path(key).parent
    for path in sorted(place.glob(f"{key.sha256}.*{ending}")):
        text = read_beside(files, key, path.name[len(key.sha256) + 1 :])
        if text is not None:
            yield text
