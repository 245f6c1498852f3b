"""
The certification body, the audit client and the people of both, as plain data.

Every name, address and number here is invented, and mail goes to the reserved domain `example`. Ids are short slugs by which the other
files of this folder refer to them. On purpose the company has what makes an audit interesting: two sites, a night shift, agency
workers who speak Romanian, an outsourced special process, areas without photos, a gauge problem seen before, and no design.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.vocabulary import Role, TeamRole


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
    certification_scope="Turning, milling and assembly of precision metal parts to customers' drawings",
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
    # Ruth signs in and may see no audit: whatever she can open by mistake is a leak.
    Person("ruth", "Ruth Adler", "nordlicht", "Reader, assigned to no audit", "ruth@nordlicht.example",
        roles=(Role.READER,)),
    Person("thomas", "Thomas Reiter", "spanwerk", "Quality manager",
        "thomas@spanwerk.example", roles=(Role.QUALITY_MANAGER,)),
    Person("katharina", "Katharina Vogt", "spanwerk", "Managing director", "katharina@spanwerk.example"),
    Person("emre", "Emre Yildiz", "spanwerk", "Production manager", "emre@spanwerk.example"),
    Person("nina", "Nina Keller", "spanwerk", "Sales and work preparation", "nina@spanwerk.example"),
    Person("sabine", "Sabine Lorenz", "spanwerk", "Purchasing", "sabine@spanwerk.example"),
    Person("petra", "Petra Henning", "spanwerk", "Final inspection, gauge custodian", "petra@spanwerk.example"),
    Person("goran", "Goran Ilic", "spanwerk", "Shift lead turning, early", "goran@spanwerk.example"),
    Person("daniela", "Daniela Roth", "spanwerk", "Shift lead milling, late", "daniela@spanwerk.example"),
    Person("marek", "Marek Nowak", "spanwerk", "Shift lead, night", "marek@spanwerk.example", languages=("pl", "de")),
    Person("uwe", "Uwe Cordes", "spanwerk", "Maintenance, IT and environment", "uwe@spanwerk.example"),
    Person("julia", "Julia Stein", "spanwerk", "HR and training", "julia@spanwerk.example"),
    Person("olaf", "Olaf Thoms", "spanwerk", "Site manager Beispielstadt, dispatch", "olaf@spanwerk.example"),
)
# fmt: on

PERSON = {person.id: person for person in PEOPLE}
