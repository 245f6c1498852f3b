"""
Which id an entity may have. Where an id is made of what it stands for, no other id may stand for that.

The same rule stands in pwa/src/domain/entity.ts; schemas/vectors/entity holds both together.
"""

from collections.abc import Mapping
from typing import Any

from server.domain.finding import grade_id
from server.domain.judgement import judgement_id
from server.domain.spelling import Form, is_spelled


def fits_id(kind: str, entity_id: str, born: Mapping[str, Any] | None) -> bool:
    """`born` is what the birth says, in its shape; None for any later operation, whose entity was born under this id or not at all."""
    if kind == "judgement":
        return born is None or entity_id == judgement_id(**born)
    if kind == "finding_grade":
        return born is None or entity_id == grade_id(born["finding"], born["standard"])
    # Parts of a judgement's id hold no tilde, so that two places never make one id.
    return is_spelled(Form.STANDARD if kind == "recommendation" else Form.REFERENCE, entity_id)
