"""
What stands in a file that is taken out by hand (docs/data-flow.md, section 3): the list of contents, and the lines of its logs and batches.

The tablet has the same rules in pwa/src/domain/handover.ts; `schemas/vectors/handover` holds both together. It is what a stranger can
put into a file, so each of these says where it first is not what it should be, and nothing raises.
"""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.sync import MAX_BATCH_OPERATIONS
from server.domain.refusals import Refusal
from server.domain.spelling import Form, is_spelled

FORMAT = "auditbook-handover"
VERSION = 1
CONTENTS_NAME = "handover.json"

MOST_AUDITS = 500
MOST_EVIDENCE = 20_000
MOST_CONTENTS_BYTES = 16 * 1024 * 1024
MOST_LINE_BYTES = 16 * 1024 * 1024
MOST_LINES_BYTES = 256 * 1024 * 1024

Check = Callable[[Any, str], str | None]
Shape = Mapping[str, Check]


def entry_names(contents: Mapping[str, Any]) -> list[str]:
    """The names of the entries behind the first one, in their order. The same photo in two audits lies in the file once."""
    names = []
    for audit in contents["audits"]:
        if audit["log"] is not None:
            names.append(log_name(audit["id"]))
        names.append(batches_name(audit["id"]))
    return names + list(dict.fromkeys(evidence_name(one["sha256"]) for one in contents["evidence"]))


def log_name(audit: str) -> str:
    return f"audits/{audit}/log.jsonl"


def batches_name(audit: str) -> str:
    return f"audits/{audit}/batches.jsonl"


def evidence_name(sha256: str) -> str:
    return f"evidence/{sha256}"


def refuse_contents(value: Any) -> Refusal | None:
    """Why this is no list of contents, or one of another version; None where it is one."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return Refusal("handover.not_a_handover")
    version = value.get("version")
    if type(version) is not int or version != VERSION:
        return Refusal("handover.other_version", {"version": version if type(version) is int else "?"})
    wrong = _wrong_in(value, _CONTENTS, "") or _repeated(value) or _strangers(value)
    return None if wrong is None else malformed(wrong)


def refuse_line(value: Any) -> Refusal | None:
    """Why this is no line of a log."""
    wrong = _wrong_in(value, _LINE, "log")
    return None if wrong is None else malformed(wrong)


def refuse_batch(value: Any) -> Refusal | None:
    """Why this is no batch."""
    wrong = _wrong_in(value, _BATCH, "batch")
    return None if wrong is None else malformed(wrong)


def malformed(where: str) -> Refusal:
    return Refusal("handover.malformed", {"where": where})


# --- Shapes


def _is(fits: Callable[[Any], bool]) -> Check:
    return lambda value, where: None if fits(value) else where


def _or_null(check: Check) -> Check:
    return lambda value, where: None if value is None else check(value, where)


def _object(shape: Shape) -> Check:
    return lambda value, where: _wrong_in(value, shape, where)


def _list(item: Check, least: int, most: int) -> Check:
    def check(value: Any, where: str) -> str | None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return where
        return next((wrong for one in value if (wrong := item(one, where)) is not None), None)

    return check


def _text(most: int | None = None) -> Check:
    return _is(lambda value: isinstance(value, str) and (most is None or len(value) <= most))


def _whole(least: int = 0) -> Check:
    return _is(lambda value: type(value) is int and least <= value < 2**53)


def _spelled(form: Form) -> Check:
    return _is(lambda value: isinstance(value, str) and is_spelled(form, value))


_UUID, _SHA256, _INSTANT = _spelled(Form.UUID), _spelled(Form.SHA256), _spelled(Form.INSTANT)
_RECEIPT: Shape = {"at": _INSTANT, "key": _SHA256, "signature": _text(120)}
_CONTENTS: Shape = {
    "format": _text(40),
    "version": _whole(1),
    "made": _object({"at": _INSTANT, "account": _UUID, "name": _text(300), "installation": _UUID, "app": _text(40)}),
    "installations": _list(
        _object({"installation": _UUID, "account": _UUID, "name": _text(300), "public_key": _or_null(_text(300))}),
        1,
        MOST_AUDITS,
    ),
    "audits": _list(
        _object(
            {
                "id": _UUID,
                "title": _or_null(_text(4000)),
                "reference": _or_null(_text(4000)),
                "log": _or_null(
                    _object({"epoch": _UUID, "seq": _whole(1), "hash": _SHA256, "receipt": _object(_RECEIPT)})
                ),
                "batches": _whole(),
                "operations": _whole(),
            }
        ),
        1,
        MOST_AUDITS,
    ),
    "evidence": _list(
        _object({"audit": _UUID, "sha256": _SHA256, "media_type": _text(200), "size": _whole()}), 0, MOST_EVIDENCE
    ),
}
_LINE: Shape = {
    "seq": _whole(1),
    "data": _text(),
    "content_sha256": _SHA256,
    "origin": _is(lambda value: value in ("device", "server")),
    "received_at": _INSTANT,
}
_ERASED: Shape = {"header": _text(), "content_sha256": _SHA256}
_BATCH: Shape = {
    "protocol": _whole(1),
    "installation": _UUID,
    "account": _UUID,
    "announced": _object({"dseq": _whole(1), "digest": _SHA256}),
    "head_signature": _or_null(_text(120)),
    "operations": _list(
        lambda value, where: None if isinstance(value, str) else _wrong_in(value, _ERASED, where),
        1,
        MAX_BATCH_OPERATIONS,
    ),
}
_OPTIONAL = "content_sha256"
"""The only key that may be absent, in a line: an entry whose content is there has no hash in its place."""


def _wrong_in(value: Any, shape: Shape, where: str) -> str | None:
    """Where it first is not what it should be; None where all fits. Keys are looked at in one order, here and on the tablet."""
    if not isinstance(value, dict):
        return where
    odd = sorted(key for key in value if key not in shape)
    if odd:
        return _inside(where, odd[0][:40])
    for key, check in shape.items():
        if key not in value:
            if key == _OPTIONAL and shape is _LINE:
                continue
            return _inside(where, key)
        wrong = check(value[key], _inside(where, key))
        if wrong is not None:
            return wrong
    return None


def _inside(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _repeated(contents: Mapping[str, Any]) -> str | None:
    """What is named twice would be taken in twice."""
    ids = [audit["id"] for audit in contents["audits"]]
    names = [(one["audit"], one["sha256"]) for one in contents["evidence"]]
    if len(set(ids)) < len(ids):
        return "audits"
    return "evidence" if len(set(names)) < len(names) else None


def _strangers(contents: Mapping[str, Any]) -> str | None:
    """Evidence of an audit that is not in the file, or one photo with two lengths."""
    known = {audit["id"] for audit in contents["audits"]}
    sizes = {one["sha256"]: one["size"] for one in contents["evidence"]}
    is_odd = any(one["audit"] not in known or sizes[one["sha256"]] != one["size"] for one in contents["evidence"])
    return "evidence" if is_odd else None
