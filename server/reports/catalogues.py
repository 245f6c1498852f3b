"""
Which clauses there were when a record was made: both records name the catalogue of every standard by its hash.

Before: a tablet pulled an edition, and what it was given is kept here under the hash (web/standard.py). A tablet that got it from
        another server, or from this one before a backup was put back, brings it when it asks for a report.
After:  gather.py checks the list of clauses against the very edition that the tablet had, whatever today's says; a report over a
        catalogue that this server has never handed out says so.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from server.database import SERVER, reading, unit_of_work
from server.domain.fold import EntityView, LogView, fold_log
from server.domain.refusals import Refusal, Refused
from server.reports.asking import Asker, led_audit
from server.reports.material import Catalogue
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.standards.catalogue import Standard, as_contract, catalogue_tree, load_catalogue, tree_misfit
from server.storage import Session
from server.storage import operation_log as log
from server.storage.catalogues import catalogue_of_hash, keep_catalogue
from server.storage.clock import now_ms

RECORDS = ("closing_record", "report_record")


def catalogue_sha256(standard: Standard) -> str:
    """SHA-256 over the RFC 8785 form of the edition's tree of clauses (`catalogue_tree`)."""
    return sha256_hex(_tree_bytes(standard))


def keep_handed_out(standard: Standard) -> None:
    """
    To be called before the edition is handed out, each time: what a tablet may put into a record is then known here, whoever
    started the server, and also where a backup of before the last release was restored.
    """
    sha256 = catalogue_sha256(standard)
    with reading(SERVER) as session:
        found = catalogue_of_hash(session, sha256)
    if found is not None and not found[1]:
        return
    with unit_of_work(SERVER) as session:
        keep_catalogue(session, sha256, standard.id, _tree_bytes(standard), now_ms())


def known_catalogue(session: Session, sha256: str) -> Catalogue | None:
    """The catalogue behind a hash: one of today, one that was handed out, or one that a tablet brought."""
    for standard in load_catalogue().values():
        if catalogue_sha256(standard) == sha256:
            return Catalogue(catalogue_tree(as_contract(standard)))
    found = catalogue_of_hash(session, sha256)
    return None if found is None else Catalogue(found[0], is_brought=found[1])


def refuse_unknown(session: Session, view: LogView, report: EntityView) -> Refusal | None:
    """Which catalogue of this report, or of its closing record, the server lacks: whoever asks may have it and bring it."""
    closing_sha256 = (report.born or {}).get("closing_sha256")
    closings = [one for one in view.entities.values() if one.kind == "closing_record"]
    for entity in (report, *(one for one in closings if (one.born or {}).get("sha256") == closing_sha256)):
        for standard, sha256 in _named_by(entity):
            if known_catalogue(session, sha256) is None:
                return Refusal("report.catalogue_unknown", {"standard": standard, "sha256": sha256})
    return None


def bring_catalogue(asker: Asker, audit: str, sha256: str, tree: Mapping[str, Any]) -> None:
    """
    Keep a catalogue that a sealed record of this audit names and that the server lacks. Twice does no harm.

    `tree` has the shape of schemas/catalogue.py. Raises Refused for whoever may not ask for the audit's report, for another tree than
    the record names, for one in which the clauses do not hang together, and where no sealed record asks for it.
    """
    with unit_of_work(asker.scope) as session:
        led_audit(session, asker, audit)
        view = fold_log(log.load_entries(session, audit, RECORDS))
        sealed = [one for one in view.entities.values() if one.kind in RECORDS and one.get("seal")]
        if sha256 not in {named for one in sealed for _standard, named in _named_by(one)}:
            raise Refused(Refusal("report.catalogue_unfit", {"why": "no sealed record of this audit names it"}))
        data = canonical_bytes(tree)
        if sha256_hex(data) != sha256:
            raise Refused(Refusal("report.catalogue_unfit", {"why": "its SHA-256 is another one"}))
        if misfit := tree_misfit(tree):
            raise Refused(Refusal("report.catalogue_unfit", {"why": misfit}))
        if known_catalogue(session, sha256) is None:
            keep_catalogue(session, sha256, str(tree["id"]), data, now_ms(), brought_by=asker.account)


def _named_by(entity: EntityView) -> Iterator[tuple[str, str]]:
    """Standard and hash of every catalogue that the record names. What cannot be read names none; gather.py says why not."""
    try:
        record = json.loads((entity.born or {}).get("record") or "")
        named = [(one["standard"], one["sha256"]) for one in record["catalogues"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    yield from (
        (standard, sha256) for standard, sha256 in named if isinstance(standard, str) and isinstance(sha256, str)
    )


@cache
def _tree_bytes(standard: Standard) -> bytes:
    return canonical_bytes(catalogue_tree(as_contract(standard)))
