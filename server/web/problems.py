"""
Every way of saying no, as HTTP: the only place with status codes. RFC 9457, `application/problem+json` (schemas/problem.py).

Before: a use case raised `Refused`, marshmallow or Werkzeug refused the request, or something broke that nobody foresaw.
After:  the app reads a stable code, a person reads a sentence; a fault stands in the log under the reference that the person sees.
"""

import errno
import secrets
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from schemas.base import spoken
from server.domain.refusals import Refusal, Refused

STATUS: dict[str, int] = {
    "request": 400,
    "request.too_large": 413,
    "request.cross_site": 403,
    "request.not_found": 404,
    "request.method": 405,
    "request.media_type": 415,
    "request.too_many": 429,
    "request.stale": 412,
    "request.needs_version": 428,
    "server": 500,
    "server.busy": 503,
    "server.full": 507,
    "server.store_unreachable": 503,
    "server.store_refuses": 503,
    "account": 403,
    "account.sign_in_needed": 401,
    "account.wrong_credentials": 401,
    "account.weak_password": 422,
    "account.token_spent": 410,
    "account.address_taken": 409,
    "account.first_needs_address": 422,
    "handover": 422,
    "envelope": 422,
    "operation": 422,
    "chain": 409,
    "audit": 403,
    "sync": 409,
    "evidence": 409,
    "evidence.hash_mismatch": 422,
    "evidence.too_large": 413,
    "evidence.checksum_mismatch": 460,
    "evidence.checksum_unknown": 400,
    "evidence.tus_version": 412,
    "evidence.range": 416,
    "evidence.not_stored": 404,
    "evidence.not_a_picture": 422,
    "evidence.no_picture": 404,
    "evidence.upload_gone": 410,
    "evidence.withdrawn": 410,
    "evidence.covered": 403,
    "closing": 409,
    "report": 409,
    "report.catalogue_unfit": 422,
}
"""By code, or by what stands before the dot."""

UNFIT = 422
"""A body that can be read but does not fit its schema: `request.malformed` as well, told apart by the status."""

CHECKSUM_MISMATCH = 460
"""Of tus 1.0, in no registry."""

_BY_STATUS = {
    401: "account.sign_in_needed",
    403: "account.not_permitted",
    404: "request.not_found",
    405: "request.method",
    412: "request.stale",
    413: "request.too_large",
    415: "request.media_type",
    428: "request.needs_version",
    503: "server.busy",
    507: "server.full",
}
_RETRY_BUSY = "5"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

log = structlog.get_logger()


def status_of(code: str) -> int:
    """The HTTP status of a refusal."""
    return STATUS.get(code) or STATUS[code.partition(".")[0]]


def problem(refusal: Refusal, *, status: int | None = None, reference: str | None = None) -> Response:
    """A refusal as the answer to a request."""
    status = status or status_of(refusal.code)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": "Checksum Mismatch" if status == CHECKSUM_MISMATCH else HTTPStatus(status).phrase,
        "status": status,
        "code": refusal.code,
        "detail": refusal.sentence,
        "facts": dict(refusal.facts),
    }
    if reference is not None:
        body["reference"] = reference
    answer = Response(json.dumps(body), status=status, content_type="application/problem+json")
    if refusal.code == "request.too_many":
        answer.headers["Retry-After"] = str(refusal.facts["seconds"])
    elif refusal.code in ("server.busy", "server.store_unreachable", "server.store_refuses"):
        answer.headers["Retry-After"] = _RETRY_BUSY
    elif refusal.code == "evidence.range":
        answer.headers["Content-Range"] = f"bytes */{refusal.facts['size']}"
    return answer


def init_problems(app: Flask) -> None:
    """Let every refusal and every fault of the app be answered here. To be called after flask-smorest, which answers otherwise."""
    app.register_error_handler(Refused, lambda refused: problem(refused.refusal))
    app.register_error_handler(ValidationError, _unfit)
    app.register_error_handler(RecursionError, lambda _: problem(_malformed("nested too deeply")))
    app.register_error_handler(OSError, _without_room)
    app.register_error_handler(HTTPException, _refused_by_framework)
    app.register_error_handler(Exception, _fault)


def _malformed(why: str) -> Refusal:
    return Refusal("request.malformed", {"why": why})


def _unfit(found: ValidationError) -> Response:
    messages = found.messages
    if isinstance(messages, dict) and set(messages) <= {"json", "query"}:
        # webargs says where it read; whoever sent the request knows.
        messages = next(iter(messages.values()))
    return problem(_malformed(spoken(ValidationError(messages)).rstrip(".")), status=UNFIT)


def _refused_by_framework(error: HTTPException) -> BaseResponse:
    """What Flask, Werkzeug or webargs refused, in our words and with the headers that belong to it."""
    if error.code is None or error.code < 400:
        return error.get_response()
    cause = getattr(error, "exc", None)
    if isinstance(cause, ValidationError):
        return _unfit(cause)
    if error.code == 500:
        return _fault(getattr(error, "original_exception", None) or error)
    code = _BY_STATUS.get(error.code, "request.malformed")
    facts: dict[str, dict[str, Any]] = {
        "request.method": {"method": request.method},
        "request.media_type": {"media_type": request.mimetype or "a body without a media type"},
        "request.too_large": {"limit": request.max_content_length},
        "account.not_permitted": {"who": "the administrator"},
        "request.malformed": {"why": error.name.lower()},
    }
    answer = problem(Refusal(code, facts.get(code, {})), status=error.code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _without_room(error: OSError) -> Response:
    """A disk that is full can be foreseen; whatever else a file does is a fault."""
    return problem(Refusal("server.full")) if error.errno in _NO_ROOM else _fault(error)


def _fault(error: BaseException) -> Response:
    """Nobody foresaw this. The log has the whole of it, the person a reference to quote."""
    reference = secrets.token_hex(5)
    log.error("fault", reference=reference, route=str(request.url_rule or ""), exc_info=error)
    return problem(Refusal("server.fault", {"reference": reference}), reference=reference)
