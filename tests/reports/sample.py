"""
A whole audit of a machining company as operations of one tablet, sealed twice: stage 2 for ISO 9001 and ISO 14001.

One major and three minor nonconformities, one that is a minor in the first standard and a major in the second, two opportunities, one
positive finding, one withdrawn, six pictures. `write_audit` plays it
onto any tablet of tests/devices.py; `sample_material` folds it without a server.
"""

import base64
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from server.domain.fold import Entry, LogView, fold_log, read_entry
from server.domain.operation import SERVER_ACCOUNT, ChainKey, Operation, digest_of
from server.domain.recommendation import considered_now
from server.domain.record import Basis, closing_record, report_record
from server.domain.vocabulary import Origin
from server.reports.catalogues import catalogue_sha256
from server.reports.material import (
    Catalogue,
    ChainHead,
    HandwrittenSignature,
    LateEntries,
    ReportMaterial,
    ReportState,
    SealedRecord,
    ServerStatement,
)
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.handwriting import is_word_under
from server.sealing.seals import check_seal, seal_sha256, seal_statement
from server.standards.catalogue import as_contract, catalogue_tree, criterion_id, standard
from tests.devices import Device
from tests.reports.pictures import all_pictures

STANDARDS = ["iso9001-2015", "iso14001-2015"]
CATALOGUES = [{"standard": name, "sha256": catalogue_sha256(standard(name))} for name in STANDARDS]
CLOSING, REPORT = "closing_record/closing-1", "report_record/report-1"


@dataclass
class Owner:
    """As much of a person as a tablet needs to write operations."""

    installation: str = "0192a7c4-11aa-7000-8000-00000000a001"
    account: str = "0192a7c4-11aa-7000-8000-00000000b001"
    workspace: str = "0192a7c4-11aa-7000-8000-00000000c001"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.derive_private_key(2**200 + 7, ec.SECP256R1()))


@dataclass
class Sample:
    """What was written, and the bytes of its pictures by SHA-256."""

    device: Device
    pictures: dict[str, bytes]

    def picture(self, sha256: str) -> bytes | None:
        return self.pictures.get(sha256)


def sample_device(audit: str = "0192a7c4-11aa-7000-8000-00000000d001") -> Device:
    owner: Any = Owner()
    return Device(owner, audit)


def sample_material(
    language: str = "en", *, state: ReportState = ReportState.DRAFT, server: ServerStatement | None = None
) -> tuple[ReportMaterial, Sample]:
    """The sealed records of the audit as the server finds them in the log, and the pictures."""
    device = sample_device()
    sample = write_audit(device, language)
    seal_closing(device, language)
    change_after_closing(device, language)
    seal_report(device)
    return material_of(device, state=state, server=server), sample


def material_of(
    device: Device, *, state: ReportState = ReportState.DRAFT, server: ServerStatement | None = None
) -> ReportMaterial:
    view = view_of(device)
    public_key = spki(device.person.key)
    return ReportMaterial(
        report=_sealed(view, REPORT, public_key),
        closing=_sealed(view, CLOSING, public_key),
        handwritten=tuple(HandwrittenSignature(birth) for birth in births_of_words(view)),
        state=state,
        zone="Europe/Berlin",
        server=server
        or ServerStatement(
            closing_received_at="2026-11-26T16:02:11Z",
            report_received_at="2026-11-27T08:15:42Z",
            entries=len(device.made),
            first_received_at="2026-11-24T07:31:02Z",
            last_received_at="2026-11-27T08:15:42Z",
            late=(LateEntries("Aron Weiss", 2, "2026-11-28T06:40:00Z"),),
            quarantined=1,
        ),
        catalogues=tuple(Catalogue(catalogue_tree(as_contract(standard(name)))) for name in STANDARDS),
        heads=(ChainHead(device.person.installation, device.person.account, device.dseq, device.prev),),
    )


def births_of_words(view: LogView) -> list[Operation]:
    """What a seal names of the handwritten signatures: the operations that wrote them."""
    words = view.of_kind("handwritten_signature")
    return [word.born_view.heads[-1] for word in words if word.born_view is not None]


def view_of(device: Device) -> LogView:
    entries = [_read(text) for text in device.made]
    return fold_log([entry for entry in entries if isinstance(entry, Entry)])


@cache
def _read(text: str) -> Entry | None:
    """Once only: the audit is folded again for each of its seals."""
    return read_entry(text.encode(), Origin.DEVICE)


def write_audit(device: Device, language: str = "en", *, with_team: bool = True) -> Sample:
    """Everything before the closing meeting."""
    german = language.startswith("de")

    def say(english: str, deutsch: str) -> str:
        return deutsch if german else english

    audit = f"audit/{device.audit}"
    device.add(audit, workspace=device.person.workspace, type="stage_2")
    body = say("Nordlicht Certification Ltd", "Nordlicht Zertifizierung GmbH")
    for name, value in {
        "reference": "NL-2026-0417",
        "title": say("Stage 2, Kessler Feinwerk GmbH", "Stufe 2, Kessler Feinwerk GmbH"),
        "language": language,
        "body_name": body,
        "body_address": "Kranzstraße 14\n70197 Stuttgart",
        "client_name": "Kessler Feinwerk GmbH",
        "client_address": "Eisenbahnstraße 41\n72764 Reutlingen",
        "client_representative": say("Katrin Kessler, managing director", "Katrin Kessler, Geschäftsführerin"),
        "scope": say(
            "Development-free manufacture of turned and milled precision parts in steel, aluminium and titanium for medical devices, "
            "machine tools and measuring instruments, including assembly and outsourced heat treatment.",
            "Fertigung von Präzisionsdreh- und -frästeilen aus Stahl, Aluminium und Titan für Medizinprodukte, Werkzeugmaschinen und "
            "Messgeräte ohne eigene Entwicklung, einschließlich Montage und ausgegliederter Wärmebehandlung.",
        ),
        "objectives": say(
            "To determine whether the management system conforms to the criteria, is implemented at both sites and on all shifts, and is able "
            "to meet customer, statutory and regulatory requirements; to identify where it can be improved.",
            "Feststellen, ob das Managementsystem die Kriterien erfüllt, an beiden Standorten und in allen Schichten verwirklicht ist und "
            "Kunden- wie gesetzliche Anforderungen erfüllen kann; Verbesserungspotenzial benennen.",
        ),
        "criteria": STANDARDS,
        "starts_on": "2026-11-24",
        "ends_on": "2026-11-26",
        "confirmed_headcount": 62,
        "confirmed_shifts": say(
            "early, late, night (night: 6 people, hall 2)", "früh, spät, nachts (Nacht: 6 Personen, Halle 2)"
        ),
        "confirmed_outsourced": say("heat treatment, surface coating", "Wärmebehandlung, Oberflächenbeschichtung"),
        "confirmed_scope": True,
        "executive_summary": say(
            "Kessler Feinwerk runs a small, lived-in system that people on the floor can explain without looking it up. The "
            "control of measuring equipment fails at the point of use, a limit of the waste water permit was exceeded unnoticed, and lesser gaps need an "
            "answer.",
            "Kessler Feinwerk betreibt ein schlankes, gelebtes System, das die Menschen in der Fertigung erklären können. Die Lenkung der "
            "Messmittel versagt am Ort der Anwendung, ein Grenzwert der wasserrechtlichen Erlaubnis wurde unbemerkt überschritten; kleinere Lücken "
            "brauchen eine Antwort.",
        ),
        "conformity": say(
            "Apart from the nonconformities listed below, the system conforms to both standards at the sites and in the processes that were sampled.",
            "Abgesehen von den unten genannten Abweichungen erfüllt das System beide Normen an den Standorten und in den Prozessen der Stichprobe.",
        ),
        "effectiveness": say(
            "Objectives are measured monthly and met for on-time delivery (97.1 %) and internal scrap (0.8 %). Complaints fell from 14 to 9 in a year. "
            "The exception is the reliability of measurements.",
            "Ziele werden monatlich gemessen und bei Liefertreue (97,1 %) und internem Ausschuss (0,8 %) erreicht. Reklamationen sanken binnen eines Jahres "
            "von 14 auf 9. Ausgenommen ist die Verlässlichkeit von Messungen.",
        ),
        "internal_audit_and_review": say(
            "A full cycle of internal audits was carried out between March and September by two trained auditors who did not audit their own work. "
            "The management review of 8 October covers all inputs; its decisions have owners and dates.",
            "Zwischen März und September fand ein voller Zyklus interner Audits durch zwei geschulte, unabhängige Auditorinnen statt. "
            "Die Managementbewertung vom 8. Oktober deckt alle Eingaben ab; Beschlüsse sind terminiert.",
        ),
        "is_scope_appropriate": True,
        "are_objectives_met": True,
        "changes": say(
            "New since stage 1: a five-axis machining centre in hall 2 (October) and agency workers on the night shift.",
            "Neu seit Stufe 1: ein Fünfachs-Bearbeitungszentrum in Halle 2 (Oktober) und Leiharbeit in der Nachtschicht.",
        ),
        "unresolved_issues": say(
            "Finding 02: the client does not agree with the grade; see the finding. No other difference of opinion remained.",
            "Feststellung 02: Der Kunde ist mit der Einstufung nicht einverstanden; siehe dort. Sonst blieb keine Meinungsverschiedenheit.",
        ),
        "plan_against_actual": say(
            "Planned 6.0 audit days, carried out 6.0. All processes of the plan were visited, the night shift on 24 November from 22:00 to 00:30.",
            "Geplant 6,0 Audittage, durchgeführt 6,0. Alle Prozesse des Plans wurden besucht, die Nachtschicht am 24. November von 22:00 bis 00:30 Uhr.",
        ),
        "remote_share_percent": 8,
        "next_audit": say(
            "First surveillance within twelve months of the decision. Focus: measuring equipment, chemicals in hall 2, the new machining centre.",
            "Erste Überwachung binnen zwölf Monaten nach der Entscheidung. Schwerpunkte: Messmittel, Gefahrstoffe in Halle 2, neues Bearbeitungszentrum.",
        ),
    }.items():
        device.set(audit, name, value)
    _people(device, say, with_team)
    _places(device, say)
    pictures = _evidence(device, say)
    _findings(device, say)
    _judgements(device, say)
    _meeting(device, say)
    return Sample(device, pictures)


def _people(device: Device, say: Any, with_team: bool) -> None:
    members = [("lena", "Lena Hartmann", "audit_team_leader"), ("aron", "Aron Weiss", "auditor")]
    members += [("mira", "Dr. Mira Sato", "technical_expert"), ("jan", "Jan Nowák", "interpreter")]
    for key, name, role in members:
        ref = f"team_member/{key}"
        if with_team or key != "lena":
            device.add(ref, account=device.person.account if key == "lena" else None)
        device.set(ref, "name", name)
        device.set(ref, "role", role)


def _places(device: Device, say: Any) -> None:
    for key, name, address in (
        ("s1", say("Reutlingen works", "Werk Reutlingen"), "Eisenbahnstraße 41, 72764 Reutlingen"),
        ("s2", say("Metzingen, hall 2", "Metzingen, Halle 2"), "Daimlerstraße 7, 72555 Metzingen"),
    ):
        _entity(device, f"site/{key}", name=name, address=address)
    for key, name in (
        ("p1", say("Final inspection", "Endprüfung")),
        ("p2", say("Machining", "Zerspanung")),
        ("p3", say("Purchasing", "Einkauf")),
        ("p4", say("Warehouse and waste", "Lager und Entsorgung")),
    ):
        _entity(device, f"process/{key}", name=name, owner="")
    _entity(device, "shift/n", name=say("night shift", "Nachtschicht"), hours="22:00-06:00")
    _entity(device, "shift/e", name=say("early shift", "Frühschicht"), hours="06:00-14:00")


def _entity(device: Device, ref: str, **fields: Any) -> None:
    device.add(ref)
    for name, value in fields.items():
        device.set(ref, name, value)


def _evidence(device: Device, say: Any) -> dict[str, bytes]:
    captions = [
        say(
            "Caliper M-114 in use at final inspection, due 30 September",
            "Messschieber M-114 in der Endprüfung im Einsatz, fällig am 30. September",
        ),
        say("Gauge cabinet, drawer G-4 without release mark", "Prüfmittelschrank, Schublade G-4 ohne Freigabemarke"),
        say(
            "Coolant drum in hall 2: label unreadable, no tray",
            "Kühlschmierstofffass in Halle 2: Etikett unleserlich, keine Wanne",
        ),
        say("Chip containers: steel among aluminium", "Spänebehälter: Stahl unter Aluminium"),
        say(
            "Control chart of operation 30, two points above the limit without an entry",
            "Regelkarte Arbeitsgang 30, zwei Punkte über der Grenze ohne Eintrag",
        ),
        say("Tool board of the early shift", "Werkzeugtafel der Frühschicht"),
    ]
    pictures: dict[str, bytes] = {}
    for place, (data, caption) in enumerate(zip(all_pictures(), captions, strict=True), start=1):
        sha256 = sha256_hex(data)
        pictures[sha256] = data
        ref = f"evidence/e{place}"
        device.add(
            ref,
            kind="photo",
            sha256=sha256,
            size=len(data),
            media_type="image/jpeg",
            source="camera_still",
            file_name=None,
            captured_at=f"2026-11-2{4 + place // 4}T{8 + place:02d}:{place * 7 + 4:02d}:12.000Z",
        )
        device.set(ref, "caption", caption)
        device.set(ref, "is_in_report", True)
    device.add(
        "evidence/e7",
        kind="file",
        sha256=sha256_hex(b"job card 4711"),
        size=48_213,
        media_type="application/pdf",
        source="file",
        file_name="job-card-4711.pdf",
        captured_at="2026-11-25T13:20:00.000Z",
    )
    device.set("evidence/e7", "caption", say("Job card 4711", "Laufkarte 4711"))
    return pictures


def _findings(device: Device, say: Any) -> None:
    found: list[tuple[str, dict[str, Any], list[str]]] = [
        (
            "major_nonconformity",
            {
                "title": say(
                    "Overdue measuring equipment is used for release",
                    "Überfällige Messmittel werden zur Freigabe verwendet",
                ),
                "requirement": say(
                    "Measuring equipment is calibrated or verified at specified intervals and identified, so that its status can be determined before use (ISO 9001:2015, 7.1.5.2; "
                    "own procedure VA-07, section 4: no overdue gauge at a workplace).",
                    "Messmittel werden in festgelegten Abständen kalibriert oder verifiziert und gekennzeichnet, sodass ihr Status vor Gebrauch feststellbar ist (ISO 9001:2015, 7.1.5.2; "
                    "eigene Anweisung VA-07, Abschnitt 4: kein überfälliges Messmittel am Arbeitsplatz).",
                ),
                "failure": say(
                    "The control of measuring equipment does not prevent the use of overdue gauges for the release of products.",
                    "Die Lenkung der Messmittel verhindert nicht, dass überfällige Messmittel zur Produktfreigabe verwendet werden.",
                ),
                "objective_evidence": say(
                    "On 24 November 2026 in hall 2, caliper M-114 (due 2026-09-30) and micrometer M-092 (due 2026-10-15) were in use at final inspection; 5 of 12 gauges sampled were "
                    "overdue, on both shifts. With M-114, order 4711 (40 parts, Ø 24.98 H7) had been released for delivery the same day; see job card 4711.\n\n"
                    "The recall list of October names all five; nobody had been assigned to act on it.",
                    "Am 24. November 2026 waren in Halle 2 Messschieber M-114 (fällig 30.09.2026) und Messschraube M-092 (fällig 15.10.2026) in der Endprüfung im Einsatz; 5 von 12 "
                    "geprüften Messmitteln waren überfällig, in beiden Schichten. Mit M-114 war am selben Tag Auftrag 4711 (40 Teile, Ø 24,98 H7) zur Lieferung freigegeben worden; siehe Laufkarte 4711.\n\n"
                    "Die Rückrufliste vom Oktober nennt alle fünf; niemand war beauftragt, sie abzuarbeiten.",
                ),
                "grade_reason": say(
                    "Repeated on both shifts and at both places sampled, with product already released: the control itself is missing, not one gauge.",
                    "In beiden Schichten und an beiden Stellen der Stichprobe, mit bereits freigegebenem Produkt: Es fehlt die Lenkung selbst, nicht ein Messmittel.",
                ),
                "criteria": ["iso9001-2015:7.1.5.2", "iso9001-2015:8.6"],
                "process": "p1",
                "site": "s2",
                "shift": "n",
            },
            ["e1", "e2", "e7"],
        ),
        (
            "minor_nonconformity",
            {
                "title": say("Coolant drums without labels and trays", "Fässer ohne Kennzeichnung und Wanne"),
                "requirement": say(
                    "Operations with significant environmental aspects are controlled as planned (ISO 14001:2015, 8.1; operating instruction BA-12).",
                    "Abläufe mit bedeutenden Umweltaspekten werden wie geplant gesteuert (ISO 14001:2015, 8.1; Betriebsanweisung BA-12).",
                ),
                "failure": say(
                    "Hazardous liquids are stored in hall 2 without the labelling and containment that the organization has laid down.",
                    "Gefährliche Flüssigkeiten lagern in Halle 2 ohne die Kennzeichnung und Rückhaltung, die die Organisation festgelegt hat.",
                ),
                "objective_evidence": say(
                    "2 of 7 drums next to machine BAZ-5 had no readable label and stood on the bare floor, 4 m from a drain (25 November, 10:20).",
                    "2 von 7 Fässern neben der Maschine BAZ-5 hatten kein lesbares Etikett und standen auf dem blanken Boden, 4 m von einem Ablauf (25. November, 10:20 Uhr).",
                ),
                "grade_reason": say(
                    "Five of seven drums were in order; the drain is fitted with a separator.",
                    "Fünf von sieben Fässern waren in Ordnung; der Ablauf hat einen Abscheider.",
                ),
                "criteria": ["iso14001-2015:8.1"],
                "process": "p2",
                "site": "s2",
                "shift": "e",
                "is_corrected_on_site": True,
            },
            ["e3"],
        ),
        (
            "minor_nonconformity",
            {
                "title": say("Control chart signals not followed up", "Regelkartensignale nicht verfolgt"),
                "requirement": say(
                    "Monitoring and measurement activities are carried out to verify that criteria for control of processes have been met (ISO 9001:2015, 8.5.1 c).",
                    "Überwachung und Messung prüfen, ob die Kriterien zur Steuerung der Prozesse erfüllt sind (ISO 9001:2015, 8.5.1 c).",
                ),
                "failure": say(
                    "Points outside the limits do not lead to the reaction laid down in the control plan.",
                    "Punkte außerhalb der Grenzen lösen nicht die Reaktion aus, die der Prüfplan festlegt.",
                ),
                "objective_evidence": say(
                    "Control chart Ø 24.98 H7, operation 30: on 18 and 22 November the mean was above the upper limit; no entry, no reaction, next part 40 minutes later.",
                    "Regelkarte Ø 24,98 H7, Arbeitsgang 30: Am 18. und 22. November lag der Mittelwert über der oberen Grenze; kein Eintrag, keine Reaktion, nächstes Teil 40 Minuten später.",
                ),
                "criteria": ["iso9001-2015:8.5.1"],
                "process": "p2",
                "site": "s1",
                "shift": "e",
            },
            ["e5"],
        ),
        (
            "minor_nonconformity",
            {
                "title": say(
                    "Heat treatment supplier not re-evaluated",
                    "Härterei nicht neu bewertet",
                ),
                "requirement": say(
                    "External providers are re-evaluated by the organization's own criteria (ISO 9001:2015, 8.4.1; VA-11: once a year).",
                    "Externe Anbieter werden nach eigenen Kriterien neu bewertet (ISO 9001:2015, 8.4.1; VA-11: jährlich).",
                ),
                "failure": say(
                    "The yearly re-evaluation is not carried out for all critical providers.",
                    "Die jährliche Neubewertung findet nicht für alle kritischen Anbieter statt.",
                ),
                "objective_evidence": say(
                    "Härtetechnik Alb: last evaluation 2025-03-04, although two complaints (R-26-03, R-26-07) were raised since. 7 of 8 other providers sampled were evaluated in 2026.",
                    "Härtetechnik Alb: letzte Bewertung 04.03.2025, obwohl seither zwei Reklamationen (R-26-03, R-26-07) entstanden. 7 von 8 weiteren Anbietern der Stichprobe wurden 2026 bewertet.",
                ),
                "criteria": ["iso9001-2015:8.4.1"],
                "process": "p3",
                "site": "s1",
            },
            [],
        ),
        (
            "opportunity_for_improvement",
            {
                "title": say(
                    "Separate chips by material at the machine", "Späne schon an der Maschine nach Werkstoff trennen"
                ),
                "failure": say(
                    "Aluminium is sorted by hand after collection; separating it at the machine would save the second handling and raise the value of the fraction.",
                    "Aluminium wird nach dem Sammeln von Hand aussortiert; die Trennung an der Maschine spart den zweiten Griff und erhöht den Wert der Fraktion.",
                ),
                "criteria": ["iso14001-2015:6.2.2"],
                "process": "p4",
                "site": "s1",
            },
            ["e4"],
        ),
        (
            "opportunity_for_improvement",
            {
                "title": say(
                    "Bring the risks of agency work into the management review",
                    "Risiken der Leiharbeit in die Managementbewertung aufnehmen",
                ),
                "failure": say(
                    "The share of agency workers on the night shift doubled in a year; the review does not look at what that means for training.",
                    "Der Anteil der Leiharbeit in der Nachtschicht hat sich in einem Jahr verdoppelt; die Bewertung betrachtet nicht, was das für die Schulung heißt.",
                ),
                "criteria": ["iso9001-2015:9.3.2"],
                "site": "s1",
            },
            [],
        ),
        (
            "positive",
            {
                "title": say("Order at the workplace", "Ordnung am Arbeitsplatz"),
                "failure": say(
                    "Tool boards, first-piece samples and drawings were complete and current at all nine workplaces visited. Operators explained what they would do if one were missing.",
                    "Werkzeugtafeln, Erststückmuster und Zeichnungen waren an allen neun besuchten Arbeitsplätzen vollständig und aktuell. Die Bedienenden erklärten, was sie täten, wenn eines fehlte.",
                ),
                "criteria": ["iso9001-2015:7.1.4"],
                "process": "p2",
                "site": "s1",
                "shift": "e",
            },
            ["e6"],
        ),
        (
            "minor_nonconformity",
            {
                "title": say("Training record of the crane operator", "Schulungsnachweis des Kranführers"),
                "requirement": say(
                    "Evidence of competence is retained (ISO 9001:2015, 7.2 d).",
                    "Nachweise der Kompetenz werden aufbewahrt (ISO 9001:2015, 7.2 d).",
                ),
                "failure": say("The record could not be shown.", "Der Nachweis konnte nicht vorgelegt werden."),
                "objective_evidence": say("Operator of crane K2, 25 November.", "Führer des Krans K2, 25. November."),
                "criteria": ["iso9001-2015:7.2"],
                "process": "p4",
                "site": "s1",
            },
            [],
        ),
        (
            "minor_nonconformity",
            {
                "title": say("Washing plant not monitored as planned", "Waschanlage nicht wie geplant überwacht"),
                "requirement": say(
                    "Process parameters are monitored (ISO 9001:2015, 8.5.1; control plan PL-31). Fulfilment of compliance obligations is evaluated "
                    "(ISO 14001:2015, 9.1.2; permit 54-2021, no. 4: hydrocarbons once a week, at most 20 mg/l).",
                    "Prozessgrößen werden überwacht (ISO 9001:2015, 8.5.1; Prüfplan PL-31). Die Einhaltung bindender Verpflichtungen wird bewertet "
                    "(ISO 14001:2015, 9.1.2; Erlaubnis 54-2021, Nr. 4: Kohlenwasserstoffe wöchentlich, höchstens 20 mg/l).",
                ),
                "failure": say(
                    "The values of the rinsing bath are not taken and not evaluated as laid down.",
                    "Die Werte des Spülbads werden nicht wie festgelegt erhoben und bewertet.",
                ),
                "objective_evidence": say(
                    "Log sheet W-3: no value in 6 of the 12 weeks sampled; 31 mg/l of hydrocarbons on 16 November, not noticed and not reported. Parts were clean in 10 of 10 samples.",
                    "Protokoll W-3: kein Wert in 6 von 12 Wochen der Stichprobe; 31 mg/l Kohlenwasserstoffe am 16. November, nicht bemerkt und nicht gemeldet. 10 von 10 Teilen waren sauber.",
                ),
                "grade_reason": say(
                    "The cleanliness of parts is checked afterwards as well, and was in order.",
                    "Die Sauberkeit der Teile wird auch danach geprüft und war in Ordnung.",
                ),
                "criteria": ["iso9001-2015:8.5.1", "iso14001-2015:9.1.2"],
                "process": "p2",
                "site": "s2",
            },
            [],
        ),
    ]
    for place, (grade, fields, evidence) in enumerate(found, start=1):
        ref = f"finding/f{place}"
        device.add(ref, raised_at=f"2026-11-2{4 + place // 4}T{8 + place:02d}:41:07.250Z", raised_by="lena")
        device.set(ref, "grade", grade)
        for name, value in fields.items():
            device.set(ref, name, value)
        for item in evidence:
            device.add(f"evidence_link/l{place}{item}", evidence=item, finding=f"f{place}", criterion=None)
        device.set(ref, "acknowledgement", "acknowledged")
    stricter = "finding_grade/f9~iso14001-2015"
    device.add(stricter, finding="f9", standard="iso14001-2015")
    device.set(stricter, "grade", "major_nonconformity")
    device.set(
        stricter,
        "grade_reason",
        say(
            "A limit of the permit was exceeded without anybody noticing: the obligation itself is not met.",
            "Ein Grenzwert der Erlaubnis wurde überschritten, ohne dass es jemand bemerkte: Die Verpflichtung selbst ist nicht erfüllt.",
        ),
    )
    device.set("finding/f2", "acknowledgement", "dissent")
    device.set(
        "finding/f2",
        "dissent_reason",
        say(
            "The client sees a lapse of one day and asks for an opportunity instead.",
            "Der Kunde sieht ein Versehen eines Tages und bittet um Einstufung als Potenzial.",
        ),
    )
    device.set(
        "finding/f8",
        "withdrawn_reason",
        say(
            "The record was brought before the closing meeting: certificate of 12 May 2025, valid.",
            "Der Nachweis wurde vor dem Abschlussgespräch gebracht: Bescheinigung vom 12. Mai 2025, gültig.",
        ),
    )


def _judgements(device: Device, say: Any) -> None:
    unseen = {"iso9001-2015:8.5.3", "iso14001-2015:8.2"}
    unplanned = {"iso9001-2015:7.1.6", "iso9001-2015:9.1.2", "iso14001-2015:7.4.3"}
    for standard_id in STANDARDS:
        for clause in standard(standard_id).auditable_clauses():
            criterion = criterion_id(standard_id, clause.number)
            if criterion in unseen:
                continue
            ref = f"judgement/{criterion}~-~s1~-~lena"
            device.add(ref, criterion=criterion, process=None, site="s1", shift=None, auditor="lena")
            if criterion.startswith("iso9001-2015:8.3"):
                device.set(ref, "result", "not_applicable")
                device.set(
                    ref,
                    "reason",
                    say(
                        "Parts are made to customers' drawings; exclusion justified in the scope (4.3).",
                        "Gefertigt wird nach Kundenzeichnung; Ausschluss im Anwendungsbereich begründet (4.3).",
                    ),
                )
            elif criterion in unplanned:
                device.set(ref, "result", "not_planned")
                device.set(ref, "reason", say("First surveillance.", "Erste Überwachung."))
            else:
                device.set(ref, "result", "conforms")


def _meeting(device: Device, say: Any) -> None:
    for place, (name, function, at_opening, at_closing) in enumerate(
        (
            ("Katrin Kessler", say("Managing director", "Geschäftsführerin"), True, True),
            ("Emre Aydın", say("Quality manager", "Leiter Qualität"), True, True),
            ("Paweł Łukasik", say("Production, hall 2", "Produktion Halle 2"), True, False),
            ("Sabine Roth", say("Environment and safety", "Umwelt und Sicherheit"), False, True),
            ("Lena Hartmann", say("Audit team leader", "Auditteamleitung"), True, True),
            ("Aron Weiss", say("Auditor", "Auditor"), True, True),
        )
    ):
        _entity(
            device, f"attendance/a{place}", name=name, function=function, at_opening=at_opening, at_closing=at_closing
        )
    device.add("deviation/d1", observed_at="2026-11-25T09:12:00.000Z")
    device.set(
        "deviation/d1",
        "text",
        say(
            "Fire alarm in hall 2, false; the inspection of purchasing was moved to the afternoon.",
            "Feueralarm in Halle 2, Fehlalarm; der Einkauf wurde auf den Nachmittag verlegt.",
        ),
    )
    device.set("deviation/d1", "minutes_lost", 40)
    device.set("deviation/d1", "told_to", "Katrin Kessler")
    device.add(
        "previous_finding/v1",
        number="S1-02",
        grade="area_of_concern",
        statement=say(
            "The list of compliance obligations had not been reviewed since 2024.",
            "Das Rechtskataster war seit 2024 nicht überprüft worden.",
        ),
        criteria=["iso14001-2015:6.1.3"],
        raised_on="2026-09-17",
    )
    device.set("previous_finding/v1", "follow_up_result", "effective")
    device.set(
        "previous_finding/v1",
        "follow_up_note",
        say(
            "Reviewed on 12 October with an outside lawyer; three new obligations were added and assigned.",
            "Am 12. Oktober mit einer externen Juristin überprüft; drei neue Pflichten aufgenommen und zugeteilt.",
        ),
    )
    for item, text in (
        (
            "iso9001-2015",
            say(
                "Once the plan for the minor nonconformities is accepted and the major nonconformity is verified on site.",
                "Sobald der Plan für die Nebenabweichungen angenommen und die Hauptabweichung vor Ort verifiziert ist.",
            ),
        ),
        (
            "iso14001-2015",
            say(
                "Once the major nonconformity is verified and the plan for the minor one accepted.",
                "Sobald die Hauptabweichung verifiziert und der Plan angenommen ist.",
            ),
        ),
    ):
        device.set(f"recommendation/{item}", "outcome", "recommended_after_closure")
        device.set(f"recommendation/{item}", "text", text)
        device.set(f"recommendation/{item}", "considered", considered_now(view_of(device), item))
        device.add(f"recommendation/{item}")


Heads = list[tuple[ChainKey, int, str]]


def seal_closing(
    device: Device,
    language: str = "en",
    *,
    view: LogView | None = None,
    heads: Heads | None = None,
    unread: Iterable[str] = (),
    ref: str = CLOSING,
    instead_of: str | None = None,
    reason: str | None = None,
    at: str = "2026-11-26T15:40:00.000Z",
) -> str:
    """
    The closing meeting: the record, two words under it, the seal. `view` and `heads` where others wrote too; `instead_of` is the
    hash of the closing record whose place this one takes. The hash of the record.
    """
    german = language.startswith("de")
    view = view or view_of(device)
    record = closing_record(
        view,
        device.audit,
        _basis(device, view, heads, at, unread),
        supersedes=instead_of,
        reason=reason,
        catalogues=CATALOGUES,
    )
    data = canonical_bytes(record)
    device.add(ref, record=data.decode(), sha256=sha256_hex(data))
    again = "" if ref == CLOSING else ref.partition("/")[2]
    statement = (
        "Meine Unterschrift bestätigt den Empfang, nicht die Zustimmung. Nachweise sind eine Stichprobe; es kann weitere Abweichungen geben. Das Team empfiehlt; die Zertifizierungsstelle entscheidet."
        if german
        else "My signature confirms receipt, not agreement. Evidence is a sample; other nonconformities may exist. The team recommends; the certification body decides."
    )
    for key, party, name, function, seed in (
        ("h1", "audit_team_leader", "Lena Hartmann", None, 1.0),
        ("h2", "auditee_representative", "Katrin Kessler", "Geschäftsführerin" if german else "Managing director", 2.3),
    ):
        device.add(
            f"handwritten_signature/{key}{again}",
            closing_record=ref.partition("/")[2],
            closing_sha256=sha256_hex(data),
            party=party,
            outcome="signed",
            name=name,
            function=function or "",
            statement=statement,
            reason=None,
            strokes=scribble(seed),
            signed_at="2026-11-26T15:41:20.000Z",
        )
    seal(device, ref, sha256_hex(data), at.replace(":40:", ":42:"), supersedes=instead_of)
    return sha256_hex(data)


def _basis(device: Device, view: LogView, heads: Heads | None, at: str, unread: Iterable[str]) -> Basis:
    """The heads that are given, or its own chain's, and those of the server's chains as far as the tablet has pulled."""
    tips: dict[ChainKey, tuple[int, str]] = {}
    for entry in device.pulled:
        operation = entry.operation
        if operation.chain.account == SERVER_ACCOUNT:
            tips[operation.chain] = max(tips.get(operation.chain, (0, "")), (operation.dseq, operation.digest))
    of_tablets = heads or [(device.chain, device.dseq, device.prev)]
    return Basis(
        [*of_tablets, *((chain, *tip) for chain, tip in tips.items())], frozen(device, at), view.quarantined, unread
    )


def change_after_closing(device: Device, language: str = "en") -> None:
    german = language.startswith("de")
    device.set(
        "finding/f4",
        "objective_evidence",
        "Härtetechnik Alb: letzte Bewertung 04.03.2025, obwohl seither zwei Reklamationen (R-26-03, R-26-07) entstanden. 7 von 8 weiteren Anbietern der Stichprobe wurden 2026 bewertet. Datum nach Einwand des Kunden berichtigt."
        if german
        else "Härtetechnik Alb: last evaluation 2025-03-14, although two complaints (R-26-03, R-26-07) were raised since. 7 of 8 other providers sampled were evaluated in 2026. Date corrected after the client's comment.",
    )


def seal_report(
    device: Device,
    revision: int = 1,
    reason: str | None = None,
    ref: str = REPORT,
    *,
    view: LogView | None = None,
    heads: Heads | None = None,
    unread: Iterable[str] = (),
    closing_ref: str = CLOSING,
    supersedes: str | None = None,
) -> str:
    """The report record and its seal, on the evening in the hotel. The hash of the record."""
    view = view or view_of(device)
    meeting = view.entity(closing_ref)
    assert meeting is not None
    closing = json.loads((meeting.born or {})["record"])
    closing_sha256, closing_seal_sha256 = sha256_hex(canonical_bytes(closing)), seal_sha256(meeting.get("seal"))
    criteria = [
        criterion_id(standard_id, clause.number)
        for standard_id in STANDARDS
        for clause in standard(standard_id).auditable_clauses()
    ]
    record = report_record(
        view,
        device.audit,
        _basis(device, view, heads, "2026-11-27T08:14:30.000Z", unread),
        criteria=criteria,
        catalogues=CATALOGUES,
        closing=closing,
        closing_sha256=closing_sha256,
        closing_seal_sha256=closing_seal_sha256,
        revision=revision,
        reason=reason,
        supersedes_sha256=supersedes,
    )
    data = canonical_bytes(record)
    device.add(
        ref,
        record=data.decode(),
        sha256=sha256_hex(data),
        closing_sha256=closing_sha256,
        closing_seal_sha256=closing_seal_sha256,
        revision=revision,
        reason=reason,
    )
    seal(device, ref, sha256_hex(data), "2026-11-27T08:14:30.000Z", supersedes=supersedes)
    return sha256_hex(data)


def frozen(device: Device, at: str) -> dict[str, Any]:
    """Where and when this tablet freezes a record."""
    return {
        "at": at,
        "installation": device.person.installation,
        "account": device.person.account,
        "app": "test",
        "schema": 1,
        "salt": 22 * "A",
        "zone": "Europe/Berlin",
        "log": {"epoch": device.epoch, "seq": device.cursor, "hash": device.hash},
    }


def seal(device: Device, ref: str, sha256: str, at: str, **changed: Any) -> str:
    """An operation that seals this record with the key of the tablet; `changed` replaces parts of the seal."""
    said: dict[str, Any] = {
        "purpose": "closing" if ref.startswith("closing") else "report",
        "audit": device.audit,
        "sha256": sha256,
        "signatures": [
            birth.digest for birth in births_of_words(view_of(device)) if is_word_under(birth, device.audit, sha256)
        ],
        "supersedes": None,
        "sealed_at": at,
        "installation": device.person.installation,
        "account": device.person.account,
        "public_key": spki(device.person.key),
        **changed,
    }
    signature = signed_by(device.person.key, seal_statement(said))
    return device.make("seal", ref, "seal", {"device_signature": signature, **said})


def signed_by(key: ec.EllipticCurvePrivateKey, data: bytes) -> str:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode().rstrip("=")


def spki(key: ec.EllipticCurvePrivateKey) -> str:
    raw = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def scribble(seed: float) -> list[dict[str, Any]]:
    """Strokes that look like a name written in haste."""
    letters: list[list[int]] = []
    for step in range(150):
        t = step / 14
        fade = 1.25 - step / 190
        x = 60 + step * 4.9 + 34 * math.sin(2.9 * t + seed)
        y = 190 - fade * (78 * math.sin(2.2 * t + seed) + 34 * math.sin(5.3 * t * seed))
        letters.append([round(x), round(y), step * 11])
    flourish = [
        [round(110 + step * 16), round(300 - 26 * math.sin(step / 9 + seed)), 1700 + step * 9] for step in range(42)
    ]
    return [{"points": letters}, {"points": flourish}]


def _sealed(view: LogView, ref: str, public_key: str) -> SealedRecord:
    entity = view.entity(ref)
    assert entity is not None and entity.born is not None
    seal = entity.get("seal")
    return SealedRecord(
        data=entity.born["record"].encode(),
        sha256=entity.born["sha256"],
        seal=seal,
        state=check_seal(seal, public_key),
        public_key=public_key,
        sealed_by=entity.fields["seal"].heads[-1].digest,
    )


__all__ = ["digest_of", "sample_material"]
