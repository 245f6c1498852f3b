"""The audit itself and what is set up before it: team, sites, processes, shifts, plan, earlier findings."""

from schemas.base import (
    EntitySchema,
    criterion_id,
    day,
    entity_reference,
    flag,
    instant,
    language_tag,
    line,
    list_of,
    local_time,
    one_of,
    paragraphs,
    standard_id,
    uuid_text,
    whole,
)
from server.domain.vocabulary import (
    AuditType,
    FindingGrade,
    FollowUpResult,
    PhotoPolicy,
    PositionUse,
    SlotState,
    TeamRole,
)


class AuditSchema(EntitySchema):
    """One audit. Its entity id is the audit's own id, so there is exactly one in a log."""

    workspace = uuid_text(born=True, required=True)
    type = one_of(AuditType, born=True, required=True)
    reference = line(longest=60)
    title = line()
    language = language_tag()
    body_name = line()
    body_address = line()
    audit_client = uuid_text(nullable=True)
    client_name = line()
    client_address = line()
    client_representative = line()
    scope = paragraphs()
    objectives = paragraphs()
    criteria = list_of(standard_id(), most=12)
    starts_on = day(nullable=True)
    ends_on = day(nullable=True)
    confirmed_headcount = whole(most=10_000_000)
    confirmed_shifts = paragraphs(longest=2000)
    confirmed_outsourced = paragraphs(longest=2000)
    confirmed_scope = flag(nullable=True)
    executive_summary = paragraphs()
    conformity = paragraphs()
    effectiveness = paragraphs()
    internal_audit_and_review = paragraphs()
    is_scope_appropriate = flag(nullable=True)
    are_objectives_met = flag(nullable=True)
    changes = paragraphs()
    unresolved_issues = paragraphs()
    plan_against_actual = paragraphs()
    remote_share_percent = whole(most=100)
    next_audit = paragraphs()
    positions = one_of(PositionUse)
    """While nobody has said so, no position is asked of any tablet."""
    voice_notes = flag()
    """Whether auditors may dictate. While nobody has said so, no tablet asks for its microphone."""


class TeamMemberSchema(EntitySchema):
    account = uuid_text(born=True, required=True, nullable=True)
    name = line()
    role = one_of(TeamRole)


class SiteSchema(EntitySchema):
    name = line()
    address = line()


class ProcessSchema(EntitySchema):
    name = line()
    owner = line()


class ShiftSchema(EntitySchema):
    name = line()
    hours = line(longest=60)


class AreaSchema(EntitySchema):
    """A part of a site, and whether photos may be taken there. While nobody has said so, one asks."""

    name = line()
    site = entity_reference()
    photo_policy = one_of(PhotoPolicy)


class PlanSlotSchema(EntitySchema):
    """One line of the audit plan (ISO/IEC 17021-1:2015, 9.2.3.2)."""

    starts_at = local_time()
    ends_at = local_time()
    title = line()
    site = entity_reference()
    process = entity_reference()
    shift = entity_reference()
    area = entity_reference()
    auditors = list_of(line(longest=200), most=30)
    auditees = line()
    criteria = list_of(criterion_id(), most=200)
    state = one_of(SlotState)
    reason = line()


class PreviousFindingSchema(EntitySchema):
    """A finding of an earlier audit whose correction this audit verifies (ISO/IEC 17021-1:2015, 9.4.8.2 r)."""

    number = line(born=True, required=True, longest=60)
    grade = one_of(FindingGrade, born=True, required=True)
    statement = line(born=True, required=True, longest=4000)
    criteria = list_of(criterion_id(), born=True, required=True)
    raised_on = day(born=True, required=True, nullable=True)
    follow_up_result = one_of(FollowUpResult)
    follow_up_note = paragraphs(longest=4000)


class DeviationSchema(EntitySchema):
    """A departure from the audit plan, with its reason (ISO/IEC 17021-1:2015, 9.4.8.2 g)."""

    observed_at = instant(born=True, required=True)
    text = paragraphs(longest=4000)
    minutes_lost = whole(most=100_000)
    told_to = line()
