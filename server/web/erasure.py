"""Taking words, or a piece of evidence, out of an audit for good. See docs/data-flow.md, section 4."""

import uuid
from dataclasses import asdict
from typing import Any

from schemas.erasure import ErasedSchema, ErasureSchema
from server.sync.erase import erase_content_of, withdraw_evidence
from server.web.blueprint import Blueprint
from server.web.security import current_account

blueprint = Blueprint("erasure", __name__, url_prefix="/api", description="Content that leaves an audit for good")


@blueprint.post("/audits/<uuid:audit>/erasures")
@blueprint.arguments(ErasureSchema)
@blueprint.response(200, ErasedSchema)
def post_erasure(given: dict[str, Any], audit: uuid.UUID) -> dict[str, Any]:
    """Erase entries, or withdraw one piece of evidence. For good, here and on every tablet at its next sync."""
    signed_in = current_account()
    reason = given["reason"].strip()
    if "evidence" in given:
        erased = withdraw_evidence(signed_in.account, signed_in.roles, str(audit), str(given["evidence"]), reason)
    else:
        erased = erase_content_of(signed_in.account, signed_in.roles, str(audit), given["operations"], reason)
    return asdict(erased)
