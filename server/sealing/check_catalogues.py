"""The catalogues inside a report: are they those that the records name, and does the report leave none of their clauses out?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.verdict import Findings


def check_catalogues(
    attached: Sequence[Mapping[str, Any]], report: Mapping[str, Any], closing: Mapping[str, Any], findings: Findings
) -> None:
    by_hash = {sha256_hex(canonical_bytes(one["tree"])): one["tree"] for one in attached}
    named = {*_named_by(report), *_named_by(closing)}
    is_named = len(by_hash) == len(attached) and {(tree["id"], sha256) for sha256, tree in by_hash.items()} == named
    findings.expect(
        is_named,
        "catalogues.named",
        f"The {len(attached)} catalogues of clauses inside are exactly those whose SHA-256 the records name.",
        "The catalogues of clauses inside are not those whose SHA-256 the records name.",
    )
    listed = [row["criterion"] for row in report.get("clauses") or []]
    auditable = [
        clause["criterion"]
        for _standard, sha256 in _named_by(report)
        for clause in by_hash.get(sha256, {"clauses": []})["clauses"]
        if clause["auditable"]
    ]
    findings.expect(
        is_named and listed == auditable,
        "catalogues.clauses",
        f"The report lists all {len(listed)} auditable clauses of its catalogues, and no other.",
        "The report does not list exactly the auditable clauses of its catalogues.",
    )
    for one in attached:
        if one["origin"] != "server":
            tree = one["tree"]
            findings.warn(
                "catalogues.brought",
                f"The catalogue of {tree['standard']}:{tree['edition']} was brought by a tablet; the server that made the report had "
                "never handed it out. Compare its clauses with the standard: a clause that it lacks is missing in the report too.",
            )


def _named_by(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Standard and hash, in the order of the record; a tablet without the edition named none."""
    for one in record.get("catalogues") or []:
        if one["sha256"] is not None:
            yield one["standard"], one["sha256"]
