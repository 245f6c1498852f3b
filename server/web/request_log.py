"""One line of JSON on stderr for every request: which route, how it ended, how long it took. Nothing about persons."""

import logging
import sys
import time

import structlog
from flask import Flask, Response, request

log = structlog.get_logger()
_BEGAN = "auditbook.began"


def configure_log() -> None:
    """JSON lines on stderr from here on, for the server, the worker and the command line alike."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def init_request_log(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    request.environ[_BEGAN] = time.perf_counter()


def _end(answer: Response) -> Response:
    # The rule, not the path: what stands in a path may be a secret or a name.
    milliseconds = round((time.perf_counter() - request.environ.get(_BEGAN, time.perf_counter())) * 1000, 1)
    rule = str(request.url_rule) if request.url_rule else None
    log.info("request", method=request.method, route=rule, status=answer.status_code, ms=milliseconds)
    return answer
