"""How an audit is set up before it begins: facts, team, places, plan, what earlier audits left. The `add` of the audit comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server.demo.audit import Audit, PlanSlot, SlotKind
from server.demo.company import AUDIT_CLIENT, CERTIFICATION_BODY, PERSON
from server.demo.works import AREAS, PROCESSES, SHIFTS, SITES
from server.domain.vocabulary import PhotoPolicy, SlotState
from server.sync.office import Change


def set_up(
    audit: Audit, *, audit_id: str, workspace: str, client: str, account_of: Mapping[str, str]
) -> Iterator[Change]:
    """Everything that is known before anybody goes there; `client` is the office's record of the audit client."""
    representative = PERSON[AUDIT_CLIENT.representative]
    yield from entity(
        f"audit/{audit_id}",
        {"workspace": workspace, "type": audit.type.value},
        reference=audit.reference,
        title=audit.title,
        language=audit.language,
        body_name=CERTIFICATION_BODY.name,
        body_address=CERTIFICATION_BODY.address,
        audit_client=client,
        client_name=AUDIT_CLIENT.name,
        client_address=AUDIT_CLIENT.address,
        client_representative=f"{representative.name}, {representative.function}",
        scope=audit.audit_scope,
        objectives=audit.objectives,
        criteria=list(audit.standards),
        starts_on=audit.starts_on.isoformat(),
        ends_on=audit.ends_on.isoformat(),
    )
    for person in (PERSON[one] for one in audit.team):
        yield from entity(
            f"team_member/{person.id}",
            {"account": account_of.get(person.id)},
            name=person.name,
            role=person.team_role.value if person.team_role else None,
        )
    yield from _places()
    yield from _plan(audit)
    for previous in audit.previous:
        yield Change.add(
            f"previous_finding/{previous.id}",
            {
                "number": previous.number,
                "grade": previous.grade.value,
                "statement": previous.statement,
                "criteria": list(previous.criteria),
                "raised_on": previous.raised_on.isoformat(),
            },
        )


def entity(ref: str, born: dict[str, object], **fields: object) -> Iterator[Change]:
    """An entity with what it is born with and what is known of it; what is unknown is no operation."""
    yield Change.add(ref, born)
    for name, value in fields.items():
        if value not in (None, "", []):
            yield Change(ref, name, value)


def _places() -> Iterator[Change]:
    for site in SITES:
        yield from entity(f"site/{site.id}", {}, name=site.name, address=site.address)
    for area in AREAS:
        yield from entity(f"area/{area.id}", {}, name=area.name, site=area.site, photo_policy=area.photos.value)
    for shift in SHIFTS:
        yield from entity(f"shift/{shift.id}", {}, name=shift.name, hours=shift.hours)
    for process in PROCESSES:
        yield from entity(f"process/{process.id}", {}, name=process.name, owner=PERSON[process.owner].name)


def _plan(audit: Audit) -> Iterator[Change]:
    for slot in audit.plan:
        yield from entity(
            f"plan_slot/{slot.id}",
            {},
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            title=slot.title,
            site=slot.site,
            process=slot.process,
            shift=slot.shift,
            area=_area_on_the_floor(slot),
            auditors=list(slot.auditors),
            auditees=", ".join(PERSON[person].name for person in slot.auditees),
            criteria=list(slot.criteria),
            state=SlotState.PLANNED.value,
        )


def _area_on_the_floor(slot: PlanSlot) -> str | None:
    """Where the slot is on the floor. In an office nobody needs a photo, and whoever wants one of a screen says where."""
    asks = {area.id for area in AREAS if area.photos is PhotoPolicy.ASK}
    return slot.area if slot.kind is SlotKind.PROCESS and slot.area not in asks else None
