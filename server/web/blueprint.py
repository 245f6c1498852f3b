"""The blueprint that every noun of the API builds on: bodies are read strictly, refusals are documented once."""

from typing import Any

import flask_smorest
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from server.domain.operation import parse_plain_json
from server.domain.refusals import Refusal, Refused
from server.web.body import limit_silence


class PlainJsonParser(FlaskParser):
    """
    JSON that both languages and both databases hold without change: no NUL, no half surrogate, no fraction, bounded depth.

    What passed here cannot break a database later (a NUL is cut off by one and refused by the other).
    """

    def _raw_load_json(self, req: Request) -> Any:
        if not is_json_request(req):
            return missing
        limit_silence()
        return plain_json(req.get_data(cache=True))


def plain_json(body: bytes) -> Any:
    """The value in the body. Raises Refused for everything that is not plain JSON."""
    try:
        return parse_plain_json(body)
    except ValueError as problem:
        raise Refused(Refusal("request.malformed", {"why": str(problem)})) from problem


class Blueprint(flask_smorest.Blueprint):
    """One thin blueprint a noun."""

    ARGUMENTS_PARSER = PlainJsonParser()
