"""The two sites of the audit client: shifts, headcount, areas with their rules, processes, and who works for it outside."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.vocabulary import PhotoPolicy


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
    photos: PhotoPolicy
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


# Unformatted: a table reads row by row.
# fmt: off

SITES = (
    Site("main", "Main works Musterhausen", "Fräserstraße 12, 00001 Musterhausen",
        "Management, sales, purchasing, turning, milling, final inspection"),
    Site("second", "Works Beispielstadt", "Am Güterbahnhof 3, 00002 Beispielstadt",
        "Deburring, washing, assembly, warehouse, dispatch"),
)

SHIFTS = (
    Shift("day", "Day", "08:00-16:30"),
    Shift("early", "Early", "06:00-14:00"),
    Shift("late", "Late", "14:00-22:00"),
    Shift("night", "Night", "22:00-06:00"),
)

HEADCOUNT = (
    Headcount("main", "day", employed=14, agency=0),
    Headcount("main", "early", employed=10, agency=1),
    Headcount("main", "late", employed=9, agency=1),
    Headcount("main", "night", employed=5, agency=2),
    Headcount("second", "day", employed=4, agency=0),
    Headcount("second", "early", employed=6, agency=2),
    Headcount("second", "late", employed=4, agency=2),
)
"""All 60 people in the scope; the agency workers are counted, since they work under the audit client's control."""

AREAS = (
    Area("office", "main", "Office", PhotoPolicy.ASK, "Screens may show drawings of customers."),
    Area("goods-in", "main", "Goods in", PhotoPolicy.ALLOWED, "Safety shoes, fork-lift traffic."),
    Area("hall-1", "main", "Hall 1, turning", PhotoPolicy.ALLOWED, "Safety shoes and glasses."),
    Area("hall-2", "main", "Hall 2, milling and final inspection", PhotoPolicy.ALLOWED,
        "Safety shoes and glasses; ask the shift lead before a photo of a customer's part."),
    Area("prototype-cell", "main", "Hall 2, prototype cell", PhotoPolicy.FORBIDDEN,
        "Confidential parts of one customer: words or a sketch only."),
    Area("gauge-room", "main", "Gauge room", PhotoPolicy.ALLOWED, "20 °C, keep the door closed."),
    Area("waste-yard", "main", "Waste yard behind hall 2", PhotoPolicy.ALLOWED, "Safety shoes, fork-lift traffic."),
    Area("workshop", "main", "Maintenance workshop", PhotoPolicy.ALLOWED, "Safety shoes."),
    Area("assembly", "second", "Deburring and assembly", PhotoPolicy.ALLOWED,
        "Safety shoes, hearing protection."),
    Area("washing", "second", "Washing room", PhotoPolicy.FORBIDDEN,
        "Solvent, explosive atmosphere: no tablet inside, notes on paper and recorded afterwards."),
    Area("warehouse", "second", "Warehouse and dispatch", PhotoPolicy.ALLOWED,
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

_BOTH = ("main", "second")

PROCESSES = (
    Process("leadership", "Leadership and planning", "katharina", ("main",), ("office",), ("day",)),
    Process("quality", "Quality management and improvement", "thomas", _BOTH, ("office",), ("day",)),
    Process("orders", "Sales and work preparation", "nina", ("main",), ("office",), ("day",)),
    Process("purchasing", "Purchasing and goods in", "sabine", ("main",), ("office", "goods-in"), ("day",)),
    Process("turning", "Turning", "emre", ("main",), ("hall-1",), ("early", "late", "night")),
    Process("milling", "Milling", "emre", ("main",), ("hall-2", "prototype-cell"),
        ("early", "late", "night")),
    Process("heat-treatment", "Heat treatment (outsourced)", "sabine", ("main",), ("goods-in",), ("day",),
        provider="glutwerk"),
    Process("final-inspection", "Final inspection and gauges", "petra", ("main",), ("hall-2", "gauge-room"),
        ("early", "late")),
    Process("assembly", "Deburring, washing and assembly", "olaf", ("second",), ("assembly", "washing"),
        ("early", "late")),
    Process("dispatch", "Warehouse and dispatch", "olaf", ("second",), ("warehouse",),
        ("day", "early", "late")),
    Process("maintenance", "Maintenance and IT", "uwe", _BOTH, ("workshop",), ("day",)),
    Process("environment", "Environment and waste", "uwe", _BOTH, ("waste-yard", "washing"), ("day", "early")),
    Process("hr", "HR and training", "julia", _BOTH, ("office",), ("day",)),
)
# fmt: on


def headcount_of(site: str) -> int:
    """Everybody who works at the site, agency workers included."""
    return sum(row.employed + row.agency for row in HEADCOUNT if row.site == site)
