"""
The job that makes the pictures of a photo as soon as it has arrived: whoever looks at it, or asks for a report, does not wait then.

Before: an upload is whole, and asks for this in the transaction in which the file gets its row.
After:  a thumbnail and a picture in report size lie beside the original, or why there are none; what was sent ahead is gone.
"""

from collections.abc import Mapping
from typing import Any

from server.database import SERVER, reading
from server.evidence.derivatives import report_picture
from server.evidence.download import cover_of
from server.evidence.sent_ahead import drop_ahead
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles


def make_pictures(args: Mapping[str, Any], files: EvidenceFiles) -> None:
    """Twice does no harm."""
    key = BlobKey(args["workspace"], args["audit"], args["sha256"])
    with reading(SERVER) as session:
        cover = cover_of(session, key.audit, key.sha256)
    report_picture(files, key, cover)
    if files.blobs.exists(key):
        drop_ahead(files, key)
