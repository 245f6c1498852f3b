"""
Points at which a server of tests kills itself: `kill -9` of its whole process group, in the middle of a function of the server.

A point is a function, whether before it or after it, and at which of its calls: `server.sync.push:push after 1`.
"""

import importlib
import os
import signal
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

OF_SERVER = {
    "entries stand in a transaction that is not committed": "server.storage.operation_log:append_entries after",
    "a batch is committed, and nobody was told": "server.web.sync:push after",
    "a page was read, and nobody got it": "server.web.sync:pull after",
    "an upload was begun, and nobody was told": "server.web.evidence:create_upload after",
    "bytes of a photo have come, and were not looked at": "server.storage.upload_files:UploadFiles.append after",
    "a photo stands in its place without a row": "server.storage.disk_blobs:DiskBlobs.put after",
    "a photo has a row in a transaction that is not committed": "server.storage.evidence:complete_upload after",
    "a photo is whole, and nobody was told": "server.web.evidence:append_to_upload after",
}
"""Each is passed by a tablet that sends an entry and a photo, and pulls."""

OF_WORKER = {
    "a job is claimed in a transaction that is not committed": "server.storage.job_queue:claim_job after",
    "a job is claimed, and not begun": "server.jobs.worker:_attempt before",
    "a report is made, and lies nowhere": "server.reports.issue:_make after",
    "a report is drafted, and has no row": "server.storage.report_store:ReportFiles.write_draft after",
    "a report stands in its place, in a transaction that is not committed": (
        "server.storage.report_store:ReportFiles.publish after"
    ),
    "a report is kept, and its job is not ended": "server.jobs.worker:_note before",
    "a mail is begun, and not out": "server.jobs.send_mail:deliver before",
    "a mail is out, and nothing says so": "server.jobs.send_mail:deliver after",
}
"""In the order in which the jobs of a report pass them."""


def die_at(point: str) -> None:
    """To be called before the server begins: from then on, the process dies at this point and takes its children with it."""
    place, when, *number = point.split(" ")
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    setattr(owner, name, _deadly(getattr(owner, name), when, int(number[0]) if number else 1))


def _deadly(function: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls = count(1)

    @wraps(function)
    def deadly(*args: Any, **more: Any) -> Any:
        is_it = next(calls) == nth
        if is_it and when == "before":
            os.killpg(0, signal.SIGKILL)
        given = function(*args, **more)
        if is_it:
            os.killpg(0, signal.SIGKILL)
        return given

    return deadly
