"""
The demonstration's world as plain data: a certification body, a machining company of 60 people, and the stage 2 audit that is due.

Before: nothing; every name, address and number here is invented, and mail goes to the reserved domain `example`.
After:  server/demo/seed.py turns it into accounts, clients and the first operations of an audit.

Constants are what stays true; functions take the first day of the audit, so that a demonstration always begins today. Ids are
short slugs that refer to one another. On purpose the company has what makes an audit interesting: a night shift, agency
workers who speak Romanian, an outsourced special process, a hall without photos, a gauge problem seen before, and no design.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.domain.vocabulary import AuditType, FindingGrade, Role, TeamRole
from server.standards.catalogue import criterion_id

STANDARD = "iso9001-2015"
TRANSITION_NOTE = "ISO 9001:2026 has been published. A certificate to the 2015 edition has to be moved to it within the transition period."


class PhotoRule(StrEnum):
    """What an area allows; where photos are forbidden a sketch or words take their place."""

    ALLOWED = "allowed"
    ASK = "ask"
    FORBIDDEN = "forbidden"


class SlotKind(StrEnum):
    """Meetings and processes are audit time; breaks and travel are not."""

    MEETING = "meeting"
    PROCESS = "process"
    TEAM = "team"
    BREAK = "break"
    TRAVEL = "travel"


@dataclass(frozen=True, slots=True)
class CertificationBody:
    """Who audits and certifies; `report_email` is the mailbox that receives the sealed report."""

    id: str
    name: str
    address: str
    report_email: str
    language: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Clauses that the audit client does not apply, with its own reason."""

    clauses: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AuditClient:
    """Who is audited; `representative` is a person's id, `certification_scope` the wording asked for on the certificate."""

    id: str
    name: str
    address: str
    representative: str
    certification_scope: str
    technical_area: str
    language: str
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """`belongs_to` is the body or the audit client; without `roles` a person has no account, without `team_role` no part in the team."""

    id: str
    name: str
    belongs_to: str
    function: str
    email: str
    languages: tuple[str, ...] = ("de", "en")
    roles: tuple[Role, ...] = ()
    team_role: TeamRole | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the audit client with what is done there."""

    id: str
    name: str
    address: str
    activities: str


@dataclass(frozen=True, slots=True)
class Shift:
    """Local hours on site; the night ends on the next day."""

    id: str
    name: str
    hours: str


@dataclass(frozen=True, slots=True)
class Headcount:
    """People at one site on one shift: the company's own and those of an agency."""

    site: str
    shift: str
    employed: int
    agency: int


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a site with its rules for visitors."""

    id: str
    site: str
    name: str
    photos: PhotoRule
    rules: str


@dataclass(frozen=True, slots=True)
class ExternalProvider:
    """Somebody outside who runs a process for the audit client, and how the audit client keeps hold of it."""

    id: str
    name: str
    service: str
    control: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process with its owner, where it runs and on which shifts; `provider` is set where it is outsourced."""

    id: str
    name: str
    owner: str
    sites: tuple[str, ...]
    areas: tuple[str, ...]
    shifts: tuple[str, ...]
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class AuditTime:
    """Auditor days of eight hours, with the reason that the records have to show."""

    personnel: int
    table_days: float
    stage_1_days: float
    stage_2_days: float
    justification: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit to be carried out now; `team` are ids of people, the leader first."""

    id: str
    reference: str
    title: str
    type: AuditType
    standard: str
    audit_client: str
    starts_on: date
    ends_on: date
    language: str
    audit_scope: str
    objectives: str
    team: tuple[str, ...]
    audit_time: AuditTime


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """One line of the audit plan; times are local on site, `clauses` the numbers that matter there, people are ids."""

    id: str
    on: date
    begins: str
    ends: str
    kind: SlotKind
    title: str
    auditors: tuple[str, ...]
    auditees: tuple[str, ...] = ()
    process: str | None = None
    site: str | None = None
    area: str | None = None
    shift: str | None = None
    clauses: tuple[str, ...] = ()
    note: str = ""
    accompanied_by: tuple[str, ...] = ()

    @property
    def starts_at(self) -> str:
        """Local date and time as the contract writes them."""
        return f"{self.on.isoformat()}T{self.begins}"

    @property
    def ends_at(self) -> str:
        """Local date and time as the contract writes them."""
        return f"{self.on.isoformat()}T{self.ends}"

    @property
    def criteria(self) -> tuple[str, ...]:
        """The clauses as findings cite them."""
        return tuple(criterion_id(STANDARD, number) for number in self.clauses)


@dataclass(frozen=True, slots=True)
class PreviousAudit:
    """An audit that this one builds on, by this body or by another that handed its report to the audit client."""

    id: str
    reference: str
    by: str
    type: AuditType
    starts_on: date
    ends_on: date
    conclusion: str


@dataclass(frozen=True, slots=True)
class PreviousFinding:
    """What an earlier audit left to be verified: the statement, the audit client's answer, and what to look at now."""

    id: str
    audit: str
    number: str
    grade: FindingGrade
    statement: str
    clauses: tuple[str, ...]
    raised_on: date
    site: str
    process: str
    answer: str
    to_verify: str

    @property
    def criteria(self) -> tuple[str, ...]:
        """The clauses as findings cite them."""
        return tuple(criterion_id(STANDARD, number) for number in self.clauses)


CERTIFICATION_BODY = CertificationBody(
    id="nordlicht",
    name="Nordlicht Certification",
    address="Leuchtturmweg 1, 00003 Nordhafen",
    report_email="reports@nordlicht.example",
    language="en",
)

AUDIT_CLIENT = AuditClient(
    id="spanwerk",
    name="Spanwerk Musterhausen GmbH",
    address="Fräserstraße 12, 00001 Musterhausen",
    representative="thomas",
    certification_scope="Turning, milling and assembly of precision metal parts to customer drawings",
    technical_area="IAF 17 basic metals and fabricated metal products",
    language="en",
    exclusions=(
        Exclusion(
            clauses=("8.3.1", "8.3.2", "8.3.3", "8.3.4", "8.3.5", "8.3.6"),
            reason="Every part is made to a drawing that the customer owns and releases. Proposals for a simpler part go to "
            "the customer as a question, and only the customer changes the drawing. Work plans belong to 8.1 and 8.5.1.",
        ),
    ),
)

# Unformatted: a table reads row by row.
# fmt: off

PEOPLE = (
    Person("lena", "Lena Brandt", "nordlicht", "Lead auditor", "lena@nordlicht.example", roles=(Role.LEAD_AUDITOR,),
        team_role=TeamRole.AUDIT_TEAM_LEADER),
    Person("aron", "Aron Weiss", "nordlicht", "Auditor, machining", "aron@nordlicht.example", roles=(Role.AUDITOR,),
        team_role=TeamRole.AUDITOR),
    Person("ilinca", "Ilinca Popa", "nordlicht", "Interpreter, Romanian", "ilinca@nordlicht.example",
        languages=("ro", "de", "en"), team_role=TeamRole.INTERPRETER),
    Person("jonas", "Jonas Petersen", "nordlicht", "Programme manager", "jonas@nordlicht.example",
        roles=(Role.PROGRAMME_MANAGER,)),
    Person("miriam", "Miriam Okafor", "nordlicht", "Technical reviewer", "miriam@nordlicht.example",
        roles=(Role.TECHNICAL_REVIEWER,)),
    # Ruth signs in and may not see this audit: whatever she can open by mistake is a leak.
    Person("ruth", "Ruth Adler", "nordlicht", "Reader, assigned to no audit", "ruth@nordlicht.example",
        roles=(Role.READER,)),
    Person("thomas", "Thomas Reiter", "spanwerk", "Quality manager, auditee representative",
        "thomas@spanwerk.example", roles=(Role.QUALITY_MANAGER,)),
    Person("katharina", "Katharina Vogt", "spanwerk", "Managing director", "katharina@spanwerk.example"),
    Person("emre", "Emre Yildiz", "spanwerk", "Production manager", "emre@spanwerk.example"),
    Person("nina", "Nina Keller", "spanwerk", "Sales and work preparation", "nina@spanwerk.example"),
    Person("sabine", "Sabine Lorenz", "spanwerk", "Purchasing", "sabine@spanwerk.example"),
    Person("petra", "Petra Henning", "spanwerk", "Final inspection, gauge custodian", "petra@spanwerk.example"),
    Person("goran", "Goran Ilic", "spanwerk", "Shift lead turning, early", "goran@spanwerk.example"),
    Person("daniela", "Daniela Roth", "spanwerk", "Shift lead milling, late", "daniela@spanwerk.example"),
    Person("marek", "Marek Nowak", "spanwerk", "Shift lead, night", "marek@spanwerk.example", languages=("pl", "de")),
    Person("uwe", "Uwe Cordes", "spanwerk", "Maintenance and IT", "uwe@spanwerk.example"),
    Person("julia", "Julia Stein", "spanwerk", "HR and training", "julia@spanwerk.example"),
    Person("olaf", "Olaf Thoms", "spanwerk", "Site manager Beispielstadt, dispatch", "olaf@spanwerk.example"),
)

SITES = (
    Site("musterhausen", "Main works Musterhausen", "Fräserstraße 12, 00001 Musterhausen",
        "Management, sales, purchasing, turning, milling, final inspection"),
    Site("beispielstadt", "Works Beispielstadt", "Am Güterbahnhof 3, 00002 Beispielstadt",
        "Deburring, washing, assembly, warehouse, dispatch"),
)

SHIFTS = (
    Shift("day", "Day", "08:00-16:30"),
    Shift("early", "Early", "06:00-14:00"),
    Shift("late", "Late", "14:00-22:00"),
    Shift("night", "Night", "22:00-06:00"),
)

HEADCOUNT = (
    Headcount("musterhausen", "day", employed=14, agency=0),
    Headcount("musterhausen", "early", employed=10, agency=1),
    Headcount("musterhausen", "late", employed=9, agency=1),
    Headcount("musterhausen", "night", employed=5, agency=2),
    Headcount("beispielstadt", "day", employed=4, agency=0),
    Headcount("beispielstadt", "early", employed=6, agency=2),
    Headcount("beispielstadt", "late", employed=4, agency=2),
)
"""All 60 people in the scope; the agency workers are counted, since they work under the audit client's control."""

AREAS = (
    Area("office", "musterhausen", "Office", PhotoRule.ASK, "Screens may show drawings of customers."),
    Area("goods-in", "musterhausen", "Goods in", PhotoRule.ALLOWED, "Safety shoes, fork-lift traffic."),
    Area("hall-1", "musterhausen", "Hall 1, turning", PhotoRule.ALLOWED, "Safety shoes and glasses."),
    Area("hall-2", "musterhausen", "Hall 2, milling and final inspection", PhotoRule.ASK,
        "Safety shoes and glasses; ask the shift lead before a photo of a customer's part."),
    Area("prototype-cell", "musterhausen", "Hall 2, prototype cell", PhotoRule.FORBIDDEN,
        "Confidential parts of one customer: words or a sketch only."),
    Area("gauge-room", "musterhausen", "Gauge room", PhotoRule.ALLOWED, "20 °C, keep the door closed."),
    Area("workshop", "musterhausen", "Maintenance workshop", PhotoRule.ALLOWED, "Safety shoes."),
    Area("assembly", "beispielstadt", "Deburring and assembly", PhotoRule.ALLOWED,
        "Safety shoes, hearing protection."),
    Area("washing", "beispielstadt", "Washing room", PhotoRule.FORBIDDEN,
        "Solvent, explosive atmosphere: no tablet inside, notes on paper and recorded afterwards."),
    Area("warehouse", "beispielstadt", "Warehouse and dispatch", PhotoRule.ALLOWED,
        "Safety shoes, fork-lift traffic."),
)

EXTERNAL_PROVIDERS = (
    ExternalProvider("glutwerk", "Glutwerk Härterei GmbH", "Case hardening and tempering",
        "Framework order with hardness range and depth; furnace chart and hardness report with every batch; "
        "own hardness check on three parts a batch; visit every second year"),
    ExternalProvider("kalibrio", "Kalibrio Messtechnik GmbH", "Calibration of gauges",
        "Accredited laboratory, certificates checked by the gauge custodian"),
    ExternalProvider("helferhand", "Helferhand Personal GmbH", "Agency workers",
        "Requirement profile per workplace, induction by the shift lead"),
)

_BOTH = ("musterhausen", "beispielstadt")

PROCESSES = (
    Process("leadership", "Leadership and planning", "katharina", ("musterhausen",), ("office",), ("day",)),
    Process("quality", "Quality management and improvement", "thomas", _BOTH, ("office",), ("day",)),
    Process("orders", "Sales and work preparation", "nina", ("musterhausen",), ("office",), ("day",)),
    Process("purchasing", "Purchasing and goods in", "sabine", ("musterhausen",), ("office", "goods-in"), ("day",)),
    Process("turning", "Turning", "emre", ("musterhausen",), ("hall-1",), ("early", "late", "night")),
    Process("milling", "Milling", "emre", ("musterhausen",), ("hall-2", "prototype-cell"),
        ("early", "late", "night")),
    Process("heat-treatment", "Heat treatment (outsourced)", "sabine", ("musterhausen",), ("goods-in",), ("day",),
        provider="glutwerk"),
    Process("final-inspection", "Final inspection and gauges", "petra", ("musterhausen",), ("hall-2", "gauge-room"),
        ("early", "late")),
    Process("assembly", "Deburring, washing and assembly", "olaf", ("beispielstadt",), ("assembly", "washing"),
        ("early", "late")),
    Process("dispatch", "Warehouse and dispatch", "olaf", ("beispielstadt",), ("warehouse",),
        ("day", "early", "late")),
    Process("maintenance", "Maintenance and IT", "uwe", _BOTH, ("workshop",), ("day",)),
    Process("hr", "HR and training", "julia", _BOTH, ("office",), ("day",)),
)
# fmt: on


def headcount_of(site: str) -> int:
    """Everybody who works at the site, agency workers included."""
    return sum(row.employed + row.agency for row in HEADCOUNT if row.site == site)


def certification_audit(starts_on: date) -> Audit:
    """The stage 2 audit that begins on this day and ends on the next, whatever weekday that is."""
    return Audit(
        id="spanwerk-stage-2",
        reference=f"NL-{starts_on.year}-0417-S2",
        title="Stage 2 certification audit ISO 9001:2015",
        type=AuditType.STAGE_2,
        standard=STANDARD,
        audit_client=AUDIT_CLIENT.id,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=1),
        language="en",
        audit_scope=f"{AUDIT_CLIENT.certification_scope}. Both sites, all processes and shifts, the outsourced heat "
        "treatment as far as the audit client controls it. Design and development (8.3) is excluded.",
        objectives="Determine whether the management system conforms to the audit criteria; whether it enables the audit "
        "client to meet legal and contractual requirements; whether it is effective in reaching the audit client's "
        "objectives; and where it could be improved.",
        team=("lena", "aron", "ilinca"),
        audit_time=AuditTime(
            personnel=sum(headcount_of(site.id) for site in SITES),
            table_days=5.0,
            stage_1_days=1.5,
            stage_2_days=3.5,
            justification="46 to 65 people: five auditor days. The second site and the night shift call for more time, the "
            "excluded design and the repetitive work in assembly for less; the body judged that they balance. "
            "The interpreter's time is not counted.",
        ),
    )


def audit_plan(starts_on: date) -> tuple[PlanSlot, ...]:
    """The two days, slot by slot: every clause but the excluded ones, both sites, and the night shift with its handover."""
    one, two = starts_on, starts_on + timedelta(days=1)
    meeting, process, team, pause = SlotKind.MEETING, SlotKind.PROCESS, SlotKind.TEAM, SlotKind.BREAK
    both, lena, aron = ("lena", "aron"), ("lena",), ("aron",)
    # Unformatted: a timetable reads slot by slot.
    # fmt: off
    return (
        PlanSlot("opening", one, "08:30", "09:00", meeting, "Opening meeting", both,
            ("katharina", "thomas", "emre", "olaf"), site="musterhausen", area="office",
            note="Confirm headcount, shifts, outsourced processes and scope against the application."),
        PlanSlot("purchasing", one, "09:00", "10:30", process, "Purchasing and goods in", lena, ("sabine",),
            "purchasing", "musterhausen", "goods-in", "day", _numbers("8.4.1 8.4.2 8.4.3 7.5.3.1"),
            "Sample orders by risk of the supplier, plus two at random."),
        PlanSlot("orders", one, "09:00", "10:30", process, "Sales and work preparation", aron, ("nina",), "orders",
            "musterhausen", "office", "day", _numbers("8.1 8.2.1 8.2.2 8.2.3.1 8.2.3.2 8.2.4 8.5.3 8.5.5 9.1.2 4.3"),
            "Pick the order whose parts are followed through the halls; test the reason for leaving out 8.3."),
        PlanSlot("final-inspection", one, "10:40", "11:25", process, "Final inspection", lena, ("petra",),
            "final-inspection", "musterhausen", "hall-2", "early", _numbers("7.1.5.1 7.1.5.2 8.5.2 8.6 8.7.1 8.7.2"),
            "Verify the earlier minor on gauges: sample across both halls, note n of N."),
        PlanSlot("turning-early", one, "10:40", "12:15", process, "Turning, early shift", aron, ("emre", "goran"),
            "turning", "musterhausen", "hall-1", "early",
            _numbers("8.5.1 8.5.2 8.5.6 7.1.4 7.1.5.1 7.3 5.2.2 8.7.1")),
        PlanSlot("heat-treatment", one, "11:30", "12:15", process, "Heat treatment (outsourced)", lena,
            ("sabine", "petra"), "heat-treatment", "musterhausen", "goods-in", "day",
            _numbers("8.1 8.4.1 8.4.2 8.5.1 8.5.2 8.6"),
            "Furnace charts and hardness reports of three batches, back to the purchase order."),
        PlanSlot("lunch-one", one, "12:15", "13:00", pause, "Lunch", both, site="musterhausen"),
        PlanSlot("leadership", one, "13:00", "14:30", process, "Leadership and planning", lena,
            ("katharina", "thomas"), "leadership", "musterhausen", "office", "day",
            _numbers("4.1 4.2 4.3 5.1.1 5.1.2 5.2.1 5.2.2 5.3 6.1.1 6.1.2 6.2.1 6.2.2 6.3 7.1.1 9.3.1 9.3.2 9.3.3")),
        PlanSlot("maintenance", one, "13:00", "14:00", process, "Maintenance and IT", aron, ("uwe",), "maintenance",
            "musterhausen", "workshop", "day", _numbers("7.1.3 7.1.4 6.1.2 7.5.3.1 7.5.3.2")),
        PlanSlot("milling-late", one, "14:10", "15:45", process, "Milling, late shift", aron, ("emre", "daniela"),
            "milling", "musterhausen", "hall-2", "late", _numbers("8.5.1 8.5.2 8.5.3 8.5.4 8.5.6 7.1.5.1 7.4 8.7.1"),
            "The prototype cell is part of the hall: no photos there."),
        PlanSlot("quality", one, "14:30", "15:45", process, "Quality management and improvement", lena, ("thomas",),
            "quality", "musterhausen", "office", "day",
            _numbers("4.4.1 6.2.2 9.1.1 9.1.3 9.2.1 9.2.2 10.1 10.2.1 10.2.2 10.3"),
            "Verify the area of concern of stage 1 on internal audits."),
        PlanSlot("team-one", one, "15:45", "16:30", team, "Team meeting", both, site="musterhausen", area="office"),
        PlanSlot("review-one", one, "16:30", "16:45", meeting, "Daily review with the auditee", both, ("thomas",),
            site="musterhausen", area="office"),
        # The second day begins with the last hours of the night.
        PlanSlot("milling-night", two, "04:45", "06:15", process, "Milling, night shift and handover", aron,
            ("marek",), "milling", "musterhausen", "hall-2", "night",
            _numbers("8.5.1 8.5.2 8.6 8.7.1 7.1.2 7.1.5.2 7.2 7.3 7.4 5.3"),
            "Interviews in Romanian with the interpreter; who releases at night? Handover to the early shift at 06:00.",
            accompanied_by=("ilinca",)),
        PlanSlot("assembly", two, "08:30", "10:00", process, "Deburring, washing and assembly", lena, ("olaf",),
            "assembly", "beispielstadt", "assembly", "early",
            _numbers("8.5.1 8.5.2 8.5.4 8.7.1 7.1.5.1 7.2 7.3 5.2.2"),
            "Washing room: no tablet inside. Notes on paper, recorded afterwards with the time of observation."),
        PlanSlot("hr", two, "08:30", "10:00", process, "HR and training", aron, ("julia",), "hr", "musterhausen",
            "office", "day", _numbers("7.1.2 7.1.6 7.2 7.3"), "Agency workers: two chosen from the night shift."),
        PlanSlot("dispatch", two, "10:00", "11:00", process, "Warehouse and dispatch", lena, ("olaf",), "dispatch",
            "beispielstadt", "warehouse", "early", _numbers("8.5.2 8.5.4 8.5.5 8.6 7.4"),
            "Follow the order picked on the first day until it leaves the house."),
        PlanSlot("documents", two, "10:10", "11:00", process, "Documented information", aron, ("thomas",), "quality",
            "musterhausen", "office", "day", _numbers("4.4.2 7.5.1 7.5.2 7.5.3.1 7.5.3.2 9.2.2"),
            "Verify the area of concern of stage 1 on the reason for leaving out 8.3."),
        PlanSlot("travel", two, "11:00", "11:45", SlotKind.TRAVEL, "Travel to the main works", lena),
        PlanSlot("turning-open", two, "11:10", "11:45", process, "Open points in the halls", aron, ("emre",),
            "turning", "musterhausen", "hall-1", "early", _numbers("8.5.1 8.5.6")),
        PlanSlot("lunch-two", two, "11:45", "12:30", pause, "Lunch", both, site="musterhausen"),
        PlanSlot("caucus", two, "12:30", "13:45", team, "Team caucus", both, site="musterhausen", area="office",
            note="Merge the tablets, list duplicates, agree grades, write the recommendation."),
        PlanSlot("closing", two, "14:00", "15:00", meeting, "Closing meeting", both,
            ("katharina", "thomas", "emre", "olaf"), site="musterhausen", area="office"),
    )
    # fmt: on


def previous_audits(starts_on: date) -> tuple[PreviousAudit, ...]:
    """The last report of the body that certified the company before, and this body's own stage 1 six weeks ago."""
    surveillance_on, stage_1_on = starts_on - timedelta(days=420), starts_on - timedelta(days=42)
    return (
        PreviousAudit(
            id="former-surveillance",
            reference=f"AC-{surveillance_on.year}-118",
            by="Altstern Cert (another certification body)",
            type=AuditType.SURVEILLANCE,
            starts_on=surveillance_on,
            ends_on=surveillance_on,
            conclusion="Certification continued with one minor nonconformity. The certificate has since expired, so "
            "Nordlicht treats the company as a new client; the audit client handed in the report with its application.",
        ),
        PreviousAudit(
            id="stage-1",
            reference=f"NL-{stage_1_on.year}-0417-S1",
            by=CERTIFICATION_BODY.name,
            type=AuditType.STAGE_1,
            starts_on=stage_1_on,
            ends_on=stage_1_on,
            conclusion="Ready for stage 2 with two areas of concern.",
        ),
    )


def previous_findings(starts_on: date) -> tuple[PreviousFinding, ...]:
    """What stage 2 has to verify: two areas of concern of stage 1, and a minor that nobody has looked at since."""
    former, stage_1 = previous_audits(starts_on)
    return (
        PreviousFinding(
            id="concern-internal-audit",
            audit=stage_1.id,
            number="S1-1",
            grade=FindingGrade.AREA_OF_CONCERN,
            statement="The internal audit programme covers the main works on early and late shift. Neither the works "
            "Beispielstadt nor the night shift had been audited by the day of stage 1.",
            clauses=("9.2.1", "9.2.2"),
            raised_on=stage_1.ends_on,
            site="beispielstadt",
            process="quality",
            answer="Both were audited three weeks after stage 1 by two internal auditors from the other site; five findings, "
            "four of them closed.",
            to_verify="Reports with evidence from the floor and from the night, independence of the auditors, the one "
            "finding still open, programme for next year.",
        ),
        PreviousFinding(
            id="concern-exclusion",
            audit=stage_1.id,
            number="S1-2",
            grade=FindingGrade.AREA_OF_CONCERN,
            statement="The documented scope leaves out 8.3 with the words 'not relevant', while sales offers help with "
            "simpler shapes on its website. The reason does not show who decides on the drawing.",
            clauses=("4.3",),
            raised_on=stage_1.ends_on,
            site="musterhausen",
            process="orders",
            answer="Scope revised: proposals go to the customer as a question, only the customer changes the drawing. "
            "Website reworded.",
            to_verify="Three orders with a proposal: who changed and released the drawing? Scope and website agree.",
        ),
        PreviousFinding(
            id="minor-gauges",
            audit=former.id,
            number="2",
            grade=FindingGrade.MINOR_NONCONFORMITY,
            statement="The control of gauges does not prevent use after the due date. In hall 2, 2 of 10 sampled gauges "
            "(caliper M-071, micrometer M-088) were in use 19 and 34 days after their due date.",
            clauses=("7.1.5.2",),
            raised_on=former.ends_on,
            site="musterhausen",
            process="final-inspection",
            answer="Both gauges calibrated without deviation. Cause: nobody read the due list. The gauge custodian now "
            "sends a recall list to the shift leads every month.",
            to_verify="A new sample in both halls, at night and in Beispielstadt; recall lists of the last six months.",
        ),
    )


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(text.split())
