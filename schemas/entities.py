"""Every kind of entity of the operation log by name, and the check of one operation's value against it."""

from functools import cache
from typing import Any

from marshmallow import ValidationError

from schemas.audit import (
    AreaSchema,
    AuditSchema,
    DeviationSchema,
    PlanSlotSchema,
    PreviousFindingSchema,
    ProcessSchema,
    ShiftSchema,
    SiteSchema,
    TeamMemberSchema,
)
from schemas.base import EntitySchema, spoken_for_good
from schemas.closing import (
    AttendanceSchema,
    ClosingRecordSchema,
    HandwrittenSignatureSchema,
    RecommendationSchema,
    ReportRecordSchema,
)
from schemas.evidence import EvidenceLinkSchema, EvidenceSchema
from schemas.finding import FindingSchema, GradeInStandardSchema, JudgementSchema, NoteSchema
from server.domain.entity import fits_id
from server.domain.fold import BORN, DELETED
from server.domain.operation import Operation
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind

ENTITIES: dict[str, type[EntitySchema]] = {
    "audit": AuditSchema,
    "team_member": TeamMemberSchema,
    "site": SiteSchema,
    "process": ProcessSchema,
    "shift": ShiftSchema,
    "area": AreaSchema,
    "plan_slot": PlanSlotSchema,
    "previous_finding": PreviousFindingSchema,
    "deviation": DeviationSchema,
    "judgement": JudgementSchema,
    "note": NoteSchema,
    "finding": FindingSchema,
    "finding_grade": GradeInStandardSchema,
    "evidence": EvidenceSchema,
    "evidence_link": EvidenceLinkSchema,
    "attendance": AttendanceSchema,
    "recommendation": RecommendationSchema,
    "closing_record": ClosingRecordSchema,
    "handwritten_signature": HandwrittenSignatureSchema,
    "report_record": ReportRecordSchema,
}

SEAL = "seal"


def refuse_value(operation: Operation) -> Refusal | None:
    """Why the value of this operation does not fit its field; None when it does. Never an exception."""
    schema = ENTITIES.get(operation.entity_kind)
    facts = {"entity": operation.entity_kind, "field": operation.field}
    if schema is None:
        return Refusal("operation.unknown_kind", facts)
    if (reason := _refuse_by_kind(schema, operation, facts)) is not None:
        return reason
    born = operation.value if operation.kind is OperationKind.ADD else None
    if not fits_id(operation.entity_kind, operation.entity_id, born):
        why = "the id does not fit its parts" if operation.entity_kind == "judgement" else "no id of this kind"
        return Refusal("operation.value_unfit", facts | {"why": why})
    return None


def _refuse_by_kind(schema: type[EntitySchema], operation: Operation, facts: dict[str, str]) -> Refusal | None:
    match operation.kind:
        case OperationKind.VERDICT | OperationKind.ERASURE | OperationKind.ISSUANCE:
            return Refusal("operation.reserved")
        case OperationKind.ADD:
            if operation.field != BORN:
                return Refusal("operation.value_unfit", facts | {"why": f"an add writes `{BORN}`"})
            return _refuse_born(schema, operation.value, facts)
        case OperationKind.DELETE:
            if operation.field != DELETED or operation.value is not True:
                return Refusal("operation.value_unfit", facts | {"why": f"a del writes `{DELETED}`: true"})
            return None
    if operation.field == DELETED:
        fits = isinstance(operation.value, bool)
        return None if fits else Refusal("operation.value_unfit", facts | {"why": "not a boolean"})
    if (operation.field == SEAL) != (operation.kind is OperationKind.SEAL):
        return Refusal("operation.value_unfit", facts | {"why": "a seal is written by an operation of kind `seal`"})
    return _refuse_field(schema, operation.field, operation.value, facts)


def _refuse_born(schema: type[EntitySchema], value: Any, facts: dict[str, str]) -> Refusal | None:
    born = schema.born_fields()
    if not isinstance(value, dict):
        return Refusal("operation.value_unfit", facts | {"why": "not an object"})
    if set(value) - set(born):
        # Its name is content, and would outlast an erasure of it.
        return Refusal("operation.unknown_kind", facts)
    try:
        _born_schema(schema).load(value)
    except ValidationError as problem:
        return Refusal("operation.value_unfit", facts | {"why": spoken_for_good(problem)})
    return None


@cache
def _born_schema(schema: type[EntitySchema]) -> EntitySchema:
    """To make one copies every field, which takes longer than reading twenty values."""
    return schema(only=tuple(schema.born_fields()))


def _refuse_field(schema: type[EntitySchema], name: str, value: Any, facts: dict[str, str]) -> Refusal | None:
    field = schema.settable_fields().get(name)
    if field is None:
        return Refusal("operation.unknown_kind", facts)
    try:
        field.deserialize(value)
    except ValidationError as problem:
        return Refusal("operation.value_unfit", facts | {"why": spoken_for_good(problem)})
    return None
