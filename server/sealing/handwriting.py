"""
Handwritten signatures inside a report: each is the operation itself, which the seal names by its digest.

A digest covers a salt that nobody can guess. So what somebody wrote on the glass can be erased by law, and the seal holds: the
operation travels as its header and the hash of its content, and from the digest nobody finds out what stood there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from server.domain.fold import BORN
from server.domain.operation import Operation, erase_content, parse_operation
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind
from server.sealing.verdict import Findings

HANDWRITTEN = "handwritten_signature"
NOT_AN_ENTRY = "not an entry"


def is_word_under(operation: Operation, audit: str, closing_sha256: str) -> bool:
    """Whether this operation wrote a handwritten signature under that closing record. Of an erased one the place alone is known."""
    is_in_place = (
        operation.entity_kind == HANDWRITTEN
        and (operation.kind, operation.field) == (OperationKind.ADD, BORN)
        and operation.chain.audit == audit
    )
    if not is_in_place or operation.is_erased:
        return is_in_place
    return isinstance(operation.value, dict) and operation.value.get("closing_sha256") == closing_sha256


def attached_operation(operation: Operation) -> dict[str, str]:
    """As it travels inside a report: both lines as they were hashed, or what an erasure left of them."""
    if not operation.is_erased:
        return {"operation": operation.data.decode()}
    # Bytes that still lie here say no more than those that are gone.
    header, content_sha256 = (
        erase_content(operation.data)
        if operation.content_sha256 is None
        else (operation.data, operation.content_sha256)
    )
    return {"header": header.decode(), "content_sha256": content_sha256}


def check_handwriting(
    attached: Iterable[Mapping[str, Any]],
    named: Iterable[str],
    *,
    audit: str,
    closing_sha256: str,
    text: str,
    findings: Findings,
) -> None:
    """From the printed page to the seal: the digest on paper, the operation that has it, the seal that names it."""
    words = [_read(entry) for entry in attached]
    found = [word for word in words if isinstance(word, Operation)]
    digests = [word.digest if isinstance(word, Operation) else NOT_AN_ENTRY for word in words]
    findings.expect(
        digests == list(named) and all(is_word_under(word, audit, closing_sha256) for word in found),
        "handwriting.sealed",
        f"All {len(words)} entries about handwritten signatures are those that were sealed at the closing meeting."
        if words
        else "No handwritten signatures were sealed.",
        "The handwritten signatures are not those that were sealed at the closing meeting.",
    )
    printed = _squeezed(text)
    findings.expect(
        all(digest in printed for digest in digests),
        "handwriting.printed",
        "Each of them stands printed in the report under the digest of its entry.",
        "A handwritten signature inside is not one of those that are printed in the report.",
    )
    erased = sum(word.is_erased for word in found)
    if erased:
        many = "One handwritten signature was" if erased == 1 else f"{erased} handwritten signatures were"
        findings.warn(
            "handwriting.erased",
            f"{many} erased on request. The seal still names the entry; who signed, and how, cannot be shown any more.",
        )


def _read(entry: Mapping[str, Any]) -> Operation | Refusal:
    if "content_sha256" in entry:
        return parse_operation(str(entry["header"]).encode(), str(entry["content_sha256"]))
    return parse_operation(str(entry["operation"]).encode())


def _squeezed(text: str) -> str:
    """A digest may be set over two lines."""
    return "".join(text.split())
