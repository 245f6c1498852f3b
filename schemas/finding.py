"""What the team judges, notes and finds."""

from schemas.base import (
    EntitySchema,
    criterion_id,
    entity_reference,
    flag,
    instant,
    line,
    list_of,
    one_of,
    paragraphs,
    standard_id,
)
from server.domain.vocabulary import Acknowledgement, FindingGrade, JudgementResult


class JudgementSchema(EntitySchema):
    """
    What one auditor says of one criterion in one process, site and shift.

    The entity id is made of the five parts (see `judgement_id` in the domain), so that the same auditor's second judgement
    is the same field, and two auditors in two halls are never in conflict.
    """

    criterion = criterion_id(born=True, required=True)
    process = entity_reference(born=True, required=True)
    site = entity_reference(born=True, required=True)
    shift = entity_reference(born=True, required=True)
    auditor = entity_reference(born=True, required=True, nullable=False)
    result = one_of(JudgementResult)
    reason = line(longest=2000)


class NoteSchema(EntitySchema):
    """The auditor's own working note. Never part of sealed content."""

    observed_at = instant(born=True, required=True)
    criterion = criterion_id(nullable=True)
    process = entity_reference()
    site = entity_reference()
    shift = entity_reference()
    text = paragraphs()


class FindingSchema(EntitySchema):
    """ISO/IEC 17021-1:2015, 9.4.5: a nonconformity has a requirement, a clear statement of failure, and objective evidence."""

    raised_at = instant(born=True, required=True)
    raised_by = entity_reference(born=True, required=True, nullable=False)
    title = line()
    grade = one_of(FindingGrade, nullable=True)
    grade_reason = paragraphs(longest=4000)
    requirement = paragraphs(longest=4000)
    failure = paragraphs(longest=4000)
    objective_evidence = paragraphs(longest=8000)
    criteria = list_of(criterion_id(), most=40)
    process = entity_reference()
    site = entity_reference()
    shift = entity_reference()
    observed_at = instant(nullable=True)
    is_corrected_on_site = flag()
    withdrawn_reason = line(nullable=True, longest=4000)
    acknowledgement = one_of(Acknowledgement, nullable=True)
    dissent_reason = line(nullable=True, longest=4000)


class GradeInStandardSchema(EntitySchema):
    """
    The grade of one finding in one of the standards that it cites, where it differs from `finding.grade`: a minor in one can be
    a major in the other. `grade` null takes it back. The entity id is made of both parts (see `grade_id` in the domain).
    """

    finding = entity_reference(born=True, required=True, nullable=False)
    standard = standard_id(born=True, required=True)
    grade = one_of(FindingGrade, nullable=True)
    grade_reason = paragraphs(longest=4000)
