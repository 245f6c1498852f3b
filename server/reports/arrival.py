"""By when everything under the closing seal had reached the server: entries by their receipt, files by when their bytes were stored."""

from collections.abc import Iterable, Mapping, Set

from server.domain.custody import evidence_named
from server.domain.fold import Entry
from server.domain.vocabulary import OperationKind, Origin
from server.reports.material import Arrival
from server.storage.clock import as_instant


def arrival_of(entries: Iterable[Entry], covered: Set[str], stored_at: Mapping[str, int]) -> Arrival:
    """`covered`: the digests under the seal. `stored_at`: by SHA-256, in milliseconds, the files that the server holds."""
    under = [entry for entry in entries if entry.origin is Origin.DEVICE and entry.operation.digest in covered]
    births = [
        entry.operation.value
        for entry in under
        if entry.operation.entity_kind == "evidence" and entry.operation.kind is OperationKind.ADD
    ]
    files = evidence_named(births)
    times = [entry.received_at for entry in under if entry.received_at is not None]
    times += [stored_at[sha256] for sha256 in files if sha256 in stored_at]
    lacking = sum(1 for sha256 in files if sha256 not in stored_at)
    return Arrival(len(under), len(files), lacking, as_instant(max(times)) if times else None)
