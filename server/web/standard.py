"""The catalogue of standards: numbers and titles, and questions in our own words."""

from typing import Any

from flask import Response, jsonify, request

from server.domain.refusals import Refusal, Refused
from server.reports.catalogues import keep_handed_out
from server.standards.catalogue import as_contract, load_catalogue
from server.web.blueprint import Blueprint
from server.web.security import current_account

blueprint = Blueprint("standard", __name__, url_prefix="/api/standards", description="Standards with their clauses.")


@blueprint.route("", methods=["GET"])
@blueprint.response(200)
def list_standards() -> Response:
    """The editions that there are, without their clauses."""
    current_account()
    editions = [as_contract(standard) for standard in load_catalogue().values()]
    return _kept([{name: value for name, value in edition.items() if name != "clauses"} for edition in editions])


@blueprint.route("/<standard>", methods=["GET"])
@blueprint.response(200)
def show_standard(standard: str) -> Response:
    """One edition with every clause and question."""
    current_account()
    found = load_catalogue().get(standard)
    if found is None:
        raise Refused(Refusal("request.not_found"))
    keep_handed_out(found)
    return _kept(as_contract(found))


def _kept(content: Any) -> Response:
    """A tablet that has it already is told so, instead of being sent it again."""
    answer = jsonify(content)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
